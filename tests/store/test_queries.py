"""What databases would answer differently if queries let them."""

import pytest
from factories import NOW
from stores import on_both

from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.store import lists, people, tallies, tickets, ties
from helpdesk_cli.store.engine import Engine, Tx

pytestmark = on_both


def some_clients(tx: Tx) -> None:
    for name, address, organization in (
        ("École Polytechnique", "info@ecole.example", None),
        ("Ann_Archer", "ann@client.example", "50% Off"),
        ("ann\\archer", "Annie@client.example", "Backslash"),
        ("Zed", "ZOË@client.example", None),
    ):
        people.add_client(tx, name, address, NOW, organization)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("école", []),
        ("École", ["École Polytechnique"]),
        ("POLY", ["École Polytechnique"]),
        ("n_a", ["Ann_Archer"]),
        ("0% o", ["Ann_Archer"]),
        ("%", ["Ann_Archer"]),
        ("n\\a", ["ann\\archer"]),
        ("\\", ["ann\\archer"]),
        ("ANNIE@", ["ann\\archer"]),
        ("zoË@", ["Zed"]),
        ("!", []),
    ],
)
def test_what_is_searched_for_is_plain_text(engine: Engine, search: str, found: list[str]) -> None:
    engine.transact(some_clients)
    with engine.read() as tx:
        assert [client.name for client in people.clients(tx, search=search)] == found


def some_tickets(tx: Tx) -> None:
    ann = people.add_client(tx, "ann", "ann@client.example", NOW)
    ben = people.add_client(tx, "Ben", "ben@client.example", NOW)
    for number, client, due_at in ((1, ben.id, None), (2, None, NOW), (3, ann.id, None), (4, None, None)):
        ticket = Ticket(
            number=number,
            subject="äÄaZ"[number - 1],
            stage="new",
            state="open",
            priority="normal",
            department="support",
            channel="email",
            client_id=client,
            created_at=NOW,
            updated_at=NOW,
            due_at=due_at,
        )
        tickets.insert(tx, ticket)
    for other in (4, 1, 3):
        tickets.link(tx, 2, other, "claims", NOW)


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("client", [2, 4, 3, 1]),
        ("subject", [3, 4, 2, 1]),
        ("due", [2, 1, 3, 4]),
        ("unanswered", [1, 2, 3, 4]),
        ("updated", [4, 3, 2, 1]),
    ],
)
def test_lists_have_one_order(engine: Engine, order: str, numbers: list[int]) -> None:
    engine.transact(some_tickets)
    with engine.read() as tx:
        found = lists.tickets(tx, lists.Wanted(order=order))
        assert [one.ticket.number for one in found] == numbers
        assert [link.ticket for link in ties.links(tx, 2)] == [1, 3, 4]


def test_of_two_tickets_of_one_second_the_later_one_is_the_last(engine: Engine) -> None:
    def count(tx: Tx) -> None:
        for ticket in (7, 9, 8):
            tallies.add(tx, "new-ticket", "ann@client.example", NOW, ticket)

    engine.transact(count)
    with engine.read() as tx:
        assert tallies.last_ticket(tx, "new-ticket", "ann@client.example") == 9
