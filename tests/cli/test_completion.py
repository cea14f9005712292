"""What a shell is offered: quickly, silently, and nothing that a stranger wrote is ever run."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from desks import SMALL_DESK, Site
from program import PROGRAM, Run
from terminal import on_terminal

from helpdesk_cli.cli import root
from helpdesk_cli.cli.completion import kind_of
from helpdesk_cli.services.completing import harmless

Ask = Callable[..., list[str]]


@pytest.fixture
def ask(site: Site) -> Ask:
    """What is offered for a half-typed line: the lines that the shell gets."""

    def ask(line: str, *, shell: str = "bash", env: dict[str, str] | None = None) -> list[str]:
        words = line.split(" ")
        done = subprocess.run(
            PROGRAM,
            env={
                **os.environ,
                "HELPDESK_CONFIG": str(site.config),
                "HELPDESK_STAFF": "bob",
                "_HELPDESK_COMPLETE": f"{shell}_complete",
                "COMP_WORDS": line,
                "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
                **(env or {}),
            },
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.PIPE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return ask


def words(lines: list[str]) -> list[str]:
    return [line.removeprefix("plain,") for line in lines if line]


def test_commands_and_options_are_offered(ask: Ask) -> None:
    assert words(ask("helpdesk fe")) == ["fetch-mail"]
    assert {"list", "show", "reply"} <= set(words(ask("helpdesk ticket ")))
    assert words(ask("helpdesk ticket list --dep")) == ["--department"]
    assert words(ask("helpdesk schedule sys")) == ["systemd"]
    assert words(ask("helpdesk --config x ticket sho")) == ["show"]


def test_the_names_of_the_configuration_are_offered(ask: Ask) -> None:
    assert words(ask("helpdesk ticket list --stage in")) == ["in-progress"]
    assert words(ask("helpdesk ticket move 1000 d")) == ["done"]
    assert words(ask("helpdesk ticket list --department ")) == ["support"]
    assert words(ask("helpdesk ticket edit 1 --priority u")) == ["urgent"]
    assert words(ask("helpdesk fetch-mail s")) == ["support"]
    assert words(ask("helpdesk mailbox test ")) == ["support"]
    assert words(ask("helpdesk receive --mailbox ")) == ["support"]
    assert words(ask("helpdesk pause ")) == ["fetch-mail", "notify", "run-rules", "cron", "mailbox:support"]


def test_logins_are_offered(ask: Ask, run: Run) -> None:
    run("staff", "new", "ben", "--name", "Ben", "--email", "ben@desk.example")
    assert words(ask("helpdesk ticket assign 1000 b")) == ["ben", "bob"]
    assert words(ask("helpdesk ticket assign 1000 a")) == ["auto"]
    assert words(ask("helpdesk ticket watch 1000 be")) == ["ben"]
    assert "@mine" in words(ask("helpdesk ticket list @m"))
    assert words(ask("helpdesk ticket list --sort un")) == ["unanswered"]
    assert words(ask("helpdesk staff retire be")) == ["ben"]
    assert words(ask("helpdesk ticket list --assignee m")) == ["me"]


def test_ticket_numbers_are_offered_as_they_are_typed(ask: Ask, run: Run, site: Site) -> None:
    for number in range(3):
        site.write(sender=f"c{number}@client.example")
    run("fetch-mail")
    run("ticket", "close", "1001")
    assert sorted(words(ask("helpdesk ticket show "))) == ["1000", "1002"]
    assert words(ask("helpdesk ticket show HD-1002")) == ["HD-1002"]
    assert words(ask("helpdesk ticket close 1000 10")) == ["1002"]
    assert words(ask("helpdesk ticket reopen ")) == ["1001"]
    assert words(ask("helpdesk ticket show 2")) == []


def test_only_tickets_that_one_may_see_are_offered(ask: Ask, run: Run, site: Site) -> None:
    run("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    site.write()
    run("fetch-mail")
    assert words(ask("helpdesk ticket show ")) == ["1000"]
    assert words(ask("helpdesk ticket show ", env={"HELPDESK_STAFF": "eve"})) == []
    assert words(ask("helpdesk --as eve ticket show ")) == []


HOSTILE = "$(touch pwned) `touch pwned`; touch pwned | \"'\\ %F{red} *\t\x1b[2J\n\u202e:a,b"


def hostile_ticket(run: Run, site: Site) -> None:
    site.drop(
        b'From: "$(touch pwned)\'`x`" <ann@client.example>\r\nTo: support@desk.example\r\n'
        b"Subject: " + HOSTILE.replace("\n", " ").encode() + b"\r\n\r\nHi.\r\n"
    )
    run("fetch-mail")


def test_subjects_stand_beside_their_numbers_without_what_a_shell_might_obey(
    ask: Ask, run: Run, site: Site
) -> None:
    hostile_ticket(run, site)
    kind, number, text = ask("helpdesk ticket show ", shell="zsh")
    assert (kind, number) == ("plain", "1000")
    assert re.fullmatch(r"[\w .\-+@()/#!?]+", text)
    assert "touch pwned" in text
    (line,) = ask("helpdesk ticket show ", shell="fish")
    assert line == f"plain,1000\t{text}"
    assert ask("helpdesk ticket show ") == ["plain,1000"]


def test_nothing_hostile_is_run_by_a_real_bash(run: Run, site: Site, tmp_path: Path) -> None:
    hostile_ticket(run, site)
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").out)
    program = tmp_path / "bin" / "helpdesk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m helpdesk_cli "$@"\n')
    program.chmod(0o755)
    (tmp_path / "1000").write_text("a file that a star would find")
    done = subprocess.run(
        [
            "bash",
            "--norc",
            "-c",
            f'cd {tmp_path}; . {script}; COMP_WORDS=(helpdesk ticket show "") COMP_CWORD=3; '
            '_helpdesk_completion helpdesk; printf "%s\\n" "${COMPREPLY[@]}"',
        ],
        env={
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HELPDESK_CONFIG": str(site.config),
            "HELPDESK_STAFF": "bob",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("1000\n", "")
    assert [path.name for path in tmp_path.rglob("*pwned*")] == []


def shell(run: Run, site: Site, folder: Path, name: str, ending: str = "") -> dict[str, str]:
    """What a shell needs to complete our words: the script beside it, and an environment of its own."""
    (folder / f"completion.{name}").write_text(run("completion", name).out)
    program = folder / "bin" / "helpdesk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m helpdesk_cli "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "HELPDESK_CONFIG": str(site.config),
        "HELPDESK_STAFF": "bob",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def test_a_real_fish_offers_words_and_runs_nothing_hostile(run: Run, site: Site, tmp_path: Path) -> None:
    hostile_ticket(run, site)
    surroundings = shell(run, site, tmp_path, "fish")

    def offered(line: str) -> list[str]:
        words = ["fish", "--no-config", "-c", 'source completion.fish; complete -C "$argv"', line]
        done = subprocess.run(
            words, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return [each.partition("\t")[0] for each in done.stdout.splitlines()]

    assert offered("helpdesk ticket show ") == ["1000"]
    assert offered("helpdesk ticket show 1000 --a") == ["--all", "--as"]
    assert "in-progress" in offered("helpdesk ticket move 1000 in")
    assert [path.name for path in tmp_path.rglob("*pwned*")] == []


def test_a_real_zsh_completes_a_line_and_runs_nothing_hostile(run: Run, site: Site, tmp_path: Path) -> None:
    hostile_ticket(run, site)
    surroundings = shell(run, site, tmp_path, "zsh")
    keys = (
        f"cd {tmp_path}\nautoload -U compinit && compinit -u -d {tmp_path}/dump\n. ./completion.zsh\n"
        # Each line is completed, then shown instead of run.
        "helpdesk ticket show \t\x01echo SEEN \nhelpdesk ticket move 1000 awa\t\x01echo SEEN \nexit\n"
    )
    _, written = on_terminal(
        env={**surroundings, "TERM": "dumb"}, keys=keys.encode(), program=("zsh", "-f", "-i")
    )
    shown = re.findall(r"^SEEN (.+?)\s*$", written.decode("utf-8", "replace"), re.MULTILINE)
    assert shown == ["helpdesk ticket show 1000", "helpdesk ticket move 1000 awaiting"], written
    assert [path.name for path in tmp_path.rglob("*pwned*")] == []


@pytest.mark.parametrize("text", [HOSTILE, "", "x" * 1000, "\ud800", "Grüße — 你好 שלום"])
def test_help_is_short_and_harmless(text: str) -> None:
    assert re.fullmatch(r"[\w .\-+@()/#!?]{0,60}", harmless(text))


def test_words_survive(ask: Ask) -> None:
    assert harmless("Grüße: 你好! (3)") == "Grüße 你好! (3)"


@pytest.mark.parametrize(
    "line",
    [
        "helpdesk nonsense ",
        "helpdesk ticket nonsense ",
        "helpdesk help ",
        "helpdesk ticket close - ",
        "helpdesk ticket show --nonsense ",
        "helpdesk 'unclosed ",
        "helpdesk ticket list --config",
    ],
)
def test_odd_lines_offer_nothing_and_say_nothing(ask: Ask, line: str) -> None:
    assert all(each == "" or re.fullmatch(r"(plain|file|dir),\S*", each) for each in ask(line))


def test_a_desk_that_cannot_be_opened_offers_nothing(ask: Ask, site: Site) -> None:
    for config in ("/nonexistent.toml", "/dev/null", "/"):
        assert words(ask("helpdesk ticket show ", env={"HELPDESK_CONFIG": config})) == []
        assert words(ask("helpdesk fetch-mail ", env={"HELPDESK_CONFIG": config})) == []
    assert words(ask("helpdesk ticket show ", env={"HELPDESK_STAFF": "nobody-here"})) == []
    for asked in ("", "bash", "bash_nonsense", "csh_complete", "_"):
        ask("helpdesk ti", env={"_HELPDESK_COMPLETE": asked} if asked else {"_HELPDESK_COMPLETE": "x"})


def test_a_store_that_does_not_answer_keeps_nobody_waiting(ask: Ask, site: Site) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://desk@127.0.0.1:{silent.getsockname()[1]}/desk"
        site.configure(instead=SMALL_DESK.replace("sqlite:helpdesk.db", url))
        start = time.monotonic()
        assert words(ask("helpdesk ticket show ")) == []
        assert time.monotonic() - start < 6


def test_standard_input_is_never_read(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    reading, writing = os.pipe()
    try:
        done = subprocess.run(
            PROGRAM,
            env={
                **os.environ,
                "HELPDESK_CONFIG": str(site.config),
                "HELPDESK_STAFF": "bob",
                "_HELPDESK_COMPLETE": "bash_complete",
                "COMP_WORDS": "helpdesk ticket close - 1",
                "COMP_CWORD": "4",
            },
            stdin=reading,
            capture_output=True,
            timeout=20,
            check=True,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert done.stdout == b"plain,1000\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(run: Run, shell: str) -> None:
    script = run("completion", shell, env={"HELPDESK_CONFIG": "/nonexistent"})
    assert f"_HELPDESK_COMPLETE={shell}_complete" in script.out
    assert script.err == ""
    assert (
        "Choose from" in run("completion", "csh", code=2).err
        or "not one of" in run("completion", "csh", code=2).err
    )


def test_a_variable_alone_changes_no_command(run: Run) -> None:
    env = {"_HELPDESK_COMPLETE": "bash_complete"}
    assert run("ticket", "list", env=env).out == ""
    assert run("--version", env=env).out.startswith("helpdesk ")


def test_every_parameter_that_takes_one_of_our_names_offers_them() -> None:
    missing = []
    for path, command in commands(root):
        ctx = click.Context(command, info_name=path.rpartition(" ")[2])
        for param in command.params:
            metavar = (param.metavar or "").strip("[]").partition("|")[0].partition(" ")[0]
            wanted = metavar in ("N", "LOGIN", "STAGE", "DEPARTMENT") or param.name in (
                "mailbox",
                "department",
            )
            if wanted and not kind_of(ctx, param) and param.name not in ("limit",):
                missing.append(f"{path} {param.name}")
    assert missing == []


def commands(command: click.Command, path: str = "helpdesk") -> list[tuple[str, click.Command]]:
    ctx = click.Context(command)
    found = [(path, command)]
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            found += commands(inner, f"{path} {name}")
    return found
