"""The program on a terminal: tables, colours, pages, questions; and nothing from a mail that steers it."""

import json
import os
import re
from pathlib import Path

import pytest
from desks import Site
from program import Run
from terminal import COLOURS, on_terminal, steering

EVIL = (
    "[/bold] [link=http://evil.example]pay[/link] [red]x :smile: \\ \x1b]0;pwn\x07\x1b[2J\x9b31m\x1b]8;;http://e\x1b\\x"
    "\x1bP+q\x1b\\ \u202egpj.exe\u2066 \u200bz\u2028s\u0085n \x7f\x00 \t tab\nbreak"
)
PLAIN = "[/bold] [link=http://evil.example]pay[/link] [red]x :smile: \\"


@pytest.fixture
def evil(site: Site, inside: Run) -> Site:
    """A desk in which everything that came from outside tries to steer the terminal."""
    site.drop(
        b"From: \x1b[31m\xc2\x9b [/bold] \xe2\x80\xae <ann@client.example>\nTo: support@desk.example\n"
        b"Subject: \x1b[2J\x9b31m \xe2\x80\xae[/bold] [link=x]y[/link]\nMessage-ID: <\x1b[2J\x9b@client.example>\n"
        b"In-Reply-To: <\x1b[2J@client.example>\nDate: \x1b[2J\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n'
        + f"{EVIL}\n\n> {EVIL}\n{'long ' * 2000}\n".encode()
        + b"--b\nContent-Type: application/\x1b[2J\nContent-Disposition: attachment; "
        b"filename*=utf-8''%1b[2J%e2%80%aetxt.exe\n\nx\n--b--\n"
    )
    site.write(
        EVIL,
        sender="carl@client.example",
        subject="=?utf-8?b?QRtdMDtwd24HG1sySpszMW0bXTg7O2h0dHA6Ly9lG1x4G1ArcVw=?=",
    )
    inside("fetch-mail")
    name = EVIL.replace("\x00", "")
    inside("ticket", "new", "--client", "dora@client.example", "--name", name, "-s", name, "-m", name)
    inside("client", "edit", "dora@client.example", "--organization", name, "--note", name)
    inside("staff", "edit", "bob", "--name", name)
    inside("ticket", "reply", "1000", "-m", name)
    inside("ticket", "note", "1000", "-m", name)
    site.drop(b"Subject: \x1b[2J\x9b\n\nnobody\x1b[2J\n")
    inside("fetch-mail")
    return site


VIEWS = [
    ("ticket", "list", "--state", "all"),
    ("ticket", "list", "--fields", "number,subject,client,client.organization"),
    ("ticket", "show", "1000"),
    ("ticket", "show", "1001", "--all"),
    ("ticket", "show", "1002"),
    ("ticket", "explain", "1002"),
    ("ticket", "log", "1000"),
    ("ticket", "attachments", "1000"),
    ("client", "list"),
    ("client", "show", "dora@client.example"),
    ("staff", "list"),
    ("staff", "show", "bob"),
    ("inbox", "list", "--all"),
    ("inbox", "show", "1"),
    ("inbox", "show", "2", "--raw"),
    ("inbox", "explain", "1"),
    ("outbox", "list"),
    ("outbox", "show", "1"),
    ("outbox", "show", "1", "--raw"),
    ("ticket", "show", EVIL.replace("\0", "")),
    ("ticket", "list", "--stage", EVIL.replace("\0", "")),
    ("client", "show", EVIL.replace("\0", "")),
    ("ticket", "edit", "1000", "-s", EVIL.replace("\0", "")),
]


@pytest.fixture(params=["plain", "colours"])
def surroundings(request: pytest.FixtureRequest, evil: Site) -> dict[str, str]:
    env = {"HELPDESK_CONFIG": str(evil.config), "HELPDESK_STAFF": "bob"}
    return {**env, "NO_COLOR": "1" if request.param == "plain" else ""}


def test_no_view_passes_on_what_steers_a_terminal(surroundings: dict[str, str]) -> None:
    for words in VIEWS:
        code, output = on_terminal(*words, env=surroundings)
        assert steering(output) == [], (words, output)
        assert b"Traceback" not in output
        assert code in (0, 2, 4), (words, output)
        if surroundings["NO_COLOR"]:
            assert b"\x1b" not in output, words


def test_no_json_on_a_terminal_steers_it_and_its_value_is_the_same(evil: Site, run: Run) -> None:
    env = {"HELPDESK_CONFIG": str(evil.config), "HELPDESK_STAFF": "bob"}
    for words in (
        ("ticket", "list", "--state", "all"),
        ("ticket", "show", "1001"),
        ("client", "show", "dora@client.example"),
        ("inbox", "explain", "1"),
        ("inbox", "show", "1"),
        ("outbox", "show", "1"),
    ):
        code, output = on_terminal(*words, "--json", env=env)
        assert code == 0
        assert b"\x1b" not in output
        assert steering(output) == []
        assert output.startswith((b"[\n", b"{\n"))
        if words[:2] != ("outbox", "show"):  # which is written anew, with the moment
            assert json.loads(output) == run(*words, "--json").json


def test_no_pipe_gets_what_steers_a_terminal(evil: Site, run: Run) -> None:
    for words in VIEWS:
        if "--raw" not in words:
            done = run(*words, code=None)
            assert steering(done.raw + done.err.encode()) == [], words


def test_markup_is_printed_as_it_was_written(surroundings: dict[str, str]) -> None:
    for words in (("ticket", "list"), ("ticket", "show", "1002"), ("client", "show", "dora@client.example")):
        output = COLOURS.sub(b"", on_terminal(*words, env={**surroundings, "COLUMNS": "400"})[1]).decode()
        assert PLAIN in output, words


# Tables


@pytest.fixture
def many(site: Site, inside: Run) -> Site:
    """Sixty tickets; 1059 is urgent, 1058 is high."""
    from helpdesk_cli.services import tickets

    with site.desk("bob") as desk:
        for number in range(60):
            priority = {59: "urgent", 58: "high"}.get(number, "normal")
            tickets.new(
                desk,
                tickets.NewTicket(
                    client=f"c{number}@client.example",
                    name=f"Client {number}",
                    subject=f"日本語 {number} " + "word " * 40,
                    text="x",
                    priority=priority,
                ),
            )
    return site


def env_of(site: Site, **more: str) -> dict[str, str]:
    return {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "NO_COLOR": "1", **more}


def test_a_table_has_fifty_rows_and_says_how_many_more(many: Site) -> None:
    lines = on_terminal("ticket", "list", env=env_of(many))[1].decode().splitlines()
    assert lines[0].split() == ["N", "Subject", "Client", "Stage", "Who", "Age"]
    assert len(lines) == 52
    assert lines[-1] == "10 more; --limit 60 shows them all"
    lines = on_terminal("ticket", "list", "-L", "60", env=env_of(many))[1].decode().splitlines()
    assert len(lines) == 61


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_is_as_wide_as_the_terminal_and_never_shortens_numbers(many: Site, columns: int) -> None:
    from rich.cells import cell_len

    lines = (
        on_terminal("ticket", "list", "-L", "9", env=env_of(many), columns=columns)[1].decode().splitlines()
    )
    assert max(cell_len(line) for line in lines) <= columns
    assert [re.findall(r"\b10\d\d\b", line)[0] for line in lines[1:10]] == [
        str(n) for n in range(1059, 1050, -1)
    ]
    told = on_terminal("ticket", "list", env=env_of(many, COLUMNS="60"), columns=200)[1].decode().splitlines()
    assert max(cell_len(line) for line in told) <= 60


def test_urgency_has_a_sign_and_a_colour(many: Site) -> None:
    lines = on_terminal("ticket", "list", env=env_of(many))[1].decode().splitlines()
    assert [line[:2] for line in lines[1:4]] == ["!!", "! ", "  "]
    coloured = on_terminal("ticket", "list", env=env_of(many, NO_COLOR=""))[1].splitlines()
    assert b"\x1b[1;31m" in coloured[1]
    assert b"\x1b[33m" in coloured[2]
    assert b"\x1b[" not in coloured[5]


def test_what_a_person_did_is_told_in_a_line_and_a_script_hears_nothing(many: Site, run: Run) -> None:
    assert on_terminal("ticket", "take", "1000", env=env_of(many))[1] == b"ticket 1000: given to bob\n"
    assert on_terminal("-q", "ticket", "take", "1000", env=env_of(many))[1] == b""
    done = run("ticket", "take", "1000")
    assert done.raw == b""
    assert done.err == ""
    assert run("ticket", "take", "1000", "-v").err == "ticket 1000: given to bob\n"


def test_a_person_is_asked_before_three_change(many: Site, run: Run) -> None:
    def stages() -> list[str]:
        found = run("ticket", "list", "--state", "all", "--sort", "number", "--json").json
        return [ticket["stage"] for ticket in found if ticket["number"] in (1000, 1001, 1002)]

    numbers = ("1000", "1001", "1002")
    code, output = on_terminal("ticket", "move", *numbers, "awaiting", env=env_of(many), keys=b"n\n")
    assert code == 1
    assert b"move to awaiting 3 tickets (1000, 1001, 1002)? [y/N]" in output
    assert stages() == ["new"] * 3
    assert on_terminal("ticket", "move", *numbers, "awaiting", env=env_of(many), keys=b"y\n")[0] == 0
    assert stages() == ["awaiting"] * 3
    assert b"?" not in on_terminal("ticket", "move", *numbers, "new", "-y", env=env_of(many))[1]
    assert b"?" not in on_terminal("ticket", "move", *numbers[:2], "awaiting", env=env_of(many))[1]
    assert stages() == ["new", "awaiting", "awaiting"]


# Pages and streams


@pytest.fixture
def pager(tmp_path: Path) -> Path:
    """A pager that notes what it was given and how it was called."""
    script = tmp_path / "pager"
    script.write_text(f'#!/bin/sh\ncat > {tmp_path}/page\necho "paged $LESS $LESSSECURE"\n')
    script.chmod(0o755)
    return script


def test_a_long_page_goes_through_the_pager_and_a_short_one_does_not(evil: Site, pager: Path) -> None:
    env = env_of(evil, PAGER=str(pager))
    assert on_terminal("ticket", "show", "1000", env=env, lines=10)[1].startswith(b"paged FRX")
    page = (pager.parent / "page").read_bytes()
    assert b"HD-1000" in page
    assert steering(page) == []
    assert b"HD-1000" in on_terminal("ticket", "show", "1000", env=env, lines=400)[1]


def test_a_pager_that_is_not_there_is_done_without(evil: Site) -> None:
    for name in ("/nonexistent/pager", "", "'"):
        code, output = on_terminal("ticket", "show", "1000", env=env_of(evil, PAGER=name), lines=10)
        assert code == 0
        assert b"HD-1000" in output


def test_who_works_through_sudo_gets_no_pager_at_all(evil: Site, pager: Path) -> None:
    less = pager.parent / "less"
    less.write_text(pager.read_text().replace("paged", "less"))
    less.chmod(0o755)
    path = f"{pager.parent}:{os.environ['PATH']}"
    env = env_of(evil, PAGER=str(pager), SUDO_USER="bob", PATH=path)
    assert on_terminal("ticket", "show", "1000", env=env, lines=10)[1].startswith(b"HD-1000")
    assert not (pager.parent / "page").exists()


def test_output_is_utf_8_whatever_the_locale_says(many: Site, run: Run) -> None:
    env = {
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
    }
    assert "日本語 59" in run("ticket", "list", "-L", "1", env=env).out
    assert "日本語 59" in run("ticket", "list", "-L", "1", "--json", env=env).out
    assert "日本語 59".encode() in on_terminal("ticket", "list", env=env_of(many, **env))[1]


def test_a_closed_pipe_is_silent(many: Site, run: Run) -> None:
    done = run("ticket", "show", "1000", "--all", code=None, prefix=("sh", "-c", '"$@" | true', "sh"))
    assert done.err == ""


def test_a_closed_standard_output_ends_in_silence(many: Site, run: Run) -> None:
    for words in (("ticket", "list"), ("ticket", "list", "--json"), ("ticket", "take", "1000")):
        done = run(*words, prefix=("sh", "-c", '"$@" >&-', "sh"))
        assert (done.raw, done.err) == (b"", "")


def test_a_full_disk_is_told_in_a_line(many: Site, run: Run) -> None:
    done = run("ticket", "list", code=75, prefix=("sh", "-c", '"$@" >/dev/full', "sh"))
    assert done.err == "helpdesk: No space left on device\n"
