"""The clocks of service levels: they follow each change of a ticket, and each change of the configuration."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from msgspec import Struct, json
from msgspec.structs import replace

from helpdesk_cli.domain.levels import Choice, Concerned, Levels, chosen, levels_of
from helpdesk_cli.domain.sla import Clock, Terms, Work, due_at, followed, terms_of, untold, worked
from helpdesk_cli.domain.ticket import CLOSED, Change, Event, Ticket
from helpdesk_cli.domain.worktime import Calendar
from helpdesk_cli.services.calendars import Calendars
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Settings
from helpdesk_cli.store import clocks as rows
from helpdesk_cli.store.engine import Tx

WARNING, BREACH = "warning", "breach"

AT_ONCE = 1000
"""So many tickets are brought in line in one transaction."""

WAY_OF_COUNTING = 1
"""Goes up when a release counts otherwise than the one before: then all clocks are brought in line."""

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]
"""Something to enter with what is done and how many there are; then told how many more are done."""


class Due(Struct, frozen=True, kw_only=True):
    """What waits to be told: a ``warning``, or a ``breach``. ``due_at`` is when the time is over, or was."""

    kind: str
    ticket: int
    target: str  # first-response | next-response | resolution
    sla: str
    due_at: str


class Ground(Struct, frozen=True):
    """What tickets are measured by: the levels, and the calendar of each."""

    settings: Settings
    levels: Levels
    calendar_of: Callable[[str], Calendar | None]


def follow(tx: Tx, desk: Desk, ticket: Ticket, change: Change, at: str) -> Ticket:
    """Let the clocks of a ticket follow a change that was just saved; the ticket with its level and due time."""
    is_new = not change.ticket.number
    known = {} if is_new else rows.of_tickets(tx, [ticket.number]).get(ticket.number, {})
    if ticket.state == CLOSED and not known:
        return ticket  # closed from its birth, or nothing was ever promised

    def history(begun: str) -> Work:
        if is_new or begun >= at:
            return Work(since=begun)
        return _worked(ground, ticket, rows.moves(tx, [ticket.number]))

    ground = _ground(tx, desk, at)
    after, clocks = _measured(ground, ticket, concerned(tx, ground, ticket), known, at, history)
    changed = [clock for clock in clocks.values() if clock != known.get(clock.target)]
    if changed:
        rows.save(tx, changed)
    if after != ticket:
        rows.note(tx, [after])
    return after


def of_client(tx: Tx, desk: Desk, client: int, at: str) -> None:
    """Let the tickets of a client follow who the client is now: an address or the organization changed."""
    ground = _ground(tx, desk, at)
    if not ground.levels.ask_clients:
        return
    tickets = rows.active(tx, above=0, limit=AT_ONCE, client=client)
    while tickets:
        _bring_in_line(tx, ground, tickets, at)
        tickets = rows.active(tx, above=tickets[-1].number, limit=AT_ONCE, client=client)


def _ground(tx: Tx, desk: Desk, at: str) -> Ground:
    """What tickets are measured by in a transaction."""
    found = tx.memo.get("levels")
    if found is None:
        calendars = Calendars(tx, desk, at)
        found = tx.memo["levels"] = Ground(desk.settings, levels_of(desk.settings.sla), calendars.of_level)
    assert isinstance(found, Ground)
    return found


def concerned(tx: Tx, ground: Ground, ticket: Ticket) -> Concerned:
    """Whom and what a ticket concerns; its client is looked up where a level asks for that."""
    clients = [ticket.client_id] if ticket.client_id is not None and ground.levels.ask_clients else []
    return _concerned(ticket, rows.clients(tx, clients) if clients else {})


def _concerned(ticket: Ticket, clients: dict[int, rows.Who]) -> Concerned:
    who = clients.get(ticket.client_id or 0, rows.NOBODY)
    return Concerned(who.addresses, who.organization, ticket.category, ticket.department)


def _measured(
    ground: Ground,
    ticket: Ticket,
    about: Concerned,
    known: dict[str, Clock],
    at: str,
    history: Callable[[str], Work],
) -> tuple[Ticket, dict[str, Clock]]:
    """A ticket with its level and due time, and its clocks; a closed one keeps the level that it had."""
    choice = chosen(ground.levels, about) if ticket.state != CLOSED else None
    clocks = followed(
        known,
        ticket,
        terms(ground, choice, ticket.priority),
        at,
        counted_by=ground.calendar_of,
        history=history,
    )
    sla = ticket.sla if ticket.state == CLOSED else choice.slug if choice else None
    if (sla, due := due_at(clocks.values())) == (ticket.sla, ticket.due_at):
        return ticket, clocks
    return replace(ticket, sla=sla, due_at=due), clocks


def terms(ground: Ground, choice: Choice | None, priority: str) -> Terms:
    """What a level promises to a ticket of a priority."""
    calendar = ground.calendar_of(choice.slug) if choice is not None else None
    if choice is None or calendar is None:
        return Terms()
    return terms_of(choice.slug, ground.settings.sla[choice.slug], calendar, priority)


def _worked(ground: Ground, ticket: Ticket, moves: dict[int, list[Event]]) -> Work:
    stages = ground.settings.stage.items()
    states = {name: stage.state for slug, stage in stages for name in (slug, *stage.formerly)}
    return worked(ticket, moves.get(ticket.number, []), states)


# All tickets at once


def renew(desk: Desk, bar: Bar = lambda _label, _total: nullcontext(lambda _: None)) -> int:
    """Bring all active tickets in line where levels, calendars or the zone changed; how many that changed.

    What is over already where a level comes to hold this way is no news: it shows in lists, and nobody is
    told. A run that dies is done anew. Raises BadConfig for a region whose holidays nobody knows.
    """
    mark = fingerprint(desk.settings)
    with desk.engine.read() as tx:
        noted = rows.fingerprint(tx)
        if noted == mark or (noted is None and not desk.settings.sla):
            return 0
        total = rows.count_active(tx)
    at, above, changed = desk.clock(), 0, 0
    calendars = desk.engine.transact(lambda tx: Calendars(tx, desk, at, strict=True).of_levels())
    ground = Ground(desk.settings, levels_of(desk.settings.sla), calendars.get)
    with bar("service levels", total) as step:
        while True:
            work = partial(_renewed, ground=ground, above=above, at=at)
            numbers, count = desk.engine.transact(work)
            if not numbers:
                break
            above, changed = numbers[-1], changed + count
            step(len(numbers))
    desk.engine.transact(lambda tx: rows.note_fingerprint(tx, mark), alone=False)
    return changed


def fingerprint(settings: Settings) -> int:
    """A number that changes with all that clocks are counted by."""
    from zlib import crc32

    table = {"sla": settings.sla, "calendar": settings.calendar, "zone": settings.desk.timezone}
    text = json.encode({**table, "way": WAY_OF_COUNTING}, enc_hook=int)  # for spans of time
    return len(text) << 32 | crc32(text)


def _renewed(tx: Tx, ground: Ground, above: int, at: str) -> tuple[list[int], int]:
    """The next tickets, brought in line; their numbers, and how many changed thereby."""
    tickets = rows.active(tx, above=above, limit=AT_ONCE)
    count = _bring_in_line(tx, ground, tickets, at, is_news=False) if tickets else 0
    return [ticket.number for ticket in tickets], count


def _bring_in_line(
    tx: Tx, ground: Ground, tickets: Sequence[Ticket], at: str, *, is_news: bool = True
) -> int:
    """Let tickets have the clocks that are theirs by today's configuration; how many changed."""
    numbers = [ticket.number for ticket in tickets]
    clocks = rows.of_tickets(tx, numbers)
    asked = {ticket.client_id for ticket in tickets if ticket.client_id is not None}
    clients = rows.clients(tx, sorted(asked)) if ground.levels.ask_clients else {}
    moves: list[dict[int, list[Event]]] = []
    changed_clocks, changed_tickets, count = [], [], 0
    for ticket in tickets:

        def history(_: str, ticket: Ticket = ticket) -> Work:
            if not moves:
                moves.append(rows.moves(tx, numbers))  # of all at once, for mostly all ask or none does
            return _worked(ground, ticket, moves[0])

        known = clocks.get(ticket.number, {})
        after, found = _measured(ground, ticket, _concerned(ticket, clients), known, at, history)
        if not is_news:
            found = untold(found, known, at)
        changed = [clock for clock in found.values() if clock != known.get(clock.target)]
        changed_clocks += changed
        if after != ticket:
            changed_tickets.append(after)
        count += bool(changed or after != ticket)
    rows.save(tx, changed_clocks)
    rows.note(tx, changed_tickets)
    return count


# What is told


def due_warnings(
    tx: Tx, at: str, limit: int | None = None, *, among: Sequence[int] | None = None
) -> list[Due]:
    """The warnings that wait to be told at a moment, the oldest first; of some tickets alone, or of all."""
    return _due(tx, WARNING, at, limit, among)


def due_breaches(
    tx: Tx, at: str, limit: int | None = None, *, among: Sequence[int] | None = None
) -> list[Due]:
    """The times that are over at a moment and of which nobody was told, in the same way."""
    return _due(tx, BREACH, at, limit, among)


def count_due(tx: Tx, kind: str, at: str) -> int:
    """How many warnings or breaches wait to be told."""
    return rows.count_due(tx, kind, at)


def told(tx: Tx, dues: Sequence[Due], at: str) -> None:
    """Note that these were told, once for all."""
    for kind in (WARNING, BREACH):
        rows.told(tx, kind, [(due.ticket, due.target) for due in dues if due.kind == kind], at)


def _due(tx: Tx, kind: str, at: str, limit: int | None, among: Sequence[int] | None) -> list[Due]:
    return [
        Due(kind=kind, ticket=one.ticket, target=one.target, sla=one.sla, due_at=one.due_at or at)
        for one in rows.due(tx, kind, at, limit, among)
    ]
