"""A POP3 session: TLS first, credentials only then, replies of any length of line."""

import poplib
from collections.abc import Callable
from socket import socket
from ssl import SSLContext

from helpdesk_cli import settings
from helpdesk_cli.errors import Refused
from helpdesk_cli.mail import connection
from helpdesk_cli.mail.connection import Patience

BROKEN = (poplib.error_proto, OSError, ValueError, TypeError, AttributeError, LookupError, MemoryError)
"""What poplib raises when a line breaks, or when a server talks nonsense."""

LISTING_BYTES = 64_000_000
"""The most that a list of messages may take; a million messages take less."""

CHUNK = 1 << 16

vars(poplib)["_MAXLINE"] = 1 << 20  # of a status line; 2048, as it comes, ends the session at a longer one


class Pop3(poplib.POP3):
    """poplib on our socket, with TLS from the first byte where ``context`` is given.

    Multi-line replies are read here: poplib keeps a list of lines, which takes six times the message's
    size, and dies of a long line.
    """

    def __init__(self, host: str, port: int, patience: Patience, context: SSLContext | None) -> None:
        self.patience = patience
        self.context = context
        try:
            super().__init__(host, port, timeout=patience.timeout)
        except BaseException:
            if hasattr(self, "sock"):  # poplib leaves it open where the greeting is none
                hang_up(self)
            raise

    def _create_socket(self, timeout: float | None) -> socket:  # noqa: ARG002 -- patience has it
        line = connection.connect(self.host, self.port, self.patience)
        if self.context is None:
            return line
        try:
            return self.context.wrap_socket(line, server_hostname=self.host)
        except (OSError, ValueError):
            line.close()
            raise

    def ask(self, command: str) -> bytes:
        """Send a command, return its one line; raises poplib.error_proto for ``-ERR``."""
        line: bytes = self._shortcmd(command)  # type: ignore[attr-defined]
        return line

    def long(self, command: str, limit: int) -> tuple[bytes, int]:
        """Send a command with a long reply: its first ``limit`` bytes, dots undone, and its whole size."""
        self.ask(command)
        kept = bytearray()
        size = 0
        at_start = True
        while True:
            line = self.file.readline(CHUNK)
            if not line:
                raise poplib.error_proto("-ERR EOF")
            if at_start:
                if line in (b".\r\n", b".\n"):
                    return bytes(kept[:limit]), size
                line = line.removeprefix(b".")
            at_start = line.endswith(b"\n")
            size += len(line)
            if len(kept) < limit:
                kept += line

    def table(self, command: str) -> dict[int, str]:
        """A long reply of lines ``NUMBER WORD``, as UIDL and LIST give it."""
        listed, size = self.long(command, LISTING_BYTES)
        if size > LISTING_BYTES:
            raise ValueError("the list of messages is endless")
        rows: dict[int, str] = {}
        for line in listed.decode("ascii", "backslashreplace").splitlines():
            number, _, rest = line.strip().partition(" ")
            if rest.strip():
                rows[int(number)] = rest.split()[0]
        return rows


def port_of(mailbox: settings.Mailbox) -> int:
    """The port, or the usual one."""
    return mailbox.port or (995 if mailbox.security == "tls" else 110)


def where(mailbox: settings.Mailbox) -> str:
    """The server's name in a sentence."""
    return f"POP3 server {mailbox.host}:{port_of(mailbox)}"


def open_session(mailbox: settings.Mailbox, secret: Callable[[], str], patience: Patience) -> Pop3:
    """Connect, secure the line, log in. Raises Unreachable, in one line, without the secret."""
    context = None if mailbox.security == "none" else connection.tls(mailbox.ca_file, patience)
    try:
        client = Pop3(
            mailbox.host, port_of(mailbox), patience, context if mailbox.security == "tls" else None
        )
    except BROKEN as error:
        raise connection.failure(error)(f"{where(mailbox)}: {reason(error, patience)}") from error
    try:
        if mailbox.security == "starttls":
            if "STLS" not in client.capa():
                raise Refused(
                    f'{where(mailbox)} offers no STLS; nothing was sent to it; use security = "tls", '
                    "or ask its operator"
                )
            client.stls(context=context)
        elif mailbox.security == "none" and not connection.is_loopback(client.sock):
            raise Refused(
                f"{where(mailbox)} is another machine, and security is none: a password never leaves "
                'this machine unencrypted; set security = "tls" or "starttls"'
            )
        _log_in(client, mailbox, secret())
    except BROKEN as error:
        hang_up(client)
        raise connection.failure(error)(f"{where(mailbox)}: {reason(error, patience)}") from error
    except BaseException:
        hang_up(client)
        raise
    return client


def hang_up(client: Pop3) -> None:
    """Close the line without a word."""
    try:
        client.close()
    except BROKEN:
        pass


def reason(error: Exception, patience: Patience) -> str:
    """Why a session broke and what to do next, in one line."""
    if isinstance(error, OSError | UnicodeError):
        return connection.reason(error, patience)
    said = connection.one_line(words(error))
    if said == "-ERR EOF":
        return "it broke off the connection; the next run tries again"
    return f"it did not talk POP3 as expected ({said}); check host, port and security"


def is_broken(error: Exception) -> bool:
    """Whether poplib itself gave up on the line; a server's own words come as bytes."""
    return (
        bool(error.args) and isinstance(error.args[0], str) and error.args[0].startswith(("-ERR EOF", "line"))
    )


def words(error: Exception) -> str:
    """A server's own words in an error."""
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _log_in(client: Pop3, mailbox: settings.Mailbox, secret: str) -> None:
    if any(letter in secret for letter in "\r\n\0"):
        raise Refused(f"{where(mailbox)}: the password holds a line break or NUL; check where it comes from")
    try:
        if mailbox.oauth2_command:
            _by_token(client, mailbox.username, secret)
        else:
            client.ask(f"USER {mailbox.username}")
            client.ask(f"PASS {secret}")
    except poplib.error_proto as error:
        if is_broken(error):
            raise
        said = connection.one_line(words(error), secret)
        who = connection.one_line(mailbox.username)
        what = "token" if mailbox.oauth2_command else "password"
        refused = connection.refusal(said)
        raise refused(
            f"{where(mailbox)} refused to log in {who} ({said}); check username and {what}"
        ) from None


def _by_token(client: Pop3, username: str, token: str) -> None:
    """XOAUTH2; a refusal comes as a challenge that must be answered with an empty line, then as -ERR."""
    from base64 import b64decode, b64encode

    client.ask("AUTH XOAUTH2")
    answer = client.ask(b64encode(f"user={username}\x01auth=Bearer {token}\x01\x01".encode()).decode())
    if not answer.startswith(b"+OK"):
        said = b64decode(answer.removeprefix(b"+").strip() + b"==").decode("utf-8", "replace")
        try:
            client.ask("")
        except poplib.error_proto as error:
            raise poplib.error_proto(f"{words(error)} {said}") from None
        raise poplib.error_proto(said)
