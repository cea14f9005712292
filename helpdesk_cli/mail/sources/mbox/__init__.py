"""An mbox file, the mailbox of old: read under both locks, a batch at a time; keys are digests.

``locks`` takes the locks, ``messages`` tells messages apart, ``cutting`` takes out what is ours. The locks
are let go between batches, so that mail can be delivered while ours is committed.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources.contract import (
    BATCH_BYTES,
    BATCH_COUNT,
    Delivery,
    Failure,
    Known,
    head_key,
    in_batches,
)
from helpdesk_cli.mail.sources.mbox.cutting import cut, recover
from helpdesk_cli.mail.sources.mbox.locks import locked
from helpdesk_cli.mail.sources.mbox.messages import Found, arrival, is_folder_data, read_messages

GUARDED = 4096
HEAD = head_key("")


class Mark(msgspec.Struct, frozen=True):
    """A place in the file up to which all is finished, and the digest of the bytes before it."""

    offset: int
    guard: str
    max_size: int


class MboxSource:
    """The mbox at ``path``; a file that is not there is an empty one."""

    def __init__(
        self,
        path: str,
        after: str,
        max_size: int,
        timeout: float,
        deadline: Callable[[], float],
        *,
        is_archive: bool = False,
    ) -> None:
        self.path = path
        self.deletes = after == "delete"
        self.max_size = int(max_size)  # a plain number, which JSON can hold
        self.patience = lambda: min(timeout, deadline())
        self.deadline = deadline
        self.is_archive = is_archive  # nobody delivers to it, so its last message is whole
        self.start = Mark(0, "", self.max_size)
        self.here = self.start  # up to where this run has read
        self.read: list[tuple[str, Mark]] = []  # keys in the file's order, and where each message ends
        self.finished: set[str] = set()
        self.told: set[str] = set()  # digests to be cut out

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut out what was told; where that fails, the next run tells it again."""
        if kind is not None and not issubclass(kind, Exception):
            return  # somebody wants us to end at once
        try:
            self._cut()
        except (Unreachable, OSError):
            pass

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:
        """In the file's order."""
        if memory and not self.deletes:
            try:
                mark = msgspec.json.decode(memory, type=Mark)
            except (msgspec.MsgspecError, UnicodeError):
                mark = self.start
            if mark.max_size >= self.max_size:
                self.start = self.here = mark
        try:
            yield from in_batches(self._each(known))
            self._cut()
        except OSError as error:
            raise Unreachable(f"{self.path}: {error.strerror}; the next run tries again") from error

    def _each(self, known: Known) -> Iterator[Delivery]:
        met: set[str] = set()
        is_more = True
        while is_more:
            if self.deadline() <= 0:
                raise Unreachable(f"{self.path}: the run's time was over; the next run goes on")
            found, is_more = self._next()
            keys = [_key(message) for message in found]
            ours = known([*keys, *(message.digest for message in found if not message.whole)])
            for key, message in zip(keys, found, strict=True):
                if is_folder_data(message.raw) or key in ours or message.digest in ours:
                    self.done([key])
                elif key not in met:
                    met.add(key)
                    yield _delivery(key, message)

    def _next(self) -> tuple[list[Found], bool]:
        """The next batch of messages, and whether there may be more."""
        found: list[Found] = []
        held = 0
        try:
            with locked(self.path, self.patience, writing=self.deletes) as file:
                if self.deletes:
                    recover(file, self.path)
                self._find_place(file)
                offset = self.here.offset
                for message in read_messages(file, offset, self.max_size, is_archive=self.is_archive):
                    found.append(message)
                    held += len(message.raw)
                    if held >= BATCH_BYTES or len(found) >= BATCH_COUNT:
                        break
                self.read += [(_key(message), self._mark(file, message.end)) for message in found]
        except FileNotFoundError:
            return [], False
        except ValueError as error:
            raise Unreachable(
                f"{self.path} is no mbox file (it does not begin with From); check path"
            ) from error
        if found:
            self.here = self.read[-1][1]
        return found, bool(found) and (held >= BATCH_BYTES or len(found) >= BATCH_COUNT)

    def _mark(self, file: BinaryIO, offset: int) -> Mark:
        low = max(0, offset - GUARDED)
        guarded = os.pread(file.fileno(), offset - low, low)
        return Mark(offset, hashlib.sha256(guarded).hexdigest(), self.max_size)

    def _find_place(self, file: BinaryIO) -> None:
        """Begin anew where the file was rewritten since: known messages are told by their digests then."""
        offset = self.here.offset
        if offset and (
            os.fstat(file.fileno()).st_size < offset
            or self._mark(file, offset).guard != self.here.guard
            or os.pread(file.fileno(), 5, offset) not in (b"", b"From ")
        ):
            self.start = self.here = Mark(0, "", self.max_size)
            self.read = []

    def done(self, keys: Sequence[str]) -> None:
        """Note them; ``after = "delete"`` takes them out of the file when all has been read."""
        self.finished.update(keys)
        if self.deletes:
            self.told.update(key for key in keys if not key.endswith(HEAD))

    def _cut(self) -> None:
        if not self.told:
            return
        try:
            with locked(self.path, self.patience, writing=True) as file:
                recover(file, self.path)
                cut(file, self.path, self.told, self.max_size)
        except FileNotFoundError:
            pass  # somebody took the whole file
        except ValueError as error:
            raise Unreachable(f"{self.path} was rewritten and is no mbox file any more") from error
        self.told = set()
        self.start = self.here = Mark(0, "", self.max_size)
        self.read = []

    def memory(self) -> str:
        """How far the file is finished from its beginning, where it is kept."""
        mark = self.start
        for key, end in self.read:
            if key not in self.finished:
                break
            mark = end
        return "" if self.deletes else msgspec.json.encode(mark).decode()

    def failures(self) -> Sequence[Failure]:
        """None: a file is read as a whole or not at all."""
        return []


def _key(message: Found) -> str:
    return message.digest if message.whole else head_key(message.digest)


def _delivery(key: str, message: Found) -> Delivery:
    words = message.from_line.split()
    # MAILER-DAEMON should be the null sender, but programs that write mbox files use it for whatever they
    # do not know (Python's mailbox for every mail), so it tells nothing.
    sender = words[1].decode("utf-8", "replace") if len(words) > 2 else ""
    return Delivery(
        key=key,
        raw=message.raw,
        arrived_at=arrival(message.from_line),
        size=message.size,
        whole=message.whole,
        sender=sender if "@" in sender and sender.isprintable() else None,
    )
