"""The rules of mailboxes and transports."""

from collections.abc import Iterator

from helpdesk_cli.settings import Command, Mailbox, Server, Settings, Transport

from .forms import Fault, Key, is_address, is_host, is_loopback

CREDENTIALS = ("password_command", "password_env", "password_file", "password", "oauth2_command")
AFTER = {
    "imap": ("keep", "seen", "delete", "move:FOLDER"),
    "maildir": ("keep", "seen", "delete", "move:FOLDER"),
    "pop3": ("keep", "delete"),
    "mbox": ("keep", "delete"),
    "pipe": ("keep",),
}
SMALLEST, LARGEST = 64 * 1024, 10**9
"""Of a mail: its header and first 64 kB are always kept; SQLite holds values up to 1 GB."""


def check_transports(settings: Settings, exposed: bool) -> Iterator[Fault]:
    """A way out knows where to go, and gives no password away."""
    for slug, transport in settings.transport.items():
        here = ("transport", slug)
        yield from check_server(transport, here, exposed)
        if transport.kind == "smtp":
            if not transport.host:
                yield Fault((*here, "host"), 'is missing; kind = "smtp" needs it')
            if transport.path:
                yield Fault((*here, "path"), 'means nothing to kind = "smtp"; take it out')
            yield from check_credentials(transport, here, needed=bool(transport.username))
            if chosen(transport) and not transport.username:
                yield Fault((*here, "username"), f"is missing; {chosen(transport)[0]} needs it")
        elif transport.kind == "maildir" and not transport.path:
            yield Fault((*here, "path"), 'is missing; kind = "maildir" needs it')
        for name in ("envelope_from", "redirect_to"):
            address = getattr(transport, name)
            if address and not is_address(address):
                yield Fault((*here, name), f'"{address}" is not an address such as name@example.com')
        if transport.ehlo_name and not is_host(transport.ehlo_name.strip("[]").replace(":", ".")):
            yield Fault((*here, "ehlo_name"), f'"{transport.ehlo_name}" is not a host name')
        if transport.rate_per_minute < 0:
            yield Fault((*here, "rate_per_minute"), "0 or more; 0 is as fast as it goes")


def check_mailboxes(settings: Settings, exposed: bool) -> Iterator[Fault]:
    """A way in knows where to look, whose mail it is and what becomes of it there."""
    seen: dict[Key, str] = {}
    for slug, mailbox in settings.mailbox.items():
        here = ("mailbox", slug)
        yield from check_server(mailbox, here, exposed)
        yield from check_place(mailbox, here)
        yield from check_words(mailbox, here)
        if mailbox.department and mailbox.department not in settings.department:
            known = ", ".join(settings.department) or "none"
            yield Fault(
                (*here, "department"), f"there is no [department.{mailbox.department}]; there are: {known}"
            )
        if mailbox.kind != "pipe":
            place = (mailbox.kind, mailbox.host.lower(), mailbox.username, mailbox.folder, mailbox.path)
            if place in seen:
                yield Fault(here, f"is the same place as [mailbox.{seen[place]}]; one of them is enough")
            seen.setdefault(place, slug)


def check_server(server: Mailbox | Transport, here: Key, exposed: bool) -> Iterator[Fault]:
    """What mailboxes and transports share."""
    if server.host:
        if "://" in server.host or (":" in server.host and server.host.count(":") == 1):
            yield Fault((*here, "host"), f'"{server.host}": only the name; the port has its own key')
        elif not is_host(server.host.strip("[]").replace(":", "0").replace("%", "")):
            yield Fault((*here, "host"), f'"{server.host}" is not a host name or IP address')
    if not 0 <= server.port <= 65535:
        yield Fault((*here, "port"), f"{server.port} is no port; 1 to 65535, or 0 for the usual one")
    if not 1 <= server.timeout <= 3600:
        yield Fault((*here, "timeout"), 'from "1s" to "1h"')
    if not SMALLEST <= server.max_size <= LARGEST:
        yield Fault((*here, "max_size"), 'from "64 KiB" to "1000 MB"')
    for name in ("path", "password_file", "ca_file"):
        if getattr(server, name).startswith("~"):
            yield Fault((*here, name), "names a user without a home")
    if server.password and exposed:
        yield Fault(
            (*here, "password"),
            "others may read this file; run chmod 600 on it, or use password_command or password_file",
        )
    sent = chosen(server)
    if sent and server.host and server.security == "none" and not is_loopback(server.host):
        yield Fault(
            (*here, "security"),
            f'"none" would send {sent[0]} unencrypted to {server.host}; must be "tls" or "starttls"',
        )


def chosen(server: Server) -> list[str]:
    """Name the credentials that are set."""
    return [name for name in CREDENTIALS if getattr(server, name)]


def check_credentials(server: Server, here: Key, *, needed: bool) -> Iterator[Fault]:
    """One source of credentials, no more; a command names a program."""
    names = chosen(server)
    for name in names[1:]:
        yield Fault((*here, name), f"{names[0]} is set too; only one of {', '.join(CREDENTIALS)}")
    if needed and not names:
        yield Fault((*here, "password_command"), f"is missing; needs one of {', '.join(CREDENTIALS)}")
    for name in ("password_command", "oauth2_command"):
        if names_no_program(getattr(server, name)):
            yield Fault((*here, name), "names no program")


def names_no_program(command: Command) -> bool:
    """Say whether a command is set and yet there is nothing to run."""
    return bool(command) and not (command if isinstance(command, str) else command[0]).strip()


def check_place(mailbox: Mailbox, here: Key) -> Iterator[Fault]:
    """Each kind has the keys that it needs and none that mean nothing to it."""
    kind = f'kind = "{mailbox.kind}"'
    remote = mailbox.kind in ("imap", "pop3")
    needs = ("host", "username") if remote else ("path",) if mailbox.kind in ("maildir", "mbox") else ()
    for name in needs:
        if not getattr(mailbox, name):
            yield Fault((*here, name), f"is missing; {kind} needs it")
    if remote:
        yield from check_credentials(mailbox, here, needed=True)
    foreign = ("path",) if remote else ("host", "port", "username", "ca_file", *CREDENTIALS)
    if mailbox.kind == "pipe":
        foreign = ("path", *foreign)
    for name in foreign:
        if getattr(mailbox, name):
            yield Fault((*here, name), f"means nothing to {kind}; take it out")
    if mailbox.folder != "INBOX" and mailbox.kind != "imap":
        yield Fault((*here, "folder"), f"means nothing to {kind}; take it out")
    if not mailbox.folder:
        yield Fault((*here, "folder"), "must not be empty")


def check_words(mailbox: Mailbox, here: Key) -> Iterator[Fault]:
    """Values that have a form of their own."""
    words = AFTER[mailbox.kind]
    moves = mailbox.after.startswith("move:") and mailbox.after[5:].strip() and "move:FOLDER" in words
    if mailbox.after not in words[:3] and not moves:
        allowed = f"must be one of {', '.join(words)}" if mailbox.kind != "pipe" else "take it out"
        yield Fault(
            (*here, "after"), f'"{mailbox.after}" means nothing to kind = "{mailbox.kind}"; {allowed}'
        )
    if moves and mailbox.after[5:].strip() in (mailbox.folder, mailbox.path):
        yield Fault((*here, "after"), "would move mail to where it is")
    authority = mailbox.authentication
    if authority not in ("none", "microsoft365") and not (
        authority.startswith("id:") and is_host(authority[3:])
    ):
        yield Fault(
            (*here, "authentication"), f'"{authority}" must be none, id:mx.example.com or microsoft365'
        )
    for header in mailbox.spam_headers:
        name, colon, value = header.partition(":")
        if not (colon and is_header(name) and value.strip()):
            yield Fault((*here, "spam_headers"), f'"{header}" must be "Name: VALUE"')
    for name in mailbox.recipient_headers:
        if not is_header(name):
            yield Fault((*here, "recipient_headers"), f'"{name}" is not a header\'s name')


def is_header(name: str) -> bool:
    """Say whether this may name a header (RFC 5322: printable ASCII without the colon)."""
    return bool(name) and all("!" <= char <= "~" and char != ":" for char in name)
