"""From bytes to an Inbound: never a failure, every string storable, every attachment cut from the raw bytes."""

import hashlib
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from bombs import BOMBS, ORDINARY
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.mail import Automatic, Inbound, Mailbox
from helpdesk_cli.mail import body
from helpdesk_cli.mail import text as reading
from helpdesk_cli.mail.body import unflow
from helpdesk_cli.mail.parse import headers_only, parse, part_bytes


def strings(value: object) -> list[str]:
    """Every string in a value, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, (tuple, list)):
        return [text for item in value for text in strings(item)]
    fields = getattr(value, "__struct_fields__", ())
    return [text for name in fields for text in strings(getattr(value, name))]


def check(raw: bytes) -> Inbound:
    """Parse and hold what is promised of every Inbound."""
    inbound = parse(raw)
    for text in strings(inbound):
        text.encode()
        assert "\0" not in text
    for part in inbound.attachments:
        data = part_bytes(raw, part)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (part.size, part.sha256)
        assert 0 <= part.start <= part.end <= len(raw)
        assert part.name
    lines = (inbound.subject, inbound.message_id, inbound.date_header, *inbound.notes)
    assert not any("\n" in line or "\r" in line for line in (*lines, *strings(inbound.headers)))
    assert not any("could not be read" in note for note in inbound.notes)
    assert len(inbound.references) <= 100
    assert len(inbound.to) + len(inbound.cc) <= 1000
    return inbound


def mixed(*parts: str, kind: str = "mixed") -> bytes:
    inner = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f"From: a@b.test\r\nContent-Type: multipart/{kind}; boundary=b\r\n\r\n{inner}--b--\r\n".encode()


def plain(text: str, more: str = "") -> str:
    return f"Content-Type: text/plain; charset=utf-8{more}\r\n\r\n{text}"


def html(text: str, more: str = "") -> str:
    return f"Content-Type: text/html; charset=utf-8{more}\r\n\r\n<p>{text}</p>"


def names(inbound: Inbound) -> list[tuple[str, str]]:
    return [(part.name, part.type) for part in inbound.attachments]


def test_an_ordinary_mail_is_read_whole() -> None:
    inbound = check(ORDINARY)
    assert inbound.sender == Mailbox("jo@client.example", "Jo Client")
    assert inbound.strict_sender
    assert inbound.to == (Mailbox("support@example.com", "Support"), Mailbox("b@example.com"))
    assert (inbound.subject, inbound.message_id) == ("Größe and more", "<1@client.example>")
    assert (inbound.in_reply_to, inbound.return_path, inbound.received) == (
        ("<0@example.com>",),
        "jo@client.example",
        1,
    )
    assert (inbound.text, inbound.new_text) == ("Hello ä world", "Hello ä world")
    assert inbound.html == "<p>Hello</p>"
    assert names(inbound) == [("é.pdf", "application/pdf"), ("inner.eml", "message/rfc822")]
    assert part_bytes(ORDINARY, inbound.attachments[0]) == b"%PDF-1.4\n"
    assert part_bytes(ORDINARY, inbound.attachments[1]) == b"Subject: inner\r\n\r\nthe attached mail"
    assert (inbound.automatic, inbound.notes, inbound.recipients_total) == (Automatic.NO, (), 2)
    assert inbound.headers[0] == ("return-path", "<jo@client.example>")
    assert ("subject", "Größe and more") in inbound.headers


BODIES = {
    "plain texts are joined": (mixed(plain("one\r\n"), plain("two")), "one\n\ntwo", []),
    "plain beats its own HTML": (mixed(plain("one"), html("two"), kind="alternative"), "one", []),
    "HTML alone": (mixed(html("two"), kind="alternative"), "two", []),
    "HTML beside an empty plain text": (mixed(plain(" \r\n"), html("two"), kind="alternative"), "two", []),
    "a list's footer does not hide the HTML": (mixed(html("two"), plain("-- footer")), "two\n\n-- footer", []),
    "HTML that says the same is not told twice": (mixed(plain("one  two"), html("one two")), "one  two", []),
    "a second HTML is a file": (mixed(html("two"), html("three")), "two", [("attachment.html", "text/html")]),
    "a named text is a file": (mixed(plain("one"), plain("x", "; name=a.txt")), "one", [("a.txt", "text/plain")]),
    "an attached text is a file": (
        mixed(plain("one"), "Content-Disposition: attachment\r\n\r\nx"),
        "one",
        [("attachment.txt", "text/plain")],
    ),
    "an inline picture": (
        mixed(plain("one"), "Content-Type: image/png\r\nContent-ID: <p@x>\r\nContent-Disposition: inline\r\n\r\nx"),
        "one",
        [("attachment.png", "image/png")],
    ),
    "an invitation": (
        mixed(plain("one"), "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR", kind="alternative"),
        "one",
        [("invitation.ics", "text/calendar")],
    ),
    "a signature": (
        mixed(plain("one"), "Content-Type: application/pgp-signature\r\n\r\nx", kind="signed"),
        "one",
        [("signature.asc", "application/pgp-signature")],
    ),
    "an encrypted mail": (
        mixed("Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", "Content-Type: application/octet-stream"
              "; name=encrypted.asc\r\n\r\n-----BEGIN", kind="encrypted"),
        "",
        [("version", "application/pgp-encrypted"), ("encrypted.asc", "application/octet-stream")],
    ),
    "winmail.dat": (
        b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+Ig==",
        "",
        [("winmail.dat", "application/ms-tnef")],
    ),
    "a digest of mails": (
        mixed("\r\nSubject: one\r\n\r\nx", "\r\nSubject: ../two\r\n\r\ny", kind="digest"),
        "",
        [("one.eml", "message/rfc822"), ("_two.eml", "message/rfc822")],
    ),
    "a named text that is the whole mail": (
        b"Content-Type: text/plain; name=a.txt\r\n\r\none",
        "one",
        [],
    ),
    "another text that is the whole mail": (b"Content-Type: text/markdown\r\n\r\n# one", "# one", []),
    "a file that is the whole mail": (
        b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"CON\"\r\n\r\none",
        "",
        [("_CON", "text/plain")],
    ),
    "a bare CR": (b"From: a@b.test\rSubject: s\r\rone\rtwo", "one\ntwo", []),
    "a mislabelled text": (b"Content-Type: text/plain; charset=us-ascii\n\ncaf\xc3\xa9", "café", []),
    "an HTML that names its character set itself": (
        b"Content-Type: text/html\n\n<meta charset='koi8-r'><p>\xf0\xf2\xe9",
        "ПРИ",
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "text", "attached"), BODIES.values(), ids=BODIES.keys())
def test_readable_text_and_attachments_are_told_apart(
    raw: bytes, text: str, attached: list[tuple[str, str]]
) -> None:
    inbound = check(raw)
    assert (inbound.text, names(inbound)) == (text, attached)


HEADERS = [
    ("Message-ID: abc@def", "message_id", "<abc@def>"),
    ("Message-ID: <[b378@microsoft.com]>", "message_id", "<[b378@microsoft.com]>"),
    ("Message-ID: <a b@c>", "message_id", ""),
    ('In-Reply-To: Your message of "Mon" <x@y>', "in_reply_to", ("<x@y>",)),
    ("References: <a@b> <c d@e> foo <>> \r\n\t<f@g>", "references", ("<a@b>", "<f@g>")),
    (
        "References: " + " ".join(f"<{n}@x>" for n in range(150)),
        "references",
        tuple(f"<{n}@x>" for n in range(50, 150)),
    ),
    ("Return-Path: <>", "return_path", ""),
    ("Return-Path: < >", "return_path", ""),
    ("Return-Path: <a@b.test>", "return_path", "a@b.test"),
    ("X: y", "return_path", None),
    (
        "Delivered-To: a@b.test\r\nX-Original-To: <c@b.test>\r\nEnvelope-To: a@b.test",
        "delivered_to",
        ("a@b.test", "c@b.test"),
    ),
    ("Subject: =?utf-8?q?a=0D=0ABcc:_evil@x?=", "subject", "a Bcc: evil@x"),
    ("Subject: one\r\nSubject: two", "subject", "one"),
    ("Date: Thu, 01 Jan 10000 99:99", "date_header", "Thu, 01 Jan 10000 99:99"),
    ("X-Helpdesk-Loop: a b\r\nX-Helpdesk-Loop: c", "loop_marks", ("a b", "c")),
    ("Reply-To: Jo <a@b.test>", "reply_to", (Mailbox("a@b.test", "Jo"),)),
    ("From: a@b.test, c@d.test\r\nSender: e@f.test", "sender", Mailbox("e@f.test")),
    ("From: a@b.test, c@d.test", "sender", Mailbox("a@b.test")),
    ("From: support@corp.test <evil@x.test>", "sender", Mailbox("evil@x.test", "support@corp.test")),
    ("From: alice@example.org)bob@evil.test", "sender", None),
    ("From: a@malicious.test@important.test", "sender", None),
    ("Received: a\r\nReceived: b", "received", 2),
    ("Received: =?utf-8?q?x?=", "headers", (("received", "=?utf-8?q?x?="),)),
    ("X-Spam-Flag:  =?utf-8?q?YES?=\r\n\t\x1b[2J", "headers", (("x-spam-flag", "YES [2J"),)),
]


@pytest.mark.parametrize(("lines", "field", "value"), HEADERS)
def test_headers_become_fields(lines: str, field: str, value: object) -> None:
    assert getattr(check(f"{lines}\r\n\r\nx".encode()), field) == value


@pytest.mark.parametrize(
    "lines",
    [
        "From: a@b.test\r\nFrom: a@b.test",
        "From : a@b.test",
        "From: a@b.test, c@d.test",
        "From: support@corp.test <evil@x.test>",
        "From: alice@example.org)bob@evil.test",
        "From: a@malicious.test@important.test",
        "X: y",
        "From: a@b.test (c@d.test)",
    ],
)
def test_a_sender_that_programs_may_read_differently_is_not_strict(lines: str) -> None:
    assert not check(f"{lines}\r\n\r\nx".encode()).strict_sender


FLOWED = [
    ("one \ntwo\nthree", False, "one two\nthree"),
    ("one \ntwo", True, "onetwo"),
    ("> one \n> two\nthree", False, "> one two\nthree"),
    ("> one \nthree", False, "> one\nthree"),
    (">> one \n> two", False, ">> one\n> two"),
    ("one \n-- \nJo", False, "one\n-- \nJo"),
    (" >not a quote\n From x", False, ">not a quote\nFrom x"),
    ("one \n\ntwo", False, "one\n\ntwo"),
    ("trailing ", False, "trailing"),
]


@pytest.mark.parametrize(("text", "delsp", "joined"), FLOWED)
def test_flowed_paragraphs_are_put_together(text: str, delsp: bool, joined: str) -> None:
    assert unflow(text, delsp) == joined


def test_a_long_text_is_read_to_its_limit_and_attached_whole() -> None:
    raw = b"Content-Type: text/plain\n\n" + b"x" * (body.TEXT + 1)
    inbound = check(raw)
    assert len(inbound.text) == body.TEXT
    assert [part.size for part in inbound.attachments] == [body.TEXT + 1]
    assert check(raw[:-1]).attachments == ()


def test_texts_together_are_read_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "TEXT", 100)
    inbound = check(mixed(plain("x" * 90), plain("y" * 90), plain("z")))
    assert inbound.text == "x" * 90 + "\n\n" + "y" * 90
    assert [part.size for part in inbound.attachments] == [1]


def test_a_content_id_is_kept_without_brackets() -> None:
    raw = mixed(plain("one"), "Content-Type: image/png\r\nContent-ID: <p\0@x>\r\n\r\nx")
    assert check(raw).attachments[0].content_id == "p @x"


@pytest.mark.parametrize(
    ("header", "new"),
    [
        ("", "Max said:\n> Cancel it.\n\nPlease do."),
        ("Subject: Cancel\r\n", "Max said:\n> Cancel it.\n\nPlease do."),
        ("Subject: [list] Regarding: x\r\nIn-Reply-To: \r\n", "Max said:\n> Cancel it.\n\nPlease do."),
        ("In-Reply-To: <1@b.test>\r\n", "Please do."),
        ("References: <1@b.test>\r\n", "Please do."),
        ("Subject: Re: Cancel\r\n", "Please do."),
        ("Subject: [HD-1000] Cancel\r\n", "Please do."),
        ("Subject: Betr: Cancel\r\n", "Please do."),
        ("Subject: [list] AW: Cancel\r\n", "Please do."),
        ("Subject: Antw: Cancel\r\n", "Please do."),
        ("Subject: =?utf-8?B?5Zue5aSN77yaIHg=?=\r\n", "Please do."),
        ("Subject: =?utf-8?B?0J7RgtCy0LXRgjogeA==?=\r\n", "Please do."),
    ],
)
def test_only_an_answer_has_its_quotation_cut(header: str, new: str) -> None:
    body = "\r\n\r\nMax said:\r\n> Cancel it.\r\n\r\nPlease do.\r\n"
    assert check(f"From: a@b.test\r\n{header}Content-Type: text/plain{body}".encode()).new_text == new


def test_an_html_mail_that_is_no_answer_keeps_its_citation() -> None:
    told = "<p>Our customer said:</p><blockquote>nothing works</blockquote><p>Please fix that.</p>"
    head = b"From: a@b.test\r\nContent-Type: text/html\r\n"
    assert "nothing works" in check(head + b"\r\n" + told.encode()).new_text
    answer = check(b"Subject: Re: x\r\n" + head + b"\r\n" + told.encode())
    assert answer.new_text == "Please fix that."


def test_a_converter_that_fails_leaves_the_words_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str, **__: bool) -> str:
        raise RecursionError

    monkeypatch.setattr(reading, "html_to_text", broken)
    monkeypatch.setattr(reading, "new_text", broken)
    inbound = check(b"Content-Type: text/html\n\n<p>one <b>two</b></p>")
    assert (inbound.text, inbound.new_text) == ("one two", "one two")
    assert len(inbound.notes) == 2


def test_a_crowd_is_counted_but_not_read() -> None:
    inbound = check(BOMBS["recipients"])
    assert (len(inbound.to), inbound.recipients_total) == (1000, 10_000)
    assert inbound.to[999] == Mailbox("u999@example.test", "U 999")
    assert "10000 recipients, only 1000 were read" in inbound.notes


def test_of_a_mail_without_its_end_the_header_and_the_beginning_are_read() -> None:
    whole = ORDINARY.replace(b"JVBERi0xLjQK", b"JVBERi0xLjQK" * 20_000)
    inbound = check(whole[:66_001])
    assert (inbound.subject, inbound.text) == ("Größe and more", "Hello ä world")
    assert [part.name for part in inbound.attachments] == ["é.pdf"]
    assert inbound.attachments[0].size > 48_000


def test_headers_alone_can_be_read() -> None:
    inbound = headers_only(b"From x Sun Nov 22\r\n" + ORDINARY)
    assert (inbound.subject, inbound.text, inbound.attachments) == ("Größe and more", "", ())
    assert inbound.sender == Mailbox("jo@client.example", "Jo Client")
    assert inbound.notes == ("only the header was read",)
    assert headers_only(b"").sender is None


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_end_in_bounded_results(raw: bytes) -> None:
    inbound = check(raw)
    assert sum(map(len, strings(inbound))) < 3 * body.TEXT
    assert len(inbound.attachments) <= 1001
    assert len(inbound.notes) <= 50


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(b"\r\n")
@example(b"\n\n")
@example(b":")
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    check(raw)
    headers_only(raw)


@settings(max_examples=700, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(ORDINARY)), st.binary(max_size=12), st.integers(0, 40)),
        min_size=1,
        max_size=6,
    )
)
def test_any_mutation_of_a_mail_is_a_mail(changes: list[tuple[int, bytes, int]]) -> None:
    raw = ORDINARY
    for place, new, drop in changes:
        raw = raw[:place] + new + raw[place + drop :]
    check(raw)


letters = st.text(
    st.characters(blacklist_categories=["C", "Z"]) | st.sampled_from(" "), min_size=1, max_size=40
).filter(lambda text: bool(text.strip()) and "=?" not in text)
lines = st.lists(
    st.text(st.characters(blacklist_categories=["C", "Zl", "Zp"]), max_size=90), min_size=1, max_size=8
)


@settings(max_examples=200, deadline=None)
@given(
    letters,
    letters,
    lines,
    st.binary(max_size=300),
    st.sampled_from(["7bit", "quoted-printable", "base64", "8bit", None]),
)
def test_what_the_standard_library_writes_is_read_alike(
    subject: str, name: str, words: list[str], data: bytes, encoding: str | None
) -> None:
    text = "\n".join(words) + "\n"
    message = EmailMessage(policy=SMTP)
    message["From"] = "a@b.test"
    message["To"] = "c@d.test, e@f.test"
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = "<1@x>"
    if encoding == "7bit":
        text = text.encode("ascii", "ignore").decode()
    message.set_content(text, cte=encoding)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    message.add_attachment(data, maintype="application", subtype="x", filename=name.strip())
    raw = message.as_bytes()
    inbound = check(raw)
    plain_part, html_part = message.get_payload()[0].get_payload()
    assert inbound.subject == str(message["Subject"])
    assert [box.address for box in inbound.to] == ["c@d.test", "e@f.test"]
    expected = plain_part.get_content().replace("\r\n", "\n").strip("\n")
    if expected.strip():
        assert inbound.text == expected
    assert inbound.html.strip("\n") == html_part.get_content().replace("\r\n", "\n").strip("\n")
    assert [part_bytes(raw, part) for part in inbound.attachments] == [data]


def test_a_mail_whose_line_ends_were_doubled_is_read_like_the_good_one() -> None:
    good = (
        b'From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\nyou\r\n--b\r\n"
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n"
    )
    bad = good.replace(b"\r\n", b"\r\r\n")
    assert parse(bad) == parse(good)
    assert part_bytes(bad, parse(bad).attachments[0]) == b"\0\1\2"
    from helpdesk_cli.mail.guard import parse_guarded

    assert parse_guarded(bad) == parse_guarded(bad, suspect=True) == parse(good)
