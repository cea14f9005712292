"""Whose turn it was in each department, and who has how many tickets: what a draw is made of."""

from helpdesk_cli.store.engine import Tx


def places(tx: Tx, department: str) -> dict[str, int]:
    """The places of a department's staff in the row of turns; the highest had the last one.

    Read once in a transaction, which alone draws: ``note`` keeps it true.
    """
    key = ("turns", department)
    found = tx.memo.get(key)
    if found is None:
        rows = tx.rows("select staff, place from turn where department = :department", department=department)
        found = tx.memo[key] = {str(login): int(place) for login, place in rows}  # type: ignore[arg-type]
    assert isinstance(found, dict)
    return found


def note(tx: Tx, department: str, login: str, at: str) -> None:
    """Note that somebody had a turn."""
    known = places(tx, department)
    known[login] = max(known.values(), default=0) + 1
    if "loads" in tx.memo:
        tx.memo["loads"][login] = tx.memo["loads"].get(login, 0) + 1
    tx.put(
        "insert into turn (department, staff, place, at) values (:department, :login, :place, :at) "
        "on conflict (department, staff) do update set place = excluded.place, at = excluded.at",
        department=department,
        login=login,
        place=known[login],
        at=at,
    )


def loads(tx: Tx) -> dict[str, int]:
    """How many active tickets each staff member has; none is not told.

    Read once in a transaction, and what is given in it is added; ``forget_loads`` lets it be read again.
    """
    found = tx.memo.get("loads")
    if found is None:
        rows = tx.rows(
            "select s.login, (select count(*) from ticket t where t.assignee = s.login and t.is_active = 1) "
            "from staff s where s.retired_at is null"
        )
        found = tx.memo["loads"] = {str(login): int(count) for login, count in rows}  # type: ignore[arg-type]
    assert isinstance(found, dict)
    return found


def forget_loads(tx: Tx) -> None:
    """Let the loads be counted anew: tickets changed hands."""
    tx.memo.pop("loads", None)
