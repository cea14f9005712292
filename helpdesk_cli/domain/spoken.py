"""Moments as people say them: dates, ``yesterday``, ``last month``, ``3 days ago``."""

from datetime import date, datetime, time, timedelta

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LONG_UNITS = {"second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w"}


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that a person names at the moment ``now``, in its zone.

    Raises ValueError for what is none, OverflowError for one before the first year.
    """
    words = text.strip().lower().replace("_", " ")
    day = day_of(words, now.date())
    if day is not None:
        return datetime.combine(day, time(), now.tzinfo)
    if words == "now":
        return now
    ago = seconds_ago(words)
    if ago is not None:
        return now - timedelta(seconds=ago)
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def day_of(words: str, today: date) -> date | None:
    """The first day of what the words name; None for other words."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    named = {
        "today": today,
        "yesterday": today - timedelta(days=1),
        "tomorrow": today + timedelta(days=1),
        "this week": monday,
        "last week": monday - timedelta(days=7),
        "this month": first,
        "last month": (first - timedelta(days=1)).replace(day=1),
        "this year": first.replace(month=1),
        "last year": first.replace(month=1, year=max(today.year - 1, 1)),
    }
    if words in DAYS:
        return today - timedelta(days=(today.weekday() - DAYS.index(words)) % 7)
    return named.get(words)


def seconds_ago(words: str) -> int | None:
    """The seconds of ``3 days ago``, ``2h``, ``90 minutes``; None for other words."""
    bare = words.removesuffix(" ago").strip()
    digits = bare[: len(bare) - len(bare.lstrip("0123456789"))]
    unit = bare[len(digits) :].strip()
    letter = LONG_UNITS.get(unit.removesuffix("s"), unit)
    if not digits or letter not in UNITS or len(digits) > 6:
        return None
    return int(digits) * UNITS[letter]


def span_of(seconds: float) -> str:
    """A length of time as people say it, in its largest sensible unit, rounded down: ``2 days``, ``1 minute``."""
    for unit, length, least in (("day", 86400, 2), ("hour", 3600, 2), ("minute", 60, 1)):
        count = int(seconds // length)
        if count >= least:
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
