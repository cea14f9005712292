"""A ticket, what is said on it, and what happens to it.

Functions here take values and return a ``Change``: the ticket as it shall be, with the messages and
events that lead there. Nothing is saved; ``services.changes.record`` does that, for everybody.
"""

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import Part

OPEN, WAITING, CLOSED = "open", "waiting", "closed"

INBOUND, OUTBOUND, NOTE = "inbound", "outbound", "note"

CLIENT, STAFF, SYSTEM_ROLE = "client", "staff", "system"


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket as a row. ``number`` 0 is one that has none yet.

    ``unanswered_since`` is the moment of the first client's word that nobody answered. ``state`` is the
    state of ``stage``, kept beside it so that lists need no configuration.
    """

    number: int = 0
    subject: str
    stage: str
    state: str
    priority: str
    department: str
    category: str | None = None
    channel: str = "email"
    client_id: int | None = None
    assignee: str | None = None
    created_at: str
    updated_at: str
    closed_at: str | None = None
    due_at: str | None = None
    unanswered_since: str | None = None
    merged_into: int | None = None
    message_count: int = 0


class Author(Struct, frozen=True, kw_only=True):
    """Who wrote a message. ``client_id`` or ``staff`` (a login) says who of ours that is."""

    role: str
    name: str = ""
    email: str = ""
    client_id: int | None = None
    staff: str | None = None


class Message(Struct, frozen=True, kw_only=True):
    """One thing said. ``kind`` is inbound, outbound or note; ``is_public`` is false for what only staff see.

    ``text`` is null where it is the same as ``new_text``. ``mark`` tells staff why to be careful
    ("third party", "by subject", "sender not authenticated"). ``inbox_id`` leads to the raw mail.
    """

    id: int = 0
    kind: str
    is_public: bool = True
    author: Author
    at: str
    date_header: str = ""
    subject: str = ""
    text: str | None = None
    new_text: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    inbox_id: int | None = None
    mark: str = ""
    attachments: tuple[Part, ...] = ()


class Event(Struct, frozen=True, kw_only=True):
    """A thing that happened to a ticket, in the past tense; the activity log is made of them."""

    kind: str
    at: str
    actor: str
    data: dict[str, object] = {}


class Joining(Struct, frozen=True, kw_only=True):
    """Somebody who becomes a participant, or whose address of last use changes."""

    address: str
    name: str = ""
    client_id: int | None = None


class Change(Struct, frozen=True, kw_only=True):
    """What shall become of one ticket: saved whole or not at all."""

    ticket: Ticket
    messages: tuple[Message, ...] = ()
    events: tuple[Event, ...] = ()
    joining: tuple[Joining, ...] = ()
    links: tuple[tuple[int, str], ...] = ()
    silent: bool = False  # queues no letter at all
    acknowledge: bool = False  # the client hears that the ticket was opened
    repeat_subject: bool = True  # may the acknowledgement repeat the client's subject?
    page: bool = False  # may it ring the pager?


def opened(ticket: Ticket, message: Message, actor: str, joining: tuple[Joining, ...] = ()) -> Change:
    """A new ticket with the words that opened it."""
    return Change(
        ticket=replace(
            ticket,
            message_count=1,
            unanswered_since=None if ticket.state == CLOSED else message.at,
        ),
        messages=(message,),
        events=(Event(kind="opened", at=message.at, actor=actor, data={"channel": ticket.channel}),),
        joining=joining,
    )


def said(ticket: Ticket, message: Message, actor: str, kind: str, **data: object) -> Change:
    """A further message, with the event that tells of it.

    The client's public word makes the ticket unanswered, staff's public word answers it; what only
    staff see does neither.
    """
    unanswered = ticket.unanswered_since
    if message.is_public and message.author.role == CLIENT:
        unanswered = unanswered or message.at
    elif message.is_public and message.kind == OUTBOUND:
        unanswered = None
    after = replace(
        ticket,
        updated_at=max(ticket.updated_at, message.at),
        message_count=ticket.message_count + 1,
        unanswered_since=unanswered,
    )
    return Change(
        ticket=after, messages=(message,), events=(Event(kind=kind, at=message.at, actor=actor, data=data),)
    )


def moved(change: Change, stage: str, state: str, at: str, actor: str, kind: str = "moved") -> Change:
    """The same change, and the ticket in another stage; nothing where it stands there already."""
    ticket = change.ticket
    if ticket.stage == stage and ticket.state == state:
        return change
    after = replace(
        ticket,
        stage=stage,
        state=state,
        updated_at=max(ticket.updated_at, at),
        closed_at=(ticket.closed_at or at) if state == CLOSED else None,
        unanswered_since=None if state == CLOSED else ticket.unanswered_since,
    )
    event = Event(kind=kind, at=at, actor=actor, data={"from": ticket.stage, "to": stage})
    return replace(change, ticket=after, events=(*change.events, event))


def edited(change: Change, at: str, actor: str, **fields: str | None) -> Change:
    """The same change, and fields of the ticket set; each that differs is an event of its own."""
    ticket, events = change.ticket, list(change.events)
    for name, value in fields.items():
        before = getattr(ticket, name)
        if before == value:
            continue
        ticket = replace(ticket, **{name: value})
        kind = "assigned" if name == "assignee" else "edited"
        data = (
            {"from": before, "to": value}
            if name == "assignee"
            else {"field": name, "from": before, "to": value}
        )
        events.append(Event(kind=kind, at=at, actor=actor, data=data))
    if ticket is change.ticket:
        return change
    return replace(
        change, ticket=replace(ticket, updated_at=max(ticket.updated_at, at)), events=tuple(events)
    )
