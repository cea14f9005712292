"""A POP3 mailbox. Keys are the server's unique ids (UIDL), else the digest of the bytes.

Deletions become real with QUIT. A line that breaks before brings the messages back; they are known then
and deleted again.
"""

import poplib
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from helpdesk_cli import settings
from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail import connection
from helpdesk_cli.mail.connection import Patience
from helpdesk_cli.mail.sources.contract import (
    HEAD_LIMIT,
    Delivery,
    Failure,
    Known,
    cut_head,
    digest_key,
    head_key,
    in_batches,
    received_at,
)
from helpdesk_cli.mail.sources.pop3.session import (
    BROKEN,
    hang_up,
    is_broken,
    open_session,
    reason,
    where,
    words,
)

T = TypeVar("T")

ASKED_AT_ONCE = 500
HEAD_LINES = 4000


class Pop3Source:
    """One account, locked by the server for the length of the run."""

    def __init__(
        self, mailbox: settings.Mailbox, secret: Callable[[], str], deadline: Callable[[], float]
    ) -> None:
        self.mailbox = mailbox
        self.secret = secret
        self.patience = Patience(mailbox.timeout, deadline)
        self.deletes = mailbox.after == "delete"
        self.where = where(mailbox)
        self.numbers: dict[str, list[int]] = {}  # key -> this session's numbers
        self.sizes: dict[int, int] = {}
        self.told: set[str] = set()
        self.breaks: dict[str, int] = {}  # how often the line broke while a message was being fetched
        self.at_risk = ""
        self.has_deleted = False  # which a line that breaks before QUIT would undo
        self.failed: dict[str, Failure] = {}
        self.is_open = False
        self.broken = ""  # why nothing more may be asked

    def __enter__(self) -> Self:
        self.client = open_session(self.mailbox, self.secret, self.patience)
        self.is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say QUIT, so that what was told is deleted; where that fails the next run tells it again."""
        if self.is_open:
            try:
                self._quit()
            except Unreachable:
                pass
        hang_up(self.client)

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:
        """By the server's numbers, but those at which the line broke in former runs come last.

        Ends with QUIT, so that the deletions count before the run is reported.
        """
        self.breaks = _recalled(memory)
        yield from in_batches(self._each(known))
        self._quit()

    def _each(self, known: Known) -> Iterator[Delivery | None]:
        self.sizes = {
            number: int(size) if size.isdigit() else 0
            for number, size in self._ask(self.client.table, "LIST").items()
        }
        ids = self._ids()
        self.breaks = {key: self.breaks[key] for key in ids.values() if key in self.breaks}
        named = [number for number in self.sizes if number in ids]
        named.sort(key=lambda number: (self.breaks.get(ids[number], 0), number))
        for start in range(0, len(named), ASKED_AT_ONCE):
            yield from self._named(named[start : start + ASKED_AT_ONCE], ids, known)
        for number in [number for number in self.sizes if number not in ids]:
            yield from self._nameless(number, known)

    def _ids(self) -> dict[int, str]:
        """Unique ids by number, without those that the server gave to more than one message."""
        try:
            ids = self._ask(self.client.table, "UIDL")
        except Refused:
            ids = {}
        times: dict[str, int] = {}
        for key in ids.values():
            times[key] = times.get(key, 0) + 1
        ids = {number: key for number, key in ids.items() if times[key] == 1}
        if self.sizes and not ids and not self.deletes:
            raise Unreachable(
                f"{self.where} gives its messages no unique ids (UIDL), so they cannot be told apart "
                'from run to run; set after = "delete", or use IMAP'
            )
        return ids

    def _named(self, numbers: Sequence[int], ids: dict[int, str], known: Known) -> Iterator[Delivery | None]:
        ours = known([ids[number] for number in numbers])
        large = [n for n in numbers if ids[n] not in ours and self.sizes[n] > self.mailbox.max_size]
        heads = known([head_key(ids[number]) for number in large]) if large else frozenset()
        for number in numbers:
            key = ids[number]
            self.numbers[key] = [number]
            if key in ours:
                self.done([key])
            elif head_key(key) not in heads:
                if key in self.breaks:
                    yield None
                    if self.has_deleted:
                        self._fail(key, "is left to a run that deletes nothing: the line broke at it before")
                        continue
                delivery = self._fetch(number, key)
                if delivery is not None:
                    yield delivery

    def _nameless(self, number: int, known: Known) -> Iterator[Delivery]:
        if not self.deletes:
            self._fail(str(number), 'has no unique id (UIDL) of its own; set after = "delete"')
            return
        delivery = self._fetch(number, "")
        if delivery is None:
            return
        if delivery.key in self.numbers:  # an equal message in this run: one copy is enough
            if delivery.whole and delivery.key in self.told:
                self._delete(delivery.key, number)
            elif delivery.whole:
                self.numbers[delivery.key].append(number)
            return
        self.numbers[delivery.key] = [number] if delivery.whole else []
        if delivery.key not in known([delivery.key]):
            yield delivery
        elif delivery.whole:
            self.done([delivery.key])

    def _fetch(self, number: int, key: str) -> Delivery | None:
        """A message, or its beginning where it is above ``max_size``; the digest is the key where none is."""
        limit = self.mailbox.max_size
        size = self.sizes[number]
        self.at_risk = key
        try:
            if size > limit:
                raw, came = self._ask(self.client.long, f"TOP {number} {HEAD_LINES}", HEAD_LIMIT)
                whole = False
            else:
                raw, came = self._ask(self.client.long, f"RETR {number}", max(limit, HEAD_LIMIT))
                whole, size = came <= limit, max(size, came)
        except Refused as error:
            self.at_risk = ""
            self._fail(key or str(number), f"was not given ({error})")
            return None
        self.at_risk = ""
        if not came:
            self._fail(key or str(number), "came empty")
            return None
        raw = raw if whole else cut_head(raw[:HEAD_LIMIT])
        name = key or digest_key(raw)
        return Delivery(
            key=name if whole else head_key(name),
            raw=raw,
            arrived_at=received_at(raw),
            size=size,
            whole=whole,
        )

    def done(self, keys: Sequence[str]) -> None:
        """Mark for deletion where ``after`` says so; it happens with QUIT."""
        if not self.deletes:
            return
        self.told.update(keys)
        for key in keys:
            for number in self.numbers.get(key, ()):
                self._delete(key, number)

    def _delete(self, key: str, number: int) -> None:
        try:
            self._ask(self.client.ask, f"DELE {number}")
            self.has_deleted = True
        except Refused as error:
            self._fail(key, f"could not be deleted ({error})")

    def memory(self) -> str:
        """At which messages the line broke: the next run fetches them last."""
        breaks = dict(self.breaks)
        if self.at_risk:
            breaks[self.at_risk] = breaks.get(self.at_risk, 0) + 1
        return msgspec.json.encode(breaks).decode()

    def failures(self) -> Sequence[Failure]:
        """Messages that the server would not give or delete."""
        return list(self.failed.values())

    def _fail(self, key: str, text: str) -> None:
        self.failed[key] = Failure(key, f"message {connection.one_line(key)} {text}")

    def _ask(self, verb: Callable[..., T], *arguments: object) -> T:
        if self.broken:
            raise Unreachable(self.broken)
        try:
            return verb(*arguments)
        except poplib.error_proto as error:
            if not is_broken(error):
                raise Refused(connection.one_line(words(error))) from error
            failure: Exception = error
        except BROKEN as error:
            failure = error
        self.is_open = False
        self.broken = f"{self.where}: {reason(failure, self.patience)}"
        raise Unreachable(self.broken) from failure

    def _quit(self) -> None:
        if self.is_open:
            try:
                self._ask(self.client.ask, "QUIT")
            except Refused as error:
                raise Unreachable(
                    f"{self.where} did not delete what it was told to ({error}); the next run tells it again"
                ) from error
            finally:
                self.is_open = False


def _recalled(memory: str) -> dict[str, int]:
    try:
        return msgspec.json.decode(memory, type=dict[str, int])
    except (msgspec.MsgspecError, UnicodeError):
        return {}


class Refused(Exception):
    """The server said -ERR to one command; the session goes on."""
