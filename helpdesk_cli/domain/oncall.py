"""Who is called next, and when: the turns of a table of ``[oncall]``, as pure functions."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import SYSTEM
from helpdesk_cli.domain.ticket import CLOSED, Change, Event
from helpdesk_cli.settings import Oncall, Rate, Settings

GROUP_SECONDS = 30
"""Pages to one person within so long become one."""

GROUP_MOST = 10
"""So many tickets one page names; it has 160 characters."""

LONGEST_WAIT = 300
"""So many seconds at most a page waits for those before it: one whose server is away may wait much longer."""

RINGING = frozenset({"opened", "replied", "reopened", "escalated", "warned", "breached"})

TEXTS = {
    "replied": "the client wrote again",
    "reopened": "open again",
    "escalated": "escalated",
    "warned": "hardly time left",
    "breached": "overdue",
}
"""What a page says of an event; of a new ticket nothing but the ticket."""


class Calling(Struct, frozen=True, kw_only=True):
    """The calls of one table about one ticket. ``oncall`` is "" for those of ``[alerts]``."""

    ticket: int
    oncall: str
    event: str
    step: int = 0
    began_at: str
    next_at: str | None = None
    called: str = ""  # whom the last call reached
    calls: int = 0
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None


class Turn(Struct, frozen=True):
    """A call: whom it reaches, which step is the next one's, and after how many seconds; None: no more."""

    people: tuple[str, ...]
    step: int
    wait: int | None


def turn(table: Oncall, step: int, absent: Collection[str] = ()) -> Turn:
    """The call of a step, the first is 0; who is absent is passed over, without waiting for them.

    Where nobody at all is there the call reaches nobody, and the next one is tried after the usual time.
    """
    count = len(table.people)
    if table.order == "all":
        found = tuple(person for person in table.people if person not in absent)
        return Turn(found, step + 1, _wait(table, step + 1, table.repeat))
    for place in range(step, step + count):
        person = table.people[place % count]
        if person not in absent:
            return Turn((person,), place + 1, _wait(table, place + 1, table.repeat * count))
    return Turn((), step + 1, _wait(table, step + 1, table.repeat * count))


def is_in_rounds(table: Oncall | None, calling: Calling) -> bool:
    """Whether a table still calls one after the other. Behind its rounds, and after an acknowledgement, what
    happens anew begins anew."""
    if table is None or calling.acknowledged_at is not None or calling.next_at is None:
        return False
    return calling.step < table.repeat * (1 if table.order == "all" else len(table.people))


def _wait(table: Oncall, step: int, rounds: int) -> int | None:
    """The seconds until a step; behind the rounds they are longer."""
    return table.after if step < rounds else table.every or None


def event_of(change: Change) -> Event | None:
    """For what of a change somebody may be called, if for anything; never for what a machine wrote or nobody
    else hears of."""
    if change.silent or change.ticket.state == CLOSED:
        return None
    if change.brought is not None and (change.brought.is_automatic or change.brought.verdict == "fail"):
        return None
    for event in change.events:
        if event.kind in RINGING and (event.kind != "opened" or change.page):
            return event
    return None


def concerned(settings: Settings, change: Change, event: str) -> list[str]:
    """The tables that are asked for an event of a ticket; "" is the word of a rule or a level, for any."""
    ticket, order = change.ticket, list(settings.priority)
    return [
        slug
        for slug, table in settings.oncall.items()
        if (not event or event in table.events)
        and (not table.departments or ticket.department in table.departments)
        and _is_urgent(order, ticket.priority, table.from_priority)
    ]


def _is_urgent(order: Sequence[str], priority: str, least: str) -> bool:
    """Whether a priority is at least another; one that the configuration does not know any more is."""
    if not least or priority not in order or least not in order:
        return True
    return order.index(priority) >= order.index(least)


def ended_by(change: Change) -> str:
    """Who acknowledged a ticket's calls by what they did: took it, answered or closed it; "" for nobody."""
    for event in change.events:
        if event.kind == "acknowledged" or (event.kind == "answered" and not is_machine(event.actor)):
            return event.actor
        if event.kind == "assigned" and event.data.get("to") == event.actor:
            return event.actor
        if event.kind == "moved" and change.ticket.state == CLOSED:
            return event.actor
    return ""


def is_machine(actor: str) -> bool:
    """Whether it was no person who did a thing."""
    return actor == SYSTEM or actor.startswith("rule:")


def used_up(past: Sequence[str], rates: Iterable[Rate], now: str) -> Rate | None:
    """The longest of the rates that are used up, by the moments at which pages went or will go; mostly None."""
    full = [
        rate for rate in rates if sum(moment > later(now, -rate.seconds) for moment in past) >= rate.count
    ]
    return max(full, key=lambda rate: rate.seconds, default=None)


def due_at(past: Sequence[str], now: str) -> str:
    """When a page may go behind those that went or will go: not within the seconds that make two one."""
    before = [moment for moment in past if moment <= later(now, LONGEST_WAIT)]
    return max(now, later(max(before), GROUP_SECONDS)) if before else now
