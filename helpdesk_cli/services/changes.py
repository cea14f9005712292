"""The one door through which a ticket changes, and letters are put."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain import oncall, restless
from helpdesk_cli.domain.hearing import Waiting, Withheld, hearing, in_a_storm, not_in_crowds
from helpdesk_cli.domain.mail import Token, fold, person_of
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import (
    ACKNOWLEDGEMENT,
    FORWARD,
    HELD,
    LIMITED,
    NOTICE,
    PAGER,
    WEBHOOK,
    Notice,
    is_heard,
)
from helpdesk_cli.domain.ticket import Change, Ticket, names_of_rules
from helpdesk_cli.mail.tokens import signed_message_id
from helpdesk_cli.services import dispatch
from helpdesk_cli.services.audience import audience_of, owners
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Limits, Rate
from helpdesk_cli.store import addresses, digests, fired, outbox, pages, tallies, tickets, ties, turns, untold
from helpdesk_cli.store.engine import Later, Tx

if TYPE_CHECKING:
    from helpdesk_cli.services.reacting import Trial


RESTLESS = {
    "limit:mails_per_ticket": "So many mails came to it",
    "limit:reopenings_per_ticket": "It was opened again by mail so often",
}
"""Why nothing automatic goes to a ticket's clients where mails go to and fro on it, and what is said of it."""


class Recorded(Struct, frozen=True):
    """What a change became: its ticket with its number, the ids of its messages and letters."""

    ticket: Ticket
    messages: tuple[int, ...] = ()
    letters: tuple[int, ...] = ()


def record(tx: Tx, desk: Desk, change: Change) -> Recorded:
    """Let the rules answer a change, save it and queue the letters that it calls for, or nothing of all that.

    The only function that writes tickets. Letters are rows here and become mail in notify, so nothing is
    sent for a change that is rolled back.
    """
    change = completed(tx, desk, change)
    if desk.settings.oncall:
        from helpdesk_cli.services import paging

        change = paging.planned(tx, desk, change)
    return _save(tx, desk, change)


def completed(tx: Tx, desk: Desk, change: Change, trial: "Trial | None" = None) -> Change:
    """The same change, and what the site's rules and whose turn it is make of it. Reads only.

    Who gets a new ticket, or one that another department got, is asked when the rules are through, for they may
    have handed it over; and rules answer that too.
    """
    change = _with_rules(tx, desk, change, 0, trial)
    before = len(change.events)
    return _with_rules(tx, desk, dispatch.placed(tx, desk, change), before, trial)


def _with_rules(tx: Tx, desk: Desk, change: Change, since: int, trial: "Trial | None") -> Change:
    """The same change, and what the site's rules make of its events from that position on.

    None answers what happens to a ticket that was merged into another: it leads there, closed, and stays so.
    """
    if not desk.settings.rule or len(change.events) <= since or change.ticket.merged_into is not None:
        return change
    from helpdesk_cli.services import reacting

    return reacting.answered(tx, desk, change, since, trial)


def _save(tx: Tx, desk: Desk, change: Change) -> Recorded:
    ticket = change.ticket
    if ticket.number:
        tickets.update(tx, ticket)
    else:
        ticket = replace(ticket, number=tickets.next_number(tx, desk.settings.desk.first_number))
        tickets.insert(tx, ticket)
    at = change.events[0].at if change.events else ticket.updated_at
    for joining in change.joining:
        tickets.join(tx, ticket.number, joining, at)
    messages = tuple(tickets.add_message(tx, ticket.number, message) for message in change.messages)
    if change.withdraws is not None:
        tickets.withdraw(tx, change.withdraws.id, change.withdraws.mark)
    for event in change.events:
        tickets.add_event(tx, ticket.number, event)
        if "how" in event.data and event.kind == "assigned" and event.data["to"]:
            turns.note(tx, ticket.department, str(event.data["to"]), event.at)
    for rule in names_of_rules(change.events):
        fired.count(tx, rule, at)
    _tie(tx, ticket.number, change, at)
    if desk.settings.sla:
        from helpdesk_cli.services import clocks

        ticket = clocks.follow(tx, desk, ticket, change, at)
    change = replace(change, ticket=ticket)
    ended_by = oncall.ended_by(change)
    if ended_by:
        pages.end(tx, ticket.number, ended_by, at)
    letters = _letters(tx, desk, change, messages, at) if is_heard(change) else ()
    if change.calls:
        from helpdesk_cli.services import paging

        letters += paging.ring(tx, desk, change, messages, at)
    return Recorded(ticket, messages, letters)


def _tie(tx: Tx, number: int, change: Change, at: str) -> None:
    """What ties a ticket to others, to words and to people, as the change wants it."""
    for other, kind in change.links:
        tickets.link(tx, number, other, kind, at)
    for other, kind in change.unlinks:
        ties.unlink(tx, number, other, kind)
    for tag in change.tags:
        tickets.tag(tx, number, tag)
    for tag in change.untags:
        tickets.untag(tx, number, tag)
    for login in change.watching:
        tickets.watch(tx, number, login, at)
    for login in change.unwatching:
        ties.unwatch(tx, number, login)
    for address in change.leaving:
        ties.part(tx, number, address)
    if change.taking is not None:
        ties.take(tx, number, change.taking)


def _letters(tx: Tx, desk: Desk, change: Change, messages: tuple[int, ...], at: str) -> tuple[int, ...]:
    """Put what is to be told at once, keep what waits for a digest, note whom nobody tells."""
    found = not_in_crowds(hearing(change, audience_of(tx, desk, change, at), desk.settings))
    ticket = change.ticket
    if any(event.kind == "opened" for event in change.events) and _is_storm(tx, desk, ticket.number, at):
        found = in_a_storm(found)
        _page_storm(tx, desk, at)
    put = []
    for notice in found.letters:
        is_call = notice.kind == WEBHOOK
        if notice.kind == FORWARD and notice.message is not None:
            notice = replace(notice, person=messages[notice.message])
        letter = put_letter(
            tx,
            desk,
            _with_ticket(tx, notice, ticket.number, at) if is_call else notice,
            at=at,
            ticket=ticket.number,
            department=f"{WEBHOOK}.{notice.address}" if is_call else ticket.department,
            message=messages[notice.message] if notice.message is not None else None,
            subject=ticket.subject,
            hold=change.hold if notice.kind in HELD else 0,
        )
        if letter is not None:
            put.append(letter)
    if found.waiting:
        _keep(tx, desk, found.waiting, ticket.number, messages, at)
    untold.note(tx, ticket.number, at, found.withheld)
    return tuple(put)


def _is_storm(tx: Tx, desk: Desk, number: int, at: str) -> bool:
    """Whether so many tickets were opened lately that nobody could read of each; numbers are given in order."""
    since = tickets.opened_at(tx, [number - rate.count for rate in desk.settings.limits.storm])
    return any(
        since.get(number - rate.count, "") > later(at, -rate.seconds) for rate in desk.settings.limits.storm
    )


def _keep(
    tx: Tx, desk: Desk, waiting: Sequence[Waiting], ticket: int, messages: tuple[int, ...], at: str
) -> None:
    """Keep what somebody hears with the next digest."""
    from helpdesk_cli.domain.digests import due_after

    now, operation = desk.clock(), desk.settings.operation
    for each in waiting:
        notice = each.notice
        digests.keep(
            tx,
            digests.News(
                staff=notice.person,
                ticket=ticket,
                message=messages[notice.message] if notice.message is not None else None,
                event=notice.event,
                why=notice.why,
                facts=notice.facts,
                at=at,
                wish=each.wish,
                due_at=due_after(now, each.wish, desk.settings.desk.timezone, operation.digest_at),
            ),
        )


def _with_ticket(tx: Tx, notice: Notice, number: int, at: str) -> Notice:
    """A call with the ticket as it is now: tried again, it says the same."""
    from helpdesk_cli.services import promised
    from helpdesk_cli.store import lists

    listed = lists.ticket(tx, number)
    told = promised.ticket(listed, at) if listed is not None else None
    return replace(notice, facts={**notice.facts, "ticket": told})


def put_letter(
    tx: Tx,
    desk: Desk,
    notice: Notice,
    *,
    at: str,
    ticket: int | None = None,
    department: str = "",
    message: int | None = None,
    subject: str = "",
    is_limited: bool = True,
    hold: int = 0,
) -> int | None:
    """Queue one letter, unless a limit stops it; its id. Its Message-ID is minted here, once and for all.

    ``hold``: so many seconds it waits before it may go.
    """
    if notice.kind == PAGER and ticket is not None:
        from helpdesk_cli.services import paging

        return paging.put(
            tx, desk, notice, ticket=ticket, department=department, message=message, subject=subject
        )
    why = _held_back(tx, desk, notice, at, ticket) if is_limited else ""
    if why:
        if ticket is not None:
            withheld = Withheld(event=notice.event or notice.kind, whom=notice.address, why=why)
            untold.note(tx, ticket, at, [withheld])
            if why in RESTLESS:
                _tell_restless(tx, desk, ticket, why, at)
        return None
    token = Token(notice.purpose or "c", ticket or 0, notice.person)
    return outbox.put(
        tx,
        outbox.Letter(
            kind=notice.kind,
            ticket=ticket,
            message=message,
            recipient=notice.address,
            recipient_name=notice.name,
            person=notice.person,
            purpose=notice.purpose,
            department=department,
            subject=subject,
            facts=notice.facts,
            event=notice.event or notice.kind,
            event_at=at,
            why=notice.why,
            message_id=signed_message_id(desk.key, token, desk.dice(5), desk.settings.desk.domain),
            next_attempt_at=later(desk.clock(), hold) if hold else desk.clock(),
            created_at=desk.clock(),
        ),
    )


def _restless(tx: Tx, limits: Limits, number: int, at: str) -> str:
    """By which limit mails go to and fro on a ticket as no people write; "" where they do not."""
    came = tickets.came_at(tx, number, restless.since(limits.mails_per_ticket, at))
    if restless.is_restless(came, limits.mails_per_ticket, at):
        return "limit:mails_per_ticket"
    reopened = tickets.reopened_at(tx, number, restless.since(limits.reopenings_per_ticket, at))
    return (
        "limit:reopenings_per_ticket"
        if restless.is_restless(reopened, limits.reopenings_per_ticket, at)
        else ""
    )


def _tell_restless(tx: Tx, desk: Desk, number: int, why: str, at: str) -> None:
    """Tell once a day who has a ticket that nothing automatic goes to its clients for now."""
    key = str(number)
    ticket = tickets.load(tx, number)
    if ticket is None or tallies.count(tx, "restless", key, later(at, -restless.QUIET_SECONDS)):
        return
    tallies.add(tx, "restless", key, at)
    line = f"{RESTLESS[why]} that machines may be writing: nothing automatic goes to its clients for a day."
    tell_owners(tx, desk, ticket, NOTICE, {"lines": [line]}, at, event="restless")


def tell_owners(
    tx: Tx, desk: Desk, ticket: Ticket, kind: str, facts: dict[str, object], at: str, *, event: str = ""
) -> None:
    """Tell who has a ticket: its assignee, else all who answer for it."""
    for member in owners(tx, ticket):
        notice = Notice(
            kind=kind,
            address=member.email,
            name=member.name,
            person=member.id,
            purpose="s",
            facts=facts,
            event=event,
        )
        put_letter(
            tx,
            desk,
            notice,
            at=at,
            ticket=ticket.number,
            department=ticket.department,
            subject=ticket.subject,
        )


def _held_back(tx: Tx, desk: Desk, notice: Notice, at: str, ticket: int | None) -> str:
    """Which limit holds a letter back; "" where it may go, and it is counted. Windows slide by arrival."""
    limits, address = desk.settings.limits, person_of(notice.address)
    asked: list[tuple[str, str, tuple[Rate, ...]]] = []
    if notice.kind == ACKNOWLEDGEMENT:
        asked.append(("acknowledgement", address, limits.acknowledgements_per_address))
        asked.append(("acknowledgements", "", limits.acknowledgements))
    if notice.kind in LIMITED or notice.by_itself:
        week_ago = later(at, -addresses.FORGOTTEN_AFTER_DAYS * 86400)
        if addresses.is_given_up(tx, fold(notice.address), week_ago):
            return "given-up"
        if ticket is not None and notice.kind != ACKNOWLEDGEMENT:
            restless_by = _restless(tx, limits, ticket, at)
            if restless_by:
                return restless_by
        asked.append(("automatic", address, limits.automatic_per_address))
        asked.append(("automatic-domain", address.rpartition("@")[2], limits.automatic_per_domain))
    used_up = next(_used_up(tx, asked, at)(), None)
    if used_up is not None:
        kind, key = used_up
        tallies.add(tx, f"{kind}-withheld", key, at)
        if kind == "acknowledgements":
            _page_once(tx, desk, at, "Too many new tickets: acknowledgements are off for now")
        return f"limit:{kind}"
    for kind, key, _ in asked:
        tallies.add(tx, kind, key, at)
    return ""


def is_over(tx: Tx, kind: str, key: str, rates: tuple[Rate, ...], at: str) -> bool:
    """Whether one of these rates is used up."""
    return over_asked(tx, kind, key, rates, at)()


def over_asked(tx: Tx, kind: str, key: str, rates: tuple[Rate, ...], at: str) -> Later[bool]:
    """The same, read later."""
    found = _used_up(tx, [(kind, key, rates)], at)
    return lambda: next(found(), None) is not None


def _used_up(
    tx: Tx, asked: Sequence[tuple[str, str, tuple[Rate, ...]]], at: str
) -> Later[Iterator[tuple[str, str]]]:
    """Of some kinds and keys those of whose rates one is used up."""
    # Nearly always the longest window alone tells that none is.
    longest = [(kind, key, later(at, -max(rate.seconds for rate in rates))) for kind, key, rates in asked]
    answer = tallies.counts_asked(tx, longest)

    def read() -> Iterator[tuple[str, str]]:
        for most, (kind, key, rates) in zip(answer(), asked, strict=True):
            if most >= min(rate.count for rate in rates):
                found = tallies.counts(tx, [(kind, key, later(at, -rate.seconds)) for rate in rates])
                if any(count >= rate.count for count, rate in zip(found, rates, strict=True)):
                    yield kind, key

    return read


def _page_storm(tx: Tx, desk: Desk, at: str) -> None:
    """Page once that a storm is on, unless its tickets page themselves: then a summary counts them."""
    alerts = desk.settings.alerts
    if alerts.enabled and not pages.moments(tx, fold(alerts.address), later(at, -3600)):
        _page_once(tx, desk, at, "A storm of new tickets: nobody is acknowledged, staff hear by the hour")


def _page_once(tx: Tx, desk: Desk, at: str, text: str) -> None:
    """Say something of the whole desk to its pager, at most once an hour."""
    alerts = desk.settings.alerts
    if not alerts.enabled or tallies.count(tx, "storm-page", "", later(at, -3600)):
        return
    tallies.add(tx, "storm-page", "", at)
    notice = Notice(kind=PAGER, address=alerts.address, facts={"text": text})
    put_letter(tx, desk, notice, at=at, subject=text, is_limited=False)
