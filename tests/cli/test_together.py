"""Two people on one ticket: they hear of each other, and an answer that was overtaken is asked for once more."""

import json
import os
import pty
import shlex
import signal
import subprocess
import time
from typing import Any

import pytest
from desks import Site
from program import PROGRAM, Run
from terminal import on_terminal

HELPDESK = shlex.join(PROGRAM)


@pytest.fixture
def ticket(run: Run, site: Site) -> str:
    """Ann's ticket; Carla answers beside Bob."""
    site.write(sender="Ann <ann@client.example>", subject="Printer", message_id="<1@client.example>")
    run("fetch-mail")
    run("staff", "new", "carla", "--name", "Carla Cole", "--email", "carla@desk.example")
    run("staff", "join", "carla", "support")
    return "1000"


@pytest.fixture
def env(site: Site) -> dict[str, str]:
    """The surroundings in which kept texts, and what the editor leaves, lie beside the desk."""
    return {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "TMPDIR": str(site.folder)}


def editor(site: Site, script: str) -> dict[str, str]:
    """An editor that is a shell's words; ``$1`` is its file, ``$carla`` calls the program as Carla."""
    path = site.folder / "editor"
    path.write_text(
        f'#!/bin/sh\ncarla() {{ HELPDESK_STAFF=carla {HELPDESK} "$@" < /dev/null; }}\n'
        f'cp "$1" "$TMPDIR/about"\n{script}\n'
    )
    path.chmod(0o700)
    return {"VISUAL": str(path)}


def kept(site: Site) -> list[str]:
    return [path.read_text() for path in site.folder.glob("helpdesk-*.txt")]


def answers(run: Run) -> list[str]:
    found = run("ticket", "show", "1000", "--json").json["messages"]
    return [one["new_text"].strip() for one in found[1:]]


def writing(run: Run) -> Any:
    return run("ticket", "show", "1000", "--json").json["writing"]


LOOK = 'carla ticket show 1000 > "$TMPDIR/page" 2> "$TMPDIR/told"; carla ticket show 1000 --json > "$TMPDIR/json"'


@pytest.mark.parametrize("verb", ["reply", "note"])
def test_who_looks_at_a_ticket_hears_that_it_is_being_answered(
    run: Run, site: Site, ticket: str, env: dict[str, str], verb: str
) -> None:
    words = editor(site, f'{LOOK}; echo hello > "$1"')
    code, output = on_terminal("ticket", verb, ticket, env={**env, **words})
    assert code == 0, output
    told = (site.folder / "told").read_text()
    assert told == "helpdesk: bob has been writing an answer to 1000 for less than a minute\n"
    assert "answering: bob since 20" in " ".join((site.folder / "page").read_text().split())
    (mark,) = json.loads((site.folder / "json").read_text())["writing"]
    assert (mark["staff"], mark["since_at"][-1]) == ("bob", "Z")
    assert writing(run) == []
    assert answers(run) == ["hello"]


def test_who_begins_to_write_too_is_warned_and_reads_it_in_the_editor(
    run: Run, site: Site, ticket: str, env: dict[str, str]
) -> None:
    with site.desk("carla") as desk:
        from helpdesk_cli.services import answering

        answering.begin(desk, 1000)
    code, output = on_terminal("ticket", "reply", ticket, env={**env, **editor(site, 'echo hello > "$1"')})
    assert code == 0
    assert output.startswith(b"helpdesk: carla has been writing an answer to 1000 for less than a minute")
    assert "# carla has been writing an answer to 1000 for" in (site.folder / "about").read_text()
    assert [mark["staff"] for mark in writing(run)] == ["carla"]  # hers stays
    done = run("ticket", "reply", ticket, "-m", "without an editor")
    assert done.err == "helpdesk: carla has been writing an answer to 1000 for less than a minute\n"
    assert run("ticket", "show", ticket, "--as", "carla").err == ""
    assert run("ticket", "reply", ticket, "-m", "mine", "--as", "carla").err == ""


@pytest.mark.parametrize("script", ["exit 3", 'echo words > "$1"; exit 3', "true"])
def test_a_mark_goes_when_somebody_gives_up(
    run: Run, site: Site, ticket: str, env: dict[str, str], script: str
) -> None:
    code, output = on_terminal("ticket", "reply", ticket, env={**env, **editor(site, f"{LOOK}; {script}")})
    assert code in (1, 2), output
    assert json.loads((site.folder / "json").read_text())["writing"] != []
    assert writing(run) == []


@pytest.mark.parametrize(
    ("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, True)]
)
def test_a_mark_goes_when_a_signal_ends_the_editor(
    run: Run, site: Site, ticket: str, env: dict[str, str], number: int, group: bool
) -> None:
    ours, theirs = pty.openpty()
    words = editor(site, 'echo precious > "$1"; touch "$TMPDIR/ready"; exec sleep 30')
    running = subprocess.Popen(
        [*PROGRAM, "ticket", "reply", ticket],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env, **words},
        start_new_session=True,
    )
    os.close(theirs)
    end = time.monotonic() + 20
    while not (site.folder / "ready").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert [mark["staff"] for mark in writing(run)] == ["bob"]
    (os.killpg if group else os.kill)(running.pid, number)
    try:
        running.communicate(timeout=20)
    finally:
        running.kill()
        os.close(ours)
    assert writing(run) == []
    assert kept(site) == ["precious\n"]


def test_a_mark_of_two_hours_ago_counts_no_more(run: Run, site: Site, ticket: str) -> None:
    from helpdesk_cli.domain.moments import later

    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        for login, minutes in (("bob", 119), ("carla", 121)):
            tx.run(
                "insert into writing (ticket, staff, since_at) values (1000, :login, :at)",
                login=login,
                at=later(desk.clock(), -60 * minutes),
            )
    done = run("ticket", "show", ticket, "--as", "carla")
    assert done.err == "helpdesk: bob has been writing an answer to 1000 for 1 hour and 59 minutes\n"
    assert "carla" not in done.out
    assert [mark["staff"] for mark in writing(run)] == ["bob"]


# What came in meanwhile


ANN = (
    'printf "From: ann@client.example\\nTo: support@desk.example\\nSubject: Re: Printer\\n'
    "References: <1@client.example>\\n"
    'Message-ID: <2@client.example>\\n\\nNever mind, it works.\\n" > "$TMPDIR/inbox/new/1.two"; carla fetch-mail'
)
CARLA = 'carla ticket reply 1000 -m "It is fixed."'


@pytest.mark.parametrize(
    ("meanwhile", "who", "words"),
    [(ANN, b"Ann", b"Never mind, it works."), (CARLA, b"Carla Cole", b"It is fixed.")],
    ids=["client", "colleague"],
)
def test_an_answer_that_was_overtaken_is_asked_for(
    run: Run, site: Site, ticket: str, env: dict[str, str], meanwhile: str, who: bytes, words: bytes
) -> None:
    env = {**env, **editor(site, f'{meanwhile} > "$TMPDIR/log" 2>&1; echo late > "$1"')}
    code, output = on_terminal("ticket", "reply", ticket, env=env, keys=b"n\n")
    assert code == 1, output
    asked = b"-- %s wrote while you did:\n    %s\nsend your answer all the same? [y/N]: " % (who, words)
    assert asked in output.replace(b"\r", b"")
    assert b"your text is kept in " in output
    assert "late" not in answers(run)
    assert kept(site) == ["late\n"]
    assert writing(run) == []


def test_who_says_yes_sends_it(run: Run, site: Site, ticket: str, env: dict[str, str]) -> None:
    env = {**env, **editor(site, f'{CARLA} > "$TMPDIR/log" 2>&1; echo late > "$1"')}
    code, output = on_terminal("ticket", "reply", ticket, env=env, keys=b"y\n")
    assert code == 0, output
    assert answers(run) == ["It is fixed.", "late"]
    assert kept(site) == []


def test_without_anybody_to_ask_it_fails_with_the_text_kept_and_names_the_way(
    run: Run, site: Site, ticket: str, env: dict[str, str]
) -> None:
    env = {**os.environ, **env, **editor(site, f'{CARLA} > "$TMPDIR/log" 2>&1; echo late > "$1"')}
    for words, code in (((), 1), (("--yes",), 0)):
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [*PROGRAM, "ticket", "reply", ticket, *words],
            stdin=theirs,
            capture_output=True,
            env=env,
            timeout=60,
            check=False,
        )
        os.close(theirs)
        os.close(ours)
        assert done.returncode == code, done
        if code:
            (path,) = site.folder.glob("helpdesk-*.txt")
            assert done.stderr.decode() == (
                "helpdesk: ticket 1000 is not answered: Carla Cole wrote while you did; 'helpdesk ticket show 1000' "
                f"shows it; with --yes your answer goes all the same; your text is kept in {path}\n"
            )
            assert path.read_text() == "late\n"
            assert answers(run) == ["It is fixed."]
    assert answers(run) == ["It is fixed.", "It is fixed.", "late"]


@pytest.mark.parametrize(
    "meanwhile",
    [
        'carla ticket note 1000 -m "Between us."',
        "carla ticket move 1000 in-progress",
        f'{HELPDESK} ticket reply 1000 -m "My own." < /dev/null',
    ],
    ids=["note", "move", "own"],
)
def test_what_is_no_answer_of_another_asks_nothing(
    run: Run, site: Site, ticket: str, env: dict[str, str], meanwhile: str
) -> None:
    env = {**env, **editor(site, f'{meanwhile} > "$TMPDIR/log" 2>&1; echo late > "$1"')}
    code, output = on_terminal("ticket", "reply", ticket, env=env)
    assert (code, b"all the same" in output) == (0, False), output
    assert answers(run)[-1] == "late"


def test_a_note_is_not_asked_for(run: Run, site: Site, ticket: str, env: dict[str, str]) -> None:
    env = {**env, **editor(site, f'{CARLA} > "$TMPDIR/log" 2>&1; echo late > "$1"')}
    code, output = on_terminal("ticket", "note", ticket, env=env)
    assert code == 0, output
    assert answers(run) == ["It is fixed.", "late"]


# Answered and closed


def test_closing_with_an_answer_marks_each_ticket_while_the_editor_is_open(
    run: Run, site: Site, ticket: str, env: dict[str, str]
) -> None:
    site.write(sender="Ben <ben@client.example>", subject="Screen", message_id="<3@client.example>")
    run("fetch-mail")
    look = 'carla ticket show 1001 > "$TMPDIR/page" 2> "$TMPDIR/second"'
    words = editor(site, f'{LOOK}; {look}; echo "Both are fixed." > "$1"')
    code, output = on_terminal("ticket", "close", ticket, "1001", "-e", env={**env, **words})
    assert code == 0, output
    for name, number in (("told", 1000), ("second", 1001)):
        said = f"helpdesk: bob has been writing an answer to {number} for less than a minute\n"
        assert (site.folder / name).read_text() == said
    about = (site.folder / "about").read_text()
    assert "1000: Printer" in about
    assert "1001: Screen" in about
    assert writing(run) == []
    assert answers(run) == ["Both are fixed."]
    assert run("ticket", "show", "1001", "--json").json["stage"] == "done"


def test_a_closing_answer_that_was_overtaken_is_asked_for(
    run: Run, site: Site, ticket: str, env: dict[str, str]
) -> None:
    words = {**env, **editor(site, f'{ANN} > "$TMPDIR/log" 2>&1; echo late > "$1"')}
    code, output = on_terminal("ticket", "close", ticket, "--edit", env=words, keys=b"n\n")
    assert code == 1, output
    assert b"-- Ann wrote while you did:" in output
    assert run("ticket", "show", ticket, "--json").json["state"] == "open"
    assert kept(site) == ["late\n"]
    code, output = on_terminal("ticket", "close", ticket, "-e", env={**env, **editor(site, 'echo ok > "$1"')})
    assert code == 0, output
    assert run("ticket", "show", ticket, "--json").json["state"] == "closed"


def test_who_may_not_close_a_ticket_sees_no_editor(run: Run, site: Site, env: dict[str, str]) -> None:
    words = {**env, **editor(site, 'echo late > "$1"')}
    code, output = on_terminal("ticket", "close", "4711", "-e", env=words)
    assert code == 4, output
    assert not (site.folder / "about").exists()
