"""SQLite: a store in one file; ``sqlite_tx`` has its transactions and its driver.

With a library older than the mending of its write-ahead log the journal is a rollback one with
``synchronous=EXTRA``. sqlite-utils builds and migrates only: importing it costs ten bare starts of Python.
"""

# Plain strings instead of Paths: importing pathlib costs 7 ms of a start.
# ruff: noqa: PTH102, PTH108, PTH110, PTH202

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from helpdesk_cli.errors import BadConfig, DeskError, Failed
from helpdesk_cli.store.engine import SCHEMA_VERSION, Result, schema, statements
from helpdesk_cli.store.sqlite_tx import SqliteTx, sqlite3, told

APPLICATION_ID = 0x48444B31  # "HDK1"
BUSY_SECONDS = 30.0

MAGIC = b"SQLite format 3\0"
"""How a database begins."""

UNSEALED = 0
"""The version of a store into which a copy is still being made."""

NOTHING, BEGUN = (0, 0, False), (APPLICATION_ID, UNSEALED, True)
"""Mark, version, tables: of a file that a run made that died at once, and of a copy that did not end."""

CACHE_KILOBYTES = 16_000
"""Enough for the inner pages of every index of a desk with some hundred thousand messages."""

CHECKPOINT_PAGES = 4000
"""The log is written back into the store after 16 MB: each time costs two flushes of the disk."""


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite may use a write-ahead log with several processes (sqlite.org/wal.html)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def _keep_log(path: str) -> None:
    """Let a new copy of a store use a write-ahead log, as its original does."""
    copy = sqlite3.connect(path)
    try:
        copy.execute("pragma journal_mode = wal")
    finally:
        copy.close()


class SqliteEngine:
    """A store in one file, for one host."""

    def __init__(self, path: str) -> None:
        self.path = self.place = path
        self._connection: sqlite3.Connection | None = None

    def _connect(self) -> "sqlite3.Connection":
        if self._connection is None:
            if self.path != ":memory:" and not self.exists():
                raise BadConfig(f"{self.path}: there is no store yet; 'helpdesk init' makes one")
            connection = self._opened()
            try:
                self._check_version(connection)
            except DeskError:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _opened(self) -> "sqlite3.Connection":
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            journal = connection.execute("pragma journal_mode").fetchone()[0]
            connection.execute("pragma foreign_keys = on")
            connection.execute("pragma trusted_schema = off")
            connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"pragma cache_size = -{CACHE_KILOBYTES}")
            connection.execute(f"pragma synchronous = {'full' if journal == 'wal' else 'extra'}")
        except sqlite3.Error as error:
            raise told(error, self.path) from None
        if journal == "wal" and not wal_is_safe(sqlite3.sqlite_version_info):
            connection.close()
            raise BadConfig(
                f"{self.path}: SQLite {sqlite3.sqlite_version} can corrupt a store with a write-ahead log "
                "(its WAL-reset bug); install pysqlite3, which brings a newer one"
            )
        return connection

    def _check_version(self, connection: "sqlite3.Connection") -> None:
        try:
            version = connection.execute("pragma user_version").fetchone()[0]
            mark = connection.execute("pragma application_id").fetchone()[0]
        except sqlite3.Error as error:
            raise told(error, self.path) from None
        if self.path == ":memory:" and version == 0:
            return
        if not mark and not version and os.path.getsize(self.path) == 0:
            raise BadConfig(f"{self.path}: is empty; 'helpdesk init' builds the store in it")
        if mark != APPLICATION_ID:
            raise BadConfig(f"{self.path}: this is a database, but not a helpdesk store")
        if version == UNSEALED:
            raise BadConfig(
                f"{self.path}: a copy into this store did not end; run 'helpdesk store copy' again"
            )
        if version > SCHEMA_VERSION:
            raise BadConfig(
                f"{self.path}: written by a newer helpdesk (store version {version}, this one knows "
                f"{SCHEMA_VERSION}); install that version"
            )

    @contextmanager
    def read(self) -> Iterator[SqliteTx]:
        with self._transaction("begin") as tx:
            yield tx

    def transact(self, work: Callable[[SqliteTx], Result], *, alone: bool = True) -> Result:  # noqa: ARG002 one writer
        with self.write() as tx:
            return work(tx)

    @contextmanager
    def write(self) -> Iterator[SqliteTx]:
        # Immediate: an upgrade from reading to writing would fail at once, whatever the busy timeout.
        with self._transaction("begin immediate") as tx:
            yield tx

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteTx]:
        connection = self._connect()
        try:
            connection.execute(begin)
            try:
                yield SqliteTx(connection, self.path)
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
        except sqlite3.Error as error:
            raise told(error, self.path) from error

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        if self.path == ":memory:":
            yield True
            return
        folder = f"{self.path}.locks"
        try:
            os.mkdir(folder, mode=0o700)
        except FileExistsError:
            pass
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
        handle = os.open(
            f"{folder}/{safe}.lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600
        )
        try:
            yield _try_lock(handle)
        finally:
            os.close(handle)  # frees the lock; the file stays, for removing it would race

    def exists(self) -> bool:
        return self.path == ":memory:" or os.path.exists(self.path)

    def build(self) -> None:
        # An empty file is what a build leaves that was killed at once.
        if self.path != ":memory:" and os.path.exists(self.path) and os.path.getsize(self.path):
            raise Failed(f"{self.path}: there is a store already; nothing was changed")
        self._make(SCHEMA_VERSION)

    def _make(self, version: int) -> None:
        from sqlite_utils import Database

        if self.path != ":memory:":
            # SQLite gives its journals the mode of the store's file, so it must be private from birth.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self._opened()
        if self.path != ":memory:" and wal_is_safe(sqlite3.sqlite_version_info):
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
        database = Database(connection)
        connection.execute("begin immediate")
        for statement in statements(schema()):
            connection.execute(statement)
        database.table("message").enable_fts(
            ["subject", "new_text"], create_triggers=True, tokenize="unicode61 remove_diacritics 2"
        )
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {version}")
        if connection.in_transaction:
            connection.execute("commit")
        self._connection = connection

    def _found(self) -> tuple[int, int, bool] | None:
        """Mark, version, whether there are tables; None where the file is no database."""
        if not os.path.exists(self.path) or not os.path.getsize(self.path):
            return NOTHING
        try:
            with open(self.path, "rb") as file:  # noqa: PTH123
                if file.read(len(MAGIC)) != MAGIC:
                    return None
        except OSError as error:
            raise Failed(f"{self.path}: {error.strerror}") from None
        connection = self._opened()
        try:
            (mark,) = connection.execute("pragma application_id").fetchone()
            (version,) = connection.execute("pragma user_version").fetchone()
            (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise told(error, self.path) from None
        finally:
            connection.close()
        return mark, version, tables > 0

    def is_free(self) -> bool:
        return self._found() in (NOTHING, BEGUN)

    def receive(self) -> None:
        found = self._found()
        if found == NOTHING:
            self._make(UNSEALED)
        elif found == BEGUN:
            self._connection = self._opened()
        else:
            raise Failed(f"{self.path}: there is something already; nothing was changed; name another")
        assert self._connection is not None
        # Rows come table by table and point to rows that come later; seal looks at all of them at once.
        self._connection.execute("pragma foreign_keys = off")

    def seal(self) -> None:
        faults = self.verify()
        if faults:
            raise Failed(f"{self.path}: the copy is not sound: {'; '.join(faults[:5])}")
        connection = self._connect()
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
        connection.execute("pragma foreign_keys = on")

    def backup(self, path: str) -> None:
        if os.path.exists(path):
            raise Failed(f"{path}: there is a file already; name another")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            connection = self._connect()
            connection.execute("vacuum into ?", (path,))
            if connection.execute("pragma journal_mode").fetchone()[0] == "wal":
                _keep_log(path)  # which a copy forgets: put back, readers would wait for writers
        except BaseException as error:
            os.unlink(path)  # it would look like a backup, and be in the way of the next one
            if isinstance(error, sqlite3.Error):
                raise told(error, path) from None
            raise

    def verify(self) -> list[str]:
        connection = self._connect()
        try:
            found = [row[0] for row in connection.execute("pragma integrity_check") if row[0] != "ok"]
            found += [
                f"{row[0]}: row {row[1]} points to no {row[2]}"
                for row in connection.execute("pragma foreign_key_check")
            ]
        except sqlite3.Error as error:
            return [str(told(error, self.path))]
        return found

    def facts(self) -> dict[str, str]:
        connection = self._connect()
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "store": self.path,
            "journal": str(connection.execute("pragma journal_mode").fetchone()[0]),
            "version": str(connection.execute("pragma user_version").fetchone()[0]),
        }

    def ahead(self) -> float:
        return 0.0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _try_lock(handle: int) -> bool:
    """Lock an open file without waiting; the kernel lets go of it when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
