"""What is remembered of a mailbox from run to run."""

from msgspec import Struct

from helpdesk_cli.store.engine import Tx


class Remembered(Struct, frozen=True):
    """``failures`` counts the present row of failed runs; ``failed_at`` is its beginning."""

    name: str
    first_fetch_at: str
    memory: str = ""
    succeeded_at: str | None = None
    failed_at: str | None = None
    failures: int = 0
    error: str = ""


def remembered(tx: Tx, name: str) -> Remembered | None:
    """A mailbox's notes, or None where it was never fetched."""
    if ("mailbox", name) in tx.memo:
        return tx.memo["mailbox", name]  # type: ignore[no-any-return]
    row = tx.row(
        "select name, first_fetch_at, memory, succeeded_at, failed_at, failures, error from mailbox "
        "where name = :name",
        name=name,
    )
    found = Remembered(*row) if row else None  # type: ignore[arg-type]
    tx.memo["mailbox", name] = found
    return found


def begin(tx: Tx, name: str, at: str) -> None:
    """Note a mailbox's first fetch; later calls change nothing."""
    tx.memo.pop(("mailbox", name), None)
    tx.put(
        "insert into mailbox (name, first_fetch_at) values (:name, :at) on conflict do nothing",
        name=name,
        at=at,
    )


def remember(tx: Tx, name: str, memory: str) -> None:
    """Keep the source's own notes."""
    tx.memo.pop(("mailbox", name), None)
    tx.put("update mailbox set memory = :memory where name = :name", name=name, memory=memory)


def succeeded(tx: Tx, name: str, at: str) -> None:
    """A run reached its end."""
    tx.memo.pop(("mailbox", name), None)
    tx.put(
        "update mailbox set succeeded_at = :at, failed_at = null, failures = 0, error = '' where name = :name",
        name=name,
        at=at,
    )


def failed(tx: Tx, name: str, at: str, error: str) -> None:
    """A run broke off, and why."""
    tx.memo.pop(("mailbox", name), None)
    tx.put(
        "update mailbox set failed_at = coalesce(failed_at, :at), failures = failures + 1, error = :error "
        "where name = :name",
        name=name,
        at=at,
        error=error,
    )
