"""The rules of saved filters: each asks for something that there is."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from helpdesk_cli.domain.people import RESERVED_LOGINS
from helpdesk_cli.domain.spoken import moment_named
from helpdesk_cli.settings import Filter, Settings
from helpdesk_cli.settings.glance import SORTS, STATES

from .forms import Fault, Key, is_address, is_slug

NAMED = ("stage", "department", "priority", "category", "type")
"""What a filter names of the file's other tables, by slug or by name."""

A_MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
"""Whether words name a moment does not depend on the day on which that is asked."""


def check_filters(settings: Settings) -> Iterator[Fault]:
    """Yield what is wrong with each saved filter."""
    for name, wanted in settings.filter.items():
        here: Key = ("filter", name)
        if not is_slug(name):
            yield Fault(here, "a filter's name is made of a-z, 0-9 and -, and does not begin with -")
        yield from _names(settings, wanted, here)
        yield from _words(wanted, here)
        yield from _contradiction(settings, wanted, here)
        if not 0 <= wanted.level <= 3:
            yield Fault((*here, "level"), f"{wanted.level} is no level of support; 1, 2 or 3")
        if not 0 <= wanted.limit <= 10**9:
            yield Fault((*here, "limit"), f"{wanted.limit} will not do; 1 or more")


def _names(settings: Settings, wanted: Filter, here: Key) -> Iterator[Fault]:
    for what in NAMED:
        known, word = getattr(settings, what), getattr(wanted, what)
        if word and slug_in(known, word) is None:
            there = f"there are: {', '.join(known)}" if known else f"there is no [{what}.SLUG] at all"
            yield Fault((*here, what), f'"{word}" is no {what}; {there}{_meant(word, list(known))}')
    for what, allowed in (("state", STATES), ("sort", SORTS)):
        word = getattr(wanted, what)
        if word and word not in allowed:
            yield Fault(
                (*here, what),
                f'"{word}" will not do; one of {", ".join(allowed)}{_meant(word, list(allowed))}',
            )


def _words(wanted: Filter, here: Key) -> Iterator[Fault]:
    if wanted.client and not is_address(wanted.client):
        yield Fault((*here, "client"), f'"{wanted.client}" is not an address such as ann@example.com')
    if wanted.assignee in RESERVED_LOGINS - {"me", "none"}:
        yield Fault((*here, "assignee"), f'"{wanted.assignee}" has no tickets; a login, "me" or "none"')
    for what in ("since", "until"):
        text = getattr(wanted, what)
        if text and not _is_moment(text):
            yield Fault(
                (*here, what),
                f'"{text}" is no moment; a date (2026-11-22), "yesterday", "last month", "3 days ago"',
            )
    for what in ("search", "tag", "assignee"):
        if not getattr(wanted, what).isprintable():
            yield Fault((*here, what), "holds a control character or a line break; take it out")


def _contradiction(settings: Settings, wanted: Filter, here: Key) -> Iterator[Fault]:
    slug = slug_in(settings.stage, wanted.stage)
    if slug is None or wanted.state not in STATES or wanted.state == "all":
        return
    state = settings.stage[slug].state
    if state != wanted.state:
        yield Fault(
            (*here, "state"), f"nothing is {wanted.state} in stage {slug}, which is {state}; take one out"
        )


def slug_in(known: Mapping[str, Any], word: str) -> str | None:
    """The slug that a word names, by itself or by its name in any case; None where it names none."""
    folded = word.casefold()
    return next(
        (slug for slug, each in known.items() if folded in (slug.casefold(), each.name.casefold())), None
    )


def _is_moment(text: str) -> bool:
    try:
        moment_named(text, A_MONDAY)
    except (ValueError, OverflowError):
        return False
    return True


def _meant(word: str, known: list[str]) -> str:
    from .faults import nearest

    near = nearest(word, known)
    return f'; did you mean "{near}"?' if near else ""
