"""A line of the log: which words it has, and that nothing a stranger wrote can make two lines of one."""

import re
from collections.abc import Iterable

_BARE = re.compile(r"[\w@.+\-<>:/=,~!#$%&*?^|{}\[\]()]+", re.ASCII)
_COMMENT = re.compile(r"\([^()]*\)")
_ID = re.compile(r"\sby\s.*?\sid\s+<?([A-Za-z0-9][\w.:@~+/=-]{2,79})", re.DOTALL)

LONGEST = 300
"""So many characters of a value at most."""

HOPS = 3
"""Of so many Received lines, the topmost, the ids are told: a local delivery may stand above the mail server's."""


def line(verb: str, **values: object) -> str:
    """``fetch mailbox=support inbox=17 from=<ann@example.org>``; what is None or "" is left out."""
    told = (f"{name}={quoted(str(value))}" for name, value in values.items() if value not in (None, ""))
    return " ".join([verb, *told])


def quoted(value: str) -> str:
    """A value as one word: bare where that is safe, else in quotes, with what is not printed as an escape."""
    if _BARE.fullmatch(value) and len(value) <= LONGEST:
        return value
    cut = value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    return '"' + "".join(_shown(char) for char in cut) + '"'


def _shown(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else ascii(char)[1:-1]


def queue_ids(received: Iterable[str]) -> str:
    """The ids under which mail servers had a mail in their queues, from its Received lines, topmost first.

    What a client called itself stands in comments, and before "by".
    """
    found = []
    for text, _ in zip(received, range(HOPS), strict=False):
        bare = text[:2000]
        for _ in range(3):  # comments stand in one another
            bare = _COMMENT.sub(" ", bare)
        if match := _ID.search(f" {bare}"):
            found.append(match[1].rstrip(";"))
    return ",".join(dict.fromkeys(found))
