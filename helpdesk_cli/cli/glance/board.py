"""``board``: the tickets by their stages."""

from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.output import (
    Asked,
    Column,
    Sheet,
    is_terminal,
    screen_room,
    show_json,
    show_rows,
    show_screen,
)

if TYPE_CHECKING:
    from helpdesk_cli.services.board import Card, Pile

LINES = (
    "stage",
    "number",
    "priority",
    "department",
    "assignee",
    "created_at",
    "unanswered_since",
    "due_at",
    "subject",
)
CARDS = Sheet(columns=tuple(map(Column, LINES)), table=LINES, lines=LINES, number="number")


@click.command(
    "board",
    epilog="""\b
Examples:
  helpdesk board
  helpdesk board --mine
  helpdesk board --department support --limit 5""",
)
@click.option("-d", "--department", metavar="D", help="Tickets of that department alone.")
@click.option("--mine", is_flag=True, help="Tickets that were given to you alone.")
@click.option(
    "-L",
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    help="At most so many tickets a stage; else what the terminal has room for, all elsewhere.",
)
@as_json
@shared
def board(call: Call, department: str | None, mine: bool, limit: int | None, as_json: bool) -> None:
    """Show the tickets by their stages.

    The most urgent stand first; closed stages have their latest few. !! marks what is urgent or overdue, !
    what is of high priority or waits for an answer for over a day. In a pipe there is a line for each ticket,
    with its stage.
    """
    from helpdesk_cli.services.board import board as laid_out

    is_screen = is_terminal() and not as_json
    with desk(call) as opened:
        most = limit or (screen_room()[1] if is_screen else None)
        piles = laid_out(opened, department=department, mine=mine, limit=most)
        now, priorities = opened.clock(), list(opened.settings.priority)
    if as_json:
        show_json([shape(pile) for pile in piles])
    elif not is_screen:
        show_rows(CARDS, [card(one) for pile in piles for one in pile.cards], Asked())
    else:
        from helpdesk_cli.cli.glance.board_screen import Board

        show_screen(Board(piles, now, priorities, limit).lines())


def shape(pile: "Pile") -> dict[str, object]:
    """A stage with its tickets, as JSON."""
    return {
        "stage": pile.stage,
        "name": pile.name,
        "state": pile.state,
        "count": pile.count,
        "tickets": [card(one) for one in pile.cards],
    }


def card(one: "Card") -> dict[str, object]:
    """What a board shows of a ticket, as JSON."""
    return {name: getattr(one, name) for name in one.__struct_fields__}
