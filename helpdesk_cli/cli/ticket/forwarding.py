"""``ticket forward``: a ticket's words to a third party."""

from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import attach, files, number, spent, text
from helpdesk_cli.cli.output import warn
from helpdesk_cli.cli.ticket.report import report
from helpdesk_cli.cli.ticket.together import about
from helpdesk_cli.cli.ticket.writing import soon
from helpdesk_cli.cli.wording import Wording
from helpdesk_cli.errors import Usage

if TYPE_CHECKING:
    from helpdesk_cli.services.forwarding import Forward


@click.command(
    "forward",
    epilog="""\b
Examples:
  helpdesk ticket forward 1024 --to repair@supplier.example -m "When can you come?"
  helpdesk ticket forward 1024 --to repair@supplier.example --all --attachments -F question.txt --stage awaiting
  helpdesk ticket forward 1024 --to ann@elsewhere.example --of 17 -m "Is this yours?" -a plan.pdf""",
)
@number
@click.option("--to", metavar="ADDR", multiple=True, required=True, help="To whom; may be given again.")
@text
@attach
@click.option(
    "--all", "whole", is_flag=True, help="Forward the whole discussion, not the client's last message alone."
)
@click.option("--of", metavar="ID", type=int, help="Forward that message; 'ticket show --json' has ids.")
@click.option("--attachments", "with_files", is_flag=True, help="Forward the files of these messages too.")
@click.option("--stage", metavar="STAGE", help="Move the ticket there as well.")
@spent
@as_json
@shared
def forward(
    call: Call,
    number: int,
    *,
    to: tuple[str, ...],
    wording: Wording,
    attach: tuple[str, ...],
    spent: int,
    as_json: bool,
    **more: object,
) -> None:
    """Write to somebody else about a ticket: a supplier, a colleague elsewhere. Their answer comes back to it.

    Your words stand first, below them what the client wrote; notes are never forwarded. The answer is seen by
    staff alone, and nobody becomes a participant. To answer them, forward again.
    """
    from helpdesk_cli.services import forwarding, views

    with wording.kept(), desk(call) as opened:
        if more["whole"] and more["of"] is not None:
            raise Usage("--all and --of exclude each other")
        views.one(opened, number)
        attached = files(opened, attach)
        words = wording.read(about=about(opened, number, "") if wording.opens_editor else "")
        wish = _wish(to=to, text=words, files=attached, seconds=spent, **more)
        warnings = forwarding.forward(opened, number, wish)
        wording.saved()
        for words in warnings:
            warn(words)
        report(
            call, opened, [number], f"forwarded to {', '.join(to)}; {soon(opened, number)}", as_json=as_json
        )


def _wish(*, of: object, **fields: object) -> "Forward":
    from helpdesk_cli.services.forwarding import Forward

    return Forward(message=of, **fields)  # type: ignore[arg-type]
