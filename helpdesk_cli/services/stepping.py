"""From stage to stage, as the configuration allows it; what is refused says what to do instead."""

from collections.abc import Sequence

from helpdesk_cli.domain import stages
from helpdesk_cli.domain.ticket import CLOSED, Change, Ticket, moved
from helpdesk_cli.errors import Failed
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import people, ties
from helpdesk_cli.store.engine import Tx

NOTHING = "nothing was changed"


def stepped(tx: Tx, desk: Desk, change: Change, stage: str, at: str, kind: str = "moved") -> Change:
    """The same change, and the ticket in another stage, by its slug.

    Raises Failed with what to do where it may not go there, or lacks what it needs to be closed.
    """
    ticket = change.ticket
    if stage != ticket.stage:
        allowed = stages.onward(desk.settings, ticket)
        if stage not in allowed:
            raise Failed(_refused(desk, ticket, stage, allowed))
        if stages.closes(desk.settings, stage) and ticket.state != CLOSED:
            _complete(tx, desk, ticket)
    elif stage not in desk.settings.stage:
        return change  # it stands where the configuration knows no stage any more
    return moved(change, stage, desk.settings.stage[stage].state, at, desk.actor.login, kind=kind)


def refuse_merged(tx: Tx, ticket: Ticket) -> None:
    """Raises Failed for a ticket that leads to another: nothing happens on it any more."""
    if ticket.merged_into is None:
        return
    end = ties.end(tx, ticket.number) or ticket.merged_into
    raise Failed(f"ticket {ticket.number} is merged into {end}, where it goes on; {NOTHING}")


def closing(desk: Desk, ticket: Ticket) -> str:
    """The first closed stage to which a ticket may go. Raises Failed where there is none."""
    stage = stages.first(desk.settings, ticket, CLOSED)
    if stage is None:
        raise Failed(refused(desk, ticket))
    return stage


def reopening(desk: Desk, ticket: Ticket) -> str:
    """The stage in which a closed ticket is worked on again. Raises Failed where it may go to none."""
    if ticket.state != CLOSED:
        raise Failed(f"ticket {ticket.number} is not closed; {NOTHING}")
    stage = stages.at_work(desk.settings, ticket)
    if stage is None:
        raise Failed(refused(desk, ticket))
    return stage


def refused(desk: Desk, ticket: Ticket) -> str:
    """What to say where a ticket may go to none of the stages that would do."""
    return _refused(desk, ticket, "", stages.onward(desk.settings, ticket))


def _refused(desk: Desk, ticket: Ticket, stage: str, allowed: Sequence[str]) -> str:
    """Why a ticket may not go to a stage (or, without one, to any that would do), and where it may."""
    names = desk.settings.stage
    if stage and stage not in stages.usable(desk.settings, ticket.department):
        why = f"ticket {ticket.number} is {ticket.department}'s, which does not use {stage}"
    else:
        why = f"ticket {ticket.number} is in {ticket.stage}"
    told = ", ".join(f"{slug} ({names[slug].state})" for slug in allowed)
    return f"{why}; from {ticket.stage} it may go to: {told or 'nowhere'}; {NOTHING}"


def _complete(tx: Tx, desk: Desk, ticket: Ticket) -> None:
    """Raises Failed where a ticket lacks what its department requires of a closed one."""
    department = desk.settings.department.get(ticket.department)
    if department is None or not department.required:
        return
    client = None
    if "organization" in department.required and ticket.client_id is not None:
        client = people.client_by_id(tx, ticket.client_id)
    missing = stages.lacking(desk.settings, ticket, organization=client.organization if client else None)
    if not missing:
        return
    fields = "".join(f" --{name} …" for name in missing if name in ("category", "type"))
    ways = [f"ticket edit {ticket.number}{fields}"] if fields else []
    if "assignee" in missing:
        ways.append(f"ticket assign {ticket.number} …")
    if "organization" in missing:
        ways.append(f"client edit {client.email if client else '…'} --organization …")
    what = " and ".join(f"{'an' if name[0] in 'ao' else 'a'} {name}" for name in missing)
    how = " and ".join(f"'helpdesk {way}'" for way in ways)
    them = "them" if len(missing) > 1 else "it"
    raise Failed(f"ticket {ticket.number} lacks {what}; set {them} with {how}; {NOTHING}")
