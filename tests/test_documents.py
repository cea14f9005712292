"""What the manual says is so: commands, settings, rules, links, and the examples that people copy."""

import ast
import io
import re
import shlex
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from msgspec import Struct
from msgspec.structs import fields

from helpdesk_cli.cli import root
from helpdesk_cli.cli.app import Call
from helpdesk_cli.config import load
from helpdesk_cli.domain.mail import Outcome
from helpdesk_cli.domain.schedule import Place, crontab, postfix, systemd, task
from helpdesk_cli.domain.triage import TABLE
from helpdesk_cli.errors import DeskError
from helpdesk_cli.settings import Settings
from helpdesk_cli.templates import KINDS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("bench/*.md")])
CRON = sorted((ROOT / "scripts" / "cron").iterdir())


def told(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands(command: click.Command = root, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command but the root, by the words that call it."""
    ctx = click.Context(command)
    if path:
        yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}".strip())


COMMANDS = dict(commands())


# Commands


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_helps_with_a_sentence_an_example_and_a_page(path: str) -> None:
    command = COMMANDS[path]
    assert re.match(r"[A-Z].*\.", command.help or "", re.S)
    assert f"helpdesk {path}" in " ".join((command.epilog or "").split())
    assert (REFERENCE / "commands" / f"{path.replace(' ', '-')}.md").is_file()


def test_every_option_has_a_sentence() -> None:
    silent = [
        f"{path} {option.opts[-1]}"
        for path, command in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option) and not (option.help or "").endswith((".", "…"))
    ]
    assert silent == []


def test_the_written_pages_are_those_of_this_program() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of a language, with the page and line where each begins."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(rf"^ *```{language}\n(.*?)^ *```$", text, re.S | re.M):
            line = text[: found.start()].count("\n") + 1
            yield f"{told(page)}:{line}", found[1]


def typed() -> Iterator[tuple[str, list[str]]]:
    """The calls of the program in console blocks, without what a shell does beside."""
    for place, text in blocks("console"):
        for line in text.splitlines():
            if line.strip().startswith("$ "):
                yield from ((place, words) for words in calls(line.strip()[2:]))


def calls(line: str) -> Iterator[list[str]]:
    """Each call of ``helpdesk`` in a line of a shell; its words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in ("|", "||", ";", "&&", "<", ">", ">>"):
            if words[:1] in (["helpdesk"], ["sudo"]):
                yield words[4 if words[0] == "sudo" else 1 :]  # sudo -u USER helpdesk …
            words = []
        else:
            words.append(word)


def parse(words: list[str]) -> None:
    """Read words as the program does, without running anything. Raises click's errors."""
    command: click.Command = root
    # With its settings: a command keeps the help option of whoever asks first.
    ctx = click.Context(root, info_name="helpdesk", obj=Call(), **root.context_settings)
    rest = list(words)
    while isinstance(command, click.Group):
        options, rest, _ = command.make_parser(ctx).parse_args(rest)
        if not rest:
            assert options, f"helpdesk {shlex.join(words)} does nothing"
            return
        name, inner, rest = command.resolve_command(ctx, rest)
        assert inner is not None
        command, parent = inner, ctx
        ctx = click.Context(command, parent=parent, info_name=name)
    command.make_context(ctx.info_name, rest, parent=ctx.parent)


def test_calls_in_the_manual_are_calls_of_this_program(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    found = list(typed())
    for place, words in found:
        monkeypatch.setattr("sys.stdin", io.StringIO("1"))
        try:
            parse(words)
        except click.ClickException as error:
            wrong.append(f"{place}: helpdesk {shlex.join(words)}: {error.format_message()}")
    assert wrong == []
    assert len(found) > 150


def test_calls_in_sentences_name_commands_and_options_that_there_are() -> None:
    wrong = []
    for page in PAGES:
        for code in re.findall(r"`(helpdesk [a-z-][^`]*)`", page.read_text(encoding="utf-8")):
            for words in calls(code.replace("\\|", "|")):
                try:
                    parse(words)
                except click.MissingParameter:
                    pass  # a sentence may name a command without its arguments
                except click.ClickException as error:
                    wrong.append(f"{told(page)}: {code}: {error.format_message()}")
    assert wrong == []


def test_every_command_is_shown_on_some_page_that_people_write() -> None:
    names = {path for path, command in COMMANDS.items() if not isinstance(command, click.Group)}
    text = "\n".join(
        " ".join(page.read_text(encoding="utf-8").split()) for page in PAGES if page.parent.name != "commands"
    )
    rare = {"client list", "client show", "client edit", "client address remove", "staff show", "staff leave"}
    rare |= {"ticket move", "ticket reopen", "ticket log", "ticket attachments"}
    assert {name for name in names if f"helpdesk {name}" not in text} <= rare


def test_every_variable_of_the_environment_that_we_ask_for_is_told() -> None:
    page = (REFERENCE / "commands" / "README.md").read_text(encoding="utf-8")
    asked = {
        name
        for file in (ROOT / "helpdesk_cli").rglob("*.py")
        for name in re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", file.read_text(encoding="utf-8"))
    }
    assert len(asked) > 10
    assert {name for name in asked - {"USERNAME"} if f"`{name}`" not in page} == set()


# Settings


def section(page: str, title: str) -> str:
    """The text of a page below a heading of second rank."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.S | re.M)
    assert found, title
    return found[1]


def test_every_setting_stands_in_its_table_with_a_sentence() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    missing = []
    for table in fields(Settings):
        if table.name == "source":
            continue
        one = isinstance(table.type, type)
        kind: Any = table.type if one else get_args(table.type)[1]
        assert issubclass(kind, Struct)
        text = section(page, f"[{table.name}]" if one else f"[{table.name}.NAME]")
        for setting in fields(kind):
            if not re.search(rf"^\| `{setting.encode_name}` \| \S.* \| [^|]*\S \S.*[.?] \|$", text, re.M):
                missing.append(f"{table.name}.{setting.encode_name}")
    assert missing == []


DESK = """\
[transport.default]
host = "localhost"

[mailbox.support]
kind = "pipe"
department = "support"

[department.support]
name = "Support"
address = "support@desk.example"
"""


def test_configurations_in_the_manual_are_right(tmp_path: Path) -> None:
    found = list(blocks("toml"))
    wrong = []
    for place, text in found:
        text = re.sub(r"^   (?=\S)", "", text, flags=re.M)
        given = tomllib.loads(text)
        named = {each.get("department", "") for each in given.get("mailbox", {}).values()}
        kept = [part for part in DESK.split("\n\n") if part.partition("\n")[0] not in text.splitlines()]
        for name in named - {"", "support", *given.get("department", {})}:
            kept.append(f'[department.{name}]\nname = "{name}"\naddress = "{name}@desk.example"')
        file = tmp_path / "helpdesk.toml"
        file.write_text("\n\n".join([text, *kept]), encoding="utf-8")
        file.chmod(0o600)
        try:
            load(str(file))
        except DeskError as error:
            wrong.append(f"{place}: {error}")
    assert wrong == []
    assert len(found) > 15


# Rules, outcomes, codes, words


def rows(page: Path) -> list[list[str]]:
    """The cells of every row of a page's tables."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]


def test_each_rule_stands_in_the_order_in_which_it_is_tried_with_its_sentence() -> None:
    said = {row[0].strip("| `"): row[1] for row in rows(REFERENCE / "what-becomes-of-a-mail.md")}
    assert [name for name in said if name in {rule.name for rule in TABLE}] == [rule.name for rule in TABLE]
    for rule in TABLE:
        assert rule.sentence.replace("spam_headers", "`spam_headers`").replace(
            "new_tickets_per_sender", "`new_tickets_per_sender`"
        ) in said[rule.name].replace("``", "`")


def test_every_other_reason_and_every_outcome_is_told() -> None:
    page = (REFERENCE / "what-becomes-of-a-mail.md").read_text(encoding="utf-8")
    source = (ROOT / "helpdesk_cli" / "domain" / "triage.py").read_text(encoding="utf-8")
    reasons = re.findall(r'reason="([a-z-]+)"', source)
    assert reasons
    outcomes = {outcome.value for outcome in Outcome} - {"command"}
    assert [word for word in (*reasons, *sorted(outcomes)) if f"`{word}`" not in page] == []


def test_every_exit_code_is_told() -> None:
    page = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
    codes = {0, 130, 141} | {kind.exit_code for kind in (DeskError, *DeskError.__subclasses__())}
    assert [code for code in sorted(codes) if f"| {code} |" not in page] == []


def test_every_limit_is_told_with_its_default() -> None:
    said = {row[0].strip("| `"): row[1] for row in rows(REFERENCE / "limits.md") if len(row) > 1}
    words = {3600: "an hour", 86400: "a day", 600: "in 10 minutes", 300: "in 5 minutes"}
    limits = Settings().limits
    for name in limits.__struct_fields__:
        expected = [f"{rate.count} {words[rate.seconds]}" for rate in getattr(limits, name)]
        assert said[name].split(", ") == expected


def test_every_key_of_the_json_is_told() -> None:
    page = "\n".join(file.read_text(encoding="utf-8") for file in sorted(REFERENCE.glob("json*.md")))
    shapes = (ROOT / "helpdesk_cli" / "cli" / "shapes").glob("*.py")
    files = (*shapes, ROOT / "helpdesk_cli" / "services" / "promised.py")
    keys = {
        key.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    known = set(re.findall(r"[\"`]([a-z0-9_]+)[\"`]", page)) | {
        word for braces in re.findall(r"`\{([^`]*)\}`", page) for word in braces.split(", ")
    }
    assert keys - known == set()


def test_every_table_of_the_store_is_told() -> None:
    page = (REFERENCE / "store.md").read_text(encoding="utf-8")
    tables = re.findall(r"^create table (\w+)", (ROOT / "schema.sql").read_text(encoding="utf-8"), re.M)
    assert [name for name in tables if f"`{name}`" not in page] == []


def test_every_kind_of_letter_is_told() -> None:
    page = (DOCS / "how-to" / "mail-templates.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in page] == []


# Links and pages


def anchors(page: Path) -> set[str]:
    """The headings of a page as its links name them."""
    titles = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if (
            not target.exists()
            or not target.is_relative_to(ROOT)
            or (anchor and anchor not in anchors(target))
        ):
            broken.append(link)
    assert broken == []


def test_every_page_of_the_manual_is_reached_from_its_first() -> None:
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
        ahead += [target for target in targets if target.suffix == ".md" and target not in seen]
    assert [told(page) for page in DOCS.rglob("*.md") if page not in seen] == []


def test_the_first_page_is_one_screen_and_no_page_is_a_book() -> None:
    lengths = {told(page): len(page.read_text(encoding="utf-8").splitlines()) for page in PAGES}
    assert lengths["README.md"] <= 60
    written = {name: count for name, count in lengths.items() if name.startswith("docs/")}
    for of_all in ("configuration.md", "commands/README.md"):  # the program writes them
        del written[f"docs/reference/{of_all}"]
    assert {name: count for name, count in written.items() if count > 150} == {}


def test_pictures_fetch_nothing() -> None:
    pictures = list((DOCS / "pictures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        drawn = picture.read_text(encoding="utf-8")
        ET.fromstring(drawn)
        assert set(re.findall(r"https?://[^\"'\s<)]+", drawn)) == {"http://www.w3.org/2000/svg"}


def test_pages_name_no_page_that_is_not_here_and_nothing_left_to_do() -> None:
    here = {page.name for page in PAGES}
    left = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        names = {name for name in re.findall(r"(?<![\w/*…-])[\w-]+\.md\b", text) if name not in here}
        left += [f"{told(page)}: {word}" for word in (*sorted(names), *re.findall("TODO|FIXME|XXX", text))]
    assert left == []


# What is ready to be installed


def test_ready_files_call_commands_that_there_are() -> None:
    found = []
    for file in CRON:
        text = re.sub(r"^\s*#.*", "", file.read_text(encoding="utf-8"), flags=re.M)
        for line in re.findall(r"bin/helpdesk( .*)", text):
            parse(shlex.split(line))
            found.append(file.name)
        for arguments in re.findall(r"<Arguments>(.*)</Arguments>", text):
            parse(shlex.split(arguments))
            found.append(file.name)
    wanted = {file.name for file in CRON if file.suffix != ".timer"}
    assert set(found) == wanted


READY = {
    "crontab": crontab(Place(admin="you@example.com"))[0],
    "helpdesk.service": systemd(Place())[0],
    "helpdesk.timer": systemd(Place())[1],
    "helpdesk-task.xml": task(
        Place(
            program=(r"C:\Users\you\.local\bin\helpdesk.exe",),
            config=r"C:\Users\you\AppData\Local\helpdesk\helpdesk.toml",
            user="you",
        )
    )[0],
    "postfix-master.cf": postfix(Place())[0],
}


def test_ready_files_are_what_is_shown_for_the_usual_paths() -> None:
    found = {file.name: file.read_text(encoding="utf-8") for file in CRON if file.name in READY}
    assert found == {name: made.text for name, made in READY.items()}
    assert {file.name for file in CRON} == {*READY, "exim-helpdesk.conf"}
