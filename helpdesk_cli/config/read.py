"""From the file's bytes to Settings."""

import os
import tomllib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from helpdesk_cli.errors import BadConfig
from helpdesk_cli.settings import Department, Mailbox, Server, Settings, Transport, Webhook

from .find import read_trusted
from .forms import Fault, ascii_address, rate_of, with_after, written

LIMIT = 1_000_000
"""A larger file is not one that a person wrote."""


class Reading(Struct, frozen=True):
    """What the file says, as far as it could be understood, and what could not be.

    ``exposed``: others may read the file, so that no password may stand in it.
    """

    settings: Settings
    text: str
    exposed: bool = False
    faults: tuple[Fault, ...] = ()


def read(path: str) -> Settings:
    """Read a file, without the rules across its keys (``check``). Raises BadConfig with every fault."""
    reading = examine(path)
    if reading.faults:
        from .faults import refusal

        raise refusal(path, reading.text, reading.faults)
    return reading.settings


def examine(path: str) -> Reading:
    """Read a file and gather what is wrong with single values.

    Where something is, the settings are those of the rest, so that the rules across keys can still be
    told in the same breath. Raises BadConfig where there is nothing to go on: no file, no TOML.
    """
    content, exposed = read_trusted(path, "the configuration", LIMIT)
    text, data = parse(content, path)
    faults: tuple[Fault, ...] = ()
    try:
        if "source" in data:
            raise ValidationError("source is ours to fill")
        settings = convert(prepared(data), Settings, dec_hook=written)
    except ValidationError:
        from .faults import salvage

        settings, faults = salvage(data)
    return Reading(complete(settings, path), text, exposed, faults)


def parse(content: bytes, path: str) -> tuple[str, dict[str, Any]]:
    """Decode the file and read its TOML. Raises BadConfig with line and column."""
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadConfig(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from None
    except RecursionError:
        raise BadConfig(f"{path}: nested too deeply") from None
    except ValueError as error:
        what, _, where = str(error).rpartition(" (at ")
        place = where.rstrip(")").replace("end of document", f"line {text.count(chr(10)) + 1}")
        raise BadConfig(
            f"{path}: {place}: not TOML: {what}" if what else f"{path}: not TOML: {error}"
        ) from None


def prepared(data: dict[str, Any]) -> dict[str, Any]:
    """Put rates for their written forms and each kind's own ``after``, where the rest is as it should be."""
    limits, mailboxes = data.get("limits"), data.get("mailbox")
    if isinstance(limits, dict):
        data = {**data, "limits": {key: rates(value) for key, value in limits.items()}}
    if isinstance(mailboxes, dict):
        data = {**data, "mailbox": {slug: with_after(mailbox) for slug, mailbox in mailboxes.items()}}
    return data


def rates(value: object) -> object:
    """Read a list of rates; what is none stays as it is and becomes a fault later."""
    try:
        return [rate_of(item) for item in value] if isinstance(value, list) else value
    except ValueError:
        return value


def complete(settings: Settings, path: str) -> Settings:
    """Make paths absolute and domains ASCII, and note the source."""
    folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
    desk = settings.desk
    if settings.rule:
        from .rules import with_spans

        settings = replace(settings, rule={name: with_spans(rule) for name, rule in settings.rule.items()})
    return replace(
        settings,
        desk=replace(
            desk,
            secret_file=place(desk.secret_file, folder),
            templates=place(desk.templates, folder),
            admin=tuple(map(ascii_address, desk.admin)),
        ),
        store=replace(settings.store, url=place_of_store(settings.store.url, folder)),
        log=replace(settings.log, file=place(settings.log.file, folder)),
        alerts=replace(settings.alerts, address=ascii_address(settings.alerts.address)),
        transport={slug: replace(each, **placed(each, folder)) for slug, each in settings.transport.items()},
        mailbox={slug: replace(each, **placed(each, folder)) for slug, each in settings.mailbox.items()},
        department={slug: ascii_department(each) for slug, each in settings.department.items()},
        webhook={slug: placed_hook(each, folder) for slug, each in settings.webhook.items()},
        source=os.path.abspath(path),  # noqa: PTH100
    )


def placed(server: Transport | Mailbox, folder: str) -> dict[str, str]:
    """The fields of a server that hold paths or addresses, as they are kept."""
    return dict(kept(server, folder))


def kept(server: Server, folder: str) -> Iterator[tuple[str, str]]:
    """Yield each such field that is set."""
    for name in ("password_file", "ca_file"):
        if value := getattr(server, name):
            yield name, place(value, folder)
    if isinstance(server, Transport):
        yield "envelope_from", ascii_address(server.envelope_from)
        yield "redirect_to", ascii_address(server.redirect_to)
        # A program's bare name is looked for in PATH.
        if server.kind != "sendmail" or "/" in server.path:
            yield "path", place(server.path, folder)
    elif isinstance(server, Mailbox):
        yield "path", place(server.path, folder)


def placed_hook(webhook: Webhook, folder: str) -> Webhook:
    """A web hook with absolute paths."""
    paths = {name: place(getattr(webhook, name), folder) for name in ("secret_file", "ca_file")}
    return replace(webhook, **paths)


def ascii_department(department: Department) -> Department:
    """Write the domains of a department's addresses as A-labels."""
    if all(
        map(
            str.isascii, (department.address, department.reply_address, department.pager, *department.aliases)
        )
    ):
        return department
    return replace(
        department,
        address=ascii_address(department.address),
        reply_address=ascii_address(department.reply_address),
        pager=ascii_address(department.pager),
        aliases=tuple(map(ascii_address, department.aliases)),
    )


def place(path: str, folder: str) -> str:
    """Make a path absolute: against the file's folder, ``~`` as the shell does.

    What cannot be a path stays as it is, for ``check`` to name.
    """
    if not path or not path.isprintable():
        return path
    if path.startswith("~"):
        path = os.path.expanduser(path)  # noqa: PTH111
        if path.startswith("~"):
            return path
    return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118


def place_of_store(url: str, folder: str) -> str:
    """Write a SQLite address as ``sqlite:/absolute/path``; any other stays as it is."""
    scheme, _, path = url.partition(":")
    if scheme != "sqlite" or not path or path == ":memory:":
        return url
    if path.startswith("//"):
        if not path.startswith("///"):
            return url
        path = "/" + path.lstrip("/")
    return f"sqlite:{place(path, folder)}"
