"""``ticket ack``: whoever was paged says that they look at it."""

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import numbers
from helpdesk_cli.cli.output import warn
from helpdesk_cli.cli.ticket.report import ask, report, yes


@click.command(
    "ack",
    epilog="""\b
Examples:
  helpdesk ticket ack 1024
  helpdesk ticket ack 1024 1025 1026 --yes""",
)
@numbers
@yes
@as_json
@shared
def ack(call: Call, numbers: tuple[int, ...], *, yes: bool, as_json: bool) -> None:
    """Acknowledge pages: you look at it, so nobody else is called.

    Taking, answering or closing a ticket does that too, and so does answering the page by mail.
    """
    from helpdesk_cli.services import acknowledging

    with desk(call) as opened:
        ask("acknowledge", numbers, sure=yes)
        overtaken = acknowledging.ack(opened, numbers)
        report(call, opened, numbers, "acknowledged", as_json=as_json)
        for words in overtaken:
            warn(words)
