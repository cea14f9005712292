"""Every failure is one line a fault on standard error and the promised exit code, never a traceback."""

import os
import signal
import sqlite3
import subprocess
import sys

import click
import pytest
from desks import Site
from program import PROGRAM, Run

from helpdesk_cli.cli.failures import Several, about, code_of, lines_of
from helpdesk_cli.errors import BadConfig, Busy, Failed, NotAllowed, NotFound, Unreachable, Usage, ranked


@pytest.mark.parametrize(
    ("codes", "one"),
    [((69, 75), 75), ((69, 75, 1), 1), ((1, 78), 78), ((69,), 69), ((3, 69), 69), ((4,), 4), ((), 0)],
)
def test_of_several_codes_the_first_of_the_promised_order_counts(codes: tuple[int, ...], one: int) -> None:
    assert ranked(codes) == one


def test_several_failures_are_a_line_each() -> None:
    failures = Several([Unreachable("imap is away"), BadConfig("file: one", "file: two"), Busy("busy")])
    assert lines_of(failures) == ["imap is away", "file: one", "file: two", "busy"]
    assert code_of(failures) == 78


def test_a_place_is_named_before_each_fault_and_the_code_stays() -> None:
    assert lines_of(about("support", BadConfig("one", "two"))) == ["support: one", "support: two"]
    assert code_of(about("support", BadConfig("one"))) == 78
    assert code_of(about("support", Unreachable("away"))) == 69


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failed("x"), 1),
        (Usage("x"), 2),
        (NotAllowed("x"), 3),
        (NotFound("x"), 4),
        (Unreachable("x"), 69),
        (Busy("x"), 75),
        (BadConfig("x"), 78),
        (OSError(28, "No space left on device", "/full"), 75),
        (OSError(13, "Permission denied", "/secret"), 1),
        (click.UsageError("x"), 2),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_each_failure_has_its_code_and_one_line(error: Exception, code: int) -> None:
    assert code_of(error) == code
    assert len(lines_of(error)) == 1


def test_a_failure_s_words_cannot_steer_the_terminal() -> None:
    (line,) = lines_of(Failed("subject \x1b]0;owned\x07 \u202e\r\nhelpdesk: all is well"))
    assert "\x1b" not in line
    assert "\x07" not in line
    assert "\u202e" not in line
    assert "\n" not in line


def test_a_fault_is_one_line_whatever_it_names(run: Run) -> None:
    assert len(run("ticket", "list", "--config", "/x\n/y", code=78).err.splitlines()) == 1


def test_a_database_that_is_no_store_is_told_by_every_command(run: Run, site: Site) -> None:
    site.configure(
        '[mailbox.other]\nkind = "imap"\nhost = "127.0.0.1"\nport = 1\nusername = "u"\n'
        'password = "p"\ndepartment = "support"'
    )
    for path in site.folder.glob("helpdesk.db*"):
        if path.is_file():
            path.unlink()
    site.store.touch(0o600)
    for build in ((), ("create table t (x)",)):
        with sqlite3.connect(site.store) as database:
            for statement in build:
                database.execute(statement)
        database.close()
        for words in (("fetch-mail",), ("notify",), ("ticket", "list"), ("store", "verify"), ("doctor",)):
            done = run(*words, code=78)
            assert "no such table" not in done.err + done.out
            assert f"{site.store}: " in done.err + done.out


def test_an_unexpected_failure_asks_for_a_report() -> None:
    (line,) = lines_of(ZeroDivisionError("division by zero"))
    assert line == "internal error: ZeroDivisionError: division by zero; please report it"


def test_all_faults_of_the_configuration_are_told_at_once(run: Run, site: Site) -> None:
    site.configure('[operation]\nreopen_days = "soon"\nlimit = 3\n[alerts]\nenabeld = true')
    done = run("fetch-mail", code=78)
    assert done.out == ""
    lines = done.err.splitlines()
    assert all(line.startswith(f"helpdesk: {site.config}: line ") for line in lines)
    keys = [line.split(": ")[3] for line in lines]
    assert keys == ["operation.reopen_days", "operation.limit", "alerts.address", "alerts.enabeld"]
    assert lines[-1].endswith('did you mean "enabled"?')


def test_a_missing_configuration_says_where_it_was_looked_for(run: Run, site: Site) -> None:
    done = run(
        "fetch-mail",
        env={"HELPDESK_CONFIG": None, "HOME": str(site.folder), "XDG_CONFIG_HOME": None},
        code=78,
    )
    assert len(done.err.splitlines()) == 1
    assert f"{site.folder}/.config/helpdesk/helpdesk.toml" in done.err
    assert "helpdesk init" in done.err


def test_a_missing_key_is_told_and_never_made_anew(run: Run, site: Site) -> None:
    key = site.folder / "secret.key"
    key.unlink()
    for words in (("fetch-mail",), ("init", "--config", str(site.config))):
        assert "desk.secret_file is missing" in run(*words, code=78).err
    assert not key.exists()


def test_a_missing_store_is_told(run: Run, site: Site) -> None:
    site.store.unlink()
    done = run("ticket", "list", code=78)
    assert "helpdesk init" in done.err
    assert not site.store.exists()


def test_a_mailbox_that_is_away_does_not_stop_the_others(run: Run, site: Site) -> None:
    site.configure('[mailbox.away]\nkind = "maildir"\npath = "nowhere"\ndepartment = "support"')
    site.write()
    done = run("fetch-mail", "--json", code=69)
    assert [box["fetched"] for box in done.json["mailboxes"]] == [1, 0]
    assert done.err.startswith("helpdesk: away: ")
    assert len(done.err.splitlines()) == 1


def test_a_password_command_that_fails_and_a_mailbox_away_are_a_line_each(run: Run, site: Site) -> None:
    site.configure(
        '[mailbox.away]\nkind = "maildir"\npath = "nowhere"\ndepartment = "support"',
        '[mailbox.locked]\nkind = "imap"\nhost = "127.0.0.1"\nport = 1\nusername = "u"\n'
        'password_command = ["false"]\ndepartment = "support"',
    )
    done = run("fetch-mail", code=69)
    assert [line.split(": ")[1] for line in done.err.splitlines()] == ["away", "locked"]


def test_a_stranger_may_not_act(run: Run) -> None:
    done = run("ticket", "list", "--as", "mallory", code=3)
    assert done.err.startswith("helpdesk: mallory: no staff member")


def test_an_unknown_mailbox_is_told(run: Run) -> None:
    assert run("fetch-mail", "sales", code=4).err == (
        "helpdesk: sales: no such mailbox; the configuration has support\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--foo"],
        ["fetch-mail", "--limit", "0"],
        ["fetch-mail", "--limit", "many"],
        ["import"],
        ["notify", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(run: Run, words: list[str]) -> None:
    done = run(*words, code=2)
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert "--help'" in done.err


@pytest.mark.parametrize("words", [["fetch-mail"], ["notify"], ["fetch-mail", "support"]], ids=" ".join)
def test_jobs_are_silent_under_cron(site: Site, words: list[str]) -> None:
    site.write()
    surroundings = {
        "HELPDESK_CONFIG": str(site.config),
        "HOME": "/",
        "PATH": "/usr/bin:/bin",
        "SHELL": "/bin/sh",
    }
    for _ in range(2):
        done = subprocess.run(
            [*PROGRAM, *words], env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, check=True
        )
        assert (done.stdout, done.stderr) == (b"", b"")


def test_a_job_that_is_at_work_already_is_no_failure(run: Run, site: Site) -> None:
    site.write()
    with site.desk(is_job=True) as desk, desk.engine.lock("mailbox-support") as is_ours:
        assert is_ours
        done = run("fetch-mail", "-v")
    assert done.err == "support: another run is fetching it\n"


def test_a_locked_store_is_busy(site: Site) -> None:
    site.write()
    # The wait is half a minute; the test does not sit through it.
    code = "import helpdesk_cli.store.sqlite as s; s.BUSY_SECONDS = 0.2; from helpdesk_cli.__main__ import main; main()"
    with site.desk(is_job=True) as desk, desk.engine.write():
        done = subprocess.run(
            [sys.executable, "-c", code, "fetch-mail"],
            env={**os.environ, "HELPDESK_CONFIG": str(site.config)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 75
    assert len(done.stderr.splitlines()) == 1


def test_no_colours_and_no_controls_in_a_pipe(run: Run, site: Site) -> None:
    site.write(subject="\x1b[31mred\x1b[0m")
    run("fetch-mail")
    assert "\x1b" not in run("ticket", "list", env={"NO_COLOR": None, "TERM": "xterm-256color"}).out


def closed(site: Site, redirection: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the program from a shell with a redirection that takes a stream away."""
    command = f'"$@" {redirection}'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}", "bash", *PROGRAM, *words],
        env={**os.environ, "HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [["ticket", "list"], ["--help"], ["fetch-mail", "--json"], ["--version"], ["ticket", "-V"]],
    ids=" ".join,
)
def test_a_closed_pipe_is_silent(site: Site, words: list[str]) -> None:
    done = closed(site, "| true", *words)
    assert done.stderr == ""
    assert done.returncode in (0, 141)


def test_a_closed_standard_output_is_silent_and_harms_no_file(site: Site) -> None:
    site.write()
    done = closed(site, ">&- 2>&- <&-", "fetch-mail", "--json")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert closed(site, "", "store", "verify").stdout == "the store is sound\n"


@pytest.mark.parametrize("words", [["fetch-mail", "--json"], ["--version"], ["--help"]], ids=" ".join)
def test_a_full_disk_behind_standard_output_is_told(site: Site, words: list[str]) -> None:
    done = closed(site, "> /dev/full", *words)
    assert done.returncode == 75
    assert done.stderr == "helpdesk: No space left on device\n"


def test_ctrl_c_ends_with_130_and_without_words() -> None:
    code = (
        "import click, time\nfrom helpdesk_cli.cli.app import run\n@click.command()\ndef wait():\n"
        "    print('ready', flush=True)\n    time.sleep(60)\nraise SystemExit(run(wait, []))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert (process.returncode, complaint) == (130, b"")


def test_a_traceback_is_shown_only_when_debugging(site: Site) -> None:
    code = (
        "import click\nfrom helpdesk_cli.cli.app import run\n@click.command()\ndef bad():\n    1/0\n"
        "raise SystemExit(run(bad, []))"
    )

    def complaint(debug: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "HELPDESK_DEBUG": debug},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        return done.stderr

    assert "Traceback" not in complaint("")
    assert "Traceback" in complaint("1")
