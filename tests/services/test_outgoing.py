"""Letters on their way: sent once, tried again, given up, or called uncertain."""

import email
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from smtp_server import SmtpServer

from helpdesk_cli.errors import Failed, NotFound, Unreachable
from helpdesk_cli.services import mailroom, outgoing, tickets
from helpdesk_cli.services.outgoing import notify
from helpdesk_cli.settings import STAGES, Operation, Transport
from helpdesk_cli.store import outbox
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.templates import engine

MAIL = (
    "From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\nMessage-ID: <1@c>\r\n\r\n"
    "It burns.\r\n"
)


def mail_of(name: str) -> str:
    """Another client's mail."""
    return MAIL.replace("<1@c>", f"<{name}@c>").replace("ann@", f"{name}@")


def sent(office: Any) -> list[Any]:
    """What lies in the Maildir that mails go to, oldest first."""
    folder = Path(office.folder, "out", "new")
    found = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns) if folder.exists() else []
    return [email.message_from_bytes(path.read_bytes()) for path in found]


def bodies(message: Any) -> str:
    return "\n".join(
        part.get_payload(decode=True).decode() for part in message.walk() if not part.is_multipart()
    )


def states(office: Any) -> list[str]:
    return [letter.state for letter in office.letters()]


def test_what_is_queued_is_sent_once(office: Any) -> None:
    office.mail(MAIL)
    assert notify(office.desk).sent == 2
    assert notify(office.desk).sent == 0
    assert [message["To"] for message in sent(office)] == [
        "Ann <ann@client.example>",
        "Bob <bob@staff.example>",
    ]
    assert states(office) == ["sent", "sent"]


def test_an_answer_that_a_server_refuses_is_told_on_its_ticket_and_to_staff(office: Any) -> None:
    office.mail(MAIL)
    notify(office.desk)
    with SmtpServer() as server:
        server.refuse["ann@"] = "550 5.1.1 no such user"
        way = Transport(kind="smtp", host="127.0.0.1", port=server.port)
        office.configured(transport={"default": way})
        tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Use water."))
        report = notify(office.desk)
        assert (report.failed, report.sent) == (1, 0)
        assert notify(office.desk).sent == 1
    assert office.events(1000) == ["opened", "answered", "not-sent"]
    (told,) = office.letters(kind="bounced")
    assert (told.recipient, told.facts["diagnosis"]) == (
        "bob@staff.example",
        "the recipient was refused: 550 5.1.1 no such user",
    )


def test_of_an_answer_that_is_put_off_for_hours_staff_are_told_once(office: Any) -> None:
    office.mail(MAIL)
    notify(office.desk)
    with SmtpServer() as server:
        server.refuse["ann@"] = "451 4.7.1 greylisted"
        way = Transport(kind="smtp", host="127.0.0.1", port=server.port)
        office.configured(transport={"default": way})
        tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Use water."))
        for _ in range(3):
            notify(office.desk)
            office.passes(hours=1.3)
        assert office.letters(kind="notice") == []
        for _ in range(4):
            office.passes(hours=1.3)
            notify(office.desk)
        del server.refuse["ann@"]
        office.passes(hours=1.3)
        notify(office.desk)
    assert office.events(1000) == ["opened", "answered", "delayed"]
    (told,) = office.letters(kind="notice")
    assert (told.recipient, told.state) == ("bob@staff.example", "sent")
    assert "ann@client.example has not left yet" in str(told.facts["lines"])
    assert "451 4.7.1 greylisted" in str(told.facts["lines"])
    assert [one.state for one in office.letters(kind="reply")] == ["sent"]


def test_a_limit_leaves_the_rest_for_the_next_run(office: Any) -> None:
    office.mail(MAIL)
    report = notify(office.desk, limit=1)
    assert (report.sent, report.queued) == (1, 1)


def test_an_acknowledgement_says_that_a_machine_wrote_it_and_answers_the_mail(office: Any) -> None:
    office.mail(MAIL)
    notify(office.desk)
    message = sent(office)[0]
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Return-Path"] == "<>"
    assert message["In-Reply-To"] == "<1@c>"
    assert message["Subject"] == "[HD-1000] Printer"


def test_an_acknowledgement_to_an_unproved_sender_repeats_no_name(office: Any) -> None:
    mailbox = office.desk.settings.mailbox["support"]
    office.configured(mailbox={"support": replace(mailbox, authentication="id:mx.desk.example")})
    office.mail(MAIL.replace("Ann", "Buy at evil.example"))
    notify(office.desk)
    message = sent(office)[0]
    assert message["To"] == "ann@client.example"
    assert "evil" not in message.as_string() + bodies(message)


def test_a_persons_answer_is_no_machines_and_hides_who_wrote_it(office: Any) -> None:
    office.mail(MAIL)
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Use water."))
    notify(office.desk)
    message = sent(office)[-1]
    assert message["Auto-Submitted"] is None
    assert message["From"] == "Support <support@desk.example>"
    assert "Use water." in bodies(message)
    assert "Bob" not in message.as_string()


def test_identity_is_revealed_where_the_desk_says_so(office: Any) -> None:
    office.configured(operation=Operation(reveal_staff_identity=True))
    office.mail(MAIL)
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Use water."))
    notify(office.desk)
    assert sent(office)[-1]["From"] == "Bob <support@desk.example>"


def test_the_discussion_goes_along_as_far_as_the_limit_says(office: Any) -> None:
    office.configured(operation=Operation(email_messages_limit=1))
    office.mail(MAIL)
    for number in range(3):
        tickets.reply(office.by("bob"), 1000, tickets.Answer(text=f"Answer {number}."))
    tickets.note(office.by("bob"), 1000, tickets.Answer(text="Between us."))
    notify(office.desk)
    text = bodies(sent(office)[-1])
    assert "It burns." in text
    assert "Answer 1." in text
    assert "Answer 0." not in text
    assert "Between us." not in text


def test_a_note_leaves_no_letter(office: Any) -> None:
    office.mail(MAIL)
    before = len(office.letters())
    tickets.note(office.by("bob"), 1000, tickets.Answer(text="Between us."))
    assert len(office.letters()) == before


def test_files_of_an_answer_go_along_and_too_large_ones_are_named(office: Any) -> None:
    office.mail(MAIL)
    small = tickets.File("a.txt", "text/plain", b"small")
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="See.", files=(small,)))
    notify(office.desk)
    assert [part.get_filename() for part in sent(office)[-1].walk() if part.get_filename()] == ["a.txt"]
    office.configured(
        transport={"default": Transport(kind="maildir", path=f"{office.folder}/out", max_size=5000)}  # type: ignore[arg-type]
    )
    large = tickets.File("b.bin", "application/octet-stream", os.urandom(9000))
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="See.", files=(large,)))
    notify(office.desk)
    message = sent(office)[-1]
    assert [part.get_filename() for part in message.walk() if part.get_filename()] == []
    assert "b.bin (9,000 bytes)" in bodies(message)


def test_a_broken_template_delays_a_letter_and_loses_none(office: Any) -> None:
    folder = office.folder / "words"
    folder.mkdir(mode=0o700)
    (folder / "acknowledgement.txt.j2").write_text("{{ nothing.of.that }}")
    (folder / "acknowledgement.txt.j2").chmod(0o600)
    office.configured(desk=office.desk.settings.desk.__class__(domain="desk.example", templates=str(folder)))
    office.mail(MAIL)
    report = notify(office.desk)
    assert (report.sent, report.deferred) == (1, 1)
    assert "acknowledgement.txt.j2" in report.problems[0]
    (folder / "acknowledgement.txt.j2").unlink()
    engine._environment.cache_clear()  # as the next run's process has it
    office.passes(minutes=7)
    assert notify(office.desk).sent == 1


def test_a_stage_whose_template_is_missing_delays_a_letter_and_says_which(office: Any) -> None:
    office.mail(MAIL)
    notify(office.desk)
    office.configured(stage={**STAGES, "done": replace(STAGES["done"], template="bye")})
    tickets.move(office.by("bob"), [1000], "done")
    (problem,) = notify(office.desk).problems
    assert "to ann@client.example: there is no template bye.subject.j2 among ours" in problem
    assert {letter.state for letter in office.letters(kind="moved")} == {"deferred"}


def test_a_letter_is_tried_again_later_and_later_and_given_up_after_five_days(office: Any) -> None:
    office.configured(transport={"default": Transport(kind="smtp", host="127.0.0.1", port=1)})
    office.mail(MAIL)
    report = notify(office.desk)
    assert isinstance(report.failures[0], Unreachable)
    assert states(office).count("deferred") == 1
    assert states(office).count("queued") == 1
    assert notify(office.desk).deferred == 1
    attempts = 0
    while "failed" not in states(office):
        office.passes(minutes=81)
        notify(office.desk)
        attempts += 1
        assert attempts < 120
    assert attempts > 80


@pytest.mark.parametrize(
    ("attempts", "base"), [(1, 300), (2, 600), (3, 1200), (4, 2400), (5, 4000), (50, 4000)]
)
def test_waits_double_up_to_a_limit_and_vary(attempts: int, base: float) -> None:
    assert outgoing.wait(attempts, lambda count: b"\0" * count) == pytest.approx(base * 0.8)
    assert outgoing.wait(attempts, lambda count: b"\xff" * count) == pytest.approx(base * 1.2)


HERE = os.uname().nodename


def claimed(office: Any, *, handed: bool, by: str = f"{HERE}:999999999:1") -> int:
    """A letter as a killed run leaves it."""
    office.mail(MAIL)

    def taken(tx: Tx) -> int:
        letter = outbox.claim(tx, office.now, by, office.now, count=1)[0].id
        assert not handed or outbox.handing_over(tx, letter, by, office.now)
        return letter

    return int(office.desk.engine.transact(taken, alone=False))


def test_a_letter_whose_run_died_before_handing_over_is_sent(office: Any) -> None:
    claimed(office, handed=False)
    assert notify(office.desk).sent == 2


def test_a_letter_whose_run_died_while_handing_over_is_uncertain_until_a_person_decides(office: Any) -> None:
    number = claimed(office, handed=True)
    report = notify(office.desk)
    assert (report.sent, report.uncertain) == (1, 1)
    assert [f"helpdesk outbox retry {number}" in problem for problem in report.problems] == [True]
    assert office.events(1000) == ["opened", "maybe-sent"]
    assert mailroom.letter(office.desk, number).state == "uncertain"
    office.passes(days=2)
    assert notify(office.desk).sent == 0
    before = mailroom.letter(office.desk, number).message_id
    mailroom.retry_letters(office.desk, [number])
    assert notify(office.desk).sent == 1
    assert mailroom.letter(office.desk, number).message_id == before


def test_a_letter_in_the_hands_of_a_living_run_is_left_alone(office: Any) -> None:
    number = claimed(office, handed=False, by=outgoing.claimant())
    office.passes(days=1)
    assert notify(office.desk).sent == 1
    assert mailroom.letter(office.desk, number).state == "sending"


def test_a_host_that_died_holds_up_a_letter_for_ten_minutes(office: Any) -> None:
    number = claimed(office, handed=False, by="elsewhere:1:1")
    office.passes(minutes=9)
    assert notify(office.desk).sent == 1
    assert mailroom.letter(office.desk, number).state == "sending"
    office.passes(minutes=2)
    assert notify(office.desk).sent == 1
    assert mailroom.letter(office.desk, number).state == "sent"


def test_what_a_host_was_handing_over_when_it_died_is_uncertain_after_an_hour(office: Any) -> None:
    number = claimed(office, handed=True, by="elsewhere:1:1")
    office.passes(minutes=59)
    notify(office.desk)
    assert mailroom.letter(office.desk, number).state == "sending"
    office.passes(minutes=2)
    notify(office.desk)
    assert mailroom.letter(office.desk, number).state == "uncertain"


def test_a_letter_that_another_run_took_back_is_not_handed_over(office: Any) -> None:
    # While the first letter is handed over, another host takes us for dead.
    office.mail(MAIL)
    program = office.folder / "sendmail"
    program.write_text(
        f"#!{sys.executable}\nfrom helpdesk_cli.store import open_engine, outbox\n"
        f"engine = open_engine({office.desk.settings.store.url!r})\n"
        "def back(tx):\n"
        "    for one in outbox.claims(tx):\n"
        "        if not one.is_handed_over:\n"
        "            outbox.take_back(tx, one.letter, one.by, '')\n"
        "engine.transact(back, alone=False)\n"
    )
    program.chmod(0o700)
    office.configured(transport={"default": Transport(kind="sendmail", path=str(program))})
    assert notify(office.desk).sent == 1
    assert states(office) == ["sent", "queued"]


def test_letters_of_a_transport_that_is_away_keep_no_others_waiting(office: Any) -> None:
    transports = office.desk.settings.transport
    departments = office.desk.settings.department
    office.configured(
        transport={"away": Transport(kind="smtp", host="127.0.0.1", port=1), **transports},
        department={**departments, "support": replace(departments["support"], transport="away")},
    )
    for number in range(outgoing.CLAIMED_AT_ONCE):
        office.mail(mail_of(f"ann{number}"))
    office.mail(MAIL.replace("<1@c>", "<sales@c>"), mailbox="sales", recipients=("sales@desk.example",))
    counted: list[int] = []
    report = notify(office.desk, progress=counted.append)
    assert (report.sent, report.deferred, len(report.failures)) == (2, 1, 1)
    assert counted == [20, 2]
    assert [letter.state for letter in office.letters(department="sales")] == ["sent", "sent"]


def test_letters_of_a_department_that_is_gone_are_let_go_once(office: Any) -> None:
    for number in range(outgoing.CLAIMED_AT_ONCE):
        office.mail(mail_of(f"ann{number}"))
    office.configured(
        transport={"default": Transport(kind="smtp", host="127.0.0.1", port=1)},
        department={"sales": office.desk.settings.department["sales"]},
    )
    counted: list[int] = []
    assert notify(office.desk, progress=counted.append).deferred == 1
    assert counted == [outgoing.CLAIMED_AT_ONCE]
    assert states(office).count("queued") == 2 * outgoing.CLAIMED_AT_ONCE - 1


def test_a_dropped_letter_is_not_sent_and_a_sent_one_is_not_dropped(office: Any) -> None:
    office.mail(MAIL)
    first, second = (letter.id for letter in office.letters())
    mailroom.drop_letters(office.desk, [first])
    assert notify(office.desk).sent == 1
    with pytest.raises(Failed, match=f"letter {second} is sent"):
        mailroom.drop_letters(office.desk, [second])
    with pytest.raises(NotFound):
        mailroom.retry_letters(office.desk, [99])


def test_a_letter_that_is_being_sent_is_not_dropped_nor_another_with_it(office: Any) -> None:
    number = claimed(office, handed=False)
    other = next(letter.id for letter in office.letters(state="queued"))
    with pytest.raises(Failed, match=f"letter {number} is sending; nothing was changed"):
        mailroom.drop_letters(office.desk, [other, number])
    assert mailroom.letter(office.desk, other).state == "queued"


def test_hostile_words_break_neither_headers_nor_templates(office: Any) -> None:
    office.mail(
        "From: =?utf-8?q?a=0D=0ABcc:_evil=40x?= <ann@client.example>\r\nTo: support@desk.example\r\n"
        "Subject: =?utf-8?q?{{7*7}}=0D=0ABcc:_evil=40x.example?=\r\nMessage-ID: <1@c>\r\n\r\n"
        "{% for c in ().__class__.__base__.__subclasses__() %}x{% endfor %} <script>alert(1)</script>\r\n"
    )
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Answer."))
    assert notify(office.desk).sent == 3
    for message in sent(office):
        assert message["Bcc"] is None
        assert "49" not in str(message["Subject"])
        html = next(part for part in message.walk() if part.get_content_type() == "text/html")
        assert b"<script>" not in html.get_payload(decode=True)
    assert "{% for c in" in bodies(sent(office)[-1])
