"""Digests: what a staff member wanted to hear by the hour or by the day, put as one letter when its time comes.

What waits is in the store, and is told in the transaction that puts its letter: who is killed, or is second,
tells nothing twice and forgets nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from helpdesk_cli.domain.digests import due_after
from helpdesk_cli.domain.notices import DIGEST, Notice
from helpdesk_cli.domain.people import Staff
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.ticket import Message, Ticket
from helpdesk_cli.domain.wishes import AT_ONCE, OFF
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.letters import put_letter
from helpdesk_cli.store import digests as rows
from helpdesk_cli.store import lists, members, tickets
from helpdesk_cli.store.digests import News
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

MOST_TICKETS, MOST_NEWS, MOST_WORDS = 50, 10, 200
"""So much a digest shows; of the rest it says how many there are."""


def put_due(desk: Desk) -> None:
    """Put the digests whose time has come."""
    at = desk.clock()
    with desk.engine.read() as tx:
        found = rows.who_is_due(tx, at)
    for staff in found:
        desk.engine.transact(partial(_told, desk=desk, staff=staff, at=at))


def foreseen(tx: Tx, desk: Desk) -> Iterator[Letter]:
    """The digests whose time has come, as the letters that they would become; writes nothing."""
    at = desk.clock()
    for staff in rows.who_is_due(tx, at):
        member, news = members.staff_by_id(tx, staff), rows.due(tx, staff, at)
        if member is not None and member.retired_at is None and _seen(tx, member, news):
            yield Letter(
                kind=DIGEST,
                recipient=member.email,
                recipient_name=member.name,
                person=member.id,
                message_id="",
                created_at=at,
                next_attempt_at=at,
            )


def _told(tx: Tx, desk: Desk, staff: int, at: str) -> None:
    """Put one person's digest, if there is anything that they may still see."""
    news = rows.due(tx, staff, at)
    member = members.staff_by_id(tx, staff)
    if not news:
        return
    if member is None or member.retired_at is not None:
        rows.drop(tx, [each.id for each in news], rows.RETIRED)
        return
    seen = _seen(tx, member, news)
    rows.drop(tx, [each.id for each in news if each not in seen], rows.HIDDEN)
    if not seen:
        return
    notice = Notice(
        kind=DIGEST,
        address=member.email,
        name=member.name,
        person=member.id,
        purpose="s",
        facts=_facts(tx, desk, seen, _known(tx, {each.ticket for each in seen})),
        event=DIGEST,
    )
    own = next((slug for slug in member.departments if slug in desk.settings.department), "")
    letter = put_letter(tx, desk, notice, at=at, department=own, is_limited=False)
    if letter is not None:
        rows.told(tx, [each.id for each in seen], letter)


def _seen(tx: Tx, member: Staff, news: Sequence[News]) -> list[News]:
    """Of what waits for somebody what they may still see."""
    known = _known(tx, {each.ticket for each in news})
    return [each for each in news if each.ticket in known and may_see(member.actor, known[each.ticket])]


def _known(tx: Tx, numbers: Iterable[int]) -> dict[int, Ticket]:
    ordered, found = sorted(numbers), dict[int, Ticket]()
    for start in range(0, len(ordered), 500):
        found |= tickets.load_all(tx, ordered[start : start + 500])
    return found


def _facts(tx: Tx, desk: Desk, news: Sequence[News], known: dict[int, Ticket]) -> dict[str, object]:
    """What the letter says: ticket by ticket, in the order in which each first comes up."""
    grouped: dict[int, list[News]] = {}
    for each in news:
        grouped.setdefault(each.ticket, []).append(each)
    shown = list(grouped.items())[:MOST_TICKETS]
    return {
        "count": len(news),
        "tickets": [_ticket(tx, desk, known[number], told) for number, told in shown],
        "ticket_count": len(grouped),
        "left_out": len(grouped) - len(shown),
    }


def _ticket(tx: Tx, desk: Desk, ticket: Ticket, news: Sequence[News]) -> dict[str, object]:
    listed, settings = lists.ticket(tx, ticket.number), desk.settings
    stage, priority = settings.stage.get(ticket.stage), settings.priority.get(ticket.priority)
    shown = news[-MOST_NEWS:]
    return {
        "number": ticket.number,
        "tag": f"{settings.desk.subject_tag}-{ticket.number}",
        "subject": ticket.subject,
        "stage": stage.name if stage else ticket.stage,
        "priority": priority.name if priority else ticket.priority,
        "assignee": ticket.assignee or "",
        "client": {
            "name": (listed.client_name if listed else "") or "",
            "email": (listed.client_email if listed else "") or "",
        },
        "news": [_news(tx, desk, each) for each in shown],
        "left_out": len(news) - len(shown),
    }


def _news(tx: Tx, desk: Desk, news: News) -> dict[str, object]:
    """One thing that happened: who did it, and the beginning of what was said."""
    from helpdesk_cli.services.writing import people_time

    message = tickets.message(tx, news.message) if news.message is not None else None
    return {
        "event": news.event,
        "at": people_time(desk, news.at),
        "by": _writer(message) if message is not None else str(news.facts.get("by") or ""),
        "words": _beginning(message),
        "stage": str(news.facts.get("stage") or ""),
        "lines": _lines(news.facts.get("lines")),
        "instead_of": str(news.facts.get("instead_of") or ""),
    }


def _writer(message: Message) -> str:
    return message.author.name or message.author.email


def _beginning(message: Message | None) -> str:
    words = " ".join((message.new_text or message.text or "")[: 4 * MOST_WORDS].split()) if message else ""
    return words if len(words) <= MOST_WORDS else f"{words[: MOST_WORDS - 1].rstrip()}…"


def _lines(lines: object) -> list[str]:
    return [str(each) for each in lines] if isinstance(lines, list | tuple) else []


def chosen_anew(tx: Tx, desk: Desk, member: Staff) -> None:
    """Let what waits for somebody follow what they chose now: it goes with the next run, later, or never."""
    at = desk.clock()
    dropped = []
    for news in rows.waiting(tx, member.id):
        wish = member.wishes.when(news.event, news.why)
        if wish == OFF:
            dropped.append(news.id)
        elif wish == AT_ONCE:
            rows.put_off(tx, news.id, news.wish, at)
        elif wish != news.wish:
            due = due_after(at, wish, desk.settings.desk.timezone, desk.settings.operation.digest_at)
            rows.put_off(tx, news.id, wish, due)
    rows.drop(tx, dropped, rows.OFF)
