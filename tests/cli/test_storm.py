"""A storm of critical tickets, by mail, through processes: Maildir in, a real SMTP server out."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from desks import Site
from program import Run
from smtp_server import Mail, SmtpServer

START = datetime.now(UTC)
PAGER = "night@pager.example"

TABLES = f"""
[oncall.night]
people = ["{PAGER}", "bob"]
from_priority = "urgent"

[rule.critical]
when = "opened"
if = {{ subject = {{ contains = "critical" }} }}
then = {{ priority = "urgent" }}
"""


def faketime() -> str:
    """The library that tells a process another time."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    assert found, "install faketime (Debian, Ubuntu: apt install faketime)"
    return str(found[0])


@pytest.fixture
def cron(run: Run) -> Any:
    """Run cron at a minute of the storm."""

    def cron(minute: int) -> None:
        at = START + timedelta(minutes=minute)
        surroundings = {
            "LD_PRELOAD": faketime(),
            "FAKETIME": f"@{at:%Y-%m-%d %H:%M:%S}",
            "TZ": "UTC",
            "NO_FAKE_STAT": "1",
            "HELPDESK_STAFF": None,
        }
        run("cron", env=surroundings, code=None)

    return cron


def mail(number: int) -> bytes:
    return (
        f"From: c{number}@client.example\nTo: support@desk.example\nSubject: critical {number}\n"
        f"Message-ID: <{number}@client.example>\n\nAll is down.\n"
    ).encode()


def pages(mails: list[Mail], to: str) -> list[str]:
    """The words of the pages to an address."""
    found = [message_from_bytes(each.raw) for each in mails if each.recipients == [to]]
    return [str(each.get_payload()).strip() for each in found]


def test_a_thousand_critical_mails_are_three_pages_and_a_summary(site: Site, run: Run, cron: Any) -> None:
    with SmtpServer() as server:
        way = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
        text = site.config.read_text().replace('kind = "maildir"\npath = "sent"', way)
        assert way in text
        site.config.write_text(text + TABLES)
        cron(0)
        for number in range(1000):
            site.drop(mail(number))
        for minute in range(1, 6):
            cron(minute)
        *three, summary = pages(server.mails, PAGER)
        assert len(three) == 3
        assert summary == "970 more held back"
        answered = next(message_from_bytes(each.raw) for each in server.mails if each.recipients == [PAGER])
        site.drop(
            f"From: {PAGER}\nTo: support@desk.example\nSubject: Re: {answered['Subject']}\n"
            "Message-ID: <answer@pager.example>\n\nyes\n".encode()
        )
        cron(6)
        cron(17)
        assert len(pages(server.mails, PAGER)) == 4
    entry = json.loads(run("inbox", "list", "--json", "--all").raw)[0]
    assert (entry["outcome"], entry["reason"]) == ("command", "page-answer")
    shown = run("ticket", "show", str(entry["ticket"]), "--json").json
    assert [event["kind"] for event in shown["events"]][-1] == "acknowledged"
    assert shown["pages"][0]["acknowledged_by"] == PAGER
