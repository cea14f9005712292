"""The site's own rules of time."""

from collections.abc import Iterator, Sequence

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.rule_words import action_list, condition_list, when_words
from helpdesk_cli.domain.rules import TIME, Rule, Seen, failing, fits
from helpdesk_cli.domain.ticket import Change
from helpdesk_cli.errors import Failed
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.effects import carried_out, failed, is_refused
from helpdesk_cli.services.expressions import Search
from helpdesk_cli.services.rules.contract import Row
from helpdesk_cli.store import fired, people, tickets
from helpdesk_cli.store import rules as rows
from helpdesk_cli.store.engine import Tx

READ_AT_ONCE = 500


def row_of(rule: Rule) -> Row:
    """A rule of the site as lists show it."""
    return Row(
        name=rule.name,
        builtin=False,
        enabled=rule.enabled,
        when=when_words(rule),
        if_=condition_list(rule),
        then=action_list(rule),
    )


class SiteRule:
    """A rule of time of the configuration; ``before`` are those above it, some of which stop at a ticket."""

    def __init__(self, desk: Desk, rule: Rule, before: "Sequence[SiteRule]" = ()) -> None:
        self.row = row_of(rule)
        self.refused: set[int] = set()
        self.foreseen: set[int] = set()  # in a dry run: at which it would stop
        self._desk, self._rule = desk, rule
        self._stopping = [other for other in before if other.stops]
        self._search = Search()
        self._priorities = tuple(desk.settings.priority)

    @property
    def stops(self) -> bool:
        """Whether no later rule looks at a ticket on which this one did its work."""
        return self._rule.stop

    def due(self, tx: Tx, at: str) -> list[int]:
        """Found by the database; what it cannot compare is asked here of each that it found."""
        names = [other.row.name for other in self._stopping]
        found = rows.candidates(tx, self._rule, at, self._priorities, names)
        left_out = set().union(*(other.foreseen for other in self._stopping))
        numbers = [number for number in self._asked(found) if number not in left_out]
        return numbers if found.is_sure else self.holds(tx, numbers, at)

    def _asked(self, found: rows.Found) -> list[int]:
        """Those of the tickets that were found whose texts are as they should be."""
        if not found.asked:
            return found.numbers
        return [
            number
            for number, texts in zip(found.numbers, found.texts, strict=True)
            if all(
                fits(condition, (str(text),) if text else (), self._search)
                for condition, text in zip(found.asked, texts, strict=True)
            )
        ]

    def fire(self, tx: Tx, numbers: Sequence[int], at: str) -> list[int]:
        """Each ticket as it is now, for others may have been quicker."""
        done = fired.those(tx, self._rule.name, numbers)
        again = later(at, -self._rule.again) if self._rule.again else ""
        hit = []
        for seen in self._seen(tx, numbers):
            number = seen.ticket.number
            if not (number in done and done[number] > again) and self._holds(seen, at):
                change = self._changed(tx, seen, at)
                record(tx, self._desk, change)
                (self.refused.add if is_refused(change, self._rule.actor) else self.refused.discard)(number)
                fired.note(tx, self._rule.name, number, at)
                hit.append(number)
        return hit

    def complaints(self) -> list[str]:
        return self._search.complaints()

    def holds(self, tx: Tx, numbers: Sequence[int], at: str) -> list[int]:
        """Those of some tickets for which the rule's conditions hold."""
        return [seen.ticket.number for seen in self._seen(tx, numbers) if self._holds(seen, at)]

    def _holds(self, seen: Seen, at: str) -> bool:
        return failing(self._rule, seen, at, self._search) is None

    def _changed(self, tx: Tx, seen: Seen, at: str) -> Change:
        change = Change(ticket=seen.ticket)
        try:
            return carried_out(tx, self._desk, self._rule, change, event=TIME, at=at, insists=False)
        except Failed as error:
            return failed(self._rule, change, str(error), at)

    def _seen(self, tx: Tx, numbers: Sequence[int]) -> Iterator[Seen]:
        """What the rule sees of some tickets, in their order."""
        asked = {condition.field for condition in self._rule.conditions}
        has_clients = any(name.startswith("client.") for name in asked)
        for start in range(0, len(numbers), READ_AT_ONCE):
            part = numbers[start : start + READ_AT_ONCE]
            found = tickets.load_all(tx, part)
            tags = tickets.all_tags(tx, part) if "tags" in asked else {}
            ids = (
                {one.client_id for one in found.values() if one.client_id is not None}
                if has_clients
                else set()
            )
            clients = people.clients_by_id(tx, sorted(ids)) if ids else {}
            for number in part:
                if number in found:
                    ticket = found[number]
                    yield Seen(
                        ticket=ticket,
                        tags=tags.get(number, ()),
                        client=clients.get(ticket.client_id) if ticket.client_id is not None else None,
                        priorities=self._priorities,
                    )
