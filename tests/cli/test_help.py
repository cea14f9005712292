"""Every command helps a tired person: what it does, an example, each option explained, in time and in width."""

from collections.abc import Iterator

import click
import pytest
from program import Run

from helpdesk_cli.cli import root
from helpdesk_cli.cli.ticket import COMMANDS


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command below a group, with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


EVERY = dict(commands(root))


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_command_says_what_it_does_and_gives_an_example(words: tuple[str, ...]) -> None:
    command = EVERY[words]
    assert command.help
    first = command.help.split("\n\n")[0].strip()
    assert first.endswith((".", ".)")), first
    if not isinstance(command, click.Group):
        assert f"helpdesk {' '.join(words)}" in f"{command.epilog or ''}{command.help}"


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    silent = [
        option.name
        for option in EVERY[words].params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]
    assert silent == []


SHORT = {
    "-m": "--message", "-F": "--file", "-s": "--subject", "-a": "--attach", "-d": "--department",
    "-p": "--priority", "-L": "--limit", "-n": "--dry-run", "-y": "--yes", "-c": "--cc", "-e": "--edit",
    "-v": "--verbose", "-q": "--quiet", "-V": "--version", "-h": "--help",
}  # fmt: skip


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_short_option_means_the_same_everywhere(words: tuple[str, ...]) -> None:
    for option in EVERY[words].params:
        for short in option.opts:
            if len(short) == 2 and isinstance(option, click.Option):
                assert SHORT.get(short) in option.opts


def test_the_help_of_tickets_names_each_command_as_it_is() -> None:
    for name in COMMANDS:
        command = EVERY["ticket", name]
        assert command.name == name


def test_help_is_as_good_as_its_word(inside: Run) -> None:
    for words in (
        ("ticket", "list"),
        ("inbox", "explain"),
        ("client", "block"),
        ("ticket",),
        ("staff", "new"),
    ):
        for form in ("--help", "-h"):
            done = inside(*words, form)
            assert done.out.startswith(f"Usage: helpdesk {' '.join(words)} ")
            assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ticket", "lst"), "'lst' is no command; did you mean 'list'?"),
        (("ticket", "export", "1"), "'export' comes in a later version"),
        (("client", "erase", "x"), "'erase' comes in a later version"),
        (("inbox", "show"), "Missing argument 'ID'"),
        (("ticket", "list", "--asignee", "me"), "--assignee"),
    ],
)
def test_a_wrong_word_is_2_and_says_what_is_near(inside: Run, words: tuple[str, ...], told: str) -> None:
    done = inside(*words, code=2)
    assert told in done.err
    assert done.err.count("\n") == 1


def test_add_is_another_name_of_new(inside: Run) -> None:
    inside("client", "add", "ann@client.example")
    inside("ticket", "add", "--client", "ann@client.example", "-s", "x", "-m", "y")
    assert inside("ticket", "list", "--ids").out == "1000\n"
