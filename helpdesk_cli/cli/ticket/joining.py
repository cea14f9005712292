"""``ticket merge`` and ``split``: several tickets as one, and one as two."""

from collections.abc import Sequence

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import TICKET, number, several
from helpdesk_cli.cli.output import warn
from helpdesk_cli.cli.ticket.report import ask, report, yes


@click.command(
    "merge",
    epilog="""\b
Examples:
  helpdesk ticket merge 1025 1026 1024
  helpdesk ticket list --client ann@example.com --ids | helpdesk ticket merge - 1024
  helpdesk ticket merge --across-clients 1025 1024
  helpdesk ticket merge --undo 1025""",
)
@click.argument("numbers", metavar="N … INTO", nargs=-1, required=True)
@click.option(
    "--across-clients",
    is_flag=True,
    help="Though their people differ: each hears from now on what any of them says.",
)
@click.option("--tell", is_flag=True, help="Tell the clients of each N that it is closed, if its stage does.")
@click.option("--undo", is_flag=True, help="Let each N be by itself again, as it was.")
@yes
@as_json
@shared
def merge(
    call: Call,
    numbers: Sequence[str],
    *,
    across_clients: bool,
    tell: bool,
    undo: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Let each ticket N go on in the ticket INTO.

    N is closed, what was said on it is shown on INTO's page, and answers to its mails lead there. INTO keeps its
    stage, its client and whoever has it. Clients are told nothing, and what was said before is mailed to nobody
    who did not take part where it was said.
    """
    from helpdesk_cli.services import merging

    ctx = click.get_current_context()
    if undo:
        if across_clients or tell:
            raise click.UsageError("--undo goes with neither --across-clients nor --tell", ctx)
        found = several(ctx, None, numbers)
        with desk(call) as opened:
            ask("undo the merge of", found, sure=yes)
            merging.undo(opened, found)
            report(call, opened, found, "by itself again", as_json=as_json)
        return
    if len(numbers) < 2:
        raise click.UsageError("name the tickets to merge, and last the one in which they go on", ctx)
    into = TICKET.convert(numbers[-1], None, ctx)
    found = several(ctx, None, numbers[:-1])
    found = tuple(each for each in found if each != into) or found  # a list may well have it too
    with desk(call) as opened:
        ask(f"merge into {into}", found, sure=yes)
        done = merging.merge(opened, found, into, across_clients=across_clients, tell=tell)
        names = ", ".join(map(str, found))
        report(call, opened, [done.into], f"goes on for {names} too", as_json=as_json)
        for words in done.warnings:
            warn(words)


@click.command(
    "split",
    epilog="""\b
Examples:
  helpdesk ticket split 1024 57
  helpdesk ticket split 1024 57 --and-later -s "The printer on floor 3\"""",
)
@number
@click.argument("message", metavar="MESSAGE", type=click.IntRange(min=1))
@click.option("-s", "--subject", metavar="SUBJECT", help="What the new one is about; else as its mail says.")
@click.option("--and-later", is_flag=True, help="With it all that its writer sent in later.")
@as_json
@shared
def split(
    call: Call, number: int, message: int, *, subject: str | None, and_later: bool, as_json: bool
) -> None:
    """Make a ticket of a message that belongs to another matter.

    MESSAGE is its number on the page of 'ticket show', its id in --json. It leaves N with its files, and answers
    to that mail lead to the new ticket, which is in the same hands. No client hears of it.
    """
    from helpdesk_cli.services import splitting

    with desk(call) as opened:
        made = splitting.split(opened, number, message, subject=subject, and_later=and_later)
        report(call, opened, [made], f"split from {number}", as_json=as_json)
