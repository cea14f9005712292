"""Machines' mail: told by headers and structure; what bounces say; words in the subject prove nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.mail import Automatic, Bounced, Inbound
from helpdesk_cli.mail.parse import parse


def mail(*lines: str, body: str = "hello", sender: str = "Jo <jo@client.test>") -> Inbound:
    return parse(
        "\r\n".join(
            (f"From: {sender}", "Subject: Out of office: Undelivered mail", *lines, "", body)
        ).encode()
    )


KINDS = [
    (Automatic.NO, []),
    (Automatic.NO, ["Auto-Submitted: no"]),
    (Automatic.NO, ["Auto-Submitted: NO (a person); x=y"]),
    (Automatic.NO, ["Precedence: first-class"]),
    (Automatic.NO, ["Return-Path: <jo@client.test>"]),
    (Automatic.VACATION, ["Auto-Submitted: auto-replied"]),
    (Automatic.VACATION, ["Auto-Submitted: (yes) Auto-Replied; vacation"]),
    (Automatic.VACATION, ["X-Autoreply: yes"]),
    (Automatic.VACATION, ["X-Autorespond: x"]),
    (Automatic.VACATION, ["X-Autoresponder: x"]),
    (Automatic.VACATION, ["Precedence: auto_reply"]),
    (Automatic.VACATION, ["Precedence: bulk", "Precedence: auto_reply"]),
    (Automatic.VACATION, ["Return-Path: <>", "Auto-Submitted: auto-replied (vacation)"]),
    (Automatic.BOUNCE, ["Return-Path: <>"]),
    (Automatic.BOUNCE, ["X-Failed-Recipients: a@b.test", "Auto-Submitted: auto-replied"]),
    (Automatic.ROBOT, ["Auto-Submitted: auto-generated"]),
    (Automatic.ROBOT, ["Auto-Submitted: auto-notified; owner-email=x"]),
    (Automatic.ROBOT, ["Precedence: Bulk"]),
    (Automatic.ROBOT, ["Precedence: list"]),
    (Automatic.ROBOT, ["Precedence: junk"]),
    (Automatic.ROBOT, ["List-Id: <x.y>"]),
    (Automatic.ROBOT, ["List-Unsubscribe: <mailto:x@y>"]),
    (Automatic.ROBOT, ["X-Auto-Response-Suppress: All"]),
    (Automatic.ROBOT, ["X-Loop: x"]),
    (Automatic.ROBOT, ["Feedback-ID: x"]),
]


@pytest.mark.parametrize(("kind", "lines"), KINDS)
def test_headers_tell_which_machine_wrote(kind: Automatic, lines: list[str]) -> None:
    assert mail(*lines).automatic is kind


@pytest.mark.parametrize(
    ("sender", "kind"),
    [("noreply@x.test", Automatic.ROBOT), ("No-Reply <no-reply@x.test>", Automatic.ROBOT),
     ("do_not_reply@x.test", Automatic.ROBOT), ("shop.noreply@x.test", Automatic.ROBOT),
     ("noreply+123@x.test", Automatic.ROBOT), ("donotreply@x.test", Automatic.ROBOT),
     ("MAILER-DAEMON@x.test", Automatic.BOUNCE), ("Mailer-Daemon@x.test", Automatic.BOUNCE),
     ("postmaster@x.test", Automatic.NO), ("norbert@x.test", Automatic.NO), ("reply@x.test", Automatic.NO),
     ("noreplyfan@x.test", Automatic.NO), ("noreply@x.test <jo@x.test>", Automatic.NO)],
)  # fmt: skip
def test_senders_tell_which_machine_wrote(sender: str, kind: Automatic) -> None:
    assert mail(sender=sender).automatic is kind


RETURNED = "Message-ID: <ours@desk.test>\r\nSubject: x\r\n\r\nbody"


def report(fields: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.test\r\nAuto-Submitted: auto-replied\r\nReturn-Path: <>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nI'm sorry to have to inform you\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
        f"{fields}\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{RETURNED}\r\n--b--\r\n"
    ).encode()  # fmt: skip


REPORTS = [
    (
        "Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <a@b.test>:\r\n    no such user",
        [Bounced("a@b.test", True, "5.1.1", "550 5.1.1 <a@b.test>: no such user")],
    ),
    (
        "Final-Recipient: rfc822;x@deep.test\r\nOriginal-Recipient: rfc822;a@b.test\r\n"
        "Action: failed\r\nStatus: 5.7.1 (denied)",
        [Bounced("a@b.test", True, "5.7.1")],
    ),
    ("Final-Recipient: rfc822; a@b.test\r\nAction: delayed\r\nStatus: 4.4.1", [Bounced("a@b.test", False, "4.4.1")]),
    ("Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 4.4.7", [Bounced("a@b.test", False, "4.4.7")]),
    ("Final-Recipient: rfc822; a@b.test\r\nAction: failed", [Bounced("a@b.test", True)]),
    ("Final-Recipient: a@b.test\r\nAction: failed\r\nDiagnostic-Code: smtp;550 no",
     [Bounced("a@b.test", True, "5.0.0", "550 no")]),
    ("Final-Recipient: rfc822; a@b.test\r\nAction: delivered\r\nStatus: 2.0.0", []),
    ("Final-Recipient: rfc822; nobody\r\nAction: failed\r\nStatus: 5.1.1", []),
    (
        "Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\r\n"
        "Final-Recipient: rfc822; c@d.test\r\nAction: delayed\r\nStatus: 4.0.0\r\n\r\n"
        "Final-Recipient: rfc822; A@B.test\r\nAction: failed\r\nStatus: 5.2.2",
        [Bounced("a@b.test", True, "5.1.1"), Bounced("c@d.test", False, "4.0.0")],
    ),
    ("Original-Recipient: rfc822;a+2Bx+3Dy@b.test\r\nAction: failed\r\nStatus: 5.1.1",
     [Bounced("a+x=y@b.test", True, "5.1.1")]),
    (
        "Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; " + "x" * 900,
        [Bounced("a@b.test", True, "5.0.0", "x" * 500)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "bounced"), REPORTS)
def test_delivery_reports_name_each_recipient(fields: str, bounced: list[Bounced]) -> None:
    inbound = parse(report(fields))
    assert (inbound.automatic, list(inbound.bounced)) == (Automatic.BOUNCE, bounced)
    assert inbound.returned_ids == ("<ours@desk.test>",)


def test_a_delivery_report_from_a_person_is_still_a_bounce() -> None:
    raw = report("Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.1.1")
    raw = raw.replace(b"MAILER-DAEMON@mx.test", b"jo@client.test").replace(
        b"Return-Path: <>", b"Return-Path: <jo@x.test>"
    )
    assert parse(raw).automatic is Automatic.BOUNCE


def test_a_forwarded_delivery_report_is_a_persons_mail() -> None:
    attached = report("Final-Recipient: rfc822; a@b.test\r\nAction: failed").decode()
    raw = (
        "From: jo@client.test\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nwhat is this?\r\n"
        f"--o\r\nContent-Type: message/rfc822\r\n\r\n{attached}\r\n"
        "--o\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\n--o--\r\n"
    )
    assert (parse(raw.encode()).automatic, parse(raw.encode()).bounced) == (Automatic.NO, ())


def test_a_report_in_base64_with_headers_alone_is_read() -> None:
    raw = (
        b"From: jo@x.test\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYi50ZXN0DQpBY3Rpb246IGZhaWxlZA0K\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID:\r\n <ours@desk.test>\r\n--b--\r\n"
    )
    inbound = parse(raw)
    assert inbound.bounced == (Bounced("a@b.test", True),)
    assert inbound.returned_ids == ("<ours@desk.test>",)


@pytest.mark.parametrize("kind", ["disposition-notification", "feedback-report"])
def test_receipts_and_complaints_are_reports_whatever_else_they_bear(kind: str) -> None:
    raw = (
        "From: jo@client.test\r\nReturn-Path: <>\r\nAuto-Submitted: auto-replied\r\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\n\r\nread\r\n"
        f"--b\r\nContent-Type: message/{kind}\r\n\r\nReporting-UA: x\r\n"
        "Original-Message-ID: <ours@desk.test>\r\n--b--\r\n"
    )
    inbound = parse(raw.encode())
    assert (inbound.automatic, inbound.returned_ids, inbound.bounced) == (
        Automatic.REPORT,
        ("<ours@desk.test>",),
        (),
    )


def test_exim_names_the_failed_in_a_header() -> None:
    body = "  a@b.test\n    host mx.b.test\n    550 5.1.1 no such user\n\nMessage-ID: <ours@desk.test>\nSubject: x\n"
    inbound = mail("X-Failed-Recipients: a@b.test,\r\n c@d.test", body=body)
    assert inbound.bounced == (
        Bounced("a@b.test", True, "", "550 5.1.1 no such user"),
        Bounced("c@d.test", True, "", "550 5.1.1 no such user"),
    )
    assert inbound.returned_ids == ("<ours@desk.test>",)


QMAIL = (
    "Hi. This is the qmail-send program at x.test.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<a@b.test>:\n"
    "192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\nGiving up on 192.0.2.1.\n\n"
    "--- Below this line is a copy of the message.\n\nReturn-Path: <x@desk.test>\nMessage-ID: <ours@desk.test>\n"
)


def test_the_bounce_library_reads_prose() -> None:
    inbound = mail("Return-Path: <>", sender="MAILER-DAEMON@x.test", body=QMAIL)
    assert [(one.address, one.hard) for one in inbound.bounced] == [("a@b.test", True)]
    assert inbound.bounced[0].text == "Remote host said: 550 no such user"
    assert inbound.returned_ids == ("<ours@desk.test>",)


def test_a_postmaster_is_a_machine_only_where_the_library_finds_a_failure() -> None:
    assert mail(sender="postmaster@x.test", body=QMAIL).automatic is Automatic.BOUNCE
    assert mail(sender="postmaster@x.test", body="We changed our mail server.").automatic is Automatic.NO
    assert mail(body=QMAIL).automatic is Automatic.NO


def test_without_a_copy_the_references_tell_what_came_back() -> None:
    assert mail(
        "Return-Path: <>", "In-Reply-To: <a@desk.test>", "References: <z@x> <b@desk.test>"
    ).returned_ids == (
        "<a@desk.test>",
        "<b@desk.test>",
    )


def test_a_report_about_a_crowd_is_bounded() -> None:
    group = "Final-Recipient: rfc822; u%d@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    inbound = parse(report("".join(group % number for number in range(5000))))
    assert len(inbound.bounced) == 1000


def test_the_bounce_library_prints_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for body in (QMAIL, "\0\xff", "x" * 100_000, "<" * 50_000, "a@b.test " * 20_000):
        assert (
            mail("Return-Path: <>", 'Content-Type: text/plain; charset="x\0y"', body=body).automatic
            is Automatic.BOUNCE
        )
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


PIECES = [
    *QMAIL.splitlines(),
    "<a@b.test>:",
    "Action: failed",
    "Final-Recipient: rfc822; x@y.z",
    "--b",
    "--b--",
    "Content-Type: message/delivery-status",
    "ä\0",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_bounce_is_read_without_a_failure(lines: list[str]) -> None:
    head = "From: mailer-daemon@x.test\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
    inbound = parse((head + "\r\n".join(lines)).encode())
    assert inbound.automatic is Automatic.BOUNCE
    assert not any("could not be read" in note for note in inbound.notes)
