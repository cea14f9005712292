"""Prepared answers, filled with what is known of a ticket."""

from collections.abc import Sequence
from difflib import get_close_matches

from helpdesk_cli.errors import Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import load
from helpdesk_cli.services.writing import ticket_facts
from helpdesk_cli.settings import Settings
from helpdesk_cli.templates.replies import Canned, canned, prepared


def listing(settings: Settings, department: str | None = None) -> list[Canned]:
    """The prepared answers that there are; of a department, or all."""
    return canned(settings.desk.templates, settings.desk.language, department)


def words(desk: Desk, number: int, slug: str) -> str:
    """A prepared answer as it reads on a ticket. Raises Usage for one that there is not, Failed for a broken one."""
    settings = desk.settings
    with desk.engine.read() as tx:
        ticket = load(tx, desk, number)
        facts = ticket_facts(tx, desk, ticket)
    usable = listing(settings, ticket.department)
    if slug not in [one.slug for one in usable]:
        raise Usage(_unknown(settings, slug, usable))
    department = settings.department.get(ticket.department) or next(iter(settings.department.values()))
    staff = desk.actor.staff
    return prepared(
        slug,
        {
            "desk": {"name": settings.desk.name},
            "department": {"name": department.name, "address": department.address},
            "ticket": facts,
            "client": facts["client"],
            "staff": {"name": staff.name if staff else desk.actor.login, "login": desk.actor.login},
        },
        department=ticket.department,
        folder=settings.desk.templates,
        language=settings.desk.language,
    )


def _unknown(settings: Settings, slug: str, usable: Sequence[Canned]) -> str:
    """What to say of a name that is none: the nearest, and all that there are."""
    if not settings.desk.templates:
        return f"--template {slug}: [desk] templates names no folder; put replies/{slug}.txt.j2 into one"
    names = [one.slug for one in usable]
    near = get_close_matches(slug, names, n=1, cutoff=0.5)
    hint = f" did you mean {near[0]}?" if near else ""
    return f"--template {slug}: there is no such answer;{hint} there are {', '.join(names) or 'none'}"
