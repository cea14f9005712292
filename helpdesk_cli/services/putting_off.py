"""A ticket put off: it waits until a moment, and comes back by itself."""

from msgspec.structs import replace

from helpdesk_cli.domain.stages import first
from helpdesk_cli.domain.ticket import CLOSED, OPEN, WAITING, Change, Event
from helpdesk_cli.errors import Failed, Usage
from helpdesk_cli.services import stepping
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.services.tickets import changeable, noted
from helpdesk_cli.store.engine import Tx

PUT_OFF = "put-off"

LONGEST_REASON = 500
"""So much of a note is told when the ticket comes back; all of it stands on the ticket."""


def wait(
    desk: Desk, number: int, until: str, note: str = "", *, stage: str | None = None, silent: bool = False
) -> None:
    """Let a ticket wait until a moment, with a note that says why where there is one.

    ``stage`` is a waiting one; without it the ticket stays in its own where that is one, else it goes to the
    first that may follow. Raises Usage for another stage, Failed for a closed ticket and where no waiting
    stage may follow.
    """
    wanted = slug_of("stage", desk.settings.stage, stage)
    if wanted is not None and desk.settings.stage[wanted].state != WAITING:
        raise Usage(f'--stage {stage}: nothing waits there; name a stage with state = "waiting"')
    desk.engine.transact(lambda tx: _wait(tx, desk, number, until, note.strip(), wanted, silent))


def _wait(tx: Tx, desk: Desk, number: int, until: str, note: str, wanted: str | None, silent: bool) -> None:
    ticket, at, actor = changeable(tx, desk, number), desk.clock(), desk.actor.login
    if ticket.state == CLOSED:
        raise Failed(f"ticket {number} is closed; 'helpdesk ticket reopen {number}' comes first")
    change = noted(tx, desk, ticket, note, at) if note else Change(ticket=ticket)
    change = stepping.stepped(tx, desk, change, wanted or _stage(desk, change), at)
    data: dict[str, object] = {"until": until, **({"why": note[:LONGEST_REASON]} if note else {})}
    after = replace(
        change.ticket,
        waits_until=until,
        waits_from=ticket.stage if ticket.state == OPEN else ticket.waits_from,
        is_idle=0,
        updated_at=max(ticket.updated_at, at),
        touched_at=at,
    )
    event = Event(kind=PUT_OFF, at=at, actor=actor, data=data)
    record(tx, desk, replace(change, ticket=after, events=(*change.events, event), silent=silent))


def _stage(desk: Desk, change: Change) -> str:
    """The waiting stage into which a ticket goes where nobody names one. Raises Failed where there is none."""
    stage = first(desk.settings, change.ticket, WAITING)
    if stage is None:
        raise Failed(stepping.refused(desk, change.ticket))
    return stage
