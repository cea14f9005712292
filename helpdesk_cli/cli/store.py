"""The store: copied to a file, moved to another database, read through."""

import os
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import output, shapes
from helpdesk_cli.cli.app import Call, Noun, desk, shared
from helpdesk_cli.cli.front import only_here
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.output import Asked, Column, Sheet
from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.errors import Failed, NotAllowed

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.moving import Moved


@click.group("store", cls=Noun, later="restore upgrade purge", epilog="Example: helpdesk store verify")
def store() -> None:
    """Copy and examine the store."""


@store.command("backup", epilog="Example: helpdesk store backup /var/backups/helpdesk.db")
@click.argument("file")
@as_json
@shared
def store_backup(call: Call, file: str, as_json: bool) -> None:
    """Write a complete copy of the running store to a new file.

    The key and the configuration are files of their own: keep copies of them too.
    """

    with desk(call, is_upkeep=True) as opened:
        if not may_administer(opened.actor):
            raise NotAllowed("only an admin or the store's owner may copy the store, for it holds everything")
        only_here(f"store backup {file}")
        opened.engine.backup(os.path.abspath(file))  # noqa: PTH100
    size = os.path.getsize(file)  # noqa: PTH202
    if as_json:
        output.show_json({"path": os.path.abspath(file), "size": size})  # noqa: PTH100
    elif call.verbosity > 0:
        output.say(f"{file}: {size:,} bytes")


@store.command("verify", epilog="Example: helpdesk store verify")
@as_json
@shared
def store_verify(call: Call, as_json: bool) -> None:
    """Read the whole store and say what is wrong with it."""
    with desk(call, is_job=True) as opened:
        faults = opened.engine.verify()
    if as_json:
        output.show_json({"faults": faults})
    if faults:
        raise Failed(f"the store is damaged: {'; '.join(faults[:5])}; put the last backup back")
    if not as_json and call.verbosity >= 0:
        output.put("the store is sound")


TABLES = Sheet(
    columns=(Column("name"), Column("rows", kind="number"), Column("size", kind="size")),
    table=("name", "rows", "size"),
    lines=("name", "rows", "size"),
    number="name",
)


@store.command(
    "copy",
    epilog="""\b
Examples:
  helpdesk store copy --to postgresql://desk@db.example/desk
  helpdesk store copy --to sqlite:/srv/helpdesk/helpdesk.db
  helpdesk store copy --to postgresql://desk@db.example/desk --dry-run""",
)
@click.option(
    "--to", "to", metavar="URL", required=True, help="sqlite:FILE or postgresql://USER@HOST/DATABASE."
)
@click.option(
    "-n", "--dry-run", is_flag=True, help="Say what would be copied, and about how much; write nothing."
)
@as_json
@shared
def store_copy(call: Call, to: str, dry_run: bool, as_json: bool) -> None:
    """Copy the whole desk to another store, and prove that both hold the same.

    Stop the crontab before, on every host. What is copied is a file or a database where nothing is yet; an
    empty database is made by its server's administrator. A copy that was interrupted goes on where it was when
    it is run again. Only when counts and hashes of all tables agree the new store can be used. The old one
    stays as it is.

    A password is taken from [store] password_command, or from where PostgreSQL's programs look for it
    (PGPASSWORD, ~/.pgpass, a service file), never from the command line.
    """
    from helpdesk_cli.services import moving

    with desk(call, is_upkeep=True) as opened:
        only_here(f"store copy --to {to}")
        url = moving.target_url(to)
        if dry_run:
            sizes = moving.survey(opened, url)
            if as_json:
                output.show_json(shapes.to_copy(opened.engine.place, url, sizes))
            else:
                rows = [{"name": one.name, "rows": one.rows, "size": one.weight} for one in sizes]
                output.show_rows(TABLES, rows, Asked())
            return
        moved = moving.move(opened, url, bar=output.progress)
        if as_json:
            output.show_json(shapes.moved(moved))
        if moved.failure is not None:
            raise moved.failure
        if not as_json and call.verbosity >= 0:
            output.put(output.safe(summary(moved, opened, url)))
    if moved.damaged:
        raise Failed(
            f"{len(moved.damaged):,} of the mails and files in the old store were damaged before, and are so in "
            f"the new one, which is complete otherwise: {', '.join(moved.damaged[:5])}"
            + (" …" if len(moved.damaged) > 5 else "")
        )


def summary(moved: "Moved", opened: "Desk", url: str) -> str:
    """What was done, and what somebody does next."""
    from msgspec import json

    rows, written, removed = (
        sum(getattr(one, name) for one in moved.tables) for name in ("rows", "written", "removed")
    )
    settings = opened.settings
    steps = [
        f"write into {settings.source}, under [store]: url = {json.encode(url).decode()}",
        "helpdesk doctor",
        "start the crontab again",
    ]
    if url != f"sqlite:{moved.target}":
        steps[2] += (
            f"; on each further host too, with the same configuration and a copy of the key {settings.desk.secret_file}"
        )
    return "\n".join(
        [
            f"{rows:,} rows of {len(moved.tables)} tables are in {moved.target}: counts and hashes agree "
            f"({written:,} written now, {removed:,} removed).",
            "",
            "Next:",
            *(f"  {number}. {step}" for number, step in enumerate(steps, 1)),
            "",
            f"The old store, {moved.source}, is as it was; keep it until the new one has proved itself.",
        ]
    )
