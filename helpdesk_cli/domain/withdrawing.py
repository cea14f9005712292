"""What an answer did to its ticket, undone: it never left, so nobody was answered."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from helpdesk_cli.domain.ticket import (
    CLIENT,
    CLOSED,
    NOTE,
    OUTBOUND,
    Change,
    Event,
    Message,
    Ticket,
    moved,
    put_off_again,
)
from helpdesk_cli.settings import Stage

SAYING = ("answered", "forwarded")
"""The events of words to people outside."""

MOVES = ("moved", "reopened")


def withdrawn(
    ticket: Ticket,
    message: Message,
    others: Sequence[Message],
    log: Sequence[Event],
    stages: Mapping[str, Stage],
    at: str,
    actor: str,
) -> Change:
    """A ticket without one of its answers, and in the stage in which it was before, unless it was moved since.

    ``others`` are all other messages, ``log`` all events. Nobody is told: who would have heard of the answer
    has not. Who was added as a participant stays one, and what rules did besides stays done.
    """
    data: dict[str, object] = {"message": message.id}
    event = Event(kind="unsent", at=at, actor=actor, data=data)
    change = Change(
        ticket=replace(ticket, updated_at=max(ticket.updated_at, at), touched_at=at),
        events=(event,),
        withdraws=replace(message, kind=NOTE, is_public=False),
        silent=True,
    )
    move = _moved_by(message, log, ticket, stages)
    if move is not None:
        back = str(move.data["from"])
        change = moved(change, back, stages[back].state, at, actor)
        change = replace(change, ticket=put_off_again(change.ticket, move))
    return replace(change, ticket=_unsaid(change.ticket, message, others, log, stages))


def _moved_by(
    message: Message, log: Sequence[Event], ticket: Ticket, stages: Mapping[str, Stage]
) -> Event | None:
    """How the answer moved its ticket; None where it did not, that is not known, or others moved it since."""
    place = next(
        (
            index
            for index in reversed(range(len(log)))
            if log[index].kind in SAYING and log[index].at == message.at
        ),
        None,
    )
    if place is None:
        return None
    moves = [event for event in log[place + 1 :] if event.kind in MOVES]
    if (
        not moves
        or any(event.at != message.at for event in moves)
        or moves[-1].data.get("to") != ticket.stage
    ):
        return None
    return moves[0] if moves[0].data.get("from") in stages else None


def _unsaid(
    ticket: Ticket,
    message: Message,
    others: Sequence[Message],
    log: Sequence[Event],
    stages: Mapping[str, Stage],
) -> Ticket:
    """The ticket as if nobody had said that: who answered when, and since when the client waits."""
    if not message.is_public:
        return ticket
    answers = [one.at for one in others if one.is_public and one.kind == OUTBOUND]
    taken_back = {event.data.get("message") for event in log if event.kind == "unsent"}
    undone = {one.at for one in others if one.id in taken_back}  # what these moved was moved back
    undone |= {event.at for event in log if event.kind == "merged"}  # … and who is answered was unmerged
    closed = [
        event.at
        for event in log
        if event.at < message.at and event.at not in undone and _closes(event, stages)
    ]
    return replace(
        ticket,
        answered_at=min(answers, default=None),
        staff_word_at=max(answers, default=None),
        unanswered_since=None if ticket.state == CLOSED else _waits_since(others, closed),
    )


def _waits_since(said: Sequence[Message], closed: Sequence[str]) -> str | None:
    """The first word of a client that nobody answered, nor closed the ticket behind it."""
    since: str | None = None
    for one in said:
        if since is not None and any(since <= each < one.at for each in closed):
            since = None
        if one.is_public and one.kind == OUTBOUND:
            since = None
        elif one.is_public and one.author.role == CLIENT:
            since = since or one.at
    return None if since is not None and any(since <= each for each in closed) else since


def _closes(event: Event, stages: Mapping[str, Stage]) -> bool:
    stage = stages.get(str(event.data.get("to"))) if event.kind in MOVES else None
    return stage is not None and stage.state == CLOSED
