"""Notices through the program: what staff choose, digests by cron at their hour, and who was told."""

import os
from collections.abc import Iterator

import pytest
import time_machine
from desks import Site
from program import Done, Run, faketime

from helpdesk_cli.domain.moments import seconds_of


def _told(done: Done) -> set[tuple[str, str, str | None]]:
    """Who heard, or why not: the event, the address, the kind of letter or the reason."""
    events = done.json["events"]
    return {(one["event"], each["to"], each["kind"]) for one in events for each in one["told"]} | {
        (one["event"], each["whom"], each["why"]) for one in events for each in one["not_told"]
    }


@pytest.fixture
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-22T09:30:00Z", tick=False) as clock:
        yield clock


def test_staff_choose_and_see_what_they_chose(site: Site, inside: Run) -> None:
    words = ("--notices", "Daily", "--notices", "noted=off", "--notices", "assigned=at once")
    changed = inside("staff", "edit", "bob", *words, "--every-ticket", "yes", "--json").json
    assert changed["notices"] == {"all": "daily", "assigned": "at once", "noted": "off"}
    assert changed["every_ticket"] is True
    assert "daily (noted off, assigned at once); of every ticket" in inside("staff", "show", "bob").out
    assert inside("staff", "list", "--json").json[0]["notices"]["all"] == "daily"
    inside("staff", "edit", "bob", "--every-ticket", "no")
    assert inside("staff", "show", "bob", "--json").json["every_ticket"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--notices", "never"), "--notices never: must be one of at once, hourly, daily, off"),
        (("--notices", "sung=off"), "--notices sung=off: no such event; there are opened, replied"),
        (("--every-ticket", "perhaps"), "--every-ticket"),
    ],
)
def test_what_cannot_be_chosen_is_wrong_usage(
    site: Site, inside: Run, words: tuple[str, ...], said: str
) -> None:
    assert said in inside("staff", "edit", "bob", *words, code=2).err


def test_staff_choose_for_themselves_alone(site: Site, inside: Run) -> None:
    inside("staff", "new", "dora", "--name", "Dora", "--email", "dora@desk.example")
    inside("staff", "edit", "dora", "--notices", "hourly", login="dora")
    inside("staff", "edit", "bob", "--notices", "off", login="dora", code=3)
    assert (
        "only an admin" in inside("staff", "edit", "dora", "--every-ticket", "yes", login="dora", code=1).err
    )


def test_cron_makes_a_digest_at_its_hour_and_one_alone(site: Site, run: Run) -> None:
    """Processes, each at its own moment."""

    def cron(at: str) -> list[str]:
        clock = {"LD_PRELOAD": faketime(), "FAKETIME": at, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
        run("cron", env={**clock, "HELPDESK_STAFF": None, "XDG_STATE_HOME": str(site.folder)})
        return [str(mail["Subject"]) for mail in site.sent() if mail["To"].endswith("bob@desk.example>")]

    run("staff", "edit", "bob", "--notices", "daily")
    for number in range(2):
        path = site.drop(MAIL.format(number))
        os.utime(path, (ARRIVED, ARRIVED))
    assert cron("2026-11-22 07:10:00") == []
    assert cron("2026-11-22 07:59:00") == []
    assert cron("2026-11-22 08:00:00") == ["Test Desk: 2 notices on 2 tickets"]
    assert cron("2026-11-22 08:01:00") == cron("2026-11-23 08:00:00") == ["Test Desk: 2 notices on 2 tickets"]
    (mail,) = [one for one in site.sent() if "notices" in str(one["Subject"])]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Ann opened it: Word 1." in text


ARRIVED = seconds_of("2026-11-22T07:00:00Z")

MAIL = "From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: Printer\nMessage-ID: <{0}@x>\n\nWord {0}.\n"


def test_ticket_why_tells_who_heard_and_who_did_not(
    site: Site, inside: Run, now: time_machine.Traveller
) -> None:
    inside("staff", "new", "dora", "--name", "Dora", "--email", "dora@desk.example")
    inside("staff", "join", "dora", "support")
    inside("staff", "edit", "dora", "--notices", "daily", "--notices", "replied=off")
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Printer", "-m", "It burns.")
    inside("notify")
    now.shift(60)
    inside("ticket", "note", "1000", "-m", "Hm.")
    assert _told(inside("ticket", "why", "1000", "--json")) == {
        ("opened", "ann@client.example", "acknowledgement"),
        ("opened", "dora@desk.example", "daily digest"),
        ("noted", "nobody", "nobody"),
    }
    page = inside("ticket", "why", "HD-1000").out.splitlines()
    assert page[0] == "HD-1000  Printer"
    assert page[2] == "-- 2026-11-22T09:30:00Z · opened by bob"
    assert page[5].strip() == "to tell:   dora <dora@desk.example>, as one of its department"
    assert page[6].strip() == "daily digest: waits until 2026-11-23T08:00:00Z"
    assert _told(inside("ticket", "why", "1000", "bob", "--json")) == {
        ("opened", "bob@desk.example", "self"),
        ("noted", "bob@desk.example", "self"),
    }
    assert (
        "ann@client.example: notes are for staff alone"
        in inside("ticket", "why", "1000", "ann@client.example").out
    )
    assert "no staff member, no client" in inside("ticket", "why", "1000", "x@y.example", code=4).err
    inside("ticket", "why", "1001", code=4)
    inside("staff", "leave", "dora", "support")
    inside("ticket", "why", "1000", login="dora", code=3)
    shape = inside("ticket", "why", "1000", "--json").json
    assert set(shape) == {"number", "person", "events"}
    assert [set(each) for each in shape["events"][0]["told"]][:1] == [
        {"to", "login", "as", "kind", "letter", "state", "at", "said"}
    ]


def test_a_dry_run_foretells_a_digest_and_puts_none(
    site: Site, inside: Run, now: time_machine.Traveller
) -> None:
    inside("staff", "edit", "bob", "--notices", "hourly")
    site.write("It is down.", subject="Printer")
    inside("fetch-mail")
    inside("notify")
    assert inside("notify", "--dry-run").out == ""
    now.shift(3600)
    assert inside("notify", "--dry-run").out == "\tdigest\tbob@desk.example\t\n"
    (letter,) = inside("notify", "--dry-run", "--json").json["letters"]
    assert (letter["id"], letter["kind"], letter["message_id"]) == (None, "digest", None)
    inside("notify")
    assert inside("notify", "--dry-run").out == ""
    assert [one["kind"] for one in inside("outbox", "list", "--all", "--json").json].count("digest") == 1
