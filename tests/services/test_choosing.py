"""The ticket that somebody should take now."""

from threading import Barrier, Thread
from typing import Any

import pytest
from factories import a_ticket
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import Actor
from helpdesk_cli.errors import Usage
from helpdesk_cli.services import members
from helpdesk_cli.services.choosing import Chosen, choose, take
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import members as member_rows
from helpdesk_cli.store import open_engine, tickets
from helpdesk_cli.store.engine import Tx


@pytest.fixture
def staffed(office: Any) -> Any:
    """dora of support is at level 2; bob and carla are admins at level 1."""
    member = members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    members.join(office.desk, "dora", "support")
    office.desk.engine.transact(lambda tx: member_rows.save_staff(tx, replace(member, level=2)))
    return office


def put(office: Any, *some: dict[str, Any]) -> None:
    def written(tx: Tx) -> None:
        for number, fields in enumerate(some, 1):
            tickets.insert(tx, a_ticket(**{"number": number, "client_id": None, **fields}))

    office.desk.engine.transact(written)


def number(found: Chosen | None) -> int | None:
    return found.listed.ticket.number if found else None


def in_turn(office: Any, desk: Desk, **wanted: Any) -> list[int]:
    """The tickets as one gets them by closing one after another."""
    found = []
    while (one := choose(desk, **wanted)) is not None:
        ticket = one.listed.ticket
        found.append(ticket.number)
        closed = replace(ticket, state="closed", stage="done")
        office.desk.engine.transact(lambda tx, closed=closed: tickets.update(tx, closed))
    return found


def test_own_tickets_come_first_then_nobodys_at_ones_level_then_those_below(staffed: Any) -> None:
    put(
        staffed,
        {"priority": "urgent"},
        {"priority": "low", "level": 2},
        {"assignee": "dora", "priority": "low"},
        {"assignee": "dora", "priority": "high", "department": "sales"},
        {"assignee": "bob", "priority": "urgent"},
        {"priority": "urgent", "department": "sales"},
        {"priority": "urgent", "level": 3},
        {"priority": "high"},
        {"priority": "urgent", "is_private": 1},
    )
    assert in_turn(staffed, staffed.by("dora")) == [4, 3, 2, 1, 8]


def test_what_only_waits_for_its_client_is_left_out(staffed: Any) -> None:
    waits = {"state": "waiting", "stage": "awaiting"}
    now = staffed.now
    put(
        staffed,
        {**waits, "priority": "urgent"},
        {**waits, "due_at": later(now, 60)},
        {**waits, "due_at": later(now, -60)},
        {**waits, "unanswered_since": now},
        {"priority": "low"},
        {"state": "closed", "stage": "done", "priority": "urgent"},
        {**waits, "unanswered_since": now, "waits_until": later(now, 60)},  # put off
        {**waits, "unanswered_since": now, "waits_until": later(now, -60)},
        {**waits, "due_at": later(now, -60), "waits_until": later(now, 60)},
    )
    assert in_turn(staffed, staffed.by("dora")) == [3, 9, 4, 8, 5]


def test_the_reasons_are_told(staffed: Any) -> None:
    now = staffed.now
    others = ({"unanswered_since": later(now, -hour * 3600), "department": "sales"} for hour in range(1, 10))
    put(
        staffed,
        {"priority": "high", "due_at": later(now, -7200), "unanswered_since": later(now, -30 * 3600)},
        *others,
    )
    found = choose(staffed.by("dora"))
    assert found is not None
    assert not found.is_own
    assert [reason.words for reason in found.urgency.reasons] == [
        "overdue by 2 hours",
        "unanswered for 30 hours",
        "priority high",
        "its client waits longer than nine of ten who wait",
    ]
    assert found.urgency.points == 50 + 20 + 17 + 8


def test_a_department_is_chosen_from(staffed: Any) -> None:
    put(
        staffed,
        {"priority": "urgent", "department": "sales"},
        {},
        {"department": "sales", "assignee": "dora"},
    )
    assert number(choose(staffed.by("dora"), department="sales")) == 3
    assert number(choose(staffed.by("dora"), department="Support")) == 2
    assert number(choose(staffed.by("bob"))) == 2
    assert number(choose(staffed.by("bob"), department="sales")) == 1
    with pytest.raises(Usage, match="no such department"):
        choose(staffed.desk, department="nonsense")


def test_an_admin_of_no_department_looks_at_all(staffed: Any) -> None:
    put(
        staffed, {"priority": "high"}, {"priority": "urgent", "department": "sales", "level": 3}, {"level": 2}
    )
    assert in_turn(staffed, staffed.desk) == [2, 3, 1]
    assert choose(staffed.desk) is None


def test_taking_gives_it_to_oneself_once(staffed: Any) -> None:
    put(staffed, {"subject": "one"}, {"subject": "two"})
    dora = staffed.by("dora")
    assert number(take(dora)) == 1
    assert staffed.ticket(1).assignee == "dora"
    assert staffed.events(1) == ["assigned"]
    again = take(dora)
    assert again is not None
    assert (number(again), again.is_own) == (1, True)
    assert staffed.events(1) == ["assigned"]
    assert number(take(staffed.by("bob"))) == 2


def test_of_many_who_take_at_once_each_gets_another(staffed: Any) -> None:
    put(staffed, *({} for _ in range(8)))
    start, taken = Barrier(4), []

    def work(login: str) -> None:
        engine = open_engine(staffed.desk.settings.store.url)
        staff = members.one_staff(staffed.desk, "dora") if login == "dora" else None
        actor = Actor(login=login, is_admin=staff is None, staff=staff)
        desk = replace(staffed.desk, engine=engine, actor=actor)
        start.wait(timeout=30)
        taken.append(number(take(desk)))
        engine.close()

    workers = [Thread(target=work, args=(login,)) for login in ("ann", "ben", "carl", "dot")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(taken) == 4
    assert len(set(taken)) == 4
