"""What becomes of a ticket's clocks: pauses, answers, closing, other terms."""

from typing import Any

import pytest
from factories import a_message, a_ticket
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later, seconds_between
from helpdesk_cli.domain.sla import (
    FIRST,
    NEXT,
    RESOLUTION,
    Clock,
    Terms,
    Work,
    due_at,
    followed,
    terms_of,
    untold,
    used_until,
    worked,
)
from helpdesk_cli.domain.ticket import Author, Change, Event, Ticket, edited, moved, opened, said
from helpdesk_cli.domain.worktime import ALWAYS, Calendar, calendar_of
from helpdesk_cli.settings import Sla, Span

HOUR = 3600
MONDAY = "2026-11-23T09:00:00Z"
OFFICE = calendar_of(("mon-fri 09:00-17:00",), "UTC")
BOB = Author(role="staff", name="Bob", staff="bob")
STATES = {"new": "open", "in-progress": "open", "awaiting": "waiting", "done": "closed"}
CALENDARS = {"gold": OFFICE, "night": ALWAYS}


def gold(first: float = 4, following: float = 8, resolution: float = 40, **more: Any) -> Terms:
    budgets = {FIRST: first, NEXT: following, RESOLUTION: resolution}
    promised = {target: int(hours * HOUR) for target, hours in budgets.items() if hours}
    return Terms(**{"sla": "gold", "calendar": OFFICE, "budgets": promised, "warn_at": 75, **more})


TERMS = {
    "gold": gold(),
    "night": gold(first=1, resolution=5, sla="night", calendar=ALWAYS),
    "none": Terms(),
}


class Story:
    """A ticket, what happens to it, and its clocks, which follow each step."""

    def __init__(self, terms: Terms | None = None, at: str = MONDAY, **fields: Any) -> None:
        self.terms = terms or gold()
        self.events: tuple[Event, ...] = ()
        self.clocks: dict[str, Clock] = {}
        ticket = a_ticket(created_at=at, updated_at=at, message_count=0, **fields)
        self.ticket: Ticket = ticket
        self._done(opened(ticket, a_message(at=at), "ann"), at)

    def _done(self, change: Change, at: str) -> "Story":
        self.ticket, self.events = change.ticket, (*self.events, *change.events)
        return self.follow(at)

    def follow(self, at: str) -> "Story":
        self.clocks = followed(
            self.clocks,
            self.ticket,
            self.terms,
            at,
            counted_by=CALENDARS.get,
            history=lambda begun: worked(self.ticket, self.events, STATES),
        )
        self.ticket = replace(self.ticket, due_at=due_at(self.clocks.values()))
        return self

    def client(self, at: str) -> "Story":
        return self._done(said(self.ticket, a_message(at=at), "ann", "replied"), at)

    def answer(self, at: str) -> "Story":
        message = a_message(kind="outbound", author=BOB, at=at)
        return self._done(said(self.ticket, message, "bob", "answered"), at)

    def note(self, at: str) -> "Story":
        message = a_message(kind="note", is_public=False, author=BOB, at=at)
        return self._done(said(self.ticket, message, "bob", "noted"), at)

    def move(self, stage: str, at: str, *, is_idle: bool = False) -> "Story":
        change = moved(Change(ticket=self.ticket), stage, STATES[stage], at, "bob", is_idle=is_idle)
        return self._done(change, at)

    def promise(self, terms: Terms, at: str) -> "Story":
        self.terms = terms
        return self.follow(at)

    def told(self, target: str, at: str, *, breach: bool = False) -> "Story":
        told = {"breached_at": at, "breach_at": None} if breach else {"warned_at": at}
        self.clocks[target] = replace(self.clocks[target], warn_at=None, **told)  # type: ignore[arg-type]
        return self

    def used(self, target: str, at: str) -> float:
        clock = self.clocks[target]
        return used_until(clock, CALENDARS.get(clock.sla, ALWAYS), at) / HOUR


def on(day: int, time: str) -> str:
    """A moment of that November."""
    return f"2026-11-{day:02}T{time}:00Z"


# The beginning


def test_a_new_ticket_has_the_clocks_that_are_promised() -> None:
    story = Story()
    first, resolution = story.clocks[FIRST], story.clocks[RESOLUTION]
    assert set(story.clocks) == {FIRST, RESOLUTION}
    assert (first.started_at, first.running_since, first.used) == (MONDAY, MONDAY, 0)
    assert (first.warn_at, first.due_at, first.breach_at) == (
        on(23, "12:00"),
        on(23, "13:00"),
        on(23, "13:00"),
    )
    assert (resolution.warn_at, resolution.due_at) == (on(26, "15:00"), on(27, "17:00"))
    assert story.ticket.due_at == on(23, "13:00")


def test_what_is_not_promised_has_no_clock() -> None:
    assert set(Story(gold(first=0)).clocks) == {RESOLUTION}
    assert Story(Terms()).clocks == {}
    assert Story(gold(warn_at=0)).clocks[FIRST].warn_at is None


def test_a_ticket_that_is_closed_from_its_birth_has_none() -> None:
    assert Story(state="closed", stage="done").clocks == {}


def test_a_level_has_times_by_priority() -> None:
    level = Sla(
        name="Gold",
        first_response={"urgent": Span(HOUR), "else": Span(4 * HOUR)},
        next_response={"urgent": Span(HOUR)},
        warn_at=50,
    )
    urgent, low = (terms_of("gold", level, OFFICE, priority) for priority in ("urgent", "low"))
    assert (urgent.budgets, urgent.warn_at) == ({FIRST: HOUR, NEXT: HOUR}, 50)
    assert low.budgets.get(FIRST) == 4 * HOUR
    assert not low.budgets.get(NEXT)


# Answers


def test_staffs_first_public_word_ends_the_first_response() -> None:
    story = Story().note(on(23, "10:00"))
    assert story.clocks[FIRST].state == "runs"
    story.answer(on(23, "11:00"))
    first = story.clocks[FIRST]
    assert (first.met_at, first.used, first.state) == (on(23, "11:00"), 2 * HOUR, "met")
    assert (first.warn_at, first.due_at, first.breach_at) == (None, None, None)
    assert story.ticket.due_at == on(27, "17:00")


def test_the_next_response_is_awaited_from_the_clients_first_waiting_word() -> None:
    story = Story().client(on(23, "10:00"))
    assert NEXT not in story.clocks
    story.answer(on(23, "11:00")).client(on(23, "12:00")).client(on(23, "15:00"))
    assert (story.clocks[NEXT].started_at, story.clocks[NEXT].due_at) == (on(23, "12:00"), on(24, "12:00"))
    story.answer(on(23, "16:00"))
    assert (story.clocks[NEXT].met_at, story.clocks[NEXT].used) == (on(23, "16:00"), 4 * HOUR)
    story.told(NEXT, on(23, "16:00")).client(on(24, "09:00"))
    again = story.clocks[NEXT]
    assert (again.started_at, again.used, again.met_at, again.warned_at) == (on(24, "09:00"), 0, None, None)


# Pauses


def test_a_clock_stands_in_a_waiting_stage_and_goes_on_where_it_stood() -> None:
    story = Story().move("awaiting", on(23, "11:00"))
    first = story.clocks[FIRST]
    assert (first.state, first.used, first.due_at, first.warn_at) == ("stands", 2 * HOUR, None, None)
    assert story.ticket.due_at is None
    story.note(on(24, "12:00")).move("in-progress", on(25, "09:00"))
    first = story.clocks[FIRST]
    assert (first.running_since, first.used) == (on(25, "09:00"), 2 * HOUR)
    assert (first.warn_at, first.due_at) == (on(25, "10:00"), on(25, "11:00"))
    assert story.used(RESOLUTION, on(25, "10:00")) == 3


def test_a_ticket_that_waits_because_nobody_did_anything_stops_no_clock() -> None:
    story = Story()
    before = dict(story.clocks)
    story.move("awaiting", on(23, "11:00"), is_idle=True)
    assert story.clocks == before
    assert story.note(on(23, "11:30")).clocks == before
    assert story.move("in-progress", on(23, "12:00")).clocks == before


def test_a_ticket_may_begin_as_one_that_waits() -> None:
    story = Story(state="waiting", stage="awaiting")
    assert {clock.state for clock in story.clocks.values()} == {"stands"}
    assert story.move("new", on(24, "09:00")).clocks[FIRST].due_at == on(24, "13:00")


def test_what_came_late_turns_nothing_back() -> None:
    story = Story().move("awaiting", on(23, "11:00")).move("in-progress", on(23, "12:00"))
    story.move("awaiting", on(23, "11:30"))  # a mail that arrived before, and was fetched after
    assert story.used(FIRST, on(23, "16:00")) == 2
    story = Story().move("awaiting", on(23, "11:00")).move("in-progress", on(23, "12:00"))
    story.promise(TERMS["night"], on(23, "11:30"))
    assert story.clocks[FIRST].running_since == on(23, "12:00")


def test_an_answer_that_nobody_followed_ended_the_first_response_when_it_was_given() -> None:
    story = Story()
    story.ticket = replace(story.ticket, answered_at=on(23, "10:00"))
    first = story.follow(on(23, "12:00")).clocks[FIRST]
    assert (first.met_at, first.used) == (on(23, "10:00"), HOUR)


# The end


def test_closing_ends_every_clock_and_opening_again_has_them_go_on() -> None:
    story = Story().answer(on(23, "10:00")).client(on(23, "11:00")).move("done", on(23, "12:00"))
    assert {target: clock.met_at for target, clock in story.clocks.items()} == {
        FIRST: on(23, "10:00"),
        NEXT: on(23, "12:00"),
        RESOLUTION: on(23, "12:00"),
    }
    assert story.ticket.due_at is None
    story.move("in-progress", on(25, "09:00"))
    resolution = story.clocks[RESOLUTION]
    assert (resolution.met_at, resolution.used, resolution.running_since) == (
        None,
        3 * HOUR,
        on(25, "09:00"),
    )
    assert story.clocks[FIRST].met_at == on(23, "10:00")
    assert story.clocks[NEXT].met_at == on(23, "12:00")  # no word of the client waits


def test_closed_without_an_answer_and_opened_again_the_first_response_is_awaited_still() -> None:
    story = Story().move("done", on(23, "11:00")).move("in-progress", on(24, "09:00"))
    assert (story.clocks[FIRST].used, story.clocks[FIRST].due_at) == (2 * HOUR, on(24, "11:00"))


def test_a_breach_that_was_told_is_not_told_again_after_a_pause() -> None:
    story = Story().told(FIRST, on(23, "13:00"), breach=True)
    story.move("awaiting", on(23, "14:00")).move("in-progress", on(24, "09:00"))
    first = story.clocks[FIRST]
    assert (first.breach_at, first.warn_at) == (None, None)
    assert first.due_at is not None
    assert first.due_at <= on(24, "09:00")  # so lists show it as overdue


# Other terms


def test_another_priority_changes_the_time_and_not_what_was_used() -> None:
    story = Story().promise(gold(first=2), on(23, "10:00"))
    assert (story.clocks[FIRST].warn_at, story.clocks[FIRST].due_at) == (on(23, "10:30"), on(23, "11:00"))
    story.promise(gold(first=8), on(23, "10:30"))
    assert (story.used(FIRST, on(23, "12:00")), story.clocks[FIRST].due_at) == (3, on(23, "17:00"))


def test_what_was_told_is_told_once_more_only_where_there_is_time_again() -> None:
    story = Story().told(FIRST, on(23, "12:10")).promise(gold(first=8), on(23, "12:20"))
    assert (story.clocks[FIRST].warned_at, story.clocks[FIRST].warn_at) == (None, on(23, "15:00"))
    story = Story().told(FIRST, on(23, "12:10")).promise(gold(first=3.5), on(23, "12:20"))
    assert (story.clocks[FIRST].warned_at, story.clocks[FIRST].warn_at) == (on(23, "12:10"), None)
    story = Story().told(FIRST, on(23, "13:10"), breach=True).promise(gold(first=3), on(23, "13:20"))
    assert (story.clocks[FIRST].breached_at, story.clocks[FIRST].breach_at) == (on(23, "13:10"), None)
    story.promise(gold(first=6), on(23, "13:30"))
    assert (story.clocks[FIRST].breached_at, story.clocks[FIRST].breach_at) == (None, on(23, "15:00"))


def test_what_an_old_mail_brings_does_not_repeat_what_was_told() -> None:
    story = Story().told(FIRST, on(23, "12:10"))
    assert story.client(on(23, "11:00")).clocks[FIRST].warned_at == on(23, "12:10")
    story.promise(gold(first=4.01), on(23, "11:30"))  # a rule that answered it
    assert story.clocks[FIRST].warned_at == on(23, "12:10")
    story = Story().told(FIRST, on(23, "12:10")).move("awaiting", on(23, "11:00"))
    assert story.clocks[FIRST].warned_at == on(23, "12:10")


def test_another_calendar_counts_from_then_on() -> None:
    story = Story(at=on(20, "15:00"))  # a Friday
    story.promise(replace(gold(), sla="night", calendar=ALWAYS), on(20, "16:00"))
    assert (story.clocks[FIRST].used, story.clocks[FIRST].due_at) == (HOUR, on(20, "19:00"))
    story.promise(gold(), on(20, "17:00"))
    assert (story.clocks[FIRST].used, story.clocks[FIRST].due_at) == (2 * HOUR, on(23, "11:00"))


def test_where_nothing_is_promised_any_more_the_clock_runs_on_unseen() -> None:
    story = Story().promise(Terms(), on(23, "10:00"))
    first = story.clocks[FIRST]
    assert (first.budget, first.due_at, first.warn_at, story.ticket.due_at) == (0, None, None, None)
    story.move("awaiting", on(23, "11:00")).promise(gold(), on(23, "12:00"))
    assert (story.clocks[FIRST].used, story.clocks[FIRST].state) == (2 * HOUR, "stands")
    assert story.move("new", on(24, "09:00")).clocks[FIRST].due_at == on(24, "11:00")


def test_a_promise_that_comes_late_counts_from_the_opening_without_the_pauses() -> None:
    story = Story(Terms()).move("awaiting", on(23, "10:00")).move("new", on(23, "15:00"))
    story.promise(gold(), on(24, "10:00"))
    first = story.clocks[FIRST]
    assert (first.started_at, first.used, first.running_since) == (MONDAY, HOUR, on(23, "15:00"))
    assert first.due_at == on(24, "10:00")
    story = Story(Terms()).answer(on(23, "10:00")).client(on(23, "11:00")).move("done", on(23, "11:30"))
    story.client(on(24, "09:00")).move("in-progress", on(24, "10:00")).promise(gold(), on(24, "12:00"))
    assert story.used(NEXT, on(24, "12:00")) == 2  # closed tickets wait for nobody
    assert FIRST not in story.clocks
    story = Story(Terms()).move("awaiting", on(23, "10:00"), is_idle=True).answer(on(23, "11:00"))
    assert story.promise(gold(), on(23, "12:00")).clocks[RESOLUTION].state == "stands"
    assert story.used(RESOLUTION, on(23, "15:00")) == 3  # the log does not say that it was less


def test_what_was_over_before_its_clock_was_made_is_no_news() -> None:
    late = Story(Terms()).promise(gold(), on(25, "10:00")).clocks
    quiet = untold(late, {}, on(25, "10:00"))
    assert (quiet[FIRST].breach_at, quiet[FIRST].breached_at) == (None, on(25, "10:00"))
    assert quiet[FIRST].due_at == late[FIRST].due_at == on(23, "13:00")
    assert quiet[RESOLUTION] == late[RESOLUTION]
    assert untold(late, late, on(25, "10:00")) == late


def test_a_time_that_no_calendar_has_is_never_over() -> None:
    story = Story(gold(resolution=100_000))
    assert story.clocks[RESOLUTION].due_at is None
    empty = calendar_of((), "UTC")
    assert Story(gold(calendar=empty)).ticket.due_at is None


# The log


def test_the_log_tells_when_a_ticket_was_at_work() -> None:
    story = Story().move("awaiting", on(23, "10:00")).move("new", on(23, "11:00"))
    story.move("awaiting", on(23, "12:00"), is_idle=True).move("done", on(23, "13:00"))
    assert worked(story.ticket, story.events, STATES) == Work(
        ((MONDAY, on(23, "10:00")), (on(23, "11:00"), on(23, "13:00"))), None
    )
    assert worked(a_ticket(created_at=MONDAY), (), STATES) == Work((), MONDAY)
    waiting = a_ticket(created_at=MONDAY, state="waiting")
    assert worked(waiting, (), STATES) == Work()
    assert worked(replace(waiting, is_idle=1), (), STATES) == Work((), MONDAY)


def test_a_stage_that_is_configured_no_more_counts_as_open() -> None:
    events = [Event(kind="moved", at=on(23, "10:00"), actor="bob", data={"from": "old", "to": "awaiting"})]
    assert worked(a_ticket(created_at=MONDAY), events, STATES) == Work(((MONDAY, on(23, "10:00")),), None)


def test_who_it_was_given_to_is_no_move() -> None:
    change = edited(Change(ticket=a_ticket(assignee="new")), on(23, "10:00"), "bob", assignee="done")
    handed = Event(kind="handed-over", at=on(23, "11:00"), actor="bob", data={"from": "new", "to": "done"})
    assert worked(change.ticket, (*change.events, handed), STATES).done == ()


# What always holds

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["wait", "work", "idle", "close", "answer", "client", "note", "gold", "night", "none"]
        ),
        st.integers(0, 30 * HOUR),
    ),
    max_size=12,
)


def step(story: Story, what: str, at: str) -> None:
    moves = {"wait": "awaiting", "work": "in-progress", "idle": "awaiting", "close": "done"}
    if what in moves:
        story.move(moves[what], at, is_idle=what == "idle")
    elif what in TERMS:
        story.promise(TERMS[what], at)
    else:
        getattr(story, what)(at)


@settings(deadline=None)
@given(STEPS)
def test_a_clock_never_loses_what_it_used_and_its_moments_fit_its_state(
    steps: list[tuple[str, int]],
) -> None:
    story, at, most = Story(), MONDAY, {FIRST: 0.0, RESOLUTION: 0.0}
    for what, passed in steps:
        at = later(at, passed)
        step(story, what, at)
        for target, clock in story.clocks.items():
            is_running = clock.state == "runs"
            assert (clock.due_at is not None) == (is_running and clock.budget > 0)
            assert (clock.breach_at is None) == (clock.due_at is None)
            used = used_until(clock, CALENDARS[clock.sla], at)
            if target != NEXT:
                assert used >= most[target]
                most[target] = used
            assert used <= seconds_between(clock.started_at, at)
            if clock.due_at is not None and clock.due_at > at:
                assert used_until(clock, CALENDARS[clock.sla], clock.due_at) == clock.budget
        assert story.ticket.due_at == min(
            (clock.due_at for clock in story.clocks.values() if clock.due_at), default=None
        )
        if story.ticket.state == "closed":
            assert all(clock.met_at for clock in story.clocks.values())


@settings(deadline=None)
@given(STEPS)
def test_to_follow_once_more_changes_nothing(steps: list[tuple[str, int]]) -> None:
    story, at = Story(), MONDAY
    for what, passed in steps:
        at = later(at, passed)
        step(story, what, at)
        before = dict(story.clocks)
        assert story.follow(later(at, 1)).clocks == before


@settings(deadline=None)
@given(STEPS)
def test_a_promise_from_the_log_counts_as_one_that_was_there_from_the_beginning(
    steps: list[tuple[str, int]],
) -> None:
    always, late, at = Story(), Story(Terms()), MONDAY
    for what, passed in steps:
        at = later(at, passed)
        # A public word on a ticket that lies idle ends that without a move in the log.
        if what not in TERMS and not (always.ticket.is_idle and what in ("answer", "client")):
            step(always, what, at)
            step(late, what, at)
    late.promise(gold(), at)
    for target, clock in late.clocks.items():
        assert late.used(target, at) == always.used(target, at)
        assert (clock.started_at, clock.due_at) == (
            always.clocks[target].started_at,
            always.clocks[target].due_at,
        )
    assert late.ticket.due_at == always.ticket.due_at


@pytest.mark.parametrize("calendar", [OFFICE, ALWAYS])
def test_a_warning_comes_at_its_share_of_the_time(calendar: Calendar) -> None:
    first = Story(gold(calendar=calendar, sla="night" if calendar is ALWAYS else "gold")).clocks[FIRST]
    assert first.warn_at is not None
    assert used_until(first, calendar, first.warn_at) == 0.75 * first.budget
