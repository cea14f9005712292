"""``ticket unsend``: an answer taken back before it left, its text handed back."""

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import number
from helpdesk_cli.cli.output import put, safe, show_json
from helpdesk_cli.cli.ticket.report import report


@click.command(
    "unsend",
    epilog="""\b
Examples:
  helpdesk ticket unsend 1024
  helpdesk ticket unsend 1024 > answer.txt && helpdesk ticket reply 1024 -F answer.txt -e

With [operation] hold_answers = "30s" every answer waits so long. What left already is 1, and says to whom.""",
)
@number
@as_json
@shared
def unsend(call: Call, number: int, *, as_json: bool) -> None:
    """Take back your newest answer on a ticket, as long as none of its mails has left; its text is printed.

    It stays on the ticket as a note that no mail ever repeats. The ticket goes back into the stage from which
    the answer took it, and is unanswered as before.
    """
    from helpdesk_cli.services import unsending, views

    with desk(call) as opened:
        taken = unsending.unsend(opened, number)
        if as_json:
            (listed,) = views.changed(opened, [number])
            back = {"message": taken.message.id, "text": taken.message.new_text, "to": list(taken.to)}
            show_json({**shapes.ticket(listed, opened.clock()), "unsent": back})
            return
        put(safe(taken.message.new_text))
        to = ", ".join(taken.to)
        report(call, opened, [number], f"your answer to {to} was taken back", as_json=False)
