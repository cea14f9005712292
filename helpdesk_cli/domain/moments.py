"""Moments as text, UTC, ``2026-11-22T09:30:00Z``: they sort, and a person can read them.

Plain arithmetic on the text's fields, so that no clock and no time zone come near the domain.
"""

from datetime import UTC, datetime, timedelta


def at(moment: datetime) -> str:
    """A moment as the store writes it; a naive one counts as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> datetime:
    """A stored moment as an aware datetime. Raises ValueError for another form."""
    return datetime.fromisoformat(text)


def later(text: str, seconds: float) -> str:
    """A moment so many seconds after (or, negative, before) another."""
    return at(read(text) + timedelta(seconds=seconds))


def seconds_between(first: str, second: str) -> float:
    """From the first moment to the second; negative where that is earlier."""
    return (read(second) - read(first)).total_seconds()


def seconds_of(text: str) -> int:
    """A stored moment as seconds since 1970."""
    return int(read(text).timestamp())


def text_of(seconds: int) -> str:
    """Seconds since 1970 as a stored moment."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"
