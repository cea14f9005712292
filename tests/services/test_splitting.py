"""Messages that become a ticket of their own: what goes along, what stays, and who hears."""

from email import message_from_bytes, policy
from typing import Any

import pytest

from helpdesk_cli.domain.links import Link
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services import (
    assigning,
    editing,
    mailroom,
    members,
    merging,
    people,
    splitting,
    tickets,
    views,
)
from helpdesk_cli.settings import Department, Sla
from helpdesk_cli.store import clocks, ties

FILE = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"


def mail(
    office: Any,
    number: int,
    text: str,
    *,
    sender: str = "Ann <ann@client.example>",
    subject: str = "Printer",
    to: str = "support@desk.example",
    headers: str = "References: <1@client.example>\r\n",
) -> Any:
    """Let a mail come in, a minute after whatever was before; the inbox's line of it."""
    office.passes(minutes=1)
    return office.mail(
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{number}@client.example>\r\n"
        f"{headers}\r\n{text}\r\n",
        arrived_at=office.now,
    )


@pytest.fixture
def desk(office: Any) -> Any:
    """Ann's ticket 1000 with two further mails, the second with a file; Bob and Dave are of support."""
    members.new_staff(office.desk, "dave", name="Dave", email="dave@staff.example")
    members.join(office.desk, "dave", "support")
    mail(office, 1, "My printer burns.")
    mail(office, 2, "And my phone is dumb.", subject="Re: [HD-1000] Phone")
    text = "--b\r\n\r\nHere is the bill.\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--b--"
    mail(office, 3, text, headers=f"References: <1@client.example>\r\n{FILE}")
    office.passes(minutes=1)
    return office


def ids(office: Any, number: int = 1000) -> list[int]:
    return [one.id for one in office.messages(number)]


def said(office: Any, number: int) -> list[str]:
    return [one.new_text.strip() for one in office.messages(number)]


def answered(office: Any, number: int) -> dict[str, str]:
    """Answer a ticket; what each recipient is sent."""
    office.passes(minutes=1)
    before = len(office.letters())
    tickets.reply(office.by("bob"), number, tickets.Answer(text="We see."))
    return {
        one.recipient.partition("@")[0]: message_from_bytes(
            mailroom.letter_raw(office.desk, one.id), policy=policy.default
        )
        .get_body(("plain",))  # type: ignore[union-attr]
        .get_content()
        for one in office.letters()[before:]
    }


def test_a_message_becomes_a_ticket_of_the_same_client_and_department(desk: Any) -> None:
    made = splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    new, old = desk.ticket(made), desk.ticket(1000)
    assert (made, new.subject, new.department, new.client_id) == (1001, "Phone", "support", old.client_id)
    assert (new.state, new.stage, new.channel) == ("open", "new", "email")
    assert said(desk, 1001) == ["And my phone is dumb."]
    assert said(desk, 1000) == ["My printer burns.", "Here is the bill."]
    assert (new.message_count, old.message_count) == (1, 2)
    assert desk.events(1001) == ["opened", "split-off"]
    assert desk.events(1000) == ["opened", "replied", "replied", "split"]


def test_both_are_linked(desk: Any) -> None:
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    with desk.desk.engine.read() as tx:
        assert ties.links(tx, 1001) == [Link(1000, "split")]
        assert [one.words() for one in ties.links(tx, 1000)] == ["1001 (split into)"]


def test_files_and_the_raw_mail_go_along(desk: Any) -> None:
    splitting.split(desk.by("bob"), 1000, ids(desk)[2], subject="  The bill\n ")
    assert desk.ticket(1001).subject == "The bill"
    (file,) = views.attachments(desk.desk, 1001)
    assert (file.name, views.attachment(desk.desk, 1001, 1)) == ("a.txt", b"x")
    assert views.attachments(desk.desk, 1000) == []
    assert [entry.ticket for entry in mailroom.entries(desk.desk, everything=True)] == [1001, 1000, 1000]


def test_what_is_searched_for_is_found_on_the_new_ticket(desk: Any) -> None:
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    assert [one.ticket.number for one in views.listing(desk.desk, search="dumb")] == [1001]


def test_an_answer_to_its_mail_comes_to_the_new_ticket_and_one_to_ours_to_the_old(desk: Any) -> None:
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    assert mail(desk, 4, "Still.", headers="In-Reply-To: <2@client.example>\r\n").ticket == 1001
    assert mail(desk, 5, "Burns.", headers="In-Reply-To: <1@client.example>\r\n").ticket == 1000
    answered(desk, 1000)
    (letter,) = desk.letters(kind="reply")
    assert mail(desk, 6, "Yes.", headers=f"In-Reply-To: {letter.message_id}\r\n").ticket == 1000
    answered(desk, 1001)
    letter = desk.letters(kind="reply")[-1]
    assert mail(desk, 7, "Yes.", headers=f"In-Reply-To: {letter.message_id}\r\n").ticket == 1001


def test_each_answer_repeats_what_was_said_on_its_ticket(desk: Any) -> None:
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    old, new = answered(desk, 1000), answered(desk, 1001)
    assert "dumb" not in old["ann"]
    assert "burns" in old["ann"]
    assert "burns" not in new["ann"]
    assert "dumb" in new["ann"]


def test_with_what_its_writer_sent_later(desk: Any) -> None:
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="Which phone?", cc=("carl@client.example",)))
    mail(desk, 4, "I am Carl.", sender="carl@client.example")
    mail(desk, 5, "The red one.")
    splitting.split(desk.by("bob"), 1000, ids(desk)[1], and_later=True)
    assert said(desk, 1001) == ["And my phone is dumb.", "Here is the bill.", "The red one."]
    assert said(desk, 1000) == ["My printer burns.", "Which phone?", "I am Carl."]


def test_no_client_hears_of_it_and_staff_do(desk: Any) -> None:
    before = len(desk.letters())
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    letters = desk.letters()[before:]
    assert [(one.kind, one.recipient, one.ticket) for one in letters] == [
        ("notice", "dave@staff.example", 1001)
    ]
    assert "bob split it from 1000, Printer." in mailroom.letter_raw(desk.desk, letters[0].id).decode()


def test_it_stays_in_the_same_hands(desk: Any) -> None:
    assigning.assign(desk.by("bob"), [1000], "bob")
    before = len(desk.letters())
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    assert desk.ticket(1001).assignee == "bob"
    assert desk.letters()[before:] == []  # who did it hears nothing


def test_where_tickets_are_given_by_turns_so_is_this(desk: Any) -> None:
    department = Department(name="Support", address="support@desk.example", assignment="sequential")
    desk.configured(department={"support": department})
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    assert desk.ticket(1001).assignee in ("bob", "dave")


def test_it_is_as_old_as_its_words(desk: Any) -> None:
    at = desk.messages(1000)[1].at
    desk.configured(sla={"gold": Sla(name="Gold", departments=("support",), first_response={"else": 3600})})
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    new = desk.ticket(1001)
    assert (new.created_at, new.unanswered_since, new.client_word_at) == (at, at, at)
    with desk.desk.engine.read() as tx:
        clock = clocks.of_tickets(tx, [1001])[1001]["first-response"]
    assert clock.started_at == at
    assert new.due_at == clock.due_at


def test_the_old_ticket_waits_only_for_what_is_left(desk: Any) -> None:
    answered(desk, 1000)
    mail(desk, 4, "Something else!")
    since = desk.ticket(1000).unanswered_since
    assert since is not None
    splitting.split(desk.by("bob"), 1000, ids(desk)[-1])
    assert desk.ticket(1000).unanswered_since is None
    assert desk.ticket(1000).client_word_at == desk.messages(1000)[2].at
    assert desk.ticket(1001).unanswered_since == since


# Whose it is


def test_another_participants_words_are_their_own_ticket_and_the_others_hear_on(desk: Any) -> None:
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="Hello.", cc=("carl@client.example",)))
    mail(desk, 4, "I am Carl.", sender="Carl <carl@client.example>")
    splitting.split(desk.by("bob"), 1000, ids(desk)[-1])
    assert desk.ticket(1001).client_id == people.client(desk.desk, "carl@client.example").id
    assert set(answered(desk, 1001)) == {"ann", "carl"}


def test_who_came_after_those_words_does_not_get_them(desk: Any) -> None:
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="Hello.", cc=("carl@client.example",)))
    splitting.split(desk.by("bob"), 1000, ids(desk)[1])
    sent = answered(desk, 1001)
    assert set(sent) == {"ann"}


def test_a_third_partys_words_are_theirs_alone(desk: Any) -> None:
    answered(desk, 1000)
    (letter,) = desk.letters(kind="reply")
    entry = mail(
        desk,
        4,
        "Eve's secret.",
        sender="Eve <eve@evil.example>",
        headers=f"In-Reply-To: {letter.message_id}\r\n",
    )
    assert entry.reason == "third-party"
    splitting.split(desk.by("bob"), 1000, ids(desk)[-1])
    new = desk.ticket(1001)
    assert new.client_id == people.client(desk.desk, "eve@evil.example").id
    assert desk.messages(1001)[0].is_public
    sent = answered(desk, 1001)
    assert set(sent) == {"eve"}
    assert "Eve's secret." in sent["eve"]
    assert "burns" not in sent["eve"]
    again = mail(desk, 5, "More.", sender="eve@evil.example", headers="In-Reply-To: <4@client.example>\r\n")
    assert (again.ticket, desk.messages(1001)[-1].is_public) == (1001, True)


def test_a_private_tickets_words_stay_private(desk: Any) -> None:
    assigning.assign(desk.by("bob"), [1000], "dave")
    editing.edit(desk.by("bob"), [1000], editing.Edit(private=True))
    splitting.split(desk.by("dave"), 1000, ids(desk)[1])
    assert (desk.ticket(1001).is_private, desk.ticket(1001).assignee) == (1, "dave")


# What is refused


def test_only_what_came_in_after_the_first_is_split(desk: Any) -> None:
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="An answer."))
    tickets.note(desk.by("bob"), 1000, tickets.Answer(text="A note."))
    first, *_, answer, note = ids(desk)
    for message, told in (
        (first, f"message {first} opened ticket 1000, so it stays there"),
        (answer, f"message {answer} is an answer; only what came in"),
        (note, f"message {note} is a note; only what came in"),
    ):
        with pytest.raises(Failed, match=told):
            splitting.split(desk.by("bob"), 1000, message)
    with pytest.raises(
        NotFound, match="ticket 1000 has no message 4711; 'helpdesk ticket show 1000' shows their"
    ):
        splitting.split(desk.by("bob"), 1000, 4711)
    with pytest.raises(Usage, match="--subject: must not be empty"):
        splitting.split(desk.by("bob"), 1000, ids(desk)[1], subject=" ")
    assert desk.ticket(1001) is None


def test_what_a_merge_brought_goes_by_undoing_it(desk: Any) -> None:
    mail(desk, 4, "Other.", headers="")
    (other,) = ids(desk, 1001)
    merging.merge(desk.by("bob"), [1001], 1000)
    with pytest.raises(
        Failed, match=f"message {other} was said on 1001, .* 'helpdesk ticket merge --undo 1001'"
    ):
        splitting.split(desk.by("bob"), 1000, other)
    with pytest.raises(Failed, match="ticket 1001 is merged into 1000"):
        splitting.split(desk.by("bob"), 1001, other)


def test_who_may_not_see_it_may_not_split_it(desk: Any) -> None:
    editing.edit(desk.desk, [1000], editing.Edit(department="sales"))
    with pytest.raises(NotAllowed):
        splitting.split(desk.by("dave"), 1000, ids(desk)[1])
