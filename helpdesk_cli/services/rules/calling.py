"""Whoever is on call is called again, or the next one, until somebody acknowledges it: a built-in rule."""

from collections.abc import Sequence

from helpdesk_cli.domain.moments import later
from helpdesk_cli.services import paging, ringing
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.rules.contract import Row
from helpdesk_cli.store import pages, tickets
from helpdesk_cli.store.engine import Tx


class Calling:
    """A built-in rule that makes the calls of ``[oncall]`` that are due."""

    row = Row(
        name="oncall",
        builtin=True,
        enabled=True,
        when="time",
        if_="somebody was paged, and nobody acknowledged it for so long as the table's after says",
        then="the next one of the table is paged",
    )

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.refused: set[int] = set()

    def due(self, tx: Tx, at: str) -> list[int]:
        """The tickets, who waits longest first."""
        return list(dict.fromkeys(ticket for ticket, _ in pages.due(tx, at)))

    def fire(self, tx: Tx, numbers: Sequence[int], at: str) -> list[int]:
        known, found = tickets.load_all(tx, numbers), pages.of_tickets(tx, numbers)
        tables = self._desk.settings.oncall.values()
        went = ringing.underway(tx, later(at, -max((table.after for table in tables), default=0)))
        hit = []
        for number in numbers:
            callings = [one for one in found if one.ticket == number]
            due = [one for one in callings if one.next_at is not None and one.next_at <= at]
            if not due or number not in known:
                continue
            change = paging.next_calls(tx, self._desk, known[number], callings, at, went=went.get(number))
            record(tx, self._desk, change)
            hit.append(number)
        return hit

    def complaints(self) -> list[str]:
        return []
