"""When mails on a ticket go to and fro too fast for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.restless import is_restless, since
from helpdesk_cli.settings import Rate

START = "2026-11-23T09:00:00Z"
RATES = (Rate(3, 600), Rate(6, 86400))


def moments(*minutes: int) -> list[str]:
    return [later(START, minute * 60) for minute in minutes]


@pytest.mark.parametrize(
    ("came", "asked", "restless"),
    [
        ((), 0, False),
        ((0, 1, 2), 2, False),
        ((0, 1, 2, 3), 3, True),
        ((0, 4, 8, 12), 12, False),
        ((0, 1, 2, 3), 23 * 60, True),  # quiet for a day
        ((0, 1, 2, 3), 24 * 60 + 3, True),
        ((0, 1, 2, 3), 24 * 60 + 4, False),
        ((0, 60, 120, 180, 240, 300), 300, False),
        ((0, 60, 120, 180, 240, 300, 360), 360, True),
        ((0, 240, 480, 720, 960, 1200, 1440), 1440, False),
    ],
)
def test_too_many_mails_make_a_ticket_restless_for_a_day(
    came: tuple[int, ...], asked: int, restless: bool
) -> None:
    assert is_restless(moments(*came), RATES, later(START, asked * 60)) is restless


@given(st.lists(st.integers(0, 4000), max_size=12).map(sorted), st.integers(0, 6000))
def test_what_is_older_than_was_asked_for_changes_nothing(minutes: list[int], asked: int) -> None:
    came, at = moments(*minutes), later(START, asked * 60)
    until = [moment for moment in came if moment <= at]
    recent = [moment for moment in until if moment >= since(RATES, at)]
    assert is_restless(until, RATES, at) is is_restless(recent, RATES, at)
