"""What words and moves do to a ticket."""

from factories import NOW, a_message, a_ticket

from helpdesk_cli.domain.ticket import Author, Change, edited, moved, opened, said

LATER = "2026-11-22T10:00:00Z"
BOB = Author(role="staff", name="Bob", staff="bob")


def test_an_opened_ticket_waits_for_an_answer() -> None:
    change = opened(a_ticket(message_count=0), a_message(), "ann@client.example")
    assert (change.ticket.unanswered_since, change.ticket.message_count) == (NOW, 1)
    assert [event.kind for event in change.events] == ["opened"]


def test_an_archived_ticket_waits_for_nothing() -> None:
    assert opened(a_ticket(state="closed"), a_message(), "ann").ticket.unanswered_since is None


def test_the_first_unanswered_word_counts() -> None:
    ticket = a_ticket(unanswered_since=NOW)
    assert said(ticket, a_message(at=LATER), "ann", "replied").ticket.unanswered_since == NOW


def test_staffs_public_word_answers_and_a_note_does_not() -> None:
    ticket = a_ticket(unanswered_since=NOW)
    answer = a_message(kind="outbound", author=BOB, at=LATER)
    note = a_message(kind="note", is_public=False, author=BOB, at=LATER)
    assert said(ticket, answer, "bob", "answered").ticket.unanswered_since is None
    assert said(ticket, note, "bob", "noted").ticket.unanswered_since == NOW


def test_a_note_alone_leaves_a_ticket_idle_and_a_public_word_does_not() -> None:
    ticket = a_ticket(state="waiting", is_idle=1, touched_at=NOW)
    note = said(ticket, a_message(kind="note", is_public=False, author=BOB, at=LATER), "bob", "noted").ticket
    assert (note.is_idle, note.touched_at) == (1, LATER)
    answer = a_message(kind="outbound", author=BOB, at=LATER)
    assert said(ticket, answer, "bob", "answered").ticket.is_idle == 0
    assert said(ticket, a_message(at=LATER), "ann", "replied").ticket.is_idle == 0


def test_an_older_mail_does_not_turn_the_clock_back() -> None:
    ticket = a_ticket(updated_at=LATER)
    assert said(ticket, a_message(at=NOW), "ann", "replied").ticket.updated_at == LATER


def test_closing_notes_the_moment_and_reopening_forgets_it() -> None:
    done = moved(Change(ticket=a_ticket(unanswered_since=NOW)), "done", "closed", LATER, "bob")
    assert (done.ticket.closed_at, done.ticket.unanswered_since) == (LATER, None)
    again = moved(Change(ticket=done.ticket), "new", "open", LATER, "bob", kind="reopened")
    assert (again.ticket.closed_at, again.events[0].kind) == (None, "reopened")


def test_moving_between_closed_stages_keeps_the_first_moment() -> None:
    ticket = a_ticket(stage="done", state="closed", closed_at=NOW)
    assert moved(Change(ticket=ticket), "rejected", "closed", LATER, "bob").ticket.closed_at == NOW


def test_moving_to_where_it_stands_is_no_event() -> None:
    change = Change(ticket=a_ticket())
    assert moved(change, "new", "open", LATER, "bob") is change


def test_each_edited_field_is_an_event_and_an_equal_one_is_none() -> None:
    change = edited(
        Change(ticket=a_ticket()), LATER, "bob", priority="high", department="support", assignee="bob"
    )
    assert [(event.kind, event.data) for event in change.events] == [
        ("edited", {"field": "priority", "from": "normal", "to": "high"}),
        ("assigned", {"from": None, "to": "bob"}),
    ]
    same = Change(ticket=a_ticket())
    assert edited(same, LATER, "bob", priority="normal") is same
