"""What PostgreSQL tells of itself, and in what words it is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from postgres import PostgresServer
from stores import POSTGRESQL, insert, names

from helpdesk_cli.errors import BadConfig, Busy, DeskError, Failed, StoreAway
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine, Tx

NewPostgres = Callable[..., PostgresServer]


@pytest.fixture
def engine_kind() -> str:
    return POSTGRESQL


def refusal(url: str) -> DeskError:
    """Why a store at this address cannot be read."""
    engine = open_engine(url)
    with pytest.raises(DeskError) as refused, engine.read():
        pass
    engine.close()
    assert "\n" not in str(refused.value)
    return refused.value


def name_of(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]


# What it is


def test_what_is_found_is_told(engine: Engine, store_url: str, postgres: PostgresServer) -> None:
    facts = engine.facts()
    assert facts["engine"].startswith(f"PostgreSQL {postgres.version}.")
    assert (facts["user"], facts["database"]) == ("hd", name_of(store_url))
    assert facts["server"] == f"127.0.0.1:{postgres.port}"
    assert (facts["schema"], facts["role"], facts["pooler"], facts["tls"]) == (
        "public",
        "primary",
        "no",
        "no",
    )
    assert facts["synchronous_commit"] == "on"


def test_standbys_are_told_as_far_as_our_user_may_see_them(new_postgres: NewPostgres) -> None:
    primary = new_postgres()
    engine = open_engine(primary.create_database("desk"))
    engine.build()
    names = ("standbys", "synchronous_standby_names")
    assert [engine.facts()[name] for name in names] == ["0, 0 synchronous", "none"]
    primary.standby()
    primary.synchronous()
    assert [engine.facts()[name] for name in names] == ["1, 1 synchronous", "*"]
    engine.close()
    primary.query("create role plain login")
    primary.query("grant select on desk_store to plain", "desk")
    ordinary = open_engine(primary.url("desk").replace("hd@", "plain@"))
    assert [ordinary.facts()[name] for name in names] == ["1", "*"]
    ordinary.close()


@pytest.mark.parametrize("setting", ["off", "local", "on", "remote_apply"])
def test_what_is_written_is_on_the_disk_whatever_the_database_is_set_to(
    store_url: str, postgres: PostgresServer, setting: str
) -> None:
    postgres.query(f"alter database {name_of(store_url)} set synchronous_commit = {setting}")
    engine = open_engine(store_url)
    found = engine.transact(lambda tx: tx.row("show synchronous_commit"))
    assert found == ("on" if setting in ("off", "local") else setting,)
    assert engine.facts()["synchronous_commit"] == setting
    engine.close()


def test_a_database_s_other_defaults_change_nothing(store_url: str, postgres: PostgresServer) -> None:
    for setting in (
        "default_transaction_read_only = on",
        "default_transaction_isolation = serializable",
        "standard_conforming_strings = off",
        "client_encoding = latin1",
        "bytea_output = escape",
        "timezone = 'Asia/Tokyo'",
    ):
        postgres.query(f"alter database {name_of(store_url)} set {setting}")
    engine = open_engine(store_url)

    def unit(tx: Tx) -> object:
        insert(tx, "back\\slash é 田")
        tx.run("insert into blob (sha256, size, codec, data) values ('a', 1, '', :data)", data=b"\\\0\xff")
        return tx.row("show transaction_isolation")

    assert engine.transact(unit) == ("read committed",)
    assert names(engine) == ["back\\slash é 田"]
    with engine.read() as tx:
        assert tx.row("select data from blob") == (b"\\\0\xff",)
    assert abs(engine.ahead()) < 5
    engine.close()


# Backups


def test_a_backup_is_a_whole_store_in_one_private_file_and_overwrites_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    engine.transact(lambda tx: insert(tx, "a"))
    engine.backup(f"{tmp_path}/copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    copy = open_engine(f"sqlite:{tmp_path}/copy.db")
    assert (names(copy), copy.verify()) == (["a"], [])
    copy.close()
    with pytest.raises(Failed, match="already"):
        engine.backup(f"{tmp_path}/copy.db")


def test_a_backup_that_fails_leaves_no_file(empty_url: str, tmp_path: Path) -> None:
    engine = open_engine(empty_url)
    with pytest.raises(BadConfig, match="no store yet"):
        engine.backup(f"{tmp_path}/copy.db")
    engine.close()
    assert list(tmp_path.iterdir()) == []


# What is refused


def test_a_database_that_is_not_there(postgres: PostgresServer) -> None:
    refused = refusal(postgres.url("nowhere"))
    assert isinstance(refused, BadConfig)
    assert 'database "nowhere" does not exist' in str(refused)
    assert "an administrator of the server makes it: createdb" in str(refused)


def test_a_server_that_is_away(new_postgres: NewPostgres) -> None:
    server = new_postgres()
    url = server.create_database("desk")
    server.stop()
    refused = refusal(url)
    assert (type(refused), refused.exit_code) == (StoreAway, 69)
    assert f"port {server.port} failed: Connection refused" in str(refused)


def test_several_servers_that_are_away_are_all_named(new_postgres: NewPostgres) -> None:
    one, another = new_postgres(), new_postgres()
    url = one.url("desk", another, target_session_attrs="read-write")
    for server in (one, another):
        server.stop()
    refused = refusal(url)
    assert isinstance(refused, StoreAway)
    told = [
        f'127.0.0.1: connection to server at "127.0.0.1", port {server.port} failed: Connection refused'
        for server in (one, another)
    ]
    assert str(refused).endswith(f": {'; '.join(told)}")


def test_a_server_that_is_full_is_busy(store_url: str, postgres: PostgresServer) -> None:
    name = name_of(store_url)
    postgres.query(f"create role guest_{name} login")
    postgres.query(f"alter database {name} connection limit 0")
    refused = refusal(store_url.replace("hd@", f"guest_{name}@"))
    assert isinstance(refused, Busy)
    assert "too many connections" in str(refused)
    assert str(refused).endswith("; try again")


def test_a_standby_only_reads(new_postgres: NewPostgres) -> None:
    primary = new_postgres()
    url = primary.create_database("desk")
    engine = open_engine(url)
    engine.build()
    engine.transact(lambda tx: insert(tx, "a"))
    standby = primary.standby()
    there = open_engine(standby.url("desk"))
    assert names(there) == ["a"]
    assert there.facts()["role"] == "standby"
    with pytest.raises(StoreAway, match=r"only reads.*name all servers.*target_session_attrs=read-write"):
        there.transact(lambda tx: insert(tx, "b"))
    there.close()
    wanted = open_engine(standby.url("desk", primary, target_session_attrs="read-write"))
    wanted.transact(lambda tx: insert(tx, "b"))
    assert names(engine) == ["a", "b"]
    assert wanted.facts()["standbys"] == "1, 0 synchronous"
    for opened in (engine, wanted):
        opened.close()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_an_encoding_that_lacks_characters_is_refused(postgres: PostgresServer, encoding: str) -> None:
    name = f"desk_{encoding.lower()}"
    postgres.query(f"create database {name} encoding '{encoding}' locale 'C' template template0")
    refused = refusal(postgres.url(name))
    assert isinstance(refused, BadConfig)
    assert f"the database's encoding is {encoding}; it must be UTF8" in str(refused)
    postgres.drop_database(name)


def test_a_newer_store_is_refused(engine: Engine, store_url: str, postgres: PostgresServer) -> None:
    postgres.query("update desk_store set version = 99", name_of(store_url))
    assert engine.exists()
    with pytest.raises(BadConfig, match=r"newer helpdesk \(store version 99"), engine.read():
        pass


def test_who_may_not_write_is_told_whose_the_tables_must_be(store_url: str, postgres: PostgresServer) -> None:
    name = name_of(store_url)
    postgres.query(f"create role reader_{name} login")
    postgres.query(f"grant select on all tables in schema public to reader_{name}", name)
    engine = open_engine(store_url.replace("hd@", f"reader_{name}@"))
    assert names(engine) == []
    with pytest.raises(Failed, match=r"permission denied.*the store's tables, must belong to our user"):
        engine.transact(lambda tx: insert(tx, "a"))
    engine.close()


def test_who_may_not_make_tables_is_told_whose_the_database_must_be(
    empty_url: str, postgres: PostgresServer
) -> None:
    name = name_of(empty_url)
    postgres.query(f"create role maker_{name} login")
    postgres.query("revoke create on schema public from public", name)  # as it is from PostgreSQL 15 on
    engine = open_engine(empty_url.replace("hd@", f"maker_{name}@"))
    with pytest.raises(
        Failed, match=r"permission denied for schema public; the database, .*belong to our user"
    ):
        engine.build()
    assert not engine.exists()
    engine.close()


def test_without_its_driver_the_extra_is_named(site: object) -> None:
    from desks import Site

    assert isinstance(site, Site)
    code = (
        "import sys\nsys.modules['psycopg'] = None\nfrom helpdesk_cli.__main__ import main\n"
        "sys.argv = ['helpdesk', 'ticket', 'list']\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 78
    assert "pip install 'helpdesk-cli[postgres]'" in done.stderr
    assert "Traceback" not in done.stderr


# Where the tables are


def test_two_desks_share_a_database_by_schemas(empty_url: str, postgres: PostgresServer) -> None:
    for schema in ("one", "two"):
        postgres.query(f"create schema {schema}", name_of(empty_url))
    engines = [open_engine(f"{empty_url}?options=-csearch_path%3D{schema}") for schema in ("one", "two")]
    for engine in engines:
        assert not engine.exists()
        engine.build()
    for engine, schema in zip(engines, ("one", "two"), strict=True):
        assert engine.facts()["schema"] == schema
        engine.transact(lambda tx, schema=schema: insert(tx, schema))
        assert names(engine) == [schema]
        assert engine.verify() == []
    one, two = engines
    with one.lock("mailbox") as first, two.lock("mailbox") as second, one.lock("mailbox") as again:
        assert (first, second, again) == (True, True, False)
    with one.write() as tx:
        insert(tx, "at the same time")
        two.transact(lambda tx: insert(tx, "at the same time"))
    for engine in engines:
        engine.close()


def test_a_search_path_that_leads_nowhere_is_told(empty_url: str) -> None:
    refused = refusal(f"{empty_url}?options=-csearch_path%3Dnowhere")
    assert isinstance(refused, BadConfig)
    assert "no schema of its search_path exists; make one: create schema" in str(refused)


def test_what_others_keep_in_the_database_stays_as_it_is(empty_url: str, postgres: PostgresServer) -> None:
    name = name_of(empty_url)
    postgres.query("create table letter (note text)", name)
    engine = open_engine(empty_url)
    with pytest.raises(Failed, match='"letter" already exists'):
        engine.build()
    assert not engine.exists()
    assert postgres.query("select tablename from pg_tables where schemaname = 'public'", name) == [
        ("letter",)
    ]
    engine.close()


# What is wrong with it


def test_what_is_missing_is_found(engine: Engine, store_url: str, postgres: PostgresServer) -> None:
    from factories import a_message, a_ticket
    from msgspec.structs import replace

    from helpdesk_cli.store import tickets

    def unit(tx: Tx) -> None:
        tickets.insert(tx, replace(a_ticket(), client_id=None))
        for _ in range(3):
            tickets.add_message(
                tx, 1000, replace(a_message(), author=replace(a_message().author, client_id=None))
            )

    engine.transact(unit)
    assert engine.verify() == []
    name = name_of(store_url)
    postgres.query("delete from message_words where message > 1", name)
    assert engine.verify() == ["2 messages are not in the search index"]
    postgres.query("update pg_index set indisvalid = false where indexrelid = 'tally_at'::regclass", name)
    assert "tally_at: the index is not valid; reindex it" in engine.verify()
    postgres.query("drop table tally", name)
    postgres.query("drop table message_words", name)
    assert engine.verify() == ["tally: the table is missing", "message_words: the table is missing"]
