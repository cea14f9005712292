"""What `config check` looks at beside the file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk_cli.config.credentials import new_key

Told = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def key(tmp_path: Path) -> Path:
    """The key beside the configuration."""
    path = tmp_path / "secret.key"
    new_key(str(path))
    return path


def test_all_is_well(told: Told, sound: str) -> None:
    assert told(sound, thoroughly=True) == []


def test_the_key_is_looked_at(told: Told, sound: str, key: Path) -> None:
    key.chmod(0o644)
    (fault,) = told(sound, thoroughly=True)
    assert fault.startswith("desk.secret_file: ") and "others may read" in fault
    key.unlink()
    (fault,) = told(sound, thoroughly=True)
    assert "helpdesk init" in fault


LOGIN = 'host = "h.example"\nusername = "u"\n'

FOREIGN = [
    ('[desk]\ntemplates = "words"', "desk.templates", "no such folder"),
    ('[store]\nurl = "sqlite:gone/helpdesk.db"', "store.url", "no such folder"),
    ('[store]\nurl = "sqlite:."', "store.url", "is a folder"),
    ('[log]\nto = "file"\nfile = "gone/helpdesk.log"', "log.file", "no such folder"),
    ('[mailbox.two]\nkind = "maildir"\npath = "secret.key"', "mailbox.two.path", "not a Maildir"),
    ('[mailbox.two]\nkind = "mbox"\npath = "m"', "mailbox.two.path", "no such file"),
    ('[transport.two]\nkind = "maildir"\npath = "gone/out"', "transport.two.path", "no such folder"),
    ('[transport.two]\nkind = "sendmail"\npath = "./sendmail"', "transport.two.path", "no such program"),
    (
        '[mailbox.two]\nCREDENTIALpassword_command = ["no-such-program"]',
        "mailbox.two.password_command",
        "no such",
    ),
    ('[mailbox.two]\nCREDENTIALoauth2_command = ["./x", "y"]', "mailbox.two.oauth2_command", "./x: no such"),
    ('[mailbox.two]\nCREDENTIALpassword_env = "NOT_SET_HERE"', "mailbox.two.password_env", "NOT_SET_HERE"),
    ('[mailbox.two]\nCREDENTIALpassword_file = "gone"', "mailbox.two.password_file", "no such file"),
    ('[mailbox.two]\nCREDENTIALpassword = "p"\nca_file = "gone"', "mailbox.two.ca_file", "No such file"),
    (
        '[mailbox.two]\nCREDENTIALpassword = "p"\nca_file = "secret.key"',
        "mailbox.two.ca_file",
        "no certificate",
    ),
]


@pytest.mark.parametrize(("added", "name", "words"), FOREIGN)
def test_what_is_named_and_not_there_is_told_only_when_asked(
    told: Told, sound: str, added: str, name: str, words: str
) -> None:
    text = f"{sound}\n{added.replace('CREDENTIAL', LOGIN)}\n"
    assert told(text) == []
    (fault,) = told(text, thoroughly=True)
    assert f": {name}: " in fault and words in fault


def test_a_store_that_we_may_not_write_is_told(
    told: Told, sound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system is asked about the file, or about its folder while there is none; root may write anywhere."""
    asked = []

    def access(path: Path, mode: int) -> bool:
        asked.append((path, mode))
        return mode != os.W_OK

    monkeypatch.setattr(os, "access", access)
    text = sound.replace('["true"]', '"true"')
    for there in (tmp_path, tmp_path / "helpdesk.db"):
        (fault,) = told(text, thoroughly=True)
        assert fault == f"store.url: {tmp_path}/helpdesk.db: we may not write there"
        assert asked.pop() == (there, os.W_OK)
        (tmp_path / "helpdesk.db").touch()


def test_a_password_file_that_others_may_read_is_told(told: Told, sound: str, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("sesame\n")
    (tmp_path / "p").chmod(0o644)
    text = sound.replace('password_command = ["true"]', 'password_file = "p"')
    (fault,) = told(text, thoroughly=True)
    assert "others may read it" in fault and "sesame" not in fault
    (tmp_path / "p").chmod(0o600)
    assert told(text, thoroughly=True) == []


def test_what_is_there_is_taken(
    told: Told, sound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("words", "in/new", "in/cur"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "m").touch()
    monkeypatch.setenv("SET_HERE", "x")
    text = sound.replace('password_command = ["true"]', 'password_env = "SET_HERE"')
    text = f"""desk.templates = "words"
{text}
[mailbox.two]
kind = "maildir"
path = "in"
[mailbox.three]
kind = "mbox"
path = "m"
[transport.two]
kind = "maildir"
path = "out"
[transport.three]
kind = "sendmail"
path = "true"
"""
    assert told(text, thoroughly=True) == []
