"""A way out that leads nowhere: it takes every letter and forgets it."""

from types import TracebackType
from typing import Self

from helpdesk_cli.mail.transports.contract import Receipt, Sent


class Null:
    """Takes and forgets; for rehearsals without any mail."""

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:  # noqa: ARG002
        """Say ``sent`` and keep nothing."""
        return Receipt(Sent.SENT, "taken and forgotten (kind = null)")

    def reach(self) -> str:
        """There is nothing to reach."""
        return "takes and forgets every letter"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
