"""The rules of ``[log]``."""

import os
from collections.abc import Iterator

from helpdesk_cli.settings import Log

from .forms import Fault

JOURNAL = "/run/systemd/journal/socket"


def check_log(log: Log) -> Iterator[Fault]:
    """A log in a file names one."""
    if log.to == "file" and (not log.file.strip() or log.file.startswith("~")):
        yield Fault(("log", "file"), "must name a file")
    if os.name != "posix" and log.to in ("syslog", "journal"):
        yield Fault(("log", "to"), f'there is no {log.to} on this system; "file" or "none"')


def look_at_log(log: Log) -> Iterator[Fault]:
    """The log can be written."""
    if log.to == "file":
        folder = os.path.dirname(log.file)  # noqa: PTH120
        if not os.path.isdir(folder):  # noqa: PTH112
            yield Fault(("log", "file"), f"{folder}: no such folder")
        elif not os.access(log.file if os.path.exists(log.file) else folder, os.W_OK):  # noqa: PTH110
            yield Fault(("log", "file"), f"{log.file}: we may not write there")
    if log.to == "journal" and not os.path.exists(JOURNAL):  # noqa: PTH110
        yield Fault(("log", "to"), f"systemd's journal is not there: {JOURNAL}")
