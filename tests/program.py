"""The program as people and cron run it: a process, and how it ended."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-m", "helpdesk_cli")


class Done:
    """How a run ended."""

    def __init__(self, done: "subprocess.CompletedProcess[bytes]") -> None:
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}--- err\n{self.err}---"


Run = Callable[..., Done]


def faketime() -> str:
    """The library that tells a process another time."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    assert found, "install faketime (Debian, Ubuntu: apt install faketime)"
    return str(found[0])
