"""Several tickets as one: what they show, where mails lead, and what nobody may hear thereby."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.errors import Failed, NotAllowed, NotFound
from helpdesk_cli.services import (
    assigning,
    bounces,
    editing,
    mailroom,
    members,
    merging,
    rules,
    tickets,
    views,
)
from helpdesk_cli.settings import Rule, Sla
from helpdesk_cli.store import clocks, ties
from helpdesk_cli.store import tickets as rows


def mail(
    office: Any,
    text: str,
    *,
    sender: str = "Ann <ann@client.example>",
    subject: str = "Printer",
    to: str = "support@desk.example",
    headers: str = "",
) -> Any:
    """Let a mail come in, a minute after whatever was before; the inbox's line of it."""
    office.passes(minutes=1)
    office.mails = getattr(office, "mails", 0) + 1
    return office.mail(
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{office.mails}@client.example>\r\n"
        f"{headers}\r\n{text}\r\n",
        arrived_at=office.now,
    )


BEN = "Ben <ben@other.example>"


@pytest.fixture
def desk(office: Any) -> Any:
    """Ann's tickets 1000 and 1001, Ben's 1002; Dave is staff of support beside Bob, who is an admin."""
    members.new_staff(office.desk, "dave", name="Dave", email="dave@staff.example")
    members.join(office.desk, "dave", "support")
    mail(office, "My printer burns.")
    mail(office, "It still burns!", subject="Printer again")
    mail(office, "Ben's secret.", sender=BEN, subject="Scanner")
    office.passes(minutes=1)
    return office


def reply(office: Any, number: int, text: str) -> dict[str, Any]:
    """Answer a ticket; the mails as they go, by recipient."""
    office.passes(minutes=1)
    before = len(office.letters())
    tickets.reply(office.by("bob"), number, tickets.Answer(text=text))
    found = {}
    for letter in office.letters()[before:]:
        raw = mailroom.letter_raw(office.desk, letter.id)
        found[letter.recipient.partition("@")[0]] = message_from_bytes(raw, policy=policy.default)
    return found


def words(message: Any) -> str:
    """All that a mail says, in any of its parts and headers."""
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(str(value) for value in message.values()), *parts])


def shown(office: Any, number: int) -> list[tuple[str, int]]:
    """The words on a ticket's page, with the ticket on which each was said; notes of merges are left out."""
    found = views.whole(office.desk, number)
    return [
        (one.new_text.strip(), found.merged.get(one.id, number))
        for one in found.messages
        if "erged into" not in one.new_text
    ]


# What becomes of the tickets


def test_the_merged_ticket_is_closed_and_read_on_the_others_page(desk: Any) -> None:
    mail(desk, "And smokes.", headers="In-Reply-To: <1@client.example>\r\n")
    done = merging.merge(desk.by("bob"), [1001], 1000)
    merged, target = desk.ticket(1001), desk.ticket(1000)
    assert done.into == 1000
    assert (merged.state, merged.stage, merged.merged_into) == ("closed", "done", 1000)
    assert (target.state, target.stage, target.merged_into) == ("open", "new", None)
    assert shown(desk, 1000) == [
        ("My printer burns.", 1000),
        ("It still burns!", 1001),
        ("And smokes.", 1000),
    ]
    assert shown(desk, 1001) == [("It still burns!", 1001)]
    assert desk.events(1001) == ["opened", "merged", "moved"]
    assert desk.events(1000) == ["opened", "replied", "took-in"]


def test_a_note_on_both_says_so(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1001], 1000)
    (note,) = [one for one in desk.messages(1001) if one.kind == "note"]
    assert (note.new_text, note.is_public, note.author.staff) == (
        'Merged into 1000, "Printer": it goes on there.',
        False,
        "bob",
    )
    (note,) = [one for one in desk.messages(1000) if one.kind == "note"]
    assert note.new_text == 'Ticket 1001, "Printer again", was merged into this one: 1 message.'


def test_the_count_of_messages_is_that_of_the_page(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1000], 1001)
    merging.merge(desk.by("bob"), [1001], 1002, across_clients=True)
    for number in (1000, 1001, 1002):
        assert desk.ticket(number).message_count == len(views.whole(desk.desk, number).messages)


def test_nobody_outside_hears_of_it(desk: Any) -> None:
    before = len(desk.letters())
    merging.merge(desk.by("bob"), [1001], 1000)
    assert desk.letters()[before:] == []


def test_whose_ticket_it_was_hears_where_it_goes_on(desk: Any) -> None:
    assigning.assign(desk.by("bob"), [1001], "dave")
    before = len(desk.letters())
    merging.merge(desk.by("bob"), [1001], 1000)
    (letter,) = desk.letters()[before:]
    assert (letter.recipient, letter.purpose) == ("dave@staff.example", "s")
    told = mailroom.letter_raw(desk.desk, letter.id).decode()
    assert "bob merged it into 1000, Printer: it goes on there." in told


def test_clients_are_told_where_that_is_asked_for_and_the_stage_does(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1001], 1000, tell=True)
    (letter,) = desk.letters(kind="moved")
    assert (letter.recipient, letter.ticket) == ("ann@client.example", 1001)


def test_what_is_required_of_a_closed_ticket_does_not_keep_it(desk: Any) -> None:
    department = desk.desk.settings.department
    desk.configured(
        department={**department, "support": replace(department["support"], required=("category",))}
    )
    merging.merge(desk.by("bob"), [1001], 1000)
    assert desk.ticket(1001).state == "closed"


def test_its_clocks_end_and_the_others_run_on(desk: Any) -> None:
    desk.configured(sla={"gold": Sla(name="Gold", departments=("support",), resolution={"else": 3600})})
    editing.edit(desk.desk, [1000, 1001], editing.Edit(priority="high"))
    merging.merge(desk.by("bob"), [1001], 1000)
    with desk.desk.engine.read() as tx:
        found = clocks.of_tickets(tx, [1000, 1001])
    assert found[1001]["resolution"].state == "met"
    assert found[1000]["resolution"].state == "runs"
    assert desk.ticket(1001).due_at is None


def test_what_the_client_waits_for_is_waited_for_on_the_other(desk: Any) -> None:
    reply(desk, 1000, "Is it off now?")
    assert desk.ticket(1000).unanswered_since is None
    waits = desk.ticket(1001).unanswered_since
    done = merging.merge(desk.by("bob"), [1001], 1000)
    assert (desk.ticket(1000).unanswered_since, desk.ticket(1001).unanswered_since) == (waits, None)
    assert done.warnings == ()


@pytest.mark.parametrize(("stage", "told"), [("done", "1000 is closed"), ("awaiting", "1000 waits for its")])
def test_who_merges_into_what_nobody_works_on_is_warned(desk: Any, stage: str, told: str) -> None:
    tickets.move(desk.by("bob"), [1000], stage)
    (warning,) = merging.merge(desk.by("bob"), [1001], 1000).warnings
    assert told in warning
    assert "nobody answered what was said last on 1001" in warning
    assert desk.ticket(1000).stage == stage


def test_who_watches_it_watches_the_other(desk: Any) -> None:
    from helpdesk_cli.services import watching

    watching.watch(desk.by("dave"), [1001])
    merging.merge(desk.by("bob"), [1001], 1000)
    with desk.desk.engine.read() as tx:
        assert rows.watchers(tx, 1000) == ("dave",)


# Where mails lead


def test_answers_to_the_merged_ticket_come_into_the_other(desk: Any) -> None:
    sent = reply(desk, 1001, "Does it burn?")["ann"]
    merging.merge(desk.by("bob"), [1001], 1000)
    ways = [
        {"to": str(sent["Reply-To"])},
        {"headers": f"In-Reply-To: {sent['Message-ID']}\r\n"},
        {"headers": "References: <2@client.example>\r\n"},
        {"subject": "Re: [HD-1001] Printer again"},
    ]
    for place, way in enumerate(ways):
        entry = mail(desk, f"Way {place}.", **way)
        assert (entry.outcome, entry.ticket) == ("replied", 1000), way
    assert [text for text, number in shown(desk, 1000) if number == 1000][1:] == [
        f"Way {place}." for place in range(4)
    ]
    assert desk.ticket(1001).state == "closed"


def test_staff_answer_its_alerts_by_mail_on_the_other(desk: Any) -> None:
    (alert,) = [one for one in desk.letters(kind="alert", ticket=1001) if one.recipient.startswith("bob")]
    raw = message_from_bytes(mailroom.letter_raw(desk.desk, alert.id), policy=policy.default)
    merging.merge(desk.by("bob"), [1001], 1000)
    entry = mail(desk, "Try it off and on.", sender="bob@staff.example", to=str(raw["Reply-To"]))
    assert (entry.reason, entry.ticket) == ("staff-reply", 1000)
    assert shown(desk, 1000)[-1] == ("Try it off and on.", 1000)


def test_a_letter_of_it_that_comes_back_is_noted_on_the_other(desk: Any) -> None:
    reply(desk, 1001, "Does it burn?")
    (letter,) = desk.letters(kind="reply")
    merging.merge(desk.by("bob"), [1001], 1000)

    def refused(tx: Any) -> None:
        from helpdesk_cli.store import outbox

        outbox.decide(tx, letter.id, "failed", desk.now)
        bounces.not_sent(tx, desk.desk, letter, "no such user", desk.now)

    desk.desk.engine.transact(refused)
    assert desk.events(1000)[-1] == "not-sent"
    assert [one.ticket for one in desk.letters(kind="bounced")] == [1000, 1000]  # to bob and dave


def test_nothing_can_be_said_or_done_on_it_any_more(desk: Any) -> None:
    bob = desk.by("bob")
    merging.merge(bob, [1001], 1000)
    for deed in (
        lambda: tickets.reply(bob, 1001, tickets.Answer(text="x")),
        lambda: tickets.note(bob, 1001, tickets.Answer(text="x")),
        lambda: tickets.reopen(bob, [1001]),
        lambda: tickets.close(bob, [1001], "x"),
        lambda: editing.edit(bob, [1001], editing.Edit(priority="high")),
        lambda: assigning.assign(bob, [1001], "dave"),
    ):
        with pytest.raises(
            Failed, match="ticket 1001 is merged into 1000, where it goes on; nothing was changed"
        ):
            deed()


def test_no_rule_touches_it(desk: Any) -> None:
    late = Rule(when="time", if_={"state": "closed"}, then={"priority": "urgent"})
    tickets.close(desk.by("bob"), [1002])
    desk.configured(rule={"again": Rule(when="moved", then={"stage": "in-progress"}), "late": late})
    merging.merge(desk.by("bob"), [1001], 1000)
    desk.passes(days=1)
    rules.run(desk.desk)
    assert (desk.ticket(1001).state, desk.ticket(1001).priority) == ("closed", "normal")
    assert desk.ticket(1002).priority == "urgent"


# What nobody may hear thereby


def test_one_client_reads_in_the_next_answer_what_they_said_on_both(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1001], 1000)
    sent = reply(desk, 1000, "We come.")
    assert set(sent) == {"ann"}
    text = words(sent["ann"])
    assert text.count("My printer burns.") == text.count("It still burns!") > 0
    assert text.index("My printer burns.") < text.index("It still burns!")
    assert "[HD-1000] Printer" in str(sent["ann"]["Subject"])


def test_tickets_of_two_clients_are_not_merged_unasked(desk: Any) -> None:
    with pytest.raises(Failed) as refused:
        merging.merge(desk.by("bob"), [1002], 1000)
    assert str(refused.value) == (
        "these tickets have not the same people (1002: ben@other.example; 1000: ann@client.example); with "
        '--across-clients all of them hear of "Printer" and of what is said on 1000 from now on, by whomever, '
        "and of nothing earlier that was not said to them; nothing was changed"
    )
    assert desk.ticket(1002).merged_into is None


def test_across_clients_neither_reads_what_the_other_said_before(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1002], 1000, across_clients=True)
    sent = reply(desk, 1000, "We come to both.")
    assert set(sent) == {"ann", "ben"}
    assert "Ben's secret." not in words(sent["ann"])
    assert "ben@" not in words(sent["ann"])
    assert "Scanner" not in words(sent["ann"])
    assert "My printer burns." in words(sent["ann"])
    assert "My printer burns." not in words(sent["ben"])
    assert "ann@" not in words(sent["ben"])
    assert "<1@client.example>" not in words(sent["ben"])
    assert "Ben's secret." in words(sent["ben"])
    assert "<3@client.example>" in str(sent["ben"]["References"])


def test_across_clients_both_read_what_is_said_after(desk: Any) -> None:
    old = reply(desk, 1002, "Which scanner?")["ben"]
    merging.merge(desk.by("bob"), [1002], 1000, across_clients=True)
    entry = mail(desk, "The red one.", sender=BEN, to=str(old["Reply-To"]))
    assert (entry.reason, entry.ticket) == ("client-reply", 1000)
    sent = reply(desk, 1000, "Red, then.")
    assert "The red one." in words(sent["ann"])
    assert "Which scanner?" not in words(sent["ann"])
    assert "Which scanner?" in words(sent["ben"])
    assert "My printer burns." not in words(sent["ben"])


def test_who_came_late_reads_no_more_where_it_was_merged_further(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1002], 1000, across_clients=True)
    mail(desk, "For both.", subject="Re: [HD-1000] Printer")
    mail(desk, "I am Cat.", sender="cat@third.example", subject="Plotter")
    merging.merge(desk.by("bob"), [1000], 1003, across_clients=True)
    sent = {name: words(one) for name, one in reply(desk, 1003, "All of you.").items()}
    asked = ("My printer burns.", "Ben's secret.", "For both.", "I am Cat.")
    assert {name: [word for word in asked if word in text] for name, text in sent.items()} == {
        "ann": ["My printer burns.", "For both."],
        "ben": ["Ben's secret.", "For both."],
        "cat": ["I am Cat."],
    }


def test_in_the_second_of_the_merge_too(desk: Any) -> None:
    mail(desk, "Ann's last word.", headers="In-Reply-To: <1@client.example>\r\n")
    merging.merge(desk.by("bob"), [1002], 1000, across_clients=True)
    sent = reply(desk, 1000, "Both.")
    assert "Ann's last word." not in words(sent["ben"])


def test_a_letter_that_waits_says_what_it_would_have_said(desk: Any) -> None:
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="For Ann alone."))
    (letter,) = desk.letters(kind="reply")
    merging.merge(desk.by("bob"), [1002], 1000, across_clients=True)
    raw = mailroom.letter_raw(desk.desk, letter.id).decode()
    assert "Ben's secret." not in raw
    assert [one.recipient for one in desk.letters(kind="reply")] == ["ann@client.example"]


def test_somebody_who_took_part_in_one_alone_is_another_person_too(desk: Any) -> None:
    tickets.reply(desk.by("bob"), 1001, tickets.Answer(text="x", cc=("boss@client.example",)))
    with pytest.raises(
        Failed, match=r"not the same people \(1001: ann@client.example, boss@client.example; 1000"
    ):
        merging.merge(desk.by("bob"), [1001], 1000)
    with pytest.raises(Failed, match="not the same people"):
        merging.merge(desk.by("bob"), [1000], 1001)


def test_a_client_is_the_same_by_any_address(desk: Any) -> None:
    from helpdesk_cli.services import people

    people.add_address(desk.desk, "ann@client.example", "ann@home.example")
    mail(desk, "From home.", sender="ann@home.example", subject="Home")
    merging.merge(desk.by("bob"), [1003], 1000)
    sent = reply(desk, 1000, "Hello.")
    assert list(sent) == ["ann"]
    assert "From home." in words(sent["ann"])


def test_a_private_ticket_is_not_opened_to_others_by_it(desk: Any) -> None:
    editing.edit(desk.desk, [1001], editing.Edit(private=True))
    with pytest.raises(Failed, match="1001 is private and 1000 is not, so all of support would read it"):
        merging.merge(desk.by("bob"), [1001], 1000)
    editing.edit(desk.desk, [1000], editing.Edit(private=True))
    merging.merge(desk.by("bob"), [1001], 1000)
    with pytest.raises(NotAllowed):
        views.whole(desk.by("dave"), 1000)


@pytest.mark.parametrize(("number", "into"), [(1001, 1000), (1000, 1001)])
def test_who_may_not_see_one_of_them_merges_neither(desk: Any, number: int, into: int) -> None:
    editing.edit(desk.desk, [1001], editing.Edit(department="sales"))
    with pytest.raises(NotAllowed, match="ticket 1001 belongs to sales, and dave does not"):
        merging.merge(desk.by("dave"), [number], into)


# Chains and circles


def test_a_merged_ticket_stands_for_that_in_which_it_goes_on(desk: Any) -> None:
    mail(desk, "Third.", subject="Third")
    merging.merge(desk.by("bob"), [1001], 1000)
    assert merging.merge(desk.by("bob"), [1003], 1001).into == 1000
    assert desk.ticket(1003).merged_into == 1000


def test_a_long_chain_leads_to_its_end(desk: Any) -> None:
    for place in range(12):
        mail(desk, f"Again {place}.", subject=f"Again {place}")
    for number in range(1003, 1014):
        merging.merge(desk.by("bob"), [number], number + 1)
    entry = mail(desk, "At last.", subject="Re: [HD-1003] Again 0")
    assert (entry.outcome, entry.ticket) == ("replied", 1014)
    assert len([1 for _, number in shown(desk, 1014) if number != 1014]) == 11


@pytest.mark.parametrize(
    ("number", "into", "told"),
    [
        (1000, 1000, "ticket 1000 cannot be merged into itself"),
        (1000, 1001, "ticket 1000 cannot be merged into 1001, which is merged into 1000 already"),
        (
            1001,
            1000,
            "ticket 1001 is merged into 1000 already; 'helpdesk ticket merge --undo 1001' comes first",
        ),
        (1001, 1002, "ticket 1001 is merged into 1000 already"),
    ],
)
def test_a_circle_and_a_second_merge_are_refused(desk: Any, number: int, into: int, told: str) -> None:
    merging.merge(desk.by("bob"), [1001], 1000)
    with pytest.raises(Failed, match=told):
        merging.merge(desk.by("bob"), [number], into, across_clients=True)


def test_of_several_all_are_merged_or_none(desk: Any) -> None:
    with pytest.raises(NotFound, match="no ticket 4711"):
        merging.merge(desk.by("bob"), [1001, 4711], 1000)
    assert desk.ticket(1001).merged_into is None
    merging.merge(desk.by("bob"), [1001, 1002], 1000, across_clients=True)
    assert [desk.ticket(number).merged_into for number in (1001, 1002)] == [1000, 1000]


# Undone


def test_undone_both_are_as_they_were(desk: Any) -> None:
    tickets.move(desk.by("bob"), [1001], "in-progress")
    before = [desk.ticket(number) for number in (1000, 1001)]
    merging.merge(desk.by("bob"), [1001], 1000)
    desk.passes(minutes=5)
    merging.undo(desk.by("bob"), [1001])
    for old in before:
        new = desk.ticket(old.number)
        for name in ("stage", "state", "merged_into", "unanswered_since", "client_word_at", "closed_at"):
            assert getattr(new, name) == getattr(old, name), name
        assert new.message_count == old.message_count + 1  # the note
    assert [text for text, _ in shown(desk, 1000)] == ["My printer burns."]
    entry = mail(desk, "Mine again.", subject="Re: [HD-1001] Printer again")
    assert entry.ticket == 1001


def test_undone_the_other_waits_for_what_was_said_on_it_alone(desk: Any) -> None:
    reply(desk, 1000, "Is it off now?")
    merging.merge(desk.by("bob"), [1001], 1000)
    merging.undo(desk.by("bob"), [1001])
    assert desk.ticket(1000).unanswered_since is None
    assert desk.ticket(1001).unanswered_since is not None


def test_undone_who_came_along_leaves(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1002], 1000, across_clients=True)
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="To both."))
    (late,) = [one for one in desk.letters(kind="reply") if one.recipient.startswith("ben")]
    merging.undo(desk.by("bob"), [1002])
    with desk.desk.engine.read() as tx:
        assert [one.address for one in ties.people(tx, 1000)] == ["ann@client.example"]
    assert "My printer burns." not in mailroom.letter_raw(desk.desk, late.id).decode()
    assert set(reply(desk, 1000, "Ann alone.")) == {"ann"}


def test_who_came_along_with_another_too_stays(desk: Any) -> None:
    mail(desk, "Ben once more.", sender=BEN, subject="Scanner again")
    merging.merge(desk.by("bob"), [1002, 1003], 1000, across_clients=True)
    merging.undo(desk.by("bob"), [1002])
    assert set(reply(desk, 1000, "Both.")) == {"ann", "ben"}
    merging.undo(desk.by("bob"), [1003])
    assert set(reply(desk, 1000, "Ann alone.")) == {"ann"}


def test_who_came_along_with_a_chain_leaves_with_it(desk: Any) -> None:
    mail(desk, "I am Cat.", sender="cat@third.example", subject="Plotter")
    merging.merge(desk.by("bob"), [1000], 1002, across_clients=True)
    merging.merge(desk.by("bob"), [1002], 1003, across_clients=True)
    assert set(reply(desk, 1003, "All of you.")) == {"ann", "ben", "cat"}
    merging.undo(desk.by("bob"), [1002])
    assert set(reply(desk, 1003, "Cat alone.")) == {"cat"}
    assert set(reply(desk, 1002, "Both.")) == {"ann", "ben"}


def test_who_takes_part_later_is_not_even_told_the_ids_of_earlier_mails(desk: Any) -> None:
    desk.passes(minutes=1)
    tickets.reply(desk.by("bob"), 1000, tickets.Answer(text="Look.", cc=("boss@client.example",)))
    sent = reply(desk, 1000, "Once more.")
    assert "<1@client.example>" in str(sent["ann"]["References"])
    assert "<1@client.example>" not in words(sent["boss"])


def test_a_closed_one_stays_closed_when_it_is_undone(desk: Any) -> None:
    tickets.close(desk.by("bob"), [1001])
    merging.merge(desk.by("bob"), [1001], 1000)
    merging.undo(desk.by("bob"), [1001])
    assert (desk.ticket(1001).state, desk.ticket(1001).merged_into) == ("closed", None)


def test_what_was_merged_further_is_undone_from_its_end(desk: Any) -> None:
    merging.merge(desk.by("bob"), [1001], 1000)
    merging.merge(desk.by("bob"), [1000], 1002, across_clients=True)
    with pytest.raises(
        Failed, match="1001 is merged into 1000, and that into 1002; 'helpdesk ticket merge --undo 1000'"
    ):
        merging.undo(desk.by("bob"), [1001])
    with pytest.raises(Failed, match="ticket 1002 is merged into no other"):
        merging.undo(desk.by("bob"), [1002])
    merging.undo(desk.by("bob"), [1000])
    merging.undo(desk.by("bob"), [1001])
    assert {desk.ticket(number).state for number in (1000, 1001, 1002)} == {"open"}
