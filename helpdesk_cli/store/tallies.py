"""What the limits count, in sliding windows by the time of arrival; in the store, so for all processes."""

from collections.abc import Sequence

from helpdesk_cli.store.engine import Later, Tx, Value


def counts(tx: Tx, asked: Sequence[tuple[str, str, str]]) -> list[int]:
    """How often each of some things happened: kind, key, and the moment since when."""
    return counts_asked(tx, asked)()


def counts_asked(tx: Tx, asked: Sequence[tuple[str, str, str]]) -> Later[list[int]]:
    """The same, read later."""
    if not asked:
        return list
    binds: dict[str, Value] = {}
    texts = []
    for number, (kind, key, since) in enumerate(asked):
        binds |= {f"kind{number}": kind, f"key{number}": key, f"since{number}": since}
        texts.append(
            f"(select count(*) from tally where kind = :kind{number} and key = :key{number} and at > :since{number})"
        )
    answer = tx.ask(f"select {', '.join(texts)}", **binds)
    return lambda: [int(value) for value in answer()[0]]  # type: ignore[arg-type]


def count(tx: Tx, kind: str, key: str, since: str) -> int:
    """How often it happened since a moment."""
    return counts(tx, [(kind, key, since)])[0]


def add(tx: Tx, kind: str, key: str, at: str, ticket: int | None = None) -> None:
    """Note that it happened."""
    tx.put(
        "insert into tally (kind, key, at, ticket) values (:kind, :key, :at, :ticket)",
        kind=kind,
        key=key,
        at=at,
        ticket=ticket,
    )


def last_ticket(tx: Tx, kind: str, key: str) -> int | None:
    """The ticket of the newest row of a kind and key."""
    row = tx.row(
        "select ticket from tally where kind = :kind and key = :key and ticket is not null "
        "order by at desc, ticket desc limit 1",
        kind=kind,
        key=key,
    )
    return int(row[0]) if row else None  # type: ignore[arg-type]


def forget(tx: Tx, before: str) -> None:
    """Drop what no window reaches any more."""
    tx.put("delete from tally where at < :before", before=before)


def has_before(tx: Tx, before: str) -> bool:
    """Whether there is anything to forget."""
    return tx.row("select 1 from tally where at < :before limit 1", before=before) is not None
