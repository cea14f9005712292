"""Real PostgreSQL servers for tests, and PgBouncer, on free ports of this machine.

Each server has a folder and a port of its own and touches nothing of the system's; root's run under another
account, anybody else's as who they are. Fixtures to import: ``postgres``, ``database``, ``new_postgres``,
``pgbouncer``.
"""

import contextlib
import fcntl
import functools
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import pytest
from quarters import Quarters, children, is_gone, kill_family, wait_until

USER, PASSWORD = "hd", "secret"
NEEDED = ("initdb", "postgres", "pg_basebackup")
STOPS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

# Nothing here weakens what a killed server owes us: only a machine that loses power needs fsync.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",  # the folder may lie in memory
    "dynamic_shared_memory_type": "mmap",  # in that folder too, so that a kill leaves nothing behind
    "log_lock_waits": "on",
    "log_line_prefix": "%m [%p] %d ",
}


class PostgresServer:
    """One server; the role ``hd`` may do everything.

    ``cluster`` is an archive by ``first_cluster``, without which the server takes a second longer to make.
    ``auth`` is ``trust``, or ``scram-sha-256`` with the password ``secret``; it counts for every connection.
    """

    def __init__(self, cluster: Path | None = None, *, auth: str = "trust", **settings: str) -> None:
        self.auth, self.settings = auth, SETTINGS | settings
        self.quarters = Quarters("postgres")
        self.port = free_port()
        self.data = self.quarters.path / "data"
        self.sockets = self.quarters.path
        self.log = self.quarters.path / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.standbys: list[PostgresServer] = []
        self._admin: psycopg.Connection[Any] | None = None
        self._cluster = cluster

    # Its life

    def start(self) -> None:
        """Start, or start again what was stopped or killed; back when it takes connections."""
        if not self.data.exists():
            self._found()
        for _ in range(3):
            self.process = self.quarters.start(
                programs() / "postgres",
                *("-D", self.data, "-p", str(self.port), "-k", self.sockets, "-h", "127.0.0.1"),
                log=self.log,
            )
            try:
                self.ready()
            except PortTaken:
                self.port = free_port()
            else:
                return
        raise AssertionError(f"PostgreSQL found no free port:\n{self.complaints()}")

    def ready(self) -> None:
        """Wait until it takes connections; after a backend was killed it needs a moment."""

        def takes_connections() -> bool:
            assert self.process is not None, "PostgreSQL was not started"
            if self.process.poll() is not None:
                if "Address already in use" in self.complaints():
                    raise PortTaken
                raise AssertionError(f"PostgreSQL ended with {self.process.returncode}:\n{self.complaints()}")
            try:
                self.connect().close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(takes_connections, f"PostgreSQL takes connections; see {self.log}")

    def stop(self, mode: str = "fast") -> None:
        """``smart`` waits for the clients, ``fast`` dismisses them, ``immediate`` leaves the recovery to do."""
        self._forget_admin()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(STOPS[mode])
            self.process.wait(60)

    def kill(self) -> None:
        """SIGKILL for the server and all its processes, as when its host dies."""
        assert self.process is not None and self.process.poll() is None, "PostgreSQL does not run"
        kill_family(self.process)
        self._forget_admin()

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def end(self) -> None:
        """Stop it and its standbys for good; what they stored is removed."""
        for standby in self.standbys:
            standby.end()
        self.stop("immediate")
        self.quarters.end()

    # Replication

    def standby(self) -> "PostgresServer":
        """A second server, started, that streams from this one; it ends with this one."""
        made = PostgresServer(auth=self.auth)
        self.standbys.append(made)
        source = f"host={self.sockets} port={self.port} user={USER}"
        made.quarters.run(
            programs() / "pg_basebackup",
            *("-D", made.data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync"),
            PGPASSWORD=PASSWORD,
        )
        with (made.data / "postgresql.auto.conf").open("a") as file:
            file.write("synchronous_standby_names = ''\n")
        made.start()
        return made

    def synchronous(self, wanted: bool = True) -> None:
        """Let commits wait for a standby from now on, or no longer; it must be streaming."""
        value = "*" if wanted else ""
        self.query(f"alter system set synchronous_standby_names = '{value}'")
        self.query("select pg_reload_conf()")
        wait_until(
            lambda: self.query("show synchronous_standby_names") == [(value,)], "PostgreSQL read its settings"
        )
        # The checkpointer is who tells all backends to wait, and it reads its settings before it obeys.
        self.query("checkpoint")
        if wanted:
            wait_until(
                lambda: bool(self.query("select 1 from pg_stat_replication where sync_state = 'sync'")),
                "a standby streams synchronously",
            )

    def promote(self) -> None:
        """Make a standby a primary; back when it takes writes."""
        assert self.query("select pg_promote(true, 60)") == [(True,)], self.complaints()

    # Its databases

    def url(self, database: str, *others: "PostgresServer", **parameters: str) -> str:
        """Where a database is, without a password; ``others`` are servers to try next."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in (self, *others))
        asked = f"?{urlencode(parameters)}" if parameters else ""
        return f"postgresql://{USER}@{hosts}/{quote(database)}{asked}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of one that nobody is connected to; its URL."""
        # To copy the files takes a quarter of what it takes to write them into the log.
        copied = " strategy file_copy" if self.version >= 15 else ""
        self._order(f'create database "{name}" template "{template}"{copied}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database if it is there; its connections are ended."""
        # PostgreSQL itself looks every 100 ms only whether the connections that it ends are gone.
        ended = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        wait_until(lambda: self._order(ended) == 0, f"nobody uses the database {name}")
        self._order(f'drop database if exists "{name}" with (force)')

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        """A connection of the test's own, which commits each statement."""
        return psycopg.connect(
            self.url(database), password=PASSWORD, sslmode="disable", connect_timeout=10, autocommit=True
        )

    def query(self, statement: str, database: str = "postgres", **values: object) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of its own; ``%(name)s`` is bound. Its rows, if it has any."""
        with self.connect(database) as connection:
            done = connection.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def backends(self, database: str) -> list[int]:
        """The processes that serve clients of a database, PgBouncer's among them."""
        rows = self.query(
            "select pid from pg_stat_activity where datname = %(name)s"
            " and backend_type = 'client backend' and pid <> pg_backend_pid() order by backend_start",
            name=database,
        )
        return [pid for (pid,) in rows]

    def kill_backend(self, pid: int) -> None:
        """SIGKILL for a client's backend. PostgreSQL then ends all connections and recovers: see ``ready``."""
        assert self.process is not None
        if pid not in children(self.process.pid):
            return  # it has ended by itself
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self._forget_admin()
        wait_until(lambda: is_gone(pid), "the backend is gone")

    @property
    def version(self) -> int:
        """The major version, such as 15."""
        return major_version(programs() / "postgres")

    def complaints(self) -> str:
        """The end of the server's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    # Inside

    def _found(self) -> None:
        if self._cluster is None:
            make_cluster(self.quarters, self.data)
        else:
            # tar gives each file its owner again, which only root may and only root must
            subprocess.run(["tar", "-C", self.quarters.path, "-xpf", self._cluster], check=True)
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())
        (self.data / "pg_hba.conf").write_text(
            "".join(
                f"{kind} {to} all {where} {self.auth}\n"
                for kind, where in (("local", ""), ("host", "127.0.0.1/32"))
                for to in ("all", "replication")
            )
        )

    def _order(self, statement: str) -> int:
        """Run a statement on a connection that stays, since a new one takes long; the number of its rows."""
        if self._admin is None:
            self._admin = self.connect()
        try:
            return self._admin.execute(statement.encode()).rowcount
        except psycopg.OperationalError:
            if not self._admin.closed:
                raise
        self._forget_admin()
        self.ready()
        return self._order(statement)

    def _forget_admin(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None


class PgBouncer:
    """A pooler before a server: a backend is lent for one transaction, a prepared statement is not kept."""

    def __init__(self, server: PostgresServer, *, pool_size: int = 4, **settings: str) -> None:
        self.server = server
        self.program = find_pgbouncer()
        self.quarters = Quarters("pgbouncer")
        self.port = free_port()
        self.log = self.quarters.path / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.settings = {
            "listen_addr": "127.0.0.1",
            "unix_socket_dir": str(self.quarters.path),
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": str(pool_size),
            "max_client_conn": "200",
            "server_login_retry": "1",  # seconds; 15 would keep clients waiting after the server restarted
        } | settings
        if pgbouncer_version(self.program) >= (1, 21):
            self.settings.setdefault("max_prepared_statements", "0")

    def start(self) -> None:
        """Start it; back when it has reached the server."""
        where = f"host=127.0.0.1 port={self.server.port} user={USER} password={PASSWORD}"
        rest = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        file = self.quarters.path / "pgbouncer.ini"
        file.write_text(f"[databases]\n* = {where}\n[pgbouncer]\nlisten_port = {self.port}\n{rest}")
        self.process = self.quarters.start(self.program, file, log=self.log)

        def reaches_the_server() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"PgBouncer did not start:\n{self.log.read_text()[-3000:]}"
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=10).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(reaches_the_server, f"PgBouncer reaches the server; see {self.log}")

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def end(self) -> None:
        """Stop it for good."""
        self.stop()
        self.quarters.end()

    def url(self, database: str, **parameters: str) -> str:
        asked = f"?{urlencode(parameters)}" if parameters else ""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{quote(database)}{asked}"


class PortTaken(Exception):
    """Somebody else took the port between our look at it and our use of it."""


# Fixtures

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for all tests of this process; who kills one makes one by ``new_postgres``."""
    server = PostgresServer(first_cluster(tmp_path_factory))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    name = f"test_{next(NUMBERS)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def new_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PostgresServer]]:
    """Make a server of this test's own, started; takes what ``PostgresServer`` takes by name."""
    cluster = first_cluster(tmp_path_factory)
    with contextlib.ExitStack() as stack:

        def made(**options: str) -> PostgresServer:
            server = PostgresServer(cluster, **options)
            stack.callback(server.end)
            server.start()
            return server

        yield made


@pytest.fixture(scope="session")
def pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler before the server of all tests."""
    pooler = PgBouncer(postgres)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.end()


# What a machine must have


@functools.cache
def programs() -> Path:
    """The folder of PostgreSQL's programs; a machine without fails the test, which is worth nothing without."""
    on_path = [Path(found).resolve().parent for name in NEEDED if (found := shutil.which(name))]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_release, reverse=True)
    for folder in (*on_path, *debian):
        if all((folder / name).exists() for name in NEEDED):
            return folder
    raise AssertionError(
        "these tests need PostgreSQL's server: apt-get install --no-install-recommends postgresql"
    )


def find_pgbouncer() -> str:
    """PgBouncer's program; a machine without fails the test."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert program, "these tests need PgBouncer: apt-get install --no-install-recommends pgbouncer"
    return program


@functools.cache
def major_version(program: Path) -> int:
    """What ``postgres --version`` says, such as 15."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", said)
    assert found, f"{program} --version says {said!r}"
    return int(found[1])


def pgbouncer_version(program: str) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found, f"{program} --version says {said!r}"
    return int(found[1]), int(found[2])


def _release(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0


# Making clusters


def first_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a new cluster, made once for all processes of a test run: ``initdb`` takes a second."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    archive, unready = folder / "postgres.tar", folder / "postgres.tar.part"
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            quarters = Quarters("initdb")
            try:
                make_cluster(quarters, quarters.path / "data")
                subprocess.run(["tar", "-C", quarters.path, "-cf", unready, "data"], check=True)
            finally:
                quarters.end()
            unready.rename(archive)
    return archive


def make_cluster(quarters: Quarters, data: Path) -> None:
    """Make a cluster for PostgreSQL's programs to serve; its only role has the password ``secret``."""
    (quarters.path / "password").write_text(PASSWORD + "\n")
    command: list[str | Path] = [
        programs() / "initdb",
        "-D",
        data,
        "-E",
        "UTF8",
        "--no-sync",
        "--wal-segsize=1",
    ]
    command += ["-U", USER, "-A", "scram-sha-256", "--pwfile", quarters.path / "password"]
    try:
        quarters.run(*command, "--locale=C.UTF-8")
    except AssertionError as refused:
        if "locale" not in str(refused):
            raise
        quarters.run(*command, "--locale=C")


def free_port() -> int:
    """A port on which nothing listens, and which no client is given while the server that has it is down."""
    dice = SystemRandom()
    for _ in range(100):
        port = dice.randrange(15_000, 32_000)  # clients get theirs from 32768 on
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free between 15000 and 32000")
