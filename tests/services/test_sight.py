"""A list shows exactly the tickets that each of them may see."""

from random import Random
from typing import Any

import pytest
from factories import a_ticket
from msgspec.structs import replace

from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.services import mailroom, members, views
from helpdesk_cli.store import tickets
from helpdesk_cli.store.engine import Tx


def test_a_list_shows_what_one_may_see_and_nothing_else(office: Any) -> None:
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    members.new_staff(office.desk, "eve", name="Eve", email="eve@staff.example")
    for department in ("support", "sales"):
        members.join(office.desk, "dora", department)
    dice = Random(3)
    every = [
        a_ticket(
            number=number,
            client_id=None,
            department=dice.choice(("support", "sales", "network")),
            assignee=dice.choice((None, "bob", "dora", "eve")),
            is_private=dice.choice((0, 1)),
        )
        for number in range(1, 80)
    ]

    def put(tx: Tx) -> None:
        for ticket in every:
            tickets.insert(tx, ticket)

    office.desk.engine.transact(put)
    for login in ("bob", "dora", "eve"):
        desk = office.by(login)
        seen = [ticket.number for ticket in every if may_see(desk.actor, ticket)]
        assert [one.ticket.number for one in reversed(views.listing(desk, order="number"))] == seen
        assert views.count(desk) == len(seen)
        own = [number for number in seen if every[number - 1].assignee == login]
        assert [
            one.ticket.number for one in reversed(views.listing(desk, assignee=login, order="number"))
        ] == own
    outsider = replace(office.by("eve"), actor=replace(office.by("eve").actor, staff=None))
    assert {one.ticket.assignee for one in views.listing(outsider)} == {"eve"}


def test_a_list_of_mail_is_as_long_as_asked_though_others_mail_lies_between(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailroom, "PAGE", 2)
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    members.join(office.desk, "dora", "support")
    for number in range(12):
        department = "sales" if number % 4 else "support"
        office.mail(
            f"From: c{number}@client.example\r\nTo: {department}@desk.example\r\nSubject: {number}\r\n"
            f"Message-ID: <{number}@c.example>\r\n\r\nIt burns.\r\n",
            mailbox=department,
        )
    dora = office.by("dora")
    assert [one.subject for one in mailroom.entries(dora, everything=True)] == ["8", "4", "0"]
    assert [one.subject for one in mailroom.entries(dora, everything=True, limit=2)] == ["8", "4"]
    own = [one.ticket for one in mailroom.letters(dora, everything=True)]
    assert sorted(set(own)) == [1000, 1004, 1008]
    assert [one.ticket for one in mailroom.letters(dora, limit=3)] == own[:3]
    assert len(mailroom.entries(office.by("bob"), everything=True, limit=7)) == 7
