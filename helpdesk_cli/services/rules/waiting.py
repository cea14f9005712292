"""What becomes of tickets that nobody looks at, and of those whose clients do not answer: built-in rules."""

from collections.abc import Sequence

from msgspec.structs import replace

from helpdesk_cli.domain import stages
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import Actor
from helpdesk_cli.domain.rule_words import span
from helpdesk_cli.domain.ticket import OPEN, WAITING, Change, Event, Telling, Ticket, moved
from helpdesk_cli.errors import Failed
from helpdesk_cli.services import stepping
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.effects import FAILED
from helpdesk_cli.services.rules.contract import Row
from helpdesk_cli.store import fired, tickets
from helpdesk_cli.store import waiting as rows
from helpdesk_cli.store.engine import Tx


class BuiltIn:
    """A built-in rule. Each ticket that is due is looked at once more when it is changed."""

    row: Row

    def __init__(self, desk: Desk) -> None:
        self._desk, self._operation = desk, desk.settings.operation

    @property
    def actor(self) -> str:
        return f"rule:{self.row.name}"

    def due(self, tx: Tx, at: str) -> list[int]:
        raise NotImplementedError

    def changed(self, tx: Tx, ticket: Ticket, at: str) -> Change | None:
        """What becomes of a ticket; None where it is not due any more."""
        raise NotImplementedError

    def fire(self, tx: Tx, numbers: Sequence[int], at: str) -> list[int]:
        found = tickets.load_all(tx, numbers)
        hit = []
        for number in numbers:
            change = self.changed(tx, found[number], at) if number in found else None
            if change is not None:
                record(tx, self._desk, change)
                fired.note(tx, self.row.name, number, at)
                hit.append(number)
        return hit

    def complaints(self) -> list[str]:
        return []


class Awaiting(BuiltIn):
    """An open ticket that nobody touched goes to the first waiting stage; its service level goes on."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        after = self._operation.awaiting_after
        self._why = f"Nobody did anything for {in_words(after)}"
        self.row = Row(
            name="awaiting",
            builtin=True,
            enabled=after > 0,
            when="time",
            if_=f"the ticket is open and nobody did anything for {span(after)} (awaiting_after)",
            then="moves to the first waiting stage; its service level goes on",
        )

    def due(self, tx: Tx, at: str) -> list[int]:
        return rows.untouched(tx, later(at, -self._operation.awaiting_after))

    def changed(self, tx: Tx, ticket: Ticket, at: str) -> Change | None:  # noqa: ARG002
        border = later(at, -self._operation.awaiting_after)
        if ticket.state != OPEN or ticket.touched_at is None or ticket.touched_at > border:
            return None
        change = Change(ticket=ticket)
        stage = stages.first(self._desk.settings, ticket, WAITING)
        if stage is None:
            return refused(change, f"from {ticket.stage} it may go to no waiting stage", at, self.actor)
        return because(moved(change, stage, WAITING, at, self.actor, is_idle=True), self._why)


class Reminder(BuiltIn):
    """Whoever does not answer our last word is reminded, once a wait."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        after = self._operation.reminder_after
        self.row = Row(
            name="reminder",
            builtin=True,
            enabled=after > 0,
            when="time",
            if_=f"the ticket waits for its client, who did not answer us for {span(after)} (reminder_after)",
            then="the client gets the mail reminder, once",
        )

    def due(self, tx: Tx, at: str) -> list[int]:
        return rows.unreminded(tx, later(at, -self._operation.reminder_after))

    def changed(self, tx: Tx, ticket: Ticket, at: str) -> Change | None:  # noqa: ARG002
        border = later(at, -self._operation.reminder_after)
        if not is_awaiting_client(ticket) or ticket.reminded_at is not None or waits_since(ticket) > border:
            return None
        left = self._operation.inactive_after
        return Change(
            ticket=replace(ticket, reminded_at=at, updated_at=max(ticket.updated_at, at)),
            events=(Event(kind="reminded", at=at, actor=self.actor, data={"since": waits_since(ticket)}),),
            tell=(
                Telling(whom="client", kind="reminder", facts={"closes_in": in_words(left) if left else ""}),
            ),
        )


class Inactive(BuiltIn):
    """Whoever does not answer the reminder either has their ticket closed, and is told how to reopen it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        after, reminder = self._operation.inactive_after, self._operation.reminder_after
        what = "the reminder" if reminder else "us"
        self._why = f"The client did not answer {what} for {in_words(after)}"
        self.row = Row(
            name="inactive",
            builtin=True,
            enabled=after > 0,
            when="time",
            if_=f"the ticket waits for its client, who did not answer {what} for {span(after)} (inactive_after)",
            then="is closed; the client gets the mail inactive, which says how to reopen it",
        )

    def due(self, tx: Tx, at: str) -> list[int]:
        is_reminded = self._operation.reminder_after > 0
        return rows.inactive(tx, later(at, -self._operation.inactive_after), is_reminded=is_reminded)

    def changed(self, tx: Tx, ticket: Ticket, at: str) -> Change | None:
        border = later(at, -self._operation.inactive_after)
        since = ticket.reminded_at if self._operation.reminder_after else waits_since(ticket)
        if not is_awaiting_client(ticket) or since is None or since > border:
            return None
        acting = replace(self._desk, actor=Actor(login=self.actor, is_admin=True))
        change = Change(ticket=ticket)
        try:
            stage = stepping.closing(acting, ticket)
            change = stepping.stepped(tx, acting, change, stage, at)
        except Failed as error:
            return refused(change, str(error), at, self.actor)
        facts: dict[str, object] = {"reopen_days": self._operation.reopen_days}
        told = Telling(whom="client", kind="inactive", facts=facts)
        # No person did this.
        change = replace(change, ticket=replace(change.ticket, touched_at=ticket.touched_at), tell=(told,))
        return because(change, self._why)


def is_awaiting_client(ticket: Ticket) -> bool:
    """Whether a ticket waits for its client, the last word being ours."""
    if ticket.state != WAITING or ticket.is_idle or ticket.waits_until or ticket.staff_word_at is None:
        return False
    return ticket.client_word_at is None or ticket.client_word_at <= ticket.staff_word_at


def waits_since(ticket: Ticket) -> str:
    """Since when a ticket waits for an answer: our last word, or when it came to wait."""
    return max(ticket.staff_word_at or "", ticket.stage_since or ticket.created_at)


def because(change: Change, why: str) -> Change:
    """The same change, its last event with a reason."""
    *events, last = change.events
    return replace(change, events=(*events, replace(last, data={**last.data, "why": why})))


def refused(change: Change, why: str, at: str, actor: str) -> Change:
    """What is left where a built-in rule cannot do its work: a line in the log, and somebody is told."""
    event = Event(kind=FAILED, at=at, actor=actor, data={"why": why})
    told = Telling(whom="assignee", kind="notice", facts={"lines": [f"{actor.removeprefix('rule:')}: {why}"]})
    return replace(change, events=(*change.events, event), tell=(*change.tell, told))


def in_words(seconds: int) -> str:
    """A span for people: ``5 days``, ``1 hour``."""
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % size == 0 or seconds >= 2 * size:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "a minute"
