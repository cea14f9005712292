"""Who could hear of a change: looked up once, for ``domain.notices`` to choose from."""

from collections.abc import Iterable

from helpdesk_cli.domain.notices import Audience
from helpdesk_cli.domain.people import Staff
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.presence import is_away
from helpdesk_cli.domain.ticket import Change, Ticket
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import members, tickets
from helpdesk_cli.store.engine import Tx


def audience_of(tx: Tx, desk: Desk, change: Change, at: str) -> Audience:
    """The staff and the clients whom a change may concern."""
    ticket, kinds = change.ticket, {event.kind for event in change.events}
    everybody = {member.login: member for member in members.all_staff(tx)}
    watching = tickets.watchers(tx, ticket.number) if "opened" not in kinds or change.watching else ()
    watchers = [
        everybody[login] for login in watching if login in everybody and _sees(everybody[login], ticket)
    ]
    seen = {member.login: member for member in (*answering(everybody.values(), ticket), *watchers)}
    department = desk.settings.department.get(ticket.department)
    asked = {
        ticket.assignee,
        department.manager if department else "",
        *(one.whom for one in change.tell),
        *(event.actor for event in change.events),
    }
    deputies = _deputies(desk, everybody, ticket, at)
    theirs = [everybody.get(ticket.assignee or ""), deputies.get(ticket.assignee or "")]
    return Audience(
        staff=tuple(seen.values()),
        # A client's further word is told to staff alone, so nobody else need be looked up.
        participants=()
        if "replied" in kinds and not change.tell
        else tuple(tickets.participants(tx, ticket.number)),
        watchers=tuple(watchers),
        every=tuple(member for member in everybody.values() if member.is_admin and member.every_ticket),
        named={
            login: everybody[login]
            for login in asked
            if login in everybody and (not ticket.is_private or _sees(everybody[login], ticket))
        },
        deputies=deputies,
        is_unattended=all(one is None or is_away(one, at, desk.settings.desk.timezone) for one in theirs),
    )


def _sees(member: Staff, ticket: Ticket) -> bool:
    return may_see(member.actor, ticket)


def answering(everybody: Iterable[Staff], ticket: Ticket) -> list[Staff]:
    """Who answers for a ticket: its department's staff and its assignee, as far as they may see it.

    Of a private one for which that is nobody, the admins: else no word on it would reach anybody.
    """
    active = list(everybody)
    found = [
        member
        for member in active
        if (ticket.department in member.departments or member.login == ticket.assignee)
        and (not ticket.is_private or _sees(member, ticket))
    ]
    if found or not ticket.is_private:
        return found
    return [member for member in active if member.is_admin]


def owners(tx: Tx, ticket: Ticket) -> list[Staff]:
    """Who has a ticket: its assignee, else all who answer for it."""
    found = answering(members.all_staff(tx), ticket)
    return [member for member in found if member.login == ticket.assignee] or found


def _deputies(desk: Desk, everybody: dict[str, Staff], ticket: Ticket, at: str) -> dict[str, Staff]:
    """Who stands in for whom at a moment, of those who may see the ticket."""
    return {
        member.login: everybody[member.deputy]
        for member in everybody.values()
        if member.deputy in everybody
        and is_away(member, at, desk.settings.desk.timezone)
        and _sees(everybody[member.deputy], ticket)
    }
