"""Clients are asked how they rate what was done: a built-in rule."""

from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import SURVEY
from helpdesk_cli.domain.rule_words import span
from helpdesk_cli.domain.stages import entry
from helpdesk_cli.domain.ticket import CLOSED, Change, Event, Telling, Ticket
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.rules.contract import Row
from helpdesk_cli.services.rules.waiting import BuiltIn
from helpdesk_cli.store import people
from helpdesk_cli.store import waiting as rows
from helpdesk_cli.store.engine import Tx

LATEST = 7 * 86400
"""Seconds after closing from which on nobody is asked any more: a survey that is new asks nobody of last year."""


class Survey(BuiltIn):
    """Whose ticket was answered and closed well by a person is asked how that was, once a closing.

    Well is the first closed stage that its department uses, into which ``ticket close`` puts it; others say that
    it was cancelled, or rejected.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        after = self._operation.survey_after
        self.row = Row(
            name="survey",
            builtin=True,
            enabled=after > 0,
            when="time",
            if_=f"somebody of the staff answered the ticket and closed it {span(after)} ago (survey_after), "
            "in the first closed stage",
            then="the client is asked by the mail survey for a digit from 1 to 5, once a closing",
        )

    def due(self, tx: Tx, at: str) -> list[int]:
        return self._unasked(tx, at)

    def changed(self, tx: Tx, ticket: Ticket, at: str) -> Change | None:
        if not self._unasked(tx, at, ticket.number):
            return None
        return Change(
            ticket=replace(ticket, updated_at=max(ticket.updated_at, at)),
            events=(Event(kind="surveyed", at=at, actor=self.actor, data={"closed_at": ticket.closed_at}),),
            tell=(Telling(whom="client", kind=SURVEY),),
        )

    def _unasked(self, tx: Tx, at: str, among: int | None = None) -> list[int]:
        """The tickets that are due, or that one if it is; nobody is asked from whom nothing is taken in."""
        found = rows.unasked(tx, later(at, -LATEST), later(at, -self._operation.survey_after), among)
        return [
            one.number
            for one in found
            if one.stage == entry(self._desk.settings, one.department, CLOSED)
            and not people.is_blocked(tx, one.address)
        ]
