"""``ticket move``, ``close``, ``reopen``, ``edit``, ``spam``: each ticket in a transaction of its own."""

from collections.abc import Sequence
from typing import Any

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import numbers, text
from helpdesk_cli.cli.ticket.bulk import each
from helpdesk_cli.cli.ticket.report import silent, warn_of_blockers, yes
from helpdesk_cli.cli.wording import Wording

Numbers = tuple[int, ...]


@click.command("move", epilog="Example: helpdesk ticket move 1024 1025 in-progress")
@numbers
@click.argument("stage", metavar="STAGE")
@silent
@yes
@as_json
@shared
def move(call: Call, numbers: Numbers, stage: str, *, silent: bool, yes: bool, as_json: bool) -> None:
    """Put tickets into another stage, by its slug or its name.

    Who is told of it, and where a ticket may go from its stage, is configured there.
    """
    from helpdesk_cli.services import tickets

    with desk(call) as opened:
        each(
            call,
            opened,
            numbers,
            lambda one: tickets.move(opened, [one], stage, silent=silent),
            asks=f"move to {stage}",
            words=f"moved to {stage}",
            sure=yes,
            as_json=as_json,
            after=lambda: warn_of_blockers(opened, numbers),
        )


@click.command(
    "close",
    epilog="""\b
Examples:
  helpdesk ticket close 1024
  helpdesk ticket close 1024 1025 -m "Both are fixed."
  helpdesk ticket list --client ann@example.com --ids | helpdesk ticket close -""",
)
@numbers
@text
@silent
@yes
@as_json
@shared
def close(call: Call, numbers: Numbers, *, wording: Wording, silent: bool, yes: bool, as_json: bool) -> None:
    """Close tickets; with a text, after an answer to each client.

    Each goes to the first closed stage that its department may use and its own stage allows. While an editor is open
    (--edit), others are told, as with 'ticket reply'; --yes also sends an answer though somebody spoke meanwhile.
    """
    from helpdesk_cli.cli.ticket.together import Seen, insisting, pens
    from helpdesk_cli.services import tickets

    def saved() -> None:
        wording.saved()
        warn_of_blockers(opened, numbers)

    def closing(text: str, seen: Seen) -> None:
        each(
            call,
            opened,
            numbers,
            lambda one: insisting(
                lambda known: tickets.close(opened, [one], text, silent=silent, seen=known),
                {one: seen.get(one)},
                sure=yes,
            ),
            asks="answer and close" if text else "close",
            words="answered and closed" if text else "closed",
            sure=yes,
            as_json=as_json,
            after=saved,
        )

    if not wording.is_given:
        with desk(call) as opened:
            closing("", {})
        return
    with wording.kept(), desk(call) as opened, pens(opened, numbers, wording) as (seen, below):
        closing(wording.read(about=below), seen)


@click.command("reopen", epilog="Example: helpdesk ticket reopen 1024")
@numbers
@silent
@yes
@as_json
@shared
def reopen(call: Call, numbers: Numbers, *, silent: bool, yes: bool, as_json: bool) -> None:
    """Open closed tickets again, in the stage of tickets at work."""
    from helpdesk_cli.services import tickets

    with desk(call) as opened:
        each(
            call,
            opened,
            numbers,
            lambda one: tickets.reopen(opened, [one], silent=silent),
            asks="reopen",
            words="open again",
            sure=yes,
            as_json=as_json,
        )


@click.command(
    "edit",
    epilog="""\b
Examples:
  helpdesk ticket edit 1024 --priority high --category billing --type incident
  helpdesk ticket edit 1024 --category "" --subject "Invoice 17 is paid twice"
  helpdesk ticket edit 1024 1025 --tag vip --tag invoice-17 --private""",
)
@numbers
@click.option("-p", "--priority", metavar="P", help="How urgent it is.")
@click.option("-d", "--department", metavar="D", help="Who shall answer; it is given anew there.")
@click.option("--category", metavar="C", help="What it is about; '' for nothing.")
@click.option("--type", metavar="T", help="What kind of thing it is; '' for none.")
@click.option("-s", "--subject", metavar="SUBJECT", help="What it is about, in one line.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Put a tag on; may be given again.")
@click.option("--untag", "untags", metavar="TAG", multiple=True, help="Take a tag off; may be given again.")
@click.option(
    "--level", type=click.IntRange(1, 3), metavar="1|2|3", help="Of support; 'escalate' also hands it over."
)
@click.option(
    "--private/--public",
    default=None,
    help="Seen only by its assignee and admins, or by its department again.",
)
@silent
@yes
@as_json
@shared
def edit(call: Call, numbers: Numbers, *, silent: bool, yes: bool, as_json: bool, **fields: Any) -> None:
    """Change the fields of tickets; what is not named stays."""
    from helpdesk_cli.services import editing

    with desk(call) as opened:
        each(
            call,
            opened,
            numbers,
            lambda one: editing.edit(opened, [one], editing.Edit(**fields), silent=silent),
            asks="change",
            words=_told(**fields),
            sure=yes,
            as_json=as_json,
        )


def _told(
    *, tags: Sequence[str], untags: Sequence[str], private: bool | None, **fields: str | int | None
) -> str:
    """What was changed, in words."""
    told = [f"{name} {value or 'none'}" for name, value in fields.items() if value is not None]
    told += [f"tagged {tag}" for tag in tags] + [f"no longer tagged {tag}" for tag in untags]
    told += [] if private is None else ["private" if private else "public"]
    return ", ".join(told)


@click.command("spam", epilog="Example: helpdesk ticket spam 1024")
@numbers
@yes
@as_json
@shared
def spam(call: Call, numbers: Numbers, *, yes: bool, as_json: bool) -> None:
    """Close tickets as spam and block the addresses that opened them; nobody is told.

    'helpdesk client block ADDRESS --remove' hears them again.
    """
    from helpdesk_cli.services import tickets

    with desk(call) as opened:
        each(
            call,
            opened,
            numbers,
            lambda one: tickets.spam(opened, [one]),
            asks="call spam",
            words="closed as spam, their senders are blocked",
            sure=yes,
            as_json=as_json,
        )
