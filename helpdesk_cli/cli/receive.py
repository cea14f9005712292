"""``receive``: the one command that answers to a machine. ``__main__`` runs it in silence, and in a child."""

import os
import sys

import click

from helpdesk_cli.cli.app import Call, desk, shared


@click.command(
    "receive",
    epilog="""\b
Examples:
  helpdesk receive < mail.eml
  helpdesk receive --mailbox local --sender "$SENDER" --recipient "$ORIGINAL_RECIPIENT\"""",
)
@click.option("--mailbox", metavar="NAME", help="The mailbox that it belongs to; else the only pipe.")
@click.option("--sender", metavar="ADDR", help="The envelope's sender; else $SENDER.")
@click.option(
    "--recipient",
    metavar="ADDR",
    multiple=True,
    help="The envelope's recipient; else $ORIGINAL_RECIPIENT and $RECIPIENT.",
)
@shared
def receive(call: Call, mailbox: str | None, sender: str | None, recipient: tuple[str, ...]) -> None:
    """Take in one message on standard input, from a mail server.

    Ends with 0 when the bytes are safe and with 75 when the mail server must keep them and try again,
    whatever happens, within a minute, and prints nothing: anything else would bounce to the client. What
    went wrong is in the system's mail log.
    """
    from helpdesk_cli.services.handover import hand_over

    with desk(call, is_job=True) as opened:
        hand_over(
            opened,
            sys.stdin.buffer,
            mailbox=mailbox,
            sender=sender,
            recipients=recipient,
            environ=os.environ,
            told=call.receipt,
        )
