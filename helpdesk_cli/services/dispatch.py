"""Who gets a ticket: whose turn it is in its department, at its level of support."""

from msgspec.structs import replace

from helpdesk_cli.domain.assignment import (
    LEAST_BUSY,
    OFF,
    RANDOM,
    Choice,
    drawn,
    next_level,
    of_level,
    there,
)
from helpdesk_cli.domain.people import SYSTEM, Staff
from helpdesk_cli.domain.stages import at_home
from helpdesk_cli.domain.ticket import CLOSED, OPEN, Change, Event, moved
from helpdesk_cli.errors import Failed
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import members, turns
from helpdesk_cli.store.engine import Tx

# Whoever draws holds the write lock (Engine.transact), so two hosts never take the same turn.


def placed(tx: Tx, desk: Desk, change: Change) -> Change:
    """The same change, and the ticket in somebody's hands: a new one, and one that another department got."""
    ticket = change.ticket
    if not ticket.number:
        return given(tx, desk, change) if ticket.assignee is None and ticket.state == OPEN else change
    for event in change.events:
        if event.kind == "edited" and event.data.get("field") == "department":
            return _handed_over(tx, desk, change, event)
    return change


def given(tx: Tx, desk: Desk, change: Change) -> Change:
    """The same change, and its new ticket given to whose turn it is; to nobody where that is off."""
    way = way_of(desk, change.ticket.department)
    if way == OFF:
        return change
    choice = _chosen(tx, desk, change, way)
    return change if choice is None else _to(change, choice, way, change.events[-1].at, SYSTEM)


def auto(tx: Tx, desk: Desk, change: Change) -> Change:
    """The same change, and the ticket given to whose turn it is. Raises Failed where that is nobody's."""
    ticket, actor = change.ticket, desk.actor.login
    way = way_of(desk, ticket.department)
    if way == OFF:
        raise Failed(
            f'ticket {ticket.number} is {ticket.department}\'s, which has assignment = "off"; name a staff member, '
            "'helpdesk staff list' shows them"
        )
    turns.forget_loads(tx)
    choice = _chosen(tx, desk, change, way)
    if choice is None:
        raise Failed(
            f"nobody of {ticket.department} is there to take ticket {ticket.number}; name a staff member, "
            "'helpdesk staff list' shows them"
        )
    return _to(change, choice, way, desk.clock(), actor)


def escalated(tx: Tx, desk: Desk, change: Change) -> Change:
    """The same change, and the ticket handed to the next level of support, to whose turn it is there.

    Raises Failed for a closed one, and where nobody has a higher level.
    """
    ticket, at, actor = change.ticket, desk.clock(), desk.actor.login
    if ticket.state == CLOSED:
        raise Failed(
            f"ticket {ticket.number} is closed; 'helpdesk ticket reopen {ticket.number}' comes first"
        )
    level = next_level(members.all_staff(tx), ticket.department, ticket.level)
    if level is None:
        raise Failed(
            f"ticket {ticket.number} is at level {ticket.level} of support, and nobody of {ticket.department} has "
            "a higher one; 'helpdesk staff edit LOGIN --level …' sets it"
        )
    event = Event(kind="escalated", at=at, actor=actor, data={"from": ticket.level, "to": level})
    change = replace(
        change,
        ticket=replace(ticket, level=level, updated_at=max(ticket.updated_at, at), touched_at=at),
        events=(*change.events, event),
    )
    return _anew(tx, desk, change, at, actor, lowest=level)


def levelled(tx: Tx, desk: Desk, change: Change, at: str) -> Change:
    """The same change, and the ticket given to somebody of its level where who has it is below.

    Not where the desk chooses nobody, nor where nobody of the department has such a level. What nobody has stays
    so, but for a new ticket, which is given later.
    """
    ticket = change.ticket
    if ticket.assignee is None or ticket.state == CLOSED or way_of(desk, ticket.department) == OFF:
        return change
    member = members.staff_by_login(tx, ticket.assignee)
    if member is not None and member.level >= ticket.level:
        return change
    if next_level(members.all_staff(tx), ticket.department, ticket.level - 1) is None:
        return change
    return _anew(tx, desk, change, at, desk.actor.login, lowest=ticket.level)


def way_of(desk: Desk, department: str) -> str:
    """How a department's tickets are given."""
    known = desk.settings.department.get(department)
    return known.assignment if known is not None else OFF


def _handed_over(tx: Tx, desk: Desk, change: Change, event: Event) -> Change:
    """The same change, and the ticket in a stage and in hands of the department that got it."""
    ticket = change.ticket
    if ticket.state == CLOSED:
        return change
    stage, touched_at = at_home(desk.settings, ticket), ticket.touched_at
    change = moved(change, stage, _state(desk, stage, ticket.state), event.at, event.actor)
    was_given = any(each.kind == "assigned" for each in change.events)
    member = members.staff_by_login(tx, ticket.assignee) if ticket.assignee else None
    if not was_given and (member is None or ticket.department not in member.departments):
        change = _anew(tx, desk, change, event.at, event.actor)
    return replace(change, ticket=replace(change.ticket, touched_at=touched_at))


def _state(desk: Desk, stage: str, present: str) -> str:
    known = desk.settings.stage.get(stage)
    return known.state if known is not None else present


def _anew(tx: Tx, desk: Desk, change: Change, at: str, actor: str, lowest: int = 1) -> Change:
    """The same change, and the ticket given by its department's way; to nobody where that is off or nobody is there."""
    way = way_of(desk, change.ticket.department)
    turns.forget_loads(tx)
    choice = _chosen(tx, desk, change, way, lowest) if way != OFF else None
    if choice is None:
        why = "Nobody is there" if way != OFF else "Nobody is chosen there by the desk"
        choice = Choice("", (), why)
    return _to(change, choice, way, at, actor)


def _chosen(tx: Tx, desk: Desk, change: Change, way: str, lowest: int = 1) -> Choice | None:
    """Who shall have a ticket; None where nobody of its department is there."""
    ticket = change.ticket
    candidates = _candidates(tx, desk, ticket.department, ticket.level, lowest)
    if not candidates:
        return None
    choice = drawn(
        way,
        candidates,
        turns.places(tx, ticket.department),
        turns.loads(tx) if way == LEAST_BUSY else {},
        int.from_bytes(desk.dice(8)) if way == RANDOM else 0,
        but=ticket.assignee,
    )
    if choice is None or candidates[0].level == ticket.level:
        return choice
    why = f"{choice.why}; nobody of level {ticket.level} is there"
    return replace(choice, why=why)


def _candidates(tx: Tx, desk: Desk, department: str, level: int, lowest: int) -> list[Staff]:
    """Who could get a ticket now; looked up once in a transaction."""
    known = tx.memo.setdefault("there", {})
    found = known.get((department, level, lowest))
    if found is None:
        present = there(members.all_staff(tx), department, desk.clock(), desk.settings.desk.timezone)
        found = known[department, level, lowest] = of_level(present, level, lowest=lowest)
    assert isinstance(found, list)
    return found


def _to(change: Change, choice: Choice, way: str, at: str, actor: str) -> Change:
    """The same change, and the ticket in the hands that were chosen ("": nobody's), with how and why."""
    ticket, login = change.ticket, choice.login or None
    if ticket.assignee == login:
        return change
    data: dict[str, object] = {"from": ticket.assignee, "to": login, "how": way}
    if choice.of:
        data["of"] = list(choice.of)
    event = Event(kind="assigned", at=at, actor=actor, data={**data, "why": choice.why})
    after = replace(ticket, assignee=login, updated_at=max(ticket.updated_at, at))
    if actor != SYSTEM:
        after = replace(after, touched_at=at)
    return replace(change, ticket=after, events=(*change.events, event))
