"""Slugs of former times in rows, and what they are called now."""

from msgspec import json

from helpdesk_cli.store.engine import Tx

ON_TICKETS = ("department", "stage", "priority", "category", "type")
"""The columns of a ticket that hold a slug, called as the table of the settings."""


def rename(tx: Tx, what: str, old: str, new: str, at: str) -> int:
    """Call a slug by its present name wherever it stands; on how many tickets, whose logs tell it."""
    assert what in ON_TICKETS
    binds = {"old": old, "new": new}
    data = json.encode({"field": what, "from": old, "to": new}).decode()
    tx.put(
        "insert into event (ticket, at, actor, kind, data) select number, :at, 'system', 'renamed', :data "
        f"from ticket where {what} = :old order by number",
        at=at,
        data=data,
        old=old,
    )
    count = tx.run(f"update ticket set {what} = :new where {what} = :old", **binds)
    if what == "department":
        for table in ("letter", "inbox"):
            tx.put(f"update {table} set department = :new where department = :old", **binds)
        _move(tx, "staff_department", "staff_id", binds)
        _move(tx, "turn", "staff", binds)
    return count


def _move(tx: Tx, table: str, who: str, binds: dict[str, str]) -> None:
    """The same for a row for each of a department's staff, some of which may be there by the new name already."""
    tx.put(
        f"update {table} set department = :new where department = :old and not exists "
        f"(select 1 from {table} o where o.department = :new and o.{who} = {table}.{who})",
        **binds,
    )
    tx.put(f"delete from {table} where department = :old", old=binds["old"])


def mark(tx: Tx) -> int | None:
    """That of the former slugs which were last looked for."""
    row = tx.row("select value from counter where name = 'slugs'")
    return int(row[0]) if row else None  # type: ignore[arg-type]


def note(tx: Tx, value: int) -> None:
    """Note for which former slugs all rows were looked through."""
    tx.put(
        "insert into counter (name, value) values ('slugs', :value) "
        "on conflict (name) do update set value = excluded.value",
        value=value,
    )
