"""Who wants to hear of a ticket, whoever it belongs to."""

from collections.abc import Sequence

from helpdesk_cli.domain.people import Staff
from helpdesk_cli.domain.permissions import may_administer, may_see
from helpdesk_cli.domain.ticket import Change, Event
from helpdesk_cli.errors import NotAllowed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import alter
from helpdesk_cli.store import members, tickets
from helpdesk_cli.store.engine import Tx

WATCHED, UNWATCHED = "watched", "unwatched"


def watch(desk: Desk, numbers: Sequence[int], login: str | None = None, *, off: bool = False) -> str:
    """Let a staff member hear of tickets from now on, or no more unless they are theirs; who that is.

    Without a login it is the actor; somebody else is only an admin's to name. Raises NotAllowed also where
    that one may not see a ticket, NotFound for an unknown or retired one, Usage where the actor is no staff.
    """
    login = login or desk.actor.login
    if login != desk.actor.login and not may_administer(desk.actor):
        raise NotAllowed(f"only an admin says what {login} watches; you may say it for yourself")
    at = desk.clock()

    def altered(tx: Tx, change: Change) -> Change:
        member = _member(tx, desk, login)
        number = change.ticket.number
        if off != (login in tickets.watchers(tx, number)):
            return change
        if not off and not may_see(member.actor, change.ticket):
            raise NotAllowed(f"{login} may not see ticket {number}, so could hear nothing of it")
        kind = UNWATCHED if off else WATCHED
        event = Event(kind=kind, at=at, actor=desk.actor.login, data={"staff": login})
        logins = (login,)
        return Change(
            ticket=change.ticket,
            events=(event,),
            watching=() if off else logins,
            unwatching=logins if off else (),
            silent=True,
        )

    alter(desk, numbers, altered)
    return login


def _member(tx: Tx, desk: Desk, login: str) -> Staff:
    member = members.staff_by_login(tx, login)
    if member is not None and member.retired_at is None:
        return member
    if login == desk.actor.login:
        raise Usage(f"{login} is no staff member, who alone can watch; name one, or call with --as")
    raise NotFound(f"{login}: no such staff member; 'helpdesk staff list' shows them")
