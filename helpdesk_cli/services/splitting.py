"""Words that belong elsewhere: messages of a ticket become a new one. No client hears of it."""

from msgspec.structs import replace

from helpdesk_cli.domain import merging, stages
from helpdesk_cli.domain.subjects import bare_subject
from helpdesk_cli.domain.ticket import CLIENT, INBOUND, OPEN, Joining, Message, Ticket
from helpdesk_cli.errors import Failed, NotFound, Usage
from helpdesk_cli.services import stepping
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import changeable
from helpdesk_cli.store import people, tickets, ties
from helpdesk_cli.store.engine import Tx


def split(
    desk: Desk, number: int, message: int, *, subject: str | None = None, and_later: bool = False
) -> int:
    """Make a ticket of a message that somebody sent in, and of what they sent later; its number.

    Files and raw mail go along, and answers to that mail lead to the new ticket from then on. Raises NotFound,
    NotAllowed, Usage for an empty subject, Failed for a message that cannot be a ticket's beginning.
    """
    if subject is not None and not subject.strip():
        raise Usage("--subject: must not be empty")
    return desk.engine.transact(lambda tx: _split(tx, desk, number, message, subject, and_later))


def _split(tx: Tx, desk: Desk, number: int, message: int, subject: str | None, and_later: bool) -> int:
    at, actor = desk.clock(), desk.actor.login
    ticket = changeable(tx, desk, number)
    messages = tickets.messages(tx, number)
    first = _first(tx, ticket, messages, message)
    taken = merging.chosen(messages, first, and_later=and_later)
    joining = _people(tx, ticket, first, at)
    tag = f"{desk.settings.desk.subject_tag}-{number}"
    words = subject if subject is not None else bare_subject(first.subject, tag) or ticket.subject
    fresh = _fresh(desk, ticket, " ".join(words.split()))
    if first.author.role == CLIENT:
        fresh = _owned(fresh, joining)
    made = record(tx, desk, merging.split_off(fresh, taken, ticket, joining, actor, at)).ticket.number
    kept = [one for one in messages if one not in taken]
    record(tx, desk, merging.split(ticket, made, taken, kept, actor, at))
    return made


def _first(tx: Tx, ticket: Ticket, messages: list[Message], wanted: int) -> Message:
    """The message that shall open the new ticket. Raises NotFound, Failed."""
    number = ticket.number
    found = next((one for one in messages if one.id == wanted), None)
    if found is None:
        for other in ties.family(tx, number):
            if any(one.id == wanted for one in tickets.messages(tx, other)):
                raise Failed(
                    f"message {wanted} was said on {other}, which is merged into {number}; 'helpdesk ticket merge "
                    f"--undo {other}' takes all of it out; {stepping.NOTHING}"
                )
        raise NotFound(
            f"ticket {number} has no message {wanted}; 'helpdesk ticket show {number}' shows their numbers"
        )
    if found.kind != INBOUND:
        what = "a note" if found.kind == "note" else "an answer"
        raise Failed(f"message {wanted} is {what}; only what came in can be split off; {stepping.NOTHING}")
    if found is messages[0]:
        raise Failed(
            f"message {wanted} opened ticket {number}, so it stays there; split off another; {stepping.NOTHING}"
        )
    return found


def _people(tx: Tx, ticket: Ticket, first: Message, at: str) -> list[Joining]:
    """Who takes part in the new ticket: its writer first, and with public words whoever could see them already."""
    author = first.author
    there = [
        Joining(address=one.shown, name=one.name, client_id=one.client_id, since=first.at)
        for one in ties.people(tx, ticket.number)
        if one.since_at <= first.at
    ]
    if author.role != CLIENT or not author.email:
        return there
    client = people.client_by_address(tx, author.email)
    if client is None:
        client = people.add_client(tx, author.name or author.email.partition("@")[0], author.email, at)
    writer = Joining(address=author.email, name=author.name, client_id=client.id, since=first.at)
    others = [one for one in there if one.client_id != client.id and one.address != author.email]
    return [writer, *(others if first.is_public else ())]


def _owned(fresh: Ticket, joining: list[Joining]) -> Ticket:
    """The new ticket as its writer's."""
    owner = joining[0].client_id if joining else None
    return replace(fresh, client_id=owner if owner is not None else fresh.client_id)


def _fresh(desk: Desk, ticket: Ticket, subject: str) -> Ticket:
    """A new ticket like another one, in the hands of the same person."""
    stage = stages.entry(desk.settings, ticket.department, OPEN)
    return Ticket(
        subject=subject,
        stage=stage,
        state=OPEN,
        priority=ticket.priority,
        department=ticket.department,
        category=ticket.category,
        channel=ticket.channel,
        client_id=ticket.client_id,
        assignee=ticket.assignee,
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
        type=ticket.type,
        is_private=ticket.is_private,
        level=ticket.level,
    )
