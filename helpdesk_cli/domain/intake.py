"""A decided mail as a change of a ticket."""

from msgspec.structs import replace

from helpdesk_cli.domain.cases import Case, Decision, Known
from helpdesk_cli.domain.mail import Outcome, Part
from helpdesk_cli.domain.people import SYSTEM, Client, Staff
from helpdesk_cli.domain.stages import back, entry
from helpdesk_cli.domain.ticket import (
    CLIENT,
    CLOSED,
    INBOUND,
    NOTE,
    OPEN,
    OUTBOUND,
    STAFF,
    SYSTEM_ROLE,
    Author,
    Change,
    Event,
    Joining,
    Message,
    Ticket,
    moved,
    opened,
    rated,
    said,
)
from helpdesk_cli.settings import Settings

NO_SUBJECT = "(no subject)"

BEGINNING_ALONE = "too large: only its beginning is here, the mail stayed on the server"

FILES_ALONE = "(see the attached files)"
"""What an answer says that has no word of its own."""


def message_of(
    case: Case, decision: Decision, client: Client | None, staff: Staff | None, item: int | None
) -> Message:
    """The mail as a message of a ticket."""
    inbound = case.inbound
    return Message(
        kind=_kind(case, decision),
        is_public=decision.is_public,
        author=_author(case, decision, client, staff),
        at=case.arrived_at,
        date_header=inbound.date_header,
        subject=inbound.subject,
        text=None if decision.as_staff or inbound.text == inbound.new_text else inbound.text,
        new_text=_words(case, decision),
        message_id=inbound.message_id,
        in_reply_to=inbound.in_reply_to[0] if inbound.in_reply_to else "",
        inbox_id=item,
        mark="; ".join(filter(None, (decision.mark, "" if case.is_whole else BEGINNING_ALONE))),
        attachments=_files(case, decision),
    )


def _words(case: Case, decision: Decision) -> str:
    """What the message says: of a staff member's answer only what is surely theirs."""
    if not decision.as_staff or not decision.is_public:
        return case.inbound.new_text
    return case.staff_words or FILES_ALONE


def _files(case: Case, decision: Decision) -> tuple[Part, ...]:
    """The files that come along; of a staff member's answer none in which our own alert may be wrapped."""
    if not decision.as_staff or not decision.is_public:
        return case.inbound.attachments
    return case.staff_files


def _kind(case: Case, decision: Decision) -> str:
    if decision.as_staff:
        return OUTBOUND if decision.is_public else NOTE
    return OUTBOUND if case.facts.is_own else INBOUND


def _author(case: Case, decision: Decision, client: Client | None, staff: Staff | None) -> Author:
    inbound = case.inbound
    if decision.as_staff and staff is not None:
        return Author(role=STAFF, name=staff.name, email=staff.email, staff=staff.login)
    name = inbound.sender.name if inbound.sender else ""
    email = inbound.sender.address if inbound.sender else ""
    if decision.outcome in (Outcome.AUTO_REPLY, Outcome.IGNORED, Outcome.BOUNCE):
        return Author(role=SYSTEM_ROLE, name=name, email=email, client_id=client.id if client else None)
    if case.facts.is_own:
        return Author(role=STAFF, name=name, email=email)  # what the desk answered in former times
    known = name or (client.name if client else "")
    return Author(role=CLIENT, name=known, email=email, client_id=client.id if client else None)


def new_ticket(
    case: Case, settings: Settings, department: str, client: Client | None, *, is_closed: bool
) -> Ticket:
    """The ticket that a mail opens; an archived one is closed from its birth."""
    state = CLOSED if is_closed else "open"
    return Ticket(
        subject=case.inbound.subject or NO_SUBJECT,
        stage=entry(settings, department, state),
        state=state,
        priority=settings.middle_priority(),
        department=department,
        client_id=client.id if client else None,
        created_at=case.arrived_at,
        updated_at=case.arrived_at,
        closed_at=case.arrived_at if is_closed else None,
    )


def take_in(
    case: Case,
    decision: Decision,
    settings: Settings,
    *,
    ticket: Ticket | None,
    department: str,
    client: Client | None,
    item: int | None,
) -> Change:
    """What a decided mail does to its ticket, or to a new one where ``ticket`` is None."""
    staff = case.facts.staff if decision.as_staff else None
    message = message_of(case, decision, client, staff, item)
    actor = staff.login if staff else (case.sender or SYSTEM)
    joining = _joining(case, decision, client, message.author.name, is_new=ticket is None)
    if ticket is None:
        is_closed = decision.outcome is Outcome.ARCHIVED
        fresh = new_ticket(case, settings, department, client, is_closed=is_closed)
        change = opened(fresh, message, actor, (*joining, *_joining_cc(case)))
    elif decision.rating:
        change = replace(rated(ticket, message, actor, decision.rating, case.comment), joining=joining)
    else:
        told: dict[str, object] = {"mark": decision.mark} if decision.mark else {}
        change = replace(said(ticket, message, actor, _event(decision), **told), joining=joining)
        if decision.reopens:
            kind = "reopened" if ticket.state == CLOSED else "moved"
            change = moved(change, back(settings, ticket), OPEN, case.arrived_at, actor, kind=kind)
            if message.is_public:
                change = replace(change, ticket=replace(change.ticket, unanswered_since=message.at))
    change = replace(change, events=_with(change.events, _said_of(case, decision)))
    return replace(
        change,
        links=decision.links,
        silent=not decision.alerts and not decision.as_staff,
        acknowledge=decision.acknowledges,
        unacknowledged=decision.unacknowledged,
        repeat_subject=decision.repeats_subject,
        page=decision.pages,
    )


def _said_of(case: Case, decision: Decision) -> dict[str, object]:
    """What the log says of a mail besides: that a machine wrote it, and to whom else it went."""
    if case.is_robot:
        return {"automatic": True}
    if decision.as_staff or not decision.alerts or not case.others:
        return {}
    return {"cc": [person.address for person in case.others]}


def _with(events: tuple[Event, ...], data: dict[str, object]) -> tuple[Event, ...]:
    """The same events, the first of which says more."""
    first, *rest = events
    return (replace(first, data={**first.data, **data}), *rest)


def _joining(
    case: Case, decision: Decision, client: Client | None, name: str, *, is_new: bool
) -> tuple[Joining, ...]:
    """The sender as a participant: of a new ticket, or with the address that they wrote from this time.

    Nobody joins by a mail that only staff see, nor by an automatic one.
    """
    sender = case.inbound.sender
    if client is None or sender is None or decision.as_staff or not decision.is_public:
        return ()
    if not is_new:
        if decision.outcome is not Outcome.REPLIED or decision.mark == "flood":
            return ()
        if len(client.addresses) == 1 and any(case.sender in known.people for known in _claimed(case)):
            return ()  # they have one address and write from where they always did
    return (Joining(address=sender.address, name=name, client_id=client.id),)


def _claimed(case: Case) -> list[Known]:
    """The tickets that a mail claims."""
    facts = case.facts
    found = (facts.client_ticket, facts.third_ticket, facts.reference, facts.tag)
    return [known for known in found if known is not None]


def _event(decision: Decision) -> str:
    if decision.as_staff:
        return "answered" if decision.is_public else "noted"
    kinds = {
        Outcome.AUTO_REPLY: "auto-replied",
        Outcome.BOUNCE: "auto-replied",
        Outcome.IGNORED: "reported",
        Outcome.ARCHIVED: "archived",
    }
    return kinds.get(decision.outcome, "replied")


def _joining_cc(case: Case) -> tuple[Joining, ...]:
    """People in Cc join only where the mailbox says so and the sender was authenticated."""
    if case.mailbox.cc != "join" or case.verdict != "pass":
        return ()
    return tuple(Joining(address=person.address, name=person.name) for person in case.others)
