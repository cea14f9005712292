"""The streams themselves: bytes go out as UTF-8 whatever the locale says, and a closed pipe is silent."""

import os
import sys
from typing import Any

from .visible import line, safe


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return _is_tty(sys.stdout)


def has_people() -> bool:
    """Whether a person reads standard error; under cron nobody does."""
    return _is_tty(sys.stderr)


def _is_tty(stream: Any) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def has_colours() -> bool:
    """Whether colours are welcome on standard output (no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def room() -> tuple[int, int]:
    """Columns and lines of the terminal; ``COLUMNS`` and ``LINES`` come first."""
    columns, lines = (_number(os.environ.get(name)) for name in ("COLUMNS", "LINES"))
    if not columns or not lines:
        try:  # as shutil does, whose import costs a quarter of a bare start
            size = os.get_terminal_size(1)
        except (OSError, ValueError, AttributeError):
            size = os.terminal_size((80, 24))
        columns, lines = columns or size.columns or 80, lines or size.lines or 24
    return max(columns, 20), lines


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def put(text: str) -> None:
    """Write text that was made safe to standard output, and a line end."""
    put_bytes(text.encode("utf-8", "replace") + b"\n")


def put_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are.

    Raises OSError where nobody reads any more or the disk is full; the stream is silent from then on.
    """
    _write(sys.stdout, data)


def say(text: str) -> None:
    """Tell a person something on standard error; the text is made safe here."""
    _tell(text)


def say_bytes(data: bytes) -> None:
    """Write to standard error what was made safe elsewhere."""
    try:
        _write(sys.stderr, data)
    except OSError:
        pass  # there is nobody left to tell


def done(words: str, verbosity: int = 0) -> None:
    """Tell a person in one line what was done; scripts see the exit code, and cron hears nothing."""
    if verbosity > 0 or (verbosity == 0 and has_people()):
        _tell(line(words))


def warn(text: str) -> None:
    """Tell a person what went wrong, line by line."""
    _tell("\n".join(f"helpdesk: {words}" for words in text.split("\n")))


def _tell(text: str) -> None:
    try:
        _write(sys.stderr, safe(text).encode("utf-8", "replace") + b"\n")
    except OSError:
        pass  # there is nobody left to tell


def _write(stream: Any, data: bytes) -> None:
    if stream is None:  # closed before we started
        return
    try:
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
    except OSError:
        _let_go(stream)
        raise


def _let_go(stream: Any) -> None:
    """Point a broken stream nowhere, or Python complains about it once more as it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
