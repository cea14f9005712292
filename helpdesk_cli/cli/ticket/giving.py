"""``ticket assign``, ``take``, ``escalate``: who shall answer; each ticket in a transaction of its own."""

from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import numbers
from helpdesk_cli.cli.output import warn
from helpdesk_cli.cli.ticket.bulk import each
from helpdesk_cli.cli.ticket.report import silent, yes

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk

Numbers = tuple[int, ...]


@click.command(
    "assign",
    epilog="""\b
Examples:
  helpdesk ticket assign 1024 bob
  helpdesk ticket assign 1024 1025 none
  helpdesk ticket assign 1024 auto""",
)
@numbers
@click.argument("login", metavar="LOGIN|none|auto")
@silent
@yes
@as_json
@shared
def assign(call: Call, numbers: Numbers, login: str, *, silent: bool, yes: bool, as_json: bool) -> None:
    """Give tickets to a staff member ('me' is you), to nobody, or to whose turn it is.

    'auto' chooses among those of the department who are there, as its assignment says.
    """
    from helpdesk_cli.services import assigning

    with desk(call) as opened:
        if login == "auto":
            each(
                call,
                opened,
                numbers,
                lambda one: assigning.auto(opened, [one], silent=silent),
                asks=f"assign to {login}",
                words=lambda one: f"given to {one.assignee}",
                sure=yes,
                as_json=as_json,
            )
            return
        to = {"none": None, "me": opened.actor.login}.get(login, login)
        each(
            call,
            opened,
            numbers,
            lambda one: assigning.assign(opened, [one], to, silent=silent),
            asks=f"assign to {login}",
            words=f"given to {to or 'nobody'}",
            sure=yes,
            as_json=as_json,
            after=lambda: _tell_absence(opened, to),
        )


def _tell_absence(opened: "Desk", login: str | None) -> None:
    """Say where the one who has them now is away."""
    from helpdesk_cli.services import assigning

    absent = assigning.absence(opened, login) if login is not None else ""
    if absent:
        warn(absent)


@click.command("take", epilog="Example: helpdesk ticket take 1024")
@numbers
@silent
@yes
@as_json
@shared
def take(call: Call, numbers: Numbers, *, silent: bool, yes: bool, as_json: bool) -> None:
    """Give tickets to yourself."""
    from helpdesk_cli.services import assigning

    with desk(call) as opened:
        me = opened.actor.login
        each(
            call,
            opened,
            numbers,
            lambda one: assigning.assign(opened, [one], me, silent=silent),
            asks="take",
            words=f"given to {me}",
            sure=yes,
            as_json=as_json,
            after=lambda: _tell_absence(opened, me),
        )


@click.command("escalate", epilog="Example: helpdesk ticket escalate 1024")
@numbers
@silent
@yes
@as_json
@shared
def escalate(call: Call, numbers: Numbers, *, silent: bool, yes: bool, as_json: bool) -> None:
    """Hand tickets to the next level of support: 1, 2, 3.

    Whose turn it is there gets each; where assignment is off, nobody does, and all of that level are told.
    """
    from helpdesk_cli.services import assigning

    with desk(call) as opened:
        each(
            call,
            opened,
            numbers,
            lambda one: assigning.escalate(opened, [one], silent=silent),
            asks="escalate",
            words=lambda one: f"handed to level {one.level}, given to {one.assignee or 'nobody'}",
            sure=yes,
            as_json=as_json,
        )
