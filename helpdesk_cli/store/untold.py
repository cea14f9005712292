"""Whom a change was not told, and why, as far as nothing else in the store says so."""

from collections.abc import Iterable

from msgspec import Struct

from helpdesk_cli.domain.hearing import Withheld
from helpdesk_cli.store.engine import Tx


class Untold(Struct, frozen=True):
    """Somebody who was not told. ``whom`` is an address, ``clients`` or ``staff``; ``why`` a word."""

    at: str
    event: str
    whom: str
    why: str


def note(tx: Tx, ticket: int, at: str, withheld: Iterable[Withheld]) -> None:
    """Write down whom a change of a ticket is not told."""
    for each in withheld:
        tx.put(
            "insert into untold (ticket, at, event, whom, why) values (:ticket, :at, :event, :whom, :why)",
            ticket=ticket,
            at=at,
            event=each.event,
            whom=each.whom,
            why=each.why,
        )


def of_ticket(tx: Tx, ticket: int) -> list[Untold]:
    """All that is known of a ticket, in order."""
    rows = tx.rows(
        "select at, event, whom, why from untold where ticket = :ticket order by id", ticket=ticket
    )
    return [Untold(*map(str, row)) for row in rows]
