"""A text that somebody writes, wherever it comes from; it outlives whatever keeps it from being saved."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from msgspec import Struct

from helpdesk_cli.cli import front
from helpdesk_cli.errors import DeskError, Failed, Usage

LAST_RESORT = 4096
"""A text of so many characters goes to standard error where no file can be written."""


class Wording(Struct):
    """Where a text comes from: ``-m``, ``-F``, the editor, standard input; and the text once it was read."""

    message: str | None = None
    file: str | None = None
    edit: bool = False
    text: str | None = None
    is_safe: bool = False  # saved, or in the editor's file

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
        if not self.edit:
            if self.message is not None:
                return self.message
            if self.file is not None:
                return _from_file(self.file)
            if not sys.stdin.isatty():
                return _from_file("-")
        elif not sys.stdin.isatty():
            raise Usage("--edit: the editor needs a terminal; use -m TEXT or -F FILE")
        from .editor import edited, editor

        if front.held is not None:
            begun = _from_file(self.file) if self.file is not None else self.message or ""
            self.is_safe = True
            text = front.held.edited(begun, about)
            self.is_safe = False
            return text
        command = editor()
        begun = _from_file(self.file) if self.file is not None else self.message or ""
        self.is_safe = True
        text = edited(command, begun, about)
        self.is_safe = False
        return text

    @property
    def is_given(self) -> bool:
        """Whether the call names a text, so that it need not be asked for."""
        return self.message is not None or self.file is not None or self.edit

    @property
    def opens_editor(self) -> bool:
        """Whether the text will be written in an editor."""
        return self.edit or (not self.is_given and sys.stdin.isatty())

    def saved(self) -> None:
        """Say that the store has the text: what fails from now on does not touch it."""
        self.is_safe = True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the text in a file where what stands inside fails before ``saved``; the error then names the file.

        Stands around the whole of a command, so that a text waiting on standard input is not lost either.
        """
        with ended_by_exceptions():
            try:
                yield
            except BaseException as error:
                text = "" if self.is_safe else self._rescued(error)
                if not text.strip() or (self.file not in (None, "-") and not self.edit):
                    raise
                note = keep(text)
                if isinstance(error, Exception):
                    raise with_note(error, note) from error
                from helpdesk_cli.cli.output import warn

                warn(note)
                raise

    def _rescued(self, error: BaseException) -> str:
        """The text as far as it is known; what still waits on standard input is read unless a signal came."""
        if self.text is not None:
            return self.text
        is_waiting = self.message is None and self.file in (None, "-") and not sys.stdin.isatty()
        if is_waiting and isinstance(error, Exception):
            return _from_file("-")
        return self.message or ""


def with_note(error: Exception, note: str) -> DeskError:
    """The same failure with a further remark."""
    from helpdesk_cli.cli.failures import Several, code_of, lines_of
    from helpdesk_cli.errors import BadConfig

    if isinstance(error, Several):
        several = Several([*error.failures, Failed(note)])
        several.exit_code = error.exit_code
        return several
    if isinstance(error, BadConfig):
        return BadConfig(*error.faults, note)
    again = Failed(f"{'; '.join(lines_of(error))}; {note}")
    again.exit_code = code_of(error)
    return again


@contextmanager
def ended_by_exceptions() -> Iterator[None]:
    """Let the signals that end us raise SystemExit, so that what must be kept is kept."""
    import signal

    def stop(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    held = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]  # not under nohup
    for number in held:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, signal.SIG_DFL)


def _from_file(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    if front.held is not None:
        return front.held.read("--file", name).decode("utf-8", "replace")
    try:
        with open(name, "rb") as file:  # noqa: PTH123 pathlib is not needed for one read
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        raise Usage(f"--file {name}: {error.strerror}") from None


def keep(text: str) -> str:
    """Write a text to a file of its own; the remark that names it. A short one is shown where none can be."""
    if front.held is not None:
        return front.held.keep(text)
    from tempfile import mkstemp

    for folder in (os.environ.get("XDG_STATE_HOME"), None, "."):
        path = ""
        try:
            handle, path = mkstemp(".txt", "helpdesk-text-", folder or None)
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text + "\n")
        except OSError:
            if path:
                os.unlink(path)  # noqa: PTH108
            continue
        return f"your text is kept in {path}"
    if len(text) > LAST_RESORT:
        return "your text could not be kept"
    from helpdesk_cli.cli.output import say

    say(
        "\n".join(["helpdesk: this text could not be saved:", *(f"    {line}" for line in text.splitlines())])
    )
    return "your text could not be kept in a file"


def confirm(question: str) -> None:
    """Ask a person whether to go on. Raises click.Abort for no, KeyboardInterrupt for Ctrl-C."""
    said = front.held.confirm(question) if front.held is not None else None
    if not (yes_to(question) if said is None else said):
        raise click.Abort


def yes_to(question: str) -> bool:
    """Whether the person at this terminal says yes. Raises KeyboardInterrupt for Ctrl-C."""
    try:
        return click.confirm(question, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        return False
