"""``inbox …``: every message that came and what became of it."""

from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, Noun, desk, shared
from helpdesk_cli.cli.lists import as_json, listed
from helpdesk_cli.cli.options import moment
from helpdesk_cli.cli.output import Asked, Column, Sheet, done, facts, show_json, show_page, show_rows, size
from helpdesk_cli.errors import Usage

from .letters import read, show_raw

if TYPE_CHECKING:
    from helpdesk_cli.services.mailroom import Entry

INBOX = Sheet(
    columns=(
        Column("id", "ID", "number"),
        Column("at", "Came", "age"),
        Column("mailbox", "Mailbox"),
        Column("outcome", "Outcome"),
        Column("reason", "Why"),
        Column("ticket", "Ticket", "number"),
        Column("from", "From", weight=2),
        Column("subject", "Subject", weight=3),
        Column("size", "Size", "size"),
        Column("sha256", "SHA-256"),
        Column("message_id", "Message-ID", weight=1),
    ),
    table=("id", "at", "outcome", "reason", "ticket", "from", "subject"),
    lines=("id", "at", "mailbox", "outcome", "reason", "ticket", "from", "subject"),
)

COLOURS = {"failed": "bold red", "held": "yellow", "pending": "yellow", "opened": "", "replied": ""}


@click.group("inbox", cls=Noun, epilog="Example: helpdesk inbox list")
def inbox() -> None:
    """See every message that came and what became of it. ID is its number in 'inbox list'."""


@inbox.command(
    "list",
    epilog="""\b
Examples:
  helpdesk inbox list
  helpdesk inbox list --all --since yesterday
  helpdesk inbox list --outcome held --ids""",
)
@click.option("--outcome", metavar="O", help="That became this: opened, replied, held, spam, failed, …")
@click.option("--mailbox", metavar="M", help="That came through this mailbox.")
@click.option("--all", "everything", is_flag=True, help="All that ever came; else what needs a person.")
@click.option("--since", metavar="TIME", help="That came since: a date, 'yesterday', '2h'.")
@listed
@shared
def list_(
    call: Call,
    *,
    outcome: str | None,
    mailbox: str | None,
    everything: bool,
    since: str | None,
    asked: Asked,
) -> None:
    """Show what needs a person: pending, held and failed messages; the newest first.

    A held one waits for 'release' or 'drop'; a failed one for 'retry'; a pending one is settled by the next
    fetch-mail.
    """
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        found = mailroom.entries(
            opened,
            outcome=outcome,
            mailbox=mailbox,
            everything=everything,
            since=moment(opened, since),
            limit=None if asked.is_table else asked.limit,
        )
        show_rows(
            INBOX,
            [shapes.inbox(one) for one in found[: asked.most]],
            asked,
            now=opened.clock(),
            zone=opened.settings.desk.timezone,
            total=len(found),
            style=lambda row: COLOURS.get(str(row["outcome"]), "dim"),
            empty="nothing needs a person; --all shows every message",
        )


@inbox.command(
    "show",
    epilog="""\b
Examples:
  helpdesk inbox show 17
  helpdesk inbox show 17 --raw > mail.eml""",
)
@click.argument("item", metavar="ID", type=int)
@click.option("--raw", is_flag=True, help="Its bytes as they came.")
@as_json
@shared
def show(call: Call, item: int, *, raw: bool, as_json: bool) -> None:
    """Show a message that came: what became of it, and what it says."""
    from helpdesk_cli.services import mailroom

    if raw and as_json:
        raise Usage("--raw and --json exclude each other")
    with desk(call) as opened:
        entry = mailroom.entry(opened, item)
        data = mailroom.raw(opened, item)
        if raw:
            show_raw(data)
            return
        inbound = mailroom.read_again(data)
        if as_json:
            text = inbound.text if inbound else None
            attachments = [part.name for part in inbound.attachments] if inbound else []
            show_json({**shapes.inbox_whole(entry), "text": text, "attachments": attachments})
            return
        known = [
            ("message", entry.id),
            ("came", f"{entry.at} through {entry.mailbox}"),
            ("outcome", entry.outcome + (f" ({entry.reason})" if entry.reason else "")),
            ("ticket", entry.ticket),
            ("duplicate of", entry.duplicate_of),
            ("note", entry.note),
            ("attempts", entry.attempts),
            ("size", size(entry.size) + ("" if entry.is_whole else "; only its head is here")),
            ("message-id", entry.message_id),
        ]
        show_page([*facts(known), *read(inbound)])


ids = click.argument("items", metavar="ID …", nargs=-1, required=True, type=int)


@inbox.command(
    "release",
    epilog="""\b
Examples:
  helpdesk inbox release 17
  helpdesk inbox release 17 --client ann@example.com --department support""",
)
@ids
@click.option("--client", metavar="ADDR", help="From whom it is, where it does not say so itself.")
@click.option("-d", "--department", metavar="D", help="Who shall answer, where no address says so.")
@as_json
@shared
def release(
    call: Call, items: tuple[int, ...], *, client: str | None, department: str | None, as_json: bool
) -> None:
    """Let messages in that were held, rejected, ignored or taken for spam: you vouch for them."""
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        entries = [mailroom.release(opened, item, client=client, department=department) for item in items]
        _told(call, entries, as_json=as_json)


@inbox.command("retry", epilog="Example: helpdesk inbox retry 17")
@ids
@as_json
@shared
def retry(call: Call, items: tuple[int, ...], *, as_json: bool) -> None:
    """Read messages once more and decide them by today's rules: failed, held, rejected, ignored ones, spam."""
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        _told(call, [mailroom.retry(opened, item) for item in items], as_json=as_json)


@inbox.command("drop", epilog="Example: helpdesk inbox drop 17 18")
@ids
@as_json
@shared
def drop(call: Call, items: tuple[int, ...], *, as_json: bool) -> None:
    """Put messages aside as dealt with; their bytes stay, and 'release' can still let them in."""
    from helpdesk_cli.services import mailroom

    with desk(call) as opened:
        mailroom.drop(opened, items)
        _told(call, [mailroom.entry(opened, item) for item in items], as_json=as_json)


def _told(call: Call, entries: "list[Entry]", *, as_json: bool) -> None:
    """What became of the messages: one object alone, or an array of several, or a line each for people."""
    if as_json:
        found = [shapes.inbox(entry) for entry in entries]
        show_json(found[0] if len(found) == 1 else found)
        return
    for entry in entries:
        more = f" (ticket {entry.ticket})" if entry.ticket is not None else ""
        done(f"message {entry.id}: {entry.outcome}{more}", call.verbosity)
