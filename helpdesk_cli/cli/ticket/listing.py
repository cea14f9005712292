"""``ticket list``."""

from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import listed
from helpdesk_cli.cli.options import moment, since_until
from helpdesk_cli.cli.output import Asked, Column, Row, Sheet, show_rows

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk

TICKETS = Sheet(
    columns=(
        Column("mark", " "),
        Column("number", "N", "number"),
        Column("subject", "Subject", weight=4),
        Column("client.name", "Client", weight=2),
        Column("client.email", "Client's address", weight=2),
        Column("client.id", "Client's id", "number"),
        Column("client.organization", "Organization", weight=1),
        Column("client", "Client", weight=1),
        Column("stage", "Stage"),
        Column("state", "State"),
        Column("priority", "Priority"),
        Column("department", "Department"),
        Column("category", "Category"),
        Column("type", "Type"),
        Column("private", "Private"),
        Column("level", "Level", "number"),
        Column("channel", "Channel"),
        Column("tags", "Tags", weight=1),
        Column("assignee", "Who", weight=1),
        Column("created_at", "Age", "age"),
        Column("updated_at", "Changed", "age"),
        Column("closed_at", "Closed", "age"),
        Column("sla", "Service level"),
        Column("due_at", "Due", "time"),
        Column("overdue", "Overdue"),
        Column("merged_into", "Merged into", "number"),
        Column("message_count", "Messages", "number"),
        Column("rating", "Rating", "number"),
        Column("waits_until", "Waits until", "time"),
    ),
    table=("mark", "number", "subject", "client.name", "stage", "assignee", "created_at"),
    lines=("number", "stage", "priority", "department", "assignee", "client.email", "updated_at", "subject"),
    number="number",
)

SAVED = Sheet(
    columns=(Column("name", "Name"), Column("options", "Options", weight=1)),
    table=("name", "options"),
    lines=("name", "options"),
    number="name",
)


@click.command(
    "list",
    epilog="""\b
Examples:
  helpdesk ticket list @mine
  helpdesk ticket list @mine --department support
  helpdesk ticket list --unanswered --department support --sort unanswered
  helpdesk ticket list --search 'invoice paid*' --state all --json
  helpdesk ticket list --client ann@example.com --ids | helpdesk ticket close -""",
)
@click.argument("saved", metavar="[@NAME]", required=False)
@click.option("--stage", metavar="STAGE", help="In that stage.")
@click.option(
    "--state",
    type=click.Choice(("open", "waiting", "closed", "all")),
    help="Open and waiting unless a state or a stage is named.",
)
@click.option("-d", "--department", metavar="D", help="Of that department.")
@click.option("--assignee", metavar="LOGIN", help="Given to that staff member; 'me', 'none'.")
@click.option("--client", metavar="EMAIL", help="Of the client with that address, any of theirs.")
@click.option("-p", "--priority", metavar="P", help="Of that priority.")
@click.option("--category", metavar="C", help="Of that category.")
@click.option("--type", metavar="T", help="Of that type.")
@click.option("--tag", metavar="TAG", help="With that tag.")
@click.option("--level", type=click.IntRange(1, 3), metavar="1|2|3", help="At that level of support.")
@click.option("--overdue", is_flag=True, help="Past their due time.")
@click.option("--unanswered", is_flag=True, help="Whose client waits for an answer.")
@click.option("--watched", is_flag=True, help="Which you watch, whoever has them.")
@click.option("--search", metavar="WORDS", help="In which all these words occur; 'pay*' finds 'payment'.")
@since_until
@click.option(
    "--sort",
    metavar="FIELD",
    help="updated (else), created, number, due, subject, client or unanswered.",
)
@listed
@shared
def list_(call: Call, saved: str | None, *, asked: Asked, **options: Any) -> None:
    """Show tickets, the last changed first.

    @NAME is a filter that has a name, to which options may be added, or say otherwise: @mine, @unanswered,
    @overdue, @unassigned, @watched, and those of the configuration; @ alone lists them. On a terminal !! marks what is
    urgent or overdue, ! what is of high priority or waits for an answer for over a day. --since and --until look
    at when a ticket was opened.
    """
    from helpdesk_cli.domain.urgency import sign
    from helpdesk_cli.services import views

    with desk(call) as opened:
        now = opened.clock()
        if saved == "@":
            _show_saved(opened, asked)
            return
        if saved is not None:
            options, asked = _saved(opened, saved, options, asked)
        wanted = _wanted(opened, now, **options)
        found = views.listing(opened, **wanted, limit=asked.most)
        rows: list[Row] = [shapes.ticket(one, now) for one in found]
        total = len(found)
        if asked.is_table:
            order = list(opened.settings.priority)
            rows = [
                {**row, "mark": sign(one.ticket, now, order)} for row, one in zip(rows, found, strict=True)
            ]
            if total == asked.most:
                total = views.count(opened, **wanted)
        show_rows(
            TICKETS,
            rows,
            asked,
            now=now,
            zone=opened.settings.desk.timezone,
            total=total,
            counted=views.MANY,
            style=_style,
            empty="no such tickets",
        )


def _wanted(
    opened: "Desk",
    now: str,
    *,
    state: str | None,
    assignee: str | None,
    overdue: bool,
    watched: bool,
    since: str | None,
    until: str | None,
    sort: str | None,
    **filters: str | int | None,
) -> dict[str, Any]:
    """What is asked of the desk by such options."""
    return {
        **filters,
        "states": _states(state, filters["stage"]),
        "assignee": {"me": opened.actor.login, "none": ""}.get(assignee or "", assignee),
        "overdue_at": now if overdue else None,
        "watcher": opened.actor.login if watched else None,
        "since": moment(opened, since),
        "until": moment(opened, until),
        "order": sort or "updated",
    }


def _saved(opened: "Desk", name: str, options: dict[str, Any], asked: Asked) -> tuple[dict[str, Any], Asked]:
    """A saved filter's options, and those that were given instead or besides; where a ticket stands is one of them."""
    from msgspec.structs import replace

    from helpdesk_cli.services import saved

    given = {option: value for option, value in options.items() if value not in (None, False)}
    found = saved.options(saved.named(opened.settings, name))
    if given.keys() & {"state", "stage"}:
        found = {option: value for option, value in found.items() if option not in ("state", "stage")}
    limit = found.pop("limit", None)
    return {**options, **found, **given}, replace(asked, limit=asked.limit or limit)


def _show_saved(opened: "Desk", asked: Asked) -> None:
    """List the saved filters with their options."""
    from helpdesk_cli.services import saved

    rows = []
    for name, wanted in saved.filters(opened.settings).items():
        options = saved.options(wanted)
        words = (
            f"--{option}" if value is True else f"--{option} {value}" for option, value in options.items()
        )
        rows.append({"name": f"@{name}", "options": options if asked.as_json else " ".join(words)})
    show_rows(SAVED, rows, asked)


def _states(state: str | None, stage: object) -> tuple[str, ...]:
    if state is None:
        return () if stage is not None else ("open", "waiting")
    return () if state == "all" else (state,)


def _style(row: Row) -> str:
    if row["state"] == "closed":
        return "dim"
    return {"!!": "bold red", "!": "yellow"}.get(str(row.get("mark", "")), "")
