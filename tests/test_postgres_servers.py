"""The servers that tests run against do what their words say."""

import concurrent.futures
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from postgres import PgBouncer, PostgresServer, first_cluster
from quarters import children, is_gone, wait_until

NewPostgres = Callable[..., PostgresServer]


def test_a_database_is_empty_and_a_tests_own(postgres: PostgresServer, database: str) -> None:
    other = postgres.create_database("other")
    with psycopg.connect(database) as connection:
        tables = "select count(*) from pg_tables where schemaname = 'public'"
        assert connection.execute(tables).fetchall() == [(0,)]
        connection.execute("create table ticket (id bigint primary key)")
    with psycopg.connect(other) as connection:
        assert connection.execute(tables).fetchall() == [(0,)]
        assert connection.execute("show server_encoding").fetchall() == [("UTF8",)]
    postgres.drop_database("other")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(other)


def test_a_database_is_removed_under_its_clients_hands(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.create_database("used"), autocommit=True) as connection:
        connection.execute("select 1")
        postgres.drop_database("used")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_a_copied_database_holds_what_its_template_holds(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.create_database("built")) as connection:
        connection.execute("create table ticket as select 7 as id")
    postgres.create_database("copy", template="built")
    assert postgres.query("select id from ticket where id = %(id)s", "copy", id=7) == [(7,)]
    for name in ("copy", "built"):
        postgres.drop_database(name)


def test_a_server_goes_on_after_a_stop_and_after_its_host_died(new_postgres: NewPostgres) -> None:
    server = new_postgres(work_mem="5MB")
    server.query("create table ticket (id bigint primary key)")
    for number, end in enumerate((server.stop, server.kill, lambda: server.stop("immediate"))):
        assert server.process is not None
        family = [server.process.pid, *children(server.process.pid)]
        server.query(f"insert into ticket values ({number})")
        end()
        assert all(is_gone(process) for process in family)
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(server.url("postgres"))
        server.start()
    assert server.query("select id from ticket order by id") == [(0,), (1,), (2,)]
    assert server.query("show work_mem") == [("5MB",)]


def test_a_killed_backend_ends_every_connection_and_the_server_recovers(
    new_postgres: NewPostgres,
) -> None:
    server = new_postgres()
    url = server.create_database("desk")
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as another:
        assert server.backends("desk") == [one.info.backend_pid, another.info.backend_pid]
        server.kill_backend(one.info.backend_pid)
        for connection in (one, another):
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
    server.ready()
    assert server.backends("desk") == []
    server.drop_database("desk")


def test_who_is_not_a_backend_of_the_server_is_left_alone(postgres: PostgresServer) -> None:
    with subprocess.Popen(["sleep", "600"]) as other:
        postgres.kill_backend(other.pid)
        assert not is_gone(other.pid)
        other.kill()


def test_a_commit_waits_for_the_standby_which_takes_over(new_postgres: NewPostgres) -> None:
    primary = new_postgres()
    standby = primary.standby()
    primary.synchronous()
    primary.create_database("desk")
    primary.query("create table ticket (id bigint primary key)", "desk")
    primary.query("insert into ticket values (1)", "desk")
    either = primary.url("desk", standby, target_session_attrs="read-write")
    with psycopg.connect(either) as connection:
        assert connection.info.port == primary.port

    standby.stop()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        commit = pool.submit(primary.query, "insert into ticket values (2)", "desk")
        waits = "select 1 from pg_stat_activity where wait_event = 'SyncRep'"
        wait_until(lambda: bool(primary.query(waits)), "the commit waits for the standby")
        assert not commit.done()
        standby.start()
        commit.result(timeout=60)

    primary.kill()
    standby.promote()
    with psycopg.connect(either, autocommit=True) as connection:
        assert connection.info.port == standby.port
        assert connection.execute("select id from ticket order by id").fetchall() == [(1,), (2,)]
        connection.execute("insert into ticket values (3)")


def test_pgbouncer_lends_a_backend_for_one_transaction(pgbouncer: PgBouncer, database: str) -> None:
    name = database.rpartition("/")[2]
    pooled = [psycopg.connect(pgbouncer.url(name)) for _ in range(8)]
    seen = set()
    for connection in pooled:
        ((backend,),) = connection.execute("select pg_backend_pid()").fetchall()
        connection.commit()
        assert backend != connection.info.backend_pid
        seen.add(backend)
    assert seen == set(pgbouncer.server.backends(name))
    assert len(seen) < len(pooled)
    for connection in pooled:
        connection.close()


def test_a_password_is_asked_for_where_a_server_wants_one(new_postgres: NewPostgres) -> None:
    server = new_postgres(auth="scram-sha-256")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url("postgres"))
    psycopg.connect(server.url("postgres", password="secret")).close()
    pooler = PgBouncer(server)
    pooler.start()
    psycopg.connect(pooler.url("postgres")).close()
    pooler.end()


def test_nothing_is_left_when_the_tests_are_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = (
        "import pathlib, sys, time\nfrom postgres import PostgresServer\n"
        "server = PostgresServer(pathlib.Path(sys.argv[1]))\nserver.start()\n"
        "print(server.quarters.path, server.process.pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(first_cluster(tmp_path_factory))],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout is not None
        folder, server = tests.stdout.readline().split()
        assert not is_gone(int(server))
        assert Path(folder).exists()
        tests.send_signal(signal.SIGKILL)
    wait_until(
        lambda: is_gone(int(server)) and not Path(folder).exists(), "the server and its folder are gone"
    )
