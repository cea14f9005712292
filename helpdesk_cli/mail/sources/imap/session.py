"""From a host's name to a logged-in session: TLS first, credentials only then."""

import imaplib
from collections.abc import Callable

from helpdesk_cli import settings
from helpdesk_cli.errors import Refused
from helpdesk_cli.mail import connection
from helpdesk_cli.mail.connection import Patience
from helpdesk_cli.mail.sources.imap.line import Client

BROKEN = (
    imaplib.IMAP4.error,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    AssertionError,
    RecursionError,
    MemoryError,
)
"""What imaplib and imapclient raise when a line breaks, or when a server talks nonsense."""


def open_session(mailbox: settings.Mailbox, secret: Callable[[], str], patience: Patience) -> Client:
    """Connect, secure the line, log in. Raises Unreachable, in one line, without the secret."""
    port = mailbox.port or (993 if mailbox.security == "tls" else 143)
    where = f"IMAP server {mailbox.host}:{port}"
    context = None if mailbox.security == "none" else connection.tls(mailbox.ca_file, patience)
    try:
        client = Client(mailbox.host, port, patience, context if mailbox.security == "tls" else None)
    except BROKEN as error:
        raise connection.failure(error)(f"{where}: {reason(error, patience)}") from error
    try:
        _refuse_preauth(client, where)
        if mailbox.security == "starttls":
            _start_tls(client, context, where)
        elif mailbox.security == "none" and not connection.is_loopback(client.socket()):
            raise Refused(
                f"{where} is another machine, and security is none: a password never leaves this machine "
                'unencrypted; set security = "tls" or "starttls"'
            )
        _log_in(client, mailbox, secret(), where)
    except BROKEN as error:
        hang_up(client)
        raise connection.failure(error)(f"{where}: {reason(error, patience)}") from error
    except BaseException:
        hang_up(client)
        raise
    return client


def hang_up(client: Client) -> None:
    """Close the line without a word."""
    try:
        client.shutdown()
    except BROKEN:
        pass


def reason(error: Exception, patience: Patience) -> str:
    """Why a session broke and what to do next, in one line."""
    cause: BaseException | None = error
    while isinstance(cause, imaplib.IMAP4.abort):  # imaplib tells of a broken line in its own words
        cause = cause.__context__
    if isinstance(cause, OSError):
        return connection.reason(cause, patience)
    if isinstance(error, imaplib.IMAP4.error):
        said = connection.one_line(error)
        if "socket error: EOF" in said:
            return "it broke off the connection; the next run tries again"
        return f"it did not talk IMAP as expected ({said}); check host, port and security"
    if isinstance(error, UnicodeError):
        return connection.reason(error, patience)
    return f"it did not talk IMAP as expected ({connection.one_line(error)}); the next run tries again"


def _refuse_preauth(client: Client, where: str) -> None:
    if client.line.state != "NONAUTH":
        raise Refused(
            f"{where} greets with PREAUTH, as somebody in between would do to prevent TLS and log us in "
            "elsewhere; nothing was sent to it"
        )


def _start_tls(client: Client, context: object, where: str) -> None:
    if not client.has_capability("STARTTLS"):
        raise Refused(
            f'{where} offers no STARTTLS; nothing was sent to it; use security = "tls", or ask its operator'
        )
    client.starttls(context)


def _log_in(client: Client, mailbox: settings.Mailbox, secret: str, where: str) -> None:
    if any(letter in secret for letter in "\r\n\0"):
        raise Refused(f"{where}: the password holds a line break or NUL; check where it comes from")
    try:
        if mailbox.oauth2_command:
            _by_token(client, mailbox.username, secret)
        elif (mailbox.username + secret).isascii():
            if client.has_capability("LOGINDISABLED"):
                raise Refused(f'{where} refuses passwords on this line; set security = "tls"')
            kind, answer = client.line.log_in(mailbox.username, secret)
            if kind != "OK":
                raise imaplib.IMAP4.error(answer[-1])
        else:
            client.plain_login(mailbox.username, secret)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        said = connection.one_line(_words(error), secret)
        what = "token" if mailbox.oauth2_command else "password"
        who = connection.one_line(mailbox.username)
        refused = connection.refusal(said)
        raise refused(f"{where} refused to log in {who} ({said}); check username and {what}") from None


def _by_token(client: Client, username: str, token: str) -> None:
    """XOAUTH2; a refusal comes as a challenge that must be answered with nothing, then as NO."""
    refusal = b""

    def answer(challenge: bytes) -> bytes:
        nonlocal refusal
        if challenge:
            refusal = challenge
            return b""
        return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()

    try:
        client.sasl_login("XOAUTH2", answer)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise imaplib.IMAP4.error(f"{_words(error)} {refusal.decode('utf-8', 'replace')}") from None


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
