"""Tags: words of the site's own on tickets."""

from collections.abc import Iterable

from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, Event

LONGEST = 50


def tag_of(text: str) -> str:
    """A word as a tag, in lower case; "" where it can be none."""
    word = text.strip().lower()
    is_word = bool(word) and all(char.isalnum() or char in "-_.:/+" for char in word)
    return word if is_word and len(word) <= LONGEST else ""


def tagged(
    change: Change, present: Iterable[str], add: Iterable[str], remove: Iterable[str], at: str, actor: str
) -> Change:
    """The same change, and tags put on and taken off; each that makes a difference is an event."""
    there = set(present)
    fresh = tuple(tag for tag in dict.fromkeys(add) if tag not in there)
    gone = tuple(tag for tag in dict.fromkeys(remove) if tag in there and tag not in fresh)
    if not fresh and not gone:
        return change
    told = [{"field": "tag", "from": None, "to": tag} for tag in fresh]
    told += [{"field": "tag", "from": tag, "to": None} for tag in gone]
    events = tuple(Event(kind="edited", at=at, actor=actor, data={**data}) for data in told)
    ticket = replace(change.ticket, updated_at=max(change.ticket.updated_at, at), touched_at=at)
    return replace(
        change,
        ticket=ticket,
        events=(*change.events, *events),
        tags=(*change.tags, *fresh),
        untags=(*change.untags, *gone),
    )
