"""Long pages through a pager, as git does it."""

import os
from collections.abc import Iterable, Iterator, Sequence

from helpdesk_cli.cli import front

from . import door
from .columns import Line
from .visible import line, safe

INDENT = 4
"""Everything that strangers wrote is indented; what begins at the left is ours."""


def facts(pairs: Iterable[tuple[str, object]]) -> Iterator[Line]:
    """A line for each fact that there is: its name, then its words, made safe."""
    for name, words in pairs:
        if words not in (None, "", 0, ()):
            yield "", 0, f"{name + ':':<14}{line(str(words))}"


def body(text: str, style: str = "") -> Iterator[Line]:
    """What a stranger wrote, made safe and indented, so that none of it looks like a line of ours."""
    for words in safe(text).expandtabs(8).split("\n"):
        yield style, INDENT, words


def show_page(lines: Sequence[Line]) -> None:
    """Write a page of lines; on a terminal through a pager where it is longer than the screen."""
    if not door.is_terminal():
        door.put("\n".join((" " * indent + words).rstrip() for _, indent, words in lines))
        return
    from .table import page

    text = page(lines)
    if text.count("\n") + 2 <= door.room()[1]:
        door.put(text)
    elif front.held is None:
        show_long(text)
    elif not front.held.page(text):
        door.put(text)


def show_long(text: str) -> None:
    """Write a page that is longer than the screen, through a pager where there is one."""
    if not _paged(text):
        door.put(text)


def _paged(text: str) -> bool:
    """Whether a pager took the text. Who acts through sudo gets none, for it would not run as them."""
    import shlex
    import subprocess

    if os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER"):
        return False
    command = os.environ.get("PAGER", "less")
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    if not words or words[0] == "cat" or os.environ.get("TERM") == "dumb":
        return False
    surroundings = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    try:
        with subprocess.Popen(words, stdin=subprocess.PIPE, env=surroundings) as pager:
            try:
                pager.communicate(text.encode("utf-8", "replace") + b"\n")
            except KeyboardInterrupt:
                pager.wait()
            return pager.returncode not in (126, 127)
    except OSError:
        return False
