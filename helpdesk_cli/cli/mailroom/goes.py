"""``outbox …``: every mail to send or sent."""

from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, Noun, desk, shared
from helpdesk_cli.cli.lists import as_json, listed
from helpdesk_cli.cli.options import moment
from helpdesk_cli.cli.output import Asked, Column, Sheet, done, facts, show_json, show_page, show_rows
from helpdesk_cli.errors import DeskError, Usage

from .letters import read, show_raw

if TYPE_CHECKING:
    from helpdesk_cli.services.mailroom import Letter

OUTBOX = Sheet(
    columns=(
        Column("id", "ID", "number"),
        Column("kind", "Kind"),
        Column("state", "State"),
        Column("to", "To", weight=2),
        Column("subject", "Subject", weight=2),
        Column("ticket", "Ticket", "number"),
        Column("attempts", "Tries", "number"),
        Column("next_attempt_at", "Next try", "time"),
        Column("error", "Error", weight=2),
        Column("message_id", "Message-ID", weight=1),
    ),
    table=("id", "kind", "state", "to", "ticket", "attempts", "next_attempt_at", "error"),
    lines=("id", "kind", "state", "to", "ticket", "attempts", "next_attempt_at", "error", "subject"),
)

COLOURS = {"failed": "bold red", "bounced": "bold red", "uncertain": "yellow", "deferred": "yellow"}


@click.group("outbox", cls=Noun, epilog="Example: helpdesk outbox list")
def outbox() -> None:
    """See every mail to send or sent. ID is its number in 'outbox list'."""


@outbox.command(
    "list",
    epilog="""\b
Examples:
  helpdesk outbox list
  helpdesk outbox list --state failed --ids
  helpdesk outbox list --all --since yesterday""",
)
@click.option("--state", metavar="S", help="In this state: queued, deferred, sent, uncertain, failed, …")
@click.option("--all", "everything", is_flag=True, help="The sent ones too; else what is not sent.")
@click.option("--since", metavar="TIME", help="Put since: a date, 'yesterday', '2h'.")
@listed
@shared
def list_(call: Call, *, state: str | None, everything: bool, since: str | None, asked: Asked) -> None:
    """Show the mails that are not sent, the newest first.

    A deferred one is tried again by itself; an uncertain one may have arrived, so decide between 'retry' and
    'drop'; a failed one was given up.
    """
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        found = mailroom.letters(
            opened,
            state=state,
            everything=everything,
            since=moment(opened, since),
            limit=None if asked.is_table else asked.limit,
        )
        show_rows(
            OUTBOX,
            [shapes.outbox(one) for one in found[: asked.most]],
            asked,
            now=opened.clock(),
            zone=opened.settings.desk.timezone,
            total=len(found),
            style=lambda row: COLOURS.get(str(row["state"]), ""),
            empty="everything is sent; --all shows it",
        )


@outbox.command(
    "show",
    epilog="""\b
Examples:
  helpdesk outbox show 17
  helpdesk outbox show 17 --raw""",
)
@click.argument("item", metavar="ID", type=int)
@click.option("--raw", is_flag=True, help="The mail's bytes as they would be handed over now.")
@as_json
@shared
def show(call: Call, item: int, *, raw: bool, as_json: bool) -> None:
    """Show a letter: what became of it, and the mail as it would be written now."""
    from helpdesk_cli.services import mailroom

    if raw and as_json:
        raise Usage("--raw and --json exclude each other")
    with desk(call) as opened:
        letter = mailroom.letter(opened, item)
        if raw:
            show_raw(mailroom.letter_raw(opened, item))
            return
        unwritten = ""
        try:
            inbound = mailroom.letter_read(opened, item)
        except (DeskError, ValueError) as error:  # a broken template, an impossible address: still to be seen
            inbound, unwritten = None, str(error)
        if as_json:
            show_json({**shapes.outbox_whole(letter), "text": inbound.text if inbound else None})
            return
        known = [
            ("letter", f"{letter.id} ({letter.kind})"),
            ("to", f"{letter.recipient_name} <{letter.recipient}>".strip()),
            ("state", letter.state),
            ("error", letter.error),
            ("ticket", letter.ticket),
            ("put", letter.created_at),
            ("sent", letter.sent_at),
            ("answer", letter.said),
            ("attempts", letter.attempts),
            ("next attempt", shapes.outbox(letter)["next_attempt_at"]),
            ("message-id", letter.message_id),
            ("cannot be written", unwritten),
        ]
        show_page([*facts(known), *(() if unwritten else read(inbound))])


ids = click.argument("items", metavar="ID …", nargs=-1, required=True, type=int)


@outbox.command("retry", epilog="Example: helpdesk outbox retry 17 18")
@ids
@as_json
@shared
def retry(call: Call, items: tuple[int, ...], *, as_json: bool) -> None:
    """Let mails go at the next notify, whatever came of them so far; a sent one never goes twice."""
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        _told(call, mailroom.retry_letters(opened, items), as_json=as_json)


@outbox.command("drop", epilog="Example: helpdesk outbox drop 17")
@ids
@as_json
@shared
def drop(call: Call, items: tuple[int, ...], *, as_json: bool) -> None:
    """Never send mails that wait; 'retry' changes that again."""
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        _told(call, mailroom.drop_letters(opened, items), as_json=as_json)


def _told(call: Call, letters: "list[Letter]", *, as_json: bool) -> None:
    """What became of the letters: one object alone, or an array of several, or a line each for people."""
    if as_json:
        found = [shapes.outbox(letter) for letter in letters]
        show_json(found[0] if len(found) == 1 else found)
        return
    for letter in letters:
        done(f"letter {letter.id} to {letter.recipient}: {letter.state}", call.verbosity)
