"""A web hook that would tell strangers, or that nobody could trust, is refused with its key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk_cli.config import load
from helpdesk_cli.config.credentials import hook_secret, new_key
from helpdesk_cli.errors import Unreachable
from helpdesk_cli.settings import Webhook

Told = Callable[..., list[str]]

HOOK = '[webhook.chat]\nurl = "https://chat.example.com/hooks/desk"\n'
SIGNED = f'{HOOK}secret = "s"\n'


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.com",
        "https://chat.example.com:8443/hooks?x=1",
        "HTTPS://chat.example.com/",
        "http://localhost:8080/x",
        "http://127.0.0.1/x",
        "http://[::1]:80/x",
        "https://[2001:db8::1]/x",
    ],
)
def test_where_a_call_may_go(told: Told, sound: str, url: str) -> None:
    assert told(f'{sound}\n[webhook.chat]\nurl = "{url}"\nsecret = "s"') == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "https://"),
        ("chat.example.com/x", "https://"),
        ("ftp://chat.example.com/x", "https://"),
        ("http://chat.example.com/x", "unencrypted"),
        ("http://127.0.0.1.evil.example/x", "unencrypted"),
        ("https://u:p@chat.example.com/x", "signed with a secret"),
        ("https:///x", "no host"),
        ("https://chat example.com/x", "no host"),
        ("https://chat.example.com:99999/x", "no port"),
        ("https://chat.example.com:x/x", "no port"),
        ("https://chat.example.com/a b", "blank"),
        ("https://chat.example.com/ü", "blank"),
        ("https://chat.example.com/x#y", "blank"),
    ],
)
def test_where_no_call_may_go(told: Told, sound: str, url: str, words: str) -> None:
    (fault,) = told(f'{sound}\n[webhook.chat]\nurl = "{url}"\nsecret = "s"')
    assert "webhook.chat.url: " in fault and words in fault


def test_a_line_break_in_an_address_is_refused(told: Told, sound: str) -> None:
    faults = told(f'{sound}\n[webhook.chat]\nurl = "https://h/\\r\\nX: y"\nsecret = "s"')
    assert any("webhook.chat.url" in fault and "line break" in fault for fault in faults)


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ("", "webhook.chat.secret_command", "one of secret_command, secret_env, secret_file, secret"),
        ('secret = "s"\nsecret_env = "S"', "webhook.chat.secret", "secret_env is set too"),
        ('secret_command = [""]', "webhook.chat.secret_command", "names no program"),
        ('secret = "s"\ntimeout = 0', "webhook.chat.timeout", '"1s" to "5m"'),
        ('secret = "s"\nca_file = "~nobody-has-this-name/c"', "webhook.chat.ca_file", "home"),
        ('secret = "s"\nverify = false', "webhook.chat.verify", "unknown key"),
    ],
)
def test_a_call_is_signed_and_ends(told: Told, sound: str, more: str, key: str, words: str) -> None:
    (fault,) = told(f"{sound}\n{HOOK}{more}")
    assert f"{key}: " in fault and words in fault


def test_a_secret_in_a_file_that_others_read_is_refused_and_never_repeated(told: Told, sound: str) -> None:
    (fault,) = told(f"{sound}\n{SIGNED}", 0o644)
    assert "webhook.chat.secret: others may read this file" in fault
    (fault,) = told(f"{sound}\n{HOOK}secret = 12345678")
    assert "webhook.chat.secret: " in fault and "12345678" not in fault


def test_its_files_lie_beside_the_configuration(
    write: Callable[..., str], sound: str, tmp_path: Path
) -> None:
    webhook = load(write(f'{sound}\n{HOOK}secret_file = "hook.secret"\nca_file = "ca.pem"')).webhook["chat"]
    assert webhook.secret_file == str(tmp_path / "hook.secret")
    assert webhook.ca_file == str(tmp_path / "ca.pem")


def test_what_it_names_outside_is_looked_at(told: Told, sound: str, tmp_path: Path) -> None:
    new_key(str(tmp_path / "secret.key"))
    for more, key in (
        ('secret_command = ["no-such-program"]', "secret_command"),
        ('secret_env = "NO_SUCH_VARIABLE"', "secret_env"),
        ('secret_file = "gone"', "secret_file"),
        ('secret = "s"\nca_file = "gone"', "ca_file"),
    ):
        (fault,) = told(f"{sound}\n{HOOK}{more}", thoroughly=True)
        assert f"webhook.chat.{key}: " in fault


def test_where_its_secret_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hook.secret"
    file.write_text("of the file\nmore\n")
    file.chmod(0o600)
    monkeypatch.setenv("HOOK_SECRET", "of the environment")
    for given, secret in (
        ({"secret": "itself"}, "itself"),
        ({"secret_command": ("echo", "of the command")}, "of the command"),
        ({"secret_env": "HOOK_SECRET"}, "of the environment"),
        ({"secret_file": str(file)}, "of the file"),
    ):
        assert hook_secret(Webhook(url="https://h/", **given), "webhook.chat") == secret
    with pytest.raises(Unreachable, match=r"webhook\.chat\.secret_command: the command failed"):
        hook_secret(Webhook(url="https://h/", secret_command=("false",)), "webhook.chat")
