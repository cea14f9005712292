"""Pages: whom a ticket calls, how many go to one person at a time, and what is held back.

Calls are planned while a change is made (``planned``, ``next_calls``) and become letters when it is saved
(``ring``, ``put``). A page to somebody for whom one waits still becomes part of it. What the limits hold back
stands in one summary. Both are looked at again when a page is about to go (``may_go``), so that no number of hosts
and no queue that was held up sends more.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from helpdesk_cli.domain.hearing import Withheld
from helpdesk_cli.domain.mail import Token, fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import PAGER, Notice
from helpdesk_cli.domain.oncall import (
    GROUP_MOST,
    GROUP_SECONDS,
    TEXTS,
    Calling,
    concerned,
    due_at,
    ended_by,
    event_of,
    is_in_rounds,
    turn,
    used_up,
)
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.presence import is_away
from helpdesk_cli.domain.ticket import CLOSED, Call, Called, Change, Event, Ticket
from helpdesk_cli.domain.worktime import between
from helpdesk_cli.mail.tokens import signed_message_id
from helpdesk_cli.services.calendars import Calendars
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Oncall, Rate
from helpdesk_cli.store import members, outbox, pages, tickets, untold
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

HELD_BACK = "held back: pages_per_person"

LONGEST_PAUSE = 3600
"""Between two summaries lies the window that was used up, but no more than this."""

MOST_HELD = 1000
"""So many tickets a summary knows; an answer to it acknowledges them."""

RULE = "rule:oncall"


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


def next_calls(tx: Tx, desk: Desk, ticket: Ticket, callings: Sequence[Calling], at: str) -> Change:
    """What is due of a ticket's calls. A table that is no more in force gives its turn to those that are."""
    change, calls, waits = Change(ticket=ticket, silent=True), [], []
    known = {one.oncall for one in callings}
    for one in callings:
        if one.next_at is None or one.next_at > at:
            continue
        table = desk.settings.oncall.get(one.oncall)
        if table is None or ticket.state == CLOSED:
            pages.drop(tx, ticket.number, one.oncall)
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


# Pages as letters


def ring(tx: Tx, desk: Desk, change: Change, messages: Sequence[int], at: str) -> tuple[int, ...]:
    """Note the calls of a change that was just saved, and put their pages."""
    put_ids: list[int | None] = []
    for call in change.calls:
        number, names = change.ticket.number, ", ".join(one.who for one in call.to)
        pages.note(tx, number, call.oncall, call.event, step=call.step, at=at, next_at=call.next_at, to=names)
        for one in call.to:
            facts: dict[str, object] = {"oncall": call.oncall, **({"text": call.text} if call.text else {})}
            put_ids.append(
                put(
                    tx,
                    desk,
                    Notice(kind=PAGER, address=one.address, name=one.name, person=one.person, facts=facts),
                    ticket=number,
                    department=change.ticket.department,
                    message=messages[0] if messages else None,
                    subject=change.ticket.subject,
                )
            )
    return tuple(letter for letter in put_ids if letter is not None)


def put(
    tx: Tx, desk: Desk, notice: Notice, *, ticket: int, department: str, message: int | None, subject: str
) -> int | None:
    """Queue a page, or let it become part of one that waits, or of the summary; the id of a new letter."""
    now, key = desk.clock(), fold(notice.address)
    if "oncall" not in notice.facts:
        # What [alerts] and a department's pager get is never repeated.
        pages.note(tx, ticket, "", "alerts", step=1, at=now, next_at=None, to=notice.address)
    waits = pages.waiting(tx, key, is_summary=False)
    if waits is not None and _joined(tx, waits, ticket, str(notice.facts.get("text", ""))):
        return None
    rates = desk.settings.limits.pages_per_person
    past = pages.moments(tx, key, later(now, -max(rate.seconds for rate in rates)))
    full = used_up(past, rates, now)
    if full is not None:
        hold_back(tx, desk, notice, [ticket], full, department)
        return None
    return _put(
        tx,
        desk,
        notice,
        due_at(past, now),
        ticket=ticket,
        department=department,
        message=message,
        subject=subject,
    )


def _joined(tx: Tx, waits: pages.Waiting, ticket: int, text: str) -> bool:
    """Whether a ticket is named by a page that waits, from now on or already; with the newest that is to be said."""
    facts, also = dict(waits.facts), _numbers(waits, "also")
    if ticket != waits.ticket and ticket not in also:
        if len(also) + 1 >= GROUP_MOST:
            return False
        facts["also"] = [*also, ticket]
    if text and ticket == waits.ticket:
        facts["text"] = text
    elif text:
        facts["news"] = {**_news(waits), str(ticket): text}
    if facts != waits.facts:
        pages.set_facts(tx, waits.id, facts)
    return True


def hold_back(
    tx: Tx, desk: Desk, notice: Notice, numbers: Sequence[int], full: Rate, department: str
) -> None:
    """Count tickets in the one summary of what is held back, which always goes, once a window."""
    now, key = desk.clock(), fold(notice.address)
    waits = pages.waiting(tx, key, is_summary=True)
    if waits is not None:
        known = _numbers(waits, "tickets")
        more = [number for number in numbers if number not in known]
        count = int(str(waits.facts.get("held", 0))) + len(more)
        pages.set_facts(tx, waits.id, {**_summary(count), "tickets": [*known, *more][:MOST_HELD]})
        return
    past = pages.moments(tx, key, later(now, -GROUP_SECONDS))
    due = max(due_at(past, now), later(now, GROUP_SECONDS))
    pause = min(full.seconds, LONGEST_PAUSE)
    last = pages.last_summary(tx, key, later(now, -2 * LONGEST_PAUSE))
    if last is not None:
        due = max(due, later(last, pause))
    told = replace(notice, facts={**_summary(len(numbers)), "tickets": list(numbers)})
    _put(tx, desk, told, due, ticket=None, department=department, message=None, subject="held back")


def _summary(count: int) -> dict[str, object]:
    return {"held": count, "text": f"{count} more held back"}


def _put(
    tx: Tx,
    desk: Desk,
    notice: Notice,
    due: str,
    *,
    ticket: int | None,
    department: str,
    message: int | None,
    subject: str,
) -> int:
    """A page as a letter. Its Message-ID is signed for this letter, so that an answer names it."""
    domain, now = desk.settings.desk.domain, desk.clock()
    nonce = desk.dice(5)
    letter = outbox.put(
        tx,
        Letter(
            kind=PAGER,
            ticket=ticket,
            message=message,
            recipient=notice.address,
            recipient_name=notice.name,
            person=notice.person,
            purpose="p",
            department=department,
            subject=subject,
            facts=notice.facts,
            event=notice.event or "paged",
            event_at=now,
            why=notice.why or "on call",
            message_id=signed_message_id(desk.key, Token("p", ticket or 0, 0), nonce, domain),
            next_attempt_at=due,
            created_at=now,
        ),
    )
    pages.rename(tx, letter, signed_message_id(desk.key, Token("p", ticket or 0, letter), nonce, domain))
    return letter


def may_go(tx: Tx, desk: Desk, letter: Letter, by: str) -> bool:
    """Whether a page that is about to be handed over still shall; else it waits, or is held back, or is dropped."""
    if letter.ticket is None and "held" not in letter.facts:
        return True
    now, key, rates = desk.clock(), fold(letter.recipient), desk.settings.limits.pages_per_person
    past = pages.handed(tx, key, later(now, -max(rate.seconds for rate in rates)), letter.id)
    if letter.ticket is not None:
        named = tickets_of(letter)
        still = _unacknowledged(tx, named, letter.created_at)
        if not still:
            outbox.became(tx, letter.id, by, "dropped", error="it was acknowledged meanwhile")
            return False
        full = used_up(past, rates, now)
        if full is not None:
            outbox.became(tx, letter.id, by, "dropped", error=HELD_BACK)
            notice = Notice(
                kind=PAGER, address=letter.recipient, name=letter.recipient_name, person=letter.person
            )
            hold_back(tx, desk, notice, still, full, letter.department)
            return False
        if len(still) < len(named):  # somebody was quicker than the words
            narrowed(tx, letter, now)
            pages.put_off(tx, letter.id, by, now)
            return False
    if past and later(past[-1], GROUP_SECONDS) > now:
        pages.put_off(tx, letter.id, by, later(past[-1], GROUP_SECONDS))
        return False
    return True


def narrowed(tx: Tx, letter: Letter, now: str) -> Letter:
    """A page with those of its tickets alone that nobody acknowledged; as it is, where that is all or none."""
    named = tickets_of(letter)
    still = _unacknowledged(tx, named, letter.created_at)
    if letter.ticket is None or not still or len(still) == len(named):
        return letter
    gone = Withheld(event="paged", whom=letter.recipient, why="acknowledged")
    for number in set(named) - set(still):
        untold.note(tx, number, now, [gone])
    first, *others = still
    facts, news = dict(letter.facts), _news(letter)
    message, subject = letter.message, letter.subject
    if first != letter.ticket:
        facts["text"], message = news.get(str(first), ""), None
        subject = tickets.load_all(tx, [first])[first].subject
    facts["also"] = others
    facts["news"] = {number: text for number, text in news.items() if int(number) in others}
    facts = {name: value for name, value in facts.items() if value}
    pages.set_ticket(tx, letter.id, first, message, subject)
    pages.set_facts(tx, letter.id, facts)
    return replace(letter, ticket=first, message=message, subject=subject, facts=facts)


def _unacknowledged(tx: Tx, numbers: Sequence[int], since: str) -> list[int]:
    """Those of some tickets that nobody acknowledged since a moment, nor closed."""
    found = pages.of_tickets(tx, numbers)
    ended = {one.ticket for one in found if one.acknowledged_at is not None and one.acknowledged_at >= since}
    calling = {one.ticket for one in found if one.acknowledged_at is None}
    known = tickets.load_all(tx, numbers)
    return [
        number
        for number in numbers
        if number in known and known[number].state != CLOSED and (number in calling or number not in ended)
    ]


def tickets_of(letter: Letter) -> tuple[int, ...]:
    """The tickets that a page names; of a summary those that it counts."""
    if letter.ticket is None:
        return tuple(_numbers(letter, "tickets"))
    return (letter.ticket, *_numbers(letter, "also"))


def _numbers(letter: Letter | pages.Waiting, name: str) -> list[int]:
    """The tickets that stand in a page's facts."""
    found = letter.facts.get(name)
    return [int(each) for each in found] if isinstance(found, list) else []


def _news(letter: Letter | pages.Waiting) -> dict[str, str]:
    """What a page says of its further tickets, by their numbers."""
    found = letter.facts.get("news")
    return {str(number): str(text) for number, text in found.items()} if isinstance(found, dict) else {}


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
