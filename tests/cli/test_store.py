"""A desk moved to another store: what the command says, what it refuses, and that it leaves the rest alone."""

import contextlib
import os
import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from desks import Site
from postgres import USER, PostgresServer
from program import Done, Run
from quarters import wait_until
from stores import Stores, on_both

from helpdesk_cli.store import copying, open_engine
from helpdesk_cli.store.engine import Tx

KEYS = {"name", "rows", "size", "digest", "target_rows", "target_digest", "written", "removed"}
TABLES = [table.name for table in copying.tables()]


@pytest.fixture
def full(inside: Run, site: Site) -> Site:
    """A desk with two tickets."""
    for number in range(2):
        site.write(f"It is broken, {number}.")
    inside("fetch-mail")
    return site


def place(site: Site) -> str:
    """Where a desk's store is, as the program tells it."""
    return str(site.store) if site.url.startswith("sqlite:") else site.url


# What it does


@on_both
def test_a_desk_moves_and_is_told_what_to_do_next(
    run: Run, full: Site, database: str, tmp_path: Path
) -> None:
    file = f"sqlite:{tmp_path}/moved.db"
    before = run("ticket", "list", "--json").json
    for target, told in ((database, database), (file, f"{tmp_path}/moved.db")):
        done = run("store", "copy", "--to", target)
        first, *rest = done.out.splitlines()
        assert f"rows of {len(TABLES)} tables are in {told}: counts and hashes agree (" in first
        assert f'write into {full.config}, under [store]: url = "{target}"' in done.out
        assert ("on each further host too" in done.out) is (target == database)
        assert (
            rest[-1]
            == f"The old store, {place(full)}, is as it was; keep it until the new one has proved itself."
        )
        assert done.err == ""
        full.url = target
        full.configure()
        assert run("ticket", "list", "--json").json == before
        assert run("store", "verify").out == "the store is sound\n"


def test_a_file_is_named_from_where_one_is_and_only_its_owner_reads_it(
    run: Run, full: Site, tmp_path: Path
) -> None:
    done = run("store", "copy", "--to", "sqlite:moved.db", cwd=tmp_path, env={"PYTHONPATH": os.getcwd()})
    assert f'url = "sqlite:{tmp_path}/moved.db"' in done.out
    assert (tmp_path / "moved.db").stat().st_mode & 0o777 == 0o600


def test_quiet_says_nothing(inside: Run, full: Site, tmp_path: Path) -> None:
    done = inside("store", "copy", "--to", f"sqlite:{tmp_path}/moved.db", "-q")
    assert (done.out, done.err) == ("", "")


@on_both
def test_as_json_both_sides_of_each_table_are_shown(inside: Run, full: Site, tmp_path: Path) -> None:
    told = inside("store", "copy", "--to", f"sqlite:{tmp_path}/moved.db", "--json").json
    assert list(told) == ["from", "to", "complete", "damaged", "tables"]
    assert (told["from"], told["to"]) == (place(full), f"{tmp_path}/moved.db")
    assert (told["complete"], told["damaged"]) == (True, [])
    assert [table["name"] for table in told["tables"]] == TABLES
    for table in told["tables"]:
        assert set(table) == KEYS
        assert (table["rows"], table["digest"]) == (table["target_rows"], table["target_digest"])
        assert (table["written"], table["removed"], table["size"]) == (table["rows"], 0, None)
    assert {table["name"]: table["rows"] for table in told["tables"]}["ticket"] == 2


def files(folder: Path) -> dict[str, int]:
    """The files below a folder and when they were written; SQLite's index of its log is no content."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and "-shm" not in path.name
    }


@on_both
@pytest.mark.parametrize("kind", ["file", "database"])
def test_a_dry_run_says_how_much_it_is_and_writes_nothing(
    inside: Run, full: Site, database: str, tmp_path: Path, postgres: PostgresServer, kind: str
) -> None:
    target = f"sqlite:{tmp_path}/moved.db" if kind == "file" else database
    before = files(tmp_path)
    told = inside("store", "copy", "--to", target, "--dry-run", "--json").json
    assert (told["from"], told["to"], told["complete"]) == (place(full), target, False)
    assert [table["name"] for table in told["tables"]] == TABLES
    assert {set(table) == KEYS for table in told["tables"]} == {True}
    ticket = next(table for table in told["tables"] if table["name"] == "ticket")
    assert ticket["rows"] == 2 and ticket["size"] > 0 and ticket["digest"] is None
    shown = inside("store", "copy", "--to", target, "-n").out.splitlines()
    assert [line.split("\t")[:2] for line in shown] == [
        [table["name"], str(table["rows"])] for table in told["tables"]
    ]
    assert files(tmp_path) == before
    name = database.rpartition("/")[2]
    assert postgres.query("select count(*) from pg_tables where schemaname = 'public'", name) == [(0,)]


# What it refuses


@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["", "dry run"])
def test_its_own_store_is_no_target(inside: Run, full: Site, tmp_path: Path, dry: tuple[str, ...]) -> None:
    (tmp_path / "link.db").symlink_to(full.store)
    for name in (full.store, tmp_path / "link.db", f"{full.folder}/../site/helpdesk.db"):
        told = inside("store", "copy", "--to", f"sqlite:{name}", *dry, code=2).err
        assert told == "helpdesk: --to names the desk's own store; name another\n"


@on_both
@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["", "dry run"])
def test_a_place_where_something_is_stays_as_it_is(
    inside: Run, full: Site, stores: Stores, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    desk = stores.built()
    told = inside("store", "copy", "--to", desk, *dry, code=1).err
    assert told.startswith(f"helpdesk: {desk.removeprefix('sqlite:')}: there is ")
    assert told.count("\n") == 1
    engine = open_engine(desk)
    with engine.read() as tx:
        assert tx.row("select count(*) from ticket") == (0,)
    engine.close()


def test_a_file_that_is_no_store_stays_as_it_is(inside: Run, full: Site, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all, " * 100)
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("create table mine (x)")
        other.commit()
    for name in ("letter.txt", "other.db"):
        before = (tmp_path / name).read_bytes()
        for dry in ((), ("-n",)):
            told = inside("store", "copy", "--to", f"sqlite:{tmp_path}/{name}", *dry, code=1).err
            assert told.startswith(f"helpdesk: {tmp_path}/{name}: there is something already; ")
            assert told.count("\n") == 1
        assert (tmp_path / name).read_bytes() == before


def test_a_database_with_tables_of_others_stays_as_it_is(
    inside: Run, full: Site, database: str, postgres: PostgresServer
) -> None:
    name = database.rpartition("/")[2]
    postgres.query("create table message (x text)", name)
    told = inside("store", "copy", "--to", database, code=1).err
    assert told == f'helpdesk: {database}: relation "message" already exists\n'
    tables = postgres.query("select tablename from pg_tables where schemaname = 'public'", name)
    assert tables == [("message",)]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("moved.db", "for a file write --to sqlite:moved.db"),
        ("mysql://db.example/desk", "--to takes sqlite:FILE or postgresql://USER@HOST/DATABASE"),
        ("", "--to takes sqlite:FILE or postgresql://USER@HOST/DATABASE"),
        ("sqlite:", 'must be "sqlite:FILE"'),
        ("sqlite::memory:", "a store in memory forgets every mail"),
        ("postgresql://db.example:99999/desk", '"99999" is no port'),
        ("postgresql://db.example/desk?replication=true", "replication means nothing to a store"),
    ],
)
def test_an_address_that_leads_nowhere_is_wrong_usage(
    run: Run, full: Site, tmp_path: Path, address: str, words: str
) -> None:
    done = run("store", "copy", "--to", address, code=2, cwd=tmp_path, env={"PYTHONPATH": os.getcwd()})
    assert words in done.err and done.err.count("\n") == 1, done
    assert list(tmp_path.glob("moved*")) == []


@pytest.mark.parametrize(
    "address", ["postgresql://{0}:{1}@{2}/desk", "postgresql://{0}@{2}/desk?password={1}"]
)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    inside: Run, full: Site, address: str
) -> None:
    to = address.format(USER, "sesame", "127.0.0.1:1")
    for dry in ((), ("-n",)):
        told = inside("store", "copy", "--to", to, *dry, code=2)
        assert "--to: a password on the command line is seen by everybody on this machine" in told.err
        assert "sesame" not in told.out + told.err


def test_only_an_admin_and_the_owner_move_a_desk(run: Run, full: Site, tmp_path: Path) -> None:
    run("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    target = f"sqlite:{tmp_path}/moved.db"
    for dry in ((), ("-n",)):
        told = run("store", "copy", "--to", target, *dry, env={"HELPDESK_STAFF": "eve"}, code=3).err
        assert told.startswith("helpdesk: only an admin or the store's owner may copy the store")
    assert not (tmp_path / "moved.db").exists()
    run("store", "copy", "--to", target, env={"HELPDESK_STAFF": None, "SUDO_USER": None})


def test_a_server_that_is_away_or_has_no_such_database_is_told(
    inside: Run, full: Site, postgres: PostgresServer
) -> None:
    assert (
        "Connection refused"
        in inside("store", "copy", "--to", f"postgresql://{USER}@127.0.0.1:1/desk", code=69).err
    )
    told = inside("store", "copy", "--to", postgres.url("nowhere"), code=78).err
    assert 'database "nowhere" does not exist; an administrator of the server makes it: createdb' in told


# What comes in between


class Held:
    """A copy that was begun and waits in the middle, until it is let go on."""

    def __init__(self, server: PostgresServer, inside: Run, database: str, code: int) -> None:
        self.name = database.rpartition("/")[2]
        self.done: list[Done] = []
        target = open_engine(database)
        target.receive()
        target.close()
        self._holding = server.connect(self.name)
        self._holding.execute(b"begin; lock table message")
        self._thread = Thread(
            target=lambda: self.done.append(inside("store", "copy", "--to", database, "--json", code=code))
        )
        self._thread.start()
        waiting = "select 1 from pg_stat_activity where datname = %(name)s and wait_event_type = 'Lock'"
        wait_until(lambda: server.query(waiting, name=self.name) != [], "the copy is in the middle")

    def go_on(self) -> Done:
        self._holding.close()
        self._thread.join()
        return self.done[0]


@on_both
def test_a_desk_that_changed_meanwhile_is_copied_when_it_is_run_again(
    run: Run, full: Site, database: str, postgres: PostgresServer
) -> None:
    held = Held(postgres, run, database, 1)
    full.write("One more.")
    run("fetch-mail")
    done = held.go_on()
    assert done.json["complete"] is False
    assert done.err.startswith("helpdesk: the desk changed while it was copied (")
    assert "ticket" in done.err
    assert "stop its crontab, on every host, and run this again: only what differs is copied" in done.err
    full.url, old = database, full.url
    full.configure()
    told = run("ticket", "list", code=78).err
    assert "a copy into this store did not end; run 'helpdesk store copy' again" in told
    full.url = old
    full.configure()
    again = run("store", "copy", "--to", database, "--json").json
    assert again["complete"] is True
    tickets = next(table for table in again["tables"] if table["name"] == "ticket")
    assert (tickets["rows"], tickets["target_rows"], tickets["written"]) == (3, 3, 1)


@on_both
def test_two_copies_of_a_desk_do_not_run_at_once(
    run: Run, full: Site, database: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    held = Held(postgres, run, database, 0)
    told = run("store", "copy", "--to", f"sqlite:{tmp_path}/moved.db", code=75).err
    assert told == "helpdesk: another 'helpdesk store copy' of this desk is running\n"
    assert not (tmp_path / "moved.db").exists()
    assert held.go_on().json["complete"] is True


def test_mails_that_were_damaged_before_are_told_and_all_the_rest_is_copied(
    inside: Run, full: Site, tmp_path: Path
) -> None:
    engine = open_engine(f"sqlite:{full.store}")

    def damage(tx: Tx) -> str:
        tx.run("update blob set data = :data where sha256 = (select min(sha256) from blob)", data=b"not it")
        return str((tx.row("select min(sha256) from blob") or [""])[0])

    digest = engine.transact(damage)
    engine.close()
    target = f"sqlite:{tmp_path}/moved.db"
    done = inside("store", "copy", "--to", target, "--json", code=1)
    assert (done.json["complete"], done.json["damaged"]) == (True, [digest])
    assert done.err == (
        "helpdesk: 1 of the mails and files in the old store were damaged before, and are so in the new one, "
        f"which is complete otherwise: {digest}\n"
    )
    full.url = target
    full.configure()
    assert len(inside("ticket", "list", "--json").json) == 2
