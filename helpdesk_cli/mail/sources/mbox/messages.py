"""Messages in an mbox, of the ``mboxrd`` kind (RFC 4155 names the format, not the quoting).

A ``From `` line begins a message only at the start or after an empty line, and only when it ends like one:
with weekday, month, day, time and year. ``>From `` loses one ``>``. Content-Length is not trusted: nobody
says whether it was counted before or after the quoting.
"""

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

CHUNK = 1 << 16


class Found(Struct, frozen=True):
    """One message and where it lies: from its ``From `` line to the next one's."""

    start: int
    end: int
    from_line: bytes
    raw: bytes
    size: int
    whole: bool
    digest: str  # as digest_key


def read_messages(file: BinaryIO, start: int, max_size: int) -> Iterator[Found]:
    """Every complete message from ``start`` on, which is 0 or an ``end``.

    The last one is left out while the file does not end with a line's end: somebody still writes it.
    Raises ValueError where no message begins at ``start``.
    """
    file.seek(start)
    here = start
    reading: _Reading | None = None
    at_start = is_after_blank = True
    line = b"\n"
    while line := file.readline(CHUNK):
        if at_start and is_after_blank and _begins(line, is_first=reading is None):
            if reading is not None:
                yield reading.ended(here)
            reading = _Reading(here, line, max_size)
        elif reading is not None:
            reading.add(line, at_start=at_start)
        elif line.strip():
            raise ValueError("no message begins here")
        is_after_blank = at_start and line in (b"\n", b"\r\n")
        at_start = line.endswith(b"\n")
        here += len(line)
    if reading is not None and at_start:
        yield reading.ended(here)


class _Reading:
    """A message that is being read; above ``max_size`` only its beginning is kept."""

    def __init__(self, start: int, from_line: bytes, max_size: int) -> None:
        import hashlib

        self.start = start
        self.from_line = from_line
        self.max_size = max_size
        self.limit = max(max_size, HEAD_LIMIT)
        self.kept = bytearray()
        self.size = 0
        self.hash = hashlib.sha256()
        self.is_hashed = False

    def add(self, line: bytes, *, at_start: bool) -> None:
        if at_start and line.startswith(b">") and line.lstrip(b">").startswith(b"From "):
            line = line[1:]
        self.size += len(line)
        if self.size <= self.limit:
            self.kept += line
            return
        if not self.is_hashed:
            self.hash.update(unmarked(bytes(self.kept)))
            self.is_hashed = True
        self.hash.update(line.replace(b"\r\n", b"\n"))

    def ended(self, end: int) -> Found:
        raw = bytes(self.kept)
        if not self.is_hashed:  # the empty line before the next ``From `` belongs to the format
            blank = 2 if raw.endswith(b"\n\r\n") else 1 if raw.endswith(b"\n\n") else 0
            raw = raw[: len(raw) - blank]
            self.size = len(raw)
        whole = self.size <= self.max_size
        return Found(
            start=self.start,
            end=end,
            from_line=self.from_line,
            raw=raw if whole else cut_head(raw[:HEAD_LIMIT]),
            size=self.size,
            whole=whole,
            digest=f"sha256:{self.hash.hexdigest()}" if self.is_hashed else digest_key(raw),
        )


def _begins(line: bytes, *, is_first: bool) -> bool:
    return line.startswith(b"From ") and (is_first or _date_of(line) is not None)


@cache
def _from_line() -> "re.Pattern[bytes]":
    return re.compile(
        rb"From .*?\s?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+"
        rb"(\d{1,2})\s+(\d\d):(\d\d)(?::(\d\d))?(?:\s+([+-]\d{4}|[A-Za-z]{1,5}))?\s+(\d{4})(?:\s+([+-]\d{4}))?"
    )


def _date_of(line: bytes) -> "re.Match[bytes] | None":
    return _from_line().match(line[:1000])


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
