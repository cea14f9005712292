"""Working time: how much of it lies between two moments, and when so much of it will have passed.

A calendar has hours for each day of the week, and days that differ: public holidays and days of its own
without work, and days with hours of their own, which win over all the rest. A span of hours belongs to the day
on which it begins, so a night shift before a holiday is worked to its end.

Spans are times of a clock on the wall. One lasts from the first moment at which that clock shows its beginning to
the last at which it shows its end, and what passes between is counted as it really passes: in the night in
which clocks go forward, 01:30-03:15 is 45 minutes, in the one in which they go back 2:45 hours. A time that the
clock leaps over is the moment of the leap; of one that it shows twice, the first counts for a beginning and
the second for an end. Spans that overlap count once.

Everything is counted in whole seconds of UTC, in blocks of days that are worked out once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct, field

from helpdesk_cli.domain.hours import DAY_MINUTES, Span, Week, read_day, read_open_day, read_week
from helpdesk_cli.domain.moments import seconds_of, text_of

HORIZON_DAYS = 5 * 366
"""Nobody is promised anything that lies farther ahead."""

BLOCK_DAYS = 14

HOLIDAY, CLOSED, OPEN = "holiday", "closed", "open"

_EPOCH = date(1970, 1, 1).toordinal()

_WHOLE_DAYS: Week = (((0, DAY_MINUTES),),) * 7


class NoWorkingTime(Exception):
    """So much working time does not pass within the horizon; mostly because the calendar has no hours."""


class Block(Struct, frozen=True):
    """The working spans of some days, in seconds: merged, in their order, with how much each one ends."""

    begins_at: int
    ends_at: int
    starts: list[int]
    ends: list[int]
    sums: list[int]  # of working time in this block until each end

    @property
    def total(self) -> int:
        return self.sums[-1] if self.sums else 0

    def until(self, moment: int) -> int:
        """The working time from the block's beginning to a moment in it."""
        place = bisect_right(self.starts, moment) - 1
        if place < 0:
            return 0
        return self.sums[place] - max(0, self.ends[place] - moment)

    def when(self, seconds: int) -> int:
        """The moment at which so much working time of this block has passed."""
        place = bisect_left(self.sums, seconds)
        return self.ends[place] - (self.sums[place] - seconds)


class Calendar(Struct, frozen=True, kw_only=True):
    """When somebody works. Days are texts: ``2026-12-24``, or ``12-24`` for each year."""

    zone: str = "UTC"
    week: Week = _WHOLE_DAYS
    holidays: Mapping[str, str] = {}  # day to name
    closed: frozenset[str] = frozenset()
    opened: Mapping[str, tuple[Span, ...]] = {}
    is_always: bool = False  # day and night: nothing is to be looked up
    blocks: dict[int, Block] = field(default_factory=dict)  # worked out so far

    def exception(self, day: str) -> str:
        """Why a day differs from others of its kind: ``open``, ``closed``, ``holiday``; "" where it does not."""
        if self.opened and (day in self.opened or day[5:] in self.opened):
            return OPEN
        if self.closed and (day in self.closed or day[5:] in self.closed):
            return CLOSED
        return HOLIDAY if day in self.holidays else ""

    def hours(self, ordinal: int) -> tuple[Span, ...]:
        """The spans that begin on a day."""
        if self.opened or self.closed or self.holidays:
            day = date.fromordinal(ordinal).isoformat()
            why = self.exception(day)
            if why == OPEN:
                return self.opened.get(day) or self.opened[day[5:]]
            if why:
                return ()
        return self.week[(ordinal - 1) % 7]


ALWAYS = Calendar(is_always=True)
"""Day and night."""


class Day(Struct, frozen=True, kw_only=True):
    """What a day adds: spans as moments, and why it differs from others, where it does."""

    day: str
    spans: tuple[tuple[str, str], ...]
    seconds: int
    why: str = ""
    name: str = ""  # of a holiday


def calendar_of(
    hours: tuple[str, ...],
    zone: str,
    *,
    holidays: Mapping[str, str] | None = None,
    closed: tuple[str, ...] = (),
    opened: tuple[str, ...] = (),
) -> Calendar:
    """A calendar from the forms of the configuration. Raises ValueError."""
    return Calendar(
        zone=zone,
        week=read_week(hours),
        holidays=holidays or {},
        closed=frozenset(map(read_day, closed)),
        opened=dict(map(read_open_day, opened)),
    )


def between(calendar: Calendar, a: str, b: str) -> int:
    """The seconds of working time from one moment to a later one; 0 where it is none.

    Additive: what lies between the first and the last of three moments in their order is the sum of both parts.
    """
    first, last = seconds_of(a), seconds_of(b)
    if last <= first:
        return 0
    if calendar.is_always:
        return last - first
    begin, end = _number(calendar, first), _number(calendar, last)
    gone = _block(calendar, begin).until(first)
    whole = sum(_block(calendar, number).total for number in range(begin, end))
    return whole - gone + _block(calendar, end).until(last)


def after(calendar: Calendar, a: str, seconds: int) -> str:
    """The first moment at which so much working time has passed since another.

    Raises NoWorkingTime where that is beyond the horizon.
    """
    if seconds <= 0:
        return a
    first = seconds_of(a)
    if calendar.is_always:
        return text_of(first + seconds)
    number = _number(calendar, first)
    block = _block(calendar, number)
    seconds += block.until(first)
    for further in range(number + 1, number + 1 + HORIZON_DAYS // BLOCK_DAYS):
        if seconds <= block.total:
            return text_of(block.when(seconds))
        seconds -= block.total
        block = _block(calendar, further)
    raise NoWorkingTime(f"not within {HORIZON_DAYS // 366} years")


def days(calendar: Calendar, a: str, b: str) -> list[Day]:
    """The days from one moment to another that add working time, or would if they did not differ.

    What they add is together what lies ``between``.
    """
    first, last = seconds_of(a), seconds_of(b)
    zone = _zone(calendar.zone)
    begin, end = _ordinal(first, zone), _ordinal(last, zone)
    found, reached = [], first
    for ordinal in range(begin - 1, end + 1):
        spans = []
        for start, stop in sorted(_moments(calendar.hours(ordinal), ordinal, zone)):
            start, stop = max(start, reached), min(stop, last)
            if start < stop:
                spans.append((start, stop))
                reached = stop
        day = date.fromordinal(ordinal).isoformat()
        why = calendar.exception(day)
        differs = why and begin <= ordinal and (why == OPEN or calendar.week[(ordinal - 1) % 7])
        if spans or differs:
            found.append(
                Day(
                    day=day,
                    spans=tuple((text_of(start), text_of(stop)) for start, stop in spans),
                    seconds=sum(stop - start for start, stop in spans),
                    why=why,
                    name=calendar.holidays.get(day, "") if why == HOLIDAY else "",
                )
            )
    return found


def _number(calendar: Calendar, moment: int) -> int:
    """In which block a moment lies."""
    number = _ordinal(moment, _zone(calendar.zone)) // BLOCK_DAYS
    # Where clocks change at midnight, a day may begin a little before or after what the clock shows.
    while moment < _block(calendar, number).begins_at:
        number -= 1
    while moment >= _block(calendar, number).ends_at:
        number += 1
    return number


def _block(calendar: Calendar, number: int) -> Block:
    block = calendar.blocks.get(number)
    if block is None:
        block = calendar.blocks[number] = _worked_out(calendar, number)
    return block


def _worked_out(calendar: Calendar, number: int) -> Block:
    """The spans of a block's days, and of the night before, as far as they lie in it."""
    zone, first = _zone(calendar.zone), number * BLOCK_DAYS
    begins_at = _moment(first, 0, zone)
    ends_at = _moment(first + BLOCK_DAYS, 0, zone)
    found = [
        (max(start, begins_at), min(stop, ends_at))
        for ordinal, plain in _offsets(first - 1, first + BLOCK_DAYS, zone)
        for start, stop in _moments(calendar.hours(ordinal), ordinal, zone, plain)
    ]
    starts: list[int] = []
    ends: list[int] = []
    for start, stop in sorted(found):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], stop)
        elif start < stop:
            starts.append(start)
            ends.append(stop)
    sums, total = [], 0
    for start, stop in zip(starts, ends, strict=True):
        total += stop - start
        sums.append(total)
    return Block(begins_at, ends_at, starts, ends, sums)


def _offsets(first: int, last: int, zone: tzinfo) -> Iterator[tuple[int, int | None]]:
    """Each day with what its clock is ahead of UTC on it and the next; None where the clock changes meanwhile.

    No zone has ever changed its clock twice within two days.
    """
    ahead = [_ahead(datetime.fromordinal(ordinal), zone) for ordinal in range(first, last + 2)]
    for place, ordinal in enumerate(range(first, last)):
        here = ahead[place]
        yield ordinal, here if here == ahead[place + 1] == ahead[place + 2] else None


def _moments(
    hours: tuple[Span, ...], ordinal: int, zone: tzinfo, plain: int | None = None
) -> Iterator[tuple[int, int]]:
    """The spans of a day as moments; ``plain`` is by how much its clock is ahead, where it does not change."""
    if plain is not None:
        midnight = (ordinal - _EPOCH) * 86400 - plain
        for start, stop in hours:
            yield midnight + start * 60, midnight + stop * 60
        return
    for start, stop in hours:
        yield _moment(ordinal, start, zone), _moment(ordinal, stop, zone, is_end=True)


def _moment(ordinal: int, minute: int, zone: tzinfo, *, is_end: bool = False) -> int:
    """The moment at which the clock shows a time; see the head of this page for what is no time or two."""
    ordinal, minute = ordinal + minute // DAY_MINUTES, minute % DAY_MINUTES
    shown = datetime.fromordinal(ordinal).replace(hour=minute // 60, minute=minute % 60)
    before, since = _ahead(shown, zone), _ahead(shown.replace(fold=1), zone)
    local = (ordinal - _EPOCH) * 86400 + minute * 60
    if before >= since:
        return local - (since if is_end else before)
    early, late = local - since, local - before
    while late - early > 1:
        middle = (early + late) // 2
        offset = datetime.fromtimestamp(middle, zone).utcoffset()
        early, late = (middle, late) if offset == timedelta(seconds=before) else (early, middle)
    return late


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _ordinal(moment: int, zone: tzinfo) -> int:
    """The day that the clock shows at a moment."""
    return datetime.fromtimestamp(moment, zone).toordinal()


def _ahead(shown: datetime, zone: tzinfo) -> int:
    """By how many seconds a clock is ahead of UTC when it shows a time."""
    offset = zone.utcoffset(shown.replace(tzinfo=zone))
    assert offset is not None
    return offset.days * 86400 + offset.seconds
