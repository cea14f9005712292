"""A letter as bytes: every program must read the same letter, whatever its strings hold."""

import email
import email.policy
import email.utils
import re
import time
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.mail import Mailbox
from helpdesk_cli.mail.compose import Letter, compose

PLAIN = Letter(
    message_id="<one.1@desk.test>",
    sender=Mailbox("support@desk.test", "Support"),
    recipient=Mailbox("jane@y.test", "Jane"),
    date="2026-11-22T09:30:00Z",
    subject="[HD-1024] Printer",
    text="It works again.\n",
)
ALWAYS = ["date", "from", "to", "subject", "message-id", "mime-version", "content-type"]


def letter(**changes: object) -> Letter:
    return msgspec.structs.replace(PLAIN, **changes)


def read(raw: bytes) -> EmailMessage:
    """The letter as Python's strict parser reads it, once its lines were seen to be sound."""
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert raw.endswith(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk()] == [[] for _ in message.walk()]
    return message


def names(raw: bytes) -> list[str]:
    """The header's field names, by the plainest reading there is."""
    head = raw.partition(b"\r\n\r\n")[0].decode()
    return [line.partition(":")[0].lower() for line in head.split("\r\n") if not line.startswith(" ")]


def words(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def only_address(raw: bytes, field: str) -> tuple[str, str]:
    """The one mailbox of a field, as a strict parser counts and the plain one reads it.

    The strict parser of some Python versions keeps the blank between two encoded words of a name, against
    RFC 2047 6.2, so names are read by the plain one.
    """
    header = email.message_from_bytes(raw, policy=email.policy.default)[field]
    assert isinstance(header, AddressHeader)
    (address,) = header.addresses
    plain = email.message_from_bytes(raw)[field]
    name, spec = email.utils.parseaddr(str(plain))
    assert spec == address.addr_spec
    return str(make_header(decode_header(name))), spec


def test_a_plain_letter_is_short_and_clear() -> None:
    assert compose(PLAIN).decode() == (
        "Date: Sun, 22 Nov 2026 09:30:00 +0000\r\n"
        "From: Support <support@desk.test>\r\n"
        "To: Jane <jane@y.test>\r\n"
        "Subject: [HD-1024] Printer\r\n"
        "Message-ID: <one.1@desk.test>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "It works again.\r\n"
    )


def test_the_same_letter_gives_the_same_bytes() -> None:
    made = letter(html="<p>x</p>", attachments=(("a.txt", "text/plain", b"x"),))
    assert compose(made) == compose(made)


def test_a_letter_with_everything_is_read_as_it_was_meant() -> None:
    raw = compose(
        letter(
            reply_to=Mailbox("support+abc@desk.test", "Support"),
            text="Grüße\n",
            html="<p>Grüße</p>",
            in_reply_to="<two@y.test>",
            references=("<zero@y.test>", "<two@y.test>"),
            automatic="auto-replied",
            loop_mark="desk.test:abc",
            importance="high",
            attachments=(
                ("Übersicht.pdf", "application/pdf", b"%PDF\x00\xff"),
                ("a.txt", "TEXT/PLAIN", b"x\n"),
            ),
        )
    )
    message = read(raw)
    assert only_address(raw, "Reply-To") == ("Support", "support+abc@desk.test")
    assert (message["In-Reply-To"], message["References"]) == ("<two@y.test>", "<zero@y.test> <two@y.test>")
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert (message["X-Helpdesk-Loop"], message["Importance"]) == ("desk.test:abc", "high")
    assert words(message) == "Grüße\n"
    assert words(message, "html") == "<p>Grüße</p>\n"
    files = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    ]
    assert files == [
        ("Übersicht.pdf", "application/pdf", b"%PDF\x00\xff"),
        ("a.txt", "text/plain", b"x\n"),
    ]


@pytest.mark.parametrize(
    ("html", "files", "shape"),
    [
        ("", 0, ["text/plain"]),
        ("<p>x</p>", 0, ["multipart/alternative", "text/plain", "text/html"]),
        ("", 1, ["multipart/mixed", "text/plain", "image/png"]),
        ("<p>x</p>", 1, ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"]),
    ],
)
def test_the_structure_is_no_deeper_than_needed(html: str, files: int, shape: list[str]) -> None:
    message = read(compose(letter(html=html, attachments=(("a.png", "image/png", b"x"),) * files)))
    assert [part.get_content_type() for part in message.walk()] == shape


# Message-IDs

LONG_ID = "<" + "a" * 150 + "@" + "b" * 150 + ".test>"


def test_ids_are_never_folded_or_encoded() -> None:
    references = tuple(f"<{n}.{'x' * 80}@y.test>" for n in range(4))
    raw = compose(letter(message_id=LONG_ID, in_reply_to=LONG_ID.replace("a", "c"), references=references))
    for known in (LONG_ID, LONG_ID.replace("a", "c"), *references):
        assert known.encode() in raw
    assert b"=?" not in raw
    assert read(raw)["References"].split() == [*references, LONG_ID.replace("a", "c")]


def test_of_many_references_the_first_and_the_last_stay() -> None:
    references = tuple(f"<{n:04}@y.test>" for n in range(500))
    kept = read(compose(letter(references=references)))["References"].split()
    assert kept[0] == "<0000@y.test>"
    assert kept[1:] == list(references[-len(kept) + 1 :])
    assert 850 < len(" ".join(kept)) <= 900


def test_one_long_id_beside_a_long_first_one_stays() -> None:
    long = tuple(f"<{letter * 600}@y.test>" for letter in "abc")
    assert read(compose(letter(references=long)))["References"].split() == [long[0], long[2]]


@pytest.mark.parametrize(
    "bad",
    [
        "x@y.test",
        "<x y@z.test>",
        "<x@y.test>\r\nBcc: evil@e.test",
        "<jörg@x.test>",
        "<>",
        "<a><b>",
        "<a\0@b>",
        f"<{'x' * 1000}@y.test>",
    ],
)
def test_what_is_no_id_is_left_out(bad: str) -> None:
    message = read(compose(letter(in_reply_to=bad, references=("<good@y.test>", bad, "<good@y.test>"))))
    assert "In-Reply-To" not in message
    assert message["References"] == "<good@y.test>"
    with pytest.raises(ValueError, match="is not a Message-ID"):
        compose(letter(message_id=bad))


def test_the_ids_of_microsoft_with_brackets_are_kept() -> None:
    odd = "<[b378@microsoft.com]>"
    assert f"In-Reply-To: {odd}\r\n".encode() in compose(letter(in_reply_to=odd))


# Hostile strings

HOSTILE = [
    "a\r\nBcc: evil@e.test",
    "a\nBcc: evil@e.test\n\nbody",
    "a\rBcc: evil@e.test",
    "a\0b",
    "a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029Bcc: evil@e.test",
    "=?utf-8?q?a=0D=0ABcc:_evil@e.test?=",
    "x, evil@e.test",
    "a <evil@e.test>,",
    ",",
    ";",
    '\\"',
    '"',
    "\\",
    "(comment",
    "undisclosed-recipients:;",
    "jane@elsewhere.test",
    "\ud800\udfff",
    "<script>",
    "Größe " * 40,
    "漢字" * 100,
    "x" * 3000,
    ("word " * 300).strip(),
    "👩‍👩‍👧‍👦" * 30,
    "",
    " ",
]


def flat(text: str) -> str:
    """What must be read again: one line, no control characters."""
    return " ".join(re.sub("[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+", " ", text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_string_adds_no_field_and_no_recipient(text: str) -> None:
    raw = compose(
        letter(
            subject=text,
            sender=Mailbox("support@desk.test", text),
            recipient=Mailbox("jane@y.test", text),
            reply_to=Mailbox("support@desk.test", text),
            loop_mark=text,
            automatic=text,
            importance=text,
            attachments=((text, text, b"x"),),
        )
    )
    wanted = sorted([*ALWAYS, "reply-to", *(["x-helpdesk-loop"] if text else [])])
    assert sorted(names(raw)) == wanted
    assert sorted(name.lower() for name in read(raw).keys()) == wanted  # noqa: SIM118
    message = read(raw)
    for field, address in (("To", "jane@y.test"), ("From", "support@desk.test")):
        assert only_address(raw, field) == (flat(text)[:200].strip(), address)
    assert str(message["Subject"]) == flat(text)
    assert [part.get_content_type() for part in message.iter_attachments()] == ["application/octet-stream"]


def test_lines_are_short_where_they_can_be() -> None:
    raw = compose(letter(subject="many words " * 30, sender=Mailbox("s@desk.test", "Größe " * 30)))
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_encoded_words_are_short_and_whole() -> None:
    raw = compose(letter(subject="ä漢👍 a" * 60, recipient=Mailbox("j@y.test", "Й" * 150)))
    found = re.findall(rb"=\?utf-8\?[qb]\?([^?]*)\?=", raw)
    assert len(found) > 10
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+\?=", raw))
    for word in re.findall(rb"=\?\S+\?=", raw):
        ((data, charset),) = decode_header(word.decode())
        assert isinstance(data, bytes)
        data.decode(charset or "", "strict")


@given(
    st.text(max_size=300),
    st.text(max_size=100),
    st.text(max_size=500),
    st.text(max_size=60),
)
@settings(max_examples=300, deadline=None)
def test_any_strings_are_read_as_they_were_meant(subject: str, name: str, text: str, file: str) -> None:
    raw = compose(
        letter(
            subject=subject, recipient=Mailbox("jane@y.test", name), text=text, attachments=((file, "", b""),)
        )
    )
    message = read(raw)
    assert sorted(names(raw)) == sorted(ALWAYS)
    assert str(message["Subject"]) == flat(subject)
    assert only_address(raw, "To") == (flat(name), "jane@y.test")
    lines = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert words(message) == lines.encode("utf-8", "replace").decode().rstrip("\n") + "\n"


# Addresses


def test_a_domain_beyond_ascii_is_written_as_a_label() -> None:
    raw = compose(letter(recipient=Mailbox("jane@bücher.test", "Jane")))
    assert b"To: Jane <jane@xn--bcher-kva.test>\r\n" in raw


def test_a_local_part_beyond_ascii_stays_and_is_not_encoded() -> None:
    raw = compose(letter(recipient=Mailbox("jörg@bücher.test", "Jörg")))
    assert "<jörg@xn--bcher-kva.test>\r\n".encode() in raw


def test_a_quoted_local_part_stays() -> None:
    raw = compose(letter(recipient=Mailbox('"jane, x"@y.test')))
    assert only_address(raw, "To") == ("", '"jane, x"@y.test')


@pytest.mark.parametrize(
    "bad", ["", "jane", "a@b@c", "jane@y.test, evil@e.test", "jane@y.test\nBcc: x@e.test"]
)
def test_an_address_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"mail address|domain"):
        compose(letter(recipient=Mailbox(bad)))


# Bodies


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("short ASCII\n", "7bit"),
        ("x" * 5000, "quoted-printable"),
        ("Grüße aus Köln, es geht gut\n", "quoted-printable"),
        ("漢字かな\n" * 5, "base64"),
        ("Привет, мир\n", "base64"),
        ("--=_plain_x\n", "quoted-printable"),
    ],
)
def test_a_text_is_encoded_so_that_people_can_read_the_source_where_possible(text: str, way: str) -> None:
    message = read(compose(letter(text=text)))
    assert message["Content-Transfer-Encoding"] == way
    assert words(message).rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    "text",
    [
        "From here\nFrom there",
        "größe\nFrom here",
        ".\n..\n.x",
        "trailing \nblank\t",
        "\n\nfirst",
        "=20 =\n=",
        "tab\tä",
    ],
)
def test_awkward_lines_survive(text: str) -> None:
    assert words(read(compose(letter(text=text)))) == text + "\n"


def test_an_encoded_line_never_begins_with_from() -> None:
    raw = compose(letter(text="größe\nFrom here on", html="<p>ä\nFrom here</p>"))
    assert b"\nFrom here" not in raw


def test_a_text_with_a_boundary_in_it_ends_no_part() -> None:
    made = letter(html="<p>ä</p>")
    boundary = read(compose(made)).get_boundary()
    message = read(compose(msgspec.structs.replace(made, text=f"--{boundary}--\n\n--{boundary}\n")))
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert words(message) == f"--{boundary}--\n\n--{boundary}\n"


# Files


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        ("report.pdf", "report.pdf"),
        ('a"b\\c.txt', "c.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\x.exe", "x.exe"),
        (".hidden", "hidden"),
        ("", "file"),
        ("...", "file"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("Größe 漢.pdf", "Größe 漢.pdf"),
        ("a;b=c.txt", "a;b=c.txt"),
        ('say "hi".txt', 'say "hi".txt'),
        ("x" * 300 + ".pdf", "x" * 71 + ".pdf"),
        ("é" * 300, "é" * 75),
        ("=?utf-8?q?x?=.pdf", "=?utf-8?q?x?=.pdf"),
    ],
)
def test_a_file_name_is_only_a_name(name: str, read_as: str) -> None:
    (part,) = read(compose(letter(attachments=((name, "application/pdf", b"x"),)))).iter_attachments()
    assert part.get_filename() == read_as
    assert part.get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "x", "a/b; charset=x", "text/plain\r\nX: y"]
)
def test_a_type_that_could_mislead_becomes_plain_bytes(kind: str) -> None:
    (part,) = read(compose(letter(attachments=(("a.eml", kind, b"Subject: x\n\n"),)))).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == b"Subject: x\n\n"


def test_a_large_file_survives() -> None:
    data = bytes(range(256)) * 8000
    (part,) = read(compose(letter(attachments=(("a", "image/png", data),)))).iter_attachments()
    assert part.get_payload(decode=True) == data


@pytest.mark.parametrize(
    ("date", "written"),
    [
        ("2026-01-05T00:00:00Z", "Mon, 05 Jan 2026 00:00:00 +0000"),
        ("2026-12-31T23:59:59+02:00", "Thu, 31 Dec 2026 21:59:59 +0000"),
    ],
)
def test_dates_are_written_in_utc(date: str, written: str) -> None:
    assert read(compose(letter(date=date)))["Date"] == written


def test_five_hundred_letters_take_less_than_a_second() -> None:
    made = letter(text="Grüße und noch mehr\n" * 60, html="<p>Grüße</p>\n" * 60, subject="Größe " * 10)
    began = time.perf_counter()
    for _ in range(500):
        compose(made)
    assert time.perf_counter() - began < 1
