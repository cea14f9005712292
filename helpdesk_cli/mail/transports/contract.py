"""What every way out promises."""

from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct


class Sent(StrEnum):
    """What became of one handing over."""

    SENT = "sent"  # the next server took it
    DEFERRED = "deferred"  # not taken, for a passing reason; try again later
    FAILED = "failed"  # refused for good
    UNCERTAIN = "uncertain"  # the whole text was sent and no answer came


class Receipt(Struct, frozen=True):
    """The answer to one handing over. ``text`` is one line for people, without credentials."""

    outcome: Sent
    text: str = ""


class Transport(Protocol):
    """A way out that was opened; a context manager. Reuses its connection from letter to letter."""

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:
        """Hand one message to one recipient; ``sender`` is the envelope's, "" the null one.

        ``raw`` has CRLF line ends and no bare CR or LF. Raises Unreachable when the server is away or
        refuses us altogether (connection, TLS, credentials): then nothing was handed over and the whole
        run of this transport ends.
        """
        ...

    def reach(self) -> str:
        """Go as far as one can without a letter: connect, log in, find the program; what was found.

        Raises Unreachable.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...
