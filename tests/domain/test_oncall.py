"""Who is called next, and when."""

from itertools import pairwise
from typing import Any

import pytest
from factories import NOW, a_ticket, some_settings
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.oncall import (
    GROUP_SECONDS,
    Turn,
    concerned,
    due_at,
    ended_by,
    event_of,
    turn,
    used_up,
)
from helpdesk_cli.domain.ticket import Brought, Change, Event
from helpdesk_cli.settings import Oncall, Rate, Span

AFTER, EVERY = 900, 4 * 3600


def table(*people: str, **fields: Any) -> Oncall:
    return Oncall(people=people, **fields)


CASES = [
    ("the first is called first", table("a", "b"), 0, (), Turn(("a",), 1, AFTER)),
    ("then the next", table("a", "b"), 1, (), Turn(("b",), 2, AFTER)),
    ("then the first once more", table("a", "b"), 2, (), Turn(("a",), 3, AFTER)),
    ("after the rounds it takes longer", table("a", "b"), 5, (), Turn(("b",), 6, EVERY)),
    ("and goes on so", table("a", "b"), 6, (), Turn(("a",), 7, EVERY)),
    ("or ends", table("a", every=Span(0), repeat=1), 0, (), Turn(("a",), 1, None)),
    ("who is absent is passed over", table("a", "b", "c"), 0, {"a", "b"}, Turn(("c",), 3, AFTER)),
    ("who is absent at the end too", table("a", "b"), 1, {"b"}, Turn(("a",), 3, AFTER)),
    ("where nobody is there it is tried again", table("a", "b"), 0, {"a", "b"}, Turn((), 1, AFTER)),
    ("all at once", table("a", "b", order="all"), 0, (), Turn(("a", "b"), 1, AFTER)),
    ("all who are there", table("a", "b", order="all"), 1, {"a"}, Turn(("b",), 2, AFTER)),
    ("all, after the rounds", table("a", "b", order="all"), 2, (), Turn(("a", "b"), 3, EVERY)),
]


@pytest.mark.parametrize(
    ("rota", "step", "absent", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_step_calls_as_the_table_says(rota: Oncall, step: int, absent: Any, expected: Turn) -> None:
    assert turn(rota, step, absent) == expected


names = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)


@given(
    people=names,
    absent=st.sets(st.sampled_from("abcdef")),
    repeat=st.integers(1, 4),
    order=st.sampled_from(["turn", "all"]),
)
def test_everybody_who_is_there_is_reached_in_each_round(
    people: list[str], absent: set[str], repeat: int, order: Any
) -> None:
    rota = table(*people, repeat=repeat, order=order)
    there = [person for person in people if person not in absent]
    step, reached = 0, []
    while step < repeat * (1 if order == "all" else len(people)):
        found = turn(rota, step, absent)
        assert found.step > step
        step = found.step
        reached += found.people
    for person in there:
        assert reached.count(person) >= repeat
    assert set(reached) == set(there)


def change(*events: str, actor: str = "ann@client.example", **fields: Any) -> Change:
    data: dict[str, object] = fields.pop("data", {})
    made = tuple(Event(kind=kind, at="2026-11-22T09:30:00Z", actor=actor, data=data) for kind in events)
    return Change(ticket=fields.pop("ticket", a_ticket()), events=made, **fields)


RINGS = [
    ("a new ticket", change("opened", page=True), "opened"),
    ("a new ticket of a robot", change("opened"), ""),
    ("one that nobody hears of", change("reopened", silent=True), ""),
    ("a robot's answer", change("replied", brought=Brought(is_automatic=True)), ""),
    ("an answer that failed authentication", change("replied", brought=Brought(verdict="fail")), ""),
    ("an answer", change("replied", brought=Brought()), "replied"),
    ("a closed ticket", change("opened", page=True, ticket=a_ticket(state="closed")), ""),
    ("a breach", change("breached"), "breached"),
    ("what calls nobody", change("noted", "moved"), ""),
]


@pytest.mark.parametrize(("made", "kind"), [ring[1:] for ring in RINGS], ids=[ring[0] for ring in RINGS])
def test_what_rings(made: Change, kind: str) -> None:
    found = event_of(made)
    assert (found.kind if found else "") == kind


ENDS = [
    ("who takes it", change("assigned", actor="bob", data={"to": "bob"}), "bob"),
    ("who gives it to somebody", change("assigned", actor="bob", data={"to": "carla"}), ""),
    ("whose turn it is", change("assigned", actor="system", data={"to": "carla"}), ""),
    ("who answers", change("answered", actor="bob"), "bob"),
    ("who closes", change("moved", actor="bob", ticket=a_ticket(state="closed")), "bob"),
    ("who moves", change("moved", actor="bob"), ""),
    ("who notes", change("noted", actor="bob"), ""),
    ("who says so", change("acknowledged", actor="bob"), "bob"),
]


@pytest.mark.parametrize(("made", "who"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
def test_who_acknowledges(made: Change, who: str) -> None:
    assert ended_by(made) == who


def test_a_table_is_asked_for_its_events_departments_and_priorities() -> None:
    settings = some_settings(
        oncall={
            "any": table("a"),
            "urgent": table("a", from_priority="high"),
            "sales": table("a", departments=("sales",)),
            "late": table("a", events=("breached",)),
        }
    )
    made = change("opened", ticket=a_ticket(priority="high"))
    assert concerned(settings, made, "opened") == ["any", "urgent"]
    assert concerned(settings, made, "breached") == ["late"]
    assert concerned(settings, made, "") == ["any", "urgent", "late"]
    assert concerned(settings, change("opened", ticket=a_ticket(priority="low")), "opened") == ["any"]


RATES = (Rate(3, 300), Rate(10, 3600))


@given(waits=st.lists(st.integers(0, 400), max_size=120))
def test_there_are_never_more_pages_in_a_window_than_its_rate_and_none_near_another(waits: list[int]) -> None:
    now, went, held = NOW, list[str](), 0
    for wait in waits:
        now = later(now, wait)
        if used_up(went, RATES, now) is not None:
            held += 1
            continue
        went.append(due_at(went, now))
        assert went[-1] >= now
    for rate in RATES:
        for last in went:
            assert sum(later(last, -rate.seconds) < moment <= last for moment in went) <= rate.count
    for one, other in pairwise(went):
        assert later(one, GROUP_SECONDS) <= other
    assert len(went) + held == len(waits)
