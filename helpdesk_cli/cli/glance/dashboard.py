"""``dashboard``: the whole desk on one screen."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.output import is_terminal, local, show_facts, show_json, show_screen, zone

if TYPE_CHECKING:
    from helpdesk_cli.services.glance import Dashboard, Health, Sum

COUNTS = ("open", "waiting", "unassigned", "unanswered", "high", "overdue")
"""What is counted of tickets."""


@click.command(
    "dashboard",
    epilog="""\b
Examples:
  helpdesk dashboard
  helpdesk dashboard --department support
  helpdesk dashboard | grep overdue""",
)
@click.option("-d", "--department", metavar="D", help="Tickets of that department alone.")
@as_json
@shared
def dashboard(call: Call, department: str | None, as_json: bool) -> None:
    """Show the whole desk on one screen.

    It says what is open and whose, how mail flows and how the jobs fare. Tickets are counted as far as you
    may see them; high are those of the two highest priorities. Mail and jobs are the whole desk's, mail that
    of the last 24 hours. A ! stands before what is not well.
    """
    from helpdesk_cli.services import glance

    with desk(call) as opened:
        found = glance.dashboard(opened, department=department)
        settings = opened.settings.desk
    if as_json:
        show_json(shape(found))
    elif not is_terminal():
        show_facts(_facts(shape(found)))
    else:
        from helpdesk_cli.cli.glance.dashboard_screen import Screen

        where = f", {found.department}" if found.department else ""
        title = f"{settings.name}{where}, {local(found.at, zone(settings.timezone))}"
        show_screen(Screen(found, title).lines())


def shape(found: "Dashboard") -> dict[str, object]:
    """What a dashboard says, as JSON."""
    mail = found.mail
    return {
        "at": found.at,
        "department": found.department,
        "tickets": _sum(found.total),
        "departments": [{"department": name, **_sum(each)} for name, each in found.departments.items()],
        "people": [{"login": name, **_sum(each)} for name, each in found.people.items()],
        "mail": {
            "since": mail.since,
            "came": mail.came,
            "sent": mail.sent,
            "bounced": mail.bounced,
            "inbox": mail.unread,
            "outbox": {"waiting": mail.waiting, **mail.unsent},
        },
        "mailboxes": [{"name": one.name, **_health(one)} for one in found.mailboxes],
        "jobs": [{"job": one.name, "host": one.host, **_health(one)} for one in found.jobs],
        "paused": found.paused.reason if found.paused else None,
        "troubles": found.troubles,
    }


def _sum(each: "Sum") -> dict[str, object]:
    return {name: getattr(each, name) for name in COUNTS}


def _health(one: "Health") -> dict[str, object]:
    return {
        "succeeded_at": one.succeeded_at,
        "error": one.error or None,
        "paused": one.pause.reason if one.pause else None,
    }


def _facts(shown: dict[str, object]) -> dict[str, object]:
    """The same for a pipe: lists as tables by their names; who never succeeded says so."""
    facts = dict(shown)
    for name, key in (
        ("departments", "department"),
        ("people", "login"),
        ("mailboxes", "name"),
        ("jobs", "job"),
    ):
        rows: Sequence[Mapping[str, object]] = shown[name]  # type: ignore[assignment]
        named = [str(row[key]) for row in rows]
        facts[name] = {
            _unique(row, str(row[key]), named): {
                inner: "never" if inner == "succeeded_at" and value is None else value
                for inner, value in row.items()
                if inner not in (key, "host")
            }
            for row in rows
        }
    troubles: Sequence[str] = shown["troubles"]  # type: ignore[assignment]
    facts["troubles"] = {str(place): words for place, words in enumerate(troubles, 1)}
    return facts


def _unique(row: Mapping[str, object], name: str, named: Sequence[str]) -> str:
    """A job's name, with its host where it runs on several."""
    return f"{name}@{row['host']}" if named.count(name) > 1 else name
