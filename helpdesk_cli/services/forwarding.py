"""A ticket forwarded to a third party, whose answer comes back for staff alone to see."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.ticket import CLIENT, OUTBOUND, Message, said
from helpdesk_cli.errors import NotFound, Usage
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.files import File
from helpdesk_cli.services.people import checked_address
from helpdesk_cli.services.tickets import changeable, to_stage, written
from helpdesk_cli.store import addresses, people, tickets
from helpdesk_cli.store.engine import Tx

MOST_RECIPIENTS = 10
"""To no more one forward goes; who needs more writes to a list of theirs."""


class Forward(Struct, frozen=True, kw_only=True):
    """What is forwarded, and to whom. ``message`` is an id; None is the client's last one."""

    to: tuple[str, ...]
    text: str
    files: tuple[File, ...] = ()
    message: int | None = None
    whole: bool = False  # the discussion instead of one message
    with_files: bool = False  # of what is forwarded
    stage: str | None = None
    seconds: int = 0  # of work that went into it


def forward(desk: Desk, number: int, wish: Forward) -> list[str]:
    """Write to third parties about a ticket; what to say of their addresses.

    Only what is public is forwarded, and by the time of sending once more. Raises Usage for an empty text, an
    address of ours or of somebody who takes part, and a message that only staff see.
    """
    if not wish.text.strip():
        raise Usage("the text is empty; nothing was saved")
    to = _recipients(desk, wish.to)
    return desk.engine.transact(lambda tx: _forward(tx, desk, number, wish, to))


def _recipients(desk: Desk, wanted: Sequence[str]) -> list[str]:
    """The addresses, checked, each once. Raises Usage."""
    from helpdesk_cli.services.settling import is_own

    found: dict[str, str] = {}
    for address in wanted:
        bare = checked_address(desk, address)
        if is_own(desk, bare):
            raise Usage(f"{bare}: is an address of the desk itself")
        found.setdefault(fold(bare), bare)
    if not 1 <= len(found) <= MOST_RECIPIENTS:
        raise Usage(f"--to: from 1 to {MOST_RECIPIENTS} addresses")
    return [*found.values()]


def _forward(tx: Tx, desk: Desk, number: int, wish: Forward, to: list[str]) -> list[str]:
    ticket, at = changeable(tx, desk, number), desk.clock()
    _refuse_participants(tx, number, to)
    chosen = _chosen(tickets.messages(tx, number), number, wish)
    message = written(
        tx,
        desk,
        ticket,
        wish.text,
        at,
        kind=OUTBOUND,
        is_public=False,
        files=wish.files,
        mark=f"to {', '.join(to)}",
    )
    data: dict[str, object] = {"to": to, "messages": [one.id for one in chosen], "files": wish.with_files}
    if wish.seconds:
        data["time"] = wish.seconds
    change = said(ticket, message, desk.actor.login, "forwarded", **data)
    change = replace(change, hold=desk.settings.operation.hold_answers)
    if wish.stage is not None:
        change = to_stage(tx, desk, change, wish.stage, at)
    record(tx, desk, change)
    return _warnings(tx, to, at)


def _refuse_participants(tx: Tx, number: int, to: Sequence[str]) -> None:
    """Who takes part is answered: what is forwarded to them they would not see as their discussion."""
    known = {fold(one.address) for one in tickets.participants(tx, number)}
    for address in to:
        if fold(address) in known:
            raise Usage(
                f"{address}: takes part in ticket {number}; 'helpdesk ticket reply {number}' answers them"
            )


def _chosen(messages: Sequence[Message], number: int, wish: Forward) -> list[Message]:
    """Which messages are forwarded. Raises NotFound for one that there is not, Usage for one that staff alone see."""
    public = [one for one in messages if one.is_public]
    if wish.whole:
        return public
    if wish.message is None:
        return [one for one in public if one.author.role == CLIENT][-1:]
    found = [one for one in messages if one.id == wish.message]
    if not found:
        raise NotFound(
            f"ticket {number} has no message {wish.message}; 'helpdesk ticket show {number} --json' has their ids"
        )
    if not found[0].is_public:
        raise Usage(f"--of {wish.message}: only staff see it, so it is not forwarded")
    return found


def _warnings(tx: Tx, to: Sequence[str], at: str) -> list[str]:
    """What is known of the addresses that may keep the answer, or the letter, from arriving."""
    told = []
    border = later(at, -addresses.FORGOTTEN_AFTER_DAYS * 86400)
    for address in to:
        if people.is_blocked(tx, address):
            told.append(
                f"{address} is blocked, so an answer is not heard; 'helpdesk client block {address} --remove' does"
            )
        if addresses.is_given_up(tx, fold(address), border):
            told.append(f"mail to {address} came back lately; it is tried all the same")
    return told
