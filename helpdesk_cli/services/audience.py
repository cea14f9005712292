"""Who could hear of a change: looked up once, for ``domain.notices`` to choose from."""

from helpdesk_cli.domain.notices import Audience
from helpdesk_cli.domain.people import Actor, Staff
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.presence import is_away
from helpdesk_cli.domain.ticket import Change
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import members, tickets
from helpdesk_cli.store.engine import Tx


def audience_of(tx: Tx, desk: Desk, change: Change, at: str) -> Audience:
    """The staff and the clients whom a change may concern."""
    ticket, kinds = change.ticket, {event.kind for event in change.events}
    everybody = {member.login: member for member in members.all_staff(tx)}
    watching = tickets.watchers(tx, ticket.number) if kinds != {"opened"} or change.watching else ()
    watchers = [everybody[login] for login in watching if login in everybody]
    department = desk.settings.department.get(ticket.department)
    asked = {ticket.assignee, department.manager if department else "", *(one.whom for one in change.tell)}

    def sees(member: Staff) -> bool:
        return may_see(Actor(login=member.login, is_admin=member.is_admin, staff=member), ticket)

    staff = [member for member in everybody.values() if ticket.department in member.departments]
    seen = {member.login: member for member in (*staff, *watchers) if sees(member)}
    return Audience(
        staff=tuple(seen.values()),
        # A client's further word is told to staff alone, so nobody else need be looked up.
        participants=()
        if kinds == {"replied"} and not change.tell
        else tuple(tickets.participants(tx, ticket.number)),
        watchers=tuple(member for member in watchers if sees(member)),
        named={login: everybody[login] for login in asked if login in everybody},
        deputies=_deputies(desk, everybody, at),
    )


def _deputies(desk: Desk, everybody: dict[str, Staff], at: str) -> dict[str, Staff]:
    """Who stands in for whom at a moment."""
    return {
        member.login: everybody[member.deputy]
        for member in everybody.values()
        if member.deputy in everybody and is_away(member, at, desk.settings.desk.timezone)
    }
