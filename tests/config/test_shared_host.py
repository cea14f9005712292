"""What is wrong with ``[store] run_as``."""

from collections.abc import Callable

import pytest

from helpdesk_cli.config import load

SECRET = '[webhook.chat]\nurl = "https://chat.example/"\nsecret = "0123456789abcdef0123456789abcdef"\n'
PASSWORD = '[transport.other]\nhost = "mail.example"\nsecurity = "tls"\nusername = "x"\npassword = "x"\n'


def lent(sound: str, login: str) -> str:
    return f'{sound}\n[store]\nrun_as = "{login}"\n'


@pytest.mark.parametrize(
    ("login", "added", "key", "words"),
    [
        ("root", "", "store.run_as", "must not be root"),
        ("-u root", "", "store.run_as", "no account's name"),
        ("#0", "", "store.run_as", "no account's name"),
        ("helpdesk", PASSWORD, "transport.other.password", "password_command or password_file"),
        ("helpdesk", SECRET, "webhook.chat.secret", "secret_command or secret_file"),
    ],
)
def test_a_fault_is_told_with_its_key(
    told: Callable[[str], list[str]], sound: str, login: str, added: str, key: str, words: str
) -> None:
    faults = told(f"{lent(sound, login)}\n{added}")
    assert any(f": {key}: " in f": {fault}" and words in fault for fault in faults), faults


def test_an_account_without_power_is_right(write: Callable[..., str], sound: str) -> None:
    assert load(write(lent(sound, "helpdesk"))).store.run_as == "helpdesk"
