"""What was put off comes back when its moment has come: a built-in rule."""

from helpdesk_cli.domain import stages
from helpdesk_cli.domain.ticket import OPEN, WAITING, Change, Event, Telling, Ticket, moved
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.putting_off import PUT_OFF
from helpdesk_cli.services.rules.contract import Row
from helpdesk_cli.services.rules.waiting import BuiltIn
from helpdesk_cli.settings import Settings
from helpdesk_cli.store import tickets
from helpdesk_cli.store import waiting as rows
from helpdesk_cli.store.engine import Tx


class Wake(BuiltIn):
    """A ticket that was put off until a moment goes back to where it was, and its assignee hears of it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.row = Row(
            name="wake",
            builtin=True,
            enabled=True,
            when="time",
            if_="the ticket was put off until a moment that has come (ticket wait)",
            then="goes back into its former stage; its assignee is told, else the department",
        )

    def due(self, tx: Tx, at: str) -> list[int]:
        return rows.to_wake(tx, at)

    def changed(self, tx: Tx, ticket: Ticket, at: str) -> Change | None:
        if ticket.waits_until is None or ticket.waits_until > at or ticket.state != WAITING:
            return None
        stage = before(self._desk.settings, ticket)
        woken = Event(kind="woken", at=at, actor=self.actor, data={"until": ticket.waits_until})
        change = moved(Change(ticket=ticket, events=(woken,)), stage, OPEN, at, self.actor)
        reason = _reason(tx, ticket.number)
        name = self._desk.settings.stage[stage].name
        lines = [f"It was put off until now, and is back in {name}.", *([reason] if reason else [])]
        told = Telling(whom="assignee", kind="notice", facts={"lines": lines})
        return Change(ticket=change.ticket, events=change.events, tell=(told,))


def before(settings: Settings, ticket: Ticket) -> str:
    """The open stage from which a ticket was put off, else that of tickets at work."""
    stage = ticket.waits_from
    if stage in stages.usable(settings, ticket.department) and settings.stage[stage].state == OPEN:
        return stage
    return stages.back(settings, ticket)


def _reason(tx: Tx, number: int) -> str:
    """What was said where it was put off last."""
    events = [event for event in tickets.events(tx, number) if event.kind == PUT_OFF]
    return str(events[-1].data.get("why") or "") if events else ""
