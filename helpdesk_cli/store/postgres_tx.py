"""An open transaction of PostgreSQL.

Statements go through psycopg's wrapper of libpq: a cursor would take three times as long for each, and a
mail takes some twenty of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from helpdesk_cli.domain.searching import phrase_of, vector_of
from helpdesk_cli.errors import Busy, StoreAway
from helpdesk_cli.store import libpq
from helpdesk_cli.store.engine import Again, Later, Row, Value, stored
from helpdesk_cli.store.postgres_sql import numbered

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

Sent = tuple[bytes, list[bytes | None], list[int]]
"""A statement with its values and their formats (0: text, 1: bytes)."""

AT_ONCE = 500
"""So many statements are sent before their results are read."""

IDS_AT_ONCE = 64
"""So many ids are drawn at once at most, by a transaction that wants many."""

HEAVY = 1_000_000
"""So many bytes of values wait at most."""


class PostgresTx:
    """An open transaction of one connection.

    ``prepared`` are the statements that this connection knows already, by their text; None where the next
    transaction may meet another session, so that nothing can be prepared.
    """

    def __init__(self, pgconn: "PGconn", place: str, prepared: dict[bytes, bytes] | None) -> None:
        self._pgconn, self._place, self._prepared = pgconn, place, prepared
        self._waiting: list[Sent] = []
        self._weight = 0
        self._asked: list[tuple[int, _Answer]] = []  # where in what waits it stands
        self.memo: dict[object, Any] = {}

    def rows(self, sql: str, **binds: Value) -> list[tuple[Value, ...]]:
        return libpq.rows_of(self._done(sql, binds))

    def row(self, sql: str, **binds: Value) -> tuple[Value, ...] | None:
        rows = libpq.rows_of(self._done(sql, binds))
        return rows[0] if rows else None

    def ask(self, sql: str, **binds: Value) -> Later[list[Row]]:
        answer = _Answer(self)
        self._asked.append((len(self._waiting), answer))
        self.put(sql, **binds)
        return answer

    def fresh(self, table: str) -> int:
        ids: list[int] = self.memo.setdefault(("fresh", table), [])
        if not ids:
            drawn = self.memo["drawn", table] = min(self.memo.get(("drawn", table), 1) * 4, IDS_AT_ONCE)
            rows = self.rows(
                "select nextval(pg_get_serial_sequence(:table, 'id')) from generate_series(1, :drawn)",
                table=table,
                drawn=drawn,
            )
            ids += sorted((int(row[0]) for row in rows), reverse=True)  # type: ignore[arg-type]
        return ids.pop()

    def run(self, sql: str, **binds: Value) -> int:
        return self._done(sql, binds).command_tuples or 0

    def put(self, sql: str, **binds: Value) -> None:
        sent = _sendable(sql, binds)
        self._waiting.append(sent)
        self._weight += sum(len(value) for value in sent[1] if value is not None)
        if len(self._waiting) >= AT_ONCE or self._weight >= HEAVY:
            self.flush()

    def flush(self) -> None:
        """Send what waits, and look at what became of it."""
        if self._waiting:
            self._sent_with()

    def end(self, text: bytes) -> str:
        """Send what waits and a command without values; the command's tag, ``COMMIT`` or ``ROLLBACK``."""
        if self._waiting:
            result = self._sent_with((text, [], []), patiently=True)[-1]
        else:
            self._pgconn.send_query(text)
            libpq.wait(self._pgconn)
            results = list(iter(self._pgconn.get_result, None))
            result = libpq.checked(self._pgconn, results[-1] if results else None)
        return (result.command_status or b"").decode()

    def _done(self, sql: str, binds: dict[str, Value]) -> "PGresult":
        sent = _sendable(sql, binds)
        if self._waiting:
            return self._sent_with(sent)[-1]
        text, values, formats = sent
        if self._prepared is None:
            result = self._pgconn.exec_params(text, values, None, formats, 1)
        else:
            result = self._pgconn.exec_prepared(self._name(text), values, formats, 1)  # type: ignore[arg-type]
        return libpq.checked(self._pgconn, result)

    def _name(self, text: bytes) -> bytes:
        assert self._prepared is not None
        name = self._prepared.get(text)
        if name is None:
            name = b"s%d" % len(self._prepared)
            libpq.checked(self._pgconn, self._pgconn.prepare(name, text))
            self._prepared[text] = name
        return name

    def many(self, sql: str, binds: Iterable[dict[str, Value]]) -> None:
        for each in binds:
            self.put(sql, **each)
        self.flush()

    def each(self, sql: str, binds: Iterable[dict[str, Value]]) -> list[tuple[Value, ...] | None]:
        self.flush()
        sent = [_sendable(sql, each) for each in binds]
        batches = (sent[start : start + AT_ONCE] for start in range(0, len(sent), AT_ONCE))
        found = (libpq.rows_of(result) for batch in batches for result in self._send(batch))
        return [rows[0] if rows else None for rows in found]

    def _sent_with(self, *more: Sent, patiently: bool = False) -> "list[PGresult]":
        """Send what waits and more, and hand out the answers; the results."""
        waiting, asked = self._waiting, self._asked
        self._waiting, self._asked, self._weight = [], [], 0
        results = self._send([*waiting, *more], patiently=patiently)
        for place, answer in asked:
            answer.rows = libpq.rows_of(results[place])
        return results

    def _send(self, batch: Sequence[Sent], *, patiently: bool = False) -> "list[PGresult]":
        """Send statements in one go, then look at what became of each; their results.

        ``patiently``: the answer may take long, so signals are heard meanwhile.
        """
        named = None if self._prepared is None else {text: self._name(text) for text, _, _ in batch}
        pgconn = self._pgconn
        pgconn.enter_pipeline_mode()
        for text, values, formats in batch:
            if named is None:
                pgconn.send_query_params(text, values, None, formats, 1)
            else:
                pgconn.send_query_prepared(named[text], values, formats, 1)
        pgconn.pipeline_sync()
        results = []
        for _ in batch:
            if patiently:
                libpq.wait(pgconn)
            results.append(pgconn.get_result())
            if results[-1] is None:
                break  # the connection is gone
            pgconn.get_result()  # each statement's results end with nothing
        pgconn.get_result()
        if pgconn.status != libpq.BAD:
            pgconn.exit_pipeline_mode()
        # The first that failed says why; those after it were skipped.
        return [libpq.checked(pgconn, result) for result in results]

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self.put("savepoint part")
        try:
            yield
            # Here, so that what fails is this part's fault.
            self.put("release savepoint part")
            self.flush()
        except Exception as error:
            failure = libpq.meant(error, self._place)
            if isinstance(failure, Again | StoreAway):
                raise failure from error  # the whole unit is to be done anew, or nothing more can be done
            self._waiting, self._asked, self._weight = [], [], 0
            self.memo.clear()
            self.end(b"rollback to savepoint part; release savepoint part")
            if isinstance(failure, Busy):
                raise failure from error
            raise

    def matching(self, words: str) -> tuple[str, dict[str, Value]]:
        phrases = [phrase_of(word) for word in words.replace("\0", " ").split()[:20] if word.rstrip("*")]
        if not phrases:
            return "t.number is not null", {}
        if None in phrases:
            return "t.number is null", {}
        # Each word may stand in another message of the ticket, so each is a search of its own.
        one = (
            "select m.ticket from message_words s join message m on m.id = s.message "
            "where s.words @@ cast(:words{} as tsquery)"
        )
        return (
            f"t.number in ({' intersect '.join(one.format(number) for number in range(len(phrases)))})",
            {f"words{number}": phrase for number, phrase in enumerate(phrases)},
        )

    def index(self, message: int, subject: str, text: str) -> None:
        self.put(
            "insert into message_words (message, words) values (:message, cast(:words as tsvector)) "
            "on conflict (message) do update set words = excluded.words",
            message=message,
            words=vector_of(subject, text),
        )

    def skipping(self, select: str) -> str:
        return f"{select} for update skip locked"


class _Answer:
    """Rows that were asked for."""

    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx
        self.rows: list[Row] | None = None

    def __call__(self) -> list[Row]:
        if self.rows is None:
            self._tx.flush()
        assert self.rows is not None, "it was asked for in a part that was undone"
        return self.rows


def _sendable(sql: str, binds: dict[str, Value]) -> Sent:
    text, names = numbered(sql)
    if not names:
        return text, [], []
    binds = stored(binds)
    values: list[bytes | None] = []
    formats = [0] * len(names)
    for place, name in enumerate(names):
        value = binds[name]
        if value is None:
            values.append(None)
        elif isinstance(value, str):
            values.append(value.encode())
        elif isinstance(value, bytes):
            values.append(value)
            formats[place] = 1
        else:
            values.append(b"%d" % value if isinstance(value, int) else repr(value).encode())
    return text, values, formats
