"""A mail of ours that came back: written on the letter, its ticket and the address."""

from helpdesk_cli.domain.mail import Bounced, Inbound, fold
from helpdesk_cli.domain.notices import NOTICE
from helpdesk_cli.domain.ticket import Change, Event, Ticket
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.letters import is_over, tell_owners
from helpdesk_cli.settings import Rate
from helpdesk_cli.store import addresses, outbox, tallies, tickets, ties
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

OUTSIDE = ("c", "t")
"""The purposes of letters to clients and third parties, of which staff must know when they do not arrive."""


def take_in(tx: Tx, desk: Desk, inbound: Inbound, at: str) -> int | None:
    """Note a bounce where it belongs; its ticket, where it speaks of a letter of one.

    A bounce is believed only when it returns a Message-ID of a letter that we sent: those are signed, so
    nobody can silence an address with an invented report.
    """
    returned = (*inbound.returned_ids, *inbound.in_reply_to)
    letter = outbox.by_message_id(tx, returned) if returned else None
    if letter is None:
        return None
    report = next((one for one in inbound.bounced if fold(one.address) == fold(letter.recipient)), None)
    report = report or (inbound.bounced[0] if inbound.bounced else Bounced(letter.recipient, hard=True))
    if report.hard:
        outbox.bounced(tx, letter.id, report.text or report.status or "came back")
    is_too_many = addresses.count_bounce(tx, fold(letter.recipient), 1.0 if report.hard else 0.5, at)
    ticket = _ticket_of(tx, letter)
    if ticket is None:
        return None
    data: dict[str, object] = {
        "address": letter.recipient,
        "hard": report.hard,
        "status": report.status,
        "text": report.text,
    }
    record(
        tx,
        desk,
        Change(ticket=ticket, events=(Event(kind="bounced", at=at, actor="system", data=data),), silent=True),
    )
    if letter.purpose in OUTSIDE:
        _tell(tx, desk, letter, report, at)
    if is_too_many:
        line = f"Mail to {letter.recipient} came back on five days: nothing goes there by itself for a week."
        tell_owners(tx, desk, ticket, NOTICE, {"lines": [line]}, at, event="given-up")
    return ticket.number


def _ticket_of(tx: Tx, letter: Letter) -> Ticket | None:
    """The ticket of a letter, or that into which it was merged."""
    number = ties.end(tx, letter.ticket) if letter.ticket is not None else None
    return tickets.load(tx, number) if number is not None else None


def not_sent(tx: Tx, desk: Desk, letter: Letter, text: str, at: str) -> None:
    """Write on its ticket that a letter to a client was refused for good, or may have gone or not.

    Of a refused one staff are told as of one that came back. A page or an alert that did not go says
    nothing about the ticket.
    """
    after = outbox.load(tx, letter.id)
    ticket = _ticket_of(tx, letter)
    if (
        after is None
        or ticket is None
        or letter.purpose not in OUTSIDE
        or after.state not in ("failed", "uncertain")
    ):
        return
    data: dict[str, object] = {
        "address": letter.recipient,
        "letter": letter.id,
        "kind": letter.kind,
        "text": text,
    }
    kind = "not-sent" if after.state == "failed" else "maybe-sent"
    event = Event(kind=kind, at=at, actor="system", data=data)
    record(tx, desk, Change(ticket=ticket, events=(event,), silent=True))
    if after.state == "failed":
        _tell(tx, desk, letter, Bounced(letter.recipient, hard=True, text=text), at)


def late(tx: Tx, desk: Desk, letter: Letter, text: str, at: str) -> None:
    """Write on its ticket once that a letter is put off and put off, and tell who has the ticket."""
    ticket = _ticket_of(tx, letter)
    if ticket is None or any(
        event.kind == "delayed" and event.data.get("letter") == letter.id
        for event in tickets.events(tx, ticket.number)
    ):
        return
    data: dict[str, object] = {"address": letter.recipient, "letter": letter.id, "text": text}
    event = Event(kind="delayed", at=at, actor="system", data=data)
    record(tx, desk, Change(ticket=ticket, events=(event,), silent=True))
    line = (
        f"What was written to {letter.recipient} has not left yet. The last word of their server: {text[:300]} "
        "It is tried for five days."
    )
    tell_owners(tx, desk, ticket, NOTICE, {"lines": [line]}, at, event="delayed")


def _tell(tx: Tx, desk: Desk, letter: Letter, report: Bounced, at: str) -> None:
    """Tell the assignee, else the department, once a day and address."""
    key = fold(letter.recipient)
    if is_over(tx, "bounce-told", key, (Rate(1, 86400),), at):
        return
    tallies.add(tx, "bounce-told", key, at)
    ticket = _ticket_of(tx, letter)
    assert ticket is not None
    facts: dict[str, object] = {
        "address": letter.recipient,
        "letter": {"kind": letter.kind, "at": letter.created_at},
        "diagnosis": report.text or report.status,
    }
    tell_owners(tx, desk, ticket, "bounced", facts, at)
