"""Moments as people say them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from helpdesk_cli.domain.moments import at
from helpdesk_cli.domain.spoken import moment_ahead, moment_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=BERLIN)  # a Sunday


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("now", "2026-11-22T09:30:00Z"),
        ("today", "2026-11-21T23:00:00Z"),
        ("Yesterday", "2026-11-20T23:00:00Z"),
        ("tomorrow", "2026-11-22T23:00:00Z"),
        ("this week", "2026-11-15T23:00:00Z"),
        ("last week", "2026-11-08T23:00:00Z"),
        ("last_week", "2026-11-08T23:00:00Z"),
        ("this month", "2026-10-31T23:00:00Z"),
        ("last month", "2026-09-30T22:00:00Z"),
        ("this year", "2025-12-31T23:00:00Z"),
        ("last year", "2024-12-31T23:00:00Z"),
        ("sunday", "2026-11-21T23:00:00Z"),
        ("monday", "2026-11-15T23:00:00Z"),
        ("3 days ago", "2026-11-19T09:30:00Z"),
        ("2h", "2026-11-22T07:30:00Z"),
        ("90 minutes ago", "2026-11-22T08:00:00Z"),
        ("1 week", "2026-11-15T09:30:00Z"),
        ("2026-11-01", "2026-10-31T23:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        ("2026-11-01 12:00", "2026-11-01T11:00:00Z"),
        ("2026-11-01T12:00:00Z", "2026-11-01T12:00:00Z"),
        ("2026-11-01T12:00:00+05:30", "2026-11-01T06:30:00Z"),
    ],
)
def test_words_name_a_moment_in_the_zone_of_now(words: str, moment: str) -> None:
    assert at(moment_of(words, NOW)) == moment


@pytest.mark.parametrize(
    "words", ["", "soon", "2026-13-01", "3 fortnights ago", "next week", "h", "-2h", "22.11.2026"]
)
def test_other_words_are_no_moment(words: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month must be"):
        moment_of(words, NOW)


def test_the_month_before_january_is_december() -> None:
    assert moment_of("last month", datetime(2027, 1, 31, tzinfo=BERLIN)).strftime("%F") == "2026-12-01"


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("tomorrow", "2026-11-22T23:00:00Z"),
        ("Tomorrow 9:00", "2026-11-23T08:00:00Z"),
        ("tomorrow at 09:00", "2026-11-23T08:00:00Z"),
        ("friday", "2026-11-26T23:00:00Z"),
        ("friday 14:00", "2026-11-27T13:00:00Z"),
        ("next friday", "2026-11-26T23:00:00Z"),
        ("sunday", "2026-11-28T23:00:00Z"),
        ("next week", "2026-11-22T23:00:00Z"),
        ("next month", "2026-11-30T23:00:00Z"),
        ("in 3 days", "2026-11-24T23:00:00Z"),
        ("3 days", "2026-11-24T23:00:00Z"),
        ("in 2 weeks 8:30", "2026-12-06T07:30:00Z"),
        ("in 2 hours", "2026-11-22T11:30:00Z"),
        ("2h", "2026-11-22T11:30:00Z"),
        ("3d", "2026-11-25T09:30:00Z"),
        ("14:00", "2026-11-22T13:00:00Z"),
        ("9:00", "2026-11-23T08:00:00Z"),
        ("2026-12-01", "2026-11-30T23:00:00Z"),
        ("2026-12-01 14:00", "2026-12-01T13:00:00Z"),
        ("2026-12-01T14:00", "2026-12-01T13:00:00Z"),
        ("2026-12-01T14:00:00Z", "2026-12-01T14:00:00Z"),
    ],
)
def test_words_look_ahead_to_a_moment(words: str, moment: str) -> None:
    assert at(moment_ahead(words, NOW)) == moment


@pytest.mark.parametrize(
    "words", ["", "soon", "3 days ago", "2h ago", "25:00", "friday 9", "yesterday", "2026-13-01", "in days"]
)
def test_other_words_look_ahead_to_nothing(words: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment_ahead(words, NOW)
