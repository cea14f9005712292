"""imaplib's side of the line: a socket that keeps to the deadline, a measure on what a server may send."""

import imaplib
from socket import socket
from ssl import SSLContext

from imapclient import IMAPClient

from helpdesk_cli.mail.connection import Patience, connect

ANSWER_BYTES = 64_000_000
"""The most that one command may bring: we never ask for more than a few MB."""


class Line(imaplib.IMAP4):
    """imaplib on our socket, with TLS from the first byte where ``context`` is given."""

    def __init__(self, host: str, port: int, patience: Patience, context: SSLContext | None) -> None:
        self.patience = patience
        self.context = context
        self.taken = 0
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None = None) -> socket:  # noqa: ARG002 -- patience has it
        line = connect(self.host, self.port, self.patience)
        if self.context is None:
            return line
        try:
            return self.context.wrap_socket(line, server_hostname=self.host)
        except (OSError, ValueError):
            line.close()
            raise

    def _new_tag(self) -> bytes:
        self.taken = 0
        tag: bytes = super()._new_tag()  # type: ignore[misc]
        return tag

    def _measure(self, count: int) -> None:
        self.taken += count
        if self.taken > ANSWER_BYTES:
            raise self.abort("the server sends more than was asked for")

    def read(self, size: int) -> bytes:
        """Read a literal; its announced size is measured before memory is taken for it."""
        self._measure(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line."""
        line = super().readline()
        self._measure(len(line))
        return line

    def log_in(self, username: str, password: str) -> tuple[str, list[bytes]]:
        """LOGIN with both arguments quoted; imaplib quotes only the password."""
        quoted = (f'"{part}"' for part in map(_escaped, (username, password)))
        kind, answer = self._simple_command("LOGIN", *quoted)
        if kind == "OK":
            self.state = "AUTH"
        return kind, answer


class Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient on our Line."""

    def __init__(self, host: str, port: int, patience: Patience, context: SSLContext | None) -> None:
        self._arguments = (host, port, patience, context)
        super().__init__(host, port=port, ssl=False, timeout=patience.timeout)
        self._imap.debug = 0  # else imaplib formats every line, the password's too, for a log
        self.normalise_times = False

    def _create_IMAP4(self) -> Line:
        return Line(*self._arguments)

    @property
    def line(self) -> Line:
        """The line itself."""
        line: Line = self._imap
        return line


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
