"""Who hears of a change at once, who later, and who not at all, and why: each person once."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.hearers import DEPARTMENT
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.notices import (
    ACKNOWLEDGEMENT,
    ALERT,
    NOTICE,
    Audience,
    Notice,
    called_for,
    everybody,
    kinds_of_steps,
    name_of,
    once,
    to_deputies,
)
from helpdesk_cli.domain.ticket import CLOSED, Change
from helpdesk_cli.domain.wishes import AT_ONCE, DAILY, HOURLY, OFF, WORDS
from helpdesk_cli.settings import Settings

CHOSEN = frozenset({ALERT, NOTICE})
"""The kinds of letters of which staff choose when they get them. All others need somebody now."""

MOST_AT_ONCE = 25
"""So many staff are told of one thing at once, beside whom it concerns more than their department."""

CLIENTS, STAFF = "clients", "staff"
"""Whom a reason concerns that is nobody's own."""


class Waiting(Struct, frozen=True, kw_only=True):
    """Something that a staff member hears with the next digest: ``hourly`` or ``daily``."""

    notice: Notice
    wish: str


class Withheld(Struct, frozen=True, kw_only=True):
    """What somebody is not told, and the word for why; ``whom`` is an address, ``clients`` or ``staff``."""

    event: str
    whom: str
    why: str


class Hearing(Struct, frozen=True, kw_only=True):
    """What becomes of a change's news."""

    letters: tuple[Notice, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    withheld: tuple[Withheld, ...] = ()


def hearing(change: Change, audience: Audience, settings: Settings) -> Hearing:
    """Who hears of a change, and when, as each of them wants it.

    Who is meant twice hears in the way that is the soonest; who stands in for somebody hears as they want it
    themselves, but not of what the other one did not want.
    """
    called = called_for(change, audience, settings)
    wishes = {member.id: member.wishes for member in everybody(audience) if member.notices}

    def wish(notice: Notice) -> str:
        if not wishes or notice.kind not in CHOSEN or notice.person not in wishes or notice.purpose == "c":
            return AT_ONCE
        return wishes[notice.person].when(notice.event, notice.why)

    if audience.deputies:
        wanted = [notice for notice in called if wish(notice) != OFF]
        called += to_deputies(wanted, change, audience)
    pairs = [(wish(notice), notice) for notice in called]
    kept = once([notice for word in WORDS for when, notice in pairs if when == word])
    sorted_out: dict[str, list[Notice]] = {word: [] for word in WORDS}
    for notice in kept:
        sorted_out[wish(notice)].append(notice)
    return Hearing(
        letters=tuple(sorted_out[AT_ONCE]),
        waiting=tuple(Waiting(notice=one, wish=word) for word in (HOURLY, DAILY) for one in sorted_out[word]),
        withheld=(
            *(Withheld(event=one.event, whom=one.address, why=OFF) for one in sorted_out[OFF]),
            *_untold(change, audience, settings, kept),
        ),
    )


def not_in_crowds(found: Hearing) -> Hearing:
    """The same where very many people are of a department: beyond some, they hear with the next digest."""
    several = [one for one in found.letters if one.kind in CHOSEN and one.why == DEPARTMENT]
    others = sum(one.kind in CHOSEN for one in found.letters) - len(several)
    late = several[max(MOST_AT_ONCE - others, 0) :]
    return _later(found, late) if late else found


def in_a_storm(found: Hearing) -> Hearing:
    """The same where very many tickets are opened: nobody is acknowledged, for machines may be writing, and staff
    hear of this one with the next digest, not at once."""
    loud = [one for one in found.letters if one.kind == ACKNOWLEDGEMENT]
    found = replace(
        found,
        letters=tuple(one for one in found.letters if one not in loud),
        withheld=(
            *found.withheld,
            *(Withheld(event="opened", whom=one.address, why="limit:storm") for one in loud),
        ),
    )
    return _later(found, [one for one in found.letters if one.kind == ALERT and one.event == "opened"])


def _later(found: Hearing, late: Sequence[Notice]) -> Hearing:
    """The same with some letters put off to the next hourly digest."""
    return replace(
        found,
        letters=tuple(one for one in found.letters if one not in late),
        waiting=(*found.waiting, *(Waiting(notice=one, wish=HOURLY) for one in late)),
    )


def _untold(
    change: Change, audience: Audience, settings: Settings, kept: Sequence[Notice]
) -> Iterator[Withheld]:
    """Why nobody, or no client, is told. What the inbox knows of the mail behind a change is not said again."""
    kinds = {event.kind for event in change.events}
    if change.silent:
        if change.brought is None:
            loud = once(called_for(replace(change, silent=False), audience, settings))
            yield from _silent(loud)
            whom = {CLIENTS if each.purpose == "c" else STAFF for each in loud if each.purpose}
            yield from (each for each in _quiet_stage(change, audience, settings) if each.whom not in whom)
        return
    if "opened" in kinds and audience.participants:
        address = audience.participants[0].address
        if change.unacknowledged:
            yield Withheld(event="opened", whom=address, why=change.unacknowledged)
        elif change.acknowledge and change.ticket.state == CLOSED:
            yield Withheld(event="opened", whom=address, why="closed")
    if "noted" in kinds:
        staff = {fold(member.email) for member in everybody(audience)}
        for person in audience.participants:
            if fold(person.address) in staff:
                yield Withheld(event="noted", whom=person.address, why="takes-part")
    told = {CLIENTS if each.purpose == "c" else STAFF for each in kept if each.purpose}
    yield from (each for each in _quiet_stage(change, audience, settings) if each.whom not in told)


def _silent(loud: Iterable[Notice]) -> Iterator[Withheld]:
    """That a change was made silently, of each event of which somebody would have heard."""
    told = [notice for notice in loud if notice.kind in (*CHOSEN, "moved", "reply")]
    for event in dict.fromkeys(notice.event for notice in told):
        whom = {CLIENTS if each.purpose == "c" else STAFF for each in told if each.event == event}
        yield from (Withheld(event=event, whom=each, why="silent") for each in sorted(whom))


def _quiet_stage(change: Change, audience: Audience, settings: Settings) -> Iterator[Withheld]:
    """Whom the stage does not tell of a step."""
    stage = settings.stage.get(change.ticket.stage)
    steps = kinds_of_steps(change, settings)
    if stage is None or steps is None:
        return
    if "staff" not in stage.notify and steps.staff != "escalated":
        yield Withheld(event=name_of(steps.staff, change), whom=STAFF, why="stage")
    if steps.client is not None and "client" not in stage.notify and audience.participants:
        yield Withheld(event=name_of(steps.client, change), whom=CLIENTS, why="stage")
