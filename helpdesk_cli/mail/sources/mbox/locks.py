"""The two locks of an mbox: the dot-lock first, then fcntl's, as Postfix and Exim take them."""

# ruff: noqa: PTH108
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from helpdesk_cli.errors import Unreachable

STALE_AFTER = 900
"""Seconds after which a dot-lock is nobody's; Postfix takes 500, and ours lives for one batch."""


@contextmanager
def locked(path: str, patience: Callable[[], float], *, writing: bool) -> Iterator[BinaryIO]:
    """The file, open and locked. ``patience`` gives the seconds that may be waited.

    For reading alone a folder in which no dot-lock can be made is no hindrance; fcntl's lock remains.
    Raises Unreachable when the locks are not to be had, FileNotFoundError when there is no file.
    """
    until = time.monotonic() + max(patience(), 0)
    dot = f"{path}.lock"
    has_dot = _take_dot(dot, until, must=writing)
    try:
        with open(path, "r+b" if writing else "rb") as file:  # noqa: PTH123
            _take_fcntl(file, path, until, exclusive=writing)
            yield file  # closing releases fcntl's lock, a moment before the dot-lock goes
    except PermissionError as error:
        raise Unreachable(f"{path} may not be {'changed' if writing else 'read'} by this user") from error
    finally:
        if has_dot:
            _give_back(dot)


def _take_dot(dot: str, until: float, *, must: bool) -> bool:
    while True:
        try:
            handle = os.open(dot, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            if not _is_stale(dot):
                _wait(dot, until)
            else:
                _give_back(dot)
        except FileNotFoundError as error:
            raise Unreachable(f"{os.path.dirname(dot)}: no such directory; check path") from error  # noqa: PTH120
        except OSError as error:
            if not must:
                return False
            raise Unreachable(
                f"{dot} could not be made ({error.strerror}); "
                "give this user the right to lock the mbox, or use a Maildir"
            ) from error
        else:
            os.write(handle, f"{os.getpid()} {_machine()}\n".encode())
            os.close(handle)
            return True


def _is_stale(dot: str) -> bool:
    """Whether the holder died: an old lock, or one made on this machine by a process that is gone."""
    try:
        with open(dot, "rb") as file:  # noqa: PTH123
            words = file.read(200).decode("ascii", "replace").split()
            age = time.time() - os.fstat(file.fileno()).st_mtime
    except OSError:
        return False
    if age > STALE_AFTER:
        return True
    if len(words) == 2 and words[0].isdigit() and words[1] == _machine():
        try:
            os.kill(int(words[0]), 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):
            return False
    return False


def _machine() -> str:
    return os.uname().nodename or "here"


def _give_back(dot: str) -> None:
    try:
        os.unlink(dot)
    except OSError:
        pass


def _take_fcntl(file: BinaryIO, path: str, until: float, *, exclusive: bool) -> None:
    import fcntl

    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    while True:
        try:
            fcntl.lockf(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(path, until)
        except PermissionError:  # as some systems say "locked"
            _wait(path, until)
        else:
            return


def _wait(path: str, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise Unreachable(f"{path} is held by another program; the next run tries again")
    time.sleep(min(0.05, left))
