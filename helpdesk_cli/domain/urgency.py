"""How urgent a ticket is, and why: points for each reason, by a table that a database can follow too.

A reason's ladder is climbed from the top: the first rung that holds gives its points. So a list can be put in
order where the rows are, and ``urgency`` says in words what the order comes from.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from helpdesk_cli.domain.moments import later, seconds_between

MINUTE, HOUR, DAY = 60, 3600, 86400

OVERDUE = ((7 * DAY, 70), (3 * DAY, 64), (DAY, 58), (4 * HOUR, 54), (0, 50))
"""Points from so many seconds after the due time on."""

DUE = ((HOUR, 36), (4 * HOUR, 28), (DAY, 18), (3 * DAY, 8))
"""Points from so many seconds before it on."""

UNANSWERED = ((7 * DAY, 30), (3 * DAY, 26), (DAY, 20), (4 * HOUR, 12), (HOUR, 6))
WAITS_AT_ALL = 3
"""Points of a client who waits for an answer, from so many seconds on."""

MOST_PRIORITY = 40
"""Points of the highest priority; the others have the square of their place's share, so normal is near low."""

LONGER_THAN_MOST, LONGER_THAN_HALF = 8, 3
"""Points of a client who waits longer than nine of ten, and than half of those who wait."""

LONG_WAIT = DAY
"""Seconds after which a client who was not answered is marked."""

NEVER = "9999"
"""After every moment."""


class Waiting(Protocol):
    """What of a ticket makes it urgent."""

    @property
    def state(self) -> str: ...
    @property
    def priority(self) -> str: ...
    @property
    def due_at(self) -> str | None: ...
    @property
    def unanswered_since(self) -> str | None: ...


class Rung(Struct, frozen=True):
    """A step: it holds where the ladder's field is ``value``, or before it where ``is_before``."""

    value: str
    points: int
    is_before: bool = True

    def holds(self, value: str | None) -> bool:
        return value is not None and (value < self.value if self.is_before else value == self.value)


class Ladder(Struct, frozen=True):
    """A reason for urgency, by a field of the ticket; the first rung that holds counts."""

    name: str
    field: str
    rungs: tuple[Rung, ...]

    def points(self, ticket: Waiting) -> int:
        value = getattr(ticket, self.field)
        return next((rung.points for rung in self.rungs if rung.holds(value)), 0)


class Crowd(Struct, frozen=True):
    """Since when others wait: who waits since before ``most`` waits longer than nine of ten; half likewise.

    Both are "" where too few wait for that to mean anything.
    """

    most: str = ""
    half: str = ""


class Reason(Struct, frozen=True):
    """Why a ticket is urgent, in a name, points and words."""

    name: str
    points: int
    words: str


class Urgency(Struct, frozen=True):
    """How urgent a ticket is; the points are those of its reasons together."""

    points: int
    reasons: tuple[Reason, ...]


def ladders(at: str, priorities: Sequence[str], crowd: Crowd) -> tuple[Ladder, ...]:
    """The table at a moment, for priorities from the least to the most urgent."""
    due = [Rung(later(at, -seconds), points) for seconds, points in OVERDUE]
    due += [Rung(later(at, seconds), points) for seconds, points in DUE]
    waits = [Rung(later(at, -seconds), points) for seconds, points in UNANSWERED]
    ahead = [Rung(crowd.most, LONGER_THAN_MOST), Rung(crowd.half, LONGER_THAN_HALF)]
    highest = max(len(priorities) - 1, 1)
    return (
        Ladder("due", "due_at", tuple(due)),
        Ladder(
            "priority",
            "priority",
            tuple(
                Rung(slug, MOST_PRIORITY * place**2 // highest**2, is_before=False)
                for place, slug in enumerate(priorities)
                if place
            ),
        ),
        Ladder("unanswered", "unanswered_since", (*waits, Rung(NEVER, WAITS_AT_ALL))),
        Ladder("patience", "unanswered_since", tuple(rung for rung in ahead if rung.value)),
    )


def urgency(ticket: Waiting, at: str, priorities: Sequence[str], crowd: Crowd) -> Urgency:
    """How urgent a ticket is at a moment, with the reasons that have points, the weightiest first."""
    reasons = []
    for ladder in ladders(at, priorities, crowd):
        points = ladder.points(ticket)
        if points:
            is_overdue = ladder.name == "due" and is_past(ticket.due_at, at)
            reasons.append(
                Reason("overdue" if is_overdue else ladder.name, points, _words(ladder, ticket, at, points))
            )
    reasons.sort(key=lambda reason: -reason.points)
    return Urgency(sum(reason.points for reason in reasons), tuple(reasons))


def _words(ladder: Ladder, ticket: Waiting, at: str, points: int) -> str:
    from helpdesk_cli.domain.spoken import span_of

    if ladder.name == "priority":
        return f"priority {ticket.priority}"
    if ladder.name == "patience":
        most = points == LONGER_THAN_MOST
        return f"its client waits longer than {'nine of ten' if most else 'half of those'} who wait"
    if ladder.name == "unanswered":
        return f"unanswered for {span_of(seconds_between(ticket.unanswered_since or at, at))}"
    left = seconds_between(at, ticket.due_at or at)
    return f"overdue by {span_of(-left)}" if is_past(ticket.due_at, at) else f"due in {span_of(left)}"


def is_past(due_at: str | None, at: str) -> bool:
    """Whether a ticket's time is over."""
    return due_at is not None and due_at < at


def crowd_of(since: Sequence[str]) -> Crowd:
    """The crowd whose clients wait since these moments, in any order."""
    return crowd_at(len(since), sorted(since).__getitem__)


def crowd_at(count: int, nth: "Nth") -> Crowd:
    """The crowd of so many, of whom ``nth`` tells since when the one at a place waits; 0 waits longest."""
    return Crowd(nth(count // 10) if count >= 10 else "", nth(count // 2) if count >= 2 else "")


class Nth(Protocol):
    def __call__(self, place: int, /) -> str: ...


def high_priorities(priorities: Sequence[str]) -> tuple[str, ...]:
    """The priorities that are called high: the last, and of more than two the one below it."""
    return tuple(priorities[-2:] if len(priorities) > 2 else priorities[-1:])


def sign(ticket: Waiting, at: str, priorities: Sequence[str]) -> str:
    """How urgent a ticket is, in a sign that needs no colour: ``!!``, ``!`` or nothing.

    Two are for what is overdue or of the highest priority, one is for the priority below it, and for who
    waits for an answer for over a day.
    """
    if ticket.state == "closed":
        return ""
    high = high_priorities(priorities)
    if ticket.priority == high[-1] or is_past(ticket.due_at, at):
        return "!!"
    since = ticket.unanswered_since
    return "!" if ticket.priority in high or (since is not None and since < later(at, -LONG_WAIT)) else ""
