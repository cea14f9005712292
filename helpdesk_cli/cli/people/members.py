"""``staff …``: who answers."""

import sys
from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, Noun, desk, shared
from helpdesk_cli.cli.lists import as_json, listed
from helpdesk_cli.cli.options import days_away
from helpdesk_cli.cli.output import (
    Asked,
    Column,
    Sheet,
    done,
    facts,
    has_people,
    line,
    show_json,
    show_page,
    show_rows,
    warn,
)
from helpdesk_cli.cli.wording import confirm
from helpdesk_cli.errors import Usage

if TYPE_CHECKING:
    from helpdesk_cli.domain.people import Staff

LEVEL = click.IntRange(1, 3)

STAFF = Sheet(
    columns=(
        Column("login", "Login"),
        Column("name", "Name", weight=2),
        Column("email", "Address", weight=2),
        Column("role", "Role"),
        Column("departments", "Departments", weight=2),
        Column("level", "Level", "number"),
        Column("away_from", "Away from"),
        Column("away_to", "Away to"),
        Column("deputy", "Deputy"),
        Column("created_at", "For", "age"),
        Column("retired_at", "Retired", "time"),
        Column("id", "N", "number"),
    ),
    table=(
        "login",
        "name",
        "email",
        "role",
        "departments",
        "level",
        "away_from",
        "away_to",
        "deputy",
        "retired_at",
    ),
    lines=("login", "name", "email", "role", "departments", "retired_at"),
    number="login",
)


@click.group("staff", cls=Noun, epilog="Example: helpdesk staff list")
def staff() -> None:
    """Work with staff, who answer. LOGIN is the name under which they work on this machine."""


@staff.command(
    "new", epilog="Example: helpdesk staff new bob --name 'Bob Baker' --email bob@example.com --role admin"
)
@click.argument("login", metavar="LOGIN")
@click.option("--name", required=True, metavar="NAME", help="What they are called; clients may see it.")
@click.option("--email", required=True, metavar="ADDR", help="Where they hear of tickets.")
@click.option("--role", default="staff", metavar="ROLE", help="staff (else), or admin, who may do all.")
@click.option("--level", type=LEVEL, default=1, metavar="1|2|3", help="Of support; else 1.")
@as_json
@shared
def new(call: Call, login: str, *, name: str, email: str, role: str, level: int, as_json: bool) -> None:
    """Make a staff member; 'staff join' puts them into a department."""
    from helpdesk_cli.services import members

    with desk(call) as opened:
        made = members.new_staff(opened, login, name=name, email=email, role=role, level=level)
        words = f"is {made.role} now; next: helpdesk staff join {login} DEPARTMENT"
        if not any(one.is_admin for one in members.staff(opened)):
            words += f"; nobody is an admin yet: helpdesk staff edit {login} --role admin"
        _told(call, made, words, as_json=as_json)


@staff.command("list", epilog="Example: helpdesk staff list --department support")
@click.option("-d", "--department", metavar="D", help="Who answers for that department.")
@click.option("--all", "everybody", is_flag=True, help="With those who retired.")
@listed
@shared
def list_(call: Call, *, department: str | None, everybody: bool, asked: Asked) -> None:
    """Show staff by login."""
    from helpdesk_cli.services import members
    from helpdesk_cli.services.slugs import slug_of

    with desk(call) as opened:
        slug = slug_of("department", opened.settings.department, department)
        found = members.staff(opened, department=slug, retired=everybody)
        show_rows(
            STAFF,
            [shapes.staff(one) for one in found[: asked.most]],
            asked,
            now=opened.clock(),
            zone=opened.settings.desk.timezone,
            total=len(found),
            empty="nobody; 'helpdesk staff new' makes a staff member",
        )


@staff.command("show", epilog="Example: helpdesk staff show bob")
@click.argument("login", metavar="LOGIN")
@as_json
@shared
def show(call: Call, login: str, *, as_json: bool) -> None:
    """Show a staff member."""
    from helpdesk_cli.services import members

    with desk(call) as opened:
        found = members.one_staff(opened, login)
        if as_json:
            show_json(shapes.staff(found))
            return
        known = [
            ("login", found.login),
            ("name", found.name),
            ("address", found.email),
            ("role", found.role),
            ("departments", ", ".join(found.departments)),
            ("level", str(found.level)),
            ("away", _days(found)),
            ("deputy", found.deputy),
            ("notices", _notices(found)),
            ("pager", found.pager),
            ("since", found.created_at),
            ("retired", found.retired_at),
        ]
        show_page(list(facts(known)))


@staff.command(
    "edit",
    epilog="""\b
Examples:
  helpdesk staff edit bob --email bob@new.example --role admin
  helpdesk staff edit bob --away 2026-12-24 2027-01-06 --deputy carla
  helpdesk staff edit bob --away today -
  helpdesk staff edit bob --notices daily --notices assigned="at once" --notices noted=off
  helpdesk staff edit bob --back""",
)
@click.argument("login", metavar="LOGIN")
@click.option("--name", metavar="NAME", help="What they are called.")
@click.option(
    "--email", metavar="ADDR", help="Where they hear of tickets; the old address still counts as theirs."
)
@click.option("--role", metavar="ROLE", help="staff or admin.")
@click.option("--level", type=LEVEL, metavar="1|2|3", help="Of support.")
@click.option(
    "--away",
    nargs=2,
    metavar="FROM TO",
    help="From the first day to the last one: dates, 'today', 'friday', 'in 2 weeks'; TO '-' is without end.",
)
@click.option("--back", is_flag=True, help="They are there again, or do not go.")
@click.option("--deputy", metavar="LOGIN|none", help="Who hears in their place while they are away.")
@click.option("--pager", metavar="ADDR|none", help="Where pages go; else to their address.")
@click.option(
    "--notices",
    multiple=True,
    metavar="WHEN|EVENT=WHEN",
    help="When mails about tickets reach them, all or those of an event: 'at once', hourly, daily, off. Repeatable.",
)
@click.option(
    "--every-ticket",
    type=click.Choice(["yes", "no"]),
    metavar="yes|no",
    help="Of an admin: hear of all tickets.",
)
@click.option("--active", is_flag=True, help="Bring back one who retired.")
@as_json
@shared
def edit(
    call: Call,
    login: str,
    *,
    active: bool,
    away: tuple[str, str] | None,
    back: bool,
    notices: tuple[str, ...],
    every_ticket: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Change what is known of a staff member; what is not named stays.

    Who is away gets no tickets from the desk. --away, --back, --deputy, --notices and --every-ticket anybody may
    say of themselves. Events are opened, replied, answered, noted, assigned, escalated, handed-over, moved, closed,
    reopened, rule, warning and breach (of a service level: at once unless they are named), and department: whatever
    they hear only because they are of the department.
    """
    from helpdesk_cli.services import members

    if back and away:
        raise Usage("--away and --back exclude each other")
    hears = notices or every_ticket is not None
    if not (active or back or away or hears or any(value is not None for value in fields.values())):
        raise Usage(
            "nothing to change: name --name, --email, --role, --level, --away, --back, --deputy, --pager, --notices, "
            "--every-ticket or --active"
        )
    with desk(call) as opened:
        days = members.Away() if back else days_away(opened, away)
        every = None if every_ticket is None else every_ticket == "yes"
        changed = members.edit_staff(
            opened, login, active=active, away=days, notices=notices, every_ticket=every, **fields
        )
        _told(call, changed, f"away {_days(changed)}" if away else "changed", as_json=as_json)
        if (away or fields["deputy"]) and (doubt := members.stand_in(opened, login)):
            warn(doubt)


@staff.command("retire", epilog="Example: helpdesk staff retire bob")
@click.argument("login", metavar="LOGIN")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@as_json
@shared
def retire(call: Call, login: str, *, yes: bool, as_json: bool) -> None:
    """Let a staff member go: their history stays, nothing more reaches them, their login is refused.

    'helpdesk staff edit LOGIN --active' brings them back.
    """
    from helpdesk_cli.services import members

    with desk(call) as opened:
        member = members.one_staff(opened, login)
        if not yes and sys.stdin.isatty() and has_people():
            confirm(f"retire {line(member.name)} ({line(login)})?")
        members.retire(opened, login)
        _told(call, members.one_staff(opened, login), "retired", as_json=as_json)


@staff.command("join", epilog="Example: helpdesk staff join bob support")
@click.argument("login", metavar="LOGIN")
@click.argument("department", metavar="DEPARTMENT")
@as_json
@shared
def join(call: Call, login: str, department: str, *, as_json: bool) -> None:
    """Put a staff member into a department: they see its tickets and hear of them."""
    from helpdesk_cli.services import members

    with desk(call) as opened:
        _told(call, members.join(opened, login, department), f"joined {department}", as_json=as_json)


@staff.command("leave", epilog="Example: helpdesk staff leave bob support")
@click.argument("login", metavar="LOGIN")
@click.argument("department", metavar="DEPARTMENT")
@as_json
@shared
def leave(call: Call, login: str, department: str, *, as_json: bool) -> None:
    """Take a staff member out of a department."""
    from helpdesk_cli.services import members

    with desk(call) as opened:
        left = members.join(opened, login, department, leave=True)
        _told(call, left, f"left {department}", as_json=as_json)


def _days(one: "Staff") -> str:
    """The days on which a staff member is away, in words."""
    if one.away_from is None and one.away_to is None:
        return ""
    return f"{one.away_from or '…'} to {one.away_to or '…'}"


def _notices(one: "Staff") -> str:
    """When they hear, in words."""
    named = ", ".join(f"{kind} {word}" for kind, word in one.wishes.named.items())
    words = one.wishes.every + (f" ({named})" if named else "")
    return words + ("; of every ticket" if one.every_ticket else "")


def _told(call: Call, one: "Staff", words: str, *, as_json: bool) -> None:
    if as_json:
        show_json(shapes.staff(one))
    else:
        done(f"{one.login}: {words}", call.verbosity)
