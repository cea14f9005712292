"""Tickets at which nobody looks, and those whose clients do not answer."""

from helpdesk_cli.store.engine import Tx, Value

_LAST_WORD_OURS = (
    "t.staff_word_at is not null and (t.client_word_at is null or t.client_word_at <= t.staff_word_at)"
)


def untouched(tx: Tx, border: str) -> list[int]:
    """Open tickets that nobody touched since a moment, and that were not put aside for that already."""
    return _numbers(
        tx,
        "t.state = 'open' and t.is_idle = 0 and t.touched_at <= :border and not exists (select 1 from fired f "
        "where f.rule = 'awaiting' and f.ticket = t.number and f.at > t.touched_at)",
        border=border,
    )


def unreminded(tx: Tx, border: str) -> list[int]:
    """Tickets that wait for their clients' answer to ours of before that moment, and of which nobody reminded."""
    return _numbers(
        tx,
        f"t.state = 'waiting' and t.is_idle = 0 and t.waits_until is null and t.reminded_at is null "
        f"and {_LAST_WORD_OURS} "
        "and t.staff_word_at <= :border and coalesce(t.stage_since, t.created_at) <= :border",
        border=border,
    )


def inactive(tx: Tx, border: str, *, is_reminded: bool) -> list[int]:
    """Tickets whose clients did not answer since a moment: since the reminder, or since ours and the waiting."""
    since = (
        "t.reminded_at <= :border"
        if is_reminded
        else "t.staff_word_at <= :border and coalesce(t.stage_since, t.created_at) <= :border"
    )
    return _numbers(
        tx,
        f"t.state = 'waiting' and t.is_idle = 0 and t.waits_until is null and {_LAST_WORD_OURS} and {since} "
        "and not exists "
        "(select 1 from fired f where f.rule = 'inactive' and f.ticket = t.number and f.at > t.touched_at)",
        border=border,
    )


def to_wake(tx: Tx, at: str) -> list[int]:
    """Tickets that somebody put off until a moment that has come."""
    return _numbers(tx, "t.waits_until <= :at and t.state = 'waiting'", at=at)


def _numbers(tx: Tx, condition: str, **binds: Value) -> list[int]:
    rows = tx.rows(f"select t.number from ticket t where {condition} order by t.number", **binds)
    return [int(row[0]) for row in rows]  # type: ignore[arg-type]
