"""A whole desk copied from one database into another, and the proof that both hold the same.

What is copied follows from ``schema.sql``. The source is read in one transaction, so that the copy is of one
moment. Each batch is written by a transaction of its own: a run that dies loses a batch, and the next one
goes on. First what the target has and should not is deleted, then what it lacks is inserted; in between it
holds a part of the source and nothing else, so no unique key is ever in the way.

The caller opens the target by ``receive``, and ends the copy by ``seal`` where all agrees.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from msgspec import Struct, json

from helpdesk_cli.domain.characters import storable
from helpdesk_cli.store.engine import Engine, Row, Tx, Value, schema, statements

ROWS, BYTES = 1000, 4_000_000
"""The most that one batch holds; a row that is larger is a batch of its own."""

Step = Callable[[int], object]
Bar = Callable[[str, int], AbstractContextManager[Step]]
"""Something to enter with what is done and how many rows that takes; then told how many more are done."""

Look = Callable[[str, Sequence[Row]], object]
"""Told a table and rows of it, as the target returned them."""


class Table(Struct, frozen=True, kw_only=True):
    """A table of ``schema.sql``. Without a key its rows have no identity."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    texts: tuple[str, ...]  # the columns that may be large: text and bytes
    blobs: tuple[str, ...]  # those of bytes
    places: tuple[int, ...]  # of the key's columns

    def identity(self, row: Row) -> Row:
        """The key of a whole row."""
        return tuple([row[place] for place in self.places])


class Part(Struct, frozen=True, kw_only=True):
    """The rows of a table whose keys lie above ``after`` and up to ``last``; None is no limit."""

    after: Row | None = None
    last: Row | None = None
    keys: tuple[Row, ...] = ()
    weight: int = 0


class TableSize(Struct, frozen=True):
    """How much a table holds; texts count characters."""

    name: str
    rows: int
    weight: int


class TableReport(Struct, frozen=True, kw_only=True):
    """What became of a table: what each side holds now, and what this run changed on the target."""

    name: str
    rows: int
    digest: str  # SHA-256 of all rows in the order of their keys
    target_rows: int
    target_digest: str
    written: int
    removed: int

    @property
    def agrees(self) -> bool:
        return (self.rows, self.digest) == (self.target_rows, self.target_digest)


@contextmanager
def unwatched(_label: str, _total: int) -> Iterator[Step]:
    """A bar that nobody sees."""
    yield lambda _: None


def tables() -> list[Table]:
    """The tables of ``schema.sql`` in its order."""
    return [_table(one) for one in statements(schema()) if one.startswith("create table")]


def _table(statement: str) -> Table:
    head, _, inside = statement.partition("(")
    types: dict[str, str] = {}
    key: tuple[str, ...] = ()
    for part in re.split(r",(?![^()]*\))", inside.rpartition(")")[0]):
        name, kind, *_ = part.split()
        if found := re.match(r"\s*primary key \((.*)\)", part):
            key = tuple(column.strip() for column in found[1].split(","))
        elif name != "unique":
            types[name] = kind
            if "primary key" in part:
                key = (name,)
    return Table(
        name=head.split()[2],
        columns=tuple(types),
        key=key,
        texts=tuple(name for name, kind in types.items() if kind in ("text", "blob")),
        blobs=tuple(name for name, kind in types.items() if kind == "blob"),
        places=tuple(list(types).index(name) for name in key),
    )


def survey(tx: Tx) -> list[TableSize]:
    """How much there is to copy."""
    found = []
    for table in tables():
        row = tx.row(f"select count(*), {_sum(table)} from {table.name}")
        assert row is not None
        found.append(TableSize(table.name, _int(row[0]), _int(row[1])))
    return found


def copy(
    source: Engine, target: Engine, *, bar: Bar = unwatched, look: Look | None = None
) -> list[TableReport]:
    """Make a target that was opened by ``receive`` equal to the source, and say how far it is."""
    known = tables()
    with source.read() as tx:
        total = sum(_count(tx, table) for table in known)
        with bar("looking through what is there", total) as step:
            removed = {table.name: _weed(tx, target, table, step) for table in known if table.key}
        written = {}
        with bar("copying", total) as step:
            for table in known:
                if table.key:
                    written[table.name] = _fill(tx, target, table, step)
                else:
                    work = partial(_replace, tx, table)
                    removed[table.name], written[table.name] = target.transact(work)
                    step(_count(tx, table))
        with target.read() as copied, bar("comparing", 2 * total) as step:
            reports = []
            for table in known:
                rows, digest = _digest(tx, table, step)
                target_rows, target_digest = _digest(copied, table, step, look)
                reports.append(
                    TableReport(
                        name=table.name,
                        rows=rows,
                        digest=digest,
                        target_rows=target_rows,
                        target_digest=target_digest,
                        written=written[table.name],
                        removed=removed[table.name],
                    )
                )
    return reports


def changed(source: Engine, reports: Sequence[TableReport], *, bar: Bar = unwatched) -> list[str]:
    """The tables of a source that are not any more what was copied.

    Bytes are kept by their digest and never change, so of their table only the rows are counted.
    """
    before = {report.name: report for report in reports}
    total = sum(report.rows for report in reports)
    found = []
    with source.read() as tx, bar("looking for what changed meanwhile", total) as step:
        for table in tables():
            report = before[table.name]
            if table.blobs:
                is_same = _count(tx, table) == report.rows
            else:
                is_same = _digest(tx, table, step) == (report.rows, report.digest)
            if not is_same:
                found.append(table.name)
    return found


# Parts of a table


def _parts(tx: Tx, table: Table) -> Iterator[Part]:
    """A table in the order of its keys, cut into batches; sizes are learned before a row is read."""
    names = ", ".join(table.key)
    after: Row | None = None
    while True:
        where, binds = _between(table, after, None)
        found = tx.rows(
            f"select {names}, {_weight(table)} from {table.name}{where} order by {names} limit {ROWS}",
            **binds,
        )
        keys: list[Row] = []
        weight = 0
        for *key, more in found:
            if keys and weight + _int(more) > BYTES:
                yield Part(after=after, last=keys[-1], keys=tuple(keys), weight=weight)
                after, keys, weight = keys[-1], [], 0
            keys.append(tuple(key))
            weight += _int(more)
        if not keys:
            return
        yield Part(after=after, last=keys[-1], keys=tuple(keys), weight=weight)
        if len(found) < ROWS:
            return
        after = keys[-1]


def _between(table: Table, after: Row | None, last: Row | None) -> tuple[str, dict[str, Value]]:
    """The condition for a part of a table, and its binds."""
    conditions, binds = [], {}
    for sign, name, key in ((">", "after", after), ("<=", "last", last)):
        if key is not None:
            named = {f"{name}{place}": value for place, value in enumerate(key)}
            conditions.append(f"({', '.join(table.key)}) {sign} ({', '.join(f':{each}' for each in named)})")
            binds.update(named)
    return (f" where {' and '.join(conditions)}" if conditions else ""), binds


def _rows(tx: Tx, table: Table, part: Part) -> list[Row]:
    where, binds = _between(table, part.after, part.last)
    order = f" order by {', '.join(table.key)}" if table.key else ""
    return tx.rows(f"select {', '.join(table.columns)} from {table.name}{where}{order}", **binds)


def _count(tx: Tx, table: Table) -> int:
    row = tx.row(f"select count(*) from {table.name}")
    assert row is not None
    return _int(row[0])


def _weight(table: Table) -> str:
    return " + ".join(f"coalesce(length({name}), 0)" for name in table.texts) or "0"


def _sum(table: Table) -> str:
    return f"cast(coalesce(sum({_weight(table)}), 0) as bigint)"


def _int(value: Value) -> int:
    assert isinstance(value, int)
    return value


# Deleting


def _weed(source: Tx, target: Engine, table: Table, step: Step) -> int:
    """Delete what the target has and the source has not, or has otherwise; how many rows."""
    removed, last, is_seen = 0, None, False
    for part in _parts(source, table):
        if not is_seen and not _has(target, table, last):
            return removed
        is_seen, more = target.transact(partial(_weed_part, source, table, part))
        removed += more
        last = part.last
        step(len(part.keys))
    where, binds = _between(table, last, None)
    return removed + target.transact(lambda tx: tx.run(f"delete from {table.name}{where}", **binds))


def _has(target: Engine, table: Table, after: Row | None) -> bool:
    where, binds = _between(table, after, None)
    with target.read() as tx:
        return tx.row(f"select 1 from {table.name}{where} limit 1", **binds) is not None


def _weed_part(source: Tx, table: Table, part: Part, tx: Tx) -> tuple[bool, int]:
    """Do so within a part: whether anything was there, and how many rows were deleted."""
    where, binds = _between(table, part.after, part.last)
    row = tx.row(f"select count(*), {_sum(table)} from {table.name}{where}", **binds)
    assert row is not None
    count, weight = map(_int, row)
    if count == 0:
        return False, 0
    if count > 2 * ROWS or weight > 2 * (BYTES + part.weight):
        return True, tx.run(f"delete from {table.name}{where}", **binds)  # too much to be read at once
    wanted = {table.identity(row): row for row in _clean(table, _rows(source, table, part))[0]}
    keys = [table.identity(row) for row in _rows(tx, table, part) if wanted.get(table.identity(row)) != row]
    same = " and ".join(f"{name} = :{name}" for name in table.key)
    tx.many(
        f"delete from {table.name} where {same}", (dict(zip(table.key, key, strict=True)) for key in keys)
    )
    return True, len(keys)


# Inserting


def _fill(source: Tx, target: Engine, table: Table, step: Step) -> int:
    """Insert what the target lacks; how many rows."""
    written = 0
    for part in _parts(source, table):
        written += target.transact(partial(_fill_part, source, table, part))
        step(len(part.keys))
    return written


def _fill_part(source: Tx, table: Table, part: Part, tx: Tx) -> int:
    where, binds = _between(table, part.after, part.last)
    there = set(tx.rows(f"select {', '.join(table.key)} from {table.name}{where}", **binds))
    if there.issuperset(part.keys):
        return 0
    rows = _rows(source, table, part)
    return _insert(tx, table, [row for row in rows if table.identity(row) not in there] if there else rows)


def _insert(tx: Tx, table: Table, rows: list[Row]) -> int:
    named = [dict(zip(table.columns, row, strict=True)) for row in rows]
    values = ", ".join(f":{name}" for name in table.columns)
    tx.many(f"insert into {table.name} ({', '.join(table.columns)}) values ({values})", named)
    if table.name == "message":
        for row in named:
            tx.index(_int(row["id"]), str(row["subject"]), str(row["new_text"]))
    return len(rows)


def _replace(source: Tx, table: Table, tx: Tx) -> tuple[int, int]:
    """Write a table anew whose rows have no identity, where it differs; how many were deleted and written."""
    wanted = _rows(source, table, Part())
    there = _rows(tx, table, Part())
    if _sorted(table, wanted) == _sorted(table, there):
        return 0, 0
    tx.run(f"delete from {table.name}")
    return len(there), _insert(tx, table, wanted)


# Comparing


def _digest(tx: Tx, table: Table, step: Step, look: Look | None = None) -> tuple[int, str]:
    """How many rows there are, and the SHA-256 of all of them."""
    from hashlib import sha256

    total, count = sha256(), 0
    for part in _parts(tx, table) if table.key else (Part(),):
        rows = _rows(tx, table, part)
        if look is not None:
            look(table.name, rows)
        if table.key:
            total.update(_clean(table, rows)[1])
        else:
            total.update(_sorted(table, rows))
        count += len(rows)
        step(len(rows))
    return count, total.hexdigest()


def _clean(table: Table, rows: list[Row]) -> tuple[list[Row], bytes]:
    """Rows as every store returns them, and as bytes; an old store may hold characters that others refuse."""
    written = _written(table, rows)
    if b"\\u0000" in written:
        rows = [tuple(storable(each) if isinstance(each, str) else each for each in row) for row in rows]
        written = _written(table, rows)
    return rows, written


def _written(table: Table, rows: list[Row]) -> bytes:
    """Rows as JSON; of bytes their digest."""
    if table.blobs and rows:
        from hashlib import sha256

        rows = [
            tuple(sha256(each).digest() if isinstance(each, bytes) else each for each in row) for row in rows
        ]
    return b"".join(map(json.encode, rows))


def _sorted(table: Table, rows: list[Row]) -> bytes:
    """All rows in an order of their own."""
    return b"".join(sorted(_clean(table, [row])[1] for row in rows))
