"""A letter becomes the bytes that are sent (RFC 5322, MIME).

Written by hand, not with ``email``: its serialiser manages 300 letters a second where a run may have
thousands, folds and encodes long Message-IDs so that clients lose the thread, and raises on a CR that came
with a client's subject. Whatever the strings hold, the header set is ours: every control character is a
blank before anything is encoded. All lines are ASCII, but for a local part beyond it (SMTPUTF8).
"""

import re
from binascii import b2a_base64, b2a_qp

from msgspec import Struct

from helpdesk_cli.domain.mail import Mailbox
from helpdesk_cli.mail.addresses import wire_address

LINE = 76
"""Lines are folded there where it is possible (RFC 5322 2.1.1: they should have 78 at most, and must 998)."""

REFERENCES = 900
"""So many characters of References are sent: the first, then the last ones that fit."""

_CONTROLS = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")
_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_TYPE = re.compile(r"(?!message/|multipart/)[a-z]+/[a-z0-9][a-z0-9.+-]{0,60}\Z")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Letter(Struct, frozen=True, kw_only=True):
    """All that a mail of ours says. The strings may be hostile; ids and addresses are checked, not believed.

    ``attachments`` are triples of file name, MIME type and bytes.
    """

    message_id: str  # with angle brackets, as are all ids here
    sender: Mailbox
    recipient: Mailbox
    date: str  # 2026-11-22T09:30:00Z
    reply_to: Mailbox | None = None
    subject: str = ""
    text: str = ""
    html: str = ""  # "": the letter is plain text
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: str = ""  # auto-replied | auto-generated (RFC 3834)
    loop_mark: str = ""  # value of X-Helpdesk-Loop
    importance: str = ""  # high | low
    attachments: tuple[tuple[str, str, bytes], ...] = ()


def compose(letter: Letter) -> bytes:
    """The whole message with CRLF line ends; the same letter gives the same bytes.

    Raises ValueError with a sentence where an address or the Message-ID cannot be written, or the date is
    no RFC 3339 text.
    """
    return b"\r\n".join((*_header(letter), b"MIME-Version: 1.0", *_body(letter)))


def _header(letter: Letter) -> list[bytes]:
    lines = [
        _date(letter.date),
        _mailbox("From", letter.sender),
        _mailbox("To", letter.recipient),
    ]
    if letter.reply_to:
        lines.append(_mailbox("Reply-To", letter.reply_to))
    lines.append(_unstructured("Subject", letter.subject))
    if not _ID.fullmatch(letter.message_id):
        raise ValueError(f"{letter.message_id[:80]!a} is not a Message-ID")
    lines.append(f"Message-ID: {letter.message_id}")
    answered = letter.in_reply_to if _ID.fullmatch(letter.in_reply_to) else ""
    if answered:
        lines.append(f"In-Reply-To: {answered}")
    references = _references(letter.references, answered)
    if references:
        lines.append("References: " + "\r\n ".join(references))
    if letter.automatic in ("auto-replied", "auto-generated"):
        lines += [f"Auto-Submitted: {letter.automatic}", "X-Auto-Response-Suppress: All"]
    if letter.loop_mark:
        lines.append(_unstructured("X-Helpdesk-Loop", letter.loop_mark))
    if letter.importance in ("high", "low"):
        lines.append(f"Importance: {letter.importance}")
    return [line.encode() for line in lines]


def _date(text: str) -> str:
    """``Sun, 22 Nov 2026 09:30:00 +0000``; the names are English whatever the machine's language."""
    from datetime import UTC, datetime

    at = datetime.fromisoformat(text).astimezone(UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"Date: {day}, {at.day:02} {month} {at.year:04} {at:%H:%M:%S} +0000"


def _mailbox(field: str, mailbox: Mailbox) -> str:
    address = wire_address(mailbox.address)
    name = one_line(mailbox.name)[:200].strip()
    if not name:
        return f"{field}: <{address}>" if address.startswith('"') else f"{field}: {address}"
    if name.isascii() and len(name) <= 60 and "=?" not in name:
        phrase = name if _ATOMS.match(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    else:
        phrase = "\r\n ".join(_encoded_words(name, len(field) + 2))
    between = " " if len(field) + len(phrase) + len(address) + 5 <= LINE else "\r\n "
    return f"{field}: {phrase}{between}<{address}>"


def _unstructured(field: str, value: str) -> str:
    """A free text: folded at blanks, or as encoded words (RFC 2047) where it is not plain ASCII."""
    text = one_line(value)
    words = text.split(" ")
    if not text.isascii() or "=?" in text or max(map(len, words)) > LINE:
        return f"{field}: " + "\r\n ".join(_encoded_words(text, len(field) + 2))
    lines, line = [], f"{field}:"
    for word in words:
        if len(line) + 1 + len(word) > LINE and line != f"{field}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join((*lines, line))


def _encoded_words(text: str, taken: int) -> list[str]:
    """The text as encoded words of at most 75 characters, none of which cuts a character in two."""
    as_q = len(text.encode()) < 2 * sum(letter.isascii() for letter in text)
    words: list[str] = []
    held: list[str] = []
    size, room = 0, 75 - 12 - taken
    for letter in text:
        cost = _q_cost(letter) if as_q else len(letter.encode())
        if held and size + cost > (room if as_q else room // 4 * 3):
            words.append(_encoded_word("".join(held), as_q))
            held, size, room = [], 0, 75 - 12
        held.append(letter)
        size += cost
    return [*words, _encoded_word("".join(held), as_q)]


def _q_cost(letter: str) -> int:
    if letter == " " or (letter.isascii() and letter.isalnum()):
        return 1
    return 3 * len(letter.encode())


def _encoded_word(text: str, as_q: bool) -> str:
    if not as_q:
        return f"=?utf-8?b?{b2a_base64(text.encode(), newline=False).decode()}?="
    letters = "".join(
        "_"
        if letter == " "
        else letter
        if letter.isascii() and letter.isalnum()
        else "".join(f"={byte:02X}" for byte in letter.encode())
        for letter in text
    )
    return f"=?utf-8?q?{letters}?="


def _references(references: tuple[str, ...], answered: str) -> list[str]:
    """The thread's ids without doubles and without what is no id: the first, and the last that fit."""
    ids = [known for known in dict.fromkeys(references) if _ID.fullmatch(known) and known != answered]
    if answered:
        ids.append(answered)
    if not ids:
        return []
    room = REFERENCES - len(ids[0]) - 1
    last: list[str] = []
    for known in reversed(ids[1:]):
        room -= len(known) + 1
        if room < 0 and last:
            break
        last.append(known)
    return [ids[0], *reversed(last)]


def _body(letter: Letter) -> list[bytes]:
    parts = [_text("plain", letter.text)]
    if letter.html:
        parts.append(_text("html", letter.html))
    content = parts[0] if len(parts) == 1 else _multipart("alternative", parts, letter.message_id)
    if not letter.attachments:
        return content
    files = [_attachment(name, kind, data) for name, kind, data in letter.attachments]
    return _multipart("mixed", [content, *files], letter.message_id)


def _multipart(kind: str, parts: list[list[bytes]], message_id: str) -> list[bytes]:
    """The parts between boundaries with ``=_``, which no encoded body can hold (RFC 2045 6.7)."""
    from hashlib import sha256

    mark = f"=_{kind}_{sha256(message_id.encode()).hexdigest()[:24]}".encode()
    lines = [b"Content-Type: multipart/%s;" % kind.encode(), b' boundary="%s"' % mark, b""]
    for part in parts:
        lines += [b"--" + mark, *part]
    return [*lines, b"--" + mark + b"--", b""]


def _text(kind: str, text: str) -> list[bytes]:
    """A text in UTF-8: as it is where it is short ASCII lines, else quoted-printable or base64."""
    flat = _IN_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    data = flat.rstrip("\n").replace("\n", "\r\n").encode("utf-8", "replace") + b"\r\n"
    if data.isascii() and b"=_" not in data and max(map(len, data.split(b"\r\n"))) <= LINE:
        way, body = b"7bit", data
    elif data.isascii() or len(data) * 2 < len(flat) * 3:
        way, body = b"quoted-printable", b2a_qp(data).replace(b"\r\nFrom ", b"\r\n=46rom ")
    else:
        way, body = b"base64", _base64(data)
    head = b"Content-Type: text/%s; charset=utf-8" % kind.encode()
    return [head, b"Content-Transfer-Encoding: " + way, b"", body.removesuffix(b"\r\n"), b""]


def _base64(data: bytes) -> bytes:
    flat = b2a_base64(data, newline=False)
    return b"\r\n".join([flat[start : start + LINE] for start in range(0, len(flat), LINE)])


def _attachment(name: str, kind: str, data: bytes) -> list[bytes]:
    """A file. A mail within a mail must not be base64 (RFC 2046 5.2.1), so it goes as plain bytes' type."""
    kind = kind.strip().lower()
    return [
        b"Content-Type: " + (kind if _TYPE.match(kind) else "application/octet-stream").encode(),
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment;",
        b" " + _file_name(name),
        b"",
        _base64(data),
        b"",
    ]


def _file_name(name: str) -> bytes:
    """The ``filename`` parameter (RFC 2183, 2231): at most 75 characters, no folder, no direction marks."""
    clean = re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", one_line(name))
    clean = clean.replace("\\", "/").rpartition("/")[2].lstrip(". ")
    stem, dot, ending = clean.rpartition(".")
    if len(clean) > 75:
        clean = stem[: 74 - len(ending)] + dot + ending if stem and len(ending) <= 10 else clean[:75]
    clean = clean or "file"
    if clean.isascii() and "=?" not in clean:
        return ('filename="' + re.sub(r'(["\\])', r"\\\1", clean) + '"').encode()
    from urllib.parse import quote

    return f"filename*=utf-8''{quote(clean, safe='')}".encode()


def one_line(text: str) -> str:
    """The text as one line: every run of blanks and control characters becomes one blank."""
    return _CONTROLS.sub(" ", text).strip()
