"""Ways in and out: ``[transport.*]``, ``[mailbox.*]``, ``[webhook.*]``."""

from typing import Literal

from .forms import Command, Size, Span, Table


class Server(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What mailboxes and transports share: where a server is and how we prove who we are."""

    host: str = ""
    port: int = 0  # 0: the usual one of the kind and its security
    username: str = ""
    password_command: Command = ""
    password_env: str = ""
    password_file: str = ""
    password: str = ""
    oauth2_command: Command = ""  # prints an access token (XOAUTH2)
    ca_file: str = ""  # certificates to trust beside the system's
    timeout: Span = Span(60)  # of every wait for the server


class Transport(Server, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[transport.SLUG]``: a way out."""

    kind: Literal["smtp", "sendmail", "maildir", "null"] = "smtp"
    security: Literal["none", "starttls", "tls"] = "none"
    ehlo_name: str = ""
    envelope_from: str = ""  # else the department's address
    rate_per_minute: int = 0  # 0: as fast as it goes
    max_size: Size = Size(25_000_000)  # a letter above that goes without its attachments
    redirect_to: str = ""  # rehearsals: everything goes there instead
    path: str = ""  # of the Maildir; of the sendmail program


class Mailbox(Server, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[mailbox.SLUG]``: a way in."""

    kind: Literal["imap", "pop3", "maildir", "mbox", "pipe"] = "imap"
    security: Literal["none", "starttls", "tls"] = "tls"
    folder: str = "INBOX"
    path: str = ""  # of a Maildir or an mbox file
    after: str = "seen"  # keep | seen | delete | move:FOLDER
    department: str = ""  # where no recipient says otherwise; empty holds such mail
    unknown_senders: Literal["register", "reject", "hold"] = "register"
    acknowledge: Literal["always", "known", "authenticated", "never"] = "always"
    authentication: str = "none"  # none | id:mx.example.com | microsoft365
    backlog: Literal["archive", "answer", "skip"] = "archive"
    spam_headers: tuple[str, ...] = ()
    max_size: Size = Size(50_000_000)
    recipient_headers: tuple[str, ...] = ()  # more headers that name the envelope's recipient
    cc: Literal["suggest", "join"] = "suggest"


class Webhook(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[webhook.SLUG]``: where a rule tells another program what happened."""

    url: str
    secret_command: Command = ""  # prints what the calls are signed with
    secret_env: str = ""
    secret_file: str = ""
    secret: str = ""
    ca_file: str = ""  # certificates to trust beside the system's
    timeout: Span = Span(10)
