"""What goes between the two sides: frames of a kind, a length and so many bytes, each kind with its bound."""

from collections.abc import Callable, Mapping

from msgspec import Struct

MB = 1_000_000

# From the caller to the owner
REQUEST, FILE, TYPED, WROTE, YES, NO = b"R", b"B", b"I", b"T", b"Y", b"N"
# From the owner to the caller
OUT, ERR, PAGE, WRITE, ASK, STDIN, KEEP, SAVE, END = b"O", b"E", b"P", b"W", b"Q", b"S", b"K", b"F", b"X"

TO_OWNER = {REQUEST: MB, FILE: 64 * MB, TYPED: 64 * MB, WROTE: 16 * MB, YES: 0, NO: 0}
TO_CALLER = {
    OUT: MB,
    ERR: MB,
    PAGE: 64 * MB,
    WRITE: 64 * MB,
    ASK: MB,
    STDIN: 0,
    KEEP: 64 * MB,
    SAVE: 256 * MB,
    END: 1,
}
MOST_FILES = 200
FILES_TOGETHER = 64 * MB

PIECE = 65536


class Broken(Exception):
    """What came is no frame, or is cut off."""


class Request(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the caller wants, and what their terminal is like; everything in it is only their word."""

    words: list[str]
    config: str  # the file that they read; the owner works with none but the own
    files: list[str] = []  # the names of the files whose bytes follow
    completes: bool = False  # the words are a kind and the begin of a word
    typing: bool = False  # standard input is a terminal
    out: bool = False
    err: bool = False
    columns: int = 80
    lines: int = 24
    term: str = ""
    zone: str = ""
    colours: bool = True


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """What the editor shall show: the text so far, and what it is about."""

    begun: str
    about: str


class Saved(Struct, frozen=True, forbid_unknown_fields=True):
    """A file's name and type as its sender wrote them, and how many bytes follow."""

    name: str
    kind: str
    data: bytes


def packed(kind: bytes, data: bytes = b"") -> bytes:
    """A frame."""
    return kind + len(data).to_bytes(4, "big") + data


def taken(read: Callable[[int], bytes], bounds: Mapping[bytes, int]) -> tuple[bytes, bytes]:
    """The next frame. Raises Broken for what is none, too long or cut off, and EOFError where nothing is left."""
    kind = read(1)
    if not kind:
        raise EOFError
    if kind not in bounds:
        raise Broken("it is malformed")
    size = int.from_bytes(_exactly(read, 4), "big")
    if size > bounds[kind]:
        raise Broken("it is too large")
    return kind, _exactly(read, size)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        more = read(min(size - len(found), PIECE))
        if not more:
            raise Broken("it is cut off")
        found += more
    return bytes(found)
