"""Tickets forwarded to third parties: what they get, what comes back, and what nobody else ever sees."""

import email
import email.policy
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.errors import NotAllowed, NotFound, Usage
from helpdesk_cli.services import forwarding, tickets, unsending
from helpdesk_cli.services.files import File
from helpdesk_cli.services.forwarding import Forward
from helpdesk_cli.services.outgoing import notify
from helpdesk_cli.settings import Operation
from helpdesk_cli.store import addresses, people
from helpdesk_cli.store import tickets as rows

FIX = "repair@supplier.example"

MAIL = """\
From: Ann Archer <ann@client.example>
To: support@desk.example
Subject: Printer
Message-ID: <1@client.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

It burns.
--b
Content-Type: image/png; name=fire.png
Content-Disposition: attachment; filename=fire.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
"""


@pytest.fixture
def asked(office: Any) -> Any:
    """Ann asked with a picture, was answered once, wrote again; and there is a note."""
    office.mail(MAIL.replace("\n", "\r\n"))
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Which one?"))
    office.passes(minutes=1)
    office.mail(
        "From: Ann Archer <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Re: Printer\r\n"
        "Message-ID: <2@client.example>\r\nIn-Reply-To: <1@client.example>\r\n\r\nThe blue one.\r\n"
    )
    tickets.note(office.by("bob"), 1000, tickets.Answer(text="SECRET: she never pays."))
    notify(office.desk)
    office.passes(minutes=1)
    return office


def forward(office: Any, *to: str, text: str = "Can you come?", **more: Any) -> list[str]:
    return forwarding.forward(office.by("bob"), 1000, Forward(to=to or (FIX,), text=text, **more))


def sent(office: Any, to: str = FIX) -> Any:
    """The newest mail to an address, sent now."""
    notify(office.desk)
    found = sorted(Path(office.folder, "out", "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found]
    return [mail for mail in mails if to in str(mail["To"])][-1]


def words(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def answer_to(
    mail: Any, text: str = "We come on Friday.", sender: str = FIX, more: str = "", to: str = ""
) -> str:
    return (
        f"From: Fix <{sender}>\r\nTo: {to or mail['Reply-To'].addresses[0].addr_spec}\r\n"
        f"Subject: Re: {mail['Subject']}\r\n"
        f"Message-ID: <{abs(hash((text, sender, more)))}@supplier.example>\r\n"
        f"In-Reply-To: {mail['Message-ID']}\r\n{more}\r\n{text}\r\n"
    )


def people_of(office: Any) -> list[str]:
    with office.desk.engine.read() as tx:
        return [one.address for one in rows.participants(tx, 1000)]


def test_our_words_come_first_then_the_clients_last_and_no_note(asked: Any) -> None:
    forward(asked)
    mail = sent(asked)
    text = words(mail)
    assert mail["Subject"] == "[HD-1000] Printer"
    assert mail["From"].addresses[0].addr_spec == "support@desk.example"
    assert text.index("Can you come?") < text.index("Ann Archer wrote:\n> The blue one.")
    assert (
        "It burns." not in text
        and "SECRET" not in mail.as_string()
        and "ann@client.example" not in mail.as_string()
    )
    assert "Bob" not in mail.as_string()
    assert [letter.kind for letter in asked.letters(recipient=FIX)] == ["forward"]


def test_the_discussion_or_one_message_with_files_where_they_are_wanted(asked: Any) -> None:
    forward(asked, whole=True)
    mail = sent(asked)
    text = words(mail)
    assert [text.index(one) for one in ("It burns.", "Which one?", "The blue one.")] == sorted(
        text.index(one) for one in ("It burns.", "Which one?", "The blue one.")
    )
    assert "Not attached here: fire.png" in text and "SECRET" not in text
    assert list(mail.iter_attachments()) == []
    first = asked.messages(1000)[0].id
    forward(asked, message=first, with_files=True, files=(File("plan.pdf", "application/pdf", b"%PDF"),))
    mail = sent(asked)
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["plan.pdf", "fire.png"]
    assert "Attached here: fire.png" in words(mail) and "blue" not in words(mail)


def test_what_only_staff_see_is_never_forwarded(asked: Any) -> None:
    note = asked.messages(1000)[-1]
    with pytest.raises(Usage, match=f"--of {note.id}: only staff see it"):
        forward(asked, message=note.id)
    with pytest.raises(NotFound, match="ticket 1000 has no message 999"):
        forward(asked, message=999)


def test_what_was_taken_back_after_it_was_forwarded_is_left_out(asked: Any) -> None:
    tickets.reply(asked.by("bob"), 1000, tickets.Answer(text="Wrong words."))
    forwarding.forward(asked.by("carla"), 1000, Forward(to=(FIX,), text="Look.", whole=True))
    unsending.unsend(asked.by("bob"), 1000)
    text = words(sent(asked))
    assert "The blue one." in text and "Wrong words." not in text


def test_the_answer_comes_back_for_staff_alone(asked: Any) -> None:
    forward(asked)
    mail = sent(asked)
    before = asked.ticket(1000)
    entry = asked.mail(answer_to(mail))
    assert (entry.outcome, entry.reason, entry.ticket) == ("replied", "third-party-answer", 1000)
    message = asked.messages(1000)[-1]
    assert (message.kind, message.is_public, message.mark) == ("inbound", False, "third party")
    assert people_of(asked) == ["ann@client.example"]
    after = asked.ticket(1000)
    assert (after.stage, after.client_id, after.unanswered_since) == (
        before.stage,
        before.client_id,
        before.unanswered_since,
    )
    (alert,) = asked.letters(kind="alert", state="queued")
    assert (alert.recipient, alert.purpose, alert.facts["internal"]) == ("bob@staff.example", "n", True)
    told = words(sent(asked, "bob@staff.example"))
    assert "We come on Friday." in told and "it becomes a note" in told and "third party" in told
    assert "Answer this mail to answer" not in told


def test_the_client_never_sees_it(asked: Any) -> None:
    forward(asked)
    asked.mail(answer_to(sent(asked)))
    asked.configured(operation=Operation(limit_messages_sent=False))
    tickets.reply(asked.by("bob"), 1000, tickets.Answer(text="A technician comes."))
    mail = sent(asked, "ann@client.example")
    text = mail.as_string()
    assert "A technician comes." in text and "It burns." in text
    for hidden in ("Can you come?", "We come on Friday.", FIX, "supplier.example"):
        assert hidden not in text
    assert all("supplier" not in one for one in str(mail["References"]).split())


def test_what_staff_answer_to_that_alert_is_a_note(asked: Any) -> None:
    forward(asked)
    asked.mail(answer_to(sent(asked)))
    alert = sent(asked, "bob@staff.example")
    letters = len(asked.letters())
    asked.mail(answer_to(alert, "Friday is too late.", "bob@staff.example"))
    message = asked.messages(1000)[-1]
    assert (message.kind, message.is_public) == ("note", False)
    assert [one.kind for one in asked.letters()[letters:] if one.purpose in ("c", "t")] == []


def test_an_answer_from_another_address_of_theirs_says_who_was_asked(asked: Any) -> None:
    forward(asked)
    entry = asked.mail(answer_to(sent(asked), sender="tim@supplier.example"))
    assert (entry.reason, entry.ticket) == ("third-party-answer", 1000)
    assert asked.messages(1000)[-1].mark == f"third party; was asked: {FIX}"


def test_the_message_id_alone_proves_it_where_the_address_does_not(asked: Any) -> None:
    forward(asked)
    entry = asked.mail(answer_to(sent(asked), to="support@desk.example"))
    assert entry.reason == "third-party-answer"


def test_a_stranger_with_the_tag_alone_gets_onto_no_ticket(asked: Any) -> None:
    forward(asked)
    mail = sent(asked)
    entry = asked.mail(answer_to(mail, to="support@desk.example").replace("In-Reply-To:", "X-Was:"))
    assert (entry.outcome, entry.ticket) == ("opened", 1001)


def test_a_token_for_clients_is_none_for_third_parties_and_one_for_another_ticket_is_none(asked: Any) -> None:
    forward(asked)
    address = sent(asked)["Reply-To"].addresses[0].addr_spec
    local, _, domain = address.partition("@")
    changed = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    entry = asked.mail(answer_to(sent(asked), to=changed).replace("In-Reply-To:", "X-Was:"))
    assert entry.outcome == "opened"


def test_to_answer_them_again_is_to_forward_again_in_one_thread(asked: Any) -> None:
    forward(asked)
    first = sent(asked)
    asked.mail(answer_to(first))
    forward(asked, text="Friday is fine.", message=asked.messages(1000)[0].id)
    second = sent(asked)
    assert first["Message-ID"] in second["References"]
    assert second["In-Reply-To"].endswith("@supplier.example>")
    assert first["Reply-To"] != second["Reply-To"]


def test_the_stage_stays_or_is_the_one_that_is_named_and_the_answer_brings_it_back(asked: Any) -> None:
    forward(asked)
    assert asked.ticket(1000).stage == "new"
    forward(asked, stage="awaiting")
    assert asked.ticket(1000).state == "waiting"
    clients = len(asked.letters(purpose="c"))
    asked.mail(answer_to(sent(asked)))
    assert (asked.ticket(1000).state, asked.ticket(1000).stage) == ("open", "in-progress")
    assert len(asked.letters(purpose="c")) == clients


def test_an_answer_that_brings_it_back_makes_no_client_wait(asked: Any) -> None:
    tickets.reply(asked.by("bob"), 1000, tickets.Answer(text="We ask."))
    forward(asked, stage="awaiting")
    asked.mail(answer_to(sent(asked)))
    after = asked.ticket(1000)
    assert (after.state, after.unanswered_since) == ("open", None)


def test_it_answers_nobody(asked: Any) -> None:
    before = asked.ticket(1000)
    assert before.unanswered_since is not None
    forward(asked)
    after = asked.ticket(1000)
    assert (after.unanswered_since, after.staff_word_at) == (before.unanswered_since, before.staff_word_at)
    assert asked.events(1000)[-1] == "forwarded"


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("nobody", "is not a mail address"),
        ("support@desk.example", "is an address of the desk itself"),
        ("shop@desk.example", "is an address of the desk itself"),
        ("support+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example", "is an address of the desk itself"),
        ("Ann@client.example", "takes part in ticket 1000; 'helpdesk ticket reply 1000' answers them"),
    ],
)
def test_to_whom_nothing_is_forwarded(asked: Any, to: str, told: str) -> None:
    with pytest.raises(Usage, match=told):
        forward(asked, to)
    assert asked.letters(kind="forward") == []


def test_several_are_written_to_apart_and_not_too_many(asked: Any) -> None:
    forward(asked, FIX, "Repair@supplier.example", "boss@supplier.example")
    assert [one.recipient for one in asked.letters(kind="forward")] == [FIX, "boss@supplier.example"]
    assert "boss@" not in sent(asked).as_string()
    with pytest.raises(Usage, match="--to: from 1 to 10 addresses"):
        forward(asked, *(f"x{number}@supplier.example" for number in range(11)))
    with pytest.raises(Usage, match="the text is empty"):
        forward(asked, text="  ")


def test_who_is_blocked_or_does_not_get_our_mail_is_told_of(asked: Any) -> None:
    def known(tx: Any) -> None:
        people.block(tx, "supplier.example", "bob", asked.now)
        for _ in range(5):
            addresses.count_bounce(tx, FIX, 1.0, asked.now)

    asked.desk.engine.transact(known)
    warnings = forward(asked)
    assert warnings[0].startswith(f"{FIX} is blocked, so an answer is not heard")
    assert sent(asked) is not None


def test_a_bounce_of_it_is_told_to_staff(asked: Any) -> None:
    forward(asked)
    mail = sent(asked)
    asked.mail(
        "From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: failed\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {FIX}\r\nAction: failed\r\nStatus: 5.1.1\r\n--b\r\n"
        f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {mail['Message-ID']}\r\n\r\nx\r\n--b--\r\n"
    )
    (told,) = asked.letters(kind="bounced")
    assert told.recipient == "bob@staff.example"
    assert "What you forwarded did not arrive." in words(sent(asked, "bob@staff.example"))


def test_it_may_be_taken_back_before_it_left(asked: Any) -> None:
    forward(asked)
    before = asked.ticket(1000)
    taken = unsending.unsend(asked.by("bob"), 1000)
    assert (taken.to, taken.message.new_text) == ((FIX,), "Can you come?")
    assert asked.ticket(1000).unanswered_since == before.unanswered_since
    assert notify(asked.desk).sent == 0


def test_who_may_not_see_a_ticket_forwards_nothing(asked: Any) -> None:
    carla = asked.by("carla")
    stranger = replace(carla, actor=replace(carla.actor, is_admin=False))
    with pytest.raises(NotAllowed):
        forwarding.forward(stranger, 1000, Forward(to=(FIX,), text="Look."))


def test_an_out_of_office_note_of_theirs_is_a_note_and_wakes_nothing(asked: Any) -> None:
    forward(asked, stage="awaiting")
    entry = asked.mail(answer_to(sent(asked), "Away.", more="Auto-Submitted: auto-replied\r\n"))
    assert (entry.outcome, entry.ticket, asked.ticket(1000).state) == ("auto-reply", 1000, "waiting")
    assert asked.messages(1000)[-1].is_public is False
