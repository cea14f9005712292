"""Rows to data and back. ``open_engine`` is the one way to a database."""

from helpdesk_cli.store.engine import Engine


def open_engine(url: str) -> Engine:
    """The engine for a store's address: ``sqlite:/path/to/helpdesk.db`` (or ``sqlite::memory:``).

    Opens nothing yet; the first transaction connects.
    """
    from helpdesk_cli.store.sqlite import SqliteEngine

    return SqliteEngine(url.removeprefix("sqlite:"))
