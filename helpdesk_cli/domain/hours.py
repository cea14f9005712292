"""Hours and days as the configuration writes them: ``mon-fri 09:00-17:00``, ``12-24``, ``2026-12-19 10:00-14:00``.

Every function raises ValueError with a sentence that says what is allowed.
"""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY_MINUTES = 24 * 60

Span = tuple[int, int]
"""Minutes of a day, from its midnight; a span over midnight ends beyond 24 hours."""

Week = tuple[tuple[Span, ...], ...]
"""The spans of each day of the week, Monday's first."""

_LEAP_YEAR = "2024"


def read_week(lines: tuple[str, ...]) -> Week:
    """A week's hours; what several lines say of a day is all meant."""
    week: list[list[Span]] = [[] for _ in DAYS]
    for line in lines:
        days, spans = read_hours(line)
        for day in days:
            week[day] += spans
    return tuple(tuple(sorted(set(spans))) for spans in week)


def read_hours(text: str) -> tuple[tuple[int, ...], tuple[Span, ...]]:
    """Days of the week, Monday is 0, and the spans of each."""
    words = text.lower().split()
    if len(words) < 2:
        raise ValueError(f'"{text}": must be days and spans of time, such as "mon-fri 09:00-17:00"')
    days: list[int] = []
    for part in words[0].split(","):
        first, dash, last = part.partition("-")
        begin, end = _weekday(first, text), _weekday(last if dash else first, text)
        days += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return tuple(dict.fromkeys(days)), read_spans(words[1:], text)


def _weekday(word: str, text: str) -> int:
    if word not in DAYS:
        raise ValueError(f'"{text}": "{word}" is no day; the days are {", ".join(DAYS)}')
    return DAYS.index(word)


def read_spans(words: list[str], text: str) -> tuple[Span, ...]:
    """Spans of time, such as ``09:00-12:00``; one that ends before it begins ends on the next day."""
    found = []
    for word in words:
        first, dash, last = word.partition("-")
        begin, end = _minute(first), _minute(last)
        if not dash or begin is None or end is None or begin == DAY_MINUTES:
            raise ValueError(f'"{text}": "{word}" must be two times of a day, such as "09:00-17:00"')
        if begin == end:
            raise ValueError(f'"{text}": "{word}" has no length; "00:00-24:00" is a whole day')
        found.append((begin, end if end > begin else end + DAY_MINUTES))
    return tuple(found)


def _minute(text: str) -> int | None:
    """A time of a day in minutes; None for what is none. 24:00 is the end of one."""
    hour, colon, minute = text.partition(":")
    if not (colon and text.isascii() and hour.isdigit() and minute.isdigit()):
        return None
    if len(hour) > 2 or len(minute) != 2 or int(minute) > 59:
        return None
    total = int(hour) * 60 + int(minute)
    return total if total <= DAY_MINUTES else None


def read_day(text: str) -> str:
    """A day: ``2026-12-24``, or ``12-24`` of each year."""
    from datetime import date

    day = text.strip()
    try:
        written = date.fromisoformat(day if len(day) == 10 else f"{_LEAP_YEAR}-{day}").isoformat()
    except ValueError:
        written = ""
    if day not in (written, written[5:]) or not day:
        raise ValueError(f'"{text}" is no day; such as "2026-12-24", or "12-24" for each year')
    return day


def read_open_day(text: str) -> tuple[str, tuple[Span, ...]]:
    """A day with hours of its own: ``2026-12-19 10:00-14:00``."""
    words = text.split()
    if len(words) < 2:
        raise ValueError(f'"{text}": must be a day and spans of time, such as "2026-12-19 10:00-14:00"')
    return read_day(words[0]), read_spans(words[1:], text)
