"""What mail does to the store: from the bytes to tickets, clients and letters."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.links import Link
from helpdesk_cli.domain.mail import Token
from helpdesk_cli.mail.tokens import reply_token
from helpdesk_cli.services import assigning, editing, mailroom, members, outgoing, people, tickets, views
from helpdesk_cli.settings import Alerts, Limits, Operation, Rate
from helpdesk_cli.settings import Mailbox as MailboxSettings
from helpdesk_cli.store import inbox, ties


def mail(
    text: str = "It does not work.",
    *,
    sender: str = "Ann <ann@client.example>",
    to: str = "support@desk.example",
    subject: str = "Printer",
    number: int = 1,
    headers: str = "",
) -> str:
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{number}@client.example>\r\n"
        f"{headers}\r\n{text}\r\n"
    )


def test_a_mail_opens_a_ticket_makes_a_client_and_calls_for_letters(office: Any) -> None:
    entry = office.mail(mail())
    ticket = office.ticket(1000)
    assert (entry.outcome, entry.reason, entry.ticket) == ("opened", "new", 1000)
    assert (ticket.subject, ticket.department, ticket.stage, ticket.state) == (
        "Printer",
        "support",
        "new",
        "open",
    )
    assert people.client(office.desk, "ANN@Client.Example").name == "Ann"
    assert [(letter.kind, letter.recipient) for letter in office.letters()] == [
        ("acknowledgement", "ann@client.example"),
        ("alert", "bob@staff.example"),
    ]
    assert office.events(1000) == ["opened"]


def test_the_raw_bytes_are_kept_as_they_came(office: Any) -> None:
    raw = mail().encode() + b"\x00\xff\xfe broken \xed\xa0\x80"
    entry = office.mail(raw)
    from helpdesk_cli.services import mailroom

    assert mailroom.raw(office.desk, entry.id) == raw


def test_an_answer_by_message_id_joins_its_ticket(office: Any) -> None:
    office.mail(mail())
    entry = office.mail(mail("More.", number=2, headers="In-Reply-To: <1@client.example>\r\n"))
    assert (entry.outcome, entry.reason, entry.ticket) == ("replied", "by-reference", 1000)
    assert [message.mark for message in office.messages(1000)] == ["", "by reference"]
    assert [letter.kind for letter in office.letters()].count("acknowledgement") == 1


def test_the_same_mail_in_two_mailboxes_is_one_ticket_and_the_other_department_is_noted(office: Any) -> None:
    text = mail(to="support@desk.example, sales@desk.example")
    office.mail("Delivered-To: support@desk.example\r\n" + text)
    second = office.mail("Delivered-To: sales@desk.example\r\n" + text, mailbox="sales")
    assert (second.outcome, second.ticket) == ("duplicate", 1000)
    assert office.events(1000) == ["opened", "also-received"]
    assert office.ticket(1001) is None


def test_an_equal_message_id_alone_is_no_duplicate(office: Any) -> None:
    office.mail(mail("One."))
    second = office.mail(mail("Two.", sender="eve@evil.example"))
    assert (second.outcome, second.ticket) == ("opened", 1001)


@pytest.mark.parametrize(
    ("headers", "to", "mailbox", "department"),
    [
        ("", "sales@desk.example", "support", "sales"),
        ("", "SHOP@DESK.example", "support", "sales"),
        ("", "list@elsewhere.example", "support", "support"),
        ("Delivered-To: shop@desk.example\r\n", "support@desk.example", "support", "sales"),
        ("X-Original-To: sales@desk.example\r\n", "x@y.example", "support", "sales"),
        ("Cc: sales@desk.example\r\n", "x@y.example", "support", "sales"),
        ("", "support+anything@desk.example", "sales", "support"),
    ],
)
def test_recipients_name_the_department(
    office: Any, headers: str, to: str, mailbox: str, department: str
) -> None:
    office.mail(mail(to=to, headers=headers), mailbox=mailbox)
    assert office.ticket(1000).department == department


def test_the_envelope_names_the_department_before_all(office: Any) -> None:
    office.mail(mail(), recipients=("sales@desk.example",))
    assert office.ticket(1000).department == "sales"


def test_a_client_is_known_by_an_additional_address(office: Any) -> None:
    people.new_client(office.desk, "ann@client.example", name="Ann A.")
    people.add_address(office.desk, "ann@client.example", "ann@home.example")
    office.mail(mail(sender="ANN@HOME.EXAMPLE"))
    assert office.ticket(1000).client_id == people.client(office.desk, "ann@client.example").id
    reply = office.mail(
        mail("x", sender="ann@client.example", number=2, headers="References: <1@client.example>\r\n")
    )
    assert reply.ticket == 1000


def test_the_answer_goes_to_the_address_last_used(office: Any) -> None:
    people.new_client(office.desk, "ann@client.example")
    people.add_address(office.desk, "ann@client.example", "ann@home.example")
    office.mail(mail())
    office.mail(mail("x", sender="ann@home.example", number=2, headers="References: <1@client.example>\r\n"))
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Done."))
    assert [letter.recipient for letter in office.letters(kind="reply")] == ["ann@home.example"]


def test_an_idn_domain_is_one_address_in_both_forms(office: Any) -> None:
    people.new_client(office.desk, "ann@xn--bcher-kva.example")
    office.mail("From: ann@bücher.example\r\nTo: support@desk.example\r\nSubject: x\r\n\r\ny\r\n")
    assert len(people.clients(office.desk)) == 1


def test_cc_never_becomes_a_participant_by_a_mail(office: Any) -> None:
    office.mail(mail(headers="Cc: evil@e.example\r\n"))
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Secret."))
    assert {letter.recipient for letter in office.letters(kind="reply")} == {"ann@client.example"}


def token_address(office: Any, kind: str = "acknowledgement") -> str:
    """The Reply-To of the newest letter of a kind, as its reader sees it."""
    import email

    from helpdesk_cli.services import mailroom

    letter = office.letters(kind=kind)[-1]
    return (
        str(email.message_from_bytes(mailroom.letter_raw(office.desk, letter.id))["Reply-To"])
        .split("<")[1]
        .rstrip(">")
    )


def test_an_answer_to_the_signed_address_joins_whatever_else_is_lost(office: Any) -> None:
    office.mail(mail())
    entry = office.mail(mail("x", to=token_address(office), subject="other", number=5))
    assert (entry.reason, entry.ticket) == ("client-reply", 1000)


def test_a_strangers_mail_to_a_signed_address_is_for_staff_alone(office: Any) -> None:
    office.mail(mail())
    address = token_address(office)
    entry = office.mail(mail("code 918273", sender="no-reply@slack.example", to=address, number=5))
    assert (entry.reason, entry.ticket) == ("third-party", 1000)
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Hello."))
    from helpdesk_cli.services import mailroom

    letter = office.letters(kind="reply")[-1]
    assert letter.recipient == "ann@client.example"
    assert b"918273" not in mailroom.letter_raw(office.desk, letter.id)


def test_staff_answer_an_alert_and_the_client_hears_it(office: Any) -> None:
    office.mail(mail())
    address = token_address(office, "alert")
    entry = office.mail(mail("Use water.\r\n\r\n> quoted", sender="bob@staff.example", to=address, number=9))
    assert (entry.outcome, entry.reason) == ("replied", "staff-reply")
    assert office.messages(1000)[-1].author.staff == "bob"
    assert [letter.recipient for letter in office.letters(kind="reply")] == ["ann@client.example"]
    assert office.ticket(1000).unanswered_since is None


def test_a_staff_token_in_a_strangers_hands_is_held_and_told(office: Any) -> None:
    office.mail(mail())
    address = token_address(office, "alert")
    entry = office.mail(mail("close it", sender="eve@evil.example", to=address, number=9))
    assert (entry.outcome, entry.reason) == ("held", "spoofed-staff")
    assert [letter.recipient for letter in office.letters(kind="spoof-warning")] == ["bob@staff.example"]
    assert office.letters(kind="reply") == []


def test_a_staff_answer_without_a_word_of_its_own_is_not_sent_on(office: Any) -> None:
    office.mail(mail())
    address = token_address(office, "alert")
    entry = office.mail(
        mail("> Ann opened HD-1000:\r\n> It does not work.", sender="bob@staff.example", to=address)
    )
    assert (entry.outcome, entry.reason) == ("held", "unclear-answer")
    assert office.letters(kind="reply") == []


def test_our_own_mail_that_comes_back_is_a_loop(office: Any) -> None:
    from helpdesk_cli.services import mailroom

    office.mail(mail())
    for letter in office.letters():
        assert office.mail(mailroom.letter_raw(office.desk, letter.id)).outcome == "loop"
    assert office.mail(mail(sender="support@desk.example", number=7)).outcome == "loop"
    assert office.ticket(1001) is None


def test_an_old_mail_is_archived_closed_and_answered_by_nobody(office: Any) -> None:
    office.mail(mail())
    old = office.mail(mail("Old.", number=2, sender="old@client.example"), arrived_at="2020-01-01T00:00:00Z")
    # A pipe has no first fetch, so nothing that comes through it is old.
    assert old.outcome == "opened"


def test_thanks_alone_do_not_reopen(office: Any) -> None:
    office.mail(mail())
    tickets.move(office.by("bob"), [1000], "done")
    office.passes(hours=1)
    entry = office.mail(
        mail(
            "Thanks!\r\n\r\nAnn",
            subject="Re: Printer",
            number=2,
            headers="References: <1@client.example>\r\n",
        )
    )
    assert (entry.outcome, office.ticket(1000).state) == ("replied", "closed")
    office.mail(mail("It broke again.", number=3, headers="References: <1@client.example>\r\n"))
    assert office.ticket(1000).state == "open"
    assert "reopened" in office.events(1000)


def test_a_clients_answer_brings_a_waiting_ticket_back_to_work(office: Any) -> None:
    office.mail(mail())
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Which printer?", stage="awaiting"))
    assert office.ticket(1000).state == "waiting"
    office.mail(mail("The red one.", number=2, headers="References: <1@client.example>\r\n"))
    assert (office.ticket(1000).stage, office.ticket(1000).state) == ("in-progress", "open")
    assert office.events(1000)[-2:] == ["replied", "moved"]


def test_an_answer_after_reopen_days_opens_a_linked_ticket(office: Any) -> None:
    office.mail(mail())
    tickets.move(office.by("bob"), [1000], "done")
    office.passes(days=15)
    entry = office.mail(mail("Again.", number=2, headers="References: <1@client.example>\r\n"))
    assert (entry.outcome, entry.reason, entry.ticket) == ("opened", "reopen-days", 1001)
    with office.desk.engine.read() as tx:
        assert ties.links(tx, 1001) == [Link(1000, "continues")]


def test_a_vacation_note_reopens_nothing_and_tells_nobody(office: Any) -> None:
    office.mail(mail())
    tickets.move(office.by("bob"), [1000], "done")
    before = len(office.letters())
    address = token_address(office)
    entry = office.mail(mail("I am away.", to=address, number=4, headers="Auto-Submitted: auto-replied\r\n"))
    assert (entry.outcome, entry.ticket, office.ticket(1000).state) == ("auto-reply", 1000, "closed")
    assert len(office.letters()) == before
    assert not office.messages(1000)[-1].is_public


def bounce(message_id: str, recipient: str) -> str:
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"
    )


def test_a_bounce_is_written_on_its_letter_and_ticket_and_told_once_a_day(office: Any) -> None:
    office.mail(mail())
    letter = office.letters(kind="acknowledgement")[0]
    entry = office.mail(bounce(letter.message_id, letter.recipient))
    assert (entry.outcome, entry.ticket) == ("bounce", 1000)
    assert [one.state for one in office.letters(kind="acknowledgement")] == ["bounced"]
    assert office.events(1000) == ["opened", "bounced"]
    assert [one.recipient for one in office.letters(kind="bounced")] == ["bob@staff.example"]
    office.mail(bounce(letter.message_id, letter.recipient).replace("Sorry", "Again"))
    assert len(office.letters(kind="bounced")) == 1


def test_an_invented_bounce_changes_nothing(office: Any) -> None:
    office.mail(mail())
    entry = office.mail(bounce("<invented@desk.example>", "ann@client.example"))
    assert (entry.outcome, entry.ticket) == ("bounce", None)
    assert [one.state for one in office.letters(kind="acknowledgement")] == ["queued"]


def test_an_address_that_bounced_five_days_hears_no_machine_any_more(office: Any) -> None:
    office.mail(mail("Its acknowledgement waits.", number=50))
    for day in range(5):
        office.mail(mail(f"Day {day}.", number=day))
        letter = office.letters(kind="acknowledgement")[-1]
        office.mail(bounce(letter.message_id, letter.recipient) + f"{day}")
        office.passes(days=1)
    told = [one for one in office.letters(kind="notice") if one.event == "given-up"]
    assert [one.recipient for one in told] == ["bob@staff.example"]
    assert "came back on five days" in str(told[0].facts["lines"])
    outgoing.notify(office.desk)
    # What had waited for longer does not go either.
    assert {one.state for one in office.letters(kind="acknowledgement")} == {"bounced", "dropped"}
    before = len(office.letters(kind="acknowledgement"))
    office.mail(mail("Day 6.", number=6))
    assert len(office.letters(kind="acknowledgement")) == before
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="A person still answers."))
    assert len(office.letters(kind="reply")) == 1


def test_acknowledgements_to_one_address_are_limited(office: Any) -> None:
    office.configured(limits=Limits(acknowledgements_per_address=(Rate(2, 3600),)))
    for number in range(4):
        office.mail(mail(f"{number}", number=number))
    assert len(office.letters(kind="acknowledgement")) == 2
    assert office.ticket(1003) is not None
    office.passes(hours=2)
    office.mail(mail("later", number=9))
    assert len(office.letters(kind="acknowledgement")) == 3


def test_past_the_whole_desks_limit_one_page_is_sent(office: Any) -> None:
    office.configured(
        limits=Limits(acknowledgements=(Rate(1, 3600),)),
        alerts=Alerts(enabled=True, address="pager@p.example"),
    )
    for number in range(4):
        office.mail(mail(f"{number}", sender=f"c{number}@client.example", number=number))
    assert len(office.letters(kind="acknowledgement")) == 1
    storm = [letter for letter in office.letters(kind="pager") if letter.ticket is None]
    assert len(storm) == 1


def test_pages_near_each_other_are_one(office: Any) -> None:
    office.configured(alerts=Alerts(enabled=True, address="pager@p.example"))
    for number in range(6):
        office.mail(mail(f"{number}", sender=f"c{number}@client.example", number=number))
    (page,) = office.letters(kind="pager")
    assert (page.ticket, page.facts) == (1000, {"also": [1001, 1002, 1003, 1004, 1005]})


def test_a_flood_of_one_sender_goes_into_the_last_ticket(office: Any) -> None:
    office.configured(limits=Limits(new_tickets_per_sender=(Rate(3, 600),)))
    outcomes = [office.mail(mail(f"{number}", number=number)).outcome for number in range(6)]
    assert outcomes == ["opened"] * 3 + ["replied"] * 3
    assert len(office.messages(1002)) == 4
    assert len(office.letters(kind="alert")) == 3


def test_addresses_that_differ_behind_a_plus_share_their_limits(office: Any) -> None:
    office.configured(limits=Limits(new_tickets_per_sender=(Rate(3, 600),)))
    for number in range(6):
        office.mail(mail(f"{number}", number=number, sender=f"ann+{number}@client.example"))
    assert [ticket is None for ticket in map(office.ticket, range(1000, 1004))] == [False] * 3 + [True]
    assert [one.is_public for one in office.messages(1002)] == [True, False, False, False]
    office.configured(limits=Limits(acknowledgements_per_address=(Rate(2, 600),)))
    before = len(office.letters(kind="acknowledgement"))
    for number in range(10, 15):
        office.mail(mail(f"{number}", number=number, sender=f"dora+{number}@client.example"))
    assert len(office.letters(kind="acknowledgement")) - before == 2


def test_a_mail_of_which_only_the_beginning_was_read_says_so_on_its_ticket(office: Any) -> None:
    office.mail(mail(), whole=False)
    assert office.messages(1000)[0].mark.startswith("too large: only its beginning is here")


@pytest.fixture
def strict(make_office: Callable[..., Any]) -> Any:
    made = make_office(
        mailbox={"support": MailboxSettings(kind="pipe", department="support", unknown_senders="reject")}
    )
    made.desk = replace(made.desk, settings=replace(made.desk.settings, operation=Operation()))
    return made


def test_a_rejected_stranger_hears_of_it_once_a_day(strict: Any) -> None:
    assert strict.mail(mail(number=1)).outcome == "rejected"
    assert strict.mail(mail("x", number=2)).outcome == "rejected"
    assert [letter.kind for letter in strict.letters()] == ["rejection"]
    strict.passes(days=1.1)
    strict.mail(mail("y", number=3))
    assert len(strict.letters()) == 2
    assert strict.ticket(1000) is None


def test_what_the_same_key_brings_again_is_not_kept_twice(office: Any) -> None:
    from helpdesk_cli.mail.sources.contract import Delivery
    from helpdesk_cli.services.incoming import receive

    delivery = Delivery(key="one", raw=mail().encode())
    assert receive(office.desk, delivery, mailbox="support").fetched == 1
    assert receive(office.desk, delivery, mailbox="support").fetched == 0
    with office.desk.engine.read() as tx:
        assert len(inbox.entries(tx)) == 1


def test_a_ticket_entered_by_staff_is_treated_as_if_the_client_had_written(office: Any) -> None:
    number = tickets.new(
        office.by("bob"),
        tickets.NewTicket(client="ann@client.example", name="Ann", subject="Phone call", text="She called."),
    )
    message = office.messages(number)[0]
    assert (message.kind, message.author.role, message.author.staff) == ("inbound", "client", "bob")
    assert [letter.kind for letter in office.letters()] == ["acknowledgement"]
    assert office.ticket(number).channel == "phone"


def test_a_mail_above_the_size_is_shown_and_says_where_the_rest_is(office: Any) -> None:
    entry = office.mail(mail(), whole=False)
    assert entry.outcome == "opened"
    assert "max_size" in entry.note


def test_an_address_taken_from_a_client_hears_and_says_nothing_more(office: Any) -> None:
    people.new_client(office.desk, "ann@client.example")
    people.add_address(office.desk, "ann@client.example", "shared@client.example")
    office.mail(mail(sender="shared@client.example"))
    people.remove_address(office.desk, "ann@client.example", "shared@client.example")
    people.new_client(office.desk, "ben@client.example")
    people.add_address(office.desk, "ben@client.example", "shared@client.example")
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="For Ann."))
    assert [letter.recipient for letter in office.letters(kind="reply")] == ["ann@client.example"]
    entry = office.mail(mail("x", sender="shared@client.example", number=2, subject="[HD-1000] Printer"))
    assert (entry.outcome, entry.ticket) == ("opened", 1001)


@pytest.mark.parametrize("mark", ["X-Spam-Flag: YES\r\n", "Return-Path: <>\r\n"])
def test_a_marked_copy_that_came_first_hides_no_true_mail(make_office: Callable[..., Any], mark: str) -> None:
    spam = MailboxSettings(kind="pipe", department="support", spam_headers=("X-Spam-Flag: YES",))
    made = make_office(mailbox={"support": spam})
    assert made.mail(mark + mail()).outcome in ("spam", "bounce")
    assert made.mail(mail()).outcome == "opened"
    assert made.mail("Received: by us\r\n" + mail()).outcome == "duplicate"


def test_a_flood_brings_its_closed_ticket_back(office: Any) -> None:
    office.configured(limits=Limits(new_tickets_per_sender=(Rate(1, 600),)))
    office.mail(mail())
    tickets.move(office.by("bob"), [1000], "done")
    assert office.mail(mail("URGENT", number=2)).reason == "flood"
    assert office.ticket(1000).state == "open"


def test_a_null_sender_in_the_envelope_is_never_acknowledged(office: Any) -> None:
    entry = office.mail(mail(), sender="")
    assert entry.outcome == "bounce"
    assert office.letters() == []


def test_an_out_of_office_note_with_a_null_path_is_a_note_and_no_bounce(office: Any) -> None:
    office.mail(mail())
    letter = office.letters(kind="acknowledgement")[0]
    headers = f"Return-Path: <>\r\nAuto-Submitted: auto-generated\r\nIn-Reply-To: {letter.message_id}\r\n"
    entry = office.mail(mail("I am away.", number=3, headers=headers))
    assert (entry.outcome, entry.ticket) == ("bounce", 1000)
    assert [one.state for one in office.letters(kind="acknowledgement")] == ["queued"]
    assert office.letters(kind="bounced") == []
    assert not office.messages(1000)[-1].is_public


@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-generated\r\n", "Precedence: bulk\r\n"])
def test_a_staff_members_robot_never_answers_the_client(office: Any, mark: str) -> None:
    office.mail(mail())
    address = token_address(office, "alert")
    entry = office.mail(mail("On holiday.", sender="bob@staff.example", to=address, number=4, headers=mark))
    assert (entry.outcome, entry.reason) == ("auto-reply", "staff-robot")
    assert office.letters(kind="reply") == []


def test_an_unclear_answer_is_told_and_released_as_a_note(office: Any) -> None:
    from helpdesk_cli.services import mailroom

    office.mail(mail())
    address = token_address(office, "alert")
    text = (
        "> -- Please write your answer above this line --\r\n> Ann opened HD-1000:\r\n\r\nBetween the lines.\r\n\r\n"
        "> Stage: New\r\n"
    )
    entry = office.mail(mail(text, sender="bob@staff.example", to=address, number=4))
    assert (entry.outcome, entry.reason) == ("held", "unclear-answer")
    assert [one.recipient for one in office.letters(kind="unclear-answer")] == ["bob@staff.example"]
    assert b"was not sent" in mailroom.letter_raw(office.desk, office.letters(kind="unclear-answer")[0].id)
    assert mailroom.release(office.by("bob"), entry.id).outcome == "replied"
    assert office.messages(1000)[-1].kind == "note"
    assert office.letters(kind="reply") == []


def test_a_mail_attached_to_a_staff_answer_is_not_sent_on(office: Any) -> None:
    office.mail(mail())
    address = token_address(office, "alert")
    raw = (
        f"From: bob@staff.example\r\nTo: {address}\r\nSubject: Re\r\nMessage-ID: <9@s>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nUse water.\r\n'
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: [HD-1000] Printer\r\n\r\nAssigned: nobody\r\n"
        "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1,2\r\n--b--\r\n"
    )
    assert office.mail(raw).reason == "staff-reply"
    assert [part.name for part in office.messages(1000)[-1].attachments] == ["a.csv"]


def test_the_one_page_of_a_storm_is_sent_though_the_pager_is_busy(office: Any) -> None:
    office.configured(
        limits=Limits(acknowledgements=(Rate(3, 3600),)),
        alerts=Alerts(enabled=True, address="pager@p.example"),
    )
    for number in range(8):
        office.mail(mail(f"{number}", sender=f"c{number}@client.example", number=number))
    assert [letter.ticket for letter in office.letters(kind="pager")].count(None) == 1


def test_what_a_relay_adds_does_not_silence_a_staff_member(office: Any) -> None:
    office.mail(mail())
    address = token_address(office, "alert")
    headers = "Feedback-ID: 1.eu:AmazonSES\r\nX-Auto-Response-Suppress: OOF\r\n"
    entry = office.mail(mail("Use sand.", sender="bob@staff.example", to=address, number=4, headers=headers))
    assert entry.reason == "staff-reply"
    assert len(office.letters(kind="reply")) == 1


def test_a_bounce_that_was_none_is_let_in_by_a_person_and_a_note_is_not_made_twice(office: Any) -> None:
    from helpdesk_cli.errors import Failed
    from helpdesk_cli.services import mailroom

    entry = office.mail("Return-Path: <>\r\n" + mail())
    assert entry.outcome == "bounce"
    assert mailroom.release(office.by("bob"), entry.id).outcome == "opened"
    address = token_address(office, "alert")
    note = office.mail(mail("Away.", to=address, number=7, headers="Auto-Submitted: auto-replied\r\n"))
    with pytest.raises(Failed, match="is a note on ticket"):
        mailroom.release(office.by("bob"), note.id)


# Staff who may not see a ticket any more


def left(office: Any) -> None:
    members.join(office.desk, "eve", "support", leave=True)


def handed_over(office: Any) -> None:
    editing.edit(office.desk, [1000], editing.Edit(department="sales"))


def made_private(office: Any) -> None:
    editing.edit(office.desk, [1000], editing.Edit(private=True))


@pytest.mark.parametrize("happened", [left, handed_over, made_private])
def test_an_old_token_of_staff_who_may_not_see_the_ticket_is_held(office: Any, happened: Any) -> None:
    members.new_staff(office.desk, "eve", name="Eve", email="eve@staff.example")
    members.join(office.desk, "eve", "support")
    office.mail(mail())
    (alert,) = [one for one in office.letters(kind="alert") if one.recipient == "eve@staff.example"]
    token = reply_token(office.desk.key, Token(alert.purpose, 1000, alert.person))
    answer = mail("Use water.", sender="eve@staff.example", to=f"support+{token}@desk.example", number=9)
    happened(office)
    entry = office.mail(answer)
    assert (entry.outcome, entry.reason, entry.ticket) == ("held", "staff-not-allowed", 1000)
    assert len(office.messages(1000)) == 1
    assert office.letters(kind="reply") == []
    (told,) = office.letters(kind="unclear-answer")
    assert told.recipient == "eve@staff.example"
    assert b"may not see that ticket any more" in mailroom.letter_raw(office.desk, told.id)
    assert mailroom.release(office.desk, entry.id).outcome == "replied"
    assert [one.recipient for one in office.letters(kind="reply")] == ["ann@client.example"]


def test_who_has_retired_is_no_forger(office: Any) -> None:
    office.configured(desk=replace(office.desk.settings.desk, admin=("root@desk.example",)))
    members.new_staff(office.desk, "eve", name="Eve", email="eve@staff.example")
    members.join(office.desk, "eve", "support")
    office.mail(mail())
    (alert,) = [one for one in office.letters(kind="alert") if one.recipient == "eve@staff.example"]
    token = reply_token(office.desk.key, Token(alert.purpose, 1000, alert.person))
    members.retire(office.desk, "eve")
    answer = mail("Use water.", sender="eve@staff.example", to=f"support+{token}@desk.example", number=9)
    assert office.mail(answer).reason == "spoofed-staff"
    (warning,) = office.letters(kind="spoof-warning")
    raw = mailroom.letter_raw(office.desk, warning.id)
    assert b"Eve, who has retired, answered an old mail of ours about HD-1000" in raw
    assert b"in the name of" not in raw


def test_who_has_the_ticket_answers_it_wherever_it_is(office: Any) -> None:
    members.new_staff(office.desk, "eve", name="Eve", email="eve@staff.example")
    members.join(office.desk, "eve", "support")
    office.mail(mail())
    (alert,) = [one for one in office.letters(kind="alert") if one.recipient == "eve@staff.example"]
    token = reply_token(office.desk.key, Token(alert.purpose, 1000, alert.person))
    assigning.assign(office.desk, [1000], "eve")
    left(office)
    answer = mail("Use water.", sender="eve@staff.example", to=f"support+{token}@desk.example", number=9)
    assert office.mail(answer).reason == "staff-reply"


def test_to_whom_else_a_mail_went_is_shown_to_staff_until_they_take_part(office: Any) -> None:
    first = (
        "From: ann@client.example\r\nTo: support@desk.example, Bea <bea@client.example>\r\n"
        "Cc: CAT@Client.example, shop@desk.example\r\nSubject: Printer\r\n"
        "Message-ID: <cc1@c.example>\r\n\r\nIt burns.\r\n"
    )
    office.mail(first)
    (alert,) = office.letters(kind="alert", event="opened")
    text = mailroom.letter_raw(office.desk, alert.id).decode()
    assert "Went to:    bea@client.example, CAT@Client.example, too" in text
    (acknowledgement,) = office.letters(kind="acknowledgement")
    raw = mailroom.letter_raw(office.desk, acknowledgement.id)
    own = re.search(rb"support\+\w+@desk.example", raw)
    assert own is not None
    office.mail(
        f"From: ann@client.example\r\nTo: {own.group().decode()}\r\nCc: dan@client.example, ann@client.example\r\n"
        "Subject: Re: Printer\r\nMessage-ID: <cc2@c.example>\r\n\r\nStill.\r\n"
    )
    people = ["bea@client.example", "CAT@Client.example", "dan@client.example"]
    assert views.whole(office.desk, 1000).suggested == people
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Water.", cc=("cat@client.example",)))
    assert views.whole(office.desk, 1000).suggested == [people[0], people[2]]
    assert {one.recipient for one in office.letters(kind="reply")} == {
        "ann@client.example",
        "cat@client.example",
    }


def test_who_joins_hears_nothing_of_the_second_in_which_they_did(office: Any) -> None:
    office.mail(mail("First."), arrived_at=office.now)
    office.passes(minutes=1)
    office.mail(mail("Among us.", subject="[HD-1000] Printer", number=2), arrived_at=office.now)
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Water.", cc=("boss@client.example",)))
    (letter,) = [one for one in office.letters(kind="reply") if one.recipient == "boss@client.example"]
    raw = mailroom.letter_raw(office.desk, letter.id)
    assert b"Water." in raw
    assert b"Among us." not in raw
    office.passes(minutes=1)
    office.mail(mail("To all.", subject="[HD-1000] Printer", number=3), arrived_at=office.now)
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Sand."))
    *_, letter = [one for one in office.letters(kind="reply") if one.recipient == "boss@client.example"]
    raw = mailroom.letter_raw(office.desk, letter.id)
    assert b"To all." in raw
    assert b"Among us." not in raw


def test_of_a_mail_to_very_many_nobody_is_shown(office: Any) -> None:
    crowd = ", ".join(f"c{number}@client.example" for number in range(51))
    office.mail(
        f"From: ann@client.example\r\nTo: support@desk.example\r\nCc: {crowd}\r\nSubject: All\r\n"
        "Message-ID: <cc3@c.example>\r\n\r\nHello.\r\n"
    )
    assert views.whole(office.desk, 1000).suggested == []
