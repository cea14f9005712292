"""Working time: holidays, zones, both changes of the clock; and what always holds."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.moments import at, later, seconds_between
from helpdesk_cli.domain.worktime import (
    ALWAYS,
    Calendar,
    NoWorkingTime,
    after,
    between,
    calendar_of,
    days,
)

HOUR = 3600
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = ("mon-fri 09:00-17:00",)


def office(zone: str = "UTC", *hours: str, **more: Any) -> Calendar:
    return calendar_of(hours or OFFICE, zone, **more)


# Tables. 2026-11-23 is a Monday.

BETWEEN = [
    # hours, from, to, hours of working time
    (OFFICE, "2026-11-23T09:00:00Z", "2026-11-23T17:00:00Z", 8),
    (OFFICE, "2026-11-23T10:00:00Z", "2026-11-23T12:30:00Z", 2.5),
    (OFFICE, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 8),
    (OFFICE, "2026-11-20T16:00:00Z", "2026-11-23T10:00:00Z", 2),
    (OFFICE, "2026-11-21T00:00:00Z", "2026-11-22T23:59:59Z", 0),
    (OFFICE, "2026-11-23T17:00:00Z", "2026-11-24T09:00:00Z", 0),
    (OFFICE, "2026-11-23T12:00:00Z", "2026-11-23T11:00:00Z", 0),
    (("mon 09:00-12:00 13:00-17:00",), "2026-11-23T11:00:00Z", "2026-11-23T14:00:00Z", 2),
    (("mon 13:00-17:00", "mon 09:00-12:00"), "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 7),
    (("mon 09:00-12:00", "mon 11:00-13:00"), "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 4),
    (("sun-thu 22:00-06:00",), "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z", 40),
    (("sun-thu 22:00-06:00",), "2026-11-22T23:00:00Z", "2026-11-23T05:00:00Z", 6),
    (("sun 22:00-06:00", "mon 05:00-07:00"), "2026-11-22T22:00:00Z", "2026-11-23T08:00:00Z", 9),
    (("mon-sun 00:00-24:00",), "2026-11-01T03:00:00Z", "2026-11-23T04:00:00Z", 22 * 24 + 1),
    (OFFICE, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 261 * 8),
]


@pytest.mark.parametrize(("hours", "a", "b", "expected"), BETWEEN)
def test_the_working_time_between(hours: tuple[str, ...], a: str, b: str, expected: float) -> None:
    assert between(office("UTC", *hours), a, b) == expected * HOUR


AFTER = [
    (OFFICE, "2026-11-23T09:00:00Z", 8, "2026-11-23T17:00:00Z"),
    (OFFICE, "2026-11-23T09:00:00Z", 8.001, "2026-11-24T09:00:03Z"),
    (OFFICE, "2026-11-20T16:00:00Z", 2, "2026-11-23T10:00:00Z"),
    (OFFICE, "2026-11-21T12:00:00Z", 1, "2026-11-23T10:00:00Z"),
    (OFFICE, "2026-11-21T12:00:00Z", 0, "2026-11-21T12:00:00Z"),
    (OFFICE, "2026-11-23T09:00:00Z", 261 * 8, "2027-11-22T17:00:00Z"),
    (("mon 09:00-12:00 13:00-17:00",), "2026-11-23T11:00:00Z", 1, "2026-11-23T12:00:00Z"),
    (("sun-thu 22:00-06:00",), "2026-11-27T12:00:00Z", 9, "2026-11-30T23:00:00Z"),
]


@pytest.mark.parametrize(("hours", "a", "spent", "expected"), AFTER)
def test_the_moment_at_which_so_much_has_passed(
    hours: tuple[str, ...], a: str, spent: float, expected: str
) -> None:
    assert after(office("UTC", *hours), a, int(spent * HOUR)) == expected


DIFFERENT = [
    # what differs, the working hours from Monday to Sunday
    ({"holidays": {"2026-11-25": "Day of the pig"}}, 32),
    ({"holidays": {"2026-11-28": "On a Saturday"}}, 40),
    ({"closed": ("2026-11-25",)}, 32),
    ({"closed": ("11-25", "2025-11-26")}, 32),
    ({"closed": ("2026-11-25",), "holidays": {"2026-11-25": "Both"}}, 32),
    ({"opened": ("2026-11-28 10:00-14:00",)}, 44),
    ({"opened": ("2026-11-25 10:00-14:00",), "holidays": {"2026-11-25": "Still open"}}, 36),
    ({"opened": ("2026-11-25 10:00-14:00",), "closed": ("11-25",)}, 36),
    ({"opened": ("11-25 10:00-12:00", "2026-11-25 10:00-14:00")}, 36),
]


@pytest.mark.parametrize(("more", "expected"), DIFFERENT)
def test_days_that_differ(more: dict[str, Any], expected: int) -> None:
    found = between(office(**more), "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")
    assert found == expected * HOUR


def test_a_night_shift_before_a_holiday_is_worked_to_its_end_and_the_next_is_not_begun() -> None:
    calendar = office("UTC", "mon-sun 22:00-06:00", holidays={"2026-12-25": "Christmas Day"})
    assert between(calendar, "2026-12-24T22:00:00Z", "2026-12-25T22:00:00Z") == 8 * HOUR
    assert between(calendar, "2026-12-25T22:00:00Z", "2026-12-26T22:00:00Z") == 0


NIGHTS = [
    # zone, hours of a day, the day, hours that really pass
    ("Europe/Berlin", "01:30-03:15", "2026-03-28", 1.75),
    ("Europe/Berlin", "01:30-03:15", "2026-03-29", 0.75),  # 02:00 becomes 03:00
    ("Europe/Berlin", "02:30-05:00", "2026-03-29", 2),  # begins with the leap
    ("Europe/Berlin", "01:00-02:30", "2026-03-29", 1),  # ends with it
    ("Europe/Berlin", "02:15-02:45", "2026-03-29", 0),
    ("Europe/Berlin", "00:00-24:00", "2026-03-29", 23),
    ("Europe/Berlin", "01:30-03:15", "2026-10-25", 2.75),  # 03:00 becomes 02:00
    ("Europe/Berlin", "02:30-05:00", "2026-10-25", 3.5),  # from the first 02:30
    ("Europe/Berlin", "01:00-02:30", "2026-10-25", 2.5),  # to the second
    ("Europe/Berlin", "01:00-02:00", "2026-10-25", 2),
    ("Europe/Berlin", "00:00-24:00", "2026-10-25", 25),
    ("Europe/Berlin", "22:00-06:00", "2026-03-28", 7),
    ("Europe/Berlin", "22:00-06:00", "2026-10-24", 9),
    ("America/New_York", "01:30-03:15", "2026-03-08", 0.75),
    ("America/New_York", "00:30-01:30", "2026-11-01", 2),
    ("Australia/Lord_Howe", "01:00-03:00", "2026-04-05", 2.5),  # half an hour
    ("Australia/Lord_Howe", "01:00-03:00", "2026-10-04", 1.5),
    ("Africa/Cairo", "00:00-24:00", "2026-04-24", 23),  # midnight does not exist
    ("Africa/Cairo", "23:30-00:30", "2026-10-29", 2),
    ("America/Havana", "00:00-24:00", "2026-11-01", 25),  # midnight comes twice
    ("America/Sao_Paulo", "23:00-01:00", "2018-02-17", 3),
    ("Pacific/Apia", "09:00-17:00", "2011-12-30", 0),  # a day that never was
    ("Pacific/Apia", "22:00-06:00", "2011-12-29", 2),
    ("Asia/Kolkata", "01:30-03:15", "2026-03-29", 1.75),
    ("UTC", "01:30-03:15", "2026-10-25", 1.75),
]


@pytest.mark.parametrize(("zone", "hours", "day", "expected"), NIGHTS)
def test_what_really_passes_counts_when_the_clock_changes(
    zone: str, hours: str, day: str, expected: float
) -> None:
    weekday = DAYS[date.fromisoformat(day).weekday()]
    calendar = office(zone, f"{weekday} {hours}")
    a, b = later(f"{day}T00:00:00Z", -2 * 86400), later(f"{day}T00:00:00Z", 3 * 86400)
    assert between(calendar, a, b) == expected * HOUR
    assert [(one.day, one.seconds) for one in days(calendar, a, b)] == [(day, expected * HOUR)][
        : expected > 0
    ]
    if expected:
        end = after(calendar, a, int(expected * HOUR))
        assert after(calendar, a, 1) == later(days(calendar, a, b)[0].spans[0][0], 1)
        assert between(calendar, end, b) == 0


@pytest.mark.parametrize(
    ("zone", "a", "expected"),
    [
        ("Europe/Berlin", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"),
        ("Asia/Kolkata", "2026-11-23T03:30:00Z", "2026-11-23T04:30:00Z"),
        ("America/New_York", "2026-11-23T08:00:00Z", "2026-11-23T15:00:00Z"),
        ("Pacific/Auckland", "2026-11-22T19:00:00Z", "2026-11-22T21:00:00Z"),
    ],
)
def test_hours_are_those_of_the_zone(zone: str, a: str, expected: str) -> None:
    assert after(office(zone), a, HOUR) == expected


def test_a_calendar_without_hours_says_so_and_does_not_search_for_ever() -> None:
    empty = calendar_of((), "UTC")
    assert between(empty, "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z") == 0
    with pytest.raises(NoWorkingTime):
        after(empty, "2026-01-01T00:00:00Z", 1)
    closed = office(closed=tuple(f"{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)))
    with pytest.raises(NoWorkingTime):
        after(closed, "2026-01-01T00:00:00Z", 2000 * HOUR)


def test_what_lies_beyond_the_horizon_is_promised_to_nobody() -> None:
    assert after(office(), "2026-01-01T00:00:00Z", 4 * 2000 * HOUR) < "2030-01-01"
    with pytest.raises(NoWorkingTime):
        after(office(), "2026-01-01T00:00:00Z", 6 * 2100 * HOUR)


def test_day_and_night_is_plain_time() -> None:
    assert between(ALWAYS, "2026-03-28T00:00:00Z", "2026-03-30T00:00:01Z") == 2 * 86400 + 1
    assert after(ALWAYS, "2026-03-28T00:00:00Z", 86400) == "2026-03-29T00:00:00Z"
    assert [day.seconds for day in days(ALWAYS, "2026-03-28T12:00:00Z", "2026-03-30T06:00:00Z")] == [
        12 * HOUR,
        24 * HOUR,
        6 * HOUR,
    ]


def test_days_name_what_differs_and_only_where_it_takes_or_gives_hours() -> None:
    calendar = office(
        holidays={"2026-12-25": "Christmas Day", "2026-12-26": "A Saturday"},
        closed=("12-24",),
        opened=("2026-12-27 10:00-12:00",),
    )
    found = days(calendar, "2026-12-23T15:00:00Z", "2026-12-28T10:00:00Z")
    assert [(one.day, one.why, one.name, one.seconds / HOUR) for one in found] == [
        ("2026-12-23", "", "", 2),
        ("2026-12-24", "closed", "", 0),
        ("2026-12-25", "holiday", "Christmas Day", 0),
        ("2026-12-27", "open", "", 2),
        ("2026-12-28", "", "", 1),
    ]
    assert found[0].spans == (("2026-12-23T15:00:00Z", "2026-12-23T17:00:00Z"),)


# What always holds

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Africa/Cairo",
        "Africa/Casablanca",
        "America/Havana",
        "Asia/Beirut",
        "Pacific/Auckland",
        "Pacific/Apia",
    ]
)
MOMENTS = st.integers(-400 * 86400, 400 * 86400).map(lambda seconds: later("2026-06-01T00:00:00Z", seconds))
SOON = st.integers(0, 60 * 86400)


@st.composite
def hours(draw: st.DrawFn) -> str:
    """A line of hours: a span of any length, over midnight or not."""
    start = draw(st.integers(0, 1439))
    length = draw(st.integers(1, 1440))
    stop = (start + length) % 1440
    if stop == start:
        start, stop = 0, 1440
    pair = f"{start // 60:02}:{start % 60:02}-{stop // 60:02}:{stop % 60:02}"
    return f"{draw(st.sampled_from(DAYS))}-{draw(st.sampled_from(DAYS))} {pair}"


def nights() -> st.SearchStrategy[str]:
    """Hours of every day, mostly those in which clocks change."""
    quarter = st.integers(-8, 20)
    pairs = st.tuples(quarter, quarter).filter(lambda pair: pair[0] != pair[1])
    return pairs.map(lambda pair: f"mon-sun {_shown(pair[0])}-{_shown(pair[1])}")


def _shown(quarter: int) -> str:
    """A quarter of an hour after midnight, or before it."""
    return f"{quarter // 4 % 24:02}:{quarter % 4 * 15:02}"


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """A calendar with some hours in each week, and with days that differ."""
    some = st.dates(date(2025, 1, 1), date(2027, 12, 31)).map(date.isoformat)
    return calendar_of(
        tuple(draw(st.lists(hours(), min_size=1, max_size=3))),
        draw(ZONES),
        holidays=dict.fromkeys(draw(st.lists(some, max_size=20)), "Holiday"),
        closed=tuple(draw(st.lists(some.map(lambda day: day[5:]), max_size=3))),
        opened=tuple(f"{day} 10:00-12:00" for day in draw(st.lists(some, max_size=3))),
    )


@settings(deadline=None)
@given(calendars(), MOMENTS, SOON, SOON)
def test_what_lies_between_is_additive_and_never_negative(
    calendar: Calendar, a: str, first: int, second: int
) -> None:
    b, c = later(a, first), later(a, first + second)
    assert between(calendar, a, c) == between(calendar, a, b) + between(calendar, b, c)
    assert 0 <= between(calendar, a, b) <= seconds_between(a, b)


@settings(deadline=None)
@given(calendars(), MOMENTS, st.integers(1, 40 * 86400))
def test_after_is_the_first_moment_at_which_so_much_lies_between(
    calendar: Calendar, a: str, seconds: int
) -> None:
    try:
        when = after(calendar, a, seconds)
    except NoWorkingTime:
        return
    assert between(calendar, a, when) == seconds
    assert between(calendar, a, later(when, -1)) == seconds - 1


@settings(deadline=None)
@given(calendars(), MOMENTS, SOON)
def test_what_lay_between_is_over_by_then(calendar: Calendar, a: str, passed: int) -> None:
    b = later(a, passed)
    assert after(calendar, a, between(calendar, a, b)) <= b


@settings(deadline=None)
@given(calendars(), MOMENTS, SOON, st.integers(0, 20 * 86400), st.integers(0, 86400))
def test_a_later_beginning_or_a_longer_time_never_ends_earlier(
    calendar: Calendar, a: str, further: int, seconds: int, more: int
) -> None:
    try:
        latest = after(calendar, later(a, further), seconds + more)
    except NoWorkingTime:
        return
    assert after(calendar, a, seconds) <= latest


@settings(deadline=None)
@given(calendars(), MOMENTS, SOON)
def test_the_days_together_are_what_lies_between(calendar: Calendar, a: str, passed: int) -> None:
    b = later(a, passed)
    found = days(calendar, a, b)
    assert sum(one.seconds for one in found) == between(calendar, a, b)
    assert sum(int(seconds_between(*span)) for one in found for span in one.spans) == between(calendar, a, b)
    spans = [moment for one in found for span in one.spans for moment in span]
    assert spans == sorted(spans)


# A slow count, minute by minute, that knows nothing of offsets and blocks


def clock(zone: str, change: str) -> list[tuple[datetime, datetime]]:
    """Each minute of the days around one, and what the clock on the wall shows."""
    first = datetime.fromisoformat(f"{change}T00:00:00+00:00") - timedelta(days=4)
    minutes = [first + timedelta(minutes=step) for step in range(9 * 1440)]
    return [(minute, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for minute in minutes]


def counted(calendar: Calendar, minutes: list[tuple[datetime, datetime]]) -> set[datetime]:
    """Every one of these minutes that is working time."""
    found: set[datetime] = set()
    for ordinal in range(minutes[1440][1].toordinal(), minutes[-2 * 1440][1].toordinal()):
        midnight = datetime.fromordinal(ordinal)
        for begin, end in calendar.hours(ordinal):
            opens, closes = midnight + timedelta(minutes=begin), midnight + timedelta(minutes=end)
            # From the first minute at which the clock shows that or later to the last at which it shows that or less.
            into = next(place for place, (_, wall) in enumerate(minutes) if wall >= opens)
            out = next(place for place in range(len(minutes) - 1, 0, -1) if minutes[place][1] <= closes)
            last = out if minutes[out][1] == closes else out + 1
            found.update(minute for minute, _ in minutes[into:last])
    return found


CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kolkata", "2026-03-29"),
]


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_a_slow_count_agrees_around_each_change_of_the_clock(zone: str, change: str) -> None:
    minutes = clock(zone, change)
    middle = datetime.fromisoformat(f"{change}T00:00:00+00:00")

    @settings(max_examples=25, deadline=None)
    @given(st.lists(nights(), min_size=1, max_size=3), st.integers(-2000, 2000), st.integers(0, 2880))
    def agrees(lines: list[str], start: int, length: int) -> None:
        calendar = calendar_of(tuple(lines), zone)
        a = middle + timedelta(minutes=start)
        b = min(a + timedelta(minutes=length), middle + timedelta(days=2))
        expected = sum(60 for minute in counted(calendar, minutes) if a <= minute < b)
        assert between(calendar, at(a), at(b)) == expected

    agrees()
