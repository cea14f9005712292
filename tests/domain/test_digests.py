"""When digests are due: by the clock on the wall, over both changes of summer time."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.digests import due_after
from helpdesk_cli.domain.moments import later, read


@pytest.mark.parametrize(
    ("since", "wish", "zone", "due"),
    [
        ("2026-11-22T09:30:00Z", "hourly", "UTC", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00Z", "hourly", "UTC", "2026-11-22T11:00:00Z"),
        ("2026-11-22T09:45:00Z", "hourly", "Asia/Kolkata", "2026-11-22T10:30:00Z"),  # half an hour aside
        ("2026-11-22T06:59:59Z", "daily", "Europe/Berlin", "2026-11-22T07:00:00Z"),
        ("2026-11-22T07:00:00Z", "daily", "Europe/Berlin", "2026-11-23T07:00:00Z"),
        ("2026-07-22T07:00:00Z", "daily", "Europe/Berlin", "2026-07-23T06:00:00Z"),
        ("2026-10-24T07:00:00Z", "daily", "Europe/Berlin", "2026-10-25T07:00:00Z"),  # an hour more
        ("2026-03-28T08:00:00Z", "daily", "Europe/Berlin", "2026-03-29T06:00:00Z"),  # an hour less
        ("2026-11-22T23:30:00Z", "daily", "Pacific/Auckland", "2026-11-23T19:00:00Z"),
    ],
)
def test_a_digest_is_due_by_the_clock_on_the_wall(since: str, wish: str, zone: str, due: str) -> None:
    assert due_after(since, wish, zone, "08:00") == due


def test_an_hour_that_a_day_has_not_is_one_later() -> None:
    assert due_after("2026-03-28T12:00:00Z", "daily", "Europe/Berlin", "02:30") == "2026-03-29T01:30:00Z"


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"])


@given(st.integers(0, 2 * 366 * 86400), st.sampled_from(["hourly", "daily"]), ZONES, st.integers(0, 1439))
def test_a_digest_is_always_ahead_and_never_far(seconds: int, wish: str, zone: str, minute: int) -> None:
    since = later("2026-01-01T00:00:00Z", seconds)
    ahead = read(due_after(since, wish, zone, f"{minute // 60:02}:{minute % 60:02}")) - read(since)
    assert timedelta(0) < ahead <= (timedelta(hours=1) if wish == "hourly" else timedelta(hours=25))
