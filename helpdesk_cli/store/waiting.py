"""Tickets at which nobody looks, and those whose clients do not answer."""

from msgspec import Struct

from helpdesk_cli.store.engine import Tx, Value


class Closed(Struct, frozen=True):
    """A closed ticket, and the folded address of who asked."""

    number: int
    department: str
    stage: str
    address: str


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


def unasked(tx: Tx, after: str, border: str, among: int | None = None) -> list[Closed]:
    """Answered tickets that a person closed between two moments, and whose clients nobody asked since then.

    Without those that a machine opened, and spam.
    """
    rows = tx.rows(
        "select t.number, t.department, t.stage, (select p.address from participant p where p.ticket = t.number "
        "order by p.id limit 1) from ticket t "
        # What was closed was changed then at the latest, and of that there is an index.
        "where t.is_active = 0 and t.updated_at > :after and t.closed_at > :after and t.closed_at <= :border "
        "and t.answered_at is not null and t.client_id is not null and t.merged_into is null "
        f"{'and t.number = :among ' if among is not None else ''}"
        "and not exists (select 1 from fired f where f.rule = 'survey' and f.ticket = t.number "
        "and f.at >= t.closed_at) "
        "and not exists (select 1 from event e where e.ticket = t.number and (e.kind = 'marked-spam' "
        "or (e.kind = 'opened' and e.data like :automatic))) "
        "and (select case when e.actor like 'rule:%' or e.actor = 'system' then 0 else 1 end from event e "
        "where e.ticket = t.number and e.kind = 'moved' order by e.id desc limit 1) = 1 "
        "order by t.closed_at, t.number",
        after=after,
        border=border,
        automatic='%"automatic":true%',
        **({"among": among} if among is not None else {}),
    )
    return [
        Closed(int(row[0]), str(row[1]), str(row[2]), str(row[3]))  # type: ignore[arg-type]
        for row in rows
        if row[3] is not None
    ]


def to_wake(tx: Tx, at: str) -> list[int]:
    """Tickets that somebody put off until a moment that has come."""
    return _numbers(tx, "t.waits_until <= :at and t.state = 'waiting'", at=at)


def _numbers(tx: Tx, condition: str, **binds: Value) -> list[int]:
    rows = tx.rows(f"select t.number from ticket t where {condition} order by t.number", **binds)
    return [int(row[0]) for row in rows]  # type: ignore[arg-type]
