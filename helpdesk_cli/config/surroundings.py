"""What the configuration names outside of itself: files, folders, programs, variables.

Only ``config check`` and ``doctor`` ask: looking costs time, and each is looked at again, and refused
there, when it is used. No server is asked and no command is run.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

from helpdesk_cli.errors import DeskError
from helpdesk_cli.settings import Command, Mailbox, Server, Settings, Transport, Webhook

from .credentials import from_environment, from_file, read_key
from .forms import Fault, Key
from .logs import look_at_log
from .rules import look_at_rules
from .service_levels import look_at_holidays


def look_around(settings: Settings) -> list[Fault]:
    """Look at everything that the configuration names and return what is not as it should be."""
    return [
        *look_at_desk(settings),
        *look_at_log(settings.log),
        *(
            fault
            for slug, transport in settings.transport.items()
            for fault in (
                *look_at_server(transport, ("transport", slug)),
                *look_at_way_out(transport, ("transport", slug)),
            )
        ),
        *(
            fault
            for slug, mailbox in settings.mailbox.items()
            for fault in (
                *look_at_server(mailbox, ("mailbox", slug)),
                *look_at_way_in(mailbox, ("mailbox", slug)),
            )
        ),
        *(
            fault
            for slug, webhook in settings.webhook.items()
            for fault in look_at_hook(webhook, ("webhook", slug))
        ),
        *look_at_rules(settings),
        *look_at_holidays(settings),
    ]


def look_at_desk(settings: Settings) -> Iterator[Fault]:
    """The key can be read, the store has a folder, the templates are there."""
    yield from refused(("desk", "secret_file"), lambda: read_key(settings.desk.secret_file))
    if settings.desk.templates and not Path(settings.desk.templates).is_dir():
        yield Fault(("desk", "templates"), f"{settings.desk.templates}: no such folder")
    yield from look_at_program(settings.store.password_command, ("store", "password_command"))
    if settings.store.is_postgres():
        yield from look_at_database(settings.store.url)
    elif path := settings.store.file():
        store = Path(path)
        if not store.parent.is_dir():
            yield Fault(("store", "url"), f"{store.parent}: no such folder")
        elif store.is_dir():
            yield Fault(("store", "url"), f"{path}: is a folder; name a file in it")
        elif not os.access(store if store.exists() else store.parent, os.W_OK):
            yield Fault(("store", "url"), f"{path}: we may not write there")


def look_at_database(url: str) -> Iterator[Fault]:
    """The way to a PostgreSQL server: its driver is installed, its certificates can be read."""
    from helpdesk_cli.domain.store_url import read

    from .databases import EXTRA, lacks_driver

    if lacks_driver():
        yield Fault(("store", "url"), EXTRA)
    try:
        certificates = read(url).more.get("sslrootcert", "system")
    except ValueError:  # a broken rule, told as such
        return
    if certificates != "system":
        yield from look_at_certificates(certificates, ("store", "url"))


def refused(key: Key, action: Callable[[], object]) -> Iterator[Fault]:
    """Yield what keeps this from working."""
    try:
        action()
    except DeskError as error:
        yield Fault(key, str(error))


def look_at_server(server: Server, here: Key) -> Iterator[Fault]:
    """Credentials can be had, as far as that shows without running a command; certificates can be read."""
    for name in ("password_command", "oauth2_command"):
        yield from look_at_program(getattr(server, name), (*here, name))
    if server.password_env:
        yield from refused((*here, "password_env"), lambda: from_environment(server.password_env, "not set"))
    if server.password_file:
        yield from refused((*here, "password_file"), lambda: from_file(server.password_file, "not usable"))
    if server.ca_file:
        yield from look_at_certificates(server.ca_file, (*here, "ca_file"))


def look_at_hook(webhook: Webhook, here: Key) -> Iterator[Fault]:
    """A web hook's secret can be had, as far as that shows without running a command."""
    yield from look_at_program(webhook.secret_command, (*here, "secret_command"))
    if webhook.secret_env:
        yield from refused((*here, "secret_env"), lambda: from_environment(webhook.secret_env, "not set"))
    if webhook.secret_file:
        yield from refused((*here, "secret_file"), lambda: from_file(webhook.secret_file, "not usable"))
    if webhook.ca_file:
        yield from look_at_certificates(webhook.ca_file, (*here, "ca_file"))


def look_at_program(command: Command, key: Key) -> Iterator[Fault]:
    """The program of a command can be started."""
    program = program_of(command)
    if program and not which(program):
        yield Fault(key, f"{program}: no such program, or we may not run it")


def program_of(command: Command) -> str:
    """Name the program that a command starts; "" where only the shell can tell."""
    return command[0] if isinstance(command, tuple) and command else ""


def look_at_certificates(path: str, key: Key) -> Iterator[Fault]:
    """The file holds certificates."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        yield Fault(key, f"{path}: holds no certificate in PEM form")
    except OSError as error:
        yield Fault(key, f"{path}: {error.strerror}")


def look_at_way_out(transport: Transport, here: Key) -> Iterator[Fault]:
    """The sendmail program is there; a Maildir can be made or written."""
    if transport.kind == "sendmail" and transport.path and not which(transport.path):
        yield Fault((*here, "path"), f"{transport.path}: no such program, or we may not run it")
    if transport.kind == "maildir" and transport.path and not Path(transport.path).parent.is_dir():
        yield Fault((*here, "path"), f"{Path(transport.path).parent}: no such folder")


def look_at_way_in(mailbox: Mailbox, here: Key) -> Iterator[Fault]:
    """A Maildir is one; an mbox is a file."""
    path = Path(mailbox.path)
    if mailbox.kind == "maildir" and mailbox.path and not (path / "new").is_dir():
        yield Fault((*here, "path"), f"{path}: not a Maildir: it has no folder new")
    if mailbox.kind == "mbox" and mailbox.path and not path.is_file():
        yield Fault((*here, "path"), f"{path}: no such file")
