"""What every kind of mailbox promises, so that one road serves them all.

The road (``services.incoming``) is the same for each:

    with open_source(...) as source:
        for batch in source.waiting(known, memory):
            … the batch's bytes are committed to the store …
            source.done([delivery.key for delivery in batch])
        memory = source.memory()
        failures = source.failures()

``memory`` and ``failures`` are worth keeping after an ``Unreachable`` too: they say what was finished
until then. An empty memory says nothing: the one before stays.

``done`` is called only after the commit. A crash between the two means that the same key is delivered,
or reported by ``known`` as ours, in the next run, and the server is told then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from msgspec import Struct

from helpdesk_cli.errors import Unreachable

if TYPE_CHECKING:
    from re import Pattern

BATCH_BYTES = 8_000_000
"""A batch is closed once it holds that many bytes; one message may be larger and is then a batch."""

BATCH_COUNT = 100
"""… or that many messages."""

HEAD_BYTES = 64 * 1024
"""How much of a message above ``max_size`` is delivered, beyond its header."""

HEAD_LIMIT = 1_000_000
"""… and how much of it is read at all: a header longer than that is cut."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One message as the mailbox gives it.

    ``key`` is its identity inside this mailbox, stable from run to run: ``INBOX:7:123`` (folder,
    UIDVALIDITY, UID), a UIDL, a Maildir's unique name, a digest. It never repeats for another message.
    ``arrived_at`` is the server's word (INTERNALDATE, modification time, ``From `` line) as UTC text
    ``2026-11-22T09:30:00Z``, or "" where there is none. ``whole`` is false where the message is above
    ``max_size``: then ``raw`` is its header and the first 64 kB, ``size`` what the server says, and
    ``done`` must leave the message where it is. Its key is then ``head_key`` of the message's own, so that
    the whole message still comes when ``max_size`` is raised, and is never deleted on the strength of a part.
    """

    key: str
    raw: bytes
    arrived_at: str = ""
    size: int = 0
    whole: bool = True
    sender: str | None = None  # of the envelope, where the way in knows it; "" is the null sender
    recipients: tuple[str, ...] = ()  # of the envelope, where the way in knows them


class Failure(Struct, frozen=True):
    """One message that could not be fetched or told; it stays on the server, the next run tries again."""

    key: str
    text: str  # one line: what was wrong


Known = Callable[[Sequence[str]], frozenset[str]]
"""Which of these keys are already ours (their bytes are committed); at most 1,000 are asked at once."""


class Source(Protocol):
    """A mailbox that was opened; a context manager that lets go of the server at the end."""

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:
        """Batches of what is not known yet, oldest first; whatever flags a message bears.

        Keys that are known and still wait on the server were committed by a run that died before it
        could say so: they are told again (as by ``done``) and not delivered. ``memory`` is what
        ``memory()`` returned after the last run, "" at first; it only saves work, a lost or stale one
        must not lose or double a message.

        Raises Unreachable when the server is away, refuses us, or breaks off.
        """
        ...

    def done(self, keys: Sequence[str]) -> None:
        """Tell the server, as ``after`` says, that these are ours now. Called after the commit."""
        ...

    def memory(self) -> str:
        """What to hand to ``waiting`` in the next run (a small JSON text)."""
        ...

    def failures(self) -> Sequence[Failure]:
        """The single messages that failed in this run, while the others went on."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def head_key(key: str) -> str:
    """The key under which only the beginning of the message ``key`` is delivered."""
    return f"{key} head"


def in_batches(deliveries: Iterable[Delivery | None]) -> Iterator[list[Delivery]]:
    """Group messages into batches of at most ``BATCH_COUNT`` and about ``BATCH_BYTES``.

    A None between two messages ends a batch: what follows may break the line, and what came before is
    better committed and told until then.
    Where the server breaks off, what came before is still given, and then the failure: else one message
    at which the line always breaks would keep back those before it for ever.
    """
    batch: list[Delivery] = []
    held = 0
    try:
        for delivery in deliveries:
            if batch and (delivery is None or held + len(delivery.raw) > BATCH_BYTES):
                yield batch
                batch, held = [], 0
            if delivery is None:
                continue
            batch.append(delivery)
            held += len(delivery.raw)
            if len(batch) >= BATCH_COUNT or held >= BATCH_BYTES:
                yield batch
                batch, held = [], 0
    except Unreachable:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def cut_head(raw: bytes) -> bytes:
    """The header of a message and ``HEAD_BYTES`` beyond; ``raw`` is its first part, of any length."""
    ends = [at + len(blank) for blank in (b"\n\r\n", b"\n\n") if (at := raw.find(blank)) >= 0]
    return raw[: min(ends) + HEAD_BYTES] if ends else raw


def received_at(raw: bytes) -> str:
    """When the mailbox's own mail server took a message: the date of the topmost ``Received``, else "".

    For ways in that tell no time of arrival. That field is written by the last server on the way, ours, so
    its writer is as good as INTERNALDATE's; the ones below it, and ``Date``, say what others wished.
    """
    import re

    head = raw[:HEAD_BYTES].lstrip()
    ends = [at for blank in (b"\n\r\n", b"\n\n") if (at := head.find(blank)) >= 0]
    head = head[: min(ends) + 1] if ends else head
    found = re.search(rb"^received[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", head, re.IGNORECASE | re.MULTILINE)
    if found is None or b";" not in found[1]:
        return ""
    from email.utils import mktime_tz, parsedate_tz

    try:
        date = parsedate_tz(found[1].rpartition(b";")[2].decode("ascii", "replace")[:200])
        return utc_text(mktime_tz(date)) if date else ""
    except (ValueError, OverflowError, TypeError, IndexError):
        return ""


def utc_text(seconds: float) -> str:
    """A time since 1970 as the contract writes it; "" where it is none or beyond the year 9999."""
    import time

    if not 0 <= seconds < 253_402_300_800:
        return ""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def digest_key(raw: bytes) -> str:
    """The key of a message that has no other identity: the digest of its bytes.

    Line ends (CRLF, LF), empty lines at the end, and the header lines in which mbox readers keep their
    flags do not count, so that a message which was only read or copied keeps its key.
    """
    import hashlib

    digest = hashlib.sha256(unmarked(raw).rstrip(b"\n")).hexdigest()
    return f"sha256:{digest}"


def unmarked(raw: bytes) -> bytes:
    """A message with LF as line end and without the header lines in which mbox readers keep flags."""
    raw = raw.replace(b"\r\n", b"\n")
    end = raw.find(b"\n\n") + 1 or len(raw)
    return _marks().sub(b"", raw[:end]) + raw[end:]


@cache
def _marks() -> "Pattern[bytes]":
    import re

    return re.compile(
        rb"^(?:Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase|Content-Length|Lines|X-Mozilla-Status2?"
        rb"|X-Mozilla-Keys):.*\n(?:[ \t].*\n)*",
        re.IGNORECASE | re.MULTILINE,
    )
