"""A round of all jobs: what it does, what it tells, to whom it writes, what it remembers."""

import os
import socket
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from bombs import nested
from faults import FaultImap, Talk
from msgspec.structs import replace
from stores import on_sqlite

from helpdesk_cli.errors import BadConfig, StoreAway
from helpdesk_cli.services import glance, headroom, host_memory, incoming, pauses, rounds
from helpdesk_cli.services.rounds import Round
from helpdesk_cli.settings import Desk as DeskSettings
from helpdesk_cli.settings import Mailbox, Transport
from helpdesk_cli.store import runs

DESK = DeskSettings(domain="desk.example", name="Desk", admin=("root@admin.example",))
MAIL = "From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: Printer\n\nIt burns.\n"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def dead_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def desk(office: Any) -> Any:
    """An office with an admin's address and a Maildir that is fetched."""
    for part in ("tmp", "new", "cur"):
        (office.folder / "in" / part).mkdir(parents=True)
    box = Mailbox(kind="maildir", path=str(office.folder / "in"), department="support", backlog="answer")
    office.configured(desk=DESK, mailbox={"support": box})
    return office


def run(office: Any) -> Round:
    return rounds.work(lambda: nullcontext(office.desk), "/nowhere/helpdesk.toml")


def deliver(office: Any, name: str = "1", mail: str = MAIL) -> None:
    (office.folder / "in" / "new" / name).write_text(mail)


def dead_box(port: int) -> Mailbox:
    return Mailbox(kind="imap", host="127.0.0.1", port=port, security="none", username="u", password="p")


def dead_way(port: int) -> Transport:
    return Transport(kind="smtp", host="127.0.0.1", port=port)


def lines(office: Any) -> list[list[str]]:
    """What the letters to the admin say, oldest first."""
    return [letter.facts["lines"] for letter in office.letters(kind="trouble")]


def test_a_mail_that_comes_is_answered_in_the_same_round(desk: Any) -> None:
    deliver(desk)
    done = run(desk)
    assert (done.told, done.code) == ([], 0)
    assert done.said == [
        "nothing to send",
        "support: 1 fetched: 1 opened",
        "2 sent",
    ]
    assert {letter.state for letter in desk.letters()} == {"sent"}


def test_how_each_job_fared_is_remembered_by_host(desk: Any, dead_port: int) -> None:
    run(desk)
    desk.passes(minutes=1)
    began = desk.now
    desk.configured(mailbox={"far": dead_box(dead_port)})
    run(desk)
    with desk.desk.engine.read() as tx:
        ran = {each.job: each for each in runs.all_of(tx)}
    assert set(ran) == {"notify", "fetch-mail", "run-rules", "cron"}
    assert {each.began_at for each in ran.values()} == {began}
    for job in ("notify", "run-rules"):
        assert (ran[job].code, ran[job].succeeded_at, ran[job].error) == (0, began, "")
    for job in ("fetch-mail", "cron"):
        assert ran[job].code == 69
        assert ran[job].succeeded_at == "2026-11-22T09:30:00Z"
        assert ran[job].error.startswith("mailbox far: IMAP server 127.0.0.1")


def test_a_dead_mailbox_is_told_after_a_quarter_of_an_hour_and_when_it_is_back(
    desk: Any, dead_port: int
) -> None:
    alive = desk.desk.settings.mailbox["support"]
    desk.configured(mailbox={"support": dead_box(dead_port)})
    told = {}
    for minute in range(191):
        if minute == 180:
            desk.configured(mailbox={"support": alive})
        done = run(desk)
        if done.told:
            told[minute] = (done.told, done.code)
        desk.passes(minutes=1)
    words = f"mailbox support: IMAP server 127.0.0.1:{dead_port}: nothing listens there; " + (
        "check host and port, or whether the server is up (for 15 min)"
    )
    assert told == {15: ([words], 69), 184: (["mailbox support is back after 3 h"], 0)}
    assert lines(desk) == [[words], ["mailbox support is back after 3 h"]]
    run(desk)
    assert {letter.state for letter in desk.letters(kind="trouble")} == {"sent"}


def test_a_dead_way_out_is_written_of_when_it_is_back_and_what_waits_goes_then(
    desk: Any, dead_port: int
) -> None:
    alive = desk.desk.settings.transport["default"]
    desk.configured(transport={"default": dead_way(dead_port)})
    deliver(desk)
    told = {}
    for minute in range(62):
        if minute == 60:
            desk.configured(transport={"default": alive})
        if done := run(desk).told:
            told[minute] = done
        if minute < 60:
            assert lines(desk) == []
        desk.passes(minutes=1)
    was = (
        f"transport default: mail server 127.0.0.1 port {dead_port}: it refused the connection; "
        "check that it runs, and host and port"
    )
    assert told == {15: [f"{was} (for 15 min)"], 60: ["transport default is back after 60 min"]}
    assert lines(desk) == [[was, "transport default is back after 60 min"]]
    # Without the hurry the answer would wait for up to an hour more.
    assert {letter.state for letter in desk.letters()} == {"sent"}


def test_another_way_out_carries_the_letter_about_one_that_is_away(desk: Any, dead_port: int) -> None:
    departments = desk.desk.settings.department
    ways = {"default": dead_way(dead_port), "other": desk.desk.settings.transport["default"]}
    sales = replace(departments["sales"], transport="other")
    desk.configured(transport=ways, department={**departments, "sales": sales})
    deliver(desk)
    for _ in range(17):
        run(desk)
        desk.passes(minutes=1)
    (letter,) = desk.letters(kind="trouble")
    assert (letter.department, letter.state) == ("sales", "sent")


class Refusing(FaultImap):
    """A server that lets nobody in."""

    tries = 0

    def do_login(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        self.tries += 1
        talk.send(tag + b" NO [AUTHENTICATIONFAILED] Who are you?\r\n")


def test_wrong_credentials_are_told_at_once(desk: Any) -> None:
    with Refusing() as server:
        desk.configured(mailbox={"support": dead_box(server.port)})
        done = run(desk)
        assert done.told == [
            f"mailbox support: IMAP server 127.0.0.1:{server.port} refused to log in u "
            "([AUTHENTICATIONFAILED] Who are you?); check username and password"
        ]
        assert done.code == 69
        desk.passes(minutes=1)
        assert (run(desk).told, run(desk).code) == ([], 69)


def test_a_server_is_not_asked_each_minute_with_a_wrong_password(desk: Any) -> None:
    with Refusing() as server:
        desk.configured(mailbox={"support": dead_box(server.port)})
        for _ in range(60):
            assert run(desk).code == 69
            desk.passes(minutes=1)
        assert server.tries == 5 + 5  # each of the first minutes, then each ten
        incoming.fetch_mail(desk.desk)
        assert server.tries == 11


def test_refused_letters_are_told_at_once_then_summed_up(desk: Any) -> None:
    bad = Transport(kind="sendmail", path="/bin/false")
    refusing = desk.folder / "sendmail"
    refusing.write_text("#!/bin/sh\ncat >/dev/null\nexit 67\n")
    refusing.chmod(0o755)
    desk.configured(transport={"default": replace(bad, path=str(refusing))}, desk=DeskSettings())
    deliver(desk)
    done = run(desk)
    assert [words.partition(" was refused")[0] for words in done.told] == [
        "letter 1 to ann@client.example",
        "letter 2 to bob@staff.example",
    ]
    assert done.code == 1
    desk.passes(minutes=1)
    deliver(desk, "2", MAIL.replace("ann@", "eve@"))
    done = run(desk)
    assert (done.told, done.code) == ([], 1)
    desk.passes(minutes=59)
    done = run(desk)
    assert (len(done.told), done.code) == (1, 1)
    assert done.told[0].startswith("4 more letters in 60 min; the last: letter 6 to bob@staff.example")


def test_a_template_that_is_broken_is_told_once_for_all_its_letters(desk: Any) -> None:
    folder = desk.folder / "templates"
    folder.mkdir(mode=0o755)
    (folder / "alert.txt.j2").write_text("{{ nothing.like.this }}")
    desk.configured(desk=replace(DESK, templates=str(folder)))
    for name in ("ann", "eve"):
        deliver(desk, name, MAIL.replace("ann@", f"{name}@"))
    done = run(desk)
    assert len(done.told) == 1
    assert "alert.txt.j2" in done.told[0]
    desk.passes(minutes=10)
    assert run(desk).told == []
    desk.configured(desk=DESK)  # with our own words
    told = []
    for _ in range(30):
        desk.passes(minutes=1)
        told += run(desk).told
    (words,) = told
    assert words.startswith("letters can be written again after ")
    assert glance.dashboard(desk.desk).troubles == []


def test_a_message_that_nobody_can_read_is_a_loss(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")  # which shall read it
    (desk.folder / "in" / "new" / "bomb").write_bytes(b"From: ann@client.example\n" + nested(40))
    assert [run(desk).told for _ in range(2)] == [[], []]
    (told,) = run(desk).told
    assert told.startswith(
        "mailbox support: message 1 could not be read (reading it failed: the reading process ended with 1)"
    )
    assert run(desk).told == []


def test_letters_that_are_all_put_off_are_told(desk: Any) -> None:
    later = desk.folder / "sendmail"
    later.write_text("#!/bin/sh\ncat >/dev/null\necho 'mailer disk full'\nexit 75\n")
    later.chmod(0o755)
    desk.configured(transport={"default": Transport(kind="sendmail", path=str(later))})
    deliver(desk)
    told = {}
    for minute in range(40):
        if words := run(desk).told:
            told[minute] = words
        desk.passes(minutes=1)
    assert list(told) == [15]
    assert told[15][0].startswith(
        "sending: letters to 2 recipients were put off, and none goes; the last answer:"
    )
    assert "mailer disk full" in told[15][0]


def test_one_letter_that_is_put_off_is_no_news(desk: Any) -> None:
    later = desk.folder / "sendmail"
    later.write_text("#!/bin/sh\ncat >/dev/null\ncase $5 in ann*) exit 75 ;; esac\n")
    later.chmod(0o755)
    desk.configured(transport={"default": Transport(kind="sendmail", path=str(later))})
    deliver(desk)
    for _ in range(90):
        assert run(desk).told == []
        desk.passes(minutes=1)
    assert {letter.state for letter in desk.letters()} == {"sent", "deferred"}


# One job and the others


@on_sqlite
def test_a_job_that_fails_stops_no_other(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    desk.mail(MAIL)
    monkeypatch.setattr(os, "statvfs", broken)
    done = run(desk)
    assert done.told == ["fetch-mail: internal error: ZeroDivisionError: division by zero; please report it"]
    assert done.code == 1
    assert {letter.state for letter in desk.letters(kind="acknowledgement")} == {"sent"}
    desk.passes(minutes=1)
    assert run(desk).told == []


@on_sqlite
def test_a_disk_without_room_is_told_after_a_while(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headroom, "HEADROOM", 1 << 62)
    told = {}
    for minute in range(20):
        done = run(desk)
        if done.told:
            told[minute] = done
        desk.passes(minutes=1)
    assert list(told) == [15]
    assert told[15].told[0].startswith("fetch-mail: ")
    assert told[15].told[0].endswith("nothing was fetched (for 15 min)")
    assert told[15].code == 75


def test_what_is_paused_rests_and_the_others_work(desk: Any) -> None:
    deliver(desk)
    pauses.begin(desk.desk, "fetch-mail", "moving")
    done = run(desk)
    assert done.said == ["nothing to send", "fetch-mail is paused by owner: moving", "nothing to send"]
    pauses.begin(desk.desk, "cron", "moving too")
    assert run(desk).said == ["cron is paused by owner: moving too"]
    pauses.end(desk.desk)
    assert "support: 1 fetched: 1 opened" in run(desk).said


def test_another_round_at_work_is_left_alone(desk: Any) -> None:
    deliver(desk)
    name = "cron" if not desk.desk.settings.store.is_postgres() else f"cron-{rounds.host_name()}"
    from helpdesk_cli.services.desk import engine_of

    other = engine_of(desk.desk.settings)
    try:
        with other.lock(name) as is_ours:
            assert is_ours
            assert run(desk) == Round(said=["another run is at work"])
    finally:
        other.close()
    assert "support: 1 fetched: 1 opened" in run(desk).said


# What keeps this host from the store


class Away:
    """A desk that cannot be opened."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def __call__(self) -> Any:
        raise self.failure


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, desk: Any) -> None:
    """This host's clock is the desk's."""
    monkeypatch.setattr(host_memory, "now", lambda: desk.now)


@pytest.mark.usefixtures("clock")
def test_a_store_that_is_away_is_told_after_a_while_and_written_of_when_it_is_back(desk: Any) -> None:
    away = Away(StoreAway("db.example: it refused the connection"))
    told = {}
    for minute in range(61):
        done = (
            rounds.work(away, "/x.toml")
            if minute < 60
            else rounds.work(lambda: nullcontext(desk.desk), "/x.toml")
        )
        if done.told:
            told[minute] = (done.told, done.code)
        desk.passes(minutes=1)
    assert told == {
        15: (["the store: db.example: it refused the connection (for 15 min)"], 69),
        60: (["the store is back after 60 min"], 0),
    }
    assert lines(desk) == [
        ["the store: db.example: it refused the connection", "the store is back after 60 min"]
    ]
    assert list((desk.folder / "state" / "helpdesk").iterdir()) != []
    desk.passes(hours=2)
    run_again = rounds.work(lambda: nullcontext(desk.desk), "/x.toml")
    assert run_again.told == []
    assert list((desk.folder / "state" / "helpdesk").iterdir()) == []


@on_sqlite
@pytest.mark.usefixtures("clock")
def test_whatever_keeps_a_round_from_its_work_is_told_once(desk: Any) -> None:
    locks = Path(desk.desk.settings.store.file() + ".locks")
    locks.write_text("no folder")
    told = {}
    for minute in range(20):
        if words := run(desk).told:
            told[minute] = words
        desk.passes(minutes=1)
    assert told == {15: [f"the store: {locks}/cron.lock: Not a directory (for 15 min)"]}
    locks.unlink()
    assert run(desk).told == ["the store is back after 20 min"]
    internal = rounds.work(Away(KeyError("oops")), "/y.toml")
    assert internal.told == ["the store: internal error: KeyError: 'oops'; please report it"]
    assert (internal.code, rounds.work(Away(KeyError("oops")), "/y.toml").told) == (1, [])


@pytest.mark.usefixtures("clock")
def test_a_configuration_that_is_wrong_is_told_at_once_all_faults_of_it(desk: Any) -> None:
    away = Away(BadConfig("/x.toml: line 1: a: no", "/x.toml: line 2: b: no"))
    done = rounds.work(away, "/x.toml")
    assert done.told == [
        "the configuration: /x.toml: line 1: a: no\nthe configuration: /x.toml: line 2: b: no"
    ]
    assert done.code == 78
    for _ in range(10):
        desk.passes(minutes=1)
        done = rounds.work(away, "/x.toml")
        assert (done.told, done.code) == ([], 78)
    assert rounds.work(away, "/other.toml").told != []
    assert rounds.work(lambda: nullcontext(desk.desk), "/x.toml").told == [
        "the configuration is back after 10 min"
    ]


@pytest.mark.usefixtures("clock")
def test_another_fault_of_the_configuration_is_told_at_once(desk: Any) -> None:
    first, second = Away(BadConfig("/x.toml: line 1: a: no")), Away(BadConfig("/x.toml: line 2: b: no"))
    told = []
    for away in (first, first, second, second):
        told.append(rounds.work(away, "/x.toml").told)
        desk.passes(minutes=1)
    words = "the configuration: /x.toml: line"
    assert told == [[f"{words} 1: a: no"], [], [f"{words} 2: b: no"], []]


def test_where_nothing_can_be_remembered_everything_is_told(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folder / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / "file"))
    away = Away(StoreAway("db.example: away"))
    for _ in range(2):
        done = rounds.work(away, "/x.toml")
        assert (done.told, done.code) == (["the store: db.example: away"], 69)


def test_what_others_wrote_there_is_no_memory(desk: Any) -> None:
    folder = desk.folder / "state" / "helpdesk"
    folder.mkdir(parents=True)
    for rubbish in (b"", b"[1]", b'{"what": 1}', b"\xff"):
        rounds.work(Away(BadConfig("no")), "/x.toml")
        (file,) = folder.iterdir()
        file.write_bytes(rubbish)
        assert rounds.work(Away(BadConfig("no")), "/x.toml").told == ["the configuration: no"]


def test_no_admin_hears_by_letter_where_none_is_named(desk: Any, dead_port: int) -> None:
    desk.configured(desk=replace(DESK, admin=()), mailbox={"support": dead_box(dead_port)})
    for _ in range(17):
        run(desk)
        desk.passes(minutes=1)
    assert desk.letters(kind="trouble") == []
