"""A Dovecot on free ports of this machine, the tests' own, holding the mails of a Maildir."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from servers import PASSWORD, Dovecot, running_dovecot

__all__ = ["PASSWORD", "Dovecot", "fill", "running"]


@contextmanager
def running() -> Iterator[Dovecot]:
    """Start the server, wait until it answers, stop and remove it at the end."""
    with TemporaryDirectory(prefix="bench-dovecot-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_dovecot(Path(folder)) as server:
            yield server


def fill(server: Dovecot, user: str, maildir: Path) -> None:
    """Deliver a Maildir's new mails to a user, oldest first."""
    for path in sorted((maildir / "new").iterdir()):
        server.deliver(user, path.read_bytes())
