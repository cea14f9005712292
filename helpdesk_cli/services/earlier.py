"""What was said before, as far as somebody outside may be shown it in a mail."""

from helpdesk_cli.domain.discussion import heard
from helpdesk_cli.domain.ticket import Message
from helpdesk_cli.store import tickets, ties
from helpdesk_cli.store.engine import Tx


def earlier(tx: Tx, number: int, person: int) -> tuple[list[Message], str]:
    """What was said on a ticket that a letter to a participant may repeat, and since when they hear.

    Of merged tickets it is what was said while they took part in them.
    """
    own, people = tickets.messages(tx, number), ties.people(tx, number)
    reader = next((one for one in people if one.id == person), None)
    if reader is None:
        return ([], "") if person else (own, "")  # who takes part no more sees nothing
    found = []
    for other in ties.family(tx, number):
        there = next((one for one in ties.people(tx, other) if one.key == reader.key), None)
        if there is not None:
            found += heard(tickets.messages(tx, other), there.since_at)
    if not found:
        return own, reader.since_at
    return sorted([*heard(own, reader.since_at), *found], key=lambda one: (one.at, one.id)), ""
