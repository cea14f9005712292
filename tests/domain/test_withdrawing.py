"""A ticket whose answer was taken back: as if nobody had said it."""

from typing import Any

import pytest
from factories import a_message, a_ticket
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Author, Change, Event, Message, moved, said
from helpdesk_cli.domain.withdrawing import withdrawn
from helpdesk_cli.settings import STAGES

BOB = Author(role="staff", name="Bob", email="bob@staff.example", staff="bob")


def at(minute: int) -> str:
    return f"2026-11-22T10:{minute:02d}:00Z"


class Play:
    """A ticket through what is said on it and what becomes of it, a minute a thing."""

    def __init__(self) -> None:
        first = a_message(id=1, at=at(0))
        self.ticket = a_ticket(unanswered_since=at(0), client_word_at=at(0), created_at=at(0))
        self.messages: list[Message] = [first]
        self.events: list[Event] = [Event(kind="opened", at=at(0), actor="ann")]
        self.now = 0

    def take(self, change: Change) -> None:
        self.ticket = change.ticket
        self.messages += [replace(one, id=len(self.messages) + 1) for one in change.messages]
        self.events += change.events

    def say(self, kind: str = "inbound", stage: str | None = None, **fields: Any) -> Message:
        self.now += 1
        ours = {"author": BOB} if kind == "outbound" else {}
        change = said(
            self.ticket,
            a_message(kind=kind, at=at(self.now), **ours, **fields),
            "bob",
            "answered" if ours else "replied",
        )
        if stage:
            change = moved(change, stage, STAGES[stage].state, at(self.now), "bob")
        self.take(change)
        return self.messages[-1]

    def move(self, stage: str) -> None:
        self.now += 1
        self.take(moved(Change(ticket=self.ticket), stage, STAGES[stage].state, at(self.now), "bob"))

    def unsaid(self, message: Message) -> Change:
        others = [one for one in self.messages if one.id != message.id]
        return withdrawn(self.ticket, message, others, self.events, STAGES, at(50), "bob")


FIELDS = ("stage", "state", "closed_at", "unanswered_since", "answered_at", "staff_word_at", "client_word_at")


def state(ticket: Any) -> dict[str, object]:
    return {name: getattr(ticket, name) for name in FIELDS}


@pytest.mark.parametrize("stage", [None, "awaiting", "done"])
@pytest.mark.parametrize(
    "before", [(), ("outbound", "inbound"), ("inbound",), ("outbound",), ("outbound", "inbound", "inbound")]
)
def test_a_ticket_is_as_before_its_answer(before: tuple[str, ...], stage: str | None) -> None:
    play = Play()
    for kind in before:
        play.say(kind)
    was = state(play.ticket)
    change = play.unsaid(play.say("outbound", stage))
    assert state(change.ticket) == was
    assert [event.kind for event in change.events] == (["unsent"] if stage is None else ["unsent", "moved"])


def test_it_is_a_note_then_and_nobody_is_told() -> None:
    play = Play()
    change = play.unsaid(play.say("outbound"))
    assert change.withdraws is not None
    assert (change.withdraws.kind, change.withdraws.is_public, change.silent) == ("note", False, True)


def test_a_ticket_that_was_moved_since_stays_where_it_is() -> None:
    play = Play()
    message = play.say("outbound", "awaiting")
    play.move("in-progress")
    change = play.unsaid(message)
    assert (change.ticket.stage, change.ticket.unanswered_since) == ("in-progress", at(0))


def test_what_a_colleague_answered_since_stays_answered() -> None:
    play = Play()
    message = play.say("outbound")
    play.say("outbound")
    change = play.unsaid(message)
    assert (change.ticket.unanswered_since, change.ticket.answered_at) == (None, at(2))


def test_what_was_closed_without_an_answer_was_not_unanswered() -> None:
    play = Play()
    play.move("done")
    play.move("in-progress")
    was = state(play.ticket)
    assert was["unanswered_since"] is None
    assert state(play.unsaid(play.say("outbound")).ticket) == was


def test_a_client_who_wrote_after_it_waits_since_their_first_word() -> None:
    play = Play()
    message = play.say("outbound")
    play.say("inbound")
    assert play.ticket.unanswered_since == at(2)
    assert play.unsaid(message).ticket.unanswered_since == at(0)


def test_a_stage_that_there_is_no_more_is_not_gone_back_to() -> None:
    play = Play()
    message = play.say("outbound", "awaiting")
    play.events = [
        replace(one, data={**one.data, "from": "old"}) if one.kind == "moved" else one for one in play.events
    ]
    assert play.unsaid(message).ticket.stage == "awaiting"
