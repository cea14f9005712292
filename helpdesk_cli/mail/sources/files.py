"""Files given as paths, for import: single messages, and any source read by digest."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources.contract import (
    HEAD_LIMIT,
    Delivery,
    Failure,
    Known,
    Source,
    cut_head,
    digest_key,
    head_key,
    in_batches,
    received_at,
    utc_text,
)


def looks_like_mbox(path: Path) -> bool:
    """Whether a file begins as an mbox does."""
    try:
        with path.open("rb") as file:
            return file.read(5) == b"From "
    except OSError:
        return False


class EmlFiles:
    """Files of one message each, in the order given; nothing is changed."""

    def __init__(self, paths: Sequence[Path], max_size: int, deadline: Callable[[], float]) -> None:
        self.paths = paths
        self.max_size = max_size
        self.deadline = deadline
        self.failed: list[Failure] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:  # noqa: ARG002
        """Each file; its path is its key."""
        return in_batches(self._each(known))

    def _each(self, known: Known) -> Iterator[Delivery]:
        for path in self.paths:
            if self.deadline() <= 0:
                raise Unreachable(f"{path}: the run's time was over; call again to go on")
            key = str(path).encode("utf-8", "backslashreplace").decode()
            if {key, head_key(key)} & known([key, head_key(key)]):
                continue
            try:
                with path.open("rb") as file:
                    modified, size = path.stat().st_mtime, path.stat().st_size
                    whole = size <= self.max_size
                    raw = file.read(self.max_size) if whole else cut_head(file.read(HEAD_LIMIT))
            except OSError as error:
                self.failed.append(Failure(key, f"{key!r} could not be read: {error.strerror}"))
                continue
            yield Delivery(
                key=key if whole else head_key(key),
                raw=raw,
                arrived_at=received_at(raw) or utc_text(modified),
                size=size,
                whole=whole,
            )

    def done(self, keys: Sequence[str]) -> None:
        """Nothing: the files stay as they are."""

    def memory(self) -> str:
        """Nothing."""
        return ""

    def failures(self) -> Sequence[Failure]:
        """Files that could not be read."""
        return list(self.failed)


class ByDigest:
    """Several sources as one, each message known by the digest of its bytes; all is kept as it is."""

    def __init__(self, inner: Sequence[Source]) -> None:
        self.inner = inner

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:  # noqa: ARG002
        """What is not known by its bytes, source after source; equal messages come once."""
        met: set[str] = set()
        for source in self.inner:
            with source:
                for batch in source.waiting(_nothing, ""):
                    named = {_digest(delivery): delivery for delivery in batch}
                    ours = known(list(named)) | met
                    fresh = [replace(delivery, key=key) for key, delivery in named.items() if key not in ours]
                    met.update(named)
                    if fresh:
                        yield fresh

    def done(self, keys: Sequence[str]) -> None:
        """Nothing: an import changes nothing where it reads."""

    def memory(self) -> str:
        """Nothing."""
        return ""

    def failures(self) -> Sequence[Failure]:
        """Those of all the sources."""
        return [failure for source in self.inner for failure in source.failures()]


def _nothing(keys: Sequence[str]) -> frozenset[str]:  # noqa: ARG001
    return frozenset()


def _digest(delivery: Delivery) -> str:
    if delivery.key.startswith("sha256:"):
        return delivery.key
    key = digest_key(delivery.raw)
    return key if delivery.whole else head_key(f"{key} {delivery.size}")
