"""``ticket assign``, ``take``, ``escalate``: who shall answer; one transaction each, for all N."""

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import numbers
from helpdesk_cli.cli.output import warn
from helpdesk_cli.cli.ticket.report import ask, report, silent, yes

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
        ask(f"assign to {login}", numbers, sure=yes)
        if login == "auto":
            assigning.auto(opened, numbers, silent=silent)
            report(call, opened, numbers, lambda one: f"given to {one.assignee}", as_json=as_json)
            return
        to = {"none": None, "me": opened.actor.login}.get(login, login)
        absent = assigning.assign(opened, numbers, to, silent=silent)
        report(call, opened, numbers, f"given to {to or 'nobody'}", as_json=as_json)
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
        ask("take", numbers, sure=yes)
        absent = assigning.assign(opened, numbers, opened.actor.login, silent=silent)
        report(call, opened, numbers, f"given to {opened.actor.login}", as_json=as_json)
        if absent:
            warn(absent)


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
        ask("escalate", numbers, sure=yes)
        assigning.escalate(opened, numbers, silent=silent)
        report(
            call,
            opened,
            numbers,
            lambda one: f"handed to level {one.level}, given to {one.assignee or 'nobody'}",
            as_json=as_json,
        )
