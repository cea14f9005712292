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

        return PostgresEngine(url, password, archive=_archive)
    from helpdesk_cli.store.sqlite import SqliteEngine

    return SqliteEngine(url.removeprefix("sqlite:"))


def _archive(engine: Engine, path: str) -> None:
    """Write a store on a server to a new file, which is a store itself. Raises Failed where one is there."""
    import os

    from helpdesk_cli.errors import Failed
    from helpdesk_cli.store import copying
    from helpdesk_cli.store.sqlite import SqliteEngine

    if os.path.lexists(path):
        raise Failed(f"{path}: there is a file already; name another")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    file = SqliteEngine(path)
    try:
        file.receive()
        if wrong := [report.name for report in copying.copy(engine, file) if not report.agrees]:
            raise Failed(f"{path}: the copy differs ({', '.join(wrong)}), so it was removed; do it again")
        file.seal()
    except BaseException:
        file.close()
        os.unlink(path)  # noqa: PTH108 it would look like a backup, and be in the way of the next one
        raise
    file.close()
