"""A desk copied between any two databases is the same desk, whatever was in the target before."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stores import ENGINES, POSTGRESQL, SQLITE, Moulds, Stores

from helpdesk_cli.errors import BadConfig, Failed
from helpdesk_cli.store import copying, open_engine
from helpdesk_cli.store.engine import Engine, Row, Tx, Value, schema, statements
from helpdesk_cli.store.sqlite_tx import sqlite3

EACH = 7
"""So many rows each table of the source has, their numbers and whatever they point to from 1 on."""

STARTS = ("b", "B", "ä", "_", "a-b", "a.b", "😀")
"""Each language of a server would put them into another order."""


def shape() -> dict[str, list[tuple[str, str, bool, int]]]:
    """Of each table its columns, as SQLite reads ``schema.sql``: name, type, may be null, place in the key."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema())
    names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
    found = {
        table: [
            (name, kind.lower(), not is_full and not place, place)
            for _, name, kind, is_full, _, place in connection.execute(f"pragma table_info({table})")
        ]
        for table in names
    }
    connection.close()
    return found


def value(column: str, kind: str, number: int) -> Value:
    """What a row has in a column; also where it must point to another row."""
    if kind == "integer":
        return number
    if kind == "real":
        return number + 0.5
    text = f"{STARTS[number % len(STARTS)]} {column} {number} it's \\u0000 \n%s :x ü"
    return text.encode() * 1000 if kind == "blob" else text


def fill(url: str) -> None:
    """Write rows into every column of every table, in every other row null where that may be."""
    engine = open_engine(url)
    with engine.write() as tx:
        for table, columns in shape().items():
            for number in range(1, EACH + 1):
                row = {
                    name: None if may_lack and number % 2 else value(name, kind, number)
                    for name, kind, may_lack, _ in columns
                }
                put(tx, table, row)
                if table == "message":
                    tx.index(number, str(row["subject"]), str(row["new_text"]))
        put(tx, "tally", {"kind": "twice", "key": "k", "at": "now", "ticket": None})
        put(tx, "tally", {"kind": "twice", "key": "k", "at": "now", "ticket": None})
    engine.close()


def put(tx: Tx, table: str, row: dict[str, Value]) -> None:
    tx.run(
        f"insert into {table} ({', '.join(row)}) values ({', '.join(f':{name}' for name in row)})",
        **row,
    )


class Pair:
    """A filled store and an address where there is none yet."""

    def __init__(self, source: str, target: str) -> None:
        self.urls = source, target
        self.source, self.target = open_engine(source), open_engine(target)

    def copy(self, **more: Any) -> list[copying.TableReport]:
        """Copy, as often as wanted; all must agree."""
        self.target.receive()
        reports = copying.copy(self.source, self.target, **more)
        assert [one for one in reports if not one.agrees] == []
        return reports

    def close(self) -> None:
        self.source.close()
        self.target.close()


def everything(engine: Engine) -> dict[str, list[Row]]:
    with engine.read() as tx:
        return {table: sorted(tx.rows(f"select * from {table}"), key=repr) for table in shape()}


def found(engine: Engine, words: str) -> list[Row]:
    with engine.read() as tx:
        text, binds = tx.matching(words)
        return sorted(tx.rows(f"select t.number from ticket t where {text}", **binds))


@pytest.fixture
def made(moulds: Moulds, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Stores]]:
    """Stores of any engine, whatever the folder's tests take."""
    every: list[Stores] = []

    def made(kind: str) -> Stores:
        server = request.getfixturevalue("postgres") if kind == POSTGRESQL else None
        every.append(Stores(kind, moulds, tmp_path, server))
        return every[-1]

    yield made
    for stores in every:
        stores.end()


@pytest.fixture(params=[(one, other) for one in ENGINES for other in ENGINES], ids="-to-".join)
def pair(request: pytest.FixtureRequest, made: Callable[[str], Stores]) -> Iterator[Pair]:
    one, other = request.param
    opened = Pair(made(one).copy("full", fill), made(other).empty())
    yield opened
    opened.close()


@pytest.fixture(params=ENGINES)
def from_sqlite(request: pytest.FixtureRequest, made: Callable[[str], Stores]) -> Iterator[Pair]:
    opened = Pair(made(SQLITE).copy("full", fill), made(request.param).empty())
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a table of seven rows be three batches."""
    monkeypatch.setattr(copying, "ROWS", 3)


def test_what_is_copied_is_every_column_of_every_table_of_the_schema() -> None:
    known = {table.name: table for table in copying.tables()}
    assert list(known) == [one.split()[2] for one in statements(schema()) if one.startswith("create table")]
    assert list(known) == list(shape())
    for name, columns in shape().items():
        keys = sorted((place, column) for column, _, _, place in columns if place)
        assert known[name].columns == tuple(column for column, *_ in columns)
        assert known[name].key == tuple(column for _, column in keys)
        assert known[name].texts == tuple(column for column, kind, *_ in columns if kind in ("text", "blob"))
        assert known[name].blobs == tuple(column for column, kind, *_ in columns if kind == "blob")


def test_a_copy_is_the_same_and_a_store_like_any_other(pair: Pair) -> None:
    reports = pair.copy()
    assert {one.name: one.rows for one in reports} == {
        table: EACH + 2 if table == "tally" else EACH for table in shape()
    }
    assert [one.written for one in reports] == [one.rows for one in reports]
    assert copying.changed(pair.source, reports) == []
    pair.target.seal()
    pair.target.close()
    assert everything(pair.target) == everything(pair.source)
    assert pair.target.verify() == []
    assert found(pair.target, "subject new_text 4") == found(pair.source, "subject new_text 4") == [(4,)]
    with pytest.raises(Failed, match="already; nothing was changed"):
        pair.target.receive()


def test_until_it_is_sealed_nobody_can_open_it(pair: Pair) -> None:
    pair.copy()
    other = open_engine(pair.urls[1])
    with pytest.raises(BadConfig, match="'helpdesk store copy' again"), other.read():
        pass
    other.close()


def test_a_second_run_finds_nothing_to_do(pair: Pair) -> None:
    first = pair.copy()
    again = pair.copy()
    assert {(one.written, one.removed) for one in again} == {(0, 0)}
    assert [one.digest for one in again] == [one.digest for one in first]


def test_there_and_back_again_is_the_first(pair: Pair, made: Callable[[str], Stores]) -> None:
    there = pair.copy()
    pair.target.seal()
    back = Pair(pair.urls[1], made(SQLITE).empty())
    assert [one.target_digest for one in back.copy()] == [one.digest for one in there]
    back.target.seal()
    assert everything(back.target) == everything(pair.source)
    back.close()


def test_new_rows_get_higher_numbers_than_those_copied(pair: Pair) -> None:
    pair.copy()
    pair.target.seal()
    for table in ("client", "message", "event", "letter"):
        columns = [name for name, _, _, place in shape()[table] if not place and name != "inbox_id"]
        with pair.target.write() as tx:
            row = tx.row(
                f"insert into {table} ({', '.join(columns)}) select "
                f"{', '.join('9' if name == 'message_id' else name for name in columns)} "
                f"from {table} where id = {EACH} returning id"
            )
        assert row == (EACH + 1,)


TAMPERING = {
    "a row that differs": (["update ticket set subject = 'other' where number = 4"], "ticket", 1, 1),
    "words that differ": (["update message set new_text = 'other' where id = 7"], "message", 1, 1),
    "bytes that differ": (["update blob set size = 5 where size = 2"], "blob", 1, 1),
    "a row that is away": (["delete from letter where id = 3"], "letter", 1, 0),
    "a table that is away": (["delete from link"], "link", EACH, 0),
    "a row too much": (
        ["insert into event (id, ticket, at, actor, kind) values (99, 99, '', '', '')"], "event", 0, 1
    ),
    "a unique value in a later row": (
        [
            "update staff set retired_at = (select login from staff where id = 2) where id = 7",
            "delete from staff where id = 2",
            "update staff set id = 9, login = retired_at where id = 7",
        ],
        "staff",
        2,
        1,
    ),
    "a counted row that differs": (
        ["update tally set ticket = 6 where ticket = 2"], "tally", EACH + 2, EACH + 2
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERING)
def test_what_differs_in_the_target_is_repaired(pair: Pair, what: str) -> None:
    pair.copy()
    orders, table, written, removed = TAMPERING[what]
    pair.target.transact(lambda tx: [tx.run(order) for order in orders])
    changes = {one.name: (one.written, one.removed) for one in pair.copy() if one.written or one.removed}
    assert changes == {table: (written, removed)}
    pair.target.seal()
    assert everything(pair.target) == everything(pair.source)
    assert pair.target.verify() == []
    assert found(pair.target, "new_text 7") == [(7,)]


def test_what_the_source_has_no_more_is_removed(pair: Pair) -> None:
    pair.copy()

    def delete(tx: Tx) -> None:
        tx.run("delete from letter")
        tx.run("delete from attachment where id <> 4")
        tx.run("delete from block")
        tx.run("delete from message where id not in (4, 6)")

    pair.source.transact(delete)
    removed = {one.name: one.removed for one in pair.copy() if one.removed}
    assert removed == {"letter": EACH, "attachment": EACH - 1, "message": 5, "block": EACH}
    pair.target.seal()
    assert everything(pair.target) == everything(pair.source)
    assert found(pair.target, "new_text") == [(4,), (6,)]


def test_a_batch_with_far_more_rows_in_the_target_is_deleted_unread(pair: Pair) -> None:
    pair.copy()

    def add(tx: Tx) -> None:
        for number in range(100, 200):
            put(tx, "ticket_tag", {"ticket": 3, "tag": f"{number}"})

    pair.target.transact(add)
    changes = {one.name: (one.written, one.removed) for one in pair.copy() if one.written or one.removed}
    assert changes == {"ticket_tag": (3, 103)}


def test_no_batch_is_larger_than_said(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "ROWS", 8)
    monkeypatch.setattr(copying, "BYTES", 100_000)
    seen: list[list[int]] = []

    def bring(tx: Tx) -> None:
        tx.run("delete from blob")
        for number, size in enumerate((*[30_000] * 9, 500_000, *[100] * 20)):
            put(tx, "blob", {"sha256": f"{number:064}", "size": size, "codec": "none", "data": b"x" * size})

    def look(table: str, rows: Any) -> None:
        if table == "blob":
            seen.append([len(row[3]) for row in rows])

    pair.source.transact(bring)
    pair.copy(look=look)
    assert sum(map(len, seen)) == 30
    assert [sizes for sizes in seen if len(sizes) > 1 and (sum(sizes) > 90_500 or len(sizes) > 8)] == []
    assert max(map(len, seen)) == 8


@pytest.mark.parametrize("table", shape())
def test_a_table_of_the_source_that_changed_is_told(from_sqlite: Pair, table: str) -> None:
    reports = from_sqlite.copy()
    columns = shape()[table]
    free = [(name, kind) for name, kind, _, place in columns if not place]

    def change(tx: Tx) -> None:
        if free and table != "blob":
            name, kind = free[-1]
            tx.run(f"update {table} set {name} = {2 if kind == 'integer' else repr('new')} where rowid = 1")
        else:
            row = {name: value(name, kind, 1) for name, kind, *_ in columns}
            text = next(name for name, kind, *_ in columns if kind == "text")
            put(tx, table, {**row, text: "new"})

    from_sqlite.source.transact(change)
    assert copying.changed(from_sqlite.source, reports) == [table]


def test_characters_that_only_an_old_store_has_compare_equal(from_sqlite: Pair) -> None:
    from_sqlite.source.close()
    connection = sqlite3.connect(from_sqlite.urls[0].removeprefix("sqlite:"))
    connection.execute("update ticket set subject = 'a' || char(0) || 'b' where number = 2")
    connection.commit()
    connection.close()
    from_sqlite.copy()
    again = {one.name: one.written for one in from_sqlite.copy() if one.written}
    assert again == {}
    with from_sqlite.target.read() as tx:
        assert tx.row("select subject from ticket where number = 2") == ("a�b",)


def test_a_copy_that_died_while_its_file_was_made_goes_on(
    tmp_path: Path, made: Callable[[str], Stores]
) -> None:
    connection = sqlite3.connect(tmp_path / "begun.db")
    connection.execute("pragma journal_mode = wal")  # all that a build may have done
    connection.close()
    begun = Pair(made(SQLITE).copy("full", fill), f"sqlite:{tmp_path}/begun.db")
    begun.copy()
    begun.target.seal()
    assert everything(begun.target) == everything(begun.source)
    begun.close()
