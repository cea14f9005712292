"""An open transaction of PostgreSQL."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from helpdesk_cli.domain.searching import phrase_of, vector_of
from helpdesk_cli.errors import Busy, StoreAway
from helpdesk_cli.store import libpq
from helpdesk_cli.store.engine import Again, Value, stored
from helpdesk_cli.store.postgres_sql import numbered

if TYPE_CHECKING:
    import psycopg


class PostgresTx:
    """An open transaction of one connection."""

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]", place: str) -> None:
        self._connection = connection
        self._place = place

    def _execute(self, sql: str, binds: dict[str, Value]) -> "psycopg.Cursor[tuple[Any, ...]]":
        text, names = numbered(sql)
        cursor = self._connection.cursor(binary=True)
        if not names:
            return cursor.execute(text)
        binds = stored(binds)
        return cursor.execute(text, [binds[name] for name in names])

    def rows(self, sql: str, **binds: Value) -> list[tuple[Value, ...]]:
        return self._execute(sql, binds).fetchall()

    def row(self, sql: str, **binds: Value) -> tuple[Value, ...] | None:
        return self._execute(sql, binds).fetchone()

    def run(self, sql: str, **binds: Value) -> int:
        return self._execute(sql, binds).rowcount

    def many(self, sql: str, binds: Iterable[dict[str, Value]]) -> None:
        text, names = numbered(sql)
        rows = ([clean[name] for name in names] for clean in map(stored, binds))
        self._connection.cursor().executemany(text, rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._connection.execute(b"savepoint part")
        try:
            yield
        except Exception as error:
            failure = libpq.meant(error, self._place)
            if isinstance(failure, Again | StoreAway):
                raise failure from error  # the whole unit is to be done anew, or nothing more can be done
            self._connection.execute(b"rollback to savepoint part; release savepoint part")
            if isinstance(failure, Busy):
                raise failure from error
            raise
        self._connection.execute(b"release savepoint part")

    def matching(self, words: str) -> tuple[str, dict[str, Value]]:
        phrases = [phrase_of(word) for word in words.replace("\0", " ").split()[:20] if word.rstrip("*")]
        if not phrases:
            return "select number from ticket", {}
        if None in phrases:
            return "select number from ticket where number is null", {}
        # Each word may stand in another message of the ticket, so each is a search of its own.
        one = (
            "select m.ticket from message_words s join message m on m.id = s.message "
            "where s.words @@ cast(:words{} as tsquery)"
        )
        return (
            " intersect ".join(one.format(number) for number in range(len(phrases))),
            {f"words{number}": phrase for number, phrase in enumerate(phrases)},
        )

    def index(self, message: int, subject: str, text: str) -> None:
        self.run(
            "insert into message_words (message, words) values (:message, cast(:words as tsvector)) "
            "on conflict (message) do update set words = excluded.words",
            message=message,
            words=vector_of(subject, text),
        )

    def skipping(self, select: str) -> str:
        return f"{select} for update skip locked"
