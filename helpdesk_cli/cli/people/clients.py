"""``client …``: who asks."""

from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, Noun, desk, shared
from helpdesk_cli.cli.lists import as_json, listed
from helpdesk_cli.cli.output import (
    Asked,
    Column,
    Line,
    Row,
    Sheet,
    done,
    facts,
    line,
    show_json,
    show_page,
    show_rows,
)
from helpdesk_cli.errors import Usage

if TYPE_CHECKING:
    from helpdesk_cli.domain.people import Client

CLIENTS = Sheet(
    columns=(
        Column("id", "N", "number"),
        Column("name", "Name", weight=2),
        Column("email", "Address", weight=2),
        Column("addresses", "Addresses", weight=3),
        Column("organization", "Organization", weight=1),
        Column("note", "Note", weight=2),
        Column("created_at", "Known for", "age"),
    ),
    table=("id", "name", "email", "organization", "created_at"),
    lines=("id", "email", "name", "organization", "created_at"),
)

BLOCKS = Sheet(
    columns=(
        Column("pattern", "Blocked", weight=2),
        Column("blocked_at", "Since", "time"),
        Column("blocked_by", "By", weight=1),
    ),
    table=("pattern", "blocked_at", "blocked_by"),
    lines=("pattern", "blocked_at", "blocked_by"),
    number="pattern",
)


@click.group(
    "client", cls=Noun, later="merge export erase", epilog="Example: helpdesk client list --search ann"
)
def client() -> None:
    """Work with clients, who ask. EMAIL is any address by which a client is known."""


@client.command(
    "new",
    epilog="""\b
Example:
  helpdesk client new ann@example.com --name "Ann Archer" --organization "Example Ltd.\"""",
)
@click.argument("email", metavar="EMAIL")
@click.option("--name", default="", metavar="NAME", help="What they are called.")
@click.option("--organization", metavar="NAME", help="For whom they ask.")
@click.option("--note", default="", metavar="TEXT", help="What staff should know; the client never sees it.")
@as_json
@shared
def new(call: Call, email: str, *, as_json: bool, **fields: str) -> None:
    """Make a client before they write for the first time."""
    from helpdesk_cli.services import people

    with desk(call) as opened:
        _told(call, people.new_client(opened, email, **fields), "is a client now", as_json=as_json)


@client.command("list", epilog="Example: helpdesk client list --search example.com")
@click.option("--search", default="", metavar="PART", help="Part of a name, an address or an organization.")
@listed
@shared
def list_(call: Call, *, search: str, asked: Asked) -> None:
    """Show clients by name."""
    from helpdesk_cli.services import people

    with desk(call) as opened:
        found = people.clients(opened, search=search)
        show_rows(
            CLIENTS,
            [shapes.client(one) for one in found[: asked.most]],
            asked,
            now=opened.clock(),
            zone=opened.settings.desk.timezone,
            total=len(found),
            empty="no such clients",
        )


@client.command("show", epilog="Example: helpdesk client show ann@example.com")
@click.argument("email", metavar="EMAIL")
@as_json
@shared
def show(call: Call, email: str, *, as_json: bool) -> None:
    """Show a client, their addresses and their tickets."""
    from helpdesk_cli.services import people, views

    with desk(call) as opened:
        found, now = people.client(opened, email), opened.clock()
        tickets = [shapes.ticket(one, now) for one in views.listing(opened, client=found.email)]
        if as_json:
            show_json({**shapes.client(found), "tickets": tickets})
            return
        head: Line = ("bold", 0, line(f"{found.name} <{found.email}>"))
        known = [
            ("also", ", ".join(found.addresses[1:])),
            ("organization", found.organization),
            ("known since", found.created_at),
            ("note", found.note),
        ]
        theirs = [(str(one["number"]), f"{one['stage']}  {one['subject']}") for one in tickets]
        show_page([head, *facts(known), *([("", 0, "")] if theirs else []), *facts(theirs)])


@client.command(
    "edit", epilog="Example: helpdesk client edit ann@example.com --name 'Ann Baker' --email ann@new.example"
)
@click.argument("email", metavar="EMAIL")
@click.option("--name", metavar="NAME", help="What they are called.")
@click.option("--email", "new_email", metavar="ADDR", help="Their primary address; the old one stays known.")
@click.option("--organization", metavar="NAME", help="For whom they ask; '' for nobody.")
@click.option("--note", metavar="TEXT", help="What staff should know; '' takes it away.")
@as_json
@shared
def edit(call: Call, email: str, *, new_email: str | None, as_json: bool, **fields: str | None) -> None:
    """Change what is known of a client; what is not named stays."""
    from helpdesk_cli.services import people

    if new_email is None and not any(value is not None for value in fields.values()):
        raise Usage("nothing to change: name --name, --email, --organization or --note")
    with desk(call) as opened:
        changed = people.edit_client(opened, email, email=new_email, **fields)
        _told(call, changed, "changed", as_json=as_json)


@client.command(
    "block",
    epilog="""\b
Examples:
  helpdesk client block spammer@example.com bad.example
  helpdesk client block --remove bad.example
  helpdesk client block""",
)
@click.argument("patterns", metavar="[ADDRESS|DOMAIN …]", nargs=-1)
@click.option("--remove", is_flag=True, help="Hear them again.")
@listed
@shared
def block(call: Call, patterns: tuple[str, ...], *, remove: bool, asked: Asked) -> None:
    """Hear nothing more from addresses or whole domains; without one, show what is blocked.

    Their mail is kept in the inbox as 'ignored', and nobody is told.
    """
    from helpdesk_cli.services import people

    if remove and not patterns:
        raise Usage("--remove: name an address or a domain; 'helpdesk client block' shows them")
    with desk(call) as opened:
        if patterns:
            people.block(opened, list(patterns), undo=remove)
            done(f"{', '.join(patterns)}: {'heard again' if remove else 'blocked'}", call.verbosity)
            if not asked.as_json:
                return
        rows: list[Row] = [shapes.block(*one) for one in people.blocks(opened)]
        show_rows(
            BLOCKS,
            rows[: asked.most],
            asked,
            zone=opened.settings.desk.timezone,
            total=len(rows),
            empty="nobody is blocked",
        )


@client.group(
    "address", cls=Noun, epilog="Example: helpdesk client address add ann@example.com ann@home.example"
)
def address() -> None:
    """Work with the further addresses of a client."""


@address.command("add", epilog="Example: helpdesk client address add ann@example.com ann@home.example")
@click.argument("email", metavar="EMAIL")
@click.argument("address", metavar="ADDRESS")
@as_json
@shared
def address_add(call: Call, email: str, address: str, *, as_json: bool) -> None:
    """Let a client be known by one more address: mail from it is theirs."""
    from helpdesk_cli.services import people

    with desk(call) as opened:
        changed = people.add_address(opened, email, address)
        _told(call, changed, f"known as {address} too", as_json=as_json)


@address.command("remove", epilog="Example: helpdesk client address remove ann@example.com ann@home.example")
@click.argument("email", metavar="EMAIL")
@click.argument("address", metavar="ADDRESS")
@as_json
@shared
def address_remove(call: Call, email: str, address: str, *, as_json: bool) -> None:
    """Take a further address from a client; their primary one stays."""
    from helpdesk_cli.services import people

    with desk(call) as opened:
        changed = people.remove_address(opened, email, address)
        _told(call, changed, f"no longer known as {address}", as_json=as_json)


def _told(call: Call, one: "Client", words: str, *, as_json: bool) -> None:
    if as_json:
        show_json(shapes.client(one))
    else:
        done(f"{one.name} <{one.email}>: {words}", call.verbosity)
