"""Rows to data and back. ``open_engine`` is the one way to a database."""

from collections.abc import Callable

from helpdesk_cli.store.engine import Engine


def open_engine(url: str, password: Callable[[], str] | None = None) -> Engine:
    """The engine for a store's address: ``sqlite:/path/to/helpdesk.db`` (or ``sqlite::memory:``), or a
    ``postgresql://`` address as libpq knows them, whose password ``password`` tells where it has none.

    Opens nothing yet; the first transaction connects.
    """
    if url.startswith(("postgresql:", "postgres:")):
        from helpdesk_cli.store.postgres import PostgresEngine

        return PostgresEngine(url, password)
    from helpdesk_cli.store.sqlite import SqliteEngine

    return SqliteEngine(url.removeprefix("sqlite:"))
