"""The ways out: ``open_transport()`` gives the one that the configuration names.

What holds for every kind is kept here, once: the envelope's addresses are made fit for the wire, line
ends are CRLF, ``redirect_to`` and ``rate_per_minute`` are honoured.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from helpdesk_cli import settings
from helpdesk_cli.errors import BadConfig
from helpdesk_cli.mail.addresses import wire_address
from helpdesk_cli.mail.transports.contract import Receipt, Sent, Transport

__all__ = ["Receipt", "Sent", "Transport", "open_transport"]


def open_transport(slug: str, transport: settings.Transport, secret: Callable[[], str]) -> Transport:
    """The way out of ``[transport.SLUG]``; nothing is connected before the first letter.

    ``secret`` gives the password or, where ``oauth2_command`` is set, the access token; it is called only
    when a server asks for it. Paths are taken as they stand. Raises BadConfig where a kind lacks what it
    needs.
    """
    return Outgoing(_open_kind(slug, transport, secret), transport)


def _open_kind(slug: str, transport: settings.Transport, secret: Callable[[], str]) -> Transport:
    """One kind's own class; its module is imported only here."""
    if transport.kind == "smtp":
        from helpdesk_cli.mail.transports.smtp import Smtp

        if not transport.host:
            raise BadConfig(f"transport.{slug}.host is missing: name the mail server, such as localhost")
        return Smtp(slug, transport, secret)
    if transport.kind == "sendmail":
        from helpdesk_cli.mail.transports.sendmail import Sendmail

        return Sendmail(transport.path)
    if transport.kind == "maildir":
        from helpdesk_cli.mail.transports.maildir import Maildir

        if not transport.path:
            raise BadConfig(f"transport.{slug}.path is missing: name the folder of the Maildir")
        return Maildir(transport.path)
    from helpdesk_cli.mail.transports.null import Null

    return Null()


class Outgoing:
    """A way out with what all kinds share around it."""

    def __init__(
        self,
        inner: Transport,
        transport: settings.Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._redirect = transport.redirect_to
        self._gap = 60.0 / transport.rate_per_minute if transport.rate_per_minute > 0 else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = 0.0

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:
        """Hand over, to ``redirect_to`` where it is set, evenly spaced where a rate is set."""
        try:
            from_wire = wire_address(sender) if sender else ""
            to_wire = wire_address(self._redirect or recipient)
        except ValueError as error:
            return Receipt(Sent.FAILED, str(error))
        self._wait()
        receipt = self._inner.send(from_wire, to_wire, _with_crlf(raw))
        if self._redirect:
            return Receipt(receipt.outcome, f"redirected to {to_wire}; {receipt.text}".rstrip("; "))
        return receipt

    def reach(self) -> str:
        """Go as far as one can without a letter."""
        return self._inner.reach()

    def _wait(self) -> None:
        if not self._gap:
            return
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + self._gap

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.__exit__(kind, value, trace)


def _with_crlf(raw: bytes) -> bytes:
    """The bytes with CRLF line ends only: a bare CR or LF beside a dot can smuggle in a second mail."""
    pairs = raw.count(b"\r\n")
    if raw.count(b"\n") == pairs and raw.count(b"\r") == pairs:
        return raw
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
