"""Every message ever fetched: kept first, settled later."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from helpdesk_cli.domain.mail import Outcome
from helpdesk_cli.store.engine import Tx, Value, listed, newest


class Kept(Struct, frozen=True, kw_only=True):
    """A message whose bytes are ours, and what is known of it without looking inside."""

    id: int = 0
    mailbox: str
    source_key: str
    arrived_at: str
    kept_at: str
    sha256: str
    size: int
    is_whole: bool = True
    is_imported: bool = False
    envelope_sender: str | None = None
    envelope_recipients: tuple[str, ...] = ()
    attempts: int = 0


class Entry(Struct, frozen=True, kw_only=True):
    """A message of the inbox as people see it."""

    id: int
    mailbox: str
    at: str
    message_id: str
    from_address: str
    subject: str
    size: int
    sha256: str
    outcome: str
    reason: str
    ticket: int | None
    note: str
    attempts: int
    is_whole: bool
    duplicate_of: int | None
    department: str  # "" before it is settled, and where nothing says for which it came


_KEPT = (
    "id, mailbox, source_key, arrived_at, kept_at, sha256, size, is_whole, is_imported, envelope_sender, "
    "envelope_recipients, attempts"
)
_ENTRY = (
    "id, mailbox, arrived_at, message_id, from_address, subject, size, sha256, outcome, reason, ticket, note, "
    "attempts, is_whole, duplicate_of, department"
)
NEEDS_A_PERSON = (Outcome.PENDING, Outcome.HELD, Outcome.FAILED)


def _kept(row: Sequence[Value]) -> Kept:
    values = list(row)
    values[7], values[8] = bool(values[7]), bool(values[8])
    values[10] = tuple(str(values[10]).split("\n")) if values[10] else ()  # type: ignore[call-overload]
    return Kept(**dict(zip(Kept.__struct_fields__, values, strict=True)))  # type: ignore[arg-type]


def _entry(row: Sequence[Value]) -> Entry:
    values = dict(zip(Entry.__struct_fields__, row, strict=True))
    values["is_whole"] = bool(values["is_whole"])
    return Entry(**values)  # type: ignore[arg-type]


def known(tx: Tx, mailbox: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of a mailbox's keys are here already."""
    found: set[str] = set()
    for start in range(0, len(keys), 500):
        text, binds = listed("key", keys[start : start + 500])
        rows = tx.rows(
            f"select source_key from inbox where mailbox = :mailbox and source_key in ({text})",
            mailbox=mailbox,
            **binds,
        )
        found.update(str(row[0]) for row in rows)
    return frozenset(found)


def keep(tx: Tx, batch: Sequence[Kept]) -> list[int | None]:
    """Put messages into the inbox; the id of each, or None where its key is here already."""
    rows = tx.each(
        "insert into inbox (mailbox, source_key, arrived_at, kept_at, sha256, size, is_whole, is_imported, "
        "envelope_sender, envelope_recipients, attempts) values (:mailbox, :source_key, :arrived_at, :kept_at, "
        ":sha256, :size, :is_whole, :is_imported, :envelope_sender, :envelope_recipients, :attempts) "
        "on conflict do nothing returning id",
        [
            {
                "mailbox": kept.mailbox,
                "source_key": kept.source_key,
                "arrived_at": kept.arrived_at,
                "kept_at": kept.kept_at,
                "sha256": kept.sha256,
                "size": kept.size,
                "is_whole": int(kept.is_whole),
                "is_imported": int(kept.is_imported),
                "envelope_sender": kept.envelope_sender,
                "envelope_recipients": "\n".join(kept.envelope_recipients),
                "attempts": kept.attempts,
            }
            for kept in batch
        ],
    )
    return [int(row[0]) if row else None for row in rows]  # type: ignore[arg-type]


def pending(tx: Tx, mailbox: str, before: str | None = None) -> list[Kept]:
    """What was kept of a mailbox and not settled, oldest first; with ``before`` of all, kept earlier than that."""
    rows = tx.rows(
        f"select {_KEPT} from inbox where outcome = 'pending' "
        + ("and mailbox = :mailbox order by id" if before is None else "and kept_at < :before order by id"),
        **({"mailbox": mailbox} if before is None else {"before": before}),
    )
    return [_kept(row) for row in rows]


def load(tx: Tx, item: int) -> Kept | None:
    """One kept message."""
    row = tx.row(f"select {_KEPT} from inbox where id = :item", item=item)
    return _kept(row) if row else None


def count_attempts(tx: Tx, items: Sequence[int]) -> dict[int, int]:
    """Count an attempt at each message before it is made, so that one that kills us counts as well.

    How many each has had now; what another run settled meanwhile is left out.
    """
    text, binds = listed("item", items)
    rows = tx.rows(
        f"update inbox set attempts = attempts + 1 where id in ({text}) and outcome = 'pending' "
        "returning id, attempts",
        **binds,
    )
    return {int(row[0]): int(row[1]) for row in rows}  # type: ignore[arg-type]


def still_pending(tx: Tx, items: Sequence[int]) -> frozenset[int]:
    """Those of some messages that nobody settled meanwhile."""
    text, binds = listed("item", items)
    rows = tx.rows(f"select id from inbox where id in ({text}) and outcome = 'pending'", **binds)
    return frozenset(int(row[0]) for row in rows)  # type: ignore[arg-type]


def settle(tx: Tx, item: int, **fields: Value) -> None:
    """Write what became of a message: outcome, reason, ticket, core and what lists show of it."""
    text = ", ".join(f"{name} = :{name}" for name in fields)
    tx.put(f"update inbox set {text} where id = :item", item=item, **fields)


def defeat(tx: Tx, item: int, **fields: Value) -> bool:
    """Write on a message that an attempt at it came to nothing; false where another run settled it meanwhile."""
    text = ", ".join(f"{name} = :{name}" for name in fields)
    return bool(
        tx.run(f"update inbox set {text} where id = :item and outcome = 'pending'", item=item, **fields)
    )


def reopen(tx: Tx, item: int) -> None:
    """Make a message pending again, with its attempts forgotten: somebody asked to try once more."""
    tx.put(
        "update inbox set outcome = 'pending', reason = '', attempts = 0, core = null, duplicate_of = null "
        "where id = :item",
        item=item,
    )


def entries(
    tx: Tx,
    *,
    outcomes: Iterable[str] = (),
    mailbox: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    below: int | None = None,
) -> list[Entry]:
    """The inbox as a list, newest first; ``below`` an id the older ones."""
    rows = newest(
        tx,
        _ENTRY,
        "inbox",
        among=("outcome", list(outcomes)),
        equal={"mailbox": mailbox},
        since=("arrived_at", since),
        limit=limit,
        below=below,
    )
    return [_entry(row) for row in rows]


def entry(tx: Tx, item: int) -> Entry | None:
    """One message of the inbox."""
    row = tx.row(f"select {_ENTRY} from inbox where id = :item", item=item)
    return _entry(row) if row else None


def entry_of_message(tx: Tx, message: int) -> Kept | None:
    """The kept mail that a ticket's message was made of."""
    row = tx.row(
        f"select {_KEPT} from inbox where id = (select inbox_id from message where id = :message)",
        message=message,
    )
    return _kept(row) if row else None
