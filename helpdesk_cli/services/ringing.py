"""Pages as letters: how many go to one person at a time, what they name, and what is held back.

A page to somebody for whom one waits still becomes part of it. What the limits hold back stands in one summary. Both
are looked at again when a page is about to go (``may_go``), so that no number of hosts and no queue that was held up
sends more.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from helpdesk_cli.domain.hearing import Withheld
from helpdesk_cli.domain.mail import Token, fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import PAGER, Notice
from helpdesk_cli.domain.oncall import (
    GROUP_MOST,
    GROUP_SECONDS,
    due_at,
    used_up,
)
from helpdesk_cli.domain.ticket import CLOSED, Change
from helpdesk_cli.mail.tokens import signed_message_id
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Rate
from helpdesk_cli.store import outbox, pages, tickets, untold
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

HELD_BACK = "held back: pages_per_person"

LONGEST_PAUSE = 3600
"""Between two summaries lies the window that was used up, but no more than this."""

JOINED_SECONDS = 900
"""A page that has waited longer is joined by nothing new: it is given up before what joins it would be."""

MOST_HELD = 1000
"""So many tickets a summary knows; an answer to it acknowledges them."""


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
    is_young = waits is not None and waits.created_at > later(now, -JOINED_SECONDS)
    if waits is not None and is_young and _joined(tx, waits, ticket, str(notice.facts.get("text", ""))):
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


def underway(tx: Tx, since: str) -> dict[int, str]:
    """Of the tickets that pages name when the last one went since a moment; "" where one still waits to go."""
    found: dict[int, str] = {}
    for page, went in pages.underway(tx, since):
        for number in (page.ticket, *_numbers(page, "also")):
            if number is not None:
                found[number] = page.created_at if went else ""
    return found


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
