"""Pages: whom a ticket calls, and when the next one is called.

Calls are planned while a change is made (``planned``, ``next_calls``) and become letters when it is saved
(``services.ringing``).
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.oncall import (
    TEXTS,
    Calling,
    concerned,
    ended_by,
    event_of,
    is_in_rounds,
    turn,
)
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.presence import is_away
from helpdesk_cli.domain.ticket import CLOSED, Call, Called, Change, Event, Ticket
from helpdesk_cli.domain.worktime import between
from helpdesk_cli.services.calendars import Calendars
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Oncall
from helpdesk_cli.store import members, pages
from helpdesk_cli.store.engine import Tx

RULE = "rule:oncall"

WAIT_SECONDS = 60
"""So soon it is looked again whether a page went."""


# Whom a change calls


def planned(tx: Tx, desk: Desk, change: Change) -> Change:
    """The same change with the calls that begin by it, which are events too."""
    event = event_of(change)
    kind = event.kind if event is not None else ""
    at = change.events[0].at if change.events else change.ticket.updated_at
    asked = concerned(desk.settings, change, kind) if kind else []
    if any(telling.whom == "pager" for telling in change.tell) and change.ticket.state != CLOSED:
        asked = [*asked, *concerned(desk.settings, change, "")]
    if not asked or ended_by(change):
        return change
    calling = {
        one.oncall
        for one in pages.of_ticket(tx, change.ticket.number)
        if is_in_rounds(desk.settings.oncall.get(one.oncall), one)
    }
    text = TEXTS.get(kind, "") or next(
        (str(one.facts.get("text", "")) for one in change.tell if one.facts), ""
    )
    calls = [
        call_of(tx, desk, change.ticket, slug, kind or "rule", text, 0, at)
        for slug in dict.fromkeys(asked)
        if slug not in calling and is_in_force(tx, desk, desk.settings.oncall[slug], at)
    ]
    return _with(change, calls, at)


def next_calls(
    tx: Tx, desk: Desk, ticket: Ticket, callings: Sequence[Calling], at: str, *, went: str | None = None
) -> Change:
    """What is due of a ticket's calls. A table that is no more in force gives its turn to those that are.

    ``went`` is when the last page about it did, "" where that still waits: nobody can have missed it so far.
    """
    change, calls, waits = Change(ticket=ticket, silent=True), [], []
    known = {one.oncall for one in callings}
    for one in callings:
        if one.next_at is None or one.next_at > at:
            continue
        table = desk.settings.oncall.get(one.oncall)
        if table is None or ticket.state == CLOSED:
            pages.drop(tx, ticket.number, one.oncall)
            continue
        until = later(at, WAIT_SECONDS) if went == "" else later(went, table.after) if went else at
        if until > at:
            waits.append(Call(oncall=one.oncall, event=one.event, step=one.step, next_at=until))
            continue
        if is_in_force(tx, desk, table, at):
            text = f"{TEXTS.get(one.event, '')} nobody acknowledged it".strip()
            calls.append(call_of(tx, desk, ticket, one.oncall, one.event, text, one.step, at))
            continue
        event = "" if one.event == "rule" else one.event
        others = [slug for slug in concerned(desk.settings, change, event) if slug not in known]
        for slug in others:
            if is_in_force(tx, desk, desk.settings.oncall[slug], at):
                known.add(slug)
                calls.append(call_of(tx, desk, ticket, slug, one.event, "nobody acknowledged it", 0, at))
        waits.append(Call(oncall=one.oncall, event=one.event, step=one.step, next_at=later(at, table.after)))
    change = _with(change, calls, at)
    return replace(change, calls=(*change.calls, *waits))


def _with(change: Change, calls: Iterable[Call], at: str) -> Change:
    made = tuple(calls)
    events = tuple(
        Event(
            kind="paged",
            at=at,
            actor=RULE,
            data={
                "whom": [one.who for one in call.to] or "nobody, for nobody is there",
                "oncall": call.oncall,
            },
        )
        for call in made
        if call.to or call.step <= 1
    )
    return replace(change, calls=made, events=(*change.events, *events))


def is_in_force(tx: Tx, desk: Desk, table: Oncall, at: str) -> bool:
    """Whether a table's calendar has hours at a moment."""
    if not table.calendar:
        return True
    return between(Calendars(tx, desk, at).named(table.calendar), at, later(at, 1)) > 0


def call_of(tx: Tx, desk: Desk, ticket: Ticket, slug: str, event: str, text: str, step: int, at: str) -> Call:
    """One call of a table: whom it reaches and when the next one is due."""
    table = desk.settings.oncall[slug]
    there = reachable(tx, desk, table, at, ticket)
    found = turn(table, step, [person for person in table.people if person not in there])
    to = {fold(there[person].address): there[person] for person in found.people}
    return Call(
        oncall=slug,
        event=event,
        text=text,
        to=tuple(to.values()),
        step=found.step,
        next_at=later(at, found.wait) if found.wait is not None else None,
    )


def reachable(tx: Tx, desk: Desk, table: Oncall, at: str, ticket: Ticket | None = None) -> dict[str, Called]:
    """Whom each of a table's people stands for at a moment: themselves, or their deputy; else they are left out."""
    everybody = {member.login: member for member in members.all_staff(tx)}
    found: dict[str, Called] = {}
    for person in table.people:
        if "@" in person:
            if (
                ticket is None or not ticket.is_private
            ):  # it is nobody's who could be asked whether they may see it
                found[person] = Called(person, person)
            continue
        member = everybody.get(person)
        if member is not None and is_away(member, at, desk.settings.desk.timezone):
            member = everybody.get(member.deputy or "")
            if member is not None and is_away(member, at, desk.settings.desk.timezone):
                member = None
        if member is not None and (ticket is None or may_see(member.actor, ticket)):
            found[person] = Called(member.login, member.pager or member.email, member.id, member.name)
    return found


# Who hears nothing


def unheard(desk: Desk) -> Iterator[tuple[str, str]]:
    """The tables of ``[oncall]`` that reach nobody now, or name somebody whom there is not; and what of it."""
    at = desk.clock()
    with desk.engine.read() as tx:
        active = {member.login for member in members.all_staff(tx)}
        tables = {slug: reachable(tx, desk, table, at) for slug, table in desk.settings.oncall.items()}
    for slug, table in desk.settings.oncall.items():
        for person in table.people:
            if "@" not in person and person not in active:
                yield slug, f"{person}: no active staff member has that login, so they are passed over"
        if not tables[slug]:
            yield slug, "nobody is on call: all of its people are away or unknown"
