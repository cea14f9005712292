"""The ticket that somebody should take now: their own most urgent one, else the most urgent of nobody's."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.domain.urgency import Crowd, Urgency, ladders, urgency
from helpdesk_cli.services.board import crowd_now
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.services.views import Listed, seer_of
from helpdesk_cli.store import glance, lists
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.lists import Seer

HIGHEST_LEVEL = 3


class Chosen(Struct, frozen=True, kw_only=True):
    """The ticket to take now; ``is_own`` where it was given to the asker before."""

    listed: Listed
    urgency: Urgency
    is_own: bool


def choose(desk: Desk, *, department: str | None = None) -> Chosen | None:
    """The ticket that the actor should take now; None where there is nothing to do. Raises Usage."""
    slug = slug_of("department", desk.settings.department, department)
    with desk.engine.read() as tx:
        return _chosen(tx, desk, slug)


def take(desk: Desk, *, department: str | None = None) -> Chosen | None:
    """The same, and it is the actor's from now on; of two who ask at once each gets another. Raises Usage."""
    slug = slug_of("department", desk.settings.department, department)

    def taken(tx: Tx) -> Chosen | None:
        chosen = _chosen(tx, desk, slug)
        if chosen is None or chosen.is_own:
            return chosen
        actor, change = desk.actor.login, Change(ticket=chosen.listed.ticket)
        record(tx, desk, edited(change, desk.clock(), actor, assignee=actor))
        after = lists.ticket(tx, change.ticket.number)
        return replace(chosen, listed=after) if after is not None else chosen

    return desk.engine.transact(taken)


def _chosen(tx: Tx, desk: Desk, department: str | None) -> Chosen | None:
    at, priorities, crowd = desk.clock(), list(desk.settings.priority), crowd_now(tx)
    rungs = ladders(at, priorities, crowd)
    for filters in _where_to_look(desk, department):
        where, binds = lists.conditions(tx, lists.Wanted(department=department, **filters))
        found = glance.urgent(tx, where, binds, rungs, limit=1, to_do_at=at)
        if found:
            return _explained(tx, found[0].number, at, priorities, crowd, is_own=bool(filters["assignee"]))
    return None


def _where_to_look(desk: Desk, department: str | None) -> Iterator[dict[str, Any]]:
    """First what was given to the actor, then nobody's of their departments: of their level of support, then below.

    An admin is in no department where none is named: they look at all.
    """
    actor, staff = desk.actor, desk.actor.staff
    yield {"assignee": actor.login, "seer": seer_of(actor)}
    seer = seer_of(actor)
    if seer is None and staff is not None and staff.departments and department is None:
        seer = Seer(actor.login, staff.departments)
    for level in range(staff.level if staff else HIGHEST_LEVEL, 0, -1):
        yield {"assignee": "", "seer": seer, "level": level}


def _explained(tx: Tx, number: int, at: str, priorities: list[str], crowd: Crowd, *, is_own: bool) -> Chosen:
    listed = lists.ticket(tx, number)
    assert listed is not None
    return Chosen(listed=listed, urgency=urgency(listed.ticket, at, priorities, crowd), is_own=is_own)
