"""Pages answered: by mail, or by a command; whoever was called looks at the ticket."""

from collections.abc import Sequence

from msgspec.structs import replace

from helpdesk_cli.domain.cases import Page
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.notices import PAGER
from helpdesk_cli.domain.people import Staff
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.ticket import Change, Event
from helpdesk_cli.errors import Failed
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.ringing import tickets_of
from helpdesk_cli.services.tickets import load
from helpdesk_cli.store import members, outbox, pages, tickets, ties
from helpdesk_cli.store.engine import Tx


def answered(tx: Tx, letter_id: int) -> Page | None:
    """The page behind a signed word; None for another letter, which nobody signs so."""
    letter = outbox.load(tx, letter_id)
    if letter is None or letter.kind != PAGER:
        return None
    member = members.staff_by_id(tx, letter.person) if letter.person else None
    return Page(
        letter=letter.id,
        tickets=tickets_of(letter),
        address=fold(letter.recipient),
        who=member.login if member is not None else letter.recipient,
        person=letter.person,
    )


def acknowledge(
    tx: Tx,
    desk: Desk,
    numbers: Sequence[int],
    who: str,
    at: str,
    *,
    staff: Staff | None = None,
    said: dict[str, object] | None = None,
) -> list[int]:
    """Somebody looks at these tickets: nobody is called any more. Those to which somebody was called until now.

    A merged one means that in which it goes on.
    """
    numbers = _ends(tx, numbers)
    known = tickets.load_all(tx, numbers)
    open_ones = {one.ticket for one in pages.of_tickets(tx, numbers) if one.acknowledged_at is None}
    done = []
    for number in dict.fromkeys(numbers):
        ticket = known.get(number)
        if ticket is None or number not in open_ones or (staff and not may_see(staff.actor, ticket)):
            continue
        event = Event(kind="acknowledged", at=at, actor=who, data=said or {})
        after = replace(ticket, updated_at=max(ticket.updated_at, at), touched_at=at)
        record(tx, desk, Change(ticket=after, events=(event,), silent=True))
        done.append(number)
    return done


def _ends(tx: Tx, numbers: Sequence[int]) -> list[int]:
    """The tickets in which these go on."""
    return list(dict.fromkeys(ties.end(tx, number) or number for number in numbers))


def ack(desk: Desk, numbers: Sequence[int]) -> list[str]:
    """Acknowledge the pages of tickets; of those that somebody else was quicker with, who and when.

    Raises NotFound, NotAllowed; Failed where nobody was called to one.
    """

    def acknowledged(tx: Tx) -> list[str]:
        for number in numbers:
            load(tx, desk, number)
        ends = _ends(tx, numbers)
        for number in ends:
            load(tx, desk, number)
        callings = pages.of_tickets(tx, ends)
        called = {one.ticket for one in callings}
        for number in ends:
            if number not in called:
                raise Failed(f"nobody was paged about ticket {number}; nothing was changed")
        done = acknowledge(tx, desk, ends, desk.actor.login, desk.clock())
        return [
            f"ticket {one.ticket} was acknowledged by {one.acknowledged_by} already"
            for one in callings
            if one.ticket not in done
        ]

    return list(dict.fromkeys(desk.engine.transact(acknowledged)))
