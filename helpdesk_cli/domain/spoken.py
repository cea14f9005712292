"""Moments as people say them: dates, ``yesterday``, ``last month``, ``3 days ago``."""

import re
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


def moment_named(text: str, now: datetime) -> datetime:
    """The same, and also for ``last monday``, ``a week ago``, ``1y`` and ``2026-11``."""
    return moment_of(_plainly(text, now.date()), now)


def _plainly(text: str, today: date) -> str:
    """What ``moment_of`` does not know in words that it knows."""
    import re

    words = " ".join(text.lower().split())
    if re.fullmatch(r"\d{4}-\d\d", words):
        return f"{words}-01"
    day = words.removeprefix("last ")
    if day != words and day.endswith("day"):
        # Today's own name means the one before it.
        return str(today - timedelta(days=7)) if day == f"{today:%A}".lower() else day
    words = re.sub(r"^(an?|one) (?=\w+ ago$)", "1 ", words)
    long = re.fullmatch(r"(\d{1,3}) ?(y|years?|months?)( ago)?", words)
    if long is None:
        return words if words.endswith(" ago") else text
    months = int(long[1]) * (12 if long[2].startswith("y") else 1)
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    for day_of_month in range(today.day, 0, -1):  # the 31st of a shorter month is its last day
        try:
            return str(today.replace(year=year, month=month + 1, day=day_of_month))
        except ValueError:
            continue
    return text


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


def day_ahead(words: str, today: date) -> date | None:
    """The day that a person names who looks ahead: ``friday`` is the next one, today among them.

    None for other words.
    """
    bare = words.strip().lower().removeprefix("next ")
    if bare in DAYS:
        first = today + timedelta(days=1) if words.strip().lower() != bare else today
        return first + timedelta(days=(DAYS.index(bare) - first.weekday()) % 7)
    in_days = re.fullmatch(r"in (\d{1,3}) (day|week)s?", words.strip().lower())
    if in_days is None:
        return None
    return today + timedelta(days=int(in_days[1]) * (7 if in_days[2] == "week" else 1))


def moment_ahead(text: str, now: datetime) -> datetime:
    """The moment to which a person looks ahead: ``tomorrow``, ``friday 14:00``, ``in 3 days``, ``2h``, a date.

    A day stands for its first moment, the name of one of the week for the next that comes. Raises ValueError
    for what is none, OverflowError for one that no calendar has.
    """
    words = " ".join(text.strip().lower().replace("_", " ").split())
    named, clock = _with_clock(words)
    day = _day_to_come(named, now.date())
    if day is not None:
        return datetime.combine(day, clock or time(), now.tzinfo)
    length = seconds_ago(words.removeprefix("in ")) if not words.endswith(" ago") else None
    if length is not None:
        return now + timedelta(seconds=length)
    if clock is not None and not named:
        found = datetime.combine(now.date(), clock, now.tzinfo)
        return found if found > now else datetime.combine(now.date() + timedelta(days=1), clock, now.tzinfo)
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def _with_clock(words: str) -> tuple[str, time | None]:
    """The words without the time of day behind them, and that."""
    found = re.fullmatch(r"(?:(.*?) )??(?:at )?(\d{1,2}):(\d\d)", words, re.ASCII)
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        return words, None
    return found[1] or "", time(int(found[2]), int(found[3]))


def _day_to_come(words: str, today: date) -> date | None:
    """The day that words name, today or later; None for other words."""
    monday = today - timedelta(days=today.weekday())
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    named = {"today": today, "tomorrow": today + timedelta(days=1), "next week": monday + timedelta(days=7)}
    found = {**named, "next month": first}.get(words)
    if found is None and not words.endswith(" ago"):
        found = day_ahead(words, today) or day_ahead(f"in {words}", today)
    if found == today and words in DAYS:
        return today + timedelta(days=7)
    if found is None and re.fullmatch(r"\d{4}-\d\d-\d\d", words, re.ASCII):
        found = date.fromisoformat(words)
    return found


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
