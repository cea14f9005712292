"""The whole road of a ticket through the program's own processes, over two weeks of a clock that is told the time.

Each process begins at a moment of our choosing, and its clock goes on from there (libfaketime).
"""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from desks import Site
from program import Done, Run

DESK = """\
[desk]
name = "Test Desk"
domain = "desk.example"
timezone = "Europe/Berlin"

[store]
url = "sqlite:helpdesk.db"

[operation]
awaiting_after = "2d"
reminder_after = "2d"
inactive_after = "3d"
survey_after = "1d"

[transport.default]
kind = "maildir"
path = "sent"

[mailbox.support]
kind = "maildir"
path = "inbox"
department = "support"

[department.support]
name = "Support"
address = "support@desk.example"
reply_address = "support+{token}@desk.example"
assignment = "round-robin"
manager = "carla"

[calendar.office]
hours = ["mon-fri 09:00-17:00"]
holidays = ["DE"]
closed = ["12-31"]

[sla.usual]
name = "Usual"
calendar = "office"
first_response = { else = "16h" }
"""

OPENED = "2026-12-23 13:00"
"""A Wednesday, two in the afternoon in Berlin. 16 hours of work: 3 that day, 8 on Thursday, none on Christmas Day
and over the weekend, 5 on Monday."""


@cache
def faketime() -> str:
    """The library that tells a process another time."""
    places = [
        place for folder in ("/usr/lib", "/usr/lib64") for place in Path(folder).rglob("libfaketime.so.1")
    ]
    assert places, "install faketime"
    return str(places[0])


class Clock:
    """The program at moments in UTC; ``run`` runs it, ``cron`` does what cron would."""

    def __init__(self, run: Run, site: Site) -> None:
        self._run, self.site = run, site

    def run(self, at: str, *words: str, second: int = 0) -> Done:
        """Run the program at a moment."""
        env = {
            "LD_PRELOAD": faketime(),
            "FAKETIME": f"@{at}:{second:02}",
            "TZ": "UTC",  # in which libfaketime reads that
            "NO_FAKE_STAT": "1",  # what lies in folders has its own time
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        done = self._run(*words, env=env)
        assert done.err == ""
        return done

    def cron(self, *moments: str) -> None:
        """Let cron do its work in each of some minutes; a job begins when the one before has ended."""
        for at in moments:
            for place, job in enumerate(("fetch-mail", "run-rules", "notify")):
                self.run(at, job, second=20 * place)

    def comes(self, at: str, text: str, answers: "Sent | None" = None) -> None:
        """A mail of Ann's is delivered at a moment; one that answers a letter goes where that asks for."""
        mail = EmailMessage()
        mail["From"] = "Ann Ashe <ann@client.example>"
        mail["To"] = answers.mail["Reply-To"] if answers else "support@desk.example"
        mail["Subject"] = f"Re: {answers.mail['Subject']}" if answers else "Printer"
        mail["Message-ID"] = f"<{re.sub(r'[^0-9]', '', at)}@client.example>"
        if answers:
            mail["In-Reply-To"] = answers.mail["Message-ID"]
        mail.set_content(text)
        path = self.site.drop(mail)
        arrived = datetime.fromisoformat(f"{at}:00+00:00").timestamp()
        os.utime(path, (arrived, arrived))

    def sent(self) -> "list[Sent]":
        """All letters that went out, in their order."""
        return [Sent(mail) for mail in self.site.sent()]

    def ticket(self, at: str) -> Any:
        return self.run(at, "ticket", "show", "1000", "--json").json


class Sent:
    """A letter that went out."""

    def __init__(self, mail: EmailMessage) -> None:
        self.mail = mail
        moment = parsedate_to_datetime(mail["Date"]).astimezone(UTC)
        self.at, self.to = moment.strftime("%Y-%m-%d %H:%M"), mail["To"].addresses[0].addr_spec
        part = mail.get_body(("plain",))
        assert part is not None
        self.text = part.get_content()


@pytest.fixture
def clock(run: Run, site: Site) -> Iterator[Clock]:
    """A desk on which bob and dave answer, and carla is their manager."""
    tidy()
    site.configure(instead=DESK)
    made = Clock(run, site)
    for login in ("carla", "dave"):
        words = ("--name", login.title(), "--email", f"{login}@desk.example")
        made.run("2026-12-22 08:00", "staff", "new", login, *words)
    made.run("2026-12-22 08:00", "staff", "join", "dave", "support")
    yield made
    tidy()


def tidy() -> None:
    """Take away what libfaketime leaves of processes that ended: another one of that number would stumble over it."""
    for path in Path("/dev/shm").glob("*faketime_s*_*"):
        number = path.name.rpartition("_")[2]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            path.unlink(missing_ok=True)


BEFORE_IT_IS_ANSWERED = (
    "2026-12-25 12:59",  # nearly two days, in which nobody did anything
    "2026-12-25 13:00",
    "2026-12-26 09:00",
    "2026-12-28 08:59",  # nearly 12 hours of work, three quarters
    "2026-12-28 09:00",
    "2026-12-28 12:59",  # nearly 16
    "2026-12-28 13:00",
    "2026-12-28 13:01",
)


def test_two_weeks_of_a_ticket(clock: Clock) -> None:
    clock.comes(OPENED, "It burns.")
    clock.cron(OPENED)
    first = clock.ticket(OPENED)
    assert (first["stage"], first["assignee"]) == ("new", "bob")
    assert first["due_at"] == "2026-12-28T13:00:00Z"

    # Nobody does anything. The ticket is put aside, and what was promised goes on.
    clock.cron(*BEFORE_IT_IS_ANSWERED[:1])
    assert clock.ticket("2026-12-25 12:59")["stage"] == "new"
    clock.cron(*BEFORE_IT_IS_ANSWERED[1:])
    waiting = clock.ticket("2026-12-28 13:01")
    assert (waiting["stage"], waiting["state"], waiting["overdue"]) == ("awaiting", "waiting", True)

    # An answer, of which nothing comes back.
    clock.run(
        "2026-12-29 09:00", "ticket", "reply", "1000", "-m", "Which printer is it?", "--stage", "awaiting"
    )
    clock.cron("2026-12-29 09:00", "2026-12-31 08:59", "2026-12-31 09:01", "2027-01-03 08:59")
    assert clock.ticket("2027-01-03 08:59")["state"] == "waiting"
    clock.cron("2027-01-03 09:02")
    closed = clock.ticket("2027-01-03 09:02")
    assert (closed["stage"], closed["closed_at"][:16]) == ("done", "2027-01-03T09:02")

    # Their answer to the letter that says how opens it again.
    (inactive,) = [one for one in clock.sent() if "we have not heard from you" in one.text]
    assert "answer this mail within 14 days" in inactive.text
    clock.comes("2027-01-04 08:00", "The one in the hall.", inactive)
    clock.cron("2027-01-04 08:00", "2027-01-04 09:30")  # a day after it was closed by itself nobody is asked
    again = clock.ticket("2027-01-04 09:30")
    assert (again["stage"], again["closed_at"]) == ("in-progress", None)

    # Closed by bob, and rated.
    clock.run("2027-01-04 10:00", "ticket", "close", "1000", "-m", "It has a new drum.")
    clock.cron("2027-01-04 10:00", "2027-01-05 09:59", "2027-01-05 10:01")
    survey = clock.sent()[-1]
    assert "one digit in the first line" in survey.text
    clock.comes("2027-01-05 12:00", "4\n\nBest regards\nAnn", survey)
    clock.cron("2027-01-05 12:00", "2027-01-06 10:00")
    rated = clock.ticket("2027-01-06 10:00")
    assert (rated["stage"], rated["rating"]) == ("done", 4)
    assert "4 of 5" in clock.run("2027-01-06 10:00", "ticket", "show", "1000").out

    assert told(clock.sent()) == LETTERS
    assert logged(clock) == LOG
    found = clock.run("2027-01-06 10:00", "rule", "list", "--json").json
    assert [(row["name"], row["fired"], minute(row["fired_at"])) for row in found] == RULES


def minute(at: str | None) -> str | None:
    """A moment of JSON without its seconds, which a busy machine may take."""
    return at and at[:16].replace("T", " ")


def told(letters: Sequence[Sent]) -> list[tuple[str, str, str]]:
    """When which letter went to whom; those of one moment by their reader."""
    words = {
        "have received": "acknowledgement",
        "opened HD-1000": "alert",
        "answered in HD-1000": "alert",
        "75 % of the time are used": "warning",
        "first response was over": "breach",
        "Which printer is it?": "reply",
        "wait for a word": "reminder",
        "not heard from you": "inactive",
        "a new drum": "reply",
        "How was our help": "survey",
    }
    found = []
    for letter in letters:
        kind = next((kind for text, kind in words.items() if text in letter.text), letter.text)
        found.append((letter.at, kind, letter.to.partition("@")[0]))
    return sorted(found)


LETTERS = [
    ("2026-12-23 13:00", "acknowledgement", "ann"),
    ("2026-12-23 13:00", "alert", "bob"),
    ("2026-12-23 13:00", "alert", "dave"),
    ("2026-12-28 09:00", "warning", "bob"),
    ("2026-12-28 13:00", "breach", "bob"),
    ("2026-12-28 13:00", "breach", "carla"),
    ("2026-12-29 09:00", "reply", "ann"),
    ("2026-12-31 09:01", "reminder", "ann"),
    ("2027-01-03 09:02", "inactive", "ann"),
    ("2027-01-04 08:00", "alert", "bob"),
    ("2027-01-04 10:00", "reply", "ann"),
    ("2027-01-05 10:01", "survey", "ann"),
]
LOG = [
    ("2026-12-23 13:00", "ann", "opened"),
    ("2026-12-23 13:00", "system", "assigned"),
    ("2026-12-25 13:00", "rule:awaiting", "moved"),
    ("2026-12-28 09:00", "rule:sla-warning", "warned"),
    ("2026-12-28 13:00", "rule:sla-breach", "breached"),
    ("2026-12-29 09:00", "bob", "answered"),
    ("2026-12-31 09:01", "rule:reminder", "reminded"),
    ("2027-01-03 09:02", "rule:inactive", "moved"),
    ("2027-01-04 08:00", "ann", "replied"),
    ("2027-01-04 08:00", "ann", "reopened"),
    ("2027-01-04 10:00", "bob", "answered"),
    ("2027-01-04 10:00", "bob", "moved"),
    ("2027-01-05 10:01", "rule:survey", "surveyed"),
    ("2027-01-05 12:00", "ann", "rated"),
]
RULES = [
    ("wake", 0, None),
    ("awaiting", 1, "2026-12-25 13:00"),
    ("reminder", 1, "2026-12-31 09:01"),
    ("inactive", 1, "2027-01-03 09:02"),
    ("sla-warning", 1, "2026-12-28 09:00"),
    ("sla-breach", 1, "2026-12-28 13:00"),
    ("survey", 1, "2027-01-05 10:01"),
]


def logged(clock: Clock) -> list[tuple[str, str, str]]:
    """The ticket's log: when, who, what."""
    events = clock.run("2027-01-06 10:00", "ticket", "log", "1000", "--json").json
    return [(minute(event["at"]), event["actor"].partition("@")[0], event["kind"]) for event in events]
