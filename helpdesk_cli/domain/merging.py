"""Tickets made one, or two of one: what becomes of each, and who may be shown what.

The messages of a merged ticket stay its own; they are shown on the page of the ticket to which it leads. So
nothing is moved, and a merge is undone by forgetting it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from helpdesk_cli.domain.links import SPLIT
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.permissions import may_name
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
    Taking,
    Telling,
    Ticket,
    moved,
    put_off_again,
    said,
)

MERGED, TOOK_IN, UNMERGED, GAVE_BACK = "merged", "took-in", "unmerged", "gave-back"
"""Events: on a ticket that was merged, on that which took it in; and of its undoing."""

SPLIT_OFF = "split-off"
"""The event on a ticket that was split from another; on that it is called ``split``."""


def end_of(number: int, into: Mapping[int, int | None]) -> int | None:
    """Where a number leads over merges; None for a circle, which leads nowhere."""
    seen: set[int] = set()
    while number not in seen:
        seen.add(number)
        following = into.get(number)
        if following is None:
            return number
        number = following
    return None


def brings_together(peoples: Iterable[Collection[object]]) -> bool:
    """Whether one of these groups of people would hear what another says; a group of nobody says nothing."""
    groups = [frozenset(group) for group in peoples if group]
    return any(group != groups[0] for group in groups)


# Merging


def merged(ticket: Ticket, into: Ticket, stage: str, writer: Author, at: str) -> Change:
    """A ticket closed in a stage, for another goes on in its place; its own last word says so."""
    actor = writer.staff or writer.name
    was: dict[str, object] = {"into": into.number, "was": ticket.stage}
    if ticket.unanswered_since is not None:
        was["unanswered_since"] = ticket.unanswered_since
    where = f'{into.number}, "{into.subject}"' if may_name(ticket, into) else f"{into.number}"
    note = _note(writer, at, f"Merged into {where}: it goes on there.")
    change = said(ticket, note, actor, MERGED, **was)
    if ticket.state != CLOSED:
        change = moved(change, stage, CLOSED, at, actor)
    return replace(change, ticket=replace(change.ticket, merged_into=into.number))


def took_in(ticket: Ticket, other: Ticket, joining: Sequence[Joining], writer: Author, at: str) -> Change:
    """The same seen from the ticket that goes on; ``other`` as it was before, and ``joining`` who comes with it.

    Its stage stays. What the other's client waits for is waited for here.
    """
    who: dict[str, object] = {"joined": [fold(one.address) for one in joining]} if joining else {}
    count = f"{other.message_count} message{'' if other.message_count == 1 else 's'}"
    note = _note(writer, at, f'Ticket {other.number}, "{other.subject}", was merged into this one: {count}.')
    change = said(ticket, note, writer.staff or writer.name, TOOK_IN, of=other.number, **who)
    after = change.ticket
    # The other one's own note is shown here as well.
    after = replace(after, message_count=after.message_count + other.message_count + 1)
    if other.unanswered_since is not None and ticket.state != CLOSED:
        after = replace(
            after,
            unanswered_since=ticket.unanswered_since or other.unanswered_since,
            client_word_at=_later(ticket.client_word_at, other.client_word_at),
        )
    return replace(change, ticket=after, joining=tuple(joining))


def unmerged(ticket: Ticket, log: Sequence[Event], stage: str, state: str, actor: str, at: str) -> Change:
    """A merged ticket by itself again, in a stage; ``log`` is its own. It waits as it did before."""
    last = next((event for event in reversed(log) if event.kind == MERGED), None)
    data: dict[str, object] = {"of": ticket.merged_into}
    change = Change(
        ticket=replace(ticket, merged_into=None, updated_at=max(ticket.updated_at, at), touched_at=at),
        events=(Event(kind=UNMERGED, at=at, actor=actor, data=data),),
        silent=True,
    )
    if state == CLOSED:
        return change
    change = moved(change, stage, state, at, actor, kind="reopened")
    closing = next(
        (each for each in reversed(log) if last and each.kind == "moved" and each.at == last.at), None
    )
    if closing is not None:
        change = replace(change, ticket=put_off_again(change.ticket, closing))
    since = last.data.get("unanswered_since") if last is not None else None
    return replace(change, ticket=replace(change.ticket, unanswered_since=str(since) if since else None))


def gave_back(
    ticket: Ticket, other: Ticket, own: Sequence[Message], leaving: Sequence[str], actor: str, at: str
) -> Change:
    """The same seen from the ticket that had taken it in; ``own`` are the messages that it keeps."""
    event = Event(kind=GAVE_BACK, at=at, actor=actor, data={"of": other.number})
    after = replace(
        ticket,
        message_count=ticket.message_count - other.message_count,
        updated_at=max(ticket.updated_at, at),
        touched_at=at,
    )
    after = _waiting_as(after, own)
    return Change(ticket=after, events=(event,), leaving=tuple(leaving), silent=True)


# Splitting


def chosen(messages: Sequence[Message], first: Message, *, and_later: bool) -> tuple[Message, ...]:
    """The messages of a ticket that are split from it: one, or with it all that its writer sent in later."""
    if not and_later:
        return (first,)
    later = (one for one in messages if one.id > first.id and one.kind == INBOUND)
    return (first, *(one for one in later if _writer(one) == _writer(first)))


def _writer(message: Message) -> tuple[str, object]:
    author = message.author
    return author.role, author.client_id or fold(author.email)


def split_off(
    fresh: Ticket, taken: Sequence[Message], of: Ticket, joining: Sequence[Joining], actor: str, at: str
) -> Change:
    """A new ticket of messages that were said on another one; staff hear of it as of any, and no client does.

    It is as old as its first words, for their writer waits since then. What only staff saw there, for somebody
    else wrote it, is that one's own here.
    """
    first, last = taken[0], taken[-1]
    is_word = first.author.role == CLIENT
    ticket = replace(
        fresh,
        created_at=first.at,
        updated_at=max(last.at, at),
        message_count=len(taken),
        unanswered_since=first.at if is_word else None,
        client_word_at=last.at if is_word else None,
        stage_since=first.at,
        touched_at=at,
    )
    events = (
        Event(kind="opened", at=first.at, actor=actor, data={"channel": ticket.channel}),
        Event(kind=SPLIT_OFF, at=at, actor=actor, data={"of": of.number}),
    )
    words = f"{actor} split it from {of.number}, {of.subject}."
    return Change(
        ticket=ticket,
        events=events,
        joining=tuple(joining),
        taking=Taking(messages=tuple(one.id for one in taken), is_public=is_word and not first.is_public),
        links=((of.number, SPLIT),),
        silent=True,
        tell=(Telling(whom="assignee", kind="notice", facts={"lines": [words]}, always=True),),
    )


def split(
    ticket: Ticket, number: int, taken: Sequence[Message], kept: Sequence[Message], actor: str, at: str
) -> Change:
    """The same seen from the ticket that keeps the others; ``number`` is the new one's."""
    data: dict[str, object] = {"into": number, "messages": [one.id for one in taken]}
    after = replace(
        ticket,
        message_count=ticket.message_count - len(taken),
        updated_at=max(ticket.updated_at, at),
        touched_at=at,
    )
    after = _waiting_as(after, kept)
    event = Event(kind=SPLIT, at=at, actor=actor, data=data)
    return Change(ticket=after, events=(event,), silent=True)


def _waiting_as(ticket: Ticket, messages: Sequence[Message]) -> Ticket:
    """A ticket that lost messages: when its client last spoke, and since when they wait, by those that are left."""
    public = [one for one in messages if one.is_public]
    words = [one.at for one in public if one.author.role == CLIENT]
    answer = max((one.id for one in public if one.kind == OUTBOUND), default=0)
    since = ticket.unanswered_since
    if since is not None:
        open_words = [one.at for one in public if one.author.role == CLIENT and one.id > answer]
        since = min((at for at in open_words if at >= since), default=None)
    return replace(ticket, unanswered_since=since, client_word_at=max(words, default=None))


def _note(writer: Author, at: str, words: str) -> Message:
    return Message(kind=NOTE, is_public=False, author=writer, at=at, new_text=words)


def _later(one: str | None, other: str | None) -> str | None:
    return max(one or "", other or "") or None


def author_of(login: str, name: str = "", email: str = "") -> Author:
    """Who writes the notes of a merge."""
    return Author(role=STAFF, name=name or login, email=email, staff=login)
