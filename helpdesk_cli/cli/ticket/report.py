"""What commands that change tickets ask before and tell after."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call
from helpdesk_cli.cli.output import done, has_people, show_json, warn
from helpdesk_cli.cli.wording import confirm

if TYPE_CHECKING:
    from helpdesk_cli.domain.ticket import Ticket
    from helpdesk_cli.services.desk import Desk

MANY = 3
"""From so many tickets on a person is asked first."""

yes = click.option("-y", "--yes", is_flag=True, help="Do not ask before changing three or more.")

silent = click.option("--silent", is_flag=True, help="Tell nobody, whatever the stage says.")


def ask(what: str, numbers: Sequence[int], *, sure: bool) -> None:
    """Ask a person before many tickets change; scripts are not asked. Raises click.Abort for no."""
    if sure or len(numbers) < MANY or not sys.stdin.isatty() or not has_people():
        return
    shown = ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
    confirm(f"{what} {len(numbers)} tickets ({shown})?")


def report(
    call: Call,
    desk: "Desk",
    numbers: Sequence[int],
    words: "str | Callable[[Ticket], str]",
    *,
    as_json: bool,
    several: bool = False,
) -> None:
    """Tell what was done: the tickets' list objects (one alone, or an array of several), or a line for people.

    ``several`` says that more than one was asked for, however many of them were changed. Words that differ
    from ticket to ticket are made of each as it is now.
    """
    if as_json:
        from helpdesk_cli.services import views

        now = desk.clock()
        found = [shapes.ticket(one, now) for one in views.changed(desk, numbers)]
        show_json(found[0] if len(found) == 1 and not several else found)
    elif callable(words):
        from helpdesk_cli.services import views

        for listed in views.changed(desk, numbers):
            done(f"ticket {listed.ticket.number}: {words(listed.ticket)}", call.verbosity)
    elif not numbers:
        done("no ticket was named", call.verbosity)
    else:
        names = ", ".join(map(str, numbers))
        done(f"{'ticket' if len(numbers) == 1 else 'tickets'} {names}: {words}", call.verbosity)


def warn_of_blockers(desk: "Desk", numbers: Sequence[int]) -> None:
    """Tell of tickets that were closed though others block them."""
    from helpdesk_cli.services import linking

    for words in linking.stopped(desk, numbers):
        warn(words)
