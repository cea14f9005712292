"""A header's fields: cut out of the raw bytes, unfolded, within limits."""

import re

from msgspec import Struct, field

from helpdesk_cli.mail.decode import decode_text

HEADER_BLOCK = 256_000  # bytes of a message's own header that are read
FIELD = 64_000  # characters of one header field
FIELDS = 2_000


class Head(Struct):
    """A header: its fields, top first, as (lower-case name, unfolded value), and where the body begins.

    Values are text, but encoded words are still encoded. ``named`` finds them by their name. ``spaced``
    tells of a blank before a colon, which mail servers and programs read differently. ``lost`` names the
    fields that were cut; with those of addresses stand the bytes that were cut off.
    """

    body: int
    fields: list[tuple[str, str]] = field(default_factory=list)
    named: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    spaced: bool = False
    lost: list[tuple[str, bytes]] = field(default_factory=list)

    def first(self, name: str) -> str:
        """The value of the topmost field of that name, else ""."""
        found = self.named.get(name)
        return found[0] if found else ""

    def every(self, name: str) -> list[str]:
        """The values of all fields of that name, top first."""
        return self.named.get(name) or []


_FIELD = re.compile(r"([!-9;-~]++)([ \t]*+):[ \t]*+([^\n]*+)(?:\n|\Z)|([\s\S]+)")
_FOLD = re.compile(r"\n[ \t]+")
_IS_FIELD = rb"[!-9;-~]++[ \t]*+:[^\r\n]*+(?:(?:\r\n|[\r\n])[ \t][^\r\n]*+)*+(?:\r\n|[\r\n]|\Z)"


def _body_offset(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header ends and where the body begins; both ``end`` without an empty line."""
    stop, body = end, end
    found = raw.find(b"\n\r\n", start, end)
    if found >= 0:
        stop, body = found + 1, found + 3
    found = raw.find(b"\n\n", start, stop)
    if found >= 0:
        stop, body = found + 1, found + 2
    found = raw.find(b"\r\r", start, stop)
    if found >= 0:
        stop, body = found + 1, found + 2
    return stop, body


def read_head(raw: bytes, start: int, end: int, limit: int = HEADER_BLOCK) -> Head:
    """Read the header that begins at ``start``.

    A line that is no header field ends it, as in Postfix and in the standard library; the line belongs
    to the body then, so that nothing of a mail without an empty line is lost.
    """
    if raw[start : start + 1] in (b"\n", b"\r"):
        return Head(min(start + (2 if raw[start : start + 2] == b"\r\n" else 1), end))
    stop, body = _body_offset(raw, start, end)
    head = Head(body)
    cut = stop - start > limit
    block = raw[start : start + limit] if cut else raw[start:stop]
    try:
        text, latin = block.decode(), False
    except UnicodeDecodeError:
        text, latin = block.decode("latin-1"), True
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _FIELD.findall(_FOLD.sub(" ", text))
    if found and found[-1][3]:
        found.pop()
        head.body = _after_fields(raw, start, start + len(block))
        cut = False
        if found:
            head.notes.append("a line that is no header field ends the header")
    if cut:
        head.notes.append(f"the header has {stop - start} bytes, only the first {limit} were read")
        if found:
            name, lost = found[-1][0].lower(), b""
            if name in _ADDRESSES:
                lost = raw[start + limit : _end_of_field(raw, start + limit, stop)]
            head.lost.append((name, lost))
    _take_fields(head, found, latin)
    return head


def _after_fields(raw: bytes, start: int, stop: int) -> int:
    """Where the first line begins that is no header field."""
    line = re.compile(_IS_FIELD)
    while start < stop and (match := line.match(raw, start, stop)):
        start = match.end()
    return start


def _end_of_field(raw: bytes, position: int, stop: int) -> int:
    """Where the header field that holds ``position`` ends."""
    match = re.compile(rb"(?:\r\n|[\r\n])(?![ \t])").search(raw, position, stop)
    return match.start() if match else stop


def _take_fields(head: Head, found: list[tuple[str, str, str, str]], latin: bool) -> None:
    """Keep the fields found within the limits."""
    fields, named = head.fields, head.named
    for name, blank, value, _ in found[:FIELDS]:
        name = name.lower()
        if latin and not value.isascii():
            value = decode_text(value.encode("latin-1"))
        if blank:
            head.spaced = True
        if len(value) > FIELD:
            head.notes.append(f"a {name[:40]} field of {len(value)} characters was cut")
            value = _cut(head, name, value, FIELD)
        value = value.rstrip()
        fields.append((name, value))
        if name in named:
            named[name].append(value)
        else:
            named[name] = [value]
    if head.lost and head.lost[0][0] in _ADDRESSES and fields and len(found) <= FIELDS:
        name, value = fields[-1]
        fields[-1] = (name, _cut(head, name, value, len(value)))
        named[name][-1] = fields[-1][1]
    if len(found) > FIELDS:
        head.notes.append(f"{len(found)} header fields, only the first {FIELDS} were read")


_ADDRESSES = ("to", "cc", "from", "sender", "reply-to")


def _cut(head: Head, name: str, value: str, limit: int) -> str:
    """The beginning of a field that is kept; of a list of addresses only whole ones."""
    kept = value[:limit]
    if name in _ADDRESSES:
        kept = kept.rpartition(",")[0]
    if len(kept) < len(value):
        head.lost.append((name, value[len(kept) :].encode() if name in _ADDRESSES else b""))
    return kept
