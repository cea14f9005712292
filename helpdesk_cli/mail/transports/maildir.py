"""Letters into a Maildir: for demonstrations, tests, and mail that something else carries on."""

import os
import time
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.transports.contract import Receipt, Sent

_NUMBERS = count()


class Maildir:
    """Writes each letter as one file with LF line ends and the envelope in its first two fields.

    ``Return-Path`` and ``Delivered-To`` are what a delivering mail server adds; by them the envelope can
    be read back. The file is complete and on disk before it appears in ``new/``.
    """

    def __init__(self, path: str) -> None:
        self._folder = Path(path).expanduser()

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:
        """Write into ``tmp/``, sync, move to ``new/``, sync the folder."""
        envelope = f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode()
        name = _unique_name()
        waiting, arrived = self._folder / "tmp" / name, self._folder / "new" / name
        try:
            self._make()
            _write(waiting, envelope + raw.replace(b"\r\n", b"\n"))
            waiting.rename(arrived)
        except OSError as error:
            _forget(waiting)
            raise Unreachable(
                f"the Maildir {self._folder} cannot be written: {error.strerror or error}; "
                "make the folder writable for this user, or free space"
            ) from None
        try:
            _sync(self._folder / "new")
        except OSError as error:
            return Receipt(Sent.UNCERTAIN, f"written as {name}, but not synced: {error.strerror or error}")
        return Receipt(Sent.SENT, f"written as {name}")

    def reach(self) -> str:
        """Make the folder where it is missing. Raises Unreachable where nothing can be written there."""
        try:
            self._make()
        except OSError as error:
            raise Unreachable(f"the Maildir {self._folder}: {error.strerror or error}") from None
        if not os.access(self._folder / "new", os.W_OK):
            raise Unreachable(f"the Maildir {self._folder} may not be written by this user")
        return f"{self._folder} may be written"

    def _make(self) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _unique_name() -> str:
    """A name that no other process or host gives: time, process, counter, chance, host."""
    now = time.time_ns()
    host = os.uname().nodename.replace("/", r"\057").replace(":", r"\072") or "localhost"
    seconds, micros = now // 10**9, now % 10**9 // 1000
    return f"{seconds}.M{micros}P{os.getpid()}Q{next(_NUMBERS)}R{os.urandom(4).hex()}.{host}"


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _forget(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        pass  # it was never made, or whoever clears tmp/ of old files will take it


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
