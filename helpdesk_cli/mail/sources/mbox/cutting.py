"""Taking messages out of an mbox in place, so that no byte is lost to a kill at any moment.

The file is never replaced by another one: a mail server that waits for fcntl's lock holds the old inode
open, and would deliver into a file that nobody sees any more. So what stays is first written beside it,
``PATH.helpdesk-keep``, and synced; then written over the beginning, and the file truncated. Whoever finds
such a file beside the mbox was preceded by a run that was killed, and ends its work first. Where that is
not plainly possible, because somebody else rewrote the mbox meanwhile, what was to stay is appended: a
message may then be there twice, which its digest tells, but none is lost.
"""

# ruff: noqa: PTH105, PTH108, PTH120, PTH123
import hashlib
import os
from collections.abc import Container
from typing import BinaryIO

import msgspec

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources.mbox.messages import is_folder_data, read_messages

COPIED_AT_ONCE = 1 << 20


class Plan(msgspec.Struct, frozen=True):
    """First line of the file beside: the mbox's length, how much stays, the digest of what lies behind that."""

    length: int
    kept: int
    behind: str


def cut(file: BinaryIO, path: str, taken: Container[str], max_size: int) -> None:
    """Remove the messages whose digest is ``taken``; both locks are held. All else stays, byte for byte."""
    length = os.fstat(file.fileno()).st_size
    spans: list[tuple[int, int]] = []
    last = 0
    for found in read_messages(file, 0, max_size):
        if found.whole and found.digest in taken and not is_folder_data(found.raw):
            if found.start > last:
                spans.append((last, found.start))
            last = found.end
    if last == 0:
        return
    spans.append((last, length))
    if all(low == high for low, high in spans):
        file.truncate(0)
        os.fsync(file.fileno())
        return
    _write_beside(file, path, spans, length)
    _apply(file, path)


def recover(file: BinaryIO, path: str) -> None:
    """End what a killed run had begun; both locks are held."""
    try:
        with open(_beside(path), "rb") as beside:
            plan = _plan(beside, path)
            start = beside.tell()
            length = os.fstat(file.fileno()).st_size
            if length >= plan.length and _digest(file, plan.kept, plan.length) == plan.behind:
                if length > plan.length:  # mail came after the kill: it stays too
                    _write_again(file, path, beside, plan, length)
                _apply(file, path)
                return
            if length < plan.kept or _digest(file, 0, plan.kept) != _digest(beside, start, start + plan.kept):
                beside.seek(start)
                file.seek(0, os.SEEK_END)
                _copy(beside, file, plan.kept)
                _sync(file)
    except FileNotFoundError:
        return
    os.unlink(_beside(path))


def _beside(path: str) -> str:
    return f"{path}.helpdesk-keep"


def _plan(beside: BinaryIO, path: str) -> Plan:
    try:
        return msgspec.json.decode(beside.readline(1000), type=Plan)
    except msgspec.MsgspecError as error:
        raise Unreachable(f"{_beside(path)} is not ours or damaged; look at it and move it away") from error


def _write_beside(file: BinaryIO, path: str, spans: list[tuple[int, int]], length: int) -> None:
    kept = sum(high - low for low, high in spans)
    plan = Plan(length, kept, _digest(file, kept, length))
    with _new_beside(path, plan) as beside:
        for low, high in spans:
            file.seek(low)
            _copy(file, beside, high - low)
        _sync(beside)
    _put_in_place(path)


def _write_again(file: BinaryIO, path: str, beside: BinaryIO, plan: Plan, length: int) -> None:
    added = length - plan.length
    again = Plan(length, plan.kept + added, _digest(file, plan.kept + added, length))
    with _new_beside(path, again) as fresh:
        _copy(beside, fresh, plan.kept)
        file.seek(plan.length)
        _copy(file, fresh, added)
        _sync(fresh)
    _put_in_place(path)


def _new_beside(path: str, plan: Plan) -> BinaryIO:
    handle = os.open(f"{_beside(path)}.new", os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    file = open(handle, "wb")  # noqa: SIM115 -- the caller's with closes it
    file.write(msgspec.json.encode(plan) + b"\n")
    return file


def _put_in_place(path: str) -> None:
    os.replace(f"{_beside(path)}.new", _beside(path))
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _apply(file: BinaryIO, path: str) -> None:
    with open(_beside(path), "rb") as beside:
        plan = _plan(beside, path)
        file.seek(0)
        _copy(beside, file, plan.kept)
    _sync(file)
    file.truncate(plan.kept)
    _sync(file)
    os.unlink(_beside(path))


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    while count:
        piece = source.read(min(count, COPIED_AT_ONCE))
        if not piece:
            raise OSError(5, "the file became shorter while it was locked")
        target.write(piece)
        count -= len(piece)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _digest(file: BinaryIO, low: int, high: int) -> str:
    file.seek(low)
    total = hashlib.sha256()
    while low < high:
        piece = file.read(min(high - low, COPIED_AT_ONCE))
        if not piece:
            break
        total.update(piece)
        low += len(piece)
    return total.hexdigest()
