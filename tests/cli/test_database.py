"""A desk whose store is on a PostgreSQL server: set up on two hosts, let in, examined, told the time."""

import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from desks import SMALL_DESK, Site
from postgres import PASSWORD, USER, PostgresServer
from program import Done, Run
from quarters import wait_until

from helpdesk_cli.config.databases import EXTRA
from helpdesk_cli.domain.store_url import MASK
from helpdesk_cli.services import headroom
from helpdesk_cli.services.doctor import examine
from helpdesk_cli.store.libpq import NO_LIBPQ

LIBPQ = ("PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGHOST", "PGDATABASE", "PGUSER")


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own says how to reach a database."""
    for name in LIBPQ:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def host(tmp_path: Path) -> Callable[[str, str], Path]:
    """Make the folder of a host whose configuration names a database; its configuration."""

    def host(name: str, url: str, more: str = "") -> Path:
        site = Site(tmp_path / name)
        for box in (site.inbox, site.out):
            for part in ("tmp", "new", "cur"):
                (box / part).mkdir(parents=True, exist_ok=True)
        configure(site.config, url, more)
        return site.config

    return host


def configure(config: Path, url: str, more: str = "") -> None:
    """Let a configuration name a database; ``more`` are other keys of its table."""
    config.write_text(SMALL_DESK.replace('"sqlite:helpdesk.db"', f'"{url}"\n{more}'))
    config.chmod(0o600)


Host = Callable[..., Path]


# init


def test_init_makes_the_store_once_and_the_next_host_needs_the_key(
    run: Run, host: Host, database: str
) -> None:
    one, two = host("one", database), host("two", database)
    made = run("init", "--json", config=one, env={"HELPDESK_CONFIG": str(one)}).json
    assert {name: piece["new"] for name, piece in made.items()} == {
        "configuration": False,
        "key": True,
        "store": True,
    }
    assert made["store"]["path"] == database
    told = run("init", config=two, code=78).err
    assert (
        "secret.key: desk.secret_file is missing" in told and "copy it from another host of this desk" in told
    )
    assert not (two.parent / "secret.key").exists()
    shutil.copy(one.parent / "secret.key", two.parent / "secret.key")
    done = run("init", config=two)
    assert [line.split()[0] for line in done.out.splitlines()[:3]] == ["kept", "kept", "kept"]
    assert "on each other host: a copy of the configuration and the key" in done.out
    run(
        "staff",
        "new",
        "bob",
        "--name",
        "Bob",
        "--email",
        "bob@desk.example",
        config=one,
        env={"HELPDESK_STAFF": None},
    )
    assert [row["login"] for row in run("staff", "list", "--json", config=two).json] == ["bob"]


def test_a_key_of_another_desk_is_found(run: Run, host: Host, database: str, tmp_path: Path) -> None:
    one, two = host("one", database), host("two", database)
    run("init", config=one)
    run("init", str(tmp_path / "other"), env={"HELPDESK_CONFIG": None})
    shutil.copy(tmp_path / "other" / "secret.key", two.parent / "secret.key")
    told = run("init", config=two, code=78).err
    assert "is not the key of the desk at" in told and "copy it from another host" in told
    checks = run("doctor", "--json", config=two, code=78).json
    (key,) = [check for check in checks if check["name"] == "key" and check["level"] == "fail"]
    assert "is not the key of the desk at" in key["text"]
    assert ("key", "fail") not in names(run("doctor", "--json", config=one).json)


def test_init_without_the_server_makes_no_key_and_the_next_one_goes_on(
    run: Run, host: Host, new_postgres: Callable[..., PostgresServer]
) -> None:
    server = new_postgres()
    one = host("one", server.create_database("desk"))
    server.stop()
    assert "Connection refused" in run("init", config=one, code=69).err
    assert not (one.parent / "secret.key").exists()
    server.start()
    run("init", config=one)
    run("init", config=one)


def test_who_makes_the_store_a_moment_later_keeps_no_key(
    run: Run, host: Host, postgres: PostgresServer, database: str
) -> None:
    one = host("one", database)
    name = database.rpartition("/")[2]
    done: list[Done] = []
    with postgres.connect(name) as other:
        other.execute("begin; create table desk_store (version bigint not null)")
        late = Thread(target=lambda: done.append(run("init", config=one, code=1)))
        late.start()
        wait_until(
            lambda: bool(
                postgres.query(
                    "select 1 from pg_stat_activity where datname = %(name)s and wait_event_type = 'Lock'",
                    name=name,
                )
            ),
            "init waits for the other one",
        )
        assert (one.parent / "secret.key").exists()
        other.execute("commit")
        late.join()
    assert f"postgresql://{USER}@" in done[0].err
    assert "another host has just made the store; copy its key to " in done[0].err
    assert not (one.parent / "secret.key").exists()


# Passwords


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that lets nobody in without the password."""
    server = PostgresServer(auth="scram-sha-256")
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture
def locked(guarded: PostgresServer) -> Any:
    """An empty database there."""
    yield guarded.create_database("desk")
    guarded.drop_database("desk")


def with_password(url: str, password: str) -> str:
    return url.replace(f"{USER}@", f"{USER}:{password}@")


def test_the_password_comes_from_the_address_else_from_the_command_else_from_where_libpq_looks(
    run: Run, host: Host, locked: str, tmp_path: Path
) -> None:
    right, wrong = (
        f'password_command = "echo {PASSWORD}"',
        f'password_command = "touch {tmp_path}/run; echo sesame"',
    )
    run("init", config=host("address", with_password(locked, PASSWORD), wrong))
    assert not (tmp_path / "run").exists(), "the command was run though the address has a password"
    one = host("address", locked, right)
    assert run("doctor", config=one, env={"PGPASSWORD": "sesame"}).code == 0
    told = run("doctor", config=host("address", locked, wrong), env={"PGPASSWORD": PASSWORD}, code=69)
    assert "password authentication failed" in told.out and "sesame" not in told.out + told.err
    configure(one, locked)
    run("doctor", config=one, env={"PGPASSWORD": PASSWORD})
    assert "fe_sendauth: no password supplied" in run("doctor", config=one, code=69).out
    (tmp_path / "home").mkdir()
    passes = tmp_path / "home" / ".pgpass"
    passes.write_text(f"*:*:*:{USER}:{PASSWORD}\n")
    passes.chmod(0o600)
    run("doctor", config=one)
    services = tmp_path / "services.conf"
    services.write_text(f"[desk]\npassword={PASSWORD}\n")
    passes.unlink()
    run("doctor", config=host("address", f"{locked}?service=desk"), env={"PGSERVICEFILE": str(services)})


def test_a_command_that_fails_is_told_by_its_key(run: Run, host: Host, locked: str) -> None:
    config = host("one", locked)
    configure(config, locked, f'password_command = "echo {PASSWORD}"')
    run("init", config=config)
    configure(config, locked, 'password_command = "echo sesame; echo locked >&2; exit 3"')
    for words in (["init"], ["doctor"], ["ticket", "list"], ["fetch-mail"], ["notify"]):
        done = run(*words, config=config, code=69)
        assert "store.password_command: the command failed with exit code 3: locked" in done.out + done.err
        assert "sesame" not in done.out + done.err


def test_mailboxes_that_are_fetched_side_by_side_have_the_password_too(
    run: Run, host: Host, locked: str
) -> None:
    config = host("one", locked, f'password_command = ["echo", "{PASSWORD}"]')
    run("init", config=config)
    with config.open("a") as file:
        for name in ("a", "b"):
            file.write(
                f'[mailbox.{name}]\nhost = "127.0.0.1"\nport = 1\nusername = "{name}"\npassword = "x"\n'
                'department = "support"\n'
            )
    done = run("fetch-mail", "a", "b", config=config, code=69)
    assert [line.partition(":")[2].split(":")[0].strip() for line in done.err.splitlines()] == ["a", "b"]
    assert done.err.count("nothing listens there") == 2, done


def test_a_desk_moves_to_a_server_with_the_password_from_its_command(
    run: Run, site: Site, locked: str
) -> None:
    assert "fe_sendauth: no password supplied" in run("store", "copy", "--to", locked, code=69).err
    file = site.config.read_text()
    site.config.write_text(file.replace("[store]\n", f'[store]\npassword_command = "echo {PASSWORD}"\n'))
    assert "counts and hashes agree" in run("store", "copy", "--to", locked).out
    site.config.write_text(file)
    told = run("store", "copy", "--to", locked, env={"PGPASSWORD": PASSWORD}, code=1).err
    assert told == f"helpdesk: {locked}: there is a desk already; nothing was changed; name another\n"


def test_a_password_is_shown_nowhere(run: Run, host: Host, locked: str, guarded: PostgresServer) -> None:
    url = with_password(locked, "s%65same")
    config = host("one", url)
    for words, code in (
        (["init"], 69),
        (["config", "show"], 0),
        (["config", "show", "--json"], 0),
        (["doctor"], 78),
    ):
        done = run(*words, config=config, code=code)
        told = done.out + done.err
        assert "sesame" not in told and "s%65same" not in told
        assert MASK in told
    assert run("config", "show", "--json", config=config).json["store"]["url"] == with_password(locked, MASK)


# doctor


def names(checks: Any) -> set[tuple[str, str]]:
    return {(check["name"], check["level"]) for check in checks}


def of_store(run: Run, config: Path, **more: Any) -> dict[str, list[str]]:
    """What doctor says of the store, by level."""
    found: dict[str, list[str]] = {}
    for check in run("doctor", "--json", config=config, **more).json:
        if check["name"] == "store":
            found.setdefault(check["level"], []).append(check["text"])
    return found


def test_doctor_tells_what_it_found_and_looks_at_no_file(
    run: Run, host: Host, database: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = host("one", database)
    done = run("doctor", "--json", config=config, code=78)
    assert ("store", "fail") in names(done.json) and f"{database}: there is no store" in done.out
    run("init", config=config)
    found = of_store(run, config)
    assert list(found) == ["ok"] and len(found["ok"]) == 1
    assert found["ok"][0].startswith(f"{database}: sound; PostgreSQL {postgres.version}")
    for words in (f"server 127.0.0.1:{postgres.port}", f"user {USER}", "role primary", "tls no", "version 1"):
        assert words in found["ok"][0].split("; ")
    monkeypatch.setattr(headroom, "HEADROOM", 1 << 62)
    assert "disk" not in {check.name for check in examine(str(config))}


def test_doctor_warns_of_what_is_not_as_safe_as_it_could_be(
    run: Run, host: Host, database: str, postgres: PostgresServer
) -> None:
    config = host("one", database)
    run("init", config=config)
    configure(config, f"{database}?host=db.example&hostaddr=127.0.0.1")
    assert of_store(run, config)["warn"] == ["what goes to db.example and comes from it is not encrypted"]
    two = database.replace(f":{postgres.port}/", f":{postgres.port},127.0.0.1:{postgres.port}/")
    configure(config, two)
    assert "though it be a standby" in of_store(run, config)["warn"][0]
    configure(config, f"{two}?target_session_attrs=read-write")
    assert "warn" not in of_store(run, config)


def test_doctor_knows_a_standby(run: Run, host: Host, new_postgres: Callable[..., PostgresServer]) -> None:
    server = new_postgres()
    config = host("one", server.create_database("desk"))
    run("init", config=config)
    configure(config, server.standby().url("desk"))
    assert "is a standby: nothing can be written there" in of_store(run, config)["warn"][0]


def test_a_server_that_is_away_does_not_keep_doctor_from_the_rest(
    run: Run, host: Host, new_postgres: Callable[..., PostgresServer]
) -> None:
    server = new_postgres()
    config = host("one", server.create_database("desk"))
    run("init", config=config)
    server.stop()
    found = names(run("doctor", "--json", config=config, code=69).json)
    assert {("store", "fail"), ("mailbox.support", "ok"), ("transport.default", "ok")} <= found


# Backups


def test_a_backup_is_a_file_that_can_be_put_back_on_a_server(
    run: Run, host: Host, database: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    config, owner = host("one", database), {"HELPDESK_STAFF": None}
    run("init", config=config)
    Site(config.parent).write()
    run("fetch-mail", config=config)
    before = run("ticket", "list", "--json", config=config, env=owner).json
    assert len(before) == 1
    copy = tmp_path / "copy.db"
    assert run("store", "backup", str(copy), "--json", config=config, env=owner).json == {
        "path": str(copy),
        "size": copy.stat().st_size,
    }
    configure(config, f"sqlite:{copy}")
    assert run("ticket", "list", "--json", config=config, env=owner).json == before
    again = postgres.create_database("again")
    try:
        run("store", "copy", "--to", again, config=config, env=owner)
        configure(config, again)
        assert run("ticket", "list", "--json", config=config, env=owner).json == before
    finally:
        postgres.drop_database("again")


# The driver


@pytest.fixture
def beside(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Let Python run some lines before the program: what to add to its surroundings."""

    def beside(lines: str) -> dict[str, str]:
        folder = tmp_path / "beside"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(lines)
        return {"PYTHONPATH": str(folder)}

    return beside


def test_without_the_driver_one_line_says_how_to_get_it(
    run: Run, host: Host, database: str, beside: Callable[[str], dict[str, str]]
) -> None:
    config = host("one", database)
    env = beside('import sys\nsys.modules["psycopg"] = None\n')  # as where it is not installed
    told = run("init", config=config, env=env, code=78).err
    assert told == f"helpdesk: {config}: store.url: {EXTRA}\n"
    assert not (config.parent / "secret.key").exists()
    run("init", config=config)
    assert run("fetch-mail", config=config, env=env, code=78).err == told
    checks = run("doctor", "--json", config=config, env=env, code=78).json
    assert {("configuration", "fail"), ("store", "fail")} <= names(checks)
    assert EXTRA in run("config", "check", config=config, env=env, code=78).err


def test_a_driver_without_libpq_is_told_as_well(run: Run, host: Host, database: str) -> None:
    config = host("one", database)
    env = {"PSYCOPG_IMPL": "c"}  # the one that is not installed here
    told = run("init", config=config, env=env, code=78).err
    assert told == f"helpdesk: store.url: {NO_LIBPQ}\n"
    checks = run("doctor", "--json", config=config, env=env, code=78).json
    assert [check["text"] for check in checks if check["name"] == "store"] == [f"store.url: {NO_LIBPQ}"]


# The clock


@pytest.mark.parametrize(
    ("seconds", "words"), [(7200, "7,200 seconds ahead of"), (-300, "300 seconds behind")]
)
def test_a_wrong_clock_is_told_once_a_day_and_the_database_is_believed(
    run: Run,
    host: Host,
    database: str,
    postgres: PostgresServer,
    beside: Callable[[str], dict[str, str]],
    seconds: int,
    words: str,
) -> None:
    config = host("one", database)
    run("init", config=config)
    env = beside(f"import time\nreal = time.time\ntime.time = lambda: real() + {seconds}\n")
    site = Site(config.parent)
    site.write()
    done = run("fetch-mail", config=config, env=env)
    assert done.err == (
        f"helpdesk: the clock of {socket.gethostname()} is {words} the database's; set it; "
        "until then the database's is believed\n"
    )
    ((kept_at,),) = postgres.query("select kept_at from inbox", site_database(database))
    assert abs((datetime.fromisoformat(kept_at) - datetime.now(UTC)).total_seconds()) < 200
    assert run("fetch-mail", config=config, env=env).err == run("notify", config=config, env=env).err == ""
    postgres.query(
        "update tally set at = '2026-01-01T00:00:00Z' where kind = 'clock-skew'", site_database(database)
    )
    assert words in run("notify", config=config, env=env).err
    checks = run("doctor", "--json", config=config, env=env, code=1).json
    (clock,) = [check for check in checks if check["name"] == "clock"]
    assert clock["level"] == "fail" and words in clock["text"] and "NTP" in clock["hint"]


def test_a_dry_run_notes_nothing_of_a_wrong_clock(
    run: Run, host: Host, database: str, beside: Callable[[str], dict[str, str]]
) -> None:
    config = host("one", database)
    run("init", config=config)
    env = beside("import time\nreal = time.time\ntime.time = lambda: real() + 7200\n")
    for words in (["fetch-mail", "-n"], ["notify", "-n"]):
        assert run(*words, config=config, env=env).err == ""
    assert "7,200 seconds ahead" in run("notify", config=config, env=env).err


def site_database(url: str) -> str:
    return url.rpartition("/")[2]
