"""What service levels promise on a ticket, for people: what is told of a clock, and how its moments were counted."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from helpdesk_cli.domain.levels import Choice, chosen, levels_of
from helpdesk_cli.domain.sla import ENDED, FIRST, NEXT, RUNS, STANDS, TARGETS, Clock, Terms, used_until
from helpdesk_cli.domain.ticket import CLOSED, Event, Telling, Ticket
from helpdesk_cli.domain.worktime import ALWAYS, Calendar, Day, days
from helpdesk_cli.services import clocks, views
from helpdesk_cli.services.calendars import Calendars
from helpdesk_cli.services.clocks import BREACH, WARNING, Due, Ground
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Sla
from helpdesk_cli.store import clocks as rows
from helpdesk_cli.store import outbox, tickets
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.lists import Listed

AHEAD = "ahead"
"""Of a time that is promised and has not begun: the next response, until the client writes again."""

BEFORE = "before"
"""Why a level holds that would not by today's configuration: the ticket was closed under it."""

KINDS = {WARNING: "warned", BREACH: "breached"}
"""What the log calls it when something was told."""

NAMES = {"first-response": "first response", "next-response": "next response", "resolution": "resolution"}

PAGER = "pager"


class News(Struct, frozen=True, kw_only=True):
    """What a warning or a breach is in the log, and whom it is told."""

    event: Event
    tell: tuple[Telling, ...]


class Notified(Struct, frozen=True, kw_only=True):
    """A warning or a breach: when it is due to be told, or was told, to whom.

    ``to`` are the words of the configuration as long as it is to come, then addresses. ``is_quiet``: nobody
    was told, for it was over already when its level began to hold.
    """

    kind: str
    at: str | None = None
    told_at: str | None = None
    to: tuple[str, ...] = ()
    is_quiet: bool = False


class Promise(Struct, frozen=True, kw_only=True):
    """A clock with all that explains it. ``since`` is when its ``state`` began, ``why`` by what."""

    target: str
    budget: int
    calendar: str  # a slug; "" is day and night
    zone: str
    state: str  # runs | stands | met | ahead
    since: str | None = None
    why: str = ""  # opened | client | moved | reopened | level | waiting | answered | closed
    used: int = 0
    used_before: int = 0  # until it last began to run
    due_at: str | None = None
    days: tuple[Day, ...] = ()
    notified: tuple[Notified, ...] = ()


class Explained(Struct, frozen=True, kw_only=True):
    """What is promised on a ticket: the level, why it holds, and each time.

    ``is_outdated``: the configuration has changed, and clocks follow it with the next ``run-rules``.
    """

    listed: Listed
    choice: Choice | None
    level: Sla | None
    is_outdated: bool = False
    promises: tuple[Promise, ...] = ()


def news(desk: Desk, due: Due, at: str, actor: str) -> News:
    """What to write down and whom to tell of something that is due, as its level says."""
    from helpdesk_cli.services.writing import people_time

    level = desk.settings.sla.get(due.sla)
    moment, name = people_time(desk, due.due_at), NAMES[due.target]
    if due.kind == WARNING:
        share = level.warn_at if level else 0
        text = f"the {name} is due {moment}, {share} % of the time are used"
        whom = level.warning if level else ()
    else:
        text = f"the time for the {name} was over {moment}"
        whom = level.breach if level else ()
    facts: dict[str, object] = {"event": due.kind, "target": due.target}
    lines = [
        f"{text[:1].upper()}{text[1:]}.",
        f"How that was counted: helpdesk ticket explain {due.ticket}",
    ]
    return News(
        event=Event(
            kind=KINDS[due.kind],
            at=at,
            actor=actor,
            data={"target": due.target, "level": due.sla, "due_at": due.due_at},
        ),
        tell=tuple(
            Telling(whom=word, kind=PAGER, facts={**facts, "text": text})
            if word == PAGER
            else Telling(whom=word, kind="notice", facts={**facts, "lines": lines})
            for word in whom
        ),
    )


def explained(desk: Desk, number: int) -> Explained:
    """What is promised on a ticket and how its moments were counted. Raises NotFound, NotAllowed."""
    listed = views.one(desk, number)
    ticket, at = listed.ticket, desk.clock()
    with desk.engine.read() as tx:
        calendars = Calendars(tx, desk, at, keeps=False)
        ground = Ground(desk.settings, levels_of(desk.settings.sla), calendars.of_level)
        choice = _choice(tx, ground, ticket)
        known = rows.of_tickets(tx, [number]).get(number, {})
        face = Face(
            desk=desk,
            ticket=ticket,
            at=at,
            calendars=calendars,
            terms=clocks.terms(ground, choice, ticket.priority),
            events=tickets.events(tx, number),
            letters=outbox.letters(tx, ticket=number),
        )
        noted = rows.fingerprint(tx)
        is_outdated = ticket.state != CLOSED and (
            (choice.slug if choice else None) != ticket.sla
            or noted not in (None, clocks.fingerprint(desk.settings))
        )
        return Explained(
            listed=listed,
            choice=choice,
            level=desk.settings.sla.get(choice.slug) if choice else None,
            is_outdated=is_outdated,
            promises=tuple(face.promises(known)),
        )


def _choice(tx: Tx, ground: Ground, ticket: Ticket) -> Choice | None:
    """The level that holds, and why; a closed ticket keeps the one that it had, if any."""
    found = chosen(ground.levels, clocks.concerned(tx, ground, ticket))
    if ticket.state != CLOSED or (found is not None and found.slug == ticket.sla):
        return found
    return Choice(ticket.sla, BEFORE) if ticket.sla is not None else None


class Face(Struct, frozen=True, kw_only=True):
    """What the clocks of a ticket are read from."""

    desk: Desk
    ticket: Ticket
    at: str
    calendars: Calendars
    terms: Terms
    events: list[Event]
    letters: list[outbox.Letter]

    def promises(self, known: Mapping[str, Clock]) -> Iterator[Promise]:
        """Each time that is promised, or was."""
        for target in TARGETS:
            clock = known.get(target)
            if clock is not None:
                yield self._of(clock)
            elif self.terms.budgets.get(target) and self.ticket.state != CLOSED and target == NEXT:
                calendar, zone = self._calendar(self.terms.sla)
                yield Promise(
                    target=target,
                    budget=self.terms.budgets[target],
                    calendar=calendar,
                    zone=zone,
                    state=AHEAD,
                )

    def _calendar(self, sla: str) -> tuple[str, str]:
        """The slug and the zone of a level's calendar."""
        level = self.desk.settings.sla.get(sla)
        slug = level.calendar if level else ""
        return slug, self.calendars.named(slug).zone

    def _of(self, clock: Clock) -> Promise:
        counted_by = self.calendars.of_level(clock.sla) or ALWAYS
        since, why = self._since(clock)
        calendar, zone = self._calendar(clock.sla)
        return Promise(
            target=clock.target,
            budget=clock.budget,
            calendar=calendar,
            zone=zone,
            state=clock.state,
            since=since,
            why=why,
            used=used_until(clock, counted_by, self.at),
            used_before=clock.used if clock.state == RUNS else 0,
            due_at=clock.due_at,
            days=tuple(self._days(clock, counted_by)),
            notified=tuple(self._notified(clock)),
        )

    def _days(self, clock: Clock, calendar: Calendar) -> list[Day]:
        """The days that lead from when a clock began to run to the end of its time."""
        if clock.running_since is None or clock.due_at is None:
            return []
        return days(calendar, clock.running_since, clock.due_at)

    def _since(self, clock: Clock) -> tuple[str | None, str]:
        """When the state of a clock began, and by what."""
        if clock.state == ENDED:
            answered = self.ticket.answered_at if clock.target == FIRST else self.ticket.staff_word_at
            is_answer = clock.target in (FIRST, NEXT) and answered == clock.met_at
            return clock.met_at, "answered" if is_answer else "closed"
        if clock.state == STANDS:
            return self.ticket.stage_since, "waiting"
        since = clock.running_since
        if since == clock.started_at:
            return since, "client" if clock.target == NEXT else "opened"
        moves = [
            event.kind for event in self.events if event.at == since and event.kind in ("moved", "reopened")
        ]
        return since, moves[-1] if moves else "level"

    def _notified(self, clock: Clock) -> Iterator[Notified]:
        level = self.desk.settings.sla.get(clock.sla)
        for kind, at, told_at, words in (
            (WARNING, clock.warn_at, clock.warned_at, level.warning if level else ()),
            (BREACH, clock.breach_at, clock.breached_at, level.breach if level else ()),
        ):
            if told_at is None and at is None:
                continue
            to = self._heard(clock, kind, told_at) if told_at else words
            is_quiet = told_at is not None and not self._is_logged(clock, kind)
            yield Notified(kind=kind, at=at, told_at=told_at, to=to, is_quiet=is_quiet)

    def _heard(self, clock: Clock, kind: str, told_at: str) -> tuple[str, ...]:
        """The addresses to which letters went of what was told."""
        asked = (kind, clock.target)
        found = [
            letter.recipient
            for letter in self.letters
            if (letter.facts.get("event"), letter.facts.get("target")) == asked
            and letter.created_at >= told_at
        ]
        return tuple(dict.fromkeys(reversed(found)))

    def _is_logged(self, clock: Clock, kind: str) -> bool:
        return any(
            event.kind == KINDS[kind] and event.data.get("target") == clock.target for event in self.events
        )
