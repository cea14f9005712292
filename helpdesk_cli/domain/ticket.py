"""A ticket, what is said on it, and what happens to it.

Functions here take values and return a ``Change``: the ticket as it shall be, with the messages and
events that lead there. Nothing is saved; ``services.changes.record`` does that, for everybody.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import Part

OPEN, WAITING, CLOSED = "open", "waiting", "closed"

INBOUND, OUTBOUND, NOTE = "inbound", "outbound", "note"

RULE = "rule:"
"""Before the name of a rule that acts."""

CLIENT, STAFF, SYSTEM_ROLE = "client", "staff", "system"


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket as a row. ``number`` 0 is one that has none yet.

    ``unanswered_since`` is the moment of the first client's word that nobody answered. ``state`` is the
    state of ``stage``, kept beside it so that lists need no configuration. ``is_private``: only its assignee
    and admins see it. ``is_idle``: it waits because nobody did anything, not for its client. ``touched_at``
    is the last word or deed of a person; ``answered_at`` the first public word of staff; ``reminded_at`` when
    the client was reminded, in this wait. ``sla`` is the slug of the service level that holds. ``rating`` is what
    the client answered to the survey last, from 1 to 5. ``waits_until`` is when somebody wants it back who put it
    off, ``waits_from`` the stage where it was then.
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
    type: str | None = None
    is_private: int = 0
    level: int = 1
    is_idle: int = 0
    stage_since: str | None = None
    touched_at: str | None = None
    client_word_at: str | None = None
    staff_word_at: str | None = None
    answered_at: str | None = None
    reminded_at: str | None = None
    sla: str | None = None
    rating: int | None = None
    waits_until: str | None = None
    waits_from: str | None = None


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


def names_of_rules(events: Iterable[Event]) -> set[str]:
    """The rules that did something, as the log tells it; one that could not did nothing."""
    return {
        event.actor.removeprefix(RULE)
        for event in events
        if event.actor.startswith(RULE) and event.kind != "rule-failed"
    }


class Joining(Struct, frozen=True, kw_only=True):
    """Somebody who becomes a participant, or whose address of last use changes.

    ``since`` is from when on they hear; "" is the moment of the change.
    """

    address: str
    name: str = ""
    client_id: int | None = None
    since: str = ""


class Taking(Struct, frozen=True, kw_only=True):
    """Messages, by their ids, that leave another ticket for this one; ``is_public``: its people may see them."""

    messages: tuple[int, ...]
    is_public: bool = False


class Telling(Struct, frozen=True, kw_only=True):
    """A letter that somebody ordered beside those that follow from events.

    ``whom`` is client, assignee, manager, department, watchers, pager, webhook, or a login; ``kind`` the
    letter's template; ``to`` the slug of a web hook; ``always``: also where the change itself is silent.
    """

    whom: str
    kind: str
    to: str = ""
    facts: dict[str, object] = {}
    always: bool = False


class Called(Struct, frozen=True):
    """Somebody whom a call reaches: staff by login, or the bare address of a pager."""

    who: str
    address: str
    person: int = 0  # staff.id
    name: str = ""


class Call(Struct, frozen=True, kw_only=True):
    """One call of a table of ``[oncall]`` about a ticket: whom it reaches, and what is due after it."""

    oncall: str
    event: str
    text: str = ""
    to: tuple[Called, ...] = ()
    step: int  # the next one's
    next_at: str | None


class Brought(Struct, frozen=True, kw_only=True):
    """Of the mail that brought a change what its message does not say. ``to`` is folded, the surest first."""

    mailbox: str = ""
    to: tuple[str, ...] = ()
    verdict: str = "unknown"  # pass | fail | unknown
    is_automatic: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """What shall become of one ticket: saved whole or not at all."""

    ticket: Ticket
    messages: tuple[Message, ...] = ()
    events: tuple[Event, ...] = ()
    joining: tuple[Joining, ...] = ()
    leaving: tuple[str, ...] = ()  # folded addresses of who takes part no more
    taking: Taking | None = None
    links: tuple[tuple[int, str], ...] = ()
    unlinks: tuple[tuple[int, str], ...] = ()  # whichever of the two tickets they were put on
    tags: tuple[str, ...] = ()  # to add
    untags: tuple[str, ...] = ()  # to take away
    watching: tuple[str, ...] = ()  # logins who want to hear of it from now on
    unwatching: tuple[str, ...] = ()  # who does no more
    tell: tuple[Telling, ...] = ()
    calls: tuple[Call, ...] = ()
    brought: Brought | None = None  # of the mail that brought its message
    silent: bool = False  # queues no letter at all
    acknowledge: bool = False  # the client hears that the ticket was opened
    unacknowledged: str = ""  # why not, where a mail opened it
    repeat_subject: bool = True  # may the acknowledgement repeat the client's subject?
    page: bool = False  # may it ring the pager?
    hold: int = 0  # seconds that what is written to people outside waits before it goes
    withdraws: Message | None = None  # what was said before, and is taken back


def opened(ticket: Ticket, message: Message, actor: str, joining: tuple[Joining, ...] = ()) -> Change:
    """A new ticket with the words that opened it."""
    return Change(
        ticket=replace(
            ticket,
            message_count=1,
            unanswered_since=None if ticket.state == CLOSED else message.at,
            stage_since=message.at,
            touched_at=message.at,
            client_word_at=message.at,
        ),
        messages=(message,),
        events=(Event(kind="opened", at=message.at, actor=actor, data={"channel": ticket.channel}),),
        joining=joining,
    )


def said(ticket: Ticket, message: Message, actor: str, kind: str, **data: object) -> Change:
    """A further message, with the event that tells of it.

    The client's public word makes the ticket unanswered, staff's public word answers it; what only
    staff see does neither, and a ticket that waits because nobody did anything does so still.
    """
    at = message.at
    after = replace(ticket, updated_at=max(ticket.updated_at, at), message_count=ticket.message_count + 1)
    if message.author.role != SYSTEM_ROLE:
        after = replace(after, touched_at=at)
    if message.is_public and message.author.role == CLIENT:
        after = replace(
            after,
            unanswered_since=ticket.unanswered_since or at,
            client_word_at=at,
            reminded_at=None,
            is_idle=0,
        )
    elif message.is_public and message.kind == OUTBOUND:
        answered_at = ticket.answered_at or at
        after = replace(
            after,
            unanswered_since=None,
            staff_word_at=at,
            answered_at=answered_at,
            reminded_at=None,
            is_idle=0,
        )
    return Change(
        ticket=after, messages=(message,), events=(Event(kind=kind, at=message.at, actor=actor, data=data),)
    )


def rated(ticket: Ticket, message: Message, actor: str, rating: int, comment: str) -> Change:
    """The client's answer to a survey: their message and how they rate; nothing waits for an answer to it."""
    after = replace(
        ticket,
        rating=rating,
        updated_at=max(ticket.updated_at, message.at),
        message_count=ticket.message_count + 1,
    )
    data: dict[str, object] = {"rating": rating, **({"comment": comment} if comment else {})}
    event = Event(kind="rated", at=message.at, actor=actor, data=data)
    return Change(ticket=after, messages=(message,), events=(event,))


def moved(
    change: Change, stage: str, state: str, at: str, actor: str, kind: str = "moved", *, is_idle: bool = False
) -> Change:
    """The same change, and the ticket in another stage; nothing where it stands there already.

    ``is_idle``: because nobody did anything about it.
    """
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
        stage_since=at,
        touched_at=ticket.touched_at if is_idle else at,
        is_idle=int(is_idle),
        reminded_at=None,
        waits_until=None,
        waits_from=None,
    )
    data: dict[str, object] = {"from": ticket.stage, "to": stage, **({"idle": True} if is_idle else {})}
    if ticket.waits_until is not None:
        data |= {"waits_until": ticket.waits_until, "waits_from": ticket.waits_from}
    event = Event(kind=kind, at=at, actor=actor, data=data)
    return replace(change, ticket=after, events=(*change.events, event))


def put_off_again(ticket: Ticket, move: Event) -> Ticket:
    """A ticket whose move was undone, put off as it was before that."""
    until, before = move.data.get("waits_until"), move.data.get("waits_from")
    if not until or ticket.state != WAITING:
        return ticket
    return replace(ticket, waits_until=str(until), waits_from=str(before) if before else None)


def edited(change: Change, at: str, actor: str, **fields: str | int | None) -> Change:
    """The same change, and fields of the ticket set; each that differs is an event of its own."""
    ticket, events = change.ticket, list(change.events)
    for name, value in fields.items():
        before = getattr(ticket, name)
        if before == value:
            continue
        ticket = replace(ticket, **{name: value})
        events.append(_event_of(name, before, value, at, actor))
    if ticket is change.ticket:
        return change
    after = replace(ticket, updated_at=max(ticket.updated_at, at), touched_at=at)
    return replace(change, ticket=after, events=tuple(events))


def _event_of(name: str, before: object, value: object, at: str, actor: str) -> Event:
    """What the log says of a field that was set."""
    if name == "assignee":
        return Event(kind="assigned", at=at, actor=actor, data={"from": before, "to": value})
    if name == "is_private":
        name, before, value = "private", bool(before), bool(value)
    return Event(kind="edited", at=at, actor=actor, data={"field": name, "from": before, "to": value})
