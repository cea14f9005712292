"""A mail's skeleton: its header fields and its parts as ranges of the raw bytes.

Our own reader, not the standard library's: that one is most of the cost of an intake, holds several
copies of each body in memory and ends in RecursionError where parts are nested deeply. This one walks
with a stack, finds boundaries by searching bytes, copies no body, and its work grows with the message's
length (times the depth of its nesting, which is limited). What exceeds a limit is not read on but kept
as one leaf that covers the remaining range.
"""

import re

from msgspec import Struct, field

from helpdesk_cli.mail.decode import parse_parameters
from helpdesk_cli.mail.header import Head, read_head
from helpdesk_cli.mail.transfer import encoding_name

PART_HEADER_BLOCK = 64_000  # bytes of a part's header that are read
HEADERS_TOGETHER = 1_000_000  # … and of all parts' headers together
DEPTH = 50
PARTS = 1_000
BOUNDARY = 2_048  # Postfix's limit


class Leaf(Struct):
    """A part that holds no parts, as the range ``start:end`` of its encoded body.

    ``within`` are the containers around it, outermost first, each as (number, type).
    ``made`` is a file name for leaves that stand for something which is no part: "" for true parts.
    """

    type: str
    params: dict[str, str]
    start: int
    end: int
    encoding: str = ""
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    content_id: str = ""
    within: tuple[tuple[int, str], ...] = ()
    made: str = ""


class Skeleton(Struct):
    """A message taken apart. ``params`` are those of the outermost Content-Type, ``type`` its type."""

    head: Head
    type: str
    params: dict[str, str]
    leaves: list[Leaf]
    notes: list[str]


class _Container(Struct):
    """A multipart that is being read: ``position`` is where its next part begins."""

    boundary: bytes
    position: int
    end: int
    within: tuple[tuple[int, str], ...]
    closed: bool = False
    seen: int = 0


_ENVELOPE = re.compile(rb"(?:>?From (?![ \t]*:)[^\r\n]*+(?:\r\n|[\r\n]))+")
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?+[\0\r\n \t]*+(?=[!-9;-~]++[ \t]*+:|>?From (?![ \t]*:))")


def first_field(raw: bytes) -> int:
    """Where the header begins: behind a byte order mark, empty lines, NULs, and an mbox's ``From `` line."""
    lead = _LEADING.match(raw, 0, 65_536)
    start = lead.end() if lead else 0
    envelope = _ENVELOPE.match(raw, start)
    return envelope.end() if envelope else start


def split(raw: bytes) -> Skeleton:
    """Take a message apart."""
    head = read_head(raw, first_field(raw), len(raw))
    reader = _Reader(raw, head.notes)
    kind, params = reader.enter(head, len(raw), ())
    reader.walk()
    return Skeleton(head, kind, params, reader.leaves, reader.notes)


class _Reader:
    """The walk through one message's parts, in their order."""

    def __init__(self, raw: bytes, notes: list[str]) -> None:
        self.raw = raw
        self.notes = list(notes)
        self.leaves: list[Leaf] = []
        self.open: list[_Container] = []
        self.count = 0
        self.header_bytes = 0

    def note(self, text: str) -> None:
        """Remember what was wrong, once."""
        if len(self.notes) < 50 and text not in self.notes:
            self.notes.append(text)

    def enter(self, head: Head, end: int, within: tuple[tuple[int, str], ...]) -> tuple[str, dict[str, str]]:
        """Open the multipart whose header was read, or keep the leaf."""
        self.count += 1
        content_type, disposition_value = head.first("content-type"), head.first("content-disposition")
        default = "message/rfc822" if within and within[-1][1] == "multipart/digest" else "text/plain"
        kind, params = parse_parameters(content_type) if content_type else (default, _NOTHING)
        kind = _clean_type(kind) or default
        if kind.startswith("multipart/") and self._open(kind, params, head.body, end, within):
            return kind, params
        disposition, disposition_params = "", _NOTHING
        if disposition_value:
            disposition, disposition_params = parse_parameters(disposition_value)
        self.leaves.append(
            Leaf(
                kind,
                params,
                head.body,
                end,
                encoding_name(head.first("content-transfer-encoding")),
                disposition,
                disposition_params,
                head.first("content-id").strip()[:1000],
                within,
            )
        )
        return kind, params

    def _open(
        self, kind: str, params: dict[str, str], body: int, end: int, within: tuple[tuple[int, str], ...]
    ) -> bool:
        """Start reading a multipart's parts; false where it has none that can be read."""
        boundary = params.get("boundary", "").rstrip().encode("utf-8", "replace")
        if not boundary:
            boundary = _guess_boundary(self.raw, body, end)
            self.note("a multipart names no boundary" + (", one was guessed" if boundary else ""))
        if not boundary or len(boundary) > BOUNDARY:
            if boundary:
                self.note("a boundary is too long")
            self._whole(body, end, within)
            return True
        if len(within) >= DEPTH:
            self.note(f"parts nested deeper than {DEPTH} were not read")
            self._keep("unread.eml", body, end, within)
            return True
        container = _Container(boundary, body, end, (*within, (self.count, kind)))
        found = _find_delimiter(self.raw, boundary, body, end)
        if found is None:
            self.note("the boundary of a multipart never occurs")
            self._whole(body, end, within)
            return True
        if found[0] - body > 1000:
            self._keep("before-the-parts.txt", body, found[0], within, "text/plain")
        container.position, container.closed = found[1], found[2]
        self.open.append(container)
        return True

    def _whole(self, start: int, end: int, within: tuple[tuple[int, str], ...]) -> None:
        """Keep a multipart that cannot be taken apart: as text where it is the message, else as a file."""
        if within:
            self._keep("unread.eml", start, end, within)
        else:
            self.leaves.append(Leaf("text/plain", {}, start, end))

    def _keep(
        self,
        name: str,
        start: int,
        end: int,
        within: tuple[tuple[int, str], ...],
        kind: str = "message/rfc822",
    ) -> None:
        """Keep a range that is no part of its own as a leaf with a name that we made."""
        if start < end:
            self.leaves.append(Leaf(kind, {}, start, end, within=within, made=name))

    def walk(self) -> None:
        """Read the parts of all open multiparts, depth first."""
        while self.open:
            top = self.open[-1]
            if self.count >= PARTS or self.header_bytes > HEADERS_TOGETHER:
                self.note(f"more than {PARTS} parts: the rest was not read")
                self._keep("unread.eml", top.position, self.open[0].end, ())
                return
            if top.closed and not self._reopen(top):
                self.open.pop()
                continue
            found = _find_delimiter(self.raw, top.boundary, top.position, top.end)
            start, end = top.position, found[0] if found else top.end
            if found:
                top.position, top.closed = found[1], found[2]
            else:
                self.open.pop()
            head = read_head(self.raw, start, end, PART_HEADER_BLOCK)
            self.header_bytes += head.body - start
            for note in head.notes:
                self.note(note)
            self.enter(head, end, top.within)

    def _reopen(self, top: _Container) -> bool:
        """After a multipart's end: whether parts follow all the same; other text there is kept as a file."""
        if top.end - top.position < 3:
            return False
        found = _find_delimiter(self.raw, top.boundary, top.position, top.end)
        stop = found[0] if found else top.end
        if re.compile(rb"\S").search(self.raw, top.position, stop):
            self._keep("after-the-end.txt", top.position, stop, top.within[:-1], "text/plain")
            self.note("there is text after the last part")
        if found is None:
            return False
        top.position, top.closed = found[1], found[2]
        self.count += 1
        if not top.closed:
            self.note("there are parts after the end of a multipart")
        return True


_NOTHING: dict[str, str] = {}
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")


def _clean_type(kind: str) -> str:
    """A media type in its plain form, "" where it is none."""
    if kind == "text/plain":
        return kind
    match = _TYPE.match(kind)
    return match[0] if match else ""


def _guess_boundary(raw: bytes, start: int, end: int) -> bytes:
    """The first line of a multipart that looks like a delimiter."""
    match = re.compile(rb"(?:(?<=[\r\n]))--([!-~]{1,70})[ \t]*[\r\n]").search(
        raw, start, min(end, start + 10_000)
    )
    return match[1] if match else b""


_AFTER = re.compile(rb"(--)?[ \t]*+(\r\n|[\r\n]|\Z)")
_PATIENCE = 200  # false finds after which a pattern does the search


def _find_delimiter(raw: bytes, boundary: bytes, position: int, end: int) -> tuple[int, int, bool] | None:
    """The next delimiter line: where the part before it ends, where its line ends, whether it is the last.

    The line end before a delimiter belongs to the delimiter (RFC 2046, 5.1.1). A boundary that only
    begins like ours is another one's.
    """
    mark = b"--" + boundary
    at = position
    for _ in range(_PATIENCE):
        at = raw.find(mark, at, end)
        if at < 0:
            return None
        if raw[at - 1 : at] in (b"\n", b"\r"):
            after = _AFTER.match(raw, at + len(mark), end)
            if after:
                return _before(raw, at, position), after.end(), after[1] is not None
        at += 2
    pattern = re.compile(rb"(?<=[\r\n])" + re.escape(mark) + rb"(--)?[ \t]*+(?:\r\n|[\r\n]|\Z)")
    after = pattern.search(raw, at, end)
    if after is None:
        return None
    return _before(raw, after.start(), position), after.end(), after[1] is not None


def _before(raw: bytes, at: int, position: int) -> int:
    """The end of the part before the delimiter at ``at``: without the line end that belongs to that."""
    if raw[at - 2 : at] == b"\r\n":
        at -= 1
    return max(at - 1, position)
