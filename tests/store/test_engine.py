"""The contract of an engine."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk_cli.errors import BadConfig, Busy, Failed
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine, statements
from helpdesk_cli.store.sqlite import SqliteEngine, wal_is_safe


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    built = open_engine(f"sqlite:{tmp_path}/desk.db")
    built.build()
    yield built
    built.close()


def insert(tx: object, name: str) -> None:
    tx.run("insert into counter (name, value) values (:name, 1)", name=name)  # type: ignore[attr-defined]


def names(engine: Engine) -> list[object]:
    with engine.read() as tx:
        return [row[0] for row in tx.rows("select name from counter order by name")]


def test_what_is_committed_stays_and_what_failed_does_not(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "kept")
    with pytest.raises(ZeroDivisionError), engine.write() as tx:
        insert(tx, "lost")
        _ = 1 / 0
    assert names(engine) == ["kept"]


def test_a_savepoint_is_undone_alone(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "a")
        with pytest.raises(ZeroDivisionError), tx.savepoint():
            insert(tx, "b")
            _ = 1 / 0
        with tx.savepoint():
            insert(tx, "c")
    assert names(engine) == ["a", "c"]


def test_a_returned_row_is_committed(engine: Engine) -> None:
    with engine.write() as tx:
        assert tx.row("insert into counter (name, value) values ('a', 1) returning value") == (1,)
    assert names(engine) == ["a"]


def test_the_store_and_its_journals_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        engine = open_engine(f"sqlite:{tmp_path}/desk.db")
        engine.build()
        with engine.write() as tx:
            insert(tx, "a")
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        engine.close()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert "desk.db-wal" in modes


def test_writing_waits_for_the_other_writer_and_then_sees_its_work(engine: Engine, tmp_path: Path) -> None:
    other = open_engine(f"sqlite:{tmp_path}/desk.db")
    started = threading.Event()

    def hold() -> None:
        with other.write() as tx:
            insert(tx, "first")
            started.set()
            threading.Event().wait(0.3)
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait()
    with engine.write() as tx:
        assert tx.rows("select name from counter") == [("first",)]
    thread.join()


def test_a_lock_that_is_never_free_is_busy(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk_cli.store.sqlite.BUSY_SECONDS", 0.2)
    late = SqliteEngine(f"{tmp_path}/desk.db")
    with engine.write(), pytest.raises(Busy, match="try again"), late.write():
        pass
    late.close()


def test_a_named_lock_is_held_by_one_and_freed_when_its_holder_is_killed(
    engine: Engine, tmp_path: Path
) -> None:
    code = (
        "import sys, time\nfrom helpdesk_cli.store import open_engine\n"
        f"with open_engine('sqlite:{tmp_path}/desk.db').lock('mailbox-a') as got:\n"
        "    print(got, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        with engine.lock("mailbox-a") as got:
            assert not got
        with engine.lock("mailbox-b") as got:
            assert got
        holder.kill()
        holder.wait()
        with engine.lock("mailbox-a") as got:
            assert got


def test_a_missing_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="helpdesk init"), open_engine(f"sqlite:{tmp_path}/none.db").read():
        pass


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    from helpdesk_cli.store.sqlite import sqlite3

    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("create table t (a)")
    connection.close()
    with (
        pytest.raises(BadConfig, match="not a helpdesk store"),
        open_engine(f"sqlite:{tmp_path}/x.db").read(),
    ):
        pass


def test_a_newer_store_is_refused(engine: Engine, tmp_path: Path) -> None:
    from helpdesk_cli.store.sqlite import sqlite3

    engine.close()
    connection = sqlite3.connect(tmp_path / "desk.db")
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(BadConfig, match="newer helpdesk"), engine.read():
        pass


def test_garbage_is_told_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(Failed), open_engine(f"sqlite:{path}").read():
        pass
    with pytest.raises(Failed, match="already"):
        open_engine(f"sqlite:{path}").build()
    assert path.read_bytes().startswith(b"not a database")


def test_a_backup_is_complete_and_never_overwrites(engine: Engine, tmp_path: Path) -> None:
    with engine.write() as tx:
        insert(tx, "a")
    engine.backup(f"{tmp_path}/copy.db")
    copy = open_engine(f"sqlite:{tmp_path}/copy.db")
    assert names(copy) == ["a"]
    assert copy.verify() == []
    copy.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Failed, match="already"):
        engine.backup(f"{tmp_path}/copy.db")


def test_foreign_keys_hold(engine: Engine) -> None:
    with pytest.raises(Failed, match="FOREIGN KEY"), engine.write() as tx:
        tx.run("insert into event (ticket, at, actor, kind) values (1, '', '', '')")
    assert engine.verify() == []


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_a_write_ahead_log_only_where_sqlite_is_free_of_its_bug(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_statements_are_split_without_their_comments() -> None:
    assert statements("-- a;\ncreate table a (b text -- c\n);\n\ncreate index d on a (b);\n") == [
        "create table a (b text\n)",
        "create index d on a (b)",
    ]


SEARCHES = [
    "it's",
    '"',
    "AND",
    "NEAR(",
    "-foo",
    "a@b.c",
    "foo-bar",
    "*",
    "",
    "\0",
    "(",
    "^x",
    "s:b",
    'a"b',
    "x*y",
]


@pytest.mark.parametrize("words", SEARCHES)
def test_any_words_can_be_searched_for(engine: Engine, words: str) -> None:
    with engine.read() as tx:
        text, binds = tx.matching(words)
        assert tx.rows(text, **binds) == []
