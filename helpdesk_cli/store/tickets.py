"""Tickets, what was said on them, what happened to them. Only ``services.changes`` calls the verbs that write."""

from collections.abc import Sequence

from msgspec import json

from helpdesk_cli.domain.mail import Part, fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import Participant
from helpdesk_cli.domain.ticket import CLOSED, Author, Event, Joining, Message, Ticket
from helpdesk_cli.store.engine import Tx, Value, listed

TICKET = ", ".join(f"t.{name}" for name in Ticket.__struct_fields__)
"""The columns of a ticket, in the order of its class's fields; the table is ``t``."""

_MESSAGE = (
    "id, kind, is_public, role, name, email, client_id, staff, at, date_header, subject, text, new_text, message_id, "
    "in_reply_to, inbox_id, mark"
)


def ticket_of(row: Sequence[Value]) -> Ticket:
    """A row of the columns ``TICKET`` as a ticket."""
    return Ticket(**dict(zip(Ticket.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]


def load(tx: Tx, number: int) -> Ticket | None:
    """One ticket."""
    row = tx.row(f"select {TICKET} from ticket t where t.number = :number", number=number)
    return ticket_of(row) if row else None


def load_all(tx: Tx, numbers: Sequence[int]) -> dict[int, Ticket]:
    """Some tickets by their numbers."""
    text, binds = listed("number", numbers)
    rows = tx.rows(f"select {TICKET} from ticket t where t.number in ({text})", **binds)
    return {ticket.number: ticket for ticket in map(ticket_of, rows)}


def opened_at(tx: Tx, numbers: Sequence[int]) -> dict[int, str]:
    """When some tickets were opened, of those that there are."""
    text, binds = listed("number", numbers)
    rows = tx.rows(f"select number, created_at from ticket where number in ({text})", **binds)
    return {int(row[0]): str(row[1]) for row in rows}  # type: ignore[arg-type]


def came_at(tx: Tx, ticket: int, since: str) -> list[str]:
    """When mails came to a ticket from a moment on."""
    rows = tx.rows(
        "select at from message where ticket = :ticket and kind = 'inbound' and at >= :since order by at",
        ticket=ticket,
        since=since,
    )
    return [str(row[0]) for row in rows]


def reopened_at(tx: Tx, ticket: int, since: str) -> list[str]:
    """When mails of clients opened a ticket again, from a moment on; who did it by mail is an address."""
    rows = tx.rows(
        "select at from event where ticket = :ticket and kind = 'reopened' and actor like '%@%' and at >= :since "
        "order by at",
        ticket=ticket,
        since=since,
    )
    return [str(row[0]) for row in rows]


def next_number(tx: Tx, first: int) -> int:
    """The next ticket's number: one more than the last, never below ``first``."""
    row = tx.row(
        "insert into counter (name, value) values ('ticket', :first) "
        "on conflict (name) do update set value = case when counter.value + 1 > :first then counter.value + 1 "
        "else :first end returning value",
        first=first,
    )
    assert row is not None
    return int(row[0])  # type: ignore[arg-type]


def _values(ticket: Ticket) -> dict[str, Value]:
    values: dict[str, Value] = {name: getattr(ticket, name) for name in Ticket.__struct_fields__}
    values["is_active"] = int(ticket.state != CLOSED)
    return values


_COLUMNS = (*Ticket.__struct_fields__, "is_active")
_INSERT = f"insert into ticket ({', '.join(_COLUMNS)}) values ({', '.join(':' + name for name in _COLUMNS)})"
_UPDATE = (
    f"update ticket set {', '.join(f'{name} = :{name}' for name in _COLUMNS[1:])} where number = :number"
)


def insert(tx: Tx, ticket: Ticket) -> None:
    """Write a new ticket, whose number was drawn before."""
    tx.put(_INSERT, **_values(ticket))


def update(tx: Tx, ticket: Ticket) -> None:
    """Write a ticket that is there."""
    tx.put(_UPDATE, **_values(ticket))


def add_message(tx: Tx, ticket: int, message: Message) -> int:
    """Write a message with its attachments; its id."""
    author = message.author
    identity = tx.fresh("message")
    tx.put(
        "insert into message (id, ticket, kind, is_public, role, name, email, client_id, staff, at, date_header, "
        "subject, text, new_text, message_id, in_reply_to, inbox_id, mark) values (:id, :ticket, :kind, :is_public, "
        ":role, :name, :email, :client_id, :staff, :at, :date_header, :subject, :text, :new_text, :message_id, "
        ":in_reply_to, :inbox_id, :mark)",
        id=identity,
        ticket=ticket,
        kind=message.kind,
        is_public=int(message.is_public),
        role=author.role,
        name=author.name,
        email=author.email,
        client_id=author.client_id,
        staff=author.staff,
        at=message.at,
        date_header=message.date_header,
        subject=message.subject,
        text=message.text,
        new_text=message.new_text,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        inbox_id=message.inbox_id,
        mark=message.mark,
    )
    tx.index(identity, message.subject, message.new_text)
    for part in message.attachments:
        tx.put(
            "insert into attachment (message, name, type, size, sha256, start_at, end_at, encoding, content_id) "
            "values (:message, :name, :type, :size, :sha256, :start, :end, :encoding, :content_id)",
            message=identity,
            name=part.name,
            type=part.type,
            size=part.size,
            sha256=part.sha256,
            start=part.start,
            end=part.end,
            encoding=part.encoding,
            content_id=part.content_id,
        )
    return identity


def withdraw(tx: Tx, identity: int, mark: str) -> None:
    """Let a message be a note with that mark, which no mail repeats and only staff see."""
    tx.put(
        "update message set kind = 'note', is_public = 0, mark = :mark where id = :message",
        mark=mark,
        message=identity,
    )


def add_event(tx: Tx, ticket: int, event: Event) -> None:
    """Write a line of the activity log."""
    tx.put(
        "insert into event (ticket, at, actor, kind, data) values (:ticket, :at, :actor, :kind, :data)",
        ticket=ticket,
        at=event.at,
        actor=event.actor,
        kind=event.kind,
        data=json.encode(event.data).decode() if event.data else "{}",
    )


def join(tx: Tx, ticket: int, joining: Joining, at: str) -> None:
    """Make somebody a participant, or note from which address they wrote last.

    What was said in the same second before they joined is not for them: they hear from the next one on.
    """
    folded = fold(joining.address)
    tx.put(
        "update participant set address = :address, shown = :shown where ticket = :ticket and client_id = :client "
        "and not exists (select 1 from participant o where o.ticket = :ticket and o.address = :address)",
        address=folded,
        shown=joining.address,
        ticket=ticket,
        client=joining.client_id,
    )
    tx.put(
        "insert into participant (ticket, address, shown, name, client_id, since_at) "
        "select :ticket, :address, :shown, :name, :client, case when :is_now = 1 and exists "
        "(select 1 from message where ticket = :ticket and at = :at) then :after else :at end where not exists "
        "(select 1 from participant where ticket = :ticket and client_id = :client) on conflict do nothing",
        ticket=ticket,
        address=folded,
        shown=joining.address,
        name=joining.name,
        client=joining.client_id,
        at=joining.since or at,
        is_now=0 if joining.since else 1,
        after=later(at, 1),
    )


def participants(tx: Tx, ticket: int) -> list[Participant]:
    """Who hears of a ticket's public words, the requester first."""
    rows = tx.rows(
        "select id, ticket, shown, name, client_id, since_at from participant where ticket = :ticket order by id",
        ticket=ticket,
    )
    return [Participant(**dict(zip(Participant.__struct_fields__, row, strict=True))) for row in rows]  # type: ignore[arg-type]


def link(tx: Tx, ticket: int, other: int, kind: str, at: str) -> None:
    """Tie two tickets together for staff's eyes."""
    tx.put(
        "insert into link (ticket, other, kind, linked_at) values (:ticket, :other, :kind, :at) on conflict do nothing",
        ticket=ticket,
        other=other,
        kind=kind,
        at=at,
    )


def _message(tx: Tx, row: Sequence[Value]) -> Message:
    identity, kind, is_public, role, name, email, client_id, staff, *rest = row
    parts = tx.rows(
        "select name, type, size, sha256, start_at, end_at, encoding, content_id from attachment "
        "where message = :message order by id",
        message=identity,
    )
    return Message(
        id=identity,  # type: ignore[arg-type]
        kind=kind,  # type: ignore[arg-type]
        is_public=bool(is_public),
        author=Author(role=role, name=name, email=email, client_id=client_id, staff=staff),  # type: ignore[arg-type]
        attachments=tuple(Part(*part) for part in parts),  # type: ignore[arg-type]
        **dict(  # type: ignore[arg-type]
            zip(
                (
                    "at",
                    "date_header",
                    "subject",
                    "text",
                    "new_text",
                    "message_id",
                    "in_reply_to",
                    "inbox_id",
                    "mark",
                ),
                rest,
                strict=True,
            )
        ),
    )


def messages(tx: Tx, ticket: int, after: int = 0) -> list[Message]:
    """What was said on a ticket, in the order in which it came; of it what came after a message."""
    rows = tx.rows(
        f"select {_MESSAGE} from message where ticket = :ticket and id > :after order by id",
        ticket=ticket,
        after=after,
    )
    return [_message(tx, row) for row in rows]


def last_message(tx: Tx, ticket: int) -> int:
    """The id of what was said last on a ticket; 0 where nothing was."""
    row = tx.row("select max(id) from message where ticket = :ticket", ticket=ticket)
    return int(row[0]) if row and row[0] is not None else 0


def message(tx: Tx, identity: int) -> Message | None:
    """One message."""
    row = tx.row(f"select {_MESSAGE} from message where id = :id", id=identity)
    return _message(tx, row) if row else None


def events(tx: Tx, ticket: int) -> list[Event]:
    """A ticket's activity log, oldest first."""
    rows = tx.rows(
        "select kind, at, actor, data from event where ticket = :ticket order by id", ticket=ticket
    )
    return [
        Event(kind=str(row[0]), at=str(row[1]), actor=str(row[2]), data=json.decode(str(row[3])))
        for row in rows
    ]


def tags(tx: Tx, ticket: int) -> tuple[str, ...]:
    """A ticket's tags."""
    rows = tx.rows("select tag from ticket_tag where ticket = :ticket order by tag", ticket=ticket)
    return tuple(str(row[0]) for row in rows)


def all_tags(tx: Tx, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tags of some tickets, of those that have any."""
    text, binds = listed("number", numbers)
    found: dict[int, tuple[str, ...]] = {}
    for number, tag in tx.rows(
        f"select ticket, tag from ticket_tag where ticket in ({text}) order by ticket, tag", **binds
    ):
        assert isinstance(number, int)
        found[number] = (*found.get(number, ()), str(tag))
    return found


def tag(tx: Tx, ticket: int, tag: str) -> None:
    """Put a tag on a ticket; they are kept in lower case."""
    tx.put(
        "insert into ticket_tag (ticket, tag) values (:ticket, :tag) on conflict do nothing",
        ticket=ticket,
        tag=tag.lower(),
    )


def untag(tx: Tx, ticket: int, tag: str) -> None:
    """Take a tag off a ticket."""
    tx.put("delete from ticket_tag where ticket = :ticket and tag = :tag", ticket=ticket, tag=tag.lower())


def watch(tx: Tx, ticket: int, login: str, at: str) -> None:
    """Let a staff member hear of a ticket, whoever it belongs to."""
    tx.put(
        "insert into watcher (ticket, staff, since_at) values (:ticket, :login, :at) on conflict do nothing",
        ticket=ticket,
        login=login,
        at=at,
    )


def watchers(tx: Tx, ticket: int) -> tuple[str, ...]:
    """The logins of who watches a ticket."""
    rows = tx.rows("select staff from watcher where ticket = :ticket order by staff", ticket=ticket)
    return tuple(str(row[0]) for row in rows)
