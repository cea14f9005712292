"""What people type: ticket numbers, moments, texts, files."""

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from desks import Site
from msgspec.structs import replace
from program import PROGRAM, Run

from helpdesk_cli.cli.options import moment, ticket_number


@pytest.mark.parametrize(
    "text", ["1024", "#1024", "HD-1024", "hd-1024", "[HD-1024]", "OLD-TAG-1024", " 1024 "]
)
def test_a_number_may_be_written_in_many_ways(text: str) -> None:
    assert ticket_number(text) == 1024


@pytest.mark.parametrize("text", ["", "HD", "-5", "HD-", "10x", "1.5", "HD-10a", "٣", "1" * 30, "#", "[]"])
def test_other_words_are_no_number(text: str) -> None:
    assert ticket_number(text) is None


@pytest.fixture
def ticket(run: Run, site: Site) -> str:
    """A ticket's number."""
    site.write()
    run("fetch-mail")
    return "1000"


def texts(run: Run, number: str) -> list[str]:
    """What was written on a ticket after the request."""
    return [message["new_text"] for message in run("ticket", "show", number, "--json").json["messages"][1:]]


def test_numbers_may_come_from_standard_input(run: Run, ticket: str, site: Site) -> None:
    site.write(sender="eve@client.example")
    run("fetch-mail")
    numbers = run("ticket", "list", "--ids").out
    assert sorted(numbers.split()) == ["1000", "1001"]
    run("ticket", "move", "-", "in-progress", input=numbers)
    assert {each["stage"] for each in run("ticket", "list", "--json").json} == {"in-progress"}


def test_a_word_that_is_no_number_is_wrong_usage(run: Run) -> None:
    assert "must be a ticket's number" in run("ticket", "show", "first", code=2).err
    assert "must be a ticket's number" in run("ticket", "move", "-", "done", input="1000 x", code=2).err


def test_since_and_until_take_words(run: Run, ticket: str) -> None:
    assert len(run("ticket", "list", "--since", "yesterday", "--json").json) == 1
    assert run("ticket", "list", "--until", "yesterday", "--json").json == []
    assert "is no moment" in run("ticket", "list", "--since", "soon", code=2).err


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("last monday", "2026-11-16T00:00:00Z"),
        ("last sunday", "2026-11-15T00:00:00Z"),
        ("a week ago", "2026-11-15T09:30:00Z"),
        ("an hour ago", "2026-11-22T08:30:00Z"),
        ("1y", "2025-11-22T00:00:00Z"),
        ("9 months ago", "2026-02-22T00:00:00Z"),
        ("2026-11", "2026-11-01T00:00:00Z"),
        ("2H", "2026-11-22T07:30:00Z"),
    ],
)
def test_moments_are_said_in_many_ways(site: Site, words: str, first: str) -> None:
    with site.desk(is_job=True) as desk:
        assert moment(replace(desk, clock=lambda: "2026-11-22T09:30:00Z"), words) == first


def test_a_text_comes_from_the_option_and_standard_input_is_not_read(run: Run, ticket: str) -> None:
    run("ticket", "note", ticket, "-m", "by option", input="by pipe")
    assert texts(run, ticket) == ["by option"]


def test_a_text_comes_from_a_file_or_from_standard_input(run: Run, ticket: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("by file\r\nsecond line\n")
    run("ticket", "note", ticket, "-F", str(tmp_path / "note.txt"))
    run("ticket", "note", ticket, "-F", "-", input="by dash")
    run("ticket", "note", ticket, input="by pipe")
    assert texts(run, ticket) == ["by file\nsecond line", "by dash", "by pipe"]


@pytest.mark.parametrize("more", [["-m", ""], ["-m", " \n"], ["-F", "-"], []], ids=str)
def test_an_empty_text_is_wrong_usage(run: Run, ticket: str, more: list[str]) -> None:
    done = run("ticket", "note", ticket, *more, code=2)
    assert done.err == "helpdesk: the text is empty; nothing was saved\n"
    assert texts(run, ticket) == []


def test_two_texts_exclude_each_other(run: Run, ticket: str) -> None:
    assert "exclude each other" in run("ticket", "note", ticket, "-m", "x", "-F", "-", code=2).err


def test_a_text_file_that_is_not_there_is_told(run: Run, ticket: str) -> None:
    assert "/nonexistent: No such file" in run("ticket", "note", ticket, "-F", "/nonexistent", code=2).err


def test_a_text_that_could_not_be_saved_is_kept_in_a_file_of_the_caller_s(run: Run, tmp_path: Path) -> None:
    surroundings = {"TMPDIR": str(tmp_path), "XDG_STATE_HOME": None}
    done = run("ticket", "reply", "4711", input="a long\nanswer", env=surroundings, code=4)
    (path,) = tmp_path.glob("helpdesk-text-*")
    assert done.err.endswith(f"your text is kept in {path}\n")
    assert path.read_text() == "a long\nanswer\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_text_is_kept_even_where_the_configuration_is_wrong(run: Run, site: Site, tmp_path: Path) -> None:
    site.configure("[nonsense]")
    done = run("ticket", "reply", "1000", input="precious", env={"TMPDIR": str(tmp_path)}, code=78)
    (path,) = tmp_path.glob("helpdesk-text-*")
    assert str(path) in done.err
    assert path.read_text() == "precious\n"


def on_terminal(site: Site, editor: str, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the program with a terminal as its standard input and an editor that is a shell's words."""
    ours, theirs = pty.openpty()
    try:
        return subprocess.run(
            [*PROGRAM, *words],
            stdin=theirs,
            capture_output=True,
            env={
                **os.environ,
                "HELPDESK_CONFIG": str(site.config),
                "HELPDESK_STAFF": "bob",
                "VISUAL": f"sh -c '{editor}' editor",
                "TMPDIR": str(site.folder),
            },
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)


def test_on_a_terminal_the_editor_is_asked_for_the_text(run: Run, site: Site, ticket: str) -> None:
    done = on_terminal(site, 'echo "from the editor" > "$1"', "ticket", "note", ticket)
    assert (done.returncode, done.stderr) == (0, b"")
    assert texts(run, ticket) == ["from the editor"]
    assert list(site.folder.glob("helpdesk-*.txt")) == []


def test_with_edit_the_editor_goes_on_with_the_text(run: Run, site: Site, ticket: str) -> None:
    on_terminal(site, 'sed -i "s/begun/done/" "$1"', "ticket", "note", ticket, "-m", "begun", "-e")
    assert texts(run, ticket) == ["done"]


def test_an_editor_that_fails_saves_nothing_and_loses_nothing(run: Run, site: Site, ticket: str) -> None:
    done = on_terminal(site, 'echo written > "$1"; exit 3', "ticket", "note", ticket)
    assert done.returncode == 1
    assert b"exit code 3" in done.stderr
    (path,) = site.folder.glob("helpdesk-text-*")
    assert str(path).encode() in done.stderr
    assert texts(run, ticket) == []


def test_attached_files_are_read_whole_and_typed_by_their_names(
    run: Run, ticket: str, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "log.tar.gz").write_bytes(b"\x1f\x8b")
    run(
        "ticket",
        "reply",
        ticket,
        "-m",
        "see",
        "-a",
        str(tmp_path / "a.pdf"),
        "-a",
        str(tmp_path / "log.tar.gz"),
    )
    (message,) = run("ticket", "show", ticket, "--json").json["messages"][1:]
    assert [(file["name"], file["type"], file["size"]) for file in message["attachments"]] == [
        ("a.pdf", "application/pdf", 8),
        ("log.tar.gz", "application/octet-stream", 2),
    ]


def test_what_cannot_be_attached_is_told_and_nothing_saved(
    run: Run, site: Site, ticket: str, tmp_path: Path
) -> None:
    assert "Is a directory" in run("ticket", "reply", ticket, "-m", "x", "-a", str(tmp_path), code=2).err
    assert "No such file" in run("ticket", "reply", ticket, "-m", "x", "-a", "/nonexistent", code=2).err
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(20_000_000)
    assert "too large" in run("ticket", "reply", ticket, "-m", "x", "-a", str(tmp_path / "huge"), code=2).err
    assert texts(run, ticket) == []


def test_ctrl_c_in_the_editor_s_wake_keeps_the_text(site: Site) -> None:
    code = (
        "import sys\nfrom helpdesk_cli.cli.wording import Wording\nwording = Wording(message='typed')\n"
        "with wording.kept():\n    wording.read()\n    raise KeyboardInterrupt"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(site.folder)},
        check=False,
    )
    (path,) = site.folder.glob("helpdesk-text-*")
    assert f"helpdesk: your text is kept in {path}" in done.stderr
    assert path.read_text() == "typed\n"
