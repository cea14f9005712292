"""What a mail says and what it brings: its readable text, its HTML, its attachments."""

import re

from msgspec import Struct

from helpdesk_cli.domain.characters import storable
from helpdesk_cli.domain.mail import Part
from helpdesk_cli.mail.decode import decode_text, decode_words, one_line
from helpdesk_cli.mail.header import read_head
from helpdesk_cli.mail.structure import Leaf, Skeleton
from helpdesk_cli.mail.transfer import decode_range, decoded_chunks, measure

TEXT = 2_000_000
"""Bytes that are read as text; a part that goes beyond them is an attachment as well, later ones only."""


class Content(Struct):
    """What was found in a mail's parts."""

    text: str
    new_text: str
    html: str
    attachments: tuple[Part, ...]
    notes: list[str]


def read_body(raw: bytes, skeleton: Skeleton, is_answer: bool = True) -> Content:
    """Divide a mail's leaves into readable text and attachments.

    All inline plain texts are the text, in their order. The first HTML is ``html``; it is the text too
    where no plain text is its alternative. Everything else is an attachment. Only where the mail is an answer
    does its new text lack the quotation.
    """
    notes: list[str] = []
    parts: list[Part] = []
    texts: list[tuple[Leaf, str]] = []
    html_leaf: Leaf | None = None
    html = ""
    room = TEXT
    for leaf in skeleton.leaves:
        role = _role(leaf) if room > 0 else "file"
        if role != "file":
            room -= leaf.end - leaf.start
        if role == "html" and html_leaf is None:
            html_leaf, html = leaf, _read_text(raw, leaf, notes)
        elif role == "plain":
            texts.append((leaf, _plain(raw, leaf, notes)))
        else:
            parts.append(_part(raw, leaf, notes))
            continue
        if leaf.end - leaf.start > TEXT:
            parts.append(_part(raw, leaf, notes))
    if html_leaf is not None and not _has_plain_twin(html_leaf, texts):
        converted = _converted(html, notes)
        plain = "".join("".join(text.split()) for _, text in texts)
        if not plain or "".join(converted.split()) not in plain:
            texts.append((html_leaf, converted))
            texts.sort(key=lambda pair: pair[0].start)
    text = "\n\n".join(kept for _, text in texts if (kept := text.strip("\n")) and not kept.isspace())
    return Content(text, _new_text(text, is_answer, notes), html, tuple(parts), notes)


def _converted(html: str, notes: list[str]) -> str:
    """The text of HTML; where the converter fails, what stands between the tags."""
    from helpdesk_cli.mail.text import html_to_text

    try:
        return storable(html_to_text(html))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  the mail's words must stay readable
        notes.append(f"the HTML was read only roughly ({type(error).__name__})")
        return " ".join(re.sub(r"<[^<>]*+>", " ", html).split())


def _new_text(text: str, is_answer: bool, notes: list[str]) -> str:
    """What a text adds; all of it where that cannot be told."""
    from helpdesk_cli.mail.text import new_text

    try:
        return storable(new_text(text, is_answer=is_answer)) if text else ""
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  the mail's words must stay readable
        notes.append(f"what is new in it could not be told ({type(error).__name__})")
        return text


def _role(leaf: Leaf) -> str:
    """Whether a leaf is ``plain`` or ``html`` text to be read, or a ``file``."""
    if leaf.made or leaf.disposition == "attachment" or not leaf.type.startswith("text/"):
        return "file"
    only = not leaf.within
    named = "filename" in leaf.disposition_params or "name" in leaf.params
    if named and not only:
        return "file"
    if leaf.type == "text/html":
        return "html"
    if leaf.type == "text/plain":
        return "plain"
    return (
        "plain"
        if only and not named and leaf.type not in ("text/calendar", "text/x-vcard", "text/vcard")
        else "file"
    )


def _has_plain_twin(html: Leaf, texts: list[tuple[Leaf, str]]) -> bool:
    """Whether a plain text says the same: it stands in the same ``multipart/alternative``."""
    around = {number for number, kind in html.within if kind == "multipart/alternative"}
    return any(
        text and not text.isspace() and any(number in around for number, _ in leaf.within)
        for leaf, text in texts
    )


def _read_text(raw: bytes, leaf: Leaf, notes: list[str]) -> str:
    """Decode a leaf's bytes and character set."""
    end = leaf.end
    if end - leaf.start > TEXT:
        end = leaf.start + TEXT
        notes.append(f"a text of {leaf.end - leaf.start} bytes was cut; the whole is attached")
    data = decode_range(raw, leaf.start, end, leaf.encoding)
    charset = leaf.params.get("charset", "")
    if leaf.type == "text/html" and not charset:
        named = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.I).search(
            data, 0, 2048
        )
        charset = named[1].decode() if named else ""
    text = decode_text(data, charset)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _plain(raw: bytes, leaf: Leaf, notes: list[str]) -> str:
    """Read a plain text, with flowed paragraphs put together."""
    text = _read_text(raw, leaf, notes)
    if leaf.params.get("format", "").lower() == "flowed":
        return unflow(text, leaf.params.get("delsp", "").lower() == "yes")
    return text


def unflow(text: str, delsp: bool = False) -> str:
    """Put the lines of ``format=flowed`` paragraphs together (RFC 3676).

    A line that ends in a blank goes on in the next one of the same quote depth; ``-- `` is a signature's
    mark and never flows; a stuffed blank at a line's beginning is taken away. An empty line stays one, though
    by the letter it would be the end of the line before.
    """
    out: list[str] = []
    held: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        level = len(line) - len(content)
        content = content.removeprefix(" ")
        if held and (level != depth or content in ("", "-- ")):
            out.append(_quoted(depth, "".join(held).rstrip(" ")))
            held = []
        depth = level
        if content.endswith(" ") and content != "-- ":
            held.append(content[:-1] if delsp else content)
        else:
            out.append(_quoted(depth, "".join(held) + content))
            held = []
    if held:
        out.append(_quoted(depth, "".join(held).rstrip(" ")))
    return "\n".join(out)


def _quoted(depth: int, line: str) -> str:
    """A line behind its quote marks."""
    return f"{'>' * depth} {line}" if depth else line


def _part(raw: bytes, leaf: Leaf, notes: list[str]) -> Part:
    """Measure an attachment and name it."""
    from helpdesk_cli.mail.names import safe_name  # its patterns are dear, and many mails bring nothing

    size, digest = measure(raw, leaf.start, leaf.end, leaf.encoding)
    kind = leaf.type
    name = leaf.made or leaf.disposition_params.get("filename") or leaf.params.get("name") or ""
    if not name and kind in ("message/rfc822", "message/global"):
        name = _subject(raw, leaf)
    if kind in ("application/ms-tnef", "application/vnd.ms-tnef"):
        notes.append("Outlook sent its attachments packed in winmail.dat")
    elif kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        notes.append("encrypted or sealed by S/MIME")
    elif kind == "application/pgp-encrypted":
        notes.append("encrypted by PGP")
    content_id = one_line(leaf.content_id).strip("<> ")
    return Part(
        safe_name(name, kind),
        kind,
        size,
        digest,
        leaf.start,
        leaf.end,
        leaf.encoding,
        content_id,
    )


def _subject(raw: bytes, leaf: Leaf) -> str:
    """A file name for an attached mail, from its subject."""
    if leaf.encoding:
        data = bytes(
            next(
                iter(decoded_chunks(raw, leaf.start, min(leaf.end, leaf.start + 64_000), leaf.encoding)), b""
            )
        )
        head = read_head(data, 0, len(data), 64_000)
    else:
        head = read_head(raw, leaf.start, leaf.end, 64_000)
    subject = decode_words(head.first("subject")).replace("/", "_").replace("\\", "_").strip()[:140]
    return f"{subject}.eml" if subject else ""
