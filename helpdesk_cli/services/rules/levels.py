"""What service levels promised and was not kept, or hardly can be any more: told once, as the level says."""

from collections.abc import Iterable, Sequence

from helpdesk_cli.domain.ticket import Change, Ticket
from helpdesk_cli.services import clocks
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.clocks import BREACH, WARNING, Due
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.promises import news
from helpdesk_cli.services.rules.contract import Row
from helpdesk_cli.store import tickets
from helpdesk_cli.store.engine import Tx

TARGETS = 3
"""So many clocks a ticket has at most."""

ROWS = {
    WARNING: Row(
        name="sla-warning",
        builtin=True,
        enabled=True,
        when="time",
        if_="so much of the time is used as the level's warn_at says, and it is not over",
        then="is told as the level's warning says, once",
    ),
    BREACH: Row(
        name="sla-breach",
        builtin=True,
        enabled=True,
        when="time",
        if_="the time that a level promises is over",
        then="is told as the level's breach says, once",
    ),
}


class Told:
    """A built-in rule that tells warnings, or breaches."""

    def __init__(self, desk: Desk, kind: str) -> None:
        self.row = ROWS[kind]
        self.refused: set[int] = set()
        self._desk, self._find = desk, clocks.due_warnings if kind == WARNING else clocks.due_breaches

    def due(self, tx: Tx, at: str) -> list[int]:
        """The tickets, who waits longest first."""
        return list(dict.fromkeys(one.ticket for one in self._find(tx, at)))

    def fire(self, tx: Tx, numbers: Sequence[int], at: str) -> list[int]:
        # What was told is due no more, so that those of these tickets stand at the head.
        found = by_ticket(self._find(tx, at, len(numbers) * TARGETS), set(numbers))
        known = tickets.load_all(tx, list(found))
        for number, dues in found.items():
            clocks.told(tx, dues, at)
            if number in known:
                record(tx, self._desk, self._change(known[number], dues, at))
        return [number for number in numbers if number in found]

    def _change(self, ticket: Ticket, dues: Iterable[Due], at: str) -> Change:
        told = [news(self._desk, due, at, f"rule:{self.row.name}") for due in dues]
        return Change(
            ticket=ticket,
            events=tuple(each.event for each in told),
            tell=tuple(telling for each in told for telling in each.tell),
        )

    def complaints(self) -> list[str]:
        return []


def by_ticket(dues: Iterable[Due], numbers: set[int]) -> dict[int, list[Due]]:
    """What is due on some tickets."""
    found: dict[int, list[Due]] = {}
    for due in dues:
        if due.ticket in numbers:
            found.setdefault(due.ticket, []).append(due)
    return found
