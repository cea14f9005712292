"""How hours and days are written."""

import pytest

from helpdesk_cli.domain.hours import read_day, read_hours, read_open_day, read_week

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
NINE, NOON, ONE, FIVE, TEN_PM = 540, 720, 780, 1020, 1320


@pytest.mark.parametrize(
    ("text", "days", "spans"),
    [
        ("mon-fri 09:00-17:00", (MON, TUE, WED, THU, FRI), ((NINE, FIVE),)),
        ("Sat 9:00-12:00 13:00-17:00", (SAT,), ((NINE, NOON), (ONE, FIVE))),
        ("sun-thu 22:00-06:00", (SUN, MON, TUE, WED, THU), ((TEN_PM, 1440 + 360),)),
        ("mon-sun 00:00-24:00", (MON, TUE, WED, THU, FRI, SAT, SUN), ((0, 1440),)),
        ("mon,wed,fri-sat 09:00-12:00", (MON, WED, FRI, SAT), ((NINE, NOON),)),
        ("fri 22:00-00:00", (FRI,), ((TEN_PM, 1440),)),
        ("fri-mon,sat 09:00-12:00", (FRI, SAT, SUN, MON), ((NINE, NOON),)),
        ("wed-wed 09:00-12:00", (WED,), ((NINE, NOON),)),
    ],
)
def test_hours_are_days_and_spans(
    text: str, days: tuple[int, ...], spans: tuple[tuple[int, int], ...]
) -> None:
    assert read_hours(text) == (days, spans)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be days and spans"),
        ("mon-fri", "must be days and spans"),
        ("09:00-17:00", "must be days and spans"),
        ("mon-fry 09:00-17:00", '"fry" is no day; the days are mon, tue'),
        ("mon- 09:00-17:00", '"" is no day'),
        ("monday 09:00-17:00", '"monday" is no day'),
        ("mon 09:00", '"09:00" must be two times'),
        ("mon 9-17", '"9-17" must be two times'),
        ("mon 09:00-24:01", "must be two times"),
        ("mon 09:60-17:00", "must be two times"),
        ("mon 24:00-06:00", "must be two times"),
        ("mon 009:00-17:00", "must be two times"),
        ("mon 09:00-17:000", "must be two times"),
        ("mon ٠٩:00-17:00", "must be two times"),
        ("mon 09:00 - 17:00", "must be two times"),
        ("mon 09:00-09:00", "has no length"),
    ],
)
def test_other_hours_are_refused_with_what_is_allowed(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^\"") as refused:
        read_hours(text)
    assert words in str(refused.value)


def test_what_several_lines_say_of_a_day_is_all_meant() -> None:
    week = read_week(("mon-tue 13:00-17:00", "tue 09:00-12:00", "tue 13:00-17:00"))
    assert week[MON] == ((ONE, FIVE),)
    assert week[TUE] == ((NINE, NOON), (ONE, FIVE))
    assert week[WED:] == ((),) * 5


@pytest.mark.parametrize("text", ["2026-12-24", "12-24", "02-29", "2028-02-29"])
def test_a_day_is_one_of_a_year_or_of_each(text: str) -> None:
    assert read_day(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-29", "13-01", "02-30", "24.12.", "20261224", "1224", "2026-W52-4", "2026-12-24x", "x"],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no day; such as"):
        read_day(text)


def test_an_open_day_has_hours_of_its_own() -> None:
    assert read_open_day("2026-12-19 09:00-12:00 13:00-17:00") == ("2026-12-19", ((NINE, NOON), (ONE, FIVE)))
    with pytest.raises(ValueError, match="a day and spans of time"):
        read_open_day("2026-12-19")
    with pytest.raises(ValueError, match="is no day"):
        read_open_day("sat 10:00-14:00")
