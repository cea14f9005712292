"""A mail as data: what was read from its bytes, and nothing that the desk knows besides."""

from enum import StrEnum

from msgspec import Struct


class Outcome(StrEnum):
    """What became of a message that was fetched; the words are promised."""

    PENDING = "pending"
    ARCHIVED = "archived"
    OPENED = "opened"
    REPLIED = "replied"
    COMMAND = "command"
    DUPLICATE = "duplicate"
    HELD = "held"
    REJECTED = "rejected"
    SPAM = "spam"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LOOP = "loop"
    IGNORED = "ignored"
    FAILED = "failed"
    DROPPED = "dropped"


class Automatic(StrEnum):
    """Which kind of machine wrote a mail, decided by its headers and structure, never by its words."""

    NO = "no"
    VACATION = "vacation"
    BOUNCE = "bounce"
    REPORT = "report"  # a disposition notification or an abuse report
    ROBOT = "robot"  # any other automatic mail: lists, bulk, noreply


class Verdict(StrEnum):
    """Whether the sender was proved by the mailbox's own mail server (Authentication-Results)."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Mailbox(Struct, frozen=True):
    """One address of a header: RFC 5322's ``mailbox``.

    ``address`` is the addr-spec as written, made storable; ``fold()`` it to compare. ``name`` is the
    decoded display name, one line, possibly empty.
    """

    address: str
    name: str = ""


class Part(Struct, frozen=True):
    """An attachment: any part of a mail that is not its readable text.

    ``start`` and ``end`` are offsets into the raw message, of the part's still encoded body, so that its
    bytes are cut from the stored message when somebody asks for them and are never stored twice.
    ``encoding`` is the transfer encoding (``base64``, ``quoted-printable``, ``x-uuencode``, else empty).
    ``size`` and ``sha256`` are of the decoded bytes.
    """

    name: str
    type: str
    size: int
    sha256: str
    start: int
    end: int
    encoding: str = ""
    content_id: str = ""


class Bounced(Struct, frozen=True):
    """One recipient of which a delivery report speaks (RFC 3464)."""

    address: str
    hard: bool  # 5.x.x or action "failed" for good; false: delayed, 4.x.x
    status: str = ""  # "5.1.1"
    text: str = ""  # the diagnosis, one line, cut at 500 characters


class Inbound(Struct, frozen=True, kw_only=True):
    """A mail that was read. Every string is storable: no NUL, no lone surrogate.

    Nothing in here was believed: a header says what its writer wished.
    """

    message_id: str = ""  # with angle brackets; "" where there is none
    in_reply_to: tuple[str, ...] = ()  # with angle brackets
    references: tuple[str, ...] = ()  # the last 100, in their order
    sender: Mailbox | None = None  # the one mailbox in From; else Sender, else the first
    strict_sender: bool = False  # exactly one From with one mailbox, read alike by a strict grammar
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    delivered_to: tuple[str, ...] = ()  # Delivered-To, X-Original-To, Envelope-To and the like, top first
    return_path: str | None = None  # None: no such header; "": the null path <>
    subject: str = ""
    date_header: str = ""  # as written
    text: str = ""  # the whole readable text
    new_text: str = ""  # what this mail adds: without quotation and signature
    html: str = ""  # the first HTML part as it came, decoded; never shown unsanitised
    attachments: tuple[Part, ...] = ()
    automatic: Automatic = Automatic.NO
    bounced: tuple[Bounced, ...] = ()
    returned_ids: tuple[str, ...] = ()  # Message-IDs of the mail that a bounce or report sends back
    received: int = 0  # how many Received headers
    loop_marks: tuple[str, ...] = ()  # values of our X-Helpdesk-Loop headers
    headers: tuple[tuple[str, str], ...] = ()  # (lower-case name, decoded value), top first, within limits
    recipients_total: int = 0  # addresses in To and Cc, before any limit
    notes: tuple[str, ...] = ()  # what was wrong with it or was cut, one short line each


def fold(address: str) -> str:
    """The form in which addresses are compared: lower case, the domain as A-label.

    ``Jörg@BÜCHER.example`` and ``jörg@xn--bcher-kva.example`` fold alike. A domain that IDNA refuses
    stays as it is in lower case. The local part is folded too: no mail server of today tells two people
    by it. Unicode local parts are normalised (NFC).
    """
    local, at, domain = address.strip().rpartition("@")
    if address.isascii():
        return f"{local}{at}{domain.rstrip('.')}".lower()
    import unicodedata

    local = unicodedata.normalize("NFC", local).lower()
    domain = domain.rstrip(".")
    try:
        domain = a_label(domain)
    except ValueError:
        domain = domain.lower()
    return f"{local}{at}{domain}"


def person_of(address: str) -> str:
    """By what limits know an address: folded, and without what follows a ``+``, for anybody can invent that."""
    local, at, domain = fold(address).rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


_DEVIATIONS = "ß\u03c2\u200c\u200d"
"""UTS 46's deviation characters (final sigma and the joiners besides ß), which IDNA 2003 replaces or drops."""

_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def a_label(domain: str) -> str:
    """The domain in lower case, each label beyond ASCII as ``xn--``. Raises ValueError where it has none.

    ``straße.test`` is ``xn--strae-oqa.test``, as browsers and registries read it (UTS 46, non-transitional):
    Python's codec, of IDNA 2003, would make it ``strasse.test``, which may belong to somebody else. The
    context in which a joiner may stand is not looked at. A domain in ASCII is not judged.
    """
    if domain.isascii():
        return domain.lower()
    import unicodedata

    # Lower case by itself would make a capital sigma at a word's end a final one; UTS 46 does not.
    plain = unicodedata.normalize("NFKC", domain).replace("\u03a3", "\u03c3").lower()
    return ".".join(_encoded(label) for label in plain.replace("\u3002", ".").split("."))


def _encoded(label: str) -> str:
    """One label, normalised, as A-label. Raises ValueError."""
    if label.isascii():
        encoded = label
    elif any(character in label for character in _DEVIATIONS):
        encoded = _deviating(label)
    else:
        encoded = label.encode("idna").decode("ascii")
    if not 0 < len(encoded) <= 63 or not _LABEL.issuperset(encoded):
        raise ValueError("no label of a domain")
    return encoded


def _deviating(label: str) -> str:
    """A label with deviation characters: what is around them is prepared as in any other, they stay."""
    import re
    import unicodedata
    from encodings.idna import nameprep

    pieces = re.split(f"([{_DEVIATIONS}])", label)
    pieces[::2] = map(nameprep, pieces[::2])
    kept = unicodedata.normalize("NFC", "".join(pieces))
    if kept.startswith("xn--") or not kept.strip("\u200c\u200d"):
        raise ValueError("no label of a domain")
    return f"xn--{kept.encode('punycode').decode('ascii').lower()}"


class Token(Struct, frozen=True):
    """A signed word of ours that passed its check.

    ``purpose`` is ``c`` (to a client), ``s`` (to staff), ``n`` (to staff about a note), ``t`` (to a third party), ``p``
    (a page). ``person`` is the participant's or the staff member's id; of a third party that of the message that was
    forwarded to them, of a page the letter's. It proves that its bearer saw a mail of ours to that person
    about that ticket; it does not prove who the bearer is, for a forwarded mail carries it along.
    """

    purpose: str
    ticket: int
    person: int


STAFF_PURPOSES = ("s", "n")
"""The purposes of tokens that staff bear."""


class Claims(Struct, frozen=True, kw_only=True):
    """What a mail claims to answer, the strongest proof first in each list."""

    tokens: tuple[Token, ...] = ()  # recipient addresses, In-Reply-To, References from the last
    pages: tuple[int, ...] = ()  # letters that were pages, by their tokens and codes
    forged: int = 0  # words of a token's form that fail their check
    message_ids: tuple[str, ...] = ()  # other people's, In-Reply-To first, then References from the last
    tags: tuple[int, ...] = ()  # ticket numbers in the subject
    is_ours: bool = False  # its own Message-ID is one that we signed, or it bears our loop mark
