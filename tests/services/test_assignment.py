"""Who gets a ticket: new ones, those of another department, by turns on demand, by level; and why."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from factories import a_message, a_ticket
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, Ticket, edited
from helpdesk_cli.domain.ticket import opened as opening
from helpdesk_cli.errors import Failed, NotAllowed
from helpdesk_cli.services import assigning, editing, members, tickets
from helpdesk_cli.services.changes import record
from helpdesk_cli.settings import STAGES, Stage
from helpdesk_cli.store import open_engine
from helpdesk_cli.store import tickets as rows


def ways(office: Any, **departments: str) -> None:
    """Let departments give their tickets so."""
    known = office.desk.settings.department
    office.configured(
        department={
            **known,
            **{slug: replace(known[slug], assignment=way) for slug, way in departments.items()},
        }
    )


def hire(office: Any, *logins: str, department: str = "support", level: int = 1) -> None:
    for login in logins:
        members.new_staff(office.desk, login, name=login.title(), email=f"{login}@staff.example", level=level)
        members.join(office.desk, login, department)


def mail(number: int) -> str:
    return (
        f"From: Ann <ann{number}@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"
        f"Message-ID: <{number}@client.example>\r\n\r\nIt does not work.\r\n"
    )


def opened(office: Any, count: int) -> list[str | None]:
    """Let so many clients write; who got their tickets."""
    found = [office.mail(mail(number + office._count)).ticket for number in range(count)]
    return [office.ticket(number).assignee for number in found]


def reasons(office: Any, number: int) -> list[dict[str, Any]]:
    """What the log says of how a ticket was given."""
    with office.desk.engine.read() as tx:
        return [dict(event.data) for event in rows.events(tx, number) if event.kind == "assigned"]


def recorded(office: Any, change: Change) -> Ticket:
    """A change saved; its ticket."""
    done = office.desk.engine.transact(lambda tx: record(tx, office.desk, change))
    assert isinstance(done.ticket, Ticket)
    return done.ticket


# New tickets


def test_where_assignment_is_off_nobody_gets_a_new_ticket(office: Any) -> None:
    assert opened(office, 2) == [None, None]
    assert office.events(1000) == ["opened"]


def test_by_lot_nobody_gets_two_in_a_row(office: Any) -> None:
    ways(office, support="random")
    hire(office, "dave", "eve")
    got = opened(office, 12)
    assert set(got) == {"bob", "dave", "eve"}
    assert all(one != other for one, other in itertools.pairwise(got))
    first, second = reasons(office, 1000), reasons(office, 1001)
    assert first == [
        {
            "from": None,
            "to": got[0],
            "how": "random",
            "of": ["bob", "dave", "eve"],
            "why": "Drawn by lot among the 3 who are there",
        }
    ]
    assert second[0]["why"] == f"Drawn by lot among the 3 who are there; {got[0]} had the last one"


def test_by_turns_each_gets_as_many(office: Any) -> None:
    ways(office, support="round-robin")
    hire(office, "dave", "eve")
    assert opened(office, 6) == ["bob", "dave", "eve"] * 2


def test_the_least_busy_gets_the_next_one(office: Any) -> None:
    ways(office, support="least-busy")
    hire(office, "dave")
    assert opened(office, 2) == ["bob", "dave"]
    tickets.close(office.desk, [1001])
    assert opened(office, 2) == ["dave", "bob"]  # dave's turn is longer ago than bob's, then he has as many
    assert reasons(office, 1002)[0]["why"] == "Fewest active tickets of the 2 who are there: 0"


def test_many_mails_in_one_transaction_are_shared_out(office: Any) -> None:
    for way in ("random", "round-robin", "least-busy"):
        ways(office, support=way)
        if way == "random":
            hire(office, "dave")
        before = len(office.letters())

        def several(tx: Any, way: str = way) -> list[str | None]:
            fresh = [a_ticket(number=0, subject=f"{way} {one}", client_id=None) for one in range(6)]
            return [
                record(tx, office.desk, opening(one, a_message(), "ann")).ticket.assignee for one in fresh
            ]

        got = office.desk.engine.transact(several)
        assert all(one != other for one, other in itertools.pairwise(got)), way
        assert len(office.letters()) > before


def test_who_is_away_or_gone_gets_none_and_is_back_again(office: Any) -> None:
    ways(office, support="round-robin")
    hire(office, "dave")
    members.edit_staff(office.desk, "bob", away=members.Away("2026-11-20", "2026-11-22"))
    assert opened(office, 2) == ["dave", "dave"]
    assert reasons(office, 1000)[0]["why"] == "Nobody else is there"
    office.passes(days=1)
    assert opened(office, 2) == ["bob", "dave"]
    members.retire(office.desk, "dave")
    assert opened(office, 1) == ["bob"]


def test_where_nobody_is_there_the_ticket_is_nobodys(office: Any) -> None:
    ways(office, support="random")
    members.edit_staff(office.desk, "bob", away=members.Away("2026-11-20", None))
    assert opened(office, 1) == [None]
    assert office.events(1000) == ["opened"]


def test_a_ticket_goes_to_its_level_else_to_the_next_one(office: Any) -> None:
    ways(office, support="round-robin")
    hire(office, "dave", level=2)
    assert opened(office, 2) == ["bob", "bob"]
    members.edit_staff(office.desk, "bob", away=members.Away("2026-11-20", None))
    assert opened(office, 1) == ["dave"]
    assert reasons(office, 1002)[0]["why"] == "Nobody else is there; nobody of level 1 is there"


def test_what_is_entered_for_a_client_is_given_too(office: Any) -> None:
    ways(office, support="random")
    number = tickets.new(
        office.by("carla"),
        tickets.NewTicket(client="x@client.example", subject="S", text="T", department="support"),
    )
    assert office.ticket(number).assignee == "bob"
    assert [one.recipient for one in office.letters(kind="notice")] == []
    assert [one.recipient for one in office.letters(kind="alert")] == ["bob@staff.example"]


def test_an_archived_mail_is_given_to_nobody(office: Any) -> None:
    ways(office, support="random")
    closed = a_ticket(number=0, stage="done", state="closed", client_id=None)
    assert recorded(office, opening(closed, a_message(), "ann")).assignee is None


def test_two_hosts_at_once_never_take_the_same_turn(office: Any) -> None:
    ways(office, support="random")
    hire(office, "dave")

    def host(name: str) -> None:
        engine = open_engine(office.desk.settings.store.url)
        desk = replace(office.desk, engine=engine)
        try:
            for number in range(8):
                wish = tickets.NewTicket(
                    client=f"{name}{number}@client.example", subject="S", text="T", department="support"
                )
                tickets.new(desk, wish)
        finally:
            engine.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(host, name) for name in ("one", "two")]:
            done.result()
    got = [office.ticket(number).assignee for number in range(1000, 1016)]
    assert all(one != other for one, other in itertools.pairwise(got)), got


# On demand


def test_auto_gives_a_ticket_to_whose_turn_it_is_but_not_to_who_has_it(office: Any) -> None:
    opened(office, 1)
    ways(office, support="round-robin")
    hire(office, "dave")
    assigning.auto(office.by("carla"), [1000])
    assert office.ticket(1000).assignee == "bob"
    assigning.auto(office.by("carla"), [1000])
    assert office.ticket(1000).assignee == "dave"
    assigning.auto(office.by("carla"), [1000])
    assert office.ticket(1000).assignee == "bob"
    assert [one["how"] for one in reasons(office, 1000)] == ["round-robin"] * 3
    assert [one.recipient for one in office.letters(kind="notice")] == [
        "bob@staff.example",
        "dave@staff.example",
        "bob@staff.example",
    ]


def test_auto_takes_a_ticket_from_the_least_busy_too(office: Any) -> None:
    opened(office, 4)
    hire(office, "dave")
    assigning.assign(office.desk, [1001, 1002, 1003], "dave")
    assigning.assign(office.desk, [1000], "bob")
    ways(office, support="least-busy")
    assigning.auto(office.desk, [1000])
    assert office.ticket(1000).assignee == "dave"


def test_auto_is_refused_where_there_is_nobody_or_no_way(office: Any) -> None:
    opened(office, 1)
    with pytest.raises(Failed, match='ticket 1000 is support\'s, which has assignment = "off"; name a staff'):
        assigning.auto(office.desk, [1000])
    ways(office, support="least-busy")
    members.edit_staff(office.desk, "bob", away=members.Away("2026-11-20", None))
    with pytest.raises(Failed, match="nobody of support is there to take ticket 1000"):
        assigning.auto(office.desk, [1000])


def test_several_tickets_are_shared_out_at_once(office: Any) -> None:
    opened(office, 4)
    ways(office, support="least-busy")
    hire(office, "dave")
    assigning.auto(office.desk, [1000, 1001, 1002, 1003])
    assert [office.ticket(number).assignee for number in range(1000, 1004)] == ["bob", "dave"] * 2


def test_a_silent_assignment_tells_nobody(office: Any) -> None:
    opened(office, 1)
    ways(office, support="random")
    hire(office, "dave", level=2)
    before = len(office.letters())
    assigning.auto(office.by("carla"), [1000], silent=True)
    assigning.escalate(office.by("carla"), [1000], silent=True)
    assigning.assign(office.by("carla"), [1000], "bob", silent=True)
    assert len(office.letters()) == before


# Another department


def test_a_ticket_that_another_department_gets_is_given_there(office: Any) -> None:
    ways(office, support="random", sales="round-robin")
    hire(office, "zoe", department="sales")
    opened(office, 1)
    editing.edit(office.by("bob"), [1000], editing.Edit(department="sales"))
    assert office.ticket(1000).assignee == "carla"
    assert reasons(office, 1000)[-1] == {
        "from": "bob",
        "to": "carla",
        "how": "round-robin",
        "of": ["carla", "zoe"],
        "why": "By turns: of the 2 who are there nobody has waited longer",
    }
    (letter,) = office.letters(kind="notice")
    assert (letter.recipient, letter.facts["event"]) == ("carla@staff.example", "assigned")


def test_who_is_of_both_departments_keeps_the_ticket(office: Any) -> None:
    ways(office, support="random", sales="random")
    members.join(office.desk, "bob", "sales")
    opened(office, 1)
    editing.edit(office.by("bob"), [1000], editing.Edit(department="sales"))
    assert office.ticket(1000).assignee == "bob"


def test_where_assignment_is_off_the_next_department_hears_and_chooses(office: Any) -> None:
    ways(office, support="random")
    opened(office, 1)
    editing.edit(office.by("bob"), [1000], editing.Edit(department="sales"))
    assert office.ticket(1000).assignee is None
    assert reasons(office, 1000)[-1]["why"] == "Nobody is chosen there by the desk"
    (letter,) = office.letters(kind="notice")
    assert (letter.recipient, letter.facts["event"]) == ("carla@staff.example", "handed-over")


def test_a_ticket_of_nobody_is_given_where_the_next_department_gives(office: Any) -> None:
    ways(office, sales="random")
    opened(office, 1)
    editing.edit(office.by("bob"), [1000], editing.Edit(department="sales", priority="high"))
    assert office.ticket(1000).assignee == "carla"


def test_who_was_chosen_by_name_stands(office: Any) -> None:
    ways(office, support="random", sales="random")
    hire(office, "dave")
    opened(office, 1)
    fresh = a_ticket(number=0, assignee="dave", client_id=None)
    assert recorded(office, opening(fresh, a_message(), "ann")).assignee == "dave"
    change = edited(
        Change(ticket=office.ticket(1000)), office.now, "rule:x", department="sales", assignee="dave"
    )
    assert recorded(office, change).assignee == "dave"


def test_a_closed_ticket_keeps_who_had_it(office: Any) -> None:
    ways(office, support="random", sales="random")
    opened(office, 1)
    tickets.close(office.desk, [1000])
    editing.edit(office.desk, [1000], editing.Edit(department="sales"))
    assert (office.ticket(1000).assignee, office.ticket(1000).stage) == ("bob", "done")


def test_a_stage_that_the_next_department_does_not_use_is_left(office: Any) -> None:
    lab = Stage(name="Lab", state="open", departments=("support",))
    office.configured(stage={**STAGES, "lab": lab})
    opened(office, 1)
    tickets.move(office.desk, [1000], "lab")
    editing.edit(office.by("bob"), [1000], editing.Edit(department="sales"))
    assert (office.ticket(1000).stage, office.events(1000)) == ("new", ["opened", "moved", "edited", "moved"])


# Levels of support


def test_a_ticket_is_handed_to_the_next_level_and_given_there(office: Any) -> None:
    ways(office, support="round-robin")
    hire(office, "dave", "eve", level=2)
    opened(office, 1)
    assigning.escalate(office.by("bob"), [1000])
    ticket = office.ticket(1000)
    assert (ticket.level, ticket.assignee) == (2, "dave")
    assert office.events(1000) == ["opened", "assigned", "escalated", "assigned"]
    (letter,) = office.letters(kind="notice")
    assert (letter.recipient, letter.facts["event"]) == ("dave@staff.example", "escalated")
    with pytest.raises(Failed, match="is at level 2 of support, and nobody of support has a higher one"):
        assigning.escalate(office.by("bob"), [1000])


def test_a_level_that_nobody_has_is_passed_over(office: Any) -> None:
    ways(office, support="random")
    hire(office, "dave", level=3)
    opened(office, 1)
    assigning.escalate(office.by("bob"), [1000])
    assert (office.ticket(1000).level, office.ticket(1000).assignee) == (3, "dave")


@pytest.mark.parametrize("way", ["off", "random"])
def test_where_nobody_is_chosen_all_of_the_level_are_told(office: Any, way: str) -> None:
    hire(office, "dave", "eve", level=2)
    opened(office, 1)
    assigning.assign(office.by("bob"), [1000], "bob")
    if way == "random":
        for login in ("dave", "eve"):
            members.edit_staff(office.desk, login, away=members.Away("2026-11-20", None))
    ways(office, support=way)
    assigning.escalate(office.by("bob"), [1000])
    assert (office.ticket(1000).level, office.ticket(1000).assignee) == (2, None)
    assert {one.recipient for one in office.letters(kind="notice")} == {
        "dave@staff.example",
        "eve@staff.example",
    }
    why = {"off": "Nobody is chosen there by the desk", "random": "Nobody is there"}[way]
    assert reasons(office, 1000)[-1]["why"] == why


def test_the_next_level_is_never_below(office: Any) -> None:
    ways(office, support="random")
    hire(office, "dave", level=2)
    members.edit_staff(office.desk, "dave", away=members.Away("2026-11-20", None))
    opened(office, 1)
    assigning.escalate(office.desk, [1000])
    assert office.ticket(1000).assignee is None


def test_a_closed_ticket_is_not_escalated(office: Any) -> None:
    hire(office, "dave", level=2)
    opened(office, 1)
    tickets.close(office.desk, [1000])
    with pytest.raises(Failed, match="ticket 1000 is closed; 'helpdesk ticket reopen 1000' comes first"):
        assigning.escalate(office.desk, [1000])


def test_nobody_escalates_what_they_may_not_see(office: Any) -> None:
    hire(office, "dave", level=2)
    hire(office, "zoe", department="sales")
    opened(office, 1)
    with pytest.raises(NotAllowed):
        assigning.escalate(office.by("zoe"), [1000])
