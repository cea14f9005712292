"""``cron`` through a night with a dead server, as cron runs it: processes whose clock is told the time."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from desks import Site
from faults import FaultImap
from program import Done, Run, faketime

EVENING = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


class Door(FaultImap):
    """A mail server that may be shut; its port stays the same."""

    @contextlib.contextmanager
    def shut(self) -> Iterator[None]:
        port = self.port
        self.__exit__()
        yield
        self.stopped = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()


@pytest.fixture
def night(run: Run, site: Site, tmp_path: Path) -> Iterator["Night"]:
    """A desk with one mailbox on a server of ours, and an admin."""
    with Door() as server:
        site.config.write_text(
            site.config.read_text()
            .replace('kind = "maildir"\npath = "inbox"', IMAP.format(port=server.port))
            .replace("[desk]", '[desk]\nadmin = ["root@admin.example"]')
        )
        yield Night(run, site, server, tmp_path / "state")


IMAP = 'kind = "imap"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nusername = "u"\npassword = "p"'


class Night:
    """Runs of cron, each at its minute after ten in the evening."""

    def __init__(self, run: Run, site: Site, server: Door, state: Path) -> None:
        self.program, self.site, self.server, self.state = run, site, server, state
        self.told: dict[int, tuple[str, int]] = {}

    def cron(self, minute: int) -> Done:
        at = EVENING + timedelta(minutes=minute)
        done = self.program(
            "cron",
            code=None,
            env={
                "LD_PRELOAD": faketime(),
                "FAKETIME": f"@{at:%Y-%m-%d %H:%M:%S}",
                "TZ": "UTC",
                "NO_FAKE_STAT": "1",
                "XDG_STATE_HOME": str(self.state),
                "HELPDESK_STAFF": None,
            },
        )
        assert done.out == ""
        if done.err:
            self.told[minute] = (done.err, done.code)
        return done

    def letters(self) -> list[list[str]]:
        """What was mailed to the admin, oldest first: the lines of each letter."""
        return [
            [line[2:] for line in mail.get_body(("plain",)).get_content().splitlines() if line[:2] == "- "]
            for mail in self.site.sent()
            if mail["To"] == "root@admin.example"
        ]


def test_a_night_with_a_dead_server_is_two_mails(night: Night) -> None:
    assert (night.cron(0).code, night.told) == (0, {})
    port = night.server.port
    with night.server.shut():
        # Each minute where something may be told, and now and then in between.
        for minute in (*range(1, 20), *range(30, 600, 30)):
            code = night.cron(minute).code
            assert code == (0 if minute < 16 else 69), minute
    assert night.cron(600).code == 0
    assert night.cron(601).code == 0
    words = (
        f"mailbox support: IMAP server 127.0.0.1:{port}: nothing listens there; check host and port, "
        "or whether the server is up (for 15 min)"
    )
    assert night.told == {
        16: (f"helpdesk: {words}\n", 69),
        600: ("helpdesk: mailbox support is back after 9 h\n", 0),
    }
    assert night.letters() == [[words], ["mailbox support is back after 9 h"]]


def test_a_server_that_is_away_for_days_is_told_daily(night: Night) -> None:
    day = 1440
    with night.server.shut():
        for minute in (0, 14, 15, 16, day, day + 14, day + 15, day + 16, 2 * day + 15, 2 * day + 16):
            night.cron(minute)
    night.cron(2 * day + 17)  # it was tried two minutes ago, and rests
    night.cron(2 * day + 25)
    assert {minute: told[0].partition(" (")[2].strip() for minute, told in night.told.items()} == {
        15: "for 15 min)",
        day + 15: "for 24 h)",
        2 * day + 15: "for 2 days)",
        2 * day + 25: "",
    }
    assert [told[0].startswith("helpdesk: still: ") for told in night.told.values()] == [
        False,
        True,
        True,
        False,
    ]


def test_minutes_without_the_server_are_told_to_nobody(night: Night) -> None:
    for start in (0, 200, 400):
        with night.server.shut():
            for minute in (0, 7, 14):
                assert night.cron(start + minute).code == 0
        night.cron(start + 15)
    assert (night.told, night.letters()) == ({}, [])


def test_a_wrong_configuration_is_told_at_once_then_daily_and_when_it_is_mended(night: Night) -> None:
    right = night.site.config.read_text()
    night.site.config.write_text(right.replace("[store]", "[shop]"))
    told = night.program("config", "check", code=78).err
    fault = told.replace("helpdesk:", "the configuration:").rstrip()
    for minute in (0, 1, 2, 700, 1439, 1440, 1441):
        assert night.cron(minute).code == 78
    night.site.config.write_text(right)
    assert night.cron(1442).code == 0
    assert night.cron(1443).code == 0
    assert night.told == {
        0: (f"helpdesk: {fault}\n", 78),
        1440: (f"helpdesk: still: {fault} (for 24 h)\n", 78),
        1442: ("helpdesk: the configuration is back after 24 h\n", 0),
    }
    assert night.letters() == [[fault, "the configuration is back after 24 h"]]
