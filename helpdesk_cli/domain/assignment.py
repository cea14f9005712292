"""Whose turn it is: who could get a ticket, and who of them does. Turns, loads and chance are arguments."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from helpdesk_cli.domain.people import Staff
from helpdesk_cli.domain.presence import is_away

OFF, RANDOM, ROUND_ROBIN, LEAST_BUSY = "off", "random", "round-robin", "least-busy"

HIGHEST_LEVEL = 3


class Choice(Struct, frozen=True):
    """Who gets a ticket, of whom, and why: a sentence without its period."""

    login: str
    of: tuple[str, ...]
    why: str


def there(staff: Iterable[Staff], department: str, at: str, timezone: str) -> list[Staff]:
    """Who of a department's staff works now: neither retired nor away."""
    return [
        member
        for member in staff
        if department in member.departments
        and member.retired_at is None
        and not is_away(member, at, timezone)
    ]


def of_level(present: Sequence[Staff], level: int, *, lowest: int = 1) -> list[Staff]:
    """Those of a level of support; of the next higher one that somebody has; else any above ``lowest``."""
    able = [member for member in present if member.level >= lowest]
    for wanted in range(level, HIGHEST_LEVEL + 1):
        found = [member for member in able if member.level == wanted]
        if found:
            return found
    return able


def next_level(staff: Iterable[Staff], department: str, level: int) -> int | None:
    """The next level of support that somebody in a department has, there or away; None for none."""
    above = [
        member.level
        for member in staff
        if department in member.departments and member.retired_at is None and member.level > level
    ]
    return min(above, default=None)


def drawn(
    way: str,
    candidates: Sequence[Staff],
    turns: Mapping[str, int],
    loads: Mapping[str, int],
    chance: int,
    *,
    but: str | None = None,
) -> Choice | None:
    """Who gets a ticket; None where nobody could.

    ``turns`` say who had one before: the highest was the last. ``loads`` are active tickets by login,
    ``chance`` any large number. Who has the ticket now (``but``) keeps it only where there is nobody else.
    """
    logins = sorted(member.login for member in candidates)
    pool = [login for login in logins if login != but] or logins
    if not pool:
        return None
    of = f"the {len(pool)} who are there"
    if len(pool) == 1:
        why = "Nobody else is there"
        return Choice(pool[0], tuple(logins), why)
    if way == ROUND_ROBIN:
        login = min(pool, key=lambda one: (turns.get(one, 0), one))
        return Choice(login, tuple(logins), f"By turns: of {of} nobody has waited longer")
    if way == LEAST_BUSY:
        login = min(pool, key=lambda one: (loads.get(one, 0), turns.get(one, 0), one))
        return Choice(login, tuple(logins), f"Fewest active tickets of {of}: {loads.get(login, 0)}")
    last = max(turns, key=lambda one: turns[one], default="")
    others = [login for login in pool if login != last]
    why = f"Drawn by lot among {of}" + (f"; {last} had the last one" if len(others) < len(pool) else "")
    return Choice(others[chance % len(others)], tuple(logins), why)
