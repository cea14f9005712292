"""The root: what it knows without loading anything, how it answers wrong words, where options may stand."""

import importlib
import re

import click
import pytest
from desks import Site
from program import Run

from helpdesk_cli import __version__
from helpdesk_cli.cli import COMMANDS, LATER, SECTIONS, root


def commands() -> list[tuple[str, click.Command]]:
    """Every command with its whole name."""
    found: list[tuple[str, click.Command]] = []

    def walk(name: str, command: click.Command, ctx: click.Context) -> None:
        found.append((name, command))
        if isinstance(command, click.Group):
            for each in command.list_commands(ctx):
                inner = command.get_command(ctx, each)
                assert inner is not None
                walk(f"{name} {each}".strip(), inner, ctx)

    walk("", root, click.Context(root))
    return found[1:]


COMMAND_NAMES = [name for name, _ in commands()]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_help_in_the_table_is_the_command_s_own(name: str) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(f"helpdesk_cli.cli.{module}"), attribute)
    assert command.name == name
    assert command.get_short_help_str(limit=200) == COMMANDS[name][1]


def test_each_command_stands_in_one_section_of_the_help() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)


@pytest.mark.parametrize(("name", "command"), commands(), ids=COMMAND_NAMES)
def test_each_command_has_help_and_the_shared_options(name: str, command: click.Command) -> None:
    ctx = click.Context(command, info_name=name)
    options = {option for param in command.get_params(ctx) for option in param.opts}
    assert {"--config", "--as", "-v", "-q", "--version"} <= options
    assert command.help
    assert command.get_help(ctx)


@pytest.mark.parametrize(("name", "command"), commands(), ids=COMMAND_NAMES)
def test_a_short_option_means_the_same_in_every_command(name: str, command: click.Command) -> None:
    promised = {
        "-m": "--message",
        "-F": "--file",
        "-s": "--subject",
        "-a": "--attach",
        "-d": "--department",
        "-p": "--priority",
        "-L": "--limit",
        "-n": "--dry-run",
        "-y": "--yes",
        "-c": "--cc",
        "-e": "--edit",
        "-v": "--verbose",
        "-q": "--quiet",
        "-V": "--version",
        "-h": "--help",
    }
    for param in command.get_params(click.Context(command, info_name=name)):
        if isinstance(param, click.Option):
            for short in (each for each in param.opts if re.fullmatch("-[A-Za-z]", each)):
                assert promised.get(short) in param.opts, f"{short} in {name}"


@pytest.mark.parametrize("words", [["--version"], ["-V"], ["ticket", "list", "--version"], ["-q", "-V"]])
def test_the_version_is_answered_everywhere(run: Run, words: list[str]) -> None:
    assert run(*words).out == f"helpdesk {__version__}\n"


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["ticket", "-h"], ["fetch-mail", "--help"]])
def test_help_is_answered_everywhere(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.out.startswith("Usage: helpdesk")
    assert done.err == ""


def test_a_wrong_word_names_the_nearest_command(run: Run) -> None:
    done = run("tickt", "list", code=2)
    assert done.out == ""
    assert done.err == "helpdesk: 'tickt' is no command; did you mean 'ticket'?; see 'helpdesk --help'\n"


@pytest.mark.parametrize("name", LATER.split())
def test_a_command_of_a_later_version_says_so(run: Run, name: str) -> None:
    done = run(name, code=2)
    assert done.err == f"helpdesk: '{name}' comes in a later version; see 'helpdesk --help'\n"


def test_a_call_without_a_command_is_wrong_usage_and_shows_the_help(run: Run) -> None:
    done = run(code=2)
    assert done.out == ""
    assert "Jobs:" in done.err


@pytest.mark.parametrize("place", [0, 1, 2])
def test_shared_options_may_stand_before_and_after_the_command(run: Run, site: Site, place: int) -> None:
    words = ["mailbox", "list"]
    words[place:place] = ["--config", str(site.config)]
    done = run(*words, env={"HELPDESK_CONFIG": "/nonexistent"})
    assert done.out.startswith("support\tmaildir\t")


def test_an_option_before_counts_less_than_one_after(run: Run, site: Site) -> None:
    done = run("--config", "/nonexistent", "mailbox", "list", "--config", str(site.config))
    assert done.code == 0


def test_add_is_another_name_of_new(run: Run) -> None:
    run("client", "add", "eve@client.example", "--name", "Eve")
    assert "eve@client.example" in run("client", "list").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("ticket", "view", "1"), "'show'"),
        (("ticket", "create"), "'new'"),
        (("ticket", "comment", "1"), "'note' or 'reply'"),
        (("staff", "delete", "bob"), "'retire'"),
    ],
    ids=lambda words: words[1] if isinstance(words, tuple) else "",
)
def test_words_of_other_programs_lead_to_ours(run: Run, words: tuple[str, ...], hint: str) -> None:
    assert f"'{words[1]}' is no command; did you mean {hint}?" in run(*words, code=2).err


@pytest.mark.parametrize(
    "words", [(), ("ticket",), ("ticket", "show"), ("receive",), ("client", "address")], ids=str
)
def test_help_is_a_command_too(run: Run, words: tuple[str, ...]) -> None:
    assert run("help", *words).out == run(*words, "--help").out


def test_help_of_nonsense_is_wrong_usage(run: Run) -> None:
    assert "'tickt' is no command" in run("help", "tickt", code=2).err


@pytest.mark.parametrize(
    "words",
    [("client", "edit", "x", "--name"), ("ticket", "move", "1", "--frob"), ("notify", "--limit")],
    ids=" ".join,
)
def test_wrong_usage_points_to_the_command_s_own_help(run: Run, words: tuple[str, ...]) -> None:
    place = "helpdesk " + " ".join(words[: 1 if words[0] == "notify" else 2])
    assert run(*words, code=2).err.endswith(f"; see '{place} --help'\n")
