"""``receive`` answers 0 when the bytes are safe and 75 otherwise, within a minute, and never says a word."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import SMALL_DESK, Site
from program import PROGRAM, Done, Run

from helpdesk_cli.services.mailroom import entries

MAIL = (
    "From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: Piped\n"
    "Message-ID: <piped@client.example>\n\nBy pipe.\n"
)


def expect_silence(done: Done, code: int) -> None:
    assert (done.code, done.out, done.err) == (code, "", "")


def kept(site: Site) -> list[str]:
    """The outcomes in the inbox."""
    with site.desk(is_job=True) as desk:
        return [entry.outcome for entry in entries(desk, everything=True)]


def test_a_message_is_kept_and_becomes_a_ticket(run: Run, site: Site) -> None:
    expect_silence(run("receive", input=MAIL), 0)
    assert kept(site) == ["opened"]
    assert [ticket["subject"] for ticket in run("ticket", "list", "--json").json] == ["Piped"]


def test_the_same_message_again_is_safe_already(run: Run, site: Site) -> None:
    expect_silence(run("receive", input=MAIL), 0)
    expect_silence(run("receive", input=MAIL), 0)
    assert kept(site) == ["opened"]


def test_the_envelope_comes_from_options_or_the_surroundings(run: Run, site: Site) -> None:
    site.configure(
        '[department.sales]\nname = "Sales"\naddress = "sales@desk.example"',
        '[department.bills]\nname = "Bills"\naddress = "bills@desk.example"',
    )
    expect_silence(run("receive", "--recipient", "sales@desk.example", input=MAIL), 0)
    expect_silence(
        run("receive", input=MAIL.replace("piped@", "2@"), env={"RECIPIENT": "bills@desk.example"}), 0
    )
    tickets = run("ticket", "list", "--json").json
    assert sorted(ticket["department"] for ticket in tickets) == ["bills", "sales"]


@pytest.mark.parametrize(
    "words",
    [
        ["receive", "--mailbox", "nowhere"],
        ["receive", "--foo"],
        ["receive", "surplus"],
        ["receive", "--mailbox"],
        ["receive", "--config"],
        ["receive", "--config", "/nonexistent"],
        ["--config", "/nonexistent", "receive"],
        ["-v", "-v", "receive", "--foo"],
        ["--foo", "receive"],
    ],
    ids=" ".join,
)
def test_wrong_words_keep_the_mail_with_the_server(run: Run, site: Site, words: list[str]) -> None:
    expect_silence(run(*words, input=MAIL, code=None), 75)
    assert kept(site) == []


@pytest.mark.parametrize(
    "mail", [b"", b"\n", b"\0" * 1000, b"garbage \xff\xfe", b"From x\n", os.urandom(5000)]
)
def test_garbage_is_kept_or_refused_but_never_told(run: Run, mail: bytes) -> None:
    done = run("receive", input=mail, code=None)
    expect_silence(done, 75 if not mail else done.code)
    assert done.code in (0, 75)


def broken_config(site: Site) -> None:
    site.configure("[nonsense]\nx = 1")


def open_config(site: Site) -> None:
    site.config.chmod(0o666)


def no_key(site: Site) -> None:
    (site.folder / "secret.key").unlink()


def no_store(site: Site) -> None:
    site.store.unlink()


def strange_store(site: Site) -> None:
    for path in site.folder.glob("helpdesk.db-*"):
        path.unlink()
    site.store.write_bytes(b"this is no database, however long it may be" * 100)


def store_is_a_folder(site: Site) -> None:
    site.store.unlink()
    site.store.mkdir()


def two_pipes(site: Site) -> None:
    site.configure('[mailbox.one]\nkind = "pipe"\n[mailbox.two]\nkind = "pipe"')


def too_small(site: Site) -> None:
    site.configure(instead=SMALL_DESK.replace('backlog = "answer"', 'backlog = "answer"\nmax_size = "64 kB"'))


@pytest.mark.parametrize(
    "spoil",
    [broken_config, open_config, no_key, no_store, strange_store, store_is_a_folder, two_pipes, too_small],
)
def test_whatever_is_wrong_the_mail_stays_with_the_server(
    run: Run, site: Site, spoil: Callable[[Site], None]
) -> None:
    spoil(site)
    expect_silence(run("receive", input=MAIL + "x" * 100_000, code=None), 75)


def test_a_full_disk_keeps_the_mail_with_the_server(run: Run, site: Site) -> None:
    def limited() -> None:
        # What a file grows beyond this fails, as on a full disk; what is there may be read.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    expect_silence(run("receive", input=MAIL, preexec_fn=limited, code=None), 75)
    assert kept(site) == []
    expect_silence(run("receive", input=MAIL), 0)


def test_no_more_processes_keep_the_mail_with_the_server(site: Site) -> None:
    code = (
        "import os\ndef fork(): raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "os.fork = fork\nfrom helpdesk_cli.__main__ import main\nmain()"
    )
    done = patched(site, code)
    expect_silence(done, 75)


def patched(site: Site, code: str) -> Done:
    """Run ``receive`` in a program that was changed beforehand."""
    done = subprocess.run(
        [sys.executable, "-c", code, "receive"],
        input=MAIL.encode(),
        env={**os.environ, "HELPDESK_CONFIG": str(site.config)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Done(done)


BEFORE = "import helpdesk_cli.services.incoming as i\ndef boom(*a, **k): {}\ni.{} = boom\n"
RUN = "from helpdesk_cli.__main__ import main\nmain()"


@pytest.mark.parametrize(
    "death",
    [
        "raise RuntimeError('x')",
        "raise SystemExit(1)",
        "raise MemoryError",
        "import os; os.abort()",
        "import os; os.kill(os.getpid(), 9)",
        "import os; os._exit(3)",
    ],
)
@pytest.mark.parametrize(("where", "code"), [("keep", 75), ("Line", 0)])
def test_however_it_dies_the_code_tells_on_which_side_of_the_commit(
    site: Site, death: str, where: str, code: int
) -> None:
    expect_silence(patched(site, BEFORE.format(death, where) + RUN), code)
    assert len(kept(site)) == (1 if code == 0 else 0)


@pytest.mark.parametrize(("where", "code"), [("keep", 75), ("Line", 0)])
def test_the_time_ends_it_on_either_side_of_the_commit(site: Site, where: str, code: int) -> None:
    slow = BEFORE.format("import time; time.sleep(100)", where)
    began = time.monotonic()
    done = patched(site, slow + "import helpdesk_cli.__main__ as m\nm.RECEIVE_SECONDS = 1.5\nm.main()")
    expect_silence(done, code)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(("where", "code"), [("keep", 75), ("Line", 0)])
def test_a_signal_ends_it_on_either_side_of_the_commit(
    site: Site, tmp_path: Path, number: signal.Signals, where: str, code: int
) -> None:
    mark = tmp_path / "there"
    slow = BEFORE.format(f"import time; open({str(mark)!r}, 'w').close(); time.sleep(100)", where)
    process = subprocess.Popen(
        [sys.executable, "-c", slow + RUN, "receive"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "HELPDESK_CONFIG": str(site.config)},
    )
    assert process.stdin is not None
    process.stdin.write(MAIL.encode())
    process.stdin.close()
    process.stdin = None
    until = time.monotonic() + 20
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, b"", b"")


def test_what_was_killed_after_the_commit_is_settled_by_the_next_fetch(run: Run, site: Site) -> None:
    expect_silence(patched(site, BEFORE.format("raise RuntimeError('x')", "Line") + RUN), 0)
    assert kept(site) == ["pending"]
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        tx.run("update inbox set kept_at = '2020-01-01T00:00:00Z'")
    run("fetch-mail")
    assert kept(site) == ["opened"]


def test_a_locked_store_keeps_the_mail_with_the_server(site: Site) -> None:
    quick = "import helpdesk_cli.store.sqlite as s; s.BUSY_SECONDS = 0.2\n"
    with site.desk(is_job=True) as desk, desk.engine.write():
        expect_silence(patched(site, quick + RUN), 75)
    assert kept(site) == []


def test_closed_streams_change_nothing(site: Site) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" >&- 2>&-', "bash", *PROGRAM, "receive"],
        input=MAIL.encode(),
        env={**os.environ, "HELPDESK_CONFIG": str(site.config)},
        capture_output=True,
        check=False,
    )
    expect_silence(Done(done), 0)
    assert kept(site) == ["opened"]


def test_a_closed_standard_input_is_no_mail(site: Site) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" <&-', "bash", *PROGRAM, "receive"],
        env={**os.environ, "HELPDESK_CONFIG": str(site.config)},
        capture_output=True,
        check=False,
    )
    expect_silence(Done(done), 75)


def test_help_of_receive_is_told_to_a_person(run: Run) -> None:
    assert "standard input" in run("receive", "--help").out
    assert run("receive", "--sender", "-h", "--mailbox", "support", input=MAIL, code=None).out == ""


@pytest.mark.parametrize(
    "words", [["--sender", "--help"], ["--sender", "-h"], ["--recipient", "-h"]], ids=str
)
def test_a_sender_who_is_called_like_the_help_gets_none(run: Run, site: Site, words: list[str]) -> None:
    expect_silence(run("receive", *words, input=MAIL), 0)
    assert kept(site) == ["opened"]


@pytest.mark.parametrize(
    "words", [["--mailbox", "x", "--help"], ["x", "-h"], ["-V"], ["--help", "-h"]], ids=str
)
def test_whatever_the_words_are_nothing_is_said(run: Run, words: list[str]) -> None:
    expect_silence(run("receive", *words, input=MAIL, code=75), 75)


def test_the_help_of_receive_is_for_people(run: Run) -> None:
    assert run("receive", "--help").out.startswith("Usage: helpdesk receive")
