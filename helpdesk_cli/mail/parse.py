"""From the bytes of a mail to an Inbound: whatever the bytes are.

The one reader of mails. It never raises, its work and its result are bounded, and what it cannot read
stays visible as an attachment with a note.
"""

import re

from helpdesk_cli.domain.characters import storable
from helpdesk_cli.domain.mail import Inbound, Mailbox, Part
from helpdesk_cli.domain.subjects import has_tag, is_prefixed
from helpdesk_cli.mail import address_list, automatic, body
from helpdesk_cli.mail.decode import decode_words, one_line
from helpdesk_cli.mail.header import Head, read_head
from helpdesk_cli.mail.structure import Skeleton, first_field, split
from helpdesk_cli.mail.transfer import decode_range

REFERENCES = 100
NOTES = 50

_DELIVERED_NAMES = (
    "delivered-to x-original-to envelope-to x-envelope-to x-delivered-to x-rcpt-to x-real-to x-resolved-to "
    "x-apparently-to apparently-to x-forwarded-to x-original-recipient"
)
_DELIVERED = frozenset(_DELIVERED_NAMES.split())
_UNCODED_NAMES = (
    "received return-path message-id in-reply-to references authentication-results dkim-signature "
    "arc-authentication-results arc-seal arc-message-signature received-spf x-helpdesk-loop date"
)
_UNCODED = _DELIVERED | frozenset(_UNCODED_NAMES.split())
"""Fields in which RFC 2047 allows no encoded words; decoding them would let a writer forge their grammar."""


def parse(raw: bytes, skeleton: Skeleton | None = None) -> Inbound:
    """Read a mail, from its skeleton where the caller took it apart before. Never raises.

    But for MemoryError: what it means is the caller's to decide.
    """
    try:
        if skeleton is None:
            raw = mended(raw)
            skeleton = split(raw)
        return _read(raw, skeleton)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, the mail must stay visible
        return _defeated(raw, error)


def headers_only(raw: bytes) -> Inbound:
    """Read no more than the header: for a mail that defeated the reader or is too large. Never raises."""
    try:
        raw = mended(raw)
        head = read_head(raw, first_field(raw), len(raw))
        empty = Skeleton(head, "text/plain", {}, [], [*head.notes, "only the header was read"])
        return _read(raw, empty)
    except Exception as error:  # noqa: BLE001  as above
        return _defeated(raw, error)


def part_bytes(raw: bytes, part: Part) -> bytes:
    """The decoded bytes of an attachment, cut from the raw message."""
    return decode_range(mended(raw), part.start, part.end, part.encoding)


def mended(raw: bytes) -> bytes:
    """The bytes that are read: those of the mail, but for one whose lines all end in CR CR LF.

    Windows programs write such mails by turning CRLF into itself once more. Every other mail is read as it
    is, so that an attachment's offsets are those of the raw message.
    """
    end = raw.find(b"\n", 0, 1000)
    return raw.replace(b"\r\r\n", b"\r\n") if raw[max(end - 2, 0) : end] == b"\r\r" else raw


def _read(raw: bytes, skeleton: Skeleton) -> Inbound:
    """Make an Inbound of a message that was taken apart."""
    head = skeleton.head
    subject = one_line(decode_words(head.first("subject")))
    content = body.read_body(raw, skeleton, _is_answer(head, subject))
    notes = skeleton.notes + content.notes
    sender, strict = _sender(head, notes)
    to, to_total = address_list.read_all(head.every("to"))
    cc, cc_total = address_list.read_all(head.every("cc"), address_list.ADDRESSES - len(to))
    unread = sum(address_list.count_addresses(data) for name, data in head.lost if name in ("to", "cc"))
    if to_total + cc_total + unread > len(to) + len(cc):
        notes.append(f"{to_total + cc_total + unread} recipients, only {len(to) + len(cc)} were read")
    kind, bounced, returned = automatic.judge(raw, skeleton, sender, content.text)
    return Inbound(
        message_id=next(iter(_ids(head.first("message-id"))), ""),
        in_reply_to=_ids(" ".join(head.every("in-reply-to")))[:REFERENCES],
        references=_ids(" ".join(head.every("references")))[-REFERENCES:],
        sender=sender,
        strict_sender=strict,
        reply_to=address_list.read_all(head.every("reply-to"), 100)[0],
        to=to,
        cc=cc,
        delivered_to=_delivered(head),
        return_path=_return_path(head),
        subject=subject,
        date_header=one_line(head.first("date"), 200),
        text=content.text,
        new_text=content.new_text,
        html=content.html,
        attachments=content.attachments,
        automatic=kind,
        bounced=bounced,
        returned_ids=returned,
        received=len(head.every("received")),
        loop_marks=tuple(one_line(value, 1000) for value in head.every("x-helpdesk-loop")),
        headers=tuple([pair if _is_plain(pair[1]) else (pair[0], _shown(*pair)) for pair in head.fields]),
        recipients_total=to_total + cc_total + unread,
        notes=tuple(dict.fromkeys(one_line(note, 200) for note in notes))[:NOTES],
    )


def _is_answer(head: Head, subject: str) -> bool:
    """Whether a mail can hold a quotation of ours: it names an earlier mail, or its subject looks like it.

    Mail programs that set neither In-Reply-To nor References still write their prefix.
    """
    named = (*head.every("in-reply-to"), *head.every("references"))
    return any(value.strip() for value in named) or is_prefixed(subject) or has_tag(subject)


def _is_plain(value: str) -> bool:
    """Whether a value may be kept as it is."""
    return value.isprintable() and "=?" not in value


def _shown(name: str, value: str) -> str:
    """A header's value as it is kept: decoded where the field may hold encoded words."""
    if "=?" in value and name not in _UNCODED:
        value = decode_words(value)
    return one_line(value, 64_000)


def _sender(head: Head, notes: list[str]) -> tuple[Mailbox | None, bool]:
    """Who a mail says that it is from, and whether every reader would read the same."""
    values = head.every("from")
    found, total = address_list.read_all(values, 100)
    if len(values) > 1:
        notes.append(f"{len(values)} From headers")
    if total > 1:
        sender = address_list.read_all(head.every("sender")[:1], 1)[0]
        return (sender or found)[0], False
    if not found:
        return None, False
    strict = (
        len(values) == 1 and not head.spaced and address_list.strict_address(values[0]) == found[0].address
    )
    return found[0], strict


def _delivered(head: Head) -> tuple[str, ...]:
    """The addresses of the fields in which mail servers keep the envelope's recipient, top first."""
    if _DELIVERED.isdisjoint(head.named):
        return ()
    values = [value for name, value in head.fields if name in _DELIVERED]
    return tuple(dict.fromkeys(box.address for box in address_list.read_all(values, 100)[0]))


def _return_path(head: Head) -> str | None:
    """The envelope's sender as the last mail server noted it; "" for the null one, None for no note."""
    for value in head.every("return-path"):
        if re.fullmatch(r"\s*<?\s*>?\s*", value):
            return ""
        found, _ = address_list.read_addresses(value, 1)
        return found[0].address if found else one_line(value.strip(" <>"), 320)
    return None


_ID = re.compile(r"<[^<>\s]{1,990}>")


def _ids(value: str) -> tuple[str, ...]:
    """The Message-IDs of a header with their angle brackets; a bare one gets them."""
    if not value:
        return ()
    found = _ID.findall(value)
    if not found and "<" not in value:
        word = value.strip()
        if "@" in word and len(word) <= 990 and not re.search(r"[\s<>]", word):
            found = [f"<{word}>"]
    return tuple(dict.fromkeys(map(storable, found)))


def _defeated(raw: bytes, error: Exception) -> Inbound:
    """What can be said of a mail that no step of ours could read: all of it is an attachment."""
    from hashlib import sha256

    whole = Part("message.eml", "message/rfc822", len(raw), sha256(raw).hexdigest(), 0, len(raw))
    return Inbound(attachments=(whole,), notes=(f"this mail could not be read ({type(error).__name__})",))
