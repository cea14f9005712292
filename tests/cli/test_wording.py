"""What somebody wrote is saved, or kept and named, whatever ends the program."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from desks import Site
from program import PROGRAM, Run
from terminal import on_terminal


@pytest.fixture
def ticket(run: Run, site: Site) -> str:
    """A ticket's number."""
    site.write()
    run("fetch-mail")
    return "1000"


@pytest.fixture
def env(site: Site) -> dict[str, str]:
    """The surroundings in which kept texts lie beside the desk."""
    return {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "TMPDIR": str(site.folder)}


def kept(site: Site) -> list[str]:
    return [path.read_text() for path in site.folder.glob("helpdesk-*.txt")]


def texts(run: Run, number: str) -> list[str]:
    """What was written on a ticket after the request."""
    return [message["new_text"] for message in run("ticket", "show", number, "--json").json["messages"][1:]]


WRITING = [
    ("reply", "1000"),
    ("note", "1000"),
    ("close", "1000"),
    ("new", "--client", "carl@client.example", "-s", "Phone"),
]


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_a_change_that_was_saved_is_not_called_lost_where_nobody_reads(
    run: Run, site: Site, ticket: str, env: dict[str, str], words: tuple[str, ...]
) -> None:
    for redirection, code, complaint in (
        ("| true", 141, ""),
        ("> /dev/full", 75, "helpdesk: No space left on device\n"),
    ):
        shell = ("bash", "-c", f'set -o pipefail; (sleep 0.2; "$@") {redirection}', "bash")
        done = run("ticket", *words, "-m", "saved words", "--json", prefix=shell, code=code, env=env)
        assert done.err == complaint
        assert kept(site) == []
    assert "saved words" in run("ticket", "show", "1001" if words[0] == "new" else "1000").out


def in_editor(
    env: dict[str, str], script: str, number: int | None, *words: str, group: bool = False
) -> tuple[int, str]:
    """Write with an editor that is a shell's words, and send a signal once it made the file ``ready``."""
    ours, theirs = pty.openpty()
    ready = Path(env["TMPDIR"]) / "ready"
    running = subprocess.Popen(
        [*PROGRAM, "ticket", *words],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env, "VISUAL": f"sh -c '{script}' editor"},
        start_new_session=True,
    )
    os.close(theirs)
    end = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.02)
    if number is not None:
        (os.killpg if group else os.kill)(running.pid, number)
    try:
        _, complaint = running.communicate(timeout=20)
    finally:
        running.kill()
        os.close(ours)
    return running.returncode, complaint.decode()


SLEEPY = 'echo precious > "$1"; touch "$TMPDIR/ready"; exec sleep 30'


@pytest.mark.parametrize(
    ("number", "group", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143), (signal.SIGHUP, True, 129)],
    ids=["Ctrl-C", "TERM", "HUP"],
)
def test_what_was_written_outlives_a_signal(
    run: Run, site: Site, ticket: str, env: dict[str, str], number: int, group: bool, code: int
) -> None:
    ended, complaint = in_editor(env, SLEEPY, number, "reply", ticket, group=group)
    assert ended == code
    assert kept(site) == ["precious\n"]
    (path,) = site.folder.glob("helpdesk-*.txt")
    assert (
        complaint == f"helpdesk: the editor was interrupted; nothing was saved; your text is kept in {path}\n"
    )
    assert texts(run, ticket) == []


def test_an_editor_that_goes_on_after_ctrl_c_is_waited_for(
    run: Run, site: Site, ticket: str, env: dict[str, str]
) -> None:
    script = 'trap : INT; touch "$TMPDIR/ready"; sleep 1; echo whole > "$1"'
    assert in_editor(env, script, signal.SIGINT, "reply", ticket, group=True) == (0, "")
    assert texts(run, ticket) == ["whole"]
    assert kept(site) == []


def test_an_editor_in_which_nothing_was_written_leaves_no_file(
    site: Site, ticket: str, env: dict[str, str]
) -> None:
    ended, complaint = in_editor(env, 'touch "$TMPDIR/ready"; exit 3', None, "reply", ticket)
    assert (ended, complaint) == (1, "helpdesk: the editor ended with exit code 3; nothing was saved\n")
    assert kept(site) == []


def test_without_a_place_for_files_the_failure_is_told_and_a_short_text_shown(
    run: Run, site: Site, ticket: str
) -> None:
    full = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
    done = run("ticket", "reply", ticket, input="precious \x1b[2J\nwords", prefix=full, code=75)
    *shown, last = done.err.splitlines()
    assert shown == ["helpdesk: this text could not be saved:", "    precious ␛[2J", "    words"]
    assert last.startswith(f"helpdesk: {site.store}: ")
    assert last.endswith("; your text could not be kept in a file")
    long = run("ticket", "reply", ticket, input="x" * 5000, prefix=full, code=75).err
    assert len(long.splitlines()) == 1
    assert "xxxx" not in long
    assert long.endswith("; your text could not be kept\n")


def interrupted(env: dict[str, str], *words: str) -> int:
    """Press Ctrl-C at the question that these words bring; the exit code."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*PROGRAM, *words], stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **env}
    )
    os.close(theirs)
    written = b""
    while b"[y/N]" not in written:
        written += os.read(ours, 4096)
    time.sleep(0.5)  # until it waits for the answer
    running.send_signal(signal.SIGINT)
    try:
        return running.wait(timeout=20)
    finally:
        running.kill()
        os.close(ours)


def test_ctrl_c_at_a_question_is_no_answer(run: Run, site: Site, env: dict[str, str]) -> None:
    for _ in range(3):
        site.write()
    run("fetch-mail")
    numbers = run("ticket", "list", "--ids").out.split()
    assert interrupted(env, "ticket", "move", *numbers, "awaiting") == 130
    assert interrupted(env, "ticket", "close", *numbers, "-m", "bye") == 130
    assert kept(site) == ["bye\n"]
    code, output = on_terminal("ticket", "move", *numbers, "awaiting", env=env, keys=b"n\n")
    assert code == 1
    assert output.endswith(b"helpdesk: nothing was changed\n")


def test_no_editor_runs_for_who_borrows_the_owner_s_account(
    site: Site, run: Run, ticket: str, env: dict[str, str]
) -> None:
    lent = {**env, "SUDO_USER": "bob", "VISUAL": "touch"}
    code, output = on_terminal("ticket", "reply", ticket, env=lent)
    assert code == 3
    assert (
        output == b"helpdesk: the editor would run as the store's owner, not as you; use -m TEXT or -F FILE\n"
    )
    assert texts(run, ticket) == []


def test_an_editor_that_cannot_be_read_is_told(site: Site, ticket: str, env: dict[str, str]) -> None:
    code, output = on_terminal("ticket", "reply", ticket, env={**env, "EDITOR": "'", "VISUAL": ""})
    assert (code, output) == (2, b"helpdesk: EDITOR=': no closing quotation; name an editor\n")


def test_without_a_terminal_there_is_no_editor(run: Run, ticket: str, env: dict[str, str]) -> None:
    done = run("ticket", "reply", ticket, "-e", env={**env, "VISUAL": "true"}, code=2)
    assert done.err == "helpdesk: --edit: the editor needs a terminal; use -m TEXT or -F FILE\n"
