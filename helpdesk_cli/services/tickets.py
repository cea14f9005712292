"""What staff do with tickets: enter, answer, note, move, assign, edit."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.permissions import hidden, may_see
from helpdesk_cli.domain.stages import entry
from helpdesk_cli.domain.ticket import (
    CLIENT,
    CLOSED,
    INBOUND,
    NOTE,
    OUTBOUND,
    STAFF,
    Author,
    Change,
    Event,
    Joining,
    Message,
    Ticket,
    moved,
    opened,
    said,
)
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services import stepping
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.files import File, keep
from helpdesk_cli.services.people import checked_address
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.store import outbox, people, tickets
from helpdesk_cli.store.engine import Tx

CHANNELS = ("phone", "web", "email", "other")


class NewTicket(Struct, frozen=True, kw_only=True):
    """A ticket that staff enter for a client."""

    client: str  # any of the client's addresses; an unknown one makes a client
    subject: str
    text: str
    name: str = ""
    department: str | None = None
    priority: str | None = None
    category: str | None = None
    type: str | None = None
    channel: str = "phone"
    files: tuple[File, ...] = ()


def load(tx: Tx, desk: Desk, number: int) -> Ticket:
    """A ticket that the actor may see. Raises NotFound, NotAllowed."""
    ticket = tickets.load(tx, number)
    if ticket is None:
        raise NotFound(f"no ticket {number}; 'helpdesk ticket list --state all' shows them")
    if not may_see(desk.actor, ticket):
        raise NotAllowed(hidden(desk.actor, ticket))
    return ticket


def changeable(tx: Tx, desk: Desk, number: int) -> Ticket:
    """A ticket that the actor may change. Raises NotFound, NotAllowed, Failed for one that leads to another."""
    ticket = load(tx, desk, number)
    stepping.refuse_merged(tx, ticket)
    return ticket


def new(desk: Desk, wish: NewTicket) -> int:
    """Enter a ticket on a client's behalf, treated exactly as if the client had written; its number.

    Raises NotAllowed where ``admin_can_enter_tickets`` is off, Usage for an unknown slug or an empty text.
    """
    settings = desk.settings
    if not settings.operation.admin_can_enter_tickets:
        raise NotAllowed(
            "tickets cannot be entered on a client's behalf: [operation] admin_can_enter_tickets is false"
        )
    address = checked_address(desk, wish.client)
    if not wish.text.strip():
        raise Usage("the text is empty; nothing was entered")
    if wish.channel not in CHANNELS:
        raise Usage(f"--channel {wish.channel}: must be one of {', '.join(CHANNELS)}")
    department = department_of(desk, wish.department)
    at = desk.clock()
    ticket = Ticket(
        subject=" ".join(wish.subject.split()) or "(no subject)",
        stage=entry(settings, department, "open"),
        state="open",
        priority=slug_of("priority", settings.priority, wish.priority) or settings.middle_priority(),
        category=slug_of("category", settings.category, wish.category),
        type=slug_of("type", settings.type, wish.type),
        department=department,
        channel=wish.channel,
        created_at=at,
        updated_at=at,
    )
    return desk.engine.transact(lambda tx: _enter(tx, desk, wish, address, ticket))


def _enter(tx: Tx, desk: Desk, wish: NewTicket, address: str, ticket: Ticket) -> int:
    """Write a new ticket with its first message; the client is made where the address is nobody's yet."""
    at = ticket.created_at
    client = people.client_by_address(tx, address)
    if client is None:
        client = people.add_client(tx, wish.name or address.partition("@")[0], address, at)
    author = Author(role=CLIENT, name=client.name, email=address, client_id=client.id, staff=desk.actor.login)
    message = Message(
        kind=INBOUND,
        author=author,
        at=at,
        subject=ticket.subject,
        new_text=wish.text.strip(),
        attachments=keep(tx, wish.files),
    )
    change = opened(
        replace(ticket, client_id=client.id),
        message,
        desk.actor.login,
        (Joining(address=address, name=client.name, client_id=client.id),),
    )
    return record(tx, desk, replace(change, acknowledge=True, page=True)).ticket.number


def department_of(desk: Desk, wanted: str | None) -> str:
    """A department by its slug; without one the actor's own, where that is one, or the only one.

    Raises Usage.
    """
    known = desk.settings.department
    if wanted is not None:
        return slug_of("department", known, wanted) or ""
    own = [slug for slug in (desk.actor.staff.departments if desk.actor.staff else ()) if slug in known]
    candidates = own if len(own) == 1 else list(known)
    if len(candidates) != 1:
        raise Usage(f"which department? Name one with -d: {', '.join(known)}")
    return candidates[0]


class Answer(Struct, frozen=True, kw_only=True):
    """What staff write on a ticket."""

    text: str
    files: tuple[File, ...] = ()
    cc: tuple[str, ...] = ()  # who becomes a participant by this
    stage: str | None = None
    seconds: int = 0  # of work that went into it
    seen: int | None = None  # the last message that the writer saw; None does not ask


def reply(desk: Desk, number: int, answer: Answer) -> None:
    """Answer the client; the mail leaves at the next notify.

    Raises Usage for an empty text, answering.Overtaken where somebody spoke after what its writer saw.
    """
    _write(desk, number, answer, OUTBOUND, "answered")


def note(desk: Desk, number: int, answer: Answer) -> None:
    """Write down what only staff see; it never leaves the desk."""
    _write(desk, number, answer, NOTE, "noted")


def _write(desk: Desk, number: int, answer: Answer, kind: str, event: str) -> None:
    desk.engine.transact(lambda tx: _say(tx, desk, number, answer, kind, event))


def _say(tx: Tx, desk: Desk, number: int, answer: Answer, kind: str, event: str) -> None:
    """Put words on a ticket within a transaction."""
    if not answer.text.strip():
        raise Usage("the text is empty; nothing was saved")
    at = desk.clock()
    ticket = changeable(tx, desk, number)
    if kind == OUTBOUND and not tickets.participants(tx, number) and not answer.cc:
        raise Failed(f"ticket {number} has nobody to answer; name somebody with --cc")
    if kind == OUTBOUND and answer.seen is not None:
        _refuse_overtaken(tx, desk, number, answer.seen)
    message = written(tx, desk, ticket, answer.text, at, kind=kind, files=answer.files)
    spent: dict[str, object] = {"time": answer.seconds} if answer.seconds else {}
    change = said(ticket, message, desk.actor.login, event, **spent)
    change = replace(
        change,
        joining=tuple(_joining(tx, desk, address) for address in answer.cc),
        hold=desk.settings.operation.hold_answers,
    )
    if answer.stage is not None:
        change = to_stage(tx, desk, change, answer.stage, at)
    record(tx, desk, change)


def written(
    tx: Tx,
    desk: Desk,
    ticket: Ticket,
    text: str,
    at: str,
    *,
    kind: str,
    is_public: bool | None = None,
    files: tuple[File, ...] = (),
    mark: str = "",
) -> Message:
    """What the actor writes on a ticket, as a message; its files are kept. An answer is public if nothing is said."""
    staff = desk.actor.staff
    return Message(
        kind=kind,
        is_public=kind == OUTBOUND if is_public is None else is_public,
        author=Author(
            role=STAFF,
            name=staff.name if staff else desk.actor.login,
            email=staff.email if staff else "",
            staff=desk.actor.login,
        ),
        at=at,
        subject=ticket.subject,
        new_text=text.strip(),
        attachments=keep(tx, files),
        mark=mark,
    )


def noted(tx: Tx, desk: Desk, ticket: Ticket, text: str, at: str) -> Change:
    """A ticket with a note of the actor's, as a change to go on with."""
    return said(ticket, written(tx, desk, ticket, text, at, kind=NOTE), desk.actor.login, "noted")


def _refuse_overtaken(tx: Tx, desk: Desk, number: int, seen: int) -> None:
    from helpdesk_cli.services.answering import Overtaken, overtaking

    messages = overtaking(tx, desk, number, seen)
    if messages:
        raise Overtaken(number, messages)


def _joining(tx: Tx, desk: Desk, address: str) -> Joining:
    """Somebody whom staff add to a ticket. Raises Usage for what no mail can be sent to."""
    bare = checked_address(desk, address)
    client = people.client_by_address(tx, bare)
    return Joining(address=bare, name=client.name if client else "", client_id=client.id if client else None)


def to_stage(tx: Tx, desk: Desk, change: Change, wanted: str, at: str) -> Change:
    """The same change, and the ticket in a stage that a person names by its slug or name. Raises Usage, Failed."""
    stage = slug_of("stage", desk.settings.stage, wanted)
    assert stage is not None
    return stepping.stepped(tx, desk, change, stage, at)


def alter(
    desk: Desk, numbers: Sequence[int], how: Callable[[Tx, Change], Change], *, silent: bool = False
) -> None:
    """Change several tickets in one transaction: all of them or none; silently means that nobody is told.

    ``how`` may be asked more than once.
    """

    def altered(tx: Tx) -> None:
        for number in numbers:
            before = Change(ticket=changeable(tx, desk, number))
            after = how(tx, before)
            if after is not before:
                record(tx, desk, replace(after, silent=True) if silent else after)

    desk.engine.transact(altered)


def move(desk: Desk, numbers: Sequence[int], stage: str, *, silent: bool = False) -> None:
    """Put tickets into a stage. Raises Usage for an unknown one, Failed where one may not go there."""
    at = desk.clock()
    alter(desk, numbers, lambda tx, change: to_stage(tx, desk, change, stage, at), silent=silent)


def close(
    desk: Desk,
    numbers: Sequence[int],
    text: str = "",
    *,
    silent: bool = False,
    seen: Mapping[int, int | None] | None = None,
) -> None:
    """Close tickets, each in the first stage that will do; with a text, after an answer to their clients.

    ``seen`` says of each the last message that the writer saw, as that of an Answer does. Raises answering.Overtaken,
     Failed where one may not be closed, Usage for an answer of which nobody shall be told.
    """
    at = desk.clock()
    if text.strip():
        if silent:
            raise Usage(
                "--silent: a text is an answer to the client, who would not get it; leave out one of them"
            )

        def answered(tx: Tx) -> None:
            for number in numbers:
                stage = stepping.closing(desk, changeable(tx, desk, number))
                answer = Answer(text=text, stage=stage, seen=(seen or {}).get(number))
                _say(tx, desk, number, answer, OUTBOUND, "answered")

        desk.engine.transact(answered)
        return

    def closed(tx: Tx, change: Change) -> Change:
        return stepping.stepped(tx, desk, change, stepping.closing(desk, change.ticket), at)

    alter(desk, numbers, closed, silent=silent)


def reopen(desk: Desk, numbers: Sequence[int], *, silent: bool = False) -> None:
    """Open closed tickets again. Raises Failed for one that is not closed, or may go to no open stage."""
    at = desk.clock()

    def undone(tx: Tx, change: Change) -> Change:
        stage = stepping.reopening(desk, change.ticket)
        return stepping.stepped(tx, desk, change, stage, at, kind="reopened")

    alter(desk, numbers, undone, silent=silent)


def spam(desk: Desk, numbers: Sequence[int]) -> None:
    """Close tickets as spam and block the addresses that opened them; nobody is told."""
    at = desk.clock()
    stage = "rejected" if "rejected" in desk.settings.stage else desk.settings.first_stage(CLOSED)

    def rejected(tx: Tx, change: Change) -> Change:
        participants = tickets.participants(tx, change.ticket.number)
        if participants:
            people.block(tx, fold(participants[0].address), desk.actor.login, at)
        # Spam may always go, whatever stages and required fields say.
        after = moved(change, stage, CLOSED, at, desk.actor.login)
        blocked = {"blocked": participants[0].address} if participants else {}
        outbox.drop_waiting(tx, change.ticket.number, "its ticket is spam")
        event = Event(kind="marked-spam", at=at, actor=desk.actor.login, data=dict(blocked))
        return replace(after, events=(*after.events, event), silent=True)

    alter(desk, numbers, rejected)
