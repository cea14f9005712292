"""``ticket next``: the ticket to take now, and why."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.output import (
    Asked,
    Column,
    Line,
    Sheet,
    done,
    is_terminal,
    line,
    say,
    show_json,
    show_page,
    show_rows,
)

if TYPE_CHECKING:
    from helpdesk_cli.services.choosing import Chosen
    from helpdesk_cli.services.desk import Desk

LINES = ("number", "points", "given", "reasons", "subject")
CHOSEN = Sheet(columns=tuple(map(Column, LINES)), table=LINES, lines=LINES, number="number")


@click.command(
    "next",
    epilog="""\b
Examples:
  helpdesk ticket next
  helpdesk ticket next --take
  helpdesk ticket next --department support | cut -f1""",
)
@click.option("-d", "--department", metavar="D", help="A ticket of that department.")
@click.option("--take", is_flag=True, help="Give it to yourself at once.")
@as_json
@shared
def next_(call: Call, department: str | None, take: bool, as_json: bool) -> None:
    """Show the ticket that you should take now, with the reasons for its urgency.

    What was given to you comes first, then what is nobody's in your departments at your level of support, then
    below it. What only waits for its client is left out. In a pipe it is a line with tabs: number, points,
    whose it was (me, nobody), reasons, subject.
    """
    from helpdesk_cli.services import choosing

    with desk(call) as opened:
        choose = choosing.take if take else choosing.choose
        found = choose(opened, department=department)
        now = opened.clock()
        if as_json:
            show_json(None if found is None else _shape(found, now))
        elif found is None:
            say("nothing to do")
        else:
            _show(opened, found)
        if found is not None and take and not as_json:
            done(f"ticket {found.listed.ticket.number}: given to {opened.actor.login}", call.verbosity)


def _shape(found: "Chosen", now: str) -> dict[str, object]:
    """The ticket as lists show it, and why it is the next."""
    reasons = [{"name": one.name, "points": one.points, "words": one.words} for one in found.urgency.reasons]
    urgency = {"points": found.urgency.points, "reasons": reasons}
    return {**shapes.ticket(found.listed, now), "given": found.is_own, "urgency": urgency}


def _show(opened: "Desk", found: "Chosen") -> None:
    if is_terminal():
        show_page(list(_page(opened, found)))
        return
    row = found.listed.ticket
    values = {
        "number": row.number,
        "points": found.urgency.points,
        "given": "me" if found.is_own else "nobody",
        "reasons": "; ".join(one.words for one in found.urgency.reasons),
        "subject": row.subject,
    }
    show_rows(CHOSEN, [values], Asked())


def _page(opened: "Desk", found: "Chosen") -> Iterator[Line]:
    row, settings = found.listed.ticket, opened.settings
    yield "bold", 0, f"{settings.desk.subject_tag}-{row.number}  {line(row.subject)}"
    client = found.listed.client_name or found.listed.client_email
    whose = "given to you" if found.is_own else "nobody's"
    yield "", 0, line(", ".join(filter(None, (client, row.department, row.stage, whose))))
    for reason in found.urgency.reasons:
        yield "", 0, f"{reason.points:>4}  {line(reason.words)}"
    if not found.urgency.reasons:
        yield "", 0, "   0  nothing makes it urgent"
