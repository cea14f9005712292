"""Who is writing an answer just now: marks for the others, which nobody has to wait for."""

from helpdesk_cli.store.engine import Tx


def take(tx: Tx, ticket: int, login: str, at: str, stale: str) -> None:
    """Note that somebody begins to write; marks from before ``stale`` are forgotten."""
    tx.run("delete from writing where ticket = :ticket and since_at < :stale", ticket=ticket, stale=stale)
    tx.put(
        "insert into writing (ticket, staff, since_at) values (:ticket, :login, :at) "
        "on conflict (ticket, staff) do update set since_at = excluded.since_at",
        ticket=ticket,
        login=login,
        at=at,
    )


def lay_down(tx: Tx, ticket: int, login: str) -> None:
    """Note that somebody writes no more."""
    tx.put("delete from writing where ticket = :ticket and staff = :login", ticket=ticket, login=login)


def held(tx: Tx, ticket: int, stale: str) -> list[tuple[str, str]]:
    """Who is writing on a ticket, and since when; marks from before ``stale`` count no more."""
    rows = tx.rows(
        "select staff, since_at from writing where ticket = :ticket and since_at >= :stale order by since_at, staff",
        ticket=ticket,
        stale=stale,
    )
    return [(str(login), str(at)) for login, at in rows]
