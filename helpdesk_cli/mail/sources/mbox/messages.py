"""Messages in an mbox, of the ``mboxrd`` kind (RFC 4155 names the format, not the quoting).

A ``From `` line begins a message only at the start or after an empty line, and only when it ends like one:
with weekday, month, day, time and year. ``>From `` loses one ``>``. Content-Length is not trusted: nobody
says whether it was counted before or after the quoting.
"""

import os
import re
import time
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from msgspec import Struct

from helpdesk_cli.mail.sources.contract import (
    HEAD_LIMIT,
    cut_head,
    digest_key,
    unmarked,
    utc_text,
)

CHUNK = 1 << 20
LONGEST_FROM = 1000
"""Of a ``From `` line so much is looked at."""


class Found(Struct, frozen=True):
    """One message and where it lies: from its ``From `` line to the next one's."""

    start: int
    end: int
    from_line: bytes
    raw: bytes
    size: int
    whole: bool
    digest: str  # as digest_key


def read_messages(file: BinaryIO, start: int, max_size: int, *, is_archive: bool = False) -> Iterator[Found]:
    """Every complete message from ``start`` on, which is 0 or an ``end``.

    The last one is left out while the file does not end with a line's end: somebody still writes it. Not so
    in an archive, to which nobody delivers. Raises ValueError where no message begins at ``start``.
    """
    size = os.fstat(file.fileno()).st_size
    beginning = os.pread(file.fileno(), CHUNK, start)
    blank = len(beginning) - len(beginning.lstrip(b"\r\n"))
    if blank == len(beginning):
        return
    if not beginning.startswith(b"From ", blank):
        raise ValueError("no message begins here")
    here = start + blank
    for following in _starts(file, here):
        yield _message(file, here, following, max_size)
        here = following
    if is_archive or os.pread(file.fileno(), 1, size - 1) == b"\n":
        yield _message(file, here, size, max_size)


def _starts(file: BinaryIO, start: int) -> Iterator[int]:
    """Where further messages begin: after an empty line, with a line that ends as a ``From `` line does."""
    buffer = b""
    base = start
    while True:
        piece = os.pread(file.fileno(), CHUNK, base + len(buffer))
        buffer += piece
        sure = len(buffer) - (LONGEST_FROM if piece else 0)
        for found in re.finditer(rb"\n\r?\n(?=From )", buffer):
            at = found.end()
            if at >= sure:
                break
            if at >= 3 and _date_of(buffer[at : at + LONGEST_FROM]):
                yield base + at
        if not piece:
            return
        kept = max(sure - 3, 0)  # with the empty line before what was not sure
        buffer, base = buffer[kept:], base + kept


def _message(file: BinaryIO, start: int, end: int, max_size: int) -> Found:
    """The message between two places; of one that is above ``max_size`` only the beginning is held."""
    is_large = end - start > max_size + LONGEST_FROM
    raw = os.pread(file.fileno(), HEAD_LIMIT + LONGEST_FROM if is_large else end - start, start)
    from_line, _, raw = raw.partition(b"\n")
    if is_large:
        digest = _digest_of_large(file, start + len(from_line) + 1, end)
    else:  # the empty line before the next ``From `` belongs to the format
        raw = raw[: len(raw) - (2 if raw.endswith(b"\n\r\n") else raw.endswith(b"\n\n"))]
    if b">From " in raw:
        raw = re.sub(rb"(?m)^>(>*From )", rb"\1", raw)
    whole = not is_large and len(raw) <= max_size
    return Found(
        start=start,
        end=end,
        from_line=from_line,
        raw=raw if whole else cut_head(raw[:HEAD_LIMIT]),
        size=end - start - len(from_line) - 1 if is_large else len(raw),
        whole=whole,
        digest=digest if is_large else digest_key(raw),
    )


def _digest_of_large(file: BinaryIO, start: int, end: int) -> str:
    """The digest of a message that is not held; readers' flags do not change it."""
    import hashlib

    total = hashlib.sha256(unmarked(os.pread(file.fileno(), min(CHUNK, end - start), start)))
    for at in range(start + CHUNK, end, CHUNK):
        total.update(os.pread(file.fileno(), min(CHUNK, end - at), at).replace(b"\r\n", b"\n"))
    return f"sha256:{total.hexdigest()}"


@cache
def _from_line() -> "re.Pattern[bytes]":
    return re.compile(
        rb"From .*?\s?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+"
        rb"(\d{1,2})\s+(\d\d):(\d\d)(?::(\d\d))?(?:\s+([+-]\d{4}|[A-Za-z]{1,5}))?\s+(\d{4})(?:\s+([+-]\d{4}))?"
    )


def _date_of(line: bytes) -> "re.Match[bytes] | None":
    return _from_line().match(line[:LONGEST_FROM])


def arrival(from_line: bytes) -> str:
    """The date of a ``From `` line in UTC. Without a zone it is this machine's time, as mail servers write it."""
    found = _date_of(from_line)
    if found is None:
        return ""
    name, day, hour, minute, second, zone, year, last_zone = found.groups(b"")
    month = b"JanFebMarAprMayJunJulAugSepOctNovDec".index(name) // 3 + 1
    moment = (int(year), month, int(day), int(hour), int(minute), int(second or 0), 0, 0, -1)
    offset = last_zone or zone
    try:
        if offset[:1] in (b"+", b"-"):
            import calendar

            minutes = int(offset[1:3]) * 60 + int(offset[3:5])
            away = minutes * 60 if offset[:1] == b"+" else -minutes * 60
            return utc_text(calendar.timegm(moment) - away)
        if offset.upper() in (b"GMT", b"UTC", b"UT", b"Z"):
            import calendar

            return utc_text(calendar.timegm(moment))
        return utc_text(time.mktime(moment))
    except (ValueError, OverflowError):
        return ""


def is_folder_data(raw: bytes) -> bool:
    """Whether this is the note that some IMAP servers keep as an mbox's first message."""
    return b"DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA" in raw[:2000]
