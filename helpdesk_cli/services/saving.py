"""Files of a ticket written into a folder: nothing is overwritten, no link is followed, no name leads elsewhere."""

import os
from collections.abc import Callable, Iterator

from msgspec import Struct

from helpdesk_cli.errors import Failed
from helpdesk_cli.services import views
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.views import File

_TWINS = 10_000


class Saved(Struct, frozen=True):
    """A file of a ticket and the path under which it lies now."""

    file: File
    path: str


def save_attachments(desk: Desk, number: int, save: Callable[[str, str, bytes], str]) -> list[Saved]:
    """Write every file of a ticket by ``save``, which takes name, type and bytes and tells the path.

    Their names come from strangers' mail: each is made harmless and, where the folder has one of that
    name already, told apart by a number. Raises NotFound, NotAllowed, Failed.
    """
    return [
        Saved(file, save(file.name, file.type, views.attachment(desk, number, file.id)))
        for file in views.attachments(desk, number)
    ]


def write_into(folder: str, name: str, kind: str, data: bytes) -> str:
    """Write a file of that name and type into a folder, which is made where it is missing; its path. Raises Failed."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
        return os.path.join(folder, _write(folder, name, kind, data))  # noqa: PTH118
    except OSError as error:
        raise Failed(f"{folder}: {error.strerror}") from None


def _write(folder: str, wanted: str, kind: str, data: bytes) -> str:
    """Write one file, readable by its owner alone; the name that it got."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    for name in _names(wanted, kind):
        try:
            handle = os.open(os.path.join(folder, name), flags, 0o600)  # noqa: PTH118
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        return name
    raise Failed(f"{folder}: there are too many files called {wanted}")


def _names(wanted: str, kind: str) -> Iterator[str]:
    """The names to try; none begins with a hyphen, which programs would take for an option."""
    from helpdesk_cli.mail.names import safe_name

    name = safe_name(wanted, kind)
    if name.startswith("-"):
        name = "_" + name
    yield name
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    for place in range(2, _TWINS):
        yield f"{stem} ({place}){dot}{ending}"
