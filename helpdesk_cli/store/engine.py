"""The contract that each database keeps, so that queries are written once.

Queries are SQL that SQLite and PostgreSQL both understand: ``:name`` binds, ``on conflict``,
``returning``, ``coalesce``. What differs is a verb here, never an ``if`` in a query.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from helpdesk_cli.domain.characters import storable

Value = str | int | float | bytes | None
Row = tuple[Value, ...]
Result = TypeVar("Result")
Later = Callable[[], Result]
"""What was asked for and is read a little later, by a call. Nothing is written in between."""

SCHEMA_VERSION = 1
"""Of ``schema.sql``; a store with a higher one was written by a newer program and is refused."""


class Again(Exception):
    """Another was quicker, so the unit must be done anew from its beginning; never leaves ``transact``.

    It leaves savepoints: whoever catches there what is wrong with one part must let it pass.
    """


class Tx(Protocol):
    """An open transaction."""

    memo: dict[object, Any]
    """What was read in this transaction and is asked again and again; who writes such rows clears it."""

    def rows(self, sql: str, **binds: Value) -> list[tuple[Value, ...]]:
        """All rows of one statement."""
        ...

    def row(self, sql: str, **binds: Value) -> tuple[Value, ...] | None:
        """Its first row, or None. With ``returning`` also for inserts."""
        ...

    def ask(self, sql: str, **binds: Value) -> Later[list[Row]]:
        """All rows of a statement that only reads; what is asked before the first is read goes to a server together."""
        ...

    def fresh(self, table: str) -> int:
        """An id for a row that this transaction is about to write, higher than those of all rows before it.

        Only where the transaction is alone; ids that nobody uses are left out.
        """
        ...

    def run(self, sql: str, **binds: Value) -> int:
        """Run a statement that returns no rows; how many rows it touched."""
        ...

    def put(self, sql: str, **binds: Value) -> None:
        """Run a statement of whose outcome nobody asks; a failure may come with a later one of the transaction."""
        ...

    def each(self, sql: str, binds: Iterable[dict[str, Value]]) -> list[tuple[Value, ...] | None]:
        """Run one statement for each set of binds; the first row of each, with ``returning`` also for inserts."""
        ...

    def many(self, sql: str, binds: Iterable[dict[str, Value]]) -> None:
        """Run one statement for each set of binds."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that is undone alone when an exception leaves it."""
        ...

    def matching(self, words: str) -> tuple[str, dict[str, Value]]:
        """A condition on the tickets ``t`` whose words match a person's search, and its binds.

        The words are plain text, not a query language: all must occur, a trailing ``*`` is a prefix.
        """
        ...

    def index(self, message: int, subject: str, text: str) -> None:
        """Let a message that was just written be found by its words; they change never."""
        ...

    def skipping(self, select: str) -> str:
        """A select of one table, its rows locked until the end; those that another holds are left out."""
        ...


class Engine(Protocol):
    """A database that keeps the desk's records."""

    place: str
    """Where the records live, as people may see it: without any password."""

    def read(self) -> AbstractContextManager[Tx]:
        """A transaction that sees one moment and writes nothing."""
        ...

    def transact(self, work: Callable[[Tx], Result], *, alone: bool = True) -> Result:
        """Do a unit of work in one write transaction, and again from its beginning where another was quicker.

        So ``work`` may run more than once: it changes nothing but the store, and everything else follows
        from what it returns. ``alone`` holds the write lock: what it reads stays true until it is
        written. Without it others write between its statements, each of which must be right by itself.
        Raises Busy when the lock was not to be had in time, or the disk is full; nothing was written.
        """
        ...

    def write(self) -> AbstractContextManager[Tx]:
        """One attempt at what ``transact`` does: a transaction that holds the write lock from its beginning."""
        ...

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """A lock among processes that the system frees when its holder dies; true where we got it.

        It only saves work: unique keys are the guarantee. Never waits.
        """
        ...

    def exists(self) -> bool:
        """Whether the store was built."""
        ...

    def build(self) -> None:
        """Make a new store from ``schema.sql``. Raises Failed where there is one."""
        ...

    def backup(self, path: str) -> None:
        """Write a complete copy of the running store to a new file."""
        ...

    def verify(self) -> list[str]:
        """What is wrong with the store, a line each; empty when it is sound."""
        ...

    def facts(self) -> dict[str, str]:
        """Which engine, version and settings, for ``doctor``: ``engine`` first, then what matters of the rest."""
        ...

    def ahead(self) -> float:
        """Seconds by which this host's clock is ahead of the store's; 0 where they are the same one."""
        ...

    def is_free(self) -> bool:
        """Whether ``receive`` would do its work: there is nothing, or a copy that did not end. Changes nothing."""
        ...

    def receive(self) -> None:
        """Make the tables for a copy of another store, or go on with a copy that was begun.

        Until ``seal`` nobody else can open the store. Raises Failed where there is a whole one.
        """
        ...

    def seal(self) -> None:
        """End a copy: from now on the store is one like any other."""
        ...

    def close(self) -> None: ...


def listed(name: str, values: Sequence[Value]) -> tuple[str, dict[str, Value]]:
    """The inside of an ``in (…)`` and its binds: ``:name0, :name1``; ``null`` where there is nothing."""
    binds = {f"{name}{number}": value for number, value in enumerate(values)}
    return ", ".join(f":{key}" for key in binds) or "null", binds


def newest(
    tx: Tx,
    columns: str,
    table: str,
    *,
    among: tuple[str, Sequence[Value]],
    equal: Mapping[str, Value],
    since: tuple[str, Value],
    limit: int | None,
    below: int | None = None,
) -> list[Row]:
    """Rows of a table with an id, the newest first; each filter without a value (none, None) asks for nothing.

    ``among`` is a column and the values that it may have, ``since`` a column of moments and the earliest, ``below``
    an id: only older rows.
    """
    text, binds = listed("among", among[1])
    where = [f"{among[0]} in ({text})"] if binds else []
    for column, value in equal.items():
        if value is not None:
            where.append(f"{column} = :{column}")
            binds[column] = value
    if since[1] is not None:
        where.append(f"{since[0]} >= :since")
        binds["since"] = since[1]
    if below is not None:
        where.append("id < :below")
        binds["below"] = below
    statement = f"select {columns} from {table}"
    if where:
        statement += f" where {' and '.join(where)}"
    statement += " order by id desc"
    if limit is not None:
        statement += " limit :limit"
        binds["limit"] = limit
    return tx.rows(statement, **binds)


def stored(binds: dict[str, Value]) -> dict[str, Value]:
    """Binds that every database takes; nearly always they are so already."""
    for value in binds.values():
        if isinstance(value, str) and storable(value) is not value:
            return {name: storable(each) if isinstance(each, str) else each for name, each in binds.items()}
    return binds


def schema() -> str:
    """The text of ``schema.sql``: the wheel carries it in the package, a checkout at its top."""
    from pathlib import Path

    package = Path(__file__).resolve().parent.parent
    inside = package / "schema.sql"
    return (inside if inside.exists() else package.parent / "schema.sql").read_text(encoding="utf-8")


def statements(script: str) -> list[str]:
    """The statements of a script. No text in ``schema.sql`` holds a semicolon but at a statement's end."""
    bare = "\n".join(line.partition("--")[0].rstrip() for line in script.splitlines())
    return [part.strip() for part in bare.split(";") if part.strip()]
