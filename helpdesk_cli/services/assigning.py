"""Tickets given to somebody: by name, by turns, to the next level of support."""

from collections.abc import Sequence

from helpdesk_cli.domain.presence import is_away
from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.errors import NotFound
from helpdesk_cli.services import dispatch
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import alter
from helpdesk_cli.store import members
from helpdesk_cli.store.engine import Tx


def assign(desk: Desk, numbers: Sequence[int], login: str | None, *, silent: bool = False) -> None:
    """Give tickets to a staff member, or to nobody.

    Raises NotFound for an unknown or retired one.
    """
    at = desk.clock()

    def given(tx: Tx, change: Change) -> Change:
        if login is not None:
            staff = members.staff_by_login(tx, login)
            if staff is None or staff.retired_at is not None:
                raise NotFound(f"{login}: no such staff member; 'helpdesk staff list' shows them")
        return edited(change, at, desk.actor.login, assignee=login)

    alter(desk, numbers, given, silent=silent)


def auto(desk: Desk, numbers: Sequence[int], *, silent: bool = False) -> None:
    """Give tickets to whose turn it is in their departments. Raises Failed where that is off, or nobody is there."""
    alter(desk, numbers, lambda tx, change: dispatch.auto(tx, desk, change), silent=silent)


def escalate(desk: Desk, numbers: Sequence[int], *, silent: bool = False) -> None:
    """Hand tickets to the next level of support. Raises Failed where nobody has a higher one."""
    alter(desk, numbers, lambda tx, change: dispatch.escalated(tx, desk, change), silent=silent)


def absence(desk: Desk, login: str) -> str:
    """Until when a staff member is away, and who hears in their place; "" for one who is there."""
    with desk.engine.read() as tx:
        member = members.staff_by_login(tx, login)
        if member is None or not is_away(member, desk.clock(), desk.settings.desk.timezone):
            return ""
        deputy = members.staff_by_login(tx, member.deputy) if member.deputy else None
    until = f"until {member.away_to}" if member.away_to else "until further notice"
    if deputy is None or deputy.retired_at is not None:
        return f"{login} is away {until}, and nobody stands in"
    return f"{login} is away {until}; {deputy.login} hears in their place"
