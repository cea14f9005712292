"""Where this desk lies on this machine, for whoever shall run it: program, configuration, owner."""

import os
import sys
from collections.abc import Iterator

from helpdesk_cli.domain import schedule
from helpdesk_cli.domain.schedule import File, Place
from helpdesk_cli.errors import Failed, Usage
from helpdesk_cli.services.lending import own_login
from helpdesk_cli.settings import Command, Settings

SYSTEMS = ("crontab", "systemd", "schtasks", "postfix")


def files(system: str, settings: Settings, *, every: int, user: str | None = None) -> list[File]:
    """What to install on one of ``SYSTEMS``. Raises Failed where a path cannot be written there, Usage."""
    if not is_even(every):
        raise Usage("--every: must be a part of an hour, or of a day: 1m, 2m, 5m, 10m, 15m, 30m, 1h, 6h, 1d")
    place = place_of(settings, user=user)
    try:
        if system == "crontab":
            return schedule.crontab(place, every)
        if system == "systemd":
            return schedule.systemd(place, every)
        return schedule.task(place, every) if system == "schtasks" else schedule.postfix(place)
    except ValueError as error:
        raise Failed(str(error)) from None


def is_even(every: int) -> bool:
    """Whether runs that follow each other so fall on the same moments each hour and day."""
    for size, whole in ((1, 60), (60, 3600), (3600, 86400)):
        if size <= every < whole:
            return every % size == 0 and whole % every == 0
    return every == 86400


def place_of(settings: Settings, *, user: str | None = None) -> Place:
    """This desk on this machine."""
    pipes = [name for name, mailbox in settings.mailbox.items() if mailbox.kind == "pipe"]
    addresses = [
        address for each in settings.department.values() for address in (each.address, *each.aliases)
    ]
    for each in settings.department.values():
        local, _, domain = each.reply_address.rpartition("@")
        if local == "{token}":  # a domain of its own, all of whose addresses are ours
            addresses.append(domain)
    return Place(
        program=program(),
        config=settings.source,
        user=user or owner(settings),
        admin=",".join(settings.desk.admin),
        folders=tuple(dict.fromkeys(_folders(settings))),
        variables=tuple(dict.fromkeys(_variables(settings))),
        writes=tuple(dict.fromkeys(_written(settings))),
        takes_rights=any(each.kind == "sendmail" for each in settings.transport.values()),
        mailbox=(pipes or ["local"])[0],
        has_pipe=bool(pipes),
        addresses=tuple(dict.fromkeys(addresses)),
    )


def program() -> tuple[str, ...]:
    """How this program is called, wherever one is: its path, or the interpreter and our package."""
    from pathlib import Path

    called = Path(sys.argv[0]).absolute()
    if called.stem == "helpdesk" and called.suffix in ("", ".exe") and called.is_file():
        return (str(called),)
    return (sys.executable, "-m", "helpdesk_cli")


def owner(settings: Settings) -> str:
    """Who owns the desk: the owner of its key, else who asks."""
    if os.name != "posix":
        return own_login()
    from helpdesk_cli.config.find import name_of

    try:
        return name_of(os.stat(settings.desk.secret_file).st_uid)  # noqa: PTH116
    except OSError:
        return own_login()


def _commands(settings: Settings) -> Iterator[Command]:
    for each in (*settings.transport.values(), *settings.mailbox.values()):
        yield from (each.password_command, each.oauth2_command)
    yield settings.store.password_command
    yield from ((each.path,) for each in settings.transport.values() if each.kind == "sendmail" and each.path)


def _folders(settings: Settings) -> Iterator[str]:
    """Where the programs lie that the configuration names by their bare names."""
    from shutil import which

    for command in filter(None, _commands(settings)):
        words = command.split() if isinstance(command, str) else command
        found = which(words[0]) if words and "/" not in words[0] else None
        if found:
            yield os.path.dirname(os.path.abspath(found))  # noqa: PTH100, PTH120


def _variables(settings: Settings) -> Iterator[str]:
    for each in (*settings.transport.values(), *settings.mailbox.values()):
        if each.password_env:
            yield each.password_env


def _written(settings: Settings) -> Iterator[str]:
    """The folders in which we write."""
    files = [settings.store.file(), settings.log.file if settings.log.to == "file" else ""]
    yield from (os.path.dirname(file) for file in files if file)  # noqa: PTH120
    yield from (each.path for each in settings.transport.values() if each.kind == "maildir")
    yield from (each.path for each in settings.mailbox.values() if each.kind == "maildir")
