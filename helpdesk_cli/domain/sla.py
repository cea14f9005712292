"""The clocks of a service level on a ticket: values, and what a change of the ticket does to them.

There are three. The first response is awaited from the ticket's opening until staff's first public word; after
that the next response from each word of the client that waits until staff's public word; the resolution from
the opening until the ticket is closed. Each runs in the working time of the level's calendar.

A clock stands while the ticket waits for its client, and goes on where it stood. It stands not where the ticket waits
because nobody did anything. Closing ends all of them; a ticket that is opened again has back those that its
answers did not end. What was used stays used whatever becomes of level, priority or calendar: these say how
much there is in all, and so the moments at which somebody is warned and the time is over are counted anew. A
clock to which the present level promises nothing runs on without such moments, in case another one does.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import CLOSED, OPEN, WAITING, Event, Ticket
from helpdesk_cli.domain.worktime import ALWAYS, Calendar, NoWorkingTime, after, between
from helpdesk_cli.settings import Sla
from helpdesk_cli.settings.flow import ELSE

FIRST, NEXT, RESOLUTION = "first-response", "next-response", "resolution"

TARGETS = (FIRST, NEXT, RESOLUTION)

MOVES = ("moved", "reopened")
"""Events that tell of a ticket's way from one stage to another."""

RUNS, STANDS, ENDED = "runs", "stands", "met"


class Work(Struct, frozen=True):
    """When a ticket was at work, so that its clocks ran: spans of time, and since when it is; null where it is not."""

    done: tuple[tuple[str, str], ...] = ()
    since: str | None = None


class Clock(Struct, frozen=True, kw_only=True):
    """A clock as a row.

    ``budget`` is what is promised, 0 where nothing is, and ``used`` what was used before it last began to run
    (``running_since``, null while it stands). ``warn_at``, ``due_at`` and ``breach_at`` are moments to come
    or to be told, ``warned_at`` and ``breached_at`` when that was told, ``met_at`` when it ended for good.
    """

    ticket: int
    target: str
    sla: str
    budget: int
    used: int = 0
    started_at: str
    running_since: str | None = None
    warn_at: str | None = None
    due_at: str | None = None
    breach_at: str | None = None
    warned_at: str | None = None
    breached_at: str | None = None
    met_at: str | None = None

    @property
    def state(self) -> str:
        if self.met_at is not None:
            return ENDED
        return STANDS if self.running_since is None else RUNS


class Terms(Struct, frozen=True, kw_only=True):
    """What holds for a ticket: a level's times for its priority, and in whose working time; "" for no level."""

    sla: str = ""
    calendar: Calendar = ALWAYS
    budgets: Mapping[str, int] = {}
    warn_at: int = 0

    def share(self, budget: int) -> int:
        """After how much of a time somebody is warned; 0 for no warning."""
        return budget * self.warn_at // 100


def terms_of(slug: str, level: Sla, calendar: Calendar, priority: str) -> Terms:
    """What a level promises to a ticket of a priority."""
    promised = {FIRST: level.first_response, NEXT: level.next_response, RESOLUTION: level.resolution}
    return Terms(
        sla=slug,
        calendar=calendar,
        budgets={
            target: int(times.get(priority, times.get(ELSE, 0)))
            for target, times in promised.items()
            if times
        },
        warn_at=level.warn_at,
    )


def followed(
    clocks: Mapping[str, Clock],
    ticket: Ticket,
    terms: Terms,
    at: str,
    *,
    counted_by: Callable[[str], Calendar | None],
    history: Callable[[str], Work],
) -> dict[str, Clock]:
    """The clocks of a ticket as they are after a change of it, by target.

    ``counted_by`` knows the calendar of a level; ``history`` is asked, with the moment at which a clock that was
    not there began, when the ticket was at work since.
    """
    found = {}
    for target in TARGETS:
        clock = clocks.get(target)
        begun = _begun(target, ticket)
        if clock is None or (target == NEXT and begun is not None and begun != clock.started_at):
            clock = _new(target, ticket, terms, begun, at, history)
        else:
            clock = _on(clock, ticket, terms, at, counted_by)
        if clock is not None:
            found[target] = clock
    return found


def due_at(clocks: Iterable[Clock]) -> str | None:
    """The earliest moment at which the time of a running clock is over."""
    return min((clock.due_at for clock in clocks if clock.due_at is not None), default=None)


def used_until(clock: Clock, calendar: Calendar, at: str) -> int:
    """What of its time a clock has used by a moment."""
    return clock.used + (between(calendar, clock.running_since, at) if clock.running_since else 0)


def untold(clocks: Mapping[str, Clock], known: Mapping[str, Clock], at: str) -> dict[str, Clock]:
    """The same clocks; what was over before its clock was made is no news, so nobody is told."""
    return {
        target: replace(clock, warn_at=None, breach_at=None, warned_at=at, breached_at=at)
        if target not in known and clock.due_at is not None and clock.due_at <= at
        else clock
        for target, clock in clocks.items()
    }


def worked(ticket: Ticket, events: Iterable[Event], states: Mapping[str, str]) -> Work:
    """When a ticket was at work, by its log. ``states`` are those of today's stages; another one counts as open."""
    moves = [event for event in events if event.kind in MOVES]
    first = states.get(str(moves[0].data["from"]), OPEN) if moves else ticket.state
    since = ticket.created_at if _counts(first, is_idle=not moves and bool(ticket.is_idle)) else None
    done = []
    for event in moves:
        counts = _counts(states.get(str(event.data["to"]), OPEN), is_idle=event.data.get("idle") is True)
        if since is not None and not counts:
            done.append((since, event.at))
            since = None
        elif since is None and counts:
            since = event.at
    return Work(tuple(done), since)


def _counts(state: str, *, is_idle: bool) -> bool:
    """Whether clocks run in a state: not while the ticket waits for its client, nor when it is closed."""
    return state == OPEN or (state == WAITING and is_idle)


def _begun(target: str, ticket: Ticket) -> str | None:
    """Since when this is awaited; None where it is not."""
    if target != NEXT:
        return ticket.created_at
    return ticket.unanswered_since if ticket.answered_at is not None else None


def _state(target: str, ticket: Ticket) -> str:
    """How a clock has to be, by the ticket alone."""
    is_answered = (target == FIRST and ticket.answered_at is not None) or (
        target == NEXT and ticket.unanswered_since is None
    )
    if ticket.state == CLOSED or is_answered:
        return ENDED
    return RUNS if _counts(ticket.state, is_idle=bool(ticket.is_idle)) else STANDS


def _new(
    target: str, ticket: Ticket, terms: Terms, begun: str | None, at: str, history: Callable[[str], Work]
) -> Clock | None:
    """A clock that was not there yet; where it comes late, it has used what was working time meanwhile."""
    budget, state = terms.budgets.get(target, 0), _state(target, ticket)
    if not budget or begun is None or state == ENDED:
        return None
    work = history(begun)
    done, since = list(work.done), max(work.since, begun) if work.since is not None else None
    if since is not None and state == STANDS:
        done.append((since, at))
    clock = Clock(
        ticket=ticket.number,
        target=target,
        sla=terms.sla,
        budget=budget,
        used=sum(between(terms.calendar, max(start, begun), stop) for start, stop in done),
        started_at=begun,
        running_since=(since or at) if state == RUNS else None,
    )
    return _timed(clock, terms)


def _on(
    clock: Clock, ticket: Ticket, terms: Terms, at: str, counted_by: Callable[[str], Calendar | None]
) -> Clock:
    """A clock that is there already, as it goes on."""
    state = _state(clock.target, ticket)
    if clock.met_at is not None:
        if state == ENDED:
            return clock
        clock = replace(clock, met_at=None)
    known = clock
    before = counted_by(clock.sla)
    calendar = terms.calendar if terms.sla or before is None else before
    if before is not None and before is not calendar and terms.sla != clock.sla:
        clock = _banked(clock, before, at, at)
    if state == ENDED:
        ended = ticket.answered_at if clock.target == FIRST and ticket.answered_at else at
        clock = _banked(clock, calendar, ended, None)
        return replace(clock, met_at=ended, warn_at=None, due_at=None, breach_at=None)
    if state == STANDS:
        clock = _banked(clock, calendar, at, None)
    elif clock.running_since is None:
        clock = replace(clock, running_since=at)
    return _promised(clock, known, terms, calendar, at)


def _banked(clock: Clock, calendar: Calendar, at: str, since: str | None) -> Clock:
    """What a clock used until a moment is noted; it runs on since then, or stands."""
    if clock.running_since is None:
        return clock
    later = max(since, clock.running_since) if since else None
    return replace(clock, used=used_until(clock, calendar, at), running_since=later)


def _promised(clock: Clock, known: Clock, terms: Terms, calendar: Calendar, at: str) -> Clock:
    """A clock under what is promised now. What was told of other terms, and is not so by these, is told once more."""
    budget = terms.budgets.get(clock.target, 0)
    clock = _timed(replace(clock, sla=terms.sla or clock.sla, budget=budget), terms)
    is_same_run = known.running_since is not None and known.running_since == clock.running_since
    if (known.sla, known.budget) == (clock.sla, budget) and not (
        is_same_run and known.due_at != clock.due_at
    ):
        return clock
    used = used_until(clock, calendar, max(at, clock.warned_at or at, clock.breached_at or at))
    return _timed(
        replace(
            clock,
            warned_at=None if budget and used < terms.share(budget) else clock.warned_at,
            breached_at=None if used < budget else clock.breached_at,
        ),
        terms,
    )


def _timed(clock: Clock, terms: Terms) -> Clock:
    """The moments that lie ahead of a clock, or wait to be told."""
    warn_at = due = None
    if clock.running_since is not None and clock.budget:
        due = _when(clock, terms.calendar, clock.budget)
        share = terms.share(clock.budget)
        warn_at = _when(clock, terms.calendar, share) if share and clock.warned_at is None else None
    return replace(
        clock,
        warn_at=warn_at if clock.breached_at is None else None,
        due_at=due,
        breach_at=due if clock.breached_at is None else None,
    )


def _when(clock: Clock, calendar: Calendar, seconds: int) -> str | None:
    """When a running clock has used so much; None where that is beyond every horizon."""
    assert clock.running_since is not None
    try:
        return after(calendar, clock.running_since, seconds - clock.used)
    except NoWorkingTime:
        return None
