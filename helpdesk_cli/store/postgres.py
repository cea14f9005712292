"""PostgreSQL, and what speaks its protocol: the twin of ``sqlite.py``, for several hosts.

Every lock belongs to a transaction, none to a session, so all of it holds behind a pooler that hands out
connections transaction by transaction. Writers who read before they write hold one lock of the desk, as in
SQLite: numbers and limits are counted for the whole desk, so two such writers would only undo each other's work.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from helpdesk_cli.domain.store_url import without_secrets
from helpdesk_cli.errors import BadConfig, Busy, DeskError, Failed
from helpdesk_cli.store import libpq
from helpdesk_cli.store.engine import SCHEMA_VERSION, Again, Result
from helpdesk_cli.store.postgres_sql import LZ4, numbered_tables, tables, translated
from helpdesk_cli.store.postgres_tx import PostgresTx

if TYPE_CHECKING:
    import psycopg

BUSY_SECONDS = 30.0

ATTEMPTS = 30
"""So often a unit is done anew before somebody is told that the store is busy; the waits add up to some seconds."""

UNSEALED = 0
"""The version of a store into which a copy is still being made."""


class PostgresEngine:
    """A store in a database that several hosts share.

    ``archive`` writes a copy of the store to a file; it is given because it needs the other engine.
    """

    def __init__(
        self,
        url: str,
        password: libpq.Password | None = None,
        *,
        place: str = "",
        archive: "Callable[[PostgresEngine, str], None] | None" = None,
    ) -> None:
        self.place = place or without_secrets(url)
        self._url, self._password, self._archive = url, password, archive
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._found: libpq.Found | None = None
        self._prepared: dict[bytes, bytes] | None = None
        self._is_checked = self._is_receiving = False

    def _dialled(self) -> "tuple[psycopg.Connection[tuple[Any, ...]], libpq.Found]":
        connection = libpq.dial(self._url, self._password, self.place)
        try:
            with self._telling():
                found = libpq.look(connection)
            if found.encoding != "UTF8":
                raise BadConfig(f"{self.place}: the database's encoding is {found.encoding}; it must be UTF8")
            if not found.schema:
                raise BadConfig(
                    f"{self.place}: no schema of its search_path exists; make one: create schema …"
                )
        except BaseException:
            connection.close()
            raise
        connection.prepare_threshold = None
        return connection, found

    def _reached(self) -> "tuple[psycopg.Connection[tuple[Any, ...]], libpq.Found]":
        """The connection, whether or not there is a store at its end."""
        if self._connection is None or self._found is None or self._connection.closed:
            self._connection, self._found = self._dialled()
            # Behind a pooler the next transaction may meet another session.
            self._prepared = None if self._found.is_pooled else {}
            self._is_checked = False
        return self._connection, self._found

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        connection, _ = self._reached()
        if not self._is_checked:
            try:
                self._check_version()
            except DeskError:
                self.close()
                raise
            self._is_checked = True
        return connection

    def _version(self) -> int | None:
        connection, found = self._reached()
        if not found.has_store:
            return None
        with self._telling():
            row = connection.execute(b"select version from desk_store").fetchone()
        return row[0] if row else None

    def _check_version(self) -> None:
        version = self._version()
        if version is None:
            raise BadConfig(f"{self.place}: there is no store yet; 'helpdesk init' makes one")
        if version == UNSEALED and not self._is_receiving:
            raise BadConfig(
                f"{self.place}: a copy into this store did not end; run 'helpdesk store copy' again"
            )
        if version > SCHEMA_VERSION:
            raise BadConfig(
                f"{self.place}: written by a newer helpdesk (store version {version}, this one knows "
                f"{SCHEMA_VERSION}); install that version"
            )

    @contextmanager
    def _telling(self, *, committing: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            failure = libpq.meant(error, self.place, committing=committing)
            if failure is None:
                raise
            raise failure from error

    @contextmanager
    def read(self) -> Iterator[PostgresTx]:
        try:
            with self._transaction(b"begin isolation level repeatable read read only") as tx:
                yield tx
        except Again as error:
            raise Busy(f"{error}; try again") from None

    @contextmanager
    def write(self) -> Iterator[PostgresTx]:
        try:
            with self._transaction(self._begin(alone=True)) as tx:
                yield tx
        except Again as error:
            raise Busy(f"{error}; try again") from None

    def transact(self, work: Callable[[PostgresTx], Result], *, alone: bool = True) -> Result:
        for attempt in range(ATTEMPTS):
            try:
                with self._transaction(self._begin(alone=alone)) as tx:
                    return work(tx)
            except Again as error:
                if attempt == ATTEMPTS - 1:
                    raise Busy(f"{error}; tried {ATTEMPTS} times; try again") from None
                _pause(attempt)
        raise AssertionError

    def _begin(self, *, alone: bool) -> bytes:
        """One message to the server that opens a transaction for writing."""
        _, found = self._reached()
        if found.is_standby:
            self.close()  # it may be promoted before the next attempt
            raise libpq.only_reads(self.place)
        words = [
            "begin isolation level read committed read write",
            f"set local lock_timeout = '{int(BUSY_SECONDS * 1000)}ms'",
            # A host that stops in the middle keeps the others waiting so long and no longer.
            "set local idle_in_transaction_session_timeout = '120s'",
        ]
        if found.synchronous_commit in ("off", "local"):
            # What we call kept must be kept: the mail is then taken from its server.
            words.append("set local synchronous_commit = on")
        if alone:
            words.append(f"select pg_advisory_xact_lock({self._key('write')})")
        return "; ".join(words).encode()

    def _key(self, name: str) -> int:
        """The number of a lock; locks are the database's, so another desk in it has other numbers."""
        from hashlib import sha256

        _, found = self._reached()
        digest = sha256(f"helpdesk\n{found.schema}\n{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    @contextmanager
    def _transaction(self, begin: bytes) -> Iterator[PostgresTx]:
        connection = self._connect()
        try:
            with self._telling():
                connection.execute(begin)
                tx = PostgresTx(connection.pgconn, self.place, self._prepared)
                yield tx
            with self._telling(committing=True):
                said = tx.end(b"commit")
            if said != "COMMIT":
                raise Failed(f"{self.place}: a statement failed within the transaction; nothing was saved")
        except BaseException:
            self._undo(connection)
            raise

    def _undo(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        import psycopg

        try:
            if not connection.closed and connection.info.transaction_status != 0:
                connection.execute(b"rollback")
        except psycopg.Error:
            connection.close()
        if connection.closed and connection is self._connection:
            self._connection = None

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        self._connect()  # says what is wrong with the store, and knows its name
        connection, _ = self._dialled()
        words = (
            "begin; set local idle_in_transaction_session_timeout = 0; set local tcp_keepalives_idle = 30; "
            "set local tcp_keepalives_interval = 10; set local tcp_keepalives_count = 3; "
            # It has no row and no snapshot, so the server can tidy up as long as it is held.
            f"select pg_try_advisory_xact_lock({self._key(name)})"
        )
        try:
            with self._telling():
                cursor = connection.execute(words.encode())
                while cursor.nextset():
                    pass
                row = cursor.fetchone()
            yield bool(row and row[0])
        finally:
            # The server frees the lock when we die or hang up, but we need not wait until it notices.
            self._undo(connection)
            connection.close()

    def exists(self) -> bool:
        _, found = self._reached()
        return found.has_store

    def build(self) -> None:
        if self.exists():
            raise Failed(f"{self.place}: there is a store already; nothing was changed")
        tables, keys = translated()
        self._make(SCHEMA_VERSION, [*tables, *keys])

    def _make(self, version: int, made: list[str]) -> None:
        with self._changing() as connection:
            connection.execute(b"create table desk_store (version bigint not null)")
            for statement in made:
                connection.execute(statement.encode())
            can_lz4 = connection.execute(
                b"select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'"
            ).fetchone()
            if can_lz4 == (True,):
                for statement in LZ4:
                    connection.execute(statement.encode())
            connection.execute(b"insert into desk_store (version) values ($1)", [version])
        self.close()  # what was found is no longer so

    @contextmanager
    def _changing(self) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
        """A transaction that changes what the store is made of, whether or not there is one."""
        connection, _ = self._reached()
        try:
            with self._telling():
                connection.execute(self._begin(alone=True))
                yield connection
                connection.execute(b"commit")
        except BaseException:
            self._undo(connection)
            raise

    def is_free(self) -> bool:
        return self._version() in (None, UNSEALED)

    def receive(self) -> None:
        version = self._version()
        if version not in (None, UNSEALED):
            raise Failed(f"{self.place}: there is a desk already; nothing was changed; name another")
        if version is None:
            self._make(UNSEALED, translated()[0])
        self._is_receiving = True

    def seal(self) -> None:
        with self._changing() as connection:
            for statement in translated()[1]:
                connection.execute(statement.encode())
            for table in numbered_tables():
                connection.execute(
                    f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}".encode()
                )
            connection.execute(b"analyze")
            connection.execute(b"update desk_store set version = $1", [SCHEMA_VERSION])
        self._is_receiving = False

    def backup(self, path: str) -> None:
        assert self._archive is not None
        self._archive(self, path)

    def verify(self) -> list[str]:
        with self.read() as tx:
            gone = [
                f"{table}: the table is missing"
                for table in (*tables(), "message_words")
                if tx.row("select to_regclass(:table)", table=table) == (None,)
            ]
            if gone:
                return gone
            broken = tx.rows(
                "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t "
                "on t.oid = i.indrelid where not i.indisvalid and t.relnamespace = "
                "(select oid from pg_namespace where nspname = current_schema())"
            )
            lacking = tx.row(
                "select count(*) from message m where not exists "
                "(select 1 from message_words w where w.message = m.id)"
            )
        found = [f"{row[0]!s}: the index is not valid; reindex it" for row in broken]
        if lacking and lacking[0]:
            found.append(f"{lacking[0]!r} messages are not in the search index")
        return found

    def facts(self) -> dict[str, str]:
        connection = self._connect()
        _, found = self._reached()
        info = connection.info
        with self._telling():
            # Of each standby only who may read all statistics sees more than that it is there.
            row = connection.execute(
                b"select count(*), count(sync_state), count(*) filter (where sync_state in ('sync', 'quorum')), "
                b"current_setting('synchronous_standby_names') from pg_stat_replication"
            ).fetchone()
        assert row is not None
        standbys, seen, synchronous, waited_for = row
        return {
            "engine": f"PostgreSQL {found.version}",
            "store": self.place,
            "server": f"{info.host}:{info.port}",
            "database": info.dbname,
            "user": info.user,
            "schema": found.schema,
            "version": str(self._version()),
            "role": "standby" if found.is_standby else "primary",
            "standbys": f"{standbys}, {synchronous} synchronous" if seen == standbys else str(standbys),
            "synchronous_standby_names": waited_for or "none",
            "synchronous_commit": found.synchronous_commit,
            "tls": "yes" if connection.pgconn.ssl_in_use else "no",
            "pooler": "yes" if found.is_pooled else "no",
        }

    def ahead(self) -> float:
        return self._reached()[1].ahead

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _pause(attempt: int) -> None:
    """Wait a little before a unit is done anew, longer each time and never as long as the other one."""
    import random
    import time

    time.sleep(random.uniform(0.2, 1.0) * min(0.01 * 2**attempt, 1.0))  # noqa: S311 chance, not a secret
