"""The program on a terminal of its own, and what of its output could steer that terminal."""

import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl

from program import PROGRAM

COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def on_terminal(
    *words: str,
    env: Mapping[str, str],
    keys: bytes = b"",
    columns: int = 100,
    lines: int = 24,
    seconds: float = 60,
    program: Sequence[str] = PROGRAM,
) -> tuple[int, bytes]:
    """Run ``helpdesk`` with a pseudo-terminal as its three streams; its exit code and all that it wrote.

    ``keys`` are typed at once. The terminal translates nothing, so a carriage return is the program's own.
    """
    ours, theirs = os.openpty()
    mode = termios.tcgetattr(theirs)
    mode[1] &= ~termios.OPOST
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, mode)
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    surroundings = {**os.environ, "TERM": "xterm-256color", "PAGER": "cat", "TZ": "UTC", **env}
    for name in ("COLUMNS", "LINES"):
        if name not in env:
            surroundings.pop(name, None)
    running = subprocess.Popen(
        [*program, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=surroundings,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, keys)
    written = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end and select.select([ours], [], [], end - time.monotonic())[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:  # its end
            break
        if not more:
            break
        written += more
    os.close(ours)
    return running.wait(timeout=10), written


def steering(output: bytes) -> list[str]:
    """Every character in an output that a terminal would obey or hide, but colours."""
    return STEERING.findall(COLOURS.sub(b"", output).decode())
