"""The address of a PostgreSQL server: what the check takes, refuses and tells, without server and driver."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk_cli.config import load
from helpdesk_cli.config.credentials import new_key, store_password
from helpdesk_cli.config.databases import EXTRA, doubts, is_near
from helpdesk_cli.config.shown import MASK, shown
from helpdesk_cli.errors import Unreachable
from helpdesk_cli.settings import Settings, Store

Told = Callable[..., list[str]]

BROKEN = [
    # what is behind the scheme, words of the sentence
    ("desk:p@ss@h/desk", "%40"),
    ("desk:pa/ss@h/desk", "%2F"),
    ("desk:50%@h/desk", "%25"),
    ("h h/desk", "%20"),
    ("h/desk?sslmode", "NAME=VALUE"),
    ("h/desk?options=-csearch_path=desk", "%3D"),
    ("::1/desk", "a port is a number"),
    ("[::1/desk", "[2001:db8::1]"),
    ("h:0/desk", '"0" is no port'),
    ("h:65536/desk", '"65536" is no port'),
    ("h/desk?port=five", '"five" is no port'),
    ("h_/-x:99999999999999/desk?host=a_b,-c", '"-c" is not a host name'),
    ("a,b/desk?port=1,2,3", "2 hosts and 3 ports"),
    ("a:1,b:2/desk?host=c", "1 hosts and 2 ports"),
    ("a,b/desk?hostaddr=127.0.0.1", "as many addresses"),
    ("h/desk?ssl_mode=require", 'unknown parameter "ssl_mode"; did you mean "sslmode"?'),
    ("h/desk?target_session_attr=any", 'did you mean "target_session_attrs"?'),
    ("h/desk?x=y", 'unknown parameter "x"'),
    ("h/desk?=y", 'unknown parameter ""'),
    ("h/desk?sslmode=on", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"),
    ("h/desk?ssl=false", "sslmode=require"),
    ("h/desk?target_session_attrs=read-only", 'must be "read-write": a desk writes'),
    ("h/desk?target_session_attrs=prefer-standby", 'must be "read-write": a desk writes'),
    ("h/desk?load_balance_hosts=on", "disable, random"),
    ("h/desk?connect_timeout=10s", "connect_timeout must be a whole number"),
    ("h/desk?replication=database", "means nothing"),
    ("h/desk?client_encoding=latin1", "ours to choose"),
    ("h/desk?sslrootcert=ca.pem", "sslrootcert must be an absolute path"),
    ("h/desk?passfile=~/.pgpass", "passfile must be an absolute path"),
]

TAKEN = [
    "",
    "/desk",
    "desk@a,b:5433/desk?target_session_attrs=read-write",
    "/desk?host=/run/postgresql",
    "%2Frun%2Fpostgresql/desk",
    "/?service=desk",
    "h/desk?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem",
    "h/desk?sslmode=verify-full&sslrootcert=system",
    "h/desk?options=-csearch_path%3Ddesk",
    "h/desk?ssl=true",
    "desk:p%40ss@[2001:db8::1]:5433,db_1.example.com,127.0.0.1/desk?connect_timeout=5&application_name=desk",
    "a,b/desk?port=6432&hostaddr=127.0.0.1,127.0.0.2",
    "@%40abstract/desk",
    "desk@h/desk?sslpassword=x&sslkey=/k&sslcert=/c&load_balance_hosts=random",
]


def store(url: str) -> str:
    return f'[store]\nurl = "postgresql://{url}"\n'


@pytest.mark.parametrize(("rest", "words"), BROKEN, ids=[rest for rest, _ in BROKEN])
def test_a_broken_address_is_told_without_its_password(told: Told, sound: str, rest: str, words: str) -> None:
    faults = told(f"{sound}\n{store(rest)}")
    assert any(": store.url: " in f": {fault}" and words in fault for fault in faults), faults
    assert not any(secret in fault for fault in faults for secret in ("p@ss", "ss@", "pa/ss", "50%@"))


@pytest.mark.parametrize("rest", TAKEN)
def test_an_address_that_libpq_takes_is_taken(told: Told, sound: str, rest: str) -> None:
    assert told(f"{sound}\n{store(rest)}") == []
    assert told(f"{sound}\n{store(rest).replace('postgresql:', 'postgres:')}") == []


@pytest.mark.parametrize("scheme", ["POSTGRESQL", "postgresql+psycopg", "jdbc:postgresql", "mysql", "pgsql"])
def test_another_scheme_is_told_what_there_is(told: Told, sound: str, scheme: str) -> None:
    (fault,) = told(f'{sound}\n[store]\nurl = "{scheme}://desk:sesame@h/desk"\n')
    assert "postgresql://USER@HOST/DATABASE" in fault and "sesame" not in fault


@pytest.mark.parametrize("rest", ["d:sesame@h/d", "h/d?password=sesame", "h/d?sslpassword=sesame"])
def test_a_password_needs_a_file_that_nobody_else_reads(told: Told, sound: str, rest: str) -> None:
    text = f"{sound}\n{store(rest)}"
    (fault,) = told(text, 0o644)
    assert "store.url: has a password" in fault and "chmod 600" in fault and "sesame" not in fault
    assert told(text, 0o600) == []
    assert told(f"{sound}\n{store('d@h/d')}", 0o644) == []


def test_a_command_names_a_program(told: Told, sound: str) -> None:
    for command in ('" "', '["", "x"]'):
        text = f"{sound}\n{store('h/d')}password_command = {command}\n"
        (fault,) = told(text)
        assert "store.password_command: names no program" in fault
    assert told(f'{sound}\n{store("h/d")}password_command = "pass show\\ndesk"\n') == []


# What is looked at more closely


@pytest.fixture
def closely(told: Told, sound: str, tmp_path: Path) -> Callable[[str], list[str]]:
    """Look at a store's table and at everything it names."""
    new_key(str(tmp_path / "secret.key"))
    return lambda table: told(f"{sound}\n{table}", thoroughly=True)


def test_certificates_and_the_program_of_the_password_are_looked_for(
    closely: Callable[[str], list[str]], tmp_path: Path
) -> None:
    assert closely(store("h/d?sslrootcert=system")) == []
    (fault,) = closely(store(f"h/d?sslrootcert={tmp_path}/ca.pem"))
    assert "store.url: " in fault and "ca.pem: No such file" in fault
    (fault,) = closely(f'{store("h/d")}password_command = ["no-such-program"]\n')
    assert "store.password_command: no-such-program: no such program" in fault
    assert any("must begin the code" in fault for fault in closely(store("h/d?sslrootcert=%zz")))


def test_a_missing_driver_is_told_only_when_asked(
    closely: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as where it is not installed
    (fault,) = closely(store("h/d"))
    assert fault.endswith(f"store.url: {EXTRA}") and "helpdesk-cli[postgres]" in EXTRA


def test_checking_an_address_imports_no_driver(write: Callable[..., str], sound: str, tmp_path: Path) -> None:
    new_key(str(tmp_path / "secret.key"))
    path = write(f"{sound}\n{store('h/d')}")
    code = (
        f"import sys\nfrom helpdesk_cli.config import load\nload({path!r}, thoroughly=True)\n"
        "print('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# What is shown


def test_the_configuration_is_shown_without_the_store_s_password(
    write: Callable[..., str], sound: str
) -> None:
    settings = load(write(f"{sound}\n{store('desk:se%73ame@h/desk?sslpassword=sesame')}"))
    laid_out = shown(settings)
    assert laid_out["store"]["url"] == f"postgresql://desk:{MASK}@h/desk?sslpassword={MASK}"
    assert "s" + "esame" not in json.dumps(laid_out) and "se%73" not in json.dumps(laid_out)
    assert shown(Settings())["store"] == {
        "url": "sqlite:helpdesk.db",
        "password_command": "",
        "run_as": "",
    }


# Its password


def test_the_password_is_the_first_line_of_what_the_command_prints(tmp_path: Path) -> None:
    assert store_password(Store(url="postgresql://h")) is None
    fetch = store_password(Store(password_command=("printf", " p w \\nmore")))
    assert fetch is not None and fetch() == " p w "
    by_shell = store_password(Store(password_command=f"echo x >> {tmp_path}/n; wc -l < {tmp_path}/n"))
    assert by_shell is not None and not (tmp_path / "n").exists()
    assert [by_shell().strip(), by_shell().strip()] == ["1", "2"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo sesame; echo locked >&2; exit 3", "the command failed with exit code 3: locked"),
        ("printf '\\nsesame'", "printed no secret"),
        (("/nowhere/pass", "sesame"), "cannot run /nowhere/pass"),
    ],
)
def test_a_command_that_fails_is_told_and_what_it_printed_is_not(
    command: str | tuple[str, ...], words: str
) -> None:
    fetch = store_password(Store(password_command=command))
    assert fetch is not None
    with pytest.raises(Unreachable, match=r"^store\.password_command: ") as caught:
        fetch()
    assert words in str(caught.value) and "sesame" not in str(caught.value)


# What works and will surprise


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGDATABASE", "PGSERVICE", "PGTARGETSESSIONATTRS"):
        monkeypatch.delenv(name, raising=False)


def doubted(rest: str) -> str:
    return "; ".join(text for text, _ in doubts(f"postgresql://{rest}"))


def test_several_servers_without_a_word_on_which_to_take_are_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "though it be a standby" in doubted("a,b/desk")
    assert "though it be a standby" in doubted("/desk?host=a,b&target_session_attrs=any")
    assert doubted("a/desk") == doubted("a,b/desk?target_session_attrs=read-write") == ""
    assert doubted("a,b/desk?service=desk") == ""
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "read-write")
    assert doubted("a,b/desk") == ""
    monkeypatch.delenv("PGTARGETSESSIONATTRS")
    monkeypatch.setenv("PGHOST", "a,b")
    assert "though it be a standby" in doubted("/desk")
    assert doubted("c/desk") == ""


def test_no_name_of_a_database_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "names no database" in doubted("desk@h")
    assert doubted("desk@h?dbname=desk") == doubted("?service=desk") == ""
    monkeypatch.setenv("PGDATABASE", "desk")
    assert doubted("desk@h") == ""


def test_what_stays_on_this_machine_is_near() -> None:
    assert all(map(is_near, ("", "/run/postgresql", "@abstract", "localhost", "127.0.0.1", "::1")))
    assert not any(map(is_near, ("db.example.com", "10.0.0.1", "localhost.example.com")))
