"""Parameter types and options that several commands share: ticket numbers, moments, texts, files.

What a person types is read here, so that it means the same in every command.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from helpdesk_cli.errors import DeskError, Failed, Usage

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.tickets import File

CUT_LINE = "# ------------------------ >8 ------------------------"
"""What stands below it in the editor is not part of the text."""


# Ticket numbers


class TicketNumber(click.ParamType[int]):
    """``1024``, ``#1024``, ``HD-1024``, ``[HD-1024]``; the tag may be any, as old ones lead to tickets too."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        number = ticket_number(value)
        if number is None:
            self.fail(f"{value}: must be a ticket's number, such as 1024 or HD-1024", param, ctx)
        return number


TICKET = TicketNumber()


def ticket_number(text: str) -> int | None:
    """The number that a word names; None where it names none."""
    bare = text.strip().removeprefix("[").removesuffix("]").removeprefix("#")
    tag, dash, digits = bare.rpartition("-")
    if (dash and not tag) or not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        return None
    return int(digits)


def _several(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[int, ...]:
    words: list[str] = []
    for value in values:
        words += sys.stdin.read().split() if value == "-" else [value]
    return tuple(dict.fromkeys(TICKET.convert(word, param, ctx) for word in words))


def numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """``N …``: one or more tickets as ``numbers``; ``-`` reads them from standard input."""
    return click.argument("numbers", metavar="N …", nargs=-1, required=True, callback=_several)(function)


def number(function: Callable[..., Any]) -> Callable[..., Any]:
    """``N``: one ticket as ``number``."""
    return click.argument("number", metavar="N", type=TICKET)(function)


# Moments


def moment(desk: "Desk", text: str | None) -> str | None:
    """The moment that a person names, in UTC as the store writes it; None for None.

    Dates and RFC 3339, ``now``, ``today``, ``yesterday``, ``monday`` (the last one), ``this`` or ``last``
    ``week``, ``month``, ``year``, ``3 days ago``, ``2h`` (so long ago). A day, week, month or year stands
    for its first moment in the desk's time zone: ``--since`` includes it, ``--until`` does not. Raises Usage.
    """
    if text is None:
        return None
    from zoneinfo import ZoneInfo

    from helpdesk_cli.domain.moments import at, read
    from helpdesk_cli.domain.spoken import moment_of

    now = read(desk.clock()).astimezone(ZoneInfo(desk.settings.desk.timezone))
    try:
        return at(moment_of(text, now))
    except (ValueError, OverflowError):
        raise Usage(
            f"{text}: is no moment; write a date (2026-11-22), 2026-11-22T09:30:00Z, yesterday, last month, "
            "3 days ago, 2h"
        ) from None


def since_until(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--since`` and ``--until`` as typed; hand them to ``moment``."""
    function = click.option("--until", metavar="TIME", help="Before that moment.")(function)
    return click.option(
        "--since", metavar="TIME", help="From then on: a date, 'yesterday', 'last month', '2h'."
    )(function)


# Texts


class Wording(Struct):
    """Where a text comes from: ``-m``, ``-F``, the editor, standard input; and the text once it was read."""

    message: str | None = None
    file: str | None = None
    edit: bool = False
    text: str | None = None

    def read(self, *, about: str = "", required: bool = True) -> str:
        """The text, without white space at its end.

        ``about`` is shown in the editor below a line, and is not part of the text. Raises Usage where
        nothing was written, unless it is not required.
        """
        self.text = self._read(about).replace("\r\n", "\n").rstrip()
        if required and not self.text.strip():
            raise Usage("the text is empty; nothing was saved")
        return self.text

    def _read(self, about: str) -> str:
        begun = self.message or ""
        if self.file is not None:
            begun = _from_file(self.file)
        elif self.message is None and not self.edit:
            if not sys.stdin.isatty():
                return sys.stdin.buffer.read().decode("utf-8", "replace")
            return edited("", about)
        return edited(begun, about) if self.edit else begun

    @property
    def is_given(self) -> bool:
        """Whether the call names a text, so that it need not be asked for."""
        return self.message is not None or self.file is not None or self.edit

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the text in a file where what stands inside fails; the error then names the file.

        Stands around the whole of a command, so that a text waiting on standard input is not lost either.
        """
        try:
            yield
        except BaseException as error:
            text = self._rescued()
            if not text.strip() or (self.file not in (None, "-") and not self.edit):
                raise
            note = _keep_text(text)
            if isinstance(error, DeskError):
                raise with_note(error, note) from error
            if isinstance(error, Exception):
                raise Failed(f"{type(error).__name__}: {error}; {note}") from error
            sys.stderr.write(f"helpdesk: {note}\n")
            raise

    def _rescued(self) -> str:
        if self.text is not None:
            return self.text
        if self.message is None and self.file in (None, "-") and not self.edit and not sys.stdin.isatty():
            return sys.stdin.buffer.read().decode("utf-8", "replace")
        return self.message or ""


def with_note(error: DeskError, note: str) -> DeskError:
    """The same failure with a further remark."""
    from helpdesk_cli.errors import BadConfig

    again = BadConfig(*error.faults, note) if isinstance(error, BadConfig) else Failed(f"{error}; {note}")
    again.exit_code = error.exit_code
    return again


def _from_file(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        with open(name, "rb") as file:  # noqa: PTH123 pathlib is not needed for one read
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        raise Usage(f"--file {name}: {error.strerror}") from None


def _keep_text(text: str) -> str:
    """Write a text to a file of its own; the remark that names it."""
    import tempfile

    for folder in (os.environ.get("XDG_STATE_HOME", ""), tempfile.gettempdir(), "."):
        try:
            handle, path = tempfile.mkstemp(".txt", "helpdesk-text-", folder or None)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError:
            continue
        return f"your text is kept in {path}"
    return f"your text could not be kept: {text[:2000]}"


def edited(begun: str, about: str = "") -> str:
    """What a person writes in their editor: ``VISUAL``, ``EDITOR``, else the system's. Raises Failed."""
    import subprocess
    import tempfile
    from shlex import split

    command = split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or _usual_editor())
    handle, path = tempfile.mkstemp(".txt", "helpdesk-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            below = "\n".join(f"# {line}".rstrip() for line in about.splitlines())
            file.write(f"{begun}\n\n{CUT_LINE}\n{below}\n" if about else begun)
        try:
            code = subprocess.run([*command, path], check=False).returncode
        except OSError as error:
            raise Failed(f"{command[0]}: {error.strerror}; name an editor in VISUAL or EDITOR") from None
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            text = file.read().partition(CUT_LINE)[0]
    finally:
        os.unlink(path)  # noqa: PTH108
    if code:
        note = f"; {_keep_text(text)}" if text.strip() else ""
        raise Failed(f"the editor ended with exit code {code}; nothing was saved{note}")
    return text


def _usual_editor() -> str:
    from shutil import which

    usual = ("notepad",) if os.name == "nt" else ("sensible-editor", "editor", "vi", "nano")
    return next((name for name in usual if which(name)), "vi")


def text(function: Callable[..., Any]) -> Callable[..., Any]:
    """``-m``, ``-F`` and ``-e``, together as ``wording``."""
    from functools import wraps

    @wraps(function)
    def gathered(*args: Any, message: str | None, file: str | None, edit: bool, **more: Any) -> Any:
        if message is not None and file is not None:
            raise click.UsageError("--message and --file exclude each other", click.get_current_context())
        return function(*args, wording=Wording(message=message, file=file, edit=edit), **more)

    for option in (
        click.option("-e", "--edit", is_flag=True, help="Write, or go on writing, in the editor."),
        click.option("-F", "--file", metavar="FILE", help="The text from a file; - is standard input."),
        click.option("-m", "--message", metavar="TEXT", help="The text itself."),
    ):
        gathered = option(gathered)
    return gathered


# Files


def attach(function: Callable[..., Any]) -> Callable[..., Any]:
    """``-a FILE``, again and again, as ``attach``; hand them to ``files``."""
    return click.option(
        "-a", "--attach", metavar="FILE", multiple=True, help="Attach a file; may be given again."
    )(function)


def files(desk: "Desk", paths: Sequence[str]) -> "tuple[File, ...]":
    """The files to attach, read whole; their type is guessed by their name.

    Raises Usage for what is no readable file, and where they are together too large for every transport.
    """
    if not paths:
        return ()
    from mimetypes import guess_type

    from helpdesk_cli.services.tickets import File

    found = []
    left = max((way.max_size for way in desk.settings.transport.values()), default=25_000_000)
    for path in paths:
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read(left + 1)
        except OSError as error:
            raise Usage(f"--attach {path}: {error.strerror}") from None
        left -= len(data) * 78 // 57  # base64 as mail writes it: 57 bytes a line of 78
        if left < 0:
            raise Usage(f"--attach {path}: too large to be mailed; the transports' max_size forbids it")
        kind, packing = guess_type(path)
        kind = "application/octet-stream" if packing or kind is None else kind
        found.append(File(os.path.basename(path), kind, data))  # noqa: PTH119
    return tuple(found)
