"""An open transaction of SQLite, the driver, and what its failures mean.

The driver is ``pysqlite3``, whose SQLite is free of the WAL-reset bug (fixed in 3.51.3, 3.50.7 and
3.44.6): two processes that write and checkpoint at one moment, which is what cron makes of us, could
corrupt a WAL store before.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

try:
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:  # no wheel for this machine: the standard library's, behind the version gate
    import sqlite3

from helpdesk_cli.errors import Busy, DeskError, Failed
from helpdesk_cli.store.engine import Later, Row, Value, stored

__all__ = ["SqliteTx", "sqlite3", "told"]

COMMON_WORD = 5000
"""A word that is in so many messages is a common one."""


def told(error: Exception, path: str) -> DeskError:
    """The failure of ours that a driver's error stands for."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return Busy(f"{path}: another process holds the store's lock; try again")
    if "full" in text or "I/O" in text:
        return Busy(f"{path}: {text}; make room, then try again")
    if "unable to open" in text:
        return Failed(f"{path}: cannot be opened; does it exist, and may this account write beside it?")
    if "readonly" in text:
        return Failed(f"{path}: this account may not write to the store")
    if "malformed" in text or "not a database" in text:
        return Failed(
            f"{path}: {text}; stop cron, move the file aside with its -wal and -shm, copy the last backup to "
            "its place: docs/how-to/backups.md"
        )
    return Failed(f"{path}: {text}")


class SqliteTx:
    """An open transaction of one connection."""

    def __init__(self, connection: "sqlite3.Connection", path: str) -> None:
        self._connection = connection
        self._path = path
        self._execute = connection.execute
        self.memo: dict[object, Any] = {}

    def rows(self, sql: str, **binds: Value) -> list[tuple[Value, ...]]:
        return self._execute(sql, stored(binds)).fetchall()  # type: ignore[no-any-return]

    def row(self, sql: str, **binds: Value) -> tuple[Value, ...] | None:
        cursor = self._execute(sql, stored(binds))
        first = cursor.fetchone()
        cursor.close()  # an open statement of "returning" would keep the transaction open
        return first  # type: ignore[no-any-return]

    def ask(self, sql: str, **binds: Value) -> Later[list[Row]]:
        found = self.rows(sql, **binds)
        return lambda: found

    def fresh(self, table: str) -> int:
        row = self.row(f"select coalesce(max(id), 0) + 1 from {table}")
        assert row is not None
        return int(row[0])  # type: ignore[arg-type]

    def run(self, sql: str, **binds: Value) -> int:
        return self._execute(sql, stored(binds)).rowcount  # type: ignore[no-any-return]

    def put(self, sql: str, **binds: Value) -> None:
        self._execute(sql, stored(binds))

    def each(self, sql: str, binds: Iterable[dict[str, Value]]) -> list[tuple[Value, ...] | None]:
        return [self.row(sql, **each) for each in binds]

    def many(self, sql: str, binds: Iterable[dict[str, Value]]) -> None:
        self._connection.executemany(sql, map(stored, binds))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._execute("savepoint part")
        try:
            yield
        except BaseException as error:
            self.memo.clear()
            if self._connection.in_transaction:
                self._execute("rollback to part")
                self._execute("release part")
            if isinstance(error, sqlite3.OperationalError):
                raise told(error, self._path) from error  # a full disk is nobody's fault inside the part
            raise
        self._execute("release part")

    def matching(self, words: str) -> tuple[str, dict[str, Value]]:
        quoted = []
        for word in words.replace("\0", " ").split()[:20]:
            bare = word.rstrip("*").replace('"', '""')
            if bare:
                quoted.append(f'"{bare}"' + ("*" if word.endswith("*") else ""))
        if not quoted:
            return "t.number is not null", {}
        # Each word may stand in another message of the ticket, so each is a search of its own.
        binds: dict[str, Value] = {f"words{number}": word for number, word in enumerate(quoted)}
        return " and ".join(self._holding(f":{name}", word) for name, word in binds.items()), binds

    def _holding(self, bind: str, word: Value) -> str:
        """A condition on the tickets ``t`` with a word: a rare one leads to its tickets, at a common one it is
        quicker to look at ticket after ticket until there are enough.
        """
        hits = f"select rowid from message_fts where message_fts match {bind}"
        few = self.row(
            "select count(*) from (select 1 from message_fts where message_fts match :word limit :most)",
            word=word,
            most=COMMON_WORD,
        )
        if few is not None and few[0] != COMMON_WORD:
            return f"t.number in (select m.ticket from message m where m.id in ({hits}))"
        # The plus keeps SQLite from trying each of the hits on each ticket.
        return f"exists (select 1 from message m where m.ticket = t.number and +m.id in ({hits}))"

    def index(self, message: int, subject: str, text: str) -> None:
        pass  # triggers do it

    def skipping(self, select: str) -> str:
        return select  # there is one writer
