"""A small, right configuration, and ways to spoil it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk_cli.config import load
from helpdesk_cli.errors import BadConfig

SOUND = """\
[transport.default]
host = "localhost"

[mailbox.support]
host = "imap.example.com"
username = "support"
password_command = ["true"]
department = "support"

[department.support]
name = "Support"
address = "support@example.com"
"""


@pytest.fixture
def sound() -> str:
    """The smallest text that makes a desk: one way out, one way in, one department."""
    return SOUND


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write a configuration and return its path."""

    def write(text: str | bytes, mode: int = 0o600) -> str:
        path = tmp_path / "helpdesk.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return str(path)

    return write


@pytest.fixture
def told(write: Callable[..., str]) -> Callable[..., list[str]]:
    """Load a text and return the faults that are told, without the file's name; [] for none."""

    def told(text: str | bytes, mode: int = 0o600, *, thoroughly: bool = False) -> list[str]:
        path = write(text, mode)
        try:
            load(path, thoroughly=thoroughly)
        except BadConfig as error:
            faults = error.faults
        else:
            faults = ()
        assert all(fault.startswith(f"{path}: ") and "\n" not in fault for fault in faults)
        return [fault.removeprefix(f"{path}: ") for fault in faults]

    return told
