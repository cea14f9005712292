"""What `config show` shows."""

import json
from collections.abc import Callable
from pathlib import Path

from helpdesk_cli.config.read import read
from helpdesk_cli.config.shown import MASK, shown
from helpdesk_cli.settings import Mailbox, Rate, Settings, Size, Span, Transport


def test_passwords_are_masked_and_only_where_there_is_one() -> None:
    settings = Settings(
        transport={"a": Transport(password="sesame")},
        mailbox={"b": Mailbox(password="sesame"), "c": Mailbox(password_command=("pass", "show"))},
    )
    laid_out = shown(settings)
    assert "sesame" not in json.dumps(laid_out)
    assert laid_out["transport"]["a"]["password"] == laid_out["mailbox"]["b"]["password"] == MASK
    assert laid_out["mailbox"]["c"]["password"] == ""
    assert laid_out["mailbox"]["c"]["password_command"] == ["pass", "show"]


def test_every_setting_is_shown_as_it_would_be_written(write: Callable[..., str], tmp_path: Path) -> None:
    laid_out = shown(Settings(source="/etc/helpdesk/helpdesk.toml", mailbox={"a": Mailbox(timeout=Span(90))}))
    assert laid_out["source"] == "/etc/helpdesk/helpdesk.toml"
    assert list(laid_out) == list(Settings.__struct_fields__)
    assert laid_out["mailbox"]["a"]["timeout"] == "90s"
    assert laid_out["mailbox"]["a"]["max_size"] == "50 MB"
    assert laid_out["limits"]["new_tickets_per_sender"] == ["20/10m", "100/1d"]
    assert laid_out["stage"]["new"] == {
        "name": "New",
        "state": "open",
        "notify": ["staff"],
        "template": "moved",
        "departments": [],
        "next": [],
        "formerly": [],
    }


def test_what_is_shown_reads_back_as_the_same(write: Callable[..., str]) -> None:
    settings = read(
        write('[mailbox.a]\nmax_size = 65537\ntimeout = "2h"\n[limits]\nacknowledgements = ["7/90s"]\n')
    )
    laid_out = shown(settings)
    mailbox, limits = laid_out["mailbox"]["a"], laid_out["limits"]
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in mailbox.items())
    text = f"[mailbox.a]\n{text}[limits]\n" + "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in limits.items()
    )
    again = read(write(text))
    assert again.mailbox == settings.mailbox
    assert again.limits == settings.limits
    assert again.limits.acknowledgements == (Rate(7, 90),)
    assert again.mailbox["a"].max_size == Size(65537)
