"""What a staff member wants to hear of, and when: at once, each hour, each day, never."""

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

AT_ONCE, HOURLY, DAILY, OFF = "at once", "hourly", "daily", "off"
WORDS = (AT_ONCE, HOURLY, DAILY, OFF)

RULE, WARNING, BREACH, DEPARTMENT = "rule", "warning", "breach", "department"

KINDS = (
    "opened",
    "replied",
    "answered",
    "noted",
    "assigned",
    "escalated",
    "handed-over",
    "moved",
    "closed",
    "reopened",
    RULE,
    WARNING,
    BREACH,
    DEPARTMENT,
)
"""What may be chosen by itself: kinds of events, what a rule tells, a service level's warnings and breaches,
and whatever somebody hears for no other reason than that they are of the department."""

URGENT = frozenset({WARNING, BREACH})
"""These go at once whatever was chosen for all; only who names them has them otherwise."""


class Wishes(Struct, frozen=True, kw_only=True):
    """What somebody chose: a word for all, and those for what they named."""

    every: str = AT_ONCE
    named: dict[str, str] = {}

    def when(self, kind: str, why: str = "") -> str:
        """When they want to hear of a kind of event, of which they hear for a reason."""
        if why == DEPARTMENT and DEPARTMENT in self.named and kind not in URGENT:
            return self.named[DEPARTMENT]
        return self.named.get(kind, AT_ONCE if kind in URGENT else self.every)

    def text(self) -> str:
        """The same as one line, which ``read`` understands: ``daily, noted=off``."""
        return ", ".join(
            [self.every, *(f"{kind}={self.named[kind]}" for kind in KINDS if kind in self.named)]
        )


@lru_cache(maxsize=512)
def read(text: str) -> Wishes:
    """What a line says; an empty one: all at once. What it names and nobody knows is left out."""
    every, *named = [part.strip() for part in text.split(",")]
    pairs = dict(part.split("=", 1) for part in named if "=" in part)
    return Wishes(
        every=every if every in WORDS else AT_ONCE,
        named={kind: word for kind, word in pairs.items() if kind in KINDS and word in WORDS},
    )


def chosen(before: Wishes, words: Iterable[str]) -> Wishes:
    """What somebody has after they chose: ``daily`` for all, ``noted=off`` for a kind.

    A word for all is for all: what was named before goes. Raises ValueError, saying what may be chosen.
    """
    every, named = None, {}
    for each in words:
        kind, mark, word = each.strip().lower().rpartition("=")
        word = " ".join(word.replace("-", " ").split())
        if word not in WORDS:
            raise ValueError(f"{each}: must be one of {', '.join(WORDS)}, alone or as EVENT=WORD")
        if not mark:
            every = word
        elif kind.strip() in KINDS:
            named[kind.strip()] = word
        else:
            raise ValueError(f"{each}: no such event; there are {', '.join(KINDS)}")
    if every is not None:
        return Wishes(every=every, named=named)
    return Wishes(every=before.every, named={**before.named, **named})


def is_hour(text: str) -> bool:
    """Whether this is an hour of the day: 08:00."""
    hour, mark, minute = text.partition(":")
    digits = len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()
    return bool(mark) and digits and int(hour) < 24 and int(minute) < 60
