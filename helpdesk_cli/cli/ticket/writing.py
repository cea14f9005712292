"""``ticket new``, ``reply`` and ``note``: what staff write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import attach, files, number, spent, text
from helpdesk_cli.cli.output import put
from helpdesk_cli.cli.ticket.prepared import Writing, from_template, template
from helpdesk_cli.cli.ticket.report import report, warn_of_blockers
from helpdesk_cli.cli.wording import Wording

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.tickets import Answer

SOON = "the mail leaves at the next notify"


def soon(opened: "Desk", number: int) -> str:
    """When an answer leaves, and how it may be taken back where the desk holds it a while."""
    from helpdesk_cli.domain.spoken import span_of

    held = opened.settings.operation.hold_answers
    if not held:
        return SOON
    told = span_of(held) if held >= 60 else f"{held} second{'s' if held > 1 else ''}"
    return f"the mail leaves in {told}; until then 'helpdesk ticket unsend {number}' takes it back"


@click.command(
    "new",
    epilog="""\b
Example:
  helpdesk ticket new --client ann@example.com -s "Printer on fire" -m "She called: smoke on floor 3."

Without -m and -F the editor opens on a terminal; elsewhere standard input is read.""",
)
@click.option("--client", required=True, metavar="EMAIL", help="Who asks; unknown addresses become clients.")
@click.option("--name", default="", metavar="NAME", help="What a new client is called.")
@click.option("-s", "--subject", required=True, metavar="SUBJECT", help="What it is about, in one line.")
@text
@click.option("-d", "--department", metavar="D", help="Who shall answer; else yours, or the only one.")
@click.option("-p", "--priority", metavar="P", help="How urgent it is; else the middle one.")
@click.option("--category", metavar="C", help="What it is about.")
@click.option("--type", metavar="T", help="What kind of thing it is.")
@click.option(
    "--channel",
    type=click.Choice(("phone", "web", "email", "other")),
    default="phone",
    show_default=True,
    help="How the client asked.",
)
@attach
@as_json
@shared
def new(call: Call, *, wording: Wording, attach: tuple[str, ...], as_json: bool, **fields: str) -> None:
    """Enter a ticket on a client's behalf; they are told as if they had written."""
    from helpdesk_cli.services import tickets

    with wording.kept(), desk(call) as opened:
        words = wording.read(about=f"{fields['client']}: {fields['subject']}")
        wish = tickets.NewTicket(text=words, files=files(opened, attach), **fields)
        entered = tickets.new(opened, wish)
        wording.saved()
        if not as_json:
            put(str(entered))
        report(call, opened, [entered], f"opened; {SOON}", as_json=as_json)


@click.command(
    "reply",
    cls=Writing,
    epilog="""\b
Examples:
  helpdesk ticket reply 1024 -m "It is fixed." --stage done --time 15m
  helpdesk ticket reply HD-1024 -F answer.txt -a invoice.pdf -c boss@example.com
  helpdesk ticket reply 1024 --template restart -e
  helpdesk ticket reply --template ?""",
)
@number
@text
@template
@attach
@click.option("-c", "--cc", metavar="ADDR", multiple=True, help="Who hears as well from now on.")
@click.option("--stage", metavar="STAGE", help="Move the ticket there as well.")
@spent
@click.option("-y", "--yes", is_flag=True, help="Send it though somebody spoke while it was written.")
@as_json
@shared
def reply(
    call: Call,
    number: int,
    *,
    wording: Wording,
    template: str | None,
    attach: tuple[str, ...],
    cc: tuple[str, ...],
    stage: str | None,
    spent: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Answer the client of a ticket and all who take part; the mail leaves at the next notify.

    While an editor is open, others who look at the ticket are told. Where the client or a colleague wrote
    meanwhile, you see what, and are asked.
    """
    from helpdesk_cli.cli.ticket.together import insisting
    from helpdesk_cli.services import tickets

    with (
        wording.kept(),
        desk(call) as opened,
        _answer(opened, number, wording, attach, cc=cc, stage=stage, template=template) as answer,
    ):
        written = replace(answer, seconds=spent)
        insisting(
            lambda seen: tickets.reply(opened, number, replace(written, seen=seen[number])),
            {number: written.seen},
            sure=yes,
        )
        wording.saved()
        report(call, opened, [number], f"answered; {soon(opened, number)}", as_json=as_json)
        if stage is not None:
            warn_of_blockers(opened, [number])


@click.command(
    "note",
    cls=Writing,
    epilog="""\b
Example:
  helpdesk ticket note 1024 -m "He called, we call back on Monday." --stage awaiting
  helpdesk ticket note 1024 --template checklist""",
)
@number
@text
@template
@attach
@click.option("--stage", metavar="STAGE", help="Move the ticket there as well.")
@spent
@as_json
@shared
def note(
    call: Call,
    number: int,
    *,
    wording: Wording,
    template: str | None,
    attach: tuple[str, ...],
    stage: str | None,
    spent: int,
    as_json: bool,
) -> None:
    """Write down what only staff see; it never leaves the desk."""
    from helpdesk_cli.services import tickets

    with (
        wording.kept(),
        desk(call) as opened,
        _answer(opened, number, wording, attach, cc=(), stage=stage, template=template) as answer,
    ):
        tickets.note(opened, number, replace(answer, seconds=spent))
        wording.saved()
        report(call, opened, [number], "noted", as_json=as_json)


@contextmanager
def _answer(
    opened: "Desk",
    number: int,
    wording: Wording,
    paths: tuple[str, ...],
    *,
    cc: tuple[str, ...],
    stage: str | None,
    template: str | None,
) -> "Iterator[Answer]":
    """What was written, after a look whether that ticket may be written to at all."""
    from helpdesk_cli.cli.ticket.together import about, pen
    from helpdesk_cli.services import tickets, views

    views.one(opened, number)
    from_template(opened, number, wording, template)
    attached = files(opened, paths)
    with pen(opened, number, wording) as (seen, told):
        below = about(opened, number, told) if wording.opens_editor else ""
        yield tickets.Answer(text=wording.read(about=below), files=attached, cc=cc, stage=stage, seen=seen)
