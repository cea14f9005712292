"""A Maildir: ``new/`` and ``cur/``, never ``tmp/``; a message is known by its name before the flags.

Nothing is remembered from run to run. A folder's modification time has the clock's grain: a message that
arrives within the same tick as the last look would be passed over for ever. Instead the names are listed
each time and ``known`` is asked in chunks, which for 20,000 messages costs tens of milliseconds.
"""

# Plain strings instead of Paths: one for each of 20,000 names would cost more than all the rest.
# ruff: noqa: PTH103, PTH104, PTH108, PTH112, PTH123

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources.contract import (
    HEAD_LIMIT,
    Delivery,
    Failure,
    Known,
    cut_head,
    head_key,
    in_batches,
    utc_text,
)

ASKED_AT_ONCE = 1000


class MaildirSource:
    """The Maildir at ``path``. Other programs may deliver, rename and delete in it meanwhile."""

    def __init__(self, path: str, after: str, max_size: int, deadline: Callable[[], float]) -> None:
        self.path = path
        self.after = after
        self.max_size = max_size
        self.deadline = deadline
        self.failed: dict[str, Failure] = {}
        self.places: dict[str, str] = {}  # key -> cur/NAME, as last seen

    def __enter__(self) -> Self:
        for folder in ("new", "cur"):
            if not os.path.isdir(self._at(folder)):
                raise Unreachable(f"{self.path} is no Maildir (no {folder}/ in it); check path, or the mount")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.places = {}

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:  # noqa: ARG002
        """Oldest first by modification time; flags and folder (new, cur) mean nothing for the choice."""
        return in_batches(self._each(known))

    def _each(self, known: Known) -> Iterator[Delivery]:
        self.places = self._list()
        ours = self._ours(list(self.places), known)
        self._tell([key for key in self.places if key in ours and not self._was_told(self.places[key])])
        found: list[tuple[float, str, int]] = []
        large: list[str] = []
        for key, place in self.places.items():
            if key in ours:
                continue
            try:
                facts = os.lstat(self._at(place))
            except OSError:
                continue  # moved or deleted since; a moved one is found again in the next run
            if not stat.S_ISREG(facts.st_mode):
                self._fail(key, "is not a regular file")
                continue
            found.append((facts.st_mtime, key, facts.st_size))
            if facts.st_size > self.max_size:
                large.append(key)
        heads = self._ours([head_key(key) for key in large], known)
        for modified, key, size in sorted(found):
            if size > self.max_size and head_key(key) in heads:
                continue
            delivery = self._read(key, modified)
            if delivery is not None:
                yield delivery

    def _list(self) -> dict[str, str]:
        places: dict[str, str] = {}
        try:
            for folder in ("new", "cur"):  # this order: what moves from new to cur meanwhile is met
                with os.scandir(self._at(folder)) as entries:
                    for entry in entries:
                        if not entry.name.startswith("."):
                            places[_unique(entry.name)] = f"{folder}/{entry.name}"
        except OSError as error:
            raise Unreachable(f"{self.path} could not be listed: {error.strerror}") from error
        return places

    def _ours(self, keys: Sequence[str], known: Known) -> frozenset[str]:
        ours: set[str] = set()
        for start in range(0, len(keys), ASKED_AT_ONCE):
            ours |= known(keys[start : start + ASKED_AT_ONCE])
        return frozenset(ours)

    def _was_told(self, place: str) -> bool:
        """Whether ``after`` has nothing left to do: what lies in cur/ was put there by us or by a reader."""
        return self.after == "keep" or (self.after == "seen" and place.startswith("cur/"))

    def _read(self, key: str, modified: float) -> Delivery | None:
        if self.deadline() <= 0:
            raise Unreachable(f"{self.path}: the run's time was over; the next run goes on")
        try:
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            with open(os.open(self._at(self.places[key]), flags), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                whole = size <= self.max_size
                raw = file.read(size) if whole else cut_head(file.read(HEAD_LIMIT))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._fail(key, f"could not be read: {error.strerror}")
            return None
        if whole and len(raw) < size:
            self._fail(key, "was cut while it was read")
            return None
        name = key if whole else head_key(key)
        return Delivery(key=name, raw=raw, arrived_at=utc_text(modified), size=size, whole=whole)

    def done(self, keys: Sequence[str]) -> None:
        """Keep, mark as seen, delete or move; safe on disk when it returns."""
        self._tell([key for key in keys if key in self.places])

    def _tell(self, keys: Sequence[str]) -> None:
        if self.after == "keep" or not keys:
            return
        touched: set[str] = set()
        renamed: list[str] = []
        for key in keys:
            if not self._finish(key, touched):
                renamed.append(key)
        if renamed:  # by a reader who set a flag, or deleted by somebody
            now = self._list()
            for key in renamed:
                if key in now:
                    self.places[key] = now[key]
                    self._finish(key, touched)
        for folder in touched:
            _sync(folder)

    def _finish(self, key: str, touched: set[str]) -> bool:
        """Do what ``after`` says with one message; false where it is no longer where it was."""
        try:
            self._put_away(key, touched)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._fail(key, f"could not be marked as ours: {error.strerror}")
        return True

    def _put_away(self, key: str, touched: set[str]) -> None:
        place = self.places[key]
        source = self._at(place)
        folder, _, name = place.partition("/")
        touched.add(self._at(folder))
        if self.after == "delete":
            os.unlink(source)
            return
        target = self._at("cur")
        if self.after == "seen":
            name = _with_seen(name)
            self.places[key] = f"cur/{name}"
        else:
            target = self._folder(self.after.partition(":")[2]) + "/cur"
            name = name if ":2," in name else f"{name.partition(':')[0]}:2,"
        if source == f"{target}/{name}":
            return
        if os.path.lexists(f"{target}/{name}"):
            os.lstat(source)  # where it is gone, another run has put it there
            raise FileExistsError(17, "the folder already holds one of that name")
        os.rename(source, f"{target}/{name}")
        touched.add(target)

    def _folder(self, name: str) -> str:
        """The Maildir++ folder ``.NAME``, made if it is not there; ``A/B`` is ``.A.B``."""
        path = self._at("." + name.strip("./").replace("/", "."))
        for part in ("tmp", "new", "cur"):
            os.makedirs(f"{path}/{part}", mode=0o700, exist_ok=True)
        return path

    def memory(self) -> str:
        """Nothing: the names themselves tell all."""
        return ""

    def failures(self) -> Sequence[Failure]:
        """Files that could not be read or moved."""
        return list(self.failed.values())

    def _fail(self, key: str, text: str) -> None:
        self.failed[key] = Failure(key, f"{self.places.get(key, key)!r} {text}")

    def _at(self, place: str) -> str:
        return f"{self.path}/{place}"


def _unique(name: str) -> str:
    """A file's name without its flags, storable even where it is not UTF-8."""
    unique = name.partition(":")[0]
    return unique if unique.isascii() else os.fsencode(unique).decode("utf-8", "backslashreplace")


def _with_seen(name: str) -> str:
    unique, _, info = name.partition(":")
    flags = info[2:] if info.startswith("2,") else ""
    return f"{unique}:2,{''.join(sorted(set(flags) | {'S'}))}"


def _sync(folder: str) -> None:
    """Make renames and deletions in a folder last; a system that cannot sync folders needs none."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
