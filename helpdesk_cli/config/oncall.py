"""The rules of who is on call; loaded where there are such tables."""

from collections.abc import Iterator

from helpdesk_cli.domain.people import RESERVED_LOGINS
from helpdesk_cli.settings import Oncall, Settings

from .forms import Fault, Key
from .service_levels import a_known

MOST_ROUNDS, LEAST_WAIT, LONGEST_WAIT = 100, 60, 7 * 86400


def check_oncall(settings: Settings) -> Iterator[Fault]:
    """Somebody is called, for something that there is, and not without a pause."""
    for slug, table in settings.oncall.items():
        here = ("oncall", slug)
        yield from _people(table, here)
        yield from _times(table, here)
        if table.calendar:
            yield from a_known("calendar", table.calendar, list(settings.calendar), (*here, "calendar"))
        if table.from_priority:
            priorities = list(settings.priority)
            yield from a_known("priority", table.from_priority, priorities, (*here, "from_priority"))
        for name in table.departments:
            yield from a_known("department", name, list(settings.department), (*here, "departments"))
        if not table.events:
            yield Fault((*here, "events"), 'there are none; such as ["opened", "breached"]')


def _people(table: Oncall, here: Key) -> Iterator[Fault]:
    """Whether the logins are staff the store knows, and doctor tells."""
    if not table.people:
        yield Fault((*here, "people"), 'names nobody; such as ["alice", "4915@pager.example"]')
    for person in table.people:
        bare = person.replace("-", "").replace("_", "").replace(".", "")
        if "@" not in person and (person in RESERVED_LOGINS or not bare.isalnum() or person.startswith("-")):
            yield Fault((*here, "people"), f'"{person}" must be a login, or the address of a pager')
        if table.people.count(person) > 1:
            yield Fault((*here, "people"), f'"{person}" stands there more than once')


def _times(table: Oncall, here: Key) -> Iterator[Fault]:
    if not 1 <= table.repeat <= MOST_ROUNDS:
        yield Fault((*here, "repeat"), f"{table.repeat} will not do; from 1 to {MOST_ROUNDS}")
    if not LEAST_WAIT <= table.after <= LONGEST_WAIT:
        yield Fault((*here, "after"), "from 1m to 7d")
    if table.every and not LEAST_WAIT <= table.every <= LONGEST_WAIT:
        yield Fault((*here, "every"), "from 1m to 7d, or 0 for no more")
