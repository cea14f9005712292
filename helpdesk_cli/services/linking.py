"""Links between tickets, for staff's eyes."""

from collections.abc import Sequence

from helpdesk_cli.domain.links import KINDS, RELATED, Link
from helpdesk_cli.domain.ticket import CLOSED, Change, Event, Ticket
from helpdesk_cli.errors import Failed, Usage
from helpdesk_cli.services import stepping
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import load
from helpdesk_cli.store import tickets, ties
from helpdesk_cli.store.engine import Tx

LINKED, UNLINKED = "linked", "unlinked"


def link(desk: Desk, number: int, others: Sequence[int], kind: str = RELATED) -> None:
    """Link a ticket to others, all of them or none; the kind is said of the first: it ``blocks`` the others.

    What is linked so already stays. Raises Usage, NotFound, NotAllowed; Failed where the same is said the
    other way round.
    """
    if kind not in KINDS:
        raise Usage(f"--kind {kind}: must be one of {', '.join(KINDS)}")

    def linked(tx: Tx) -> None:
        ticket = load(tx, desk, number)
        for other in _others(tx, desk, ticket, others):
            if not _is_linked(tx, ticket, other, kind):
                _note(tx, desk, ticket, other, LINKED, Link(other.number, kind))
                _note(tx, desk, other, ticket, LINKED, Link(number, kind, is_ours=False))

    desk.engine.transact(linked)


def unlink(desk: Desk, number: int, others: Sequence[int], kind: str | None = None) -> None:
    """Take the links between a ticket and others away, of one kind or all, whoever made them.

    Raises NotFound, NotAllowed; Failed where there is none.
    """

    def unlinked(tx: Tx) -> None:
        ticket = load(tx, desk, number)
        for other in _others(tx, desk, ticket, others):
            found = [one for one in _between(tx, ticket, other) if kind in (None, one.kind)]
            if not found:
                so = f" as {kind}" if kind is not None else ""
                raise Failed(f"tickets {number} and {other.number} are not linked{so}; {stepping.NOTHING}")
            for each in found:
                _note(tx, desk, ticket, other, UNLINKED, each)
                _note(tx, desk, other, ticket, UNLINKED, Link(number, each.kind, not each.is_ours))

    desk.engine.transact(unlinked)


def _others(tx: Tx, desk: Desk, ticket: Ticket, numbers: Sequence[int]) -> list[Ticket]:
    found = [load(tx, desk, number) for number in dict.fromkeys(numbers)]
    if any(one.number == ticket.number for one in found):
        raise Failed(f"ticket {ticket.number} cannot be linked to itself; {stepping.NOTHING}")
    return found


def _between(tx: Tx, ticket: Ticket, other: Ticket) -> list[Link]:
    return [one for one in ties.links(tx, ticket.number) if one.ticket == other.number]


def _is_linked(tx: Tx, ticket: Ticket, other: Ticket, kind: str) -> bool:
    """Whether two tickets are linked so already. Raises Failed for the other way round."""
    there = [one for one in _between(tx, ticket, other) if one.kind == kind]
    if there and kind != RELATED and not there[0].is_ours:
        words = Link(other.number, kind, is_ours=False).words()
        raise Failed(f"ticket {ticket.number} is linked to {words}; {stepping.NOTHING}")
    return bool(there)


def _note(tx: Tx, desk: Desk, ticket: Ticket, other: Ticket, what: str, link: Link) -> None:
    """Write on one of two tickets that they are linked, or no more; the link is a row of that which it is said of."""
    data: dict[str, object] = {"ticket": other.number, "kind": link.kind}
    if not link.is_ours:
        data["of"] = "the other"
    event = Event(kind=what, at=desk.clock(), actor=desk.actor.login, data=data)
    rows = ((other.number, link.kind),) if link.is_ours else ()
    fresh = tickets.load(tx, ticket.number)
    assert fresh is not None
    change = Change(
        ticket=fresh,
        events=(event,),
        links=rows if what == LINKED else (),
        unlinks=rows if what == UNLINKED else (),
        silent=True,
    )
    record(tx, desk, change)


def stopped(desk: Desk, numbers: Sequence[int]) -> list[str]:
    """What to say of tickets that are closed though others that block them are not."""
    told = []
    with desk.engine.read() as tx:
        for number in numbers:
            ticket = tickets.load(tx, number)
            if ticket is None or ticket.state != CLOSED:
                continue
            blockers = ", ".join(map(str, ties.blockers(tx, number)))
            if blockers:
                told.append(f"ticket {number} is closed, though open tickets block it: {blockers}")
    return told
