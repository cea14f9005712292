"""What every kind of mailbox promises, so that one road serves them all.

The road (``services.incoming``) is the same for each:

    with open_source(...) as source:
        for batch in source.waiting(known, memory):
            … the batch's bytes are committed to the store …
            source.done([delivery.key for delivery in batch])
        memory = source.memory()

``done`` is called only after the commit. A crash between the two means that the same key is delivered,
or reported by ``known`` as ours, in the next run, and the server is told then.
"""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct

BATCH_BYTES = 8_000_000
"""A batch is closed once it holds that many bytes; one message may be larger and is then a batch."""

BATCH_COUNT = 100
"""… or that many messages."""

HEAD_BYTES = 64 * 1024
"""How much of a message above ``max_size`` is delivered, beyond its header."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One message as the mailbox gives it.

    ``key`` is its identity inside this mailbox, stable from run to run: ``INBOX:7:123`` (folder,
    UIDVALIDITY, UID), a UIDL, a Maildir's unique name, a digest. It never repeats for another message.
    ``arrived_at`` is the server's word (INTERNALDATE, modification time, ``From `` line) as UTC text
    ``2026-11-22T09:30:00Z``, or "" where there is none. ``whole`` is false where the message is above
    ``max_size``: then ``raw`` is its header and the first 64 kB, ``size`` what the server says, and
    ``done`` must leave the message where it is.
    """

    key: str
    raw: bytes
    arrived_at: str = ""
    size: int = 0
    whole: bool = True
    sender: str | None = None  # of the envelope, where the way in knows it; "" is the null sender
    recipients: tuple[str, ...] = ()  # of the envelope, where the way in knows them


Known = Callable[[Sequence[str]], frozenset[str]]
"""Which of these keys are already ours (their bytes are committed)."""


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

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...
