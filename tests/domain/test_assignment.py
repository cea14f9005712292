"""Whose turn it is: tables of cases, and what holds of every desk."""

from collections import Counter
from typing import Any

import pytest
from factories import NOW, a_staff
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.assignment import (
    LEAST_BUSY,
    RANDOM,
    ROUND_ROBIN,
    drawn,
    next_level,
    of_level,
    there,
)
from helpdesk_cli.domain.people import Staff

WAYS = (RANDOM, ROUND_ROBIN, LEAST_BUSY)


def people(*logins: str, **fields: Any) -> list[Staff]:
    return [a_staff(login=login, **fields) for login in logins]


ANNS = people("ann", "bob", "carla")


@pytest.mark.parametrize(
    ("way", "turns", "loads", "chance", "but", "login"),
    [
        # by lot: never who had the last one
        (RANDOM, {}, {}, 0, None, "ann"),
        (RANDOM, {}, {}, 5, None, "carla"),
        (RANDOM, {"ann": 7, "bob": 3}, {}, 0, None, "bob"),
        (RANDOM, {"ann": 7, "bob": 3}, {}, 1, None, "carla"),
        (RANDOM, {"dave": 9, "ann": 1}, {}, 0, None, "ann"),  # the last one is not among them
        (RANDOM, {"ann": 7}, {}, 0, "bob", "carla"),  # nor who has it now
        # by turns: who had none, then who waits longest
        (ROUND_ROBIN, {}, {}, 9, None, "ann"),
        (ROUND_ROBIN, {"ann": 1}, {}, 9, None, "bob"),
        (ROUND_ROBIN, {"ann": 3, "bob": 1, "carla": 2}, {}, 9, None, "bob"),
        (ROUND_ROBIN, {"ann": 3, "bob": 1, "carla": 2}, {}, 9, "bob", "carla"),
        # fewest active tickets, then who waits longest
        (LEAST_BUSY, {}, {"ann": 2, "bob": 1, "carla": 1}, 9, None, "bob"),
        (LEAST_BUSY, {"bob": 2, "carla": 1}, {"ann": 2, "bob": 1, "carla": 1}, 9, None, "carla"),
        (LEAST_BUSY, {"bob": 2, "carla": 1}, {"ann": 2, "bob": 1}, 9, "carla", "bob"),
        (LEAST_BUSY, {}, {"dave": 0, "ann": 1, "bob": 1, "carla": 4}, 9, None, "ann"),
    ],
)
def test_whose_turn_it_is(
    way: str, turns: dict[str, int], loads: dict[str, int], chance: int, but: str | None, login: str
) -> None:
    choice = drawn(way, ANNS, turns, loads, chance, but=but)
    assert choice is not None
    assert (choice.login, choice.of) == (login, ("ann", "bob", "carla"))


@pytest.mark.parametrize("way", WAYS)
def test_alone_one_gets_all_and_of_nobody_none(way: str) -> None:
    alone = drawn(way, people("ann"), {"ann": 1}, {"ann": 99}, 3, but="ann")
    assert alone is not None
    assert (alone.login, alone.why) == ("ann", "Nobody else is there")
    assert drawn(way, [], {}, {}, 3) is None


def why(way: str, turns: dict[str, int], loads: dict[str, int]) -> str:
    choice = drawn(way, ANNS, turns, loads, 0)
    assert choice is not None
    return choice.why


def test_the_reason_is_told() -> None:
    assert why(RANDOM, {}, {}) == "Drawn by lot among the 3 who are there"
    assert why(RANDOM, {"bob": 1}, {}) == "Drawn by lot among the 3 who are there; bob had the last one"
    assert why(RANDOM, {"dave": 1}, {}) == "Drawn by lot among the 3 who are there"
    assert why(ROUND_ROBIN, {}, {}) == "By turns: of the 3 who are there nobody has waited longer"
    assert (
        why(LEAST_BUSY, {}, {"ann": 1, "bob": 1, "carla": 1})
        == "Fewest active tickets of the 3 who are there: 1"
    )


# Who could


CREW = [
    a_staff(login="ann"),
    a_staff(login="bob", departments=("sales", "support")),
    a_staff(login="carla", departments=("sales",)),
    a_staff(login="dave", retired_at=NOW),
    a_staff(login="eve", away_from="2026-11-20", away_to="2026-11-22"),
    a_staff(login="fay", away_from="2026-11-23", away_to=None),
    a_staff(login="gus", away_from="2026-11-01", away_to="2026-11-21"),
]


@pytest.mark.parametrize(
    ("department", "at", "timezone", "logins"),
    [
        ("support", NOW, "UTC", "ann bob fay gus"),
        ("sales", NOW, "UTC", "bob carla"),
        ("support", "2026-11-21T23:30:00Z", "UTC", "ann bob fay"),
        ("support", "2026-11-21T23:30:00Z", "Europe/Berlin", "ann bob fay gus"),  # there it is the 22nd
        ("support", "2026-11-22T23:30:00Z", "Europe/Berlin", "ann bob eve gus"),
        ("support", "2030-01-01T00:00:00Z", "UTC", "ann bob eve gus"),
        ("nobody", NOW, "UTC", ""),
    ],
)
def test_who_is_there(department: str, at: str, timezone: str, logins: str) -> None:
    assert " ".join(one.login for one in there(CREW, department, at, timezone)) == logins


LEVELS = [*people("ann", "bob"), *people("dave", "eve", level=2), *people("gus", level=3)]


@pytest.mark.parametrize(
    ("present", "level", "lowest", "logins"),
    [
        (LEVELS, 1, 1, "ann bob"),
        (LEVELS, 2, 1, "dave eve"),
        (LEVELS, 3, 1, "gus"),
        (LEVELS[2:], 1, 1, "dave eve"),  # the next higher one
        (LEVELS[4:], 1, 1, "gus"),
        (LEVELS[:4], 3, 1, "ann bob dave eve"),  # any
        (LEVELS[:4], 3, 3, ""),  # but none below
        (LEVELS[:2], 2, 2, ""),
    ],
)
def test_who_has_the_level(present: list[Staff], level: int, lowest: int, logins: str) -> None:
    assert " ".join(one.login for one in of_level(present, level, lowest=lowest)) == logins


@pytest.mark.parametrize(
    ("staff", "level", "after"),
    [
        (LEVELS, 1, 2),
        (LEVELS, 2, 3),
        (LEVELS, 3, None),
        ([*LEVELS[:2], *LEVELS[4:]], 1, 3),
        (people("zoe", level=3, departments=("sales",)), 1, None),
        (people("zoe", level=3, retired_at=NOW), 1, None),
        (people("zoe", level=3, away_from="2026-01-01"), 1, 3),
    ],
)
def test_the_next_level_is_one_that_somebody_has(staff: list[Staff], level: int, after: int | None) -> None:
    assert next_level(staff, "support", level) == after


# What holds of every desk


LOGINS = st.sampled_from([f"login{number}" for number in range(6)])
DAYS = st.none() | st.sampled_from(["2026-11-20", "2026-11-22", "2026-11-24"])


@st.composite
def crews(draw: Any) -> list[Staff]:
    """Some staff: in some departments, of some levels, some away, some retired."""
    return [
        a_staff(
            login=login,
            departments=tuple(draw(st.sets(st.sampled_from(["support", "sales"])))),
            level=draw(st.integers(1, 3)),
            away_from=draw(DAYS),
            away_to=draw(DAYS),
            retired_at=draw(st.sampled_from([None, None, NOW])),
        )
        for login in sorted(draw(st.sets(LOGINS)))
    ]


TURNS = st.dictionaries(LOGINS, st.integers(1, 99))
LOADS = st.dictionaries(LOGINS, st.integers(0, 9))


@given(st.sampled_from(WAYS), crews(), st.integers(1, 3), TURNS, LOADS, st.integers(0), st.none() | LOGINS)
def test_nobody_gets_a_ticket_who_is_away_or_gone_or_of_another_department(
    way: str,
    crew: list[Staff],
    level: int,
    turns: dict[str, int],
    loads: dict[str, int],
    chance: int,
    but: str | None,
) -> None:
    present = there(crew, "support", NOW, "UTC")
    choice = drawn(way, of_level(present, level), turns, loads, chance, but=but)
    assert (choice is None) == (not present)
    if choice is None:
        return
    (member,) = [one for one in crew if one.login == choice.login]
    assert member.retired_at is None and "support" in member.departments
    day = NOW[:10]
    assert (member.away_from, member.away_to) == (None, None) or not (
        (member.away_from or "") <= day <= (member.away_to or "9")
    )
    others = {one.level for one in present}
    assert member.level == level or level not in others
    assert choice.login != but or choice.of == (but,)


@given(st.sets(LOGINS, min_size=1), st.lists(st.integers(0), min_size=1, max_size=30))
def test_by_lot_nobody_gets_two_in_a_row_where_there_is_another(logins: set[str], chances: list[int]) -> None:
    crew, turns, last = people(*logins), dict[str, int](), ""
    for place, chance in enumerate(chances, 1):
        choice = drawn(RANDOM, crew, turns, {}, chance)
        assert choice is not None
        assert choice.login != last or len(logins) == 1
        last = choice.login
        turns[last] = place


@given(st.sets(LOGINS, min_size=1), TURNS, st.integers(1, 4))
def test_by_turns_everybody_gets_as_many(logins: set[str], turns: dict[str, int], rounds: int) -> None:
    crew, known, got = people(*logins), dict(turns), Counter[str]()
    for place in range(100, 100 + rounds * len(logins)):
        choice = drawn(ROUND_ROBIN, crew, known, {}, 0)
        assert choice is not None
        known[choice.login] = place
        got[choice.login] += 1
    assert got == dict.fromkeys(logins, rounds)


@given(st.sets(LOGINS, min_size=2), st.lists(st.sets(LOGINS), min_size=5, max_size=40))
def test_by_turns_nobody_who_is_there_is_passed_over(logins: set[str], absences: list[set[str]]) -> None:
    known, waited = dict[str, int](), Counter[str]()
    for place, away in enumerate(absences, 1):
        crew = people(*(logins - away))
        choice = drawn(ROUND_ROBIN, crew, known, {}, 0)
        if choice is None:
            continue
        known[choice.login] = place
        for one in crew:
            waited[one.login] = 0 if one.login == choice.login else waited[one.login] + 1
            assert waited[one.login] < len(logins)


@given(st.sets(LOGINS, min_size=1), LOADS, TURNS)
def test_the_least_busy_has_no_more_than_any_other(
    logins: set[str], loads: dict[str, int], turns: dict[str, int]
) -> None:
    choice = drawn(LEAST_BUSY, people(*logins), turns, loads, 0)
    assert choice is not None
    assert loads.get(choice.login, 0) == min(loads.get(one, 0) for one in logins)


@given(st.sets(LOGINS, min_size=2), st.integers(0, 10**6))
def test_by_lot_everybody_can_be_drawn(logins: set[str], base: int) -> None:
    drawn_ones = {
        choice.login
        for chance in range(base, base + len(logins))
        if (choice := drawn(RANDOM, people(*logins), {}, {}, chance)) is not None
    }
    assert drawn_ones == logins
