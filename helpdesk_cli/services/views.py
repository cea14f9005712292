"""What people look at: lists of tickets, one ticket whole, files. Reads only."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from helpdesk_cli.domain.links import Link
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import Actor, Participant
from helpdesk_cli.domain.permissions import hidden, may_see, sees_all
from helpdesk_cli.domain.ticket import Event, Message
from helpdesk_cli.errors import NotAllowed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.store import lists, members, people
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.lists import MANY, ORDERS, Listed, Seer, Wanted

if TYPE_CHECKING:
    from helpdesk_cli.domain.oncall import Calling
    from helpdesk_cli.services.answering import Writer

__all__ = [
    "MANY",
    "ORDERS",
    "File",
    "Listed",
    "Whole",
    "attachment",
    "attachments",
    "changed",
    "count",
    "html_of",
    "listing",
    "one",
    "seer_of",
    "whole",
]


class Whole(Struct, frozen=True, kw_only=True):
    """A ticket with all that belongs to it."""

    listed: Listed
    messages: list[Message]
    events: list[Event]
    participants: list[Participant]
    suggested: list[str]  # to whom mails of clients went, too, and who takes no part
    links: list[Link]
    watchers: tuple[str, ...] = ()
    merged: dict[int, int] = {}  # the tickets on which those messages were said that merges brought here
    sent_as: dict[int, str] = {}  # the Message-IDs of what we wrote, by message
    writing: "list[Writer]" = []  # who is writing an answer
    calls: "list[Calling]" = []  # who is called to it, or was


class File(Struct, frozen=True, kw_only=True):
    """An attachment of a ticket; ``id`` counts them from 1."""

    id: int
    message: int
    name: str
    type: str
    size: int
    sha256: str


def listing(desk: Desk, **filters: object) -> list[Listed]:
    """Tickets as the actor may see them; the fields of ``store.lists.Wanted`` as keywords.

    ``client`` is an address here, slugs may be names. Raises Usage for a slug or an order that there is
    not, NotFound for a client.
    """
    with desk.engine.read() as tx:
        return lists.tickets(tx, _wanted(tx, desk, filters))


def count(desk: Desk, **filters: object) -> int:
    """How many tickets such a list has without its limit; ``MANY`` where they are so many or more."""
    with desk.engine.read() as tx:
        return lists.count(tx, _wanted(tx, desk, filters))


def _wanted(tx: Tx, desk: Desk, filters: dict[str, object]) -> Wanted:
    order = filters.get("order", "updated")
    if order not in ORDERS:
        raise Usage(f"--sort {order}: must be one of {', '.join(ORDERS)}")
    for what in ("stage", "department", "priority", "category", "type"):
        if filters.get(what) is not None:
            known, word = getattr(desk.settings, what), str(filters[what])
            filters[what] = word if word in known else slug_of(what, known, word)
    assignee = filters.get("assignee")
    if assignee and assignee != desk.actor.login and members.staff_by_login(tx, str(assignee)) is None:
        raise NotFound(
            f"{assignee}: no such staff member; 'helpdesk staff list' shows them, and 'none' asks for what is nobody's"
        )
    if filters.get("client") is not None:
        filters["client"] = _client_id(tx, str(filters["client"]))
    return Wanted(**filters, seer=seer_of(desk.actor))  # type: ignore[arg-type]


def seer_of(actor: Actor) -> Seer | None:
    """Who asks, as lists want it: they show what ``may_see`` lets one see of one ticket; None sees all."""
    return None if sees_all(actor) else Seer(actor.login, actor.staff.departments if actor.staff else ())


def _client_id(tx: Tx, address: str) -> int:
    client = people.client_by_address(tx, address)
    if client is None:
        raise NotFound(f"{address}: no client has that address; 'helpdesk client list' shows them")
    return client.id


def changed(desk: Desk, numbers: Sequence[int]) -> list[Listed]:
    """Tickets that the actor has just changed, in the order asked, even those that left their sight thereby."""
    with desk.engine.read() as tx:
        found = [lists.ticket(tx, number) for number in numbers]
    return [one for one in found if one is not None]


def one(desk: Desk, number: int) -> Listed:
    """One ticket as lists show it. Raises NotFound, NotAllowed."""
    with desk.engine.read() as tx:
        return _one(tx, desk, number)


def _one(tx: Tx, desk: Desk, number: int) -> Listed:
    listed = lists.ticket(tx, number)
    if listed is None:
        raise NotFound(f"no ticket {number}; 'helpdesk ticket list --state all' shows them")
    if not may_see(desk.actor, listed.ticket):
        raise NotAllowed(hidden(desk.actor, listed.ticket))
    return listed


def whole(desk: Desk, number: int) -> Whole:
    """A ticket with its whole discussion, that of tickets merged into it too, and its log.

    Raises NotFound, NotAllowed.
    """
    from helpdesk_cli.services.answering import writers
    from helpdesk_cli.store import outbox, pages, tickets, ties

    with desk.engine.read() as tx:
        listed, messages = _one(tx, desk, number), tickets.messages(tx, number)
        merged: dict[int, int] = {}
        sent_as: dict[int, str] = {}
        family = ties.family(tx, number)
        for other in family:
            theirs = tickets.messages(tx, other)
            messages += theirs
            merged |= {message.id: other for message in theirs}
        for each in (number, *family):
            sent_as |= outbox.reply_ids(tx, each)
        events, participants = tickets.events(tx, number), tickets.participants(tx, number)
        return Whole(
            listed=listed,
            messages=sorted(messages, key=lambda one: (one.at, one.id)) if family else messages,
            events=events,
            participants=participants,
            suggested=suggested(events, participants),
            links=ties.links(tx, number),
            watchers=tickets.watchers(tx, number),
            merged=merged,
            sent_as=sent_as,
            writing=writers(tx, desk, number),
            calls=pages.of_ticket(tx, number),
        )


def suggested(events: Iterable[Event], participants: Iterable[Participant]) -> list[str]:
    """To whom a ticket's mails went besides, in order, without those who take part."""
    there = {fold(person.address) for person in participants}
    found: dict[str, str] = {}
    for event in events:
        named = event.data.get("cc")
        for address in named if isinstance(named, list) else ():
            found.setdefault(fold(str(address)), str(address))
    return [address for folded, address in found.items() if folded not in there]


def html_of(desk: Desk, messages: list[Message]) -> dict[int, str]:
    """The HTML that mails came with, by message id; read anew from the raw mail, for it is rarely wanted."""
    from helpdesk_cli.mail.guard import ParseDefeated, parse_guarded
    from helpdesk_cli.store import blobs, inbox

    found: dict[int, str] = {}
    for message in messages:
        if message.inbox_id is None:
            continue
        with desk.engine.read() as tx:
            kept = inbox.load(tx, message.inbox_id)
            raw = blobs.load(tx, kept.sha256) if kept else None
        if raw is None:
            continue
        try:
            html = parse_guarded(raw).html
        except ParseDefeated:
            continue
        if html:
            found[message.id] = html
    return found


def attachments(desk: Desk, number: int) -> list[File]:
    """The files of a ticket, in the order in which they came."""
    parts = [(message.id, part) for message in whole(desk, number).messages for part in message.attachments]
    return [
        File(id=place, message=message, name=part.name, type=part.type, size=part.size, sha256=part.sha256)
        for place, (message, part) in enumerate(parts, 1)
    ]


def attachment(desk: Desk, number: int, place: int) -> bytes:
    """The bytes of a ticket's file, by its place in ``attachments``. Raises NotFound."""
    from helpdesk_cli.services.files import attachment_bytes
    from helpdesk_cli.store import inbox

    parts = [(message.id, part) for message in whole(desk, number).messages for part in message.attachments]
    if not 1 <= place <= len(parts):
        raise NotFound(f"ticket {number} has no attachment {place}")
    message, part = parts[place - 1]
    with desk.engine.read() as tx:
        return attachment_bytes(tx, part, inbox.entry_of_message(tx, message))
