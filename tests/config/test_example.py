"""The example file is complete, right, and what it shows in comments is right too."""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from helpdesk_cli.config import load
from helpdesk_cli.config.read import examine
from helpdesk_cli.settings import Rate, Server, Settings

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SETTING = re.compile(r"^(# )?([a-z0-9_]+) = ")
HEADER = re.compile(r"^(?:# )?\[([a-z0-9.]+)\](?: |$)")


def settings_of(kind: type[Struct], table: str) -> Iterator[tuple[str, str]]:
    """Yield each table and key that the classes know."""
    for info in fields(kind):
        inner: Any = get_args(info.type)[1] if get_origin(info.type) is dict else info.type
        if isinstance(inner, type) and issubclass(inner, Struct) and inner is not Rate:
            yield from settings_of(inner, info.name)
        elif info.name != "source":
            yield table, info.encode_name


def settings_shown() -> Iterator[tuple[str, str]]:
    """Yield each table and key that the example shows."""
    table = ""
    for line in EXAMPLE.read_text().splitlines():
        if header := HEADER.match(line):
            table = header[1].partition(".")[0]
        elif setting := SETTING.match(line):
            yield table, setting[2]


def test_every_setting_stands_in_the_example_and_nothing_else() -> None:
    assert set(settings_shown()) == set(settings_of(Settings, ""))


def test_the_tables_come_in_the_order_of_the_settings() -> None:
    tables = list(dict.fromkeys(table for table, _ in settings_shown()))
    assert tables == [name for name in Settings.__struct_fields__ if name != "source"]


def test_every_setting_has_a_sentence_on_its_line() -> None:
    table, explained = "", set()
    for line in EXAMPLE.read_text().splitlines():
        if header := HEADER.match(line):
            table = header[1].partition(".")[0]
        elif (setting := SETTING.match(line)) and re.search(r" # \S+ \S+", line):
            explained.add((table, setting[2]))
    said_above = {
        ("mailbox", key)
        for table, key in explained
        if table == "transport" and key in Server.__struct_fields__
    }
    assert set(settings_shown()) <= explained | said_above


def test_the_example_loads_and_checks_as_it_is(write: Callable[..., str]) -> None:
    settings = load(write(EXAMPLE.read_text(), 0o644))
    assert list(settings.mailbox) == list(settings.department) == ["support"]


def test_the_example_changes_no_default_of_the_tables_that_all_desks_share(write: Callable[..., str]) -> None:
    settings = load(write(EXAMPLE.read_text()))
    assert settings.operation == Settings().operation
    assert settings.alerts == Settings().alerts
    assert settings.limits == Settings().limits


def commented() -> list[int]:
    return [
        number
        for number, line in enumerate(EXAMPLE.read_text().splitlines())
        if line.startswith("# ") and SETTING.match(line)
    ]


@pytest.mark.parametrize("number", commented())
def test_what_is_commented_out_is_right_when_taken_in(number: int, write: Callable[..., str]) -> None:
    lines = EXAMPLE.read_text().splitlines()
    for above in range(number, -1, -1):
        if header := HEADER.match(lines[above]):
            if lines[above].startswith("# "):
                lines[above] = lines[above][2:]
            assert header
            break
    lines[number] = lines[number][2:]
    text = "\n".join(lines)
    before = tomllib.loads(EXAMPLE.read_text())
    assert tomllib.loads(text) != before
    missing = {"name", "state", "when", "then", "url", "people"}
    assert {fault.key[-1] for fault in examine(write(text)).faults} <= missing


def test_the_commented_tables_show_the_defaults(write: Callable[..., str]) -> None:
    text = EXAMPLE.read_text()
    for name in ("limits", "log"):
        shown = text[text.index(f"# [{name}]") :].partition("\n\n")[0]
        taken = re.sub("^# ", "", shown, flags=re.M)
        found = getattr(load(write(f"{text}\n{taken}")), name)
        default = getattr(Settings(), name)
        assert found == (replace(default, file=found.file) if name == "log" else default)
        assert name != "log" or found.file.endswith(f"/{default.file}")


def test_the_newcomers_edits_make_a_desk(write: Callable[..., str]) -> None:
    text = EXAMPLE.read_text()
    for old, new in (
        ('domain = "localhost"             # >>>', 'domain = "firm.example" # >>>'),
        ('host = "imap.example.com"', 'host = "mail.firm.example"'),
        ('username = "support@example.com" # >>>', 'username = "desk@firm.example" # >>>'),
        ('password_command = ["pass", "show", "support"]  # >>>', 'password_command = "cat /run/pw" # >>>'),
        ('address = "support@example.com"  # >>>', 'address = "desk@firm.example" # >>>'),
    ):
        assert text.count(f"\n{old}") == 1
        text = text.replace(f"\n{old}", f"\n{new}")
    assert text.count("# >>>") == 5
    assert load(write(text)).own_addresses() == {"desk@firm.example"}
