"""Two people on one ticket: who is writing an answer just now, and what came in while somebody wrote."""

from collections.abc import Sequence

from msgspec import Struct

from helpdesk_cli.domain.moments import later, seconds_between
from helpdesk_cli.domain.ticket import CLIENT, OUTBOUND, Message
from helpdesk_cli.errors import Failed
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.stepping import refuse_merged
from helpdesk_cli.store import pens, tickets
from helpdesk_cli.store.engine import Tx

FORGOTTEN_AFTER = 7200
"""Seconds after which a mark counts no more: whoever made it was killed, or went home."""


class Writer(Struct, frozen=True):
    """Somebody who is writing an answer, and since when."""

    login: str
    since_at: str

    def told(self, number: int, now: str) -> str:
        """What to say of it to somebody else."""
        return f"{self.login} has been writing an answer to {number} for {_long(self.since_at, now)}"


def _long(since: str, now: str) -> str:
    minutes = int(max(seconds_between(since, now), 0) // 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    told = [
        f"{count} {unit}{'s' if count > 1 else ''}"
        for count, unit in ((hours, "hour"), (rest, "minute"))
        if count
    ]
    return " and ".join(told)


class Overtaken(Failed):
    """Somebody else spoke on the ticket while an answer was written; ``messages`` say what."""

    def __init__(self, number: int, messages: Sequence[Message]) -> None:
        who = ", ".join(
            dict.fromkeys(one.author.name or one.author.email or one.author.role for one in messages)
        )
        super().__init__(
            f"ticket {number} is not answered: {who} wrote while you did; 'helpdesk ticket show {number}' shows it"
        )
        self.number, self.messages = number, tuple(messages)


def writers(tx: Tx, desk: Desk, number: int) -> list[Writer]:
    """Who is writing on a ticket, the actor too."""
    return [Writer(*one) for one in pens.held(tx, number, later(desk.clock(), -FORGOTTEN_AFTER))]


def others(desk: Desk, number: int) -> list[Writer]:
    """Who else is writing on a ticket."""
    with desk.engine.read() as tx:
        return [one for one in writers(tx, desk, number) if one.login != desk.actor.login]


def begin(desk: Desk, number: int) -> int:
    """Let others know that the actor writes an answer; the last message that was there by then.

    Raises Failed where the ticket was merged into another, before anybody writes in vain.
    """
    at = desk.clock()

    def begun(tx: Tx) -> int:
        ticket = tickets.load(tx, number)
        if ticket is not None:
            refuse_merged(tx, ticket)
        pens.take(tx, number, desk.actor.login, at, later(at, -FORGOTTEN_AFTER))
        return tickets.last_message(tx, number)

    return desk.engine.transact(begun)


def end(desk: Desk, number: int) -> None:
    """Let others know that the actor writes no more."""
    desk.engine.transact(lambda tx: pens.lay_down(tx, number, desk.actor.login))


def overtaking(tx: Tx, desk: Desk, number: int, seen: int) -> list[Message]:
    """What clients and other staff said on a ticket after a message that its writer saw."""
    return [
        message
        for message in tickets.messages(tx, number, after=seen)
        if message.author.role == CLIENT
        or (message.kind == OUTBOUND and message.is_public and message.author.staff != desk.actor.login)
    ]
