"""The one door through which a ticket changes, and from which letters follow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain import oncall
from helpdesk_cli.domain.hearing import Waiting, hearing, in_a_storm, not_in_crowds
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import (
    FORWARD,
    HELD,
    WEBHOOK,
    Notice,
    is_heard,
)
from helpdesk_cli.domain.ticket import Change, Ticket, names_of_rules
from helpdesk_cli.services import dispatch
from helpdesk_cli.services.audience import audience_of
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.letters import page_storm, put_letter
from helpdesk_cli.store import digests, fired, pages, tickets, ties, turns, untold
from helpdesk_cli.store.engine import Tx

if TYPE_CHECKING:
    from helpdesk_cli.services.reacting import Trial


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
        from helpdesk_cli.services import ringing

        letters += ringing.ring(tx, desk, change, messages, at)
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
        page_storm(tx, desk, at)
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
