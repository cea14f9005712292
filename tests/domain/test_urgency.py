"""How urgent a ticket is: a table of cases, and what holds whatever the ticket is."""

from typing import Any

import pytest
from factories import NOW, a_ticket
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.spoken import span_of
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.domain.urgency import Crowd, Urgency, crowd_of, high_priorities, ladders, sign, urgency

FOUR = ("low", "normal", "high", "urgent")
HOUR, DAY = 3600, 86400
CROWD = Crowd(most=later(NOW, -2 * DAY), half=later(NOW, -HOUR))


def of(ticket: Ticket, at: str = NOW, crowd: Crowd = Crowd()) -> Urgency:  # noqa: B008
    return urgency(ticket, at, FOUR, crowd)


def ago(seconds: float) -> str:
    return later(NOW, -seconds)


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"priority": "low"}, []),
    ({}, ["priority normal"]),
    ({"priority": "urgent"}, ["priority urgent"]),
    ({"priority": "gone"}, []),
    ({"due_at": ago(-30)}, ["due in less than a minute", "priority normal"]),
    ({"due_at": NOW}, ["due in less than a minute", "priority normal"]),
    ({"due_at": ago(1)}, ["overdue by less than a minute", "priority normal"]),
    ({"due_at": ago(3 * HOUR)}, ["overdue by 3 hours", "priority normal"]),
    ({"due_at": ago(3 * DAY)}, ["overdue by 3 days", "priority normal"]),
    ({"due_at": ago(-100 * 60)}, ["due in 100 minutes", "priority normal"]),
    ({"due_at": ago(-2 * DAY)}, ["due in 2 days", "priority normal"]),
    ({"due_at": ago(-4 * DAY)}, ["priority normal"]),
    ({"unanswered_since": NOW}, ["priority normal", "unanswered for less than a minute"]),
    ({"unanswered_since": ago(119 * 60)}, ["unanswered for 119 minutes", "priority normal"]),
    ({"unanswered_since": ago(9 * DAY)}, ["unanswered for 9 days", "priority normal"]),
    (
        {"unanswered_since": ago(9 * DAY), "due_at": ago(HOUR), "priority": "high"},
        ["overdue by 60 minutes", "unanswered for 9 days", "priority high"],
    ),
]


@pytest.mark.parametrize(("fields", "words"), CASES)
def test_the_reasons_are_told_the_weightiest_first(fields: dict[str, Any], words: list[str]) -> None:
    assert [reason.words for reason in of(a_ticket(**fields)).reasons] == words


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        (3 * DAY, "its client waits longer than nine of ten who wait"),
        (2 * DAY, "its client waits longer than half of those who wait"),
        (2 * HOUR, "its client waits longer than half of those who wait"),
        (HOUR, None),
    ],
)
def test_a_wait_is_compared_with_that_of_others(waits: float, words: str | None) -> None:
    found = of(a_ticket(unanswered_since=ago(waits)), crowd=CROWD).reasons
    assert [reason.words for reason in found if reason.name == "patience"] == ([words] if words else [])


ORDER: list[dict[str, Any]] = [
    {"due_at": ago(8 * DAY), "priority": "urgent"},
    {"due_at": ago(HOUR), "priority": "urgent"},
    {"due_at": ago(8 * DAY)},
    {"due_at": ago(HOUR), "unanswered_since": ago(5 * HOUR)},
    {"due_at": ago(HOUR)},
    {"priority": "urgent", "unanswered_since": NOW},
    {"due_at": ago(-HOUR / 2)},
    {"unanswered_since": ago(8 * DAY)},
    {"due_at": ago(-DAY / 2)},
    {"priority": "high"},
    {"unanswered_since": ago(HOUR + 1)},
    {},
    {"priority": "low"},
]
"""Tickets from the most urgent to the least."""


def test_what_is_late_goes_before_what_is_loud_and_that_before_what_waits() -> None:
    points = [of(a_ticket(**fields)).points for fields in ORDER]
    assert points == sorted(points, reverse=True)
    assert len(set(points)) == len(points)


def test_no_rung_of_a_ladder_has_more_points_than_one_above_it() -> None:
    for ladder in ladders(NOW, FOUR, CROWD):
        points = [rung.points for rung in ladder.rungs if rung.is_before]
        values = [rung.value for rung in ladder.rungs if rung.is_before]
        assert points == sorted(points, reverse=True)
        assert values == sorted(values)


# What holds for every ticket

spans = st.integers(-20 * DAY, 20 * DAY)
moments = st.none() | spans.map(ago)
past = st.none() | st.integers(0, 20 * DAY).map(ago)
some_tickets = st.builds(
    lambda **fields: a_ticket(**fields),
    priority=st.sampled_from((*FOUR, "gone")),
    due_at=moments,
    unanswered_since=past,
)
crowds = st.lists(st.integers(0, 20 * DAY).map(ago), max_size=30).map(crowd_of)
longer = st.integers(0, 20 * DAY)


@given(some_tickets, longer, crowds)
def test_what_is_due_earlier_is_never_less_urgent(ticket: Ticket, seconds: int, crowd: Crowd) -> None:
    earlier = replace(ticket, due_at=later(ticket.due_at or NOW, -seconds))
    assert of(earlier, crowd=crowd).points >= of(ticket, crowd=crowd).points


@given(some_tickets, longer, crowds)
def test_who_waits_longer_is_never_less_urgent(ticket: Ticket, seconds: int, crowd: Crowd) -> None:
    earlier = replace(ticket, unanswered_since=later(ticket.unanswered_since or NOW, -seconds))
    assert of(earlier, crowd=crowd).points >= of(ticket, crowd=crowd).points


@given(some_tickets, crowds)
def test_a_higher_priority_is_never_less_urgent(ticket: Ticket, crowd: Crowd) -> None:
    points = [of(replace(ticket, priority=priority), crowd=crowd).points for priority in FOUR]
    assert points == sorted(points)
    assert len(set(points)) == len(points)


@given(some_tickets, crowds)
def test_an_answer_never_makes_it_more_urgent(ticket: Ticket, crowd: Crowd) -> None:
    assert of(replace(ticket, unanswered_since=None), crowd=crowd).points <= of(ticket, crowd=crowd).points


@given(some_tickets, longer, crowds)
def test_time_alone_never_makes_it_less_urgent(ticket: Ticket, seconds: int, crowd: Crowd) -> None:
    assert of(ticket, later(NOW, seconds), crowd).points >= of(ticket, NOW, crowd).points


@given(some_tickets, crowds)
def test_the_points_are_those_of_the_reasons(ticket: Ticket, crowd: Crowd) -> None:
    found = of(ticket, crowd=crowd)
    assert found.points == sum(reason.points for reason in found.reasons)
    assert all(reason.points > 0 and reason.words for reason in found.reasons)


@given(some_tickets, st.lists(st.sampled_from("abcdefgh"), min_size=1, unique=True))
def test_any_priorities_have_an_order(ticket: Ticket, priorities: list[str]) -> None:
    points = [urgency(replace(ticket, priority=one), NOW, priorities, Crowd()).points for one in priorities]
    assert points == sorted(points)
    assert sign(replace(ticket, priority=priorities[-1]), NOW, priorities) == "!!"


@given(st.lists(st.integers(0, 30 * DAY).map(ago), max_size=40))
def test_of_those_who_wait_at_most_a_tenth_waits_longer_than_nine_of_ten(since: list[str]) -> None:
    crowd = crowd_of(since)
    assert sum(one < crowd.most for one in since) * 10 <= len(since)
    assert sum(one < crowd.half for one in since) * 2 <= len(since)


# Signs

SIGNS: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"priority": "high"}, "!"),
    ({"priority": "urgent"}, "!!"),
    ({"due_at": ago(1)}, "!!"),
    ({"due_at": NOW}, ""),
    ({"unanswered_since": ago(DAY)}, ""),
    ({"unanswered_since": ago(DAY + 1)}, "!"),
    ({"unanswered_since": ago(9 * DAY), "priority": "urgent"}, "!!"),
    ({"priority": "urgent", "due_at": ago(1), "state": "closed"}, ""),
]


@pytest.mark.parametrize(("fields", "expected"), SIGNS)
def test_a_sign_needs_no_colour(fields: dict[str, Any], expected: str) -> None:
    assert sign(a_ticket(**fields), NOW, FOUR) == expected


@pytest.mark.parametrize(
    ("known", "high"),
    [(FOUR, ("high", "urgent")), (("a", "b"), ("b",)), (("a",), ("a",)), (("a", "b", "c"), ("b", "c"))],
)
def test_the_last_priorities_are_the_high_ones(known: tuple[str, ...], high: tuple[str, ...]) -> None:
    assert high_priorities(known) == high


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (2 * DAY - 1, "47 hours"),
        (2 * DAY, "2 days"),
        (5000 * DAY, "5,000 days"),
    ],
)
def test_a_span_is_said_in_its_largest_sensible_unit(seconds: float, words: str) -> None:
    assert span_of(seconds) == words
