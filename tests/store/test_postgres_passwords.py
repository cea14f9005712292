"""Where a password comes from, and that nothing we say holds it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from postgres import PASSWORD, USER, PostgresServer, first_cluster

from helpdesk_cli.errors import DeskError, StoreAway
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine

WRONG = "ge heim/@:?#%&"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that asks everybody for a password."""
    server = PostgresServer(first_cluster(tmp_path_factory), auth="scram-sha-256")
    server.start()
    engine = open_engine(server.url("postgres", password=PASSWORD))
    engine.build()
    engine.close()
    yield server
    server.end()


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this account's own says a password."""
    for name in ("PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def can_read(engine: Engine) -> bool:
    try:
        with engine.read() as tx:
            return tx.row("select count(*) from ticket") == (0,)
    finally:
        engine.close()


def pass_file(folder: Path, server: PostgresServer, password: str, name: str = ".pgpass") -> Path:
    file = folder / name
    file.write_text(f"127.0.0.1:{server.port}:*:{USER}:{password}\n")
    file.chmod(0o600)
    return file


# Where it comes from


def test_from_the_address(guarded: PostgresServer) -> None:
    bare = guarded.url("postgres")
    assert can_read(open_engine(f"{bare}?password={PASSWORD}"))
    assert can_read(open_engine(bare.replace("hd@", f"hd:{PASSWORD}@")))


def test_from_the_environment(guarded: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert can_read(open_engine(guarded.url("postgres")))


def test_from_the_password_file(guarded: PostgresServer, tmp_path: Path) -> None:
    # libpq asks the account's record for its home unless HOME says one
    pass_file(tmp_path, guarded, PASSWORD)
    assert can_read(open_engine(guarded.url("postgres")))


def test_from_a_password_file_that_is_named(
    guarded: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = pass_file(tmp_path, guarded, PASSWORD, "passwords")
    assert can_read(open_engine(guarded.url("postgres", passfile=str(file))))
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert can_read(open_engine(guarded.url("postgres")))


def test_from_a_service_file(
    guarded: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services"
    services.write_text(
        f"[desk]\nhost=127.0.0.1\nport={guarded.port}\nuser={USER}\ndbname=postgres\npassword={PASSWORD}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    engine = open_engine("postgresql://?service=desk")
    assert engine.facts()["database"] == "postgres"
    assert PASSWORD not in str(engine.facts())
    assert can_read(engine)


def test_from_a_command(guarded: PostgresServer) -> None:
    asked: list[int] = []

    def command() -> str:
        asked.append(1)
        return PASSWORD

    engine = open_engine(guarded.url("postgres"), command)
    assert asked == []
    with engine.read() as tx, engine.lock("mailbox") as got:
        assert got
        tx.rows("select 1")
    engine.close()
    assert asked == [1, 1]


def test_the_address_says_more_than_a_command_and_that_more_than_the_environment(
    guarded: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", WRONG)
    assert can_read(open_engine(guarded.url("postgres"), lambda: PASSWORD))
    assert can_read(open_engine(guarded.url("postgres", password=PASSWORD), lambda: WRONG))


# That it stays where it is


def said_of(url: str, password: Callable[[], str] | None = None) -> str:
    """All that an engine says where it is refused: the error, whatever is behind it, and the place."""
    engine = open_engine(url, password)
    with pytest.raises(DeskError) as refused, engine.read():
        pass
    assert isinstance(refused.value, StoreAway)
    assert refused.value.exit_code == 69
    return f"{refused.value} {engine.place}"


def test_no_refusal_says_the_password(
    guarded: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = guarded.url("postgres")
    said = [
        said_of(bare.replace("hd@", f"hd:{quote(WRONG, safe='')}@")),
        said_of(f"{bare}?password={quote(WRONG, safe='')}"),
        said_of(f"{bare}?password={quote(WRONG, safe='')}&sslmode=disable"),
        said_of(bare, lambda: WRONG),
        said_of(bare),
    ]
    monkeypatch.setenv("PGPASSWORD", WRONG)
    said.append(said_of(bare))
    monkeypatch.delenv("PGPASSWORD")
    pass_file(tmp_path, guarded, "geheim")
    said.append(said_of(bare))
    for words in said:
        assert "password" in words
        assert f"127.0.0.1:{guarded.port}/postgres" in words
        assert not any(secret in words for secret in ("heim", quote(WRONG, safe=""), PASSWORD))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:ge%heim@h/d",
        "postgresql://a:geheim%@h/d",
        "postgresql://a@h/d?password=ge%heim",
        "postgresql://a:ge/heim@h/d",
        "postgresql://a:ge?heim@h/d",
        "postgresql://a:ge#heim@h/d",
        "postgresql://a:geheim@h:x/d",
        "postgresql://a:geheim@h/d?passwort=geheim",
        "postgresql://a:geheim@h/d?password",
        "postgresql://a:geheim@[::1/d",
    ],
)
def test_a_broken_address_is_refused_without_its_password(url: str) -> None:
    engine = open_engine(url)
    with pytest.raises(DeskError) as refused, engine.read():
        pass
    assert "heim" not in f"{refused.value} {engine.place}"
    assert "\n" not in str(refused.value)


def test_no_process_list_shows_the_password(guarded: PostgresServer) -> None:
    code = (
        "import sys\nfrom helpdesk_cli.store import open_engine\n"
        "engine = open_engine(sys.stdin.readline().strip())\n"
        "with engine.read() as tx:\n"
        "    print(tx.row('select count(*) from ticket'), flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(guarded.url("postgres", password=PASSWORD) + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "(0,)\n"
        known = (
            Path(f"/proc/{child.pid}/cmdline").read_bytes() + Path(f"/proc/{child.pid}/environ").read_bytes()
        )
        child.stdin.write("\n")
        child.stdin.close()
    assert PASSWORD.encode() not in known
    queries = "select coalesce(application_name, '') || coalesce(query, '') from pg_stat_activity"
    rows = guarded.query(queries)
    assert not any(PASSWORD in row[0] for row in rows)
