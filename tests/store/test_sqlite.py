"""What is true of SQLite alone: a file with its modes, its journal, and what may lie in its place."""

import os
from pathlib import Path

import pytest
from stores import SQLITE, insert, names

from helpdesk_cli.errors import BadConfig, DeskError, Failed
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine
from helpdesk_cli.store.sqlite import wal_is_safe


@pytest.fixture
def engine_kind() -> str:
    return SQLITE


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


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    from helpdesk_cli.store.sqlite_tx import sqlite3

    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("create table t (a)")
    connection.close()
    with (
        pytest.raises(BadConfig, match="not a helpdesk store"),
        open_engine(f"sqlite:{tmp_path}/x.db").read(),
    ):
        pass


def test_a_newer_store_is_refused(engine: Engine) -> None:
    from helpdesk_cli.store.sqlite_tx import sqlite3

    connection = sqlite3.connect(engine.place)
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


def test_a_backup_that_is_put_back_keeps_its_journal_and_leaves_no_second_file(
    engine: Engine, tmp_path: Path
) -> None:
    engine.backup(f"{tmp_path}/copy.db")
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]
    copy = open_engine(f"sqlite:{tmp_path}/copy.db")
    assert copy.facts()["journal"] == engine.facts()["journal"]
    assert copy.verify() == []
    copy.close()


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    (tmp_path / "empty.db").touch()
    with pytest.raises(BadConfig, match="is empty; 'helpdesk init'"):
        open_engine(f"sqlite:{tmp_path}/empty.db").backup(str(copy))
    assert not copy.exists()
    (tmp_path / "damaged.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(DeskError, match="stop cron"):
        open_engine(f"sqlite:{tmp_path}/damaged.db").backup(str(copy))
    assert not copy.exists()


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
