"""``ticket attachments`` and ``ticket log``."""

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import listed
from helpdesk_cli.cli.options import number
from helpdesk_cli.cli.output import Asked, Column, Row, Sheet, show_rows

FILES = Sheet(
    columns=(
        Column("id", "N", "number"),
        Column("name", "Name", weight=3),
        Column("type", "Type", weight=1),
        Column("size", "Size", "size"),
        Column("sha256", "SHA-256"),
        Column("message", "Message", "number"),
        Column("path", "Saved as", weight=3),
    ),
    table=("id", "name", "type", "size"),
    lines=("id", "name", "type", "size", "sha256"),
)

LOG = Sheet(
    columns=(
        Column("at", "When", "time"),
        Column("actor", "Who", weight=1),
        Column("kind", "What"),
        Column("data", "More", weight=3),
    ),
    table=("at", "actor", "kind", "data"),
    lines=("at", "actor", "kind", "data"),
    number="at",
)


@click.command(
    "attachments",
    epilog="""\b
Examples:
  helpdesk ticket attachments 1024
  helpdesk ticket attachments 1024 --save ~/1024""",
)
@number
@click.option("--save", metavar="DIR", help="Write them into this folder; nothing in it is overwritten.")
@listed
@shared
def attachments(call: Call, number: int, *, save: str | None, asked: Asked) -> None:
    """Show the files of a ticket with their numbers, or save them all."""
    from helpdesk_cli.services import views

    with desk(call) as opened:
        sheet = FILES
        rows: list[Row]
        if save is None:
            rows = [shapes.attachment(file) for file in views.attachments(opened, number)]
        else:
            from functools import partial

            from helpdesk_cli.cli import front
            from helpdesk_cli.services.saving import save_attachments, write_into

            write = front.held.save if front.held is not None else partial(write_into, save)
            sheet = Sheet(columns=FILES.columns, table=("id", "path", "size"), lines=("path",))
            saved = save_attachments(opened, number, write)
            rows = [{**shapes.attachment(one.file), "path": one.path} for one in saved]
        show_rows(sheet, rows[: asked.limit], asked, empty=f"ticket {number} has no attachments")


@click.command("log", epilog="Example: helpdesk ticket log 1024")
@number
@listed
@shared
def log(call: Call, number: int, *, asked: Asked) -> None:
    """Show what happened to a ticket, by whom and when; the newest last."""
    from helpdesk_cli.services import views

    with desk(call) as opened:
        found = views.whole(opened, number).events
        rows: list[Row] = [shapes.event(one) for one in found]
        shown = rows[-asked.most :] if asked.most else rows
        show_rows(
            LOG,
            shown,
            asked,
            now=opened.clock(),
            zone=opened.settings.desk.timezone,
            total=len(rows),
        )
