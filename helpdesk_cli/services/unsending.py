"""An answer taken back before it left: its letters are dropped, and what it did to its ticket is undone."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.notices import HELD
from helpdesk_cli.domain.ticket import OUTBOUND, Message
from helpdesk_cli.domain.withdrawing import withdrawn
from helpdesk_cli.errors import Failed
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import changeable
from helpdesk_cli.store import clocks, outbox, tickets
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

UNSENT = "it was taken back"

MARK = "taken back, never sent"
"""What marks the note that an answer becomes."""

STAYED = ("failed", "dropped", "held")
"""The states of letters that did not leave and do not wait."""


class Unsent(Struct, frozen=True, kw_only=True):
    """What was taken back: the message, and to whom it would have gone."""

    message: Message
    to: tuple[str, ...]


def unsend(desk: Desk, number: int) -> Unsent:
    """Take back the newest answer of the actor on a ticket, of which no letter was handed over yet.

    Raises Failed where there is none, and where it is too late, with what went to whom.
    """
    return desk.engine.transact(lambda tx: _unsend(tx, desk, number))


def _unsend(tx: Tx, desk: Desk, number: int) -> Unsent:
    ticket = changeable(tx, desk, number)
    said = tickets.messages(tx, number)
    message = next((one for one in reversed(said) if is_answer_of(one, desk.actor.login)), None)
    if message is None:
        raise Failed(f"ticket {number} has no answer of yours to take back")
    # Dropped first and looked at then: a run of notify that claims one meanwhile is either seen, or sees.
    outbox.drop_of_message(tx, number, message.id, UNSENT)
    letters = [one for one in outbox.of_message(tx, number, message.id) if one.kind in HELD]
    dropped = [one for one in letters if one.error == UNSENT]
    gone = [one for one in letters if one.state not in STAYED]
    if gone or not dropped:
        raise Failed(_too_late(number, gone, dropped))
    at = desk.clock()
    others = [one for one in said if one.id != message.id]
    change = withdrawn(
        ticket,
        replace(message, mark=MARK),
        others,
        tickets.events(tx, number),
        desk.settings.stage,
        at,
        desk.actor.login,
    )
    if desk.settings.sla:
        clocks.unmeet(tx, number, message.at, runs=change.ticket.state == "open")
    record(tx, desk, change)
    return Unsent(message=message, to=tuple(one.recipient for one in dropped))


def is_answer_of(message: Message, login: str) -> bool:
    """Whether somebody of staff said that to people outside."""
    return message.kind == OUTBOUND and message.author.staff == login


def _too_late(number: int, gone: Sequence[Letter], waiting: Sequence[Letter]) -> str:
    """What to say where nothing can be taken back: which letters went, and how to keep back one that waits."""
    if not gone:
        return f"ticket {number}: no mail of your last answer waits; nothing was taken back"
    told = "; ".join(f"to {one.recipient}: {_fate(one)}" for one in gone)
    words = f"ticket {number}: too late, your last answer left ({told}); nothing was taken back"
    for one in waiting[:1]:
        words += f"; 'helpdesk outbox drop {one.id}' keeps back the one to {one.recipient}"
    return words


def _fate(letter: Letter) -> str:
    if letter.state == "sending":
        return "it is being sent just now"
    return f"sent at {letter.sent_at}" if letter.sent_at else letter.state
