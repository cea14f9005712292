"""A desk on a shared host: staff work through sudo as themselves, and nothing leads them to the owner's secrets."""

import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from program import faketime
from quarters import wait_until
from shared_host import OTHER, OWNER, STAFF, Host, new_host

from helpdesk_cli.cli.behalf import frames
from helpdesk_cli.cli.behalf.frames import packed


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with new_host() as made:
        yield made


@pytest.fixture
def ticket(host: Host) -> str:
    words = ("--client", "ann@client.example", "-s", "Broken", "-m", "It is.")
    return host.run(STAFF, "ticket", "new", *words).out.strip()


def key(host: Host) -> str:
    return str(host.desk / "own" / "secret.key")


def refused(done: object, codes: tuple[int, ...] = (2, 3)) -> None:
    """One clear line, and one of these exit codes."""
    assert done.code in codes, done  # type: ignore[attr-defined]
    assert len(done.err.splitlines()) == 1, done  # type: ignore[attr-defined]
    assert done.err.startswith("helpdesk: "), done  # type: ignore[attr-defined]
    assert done.out == "", done  # type: ignore[attr-defined]


def shown(host: Host, ticket: str) -> dict[str, object]:
    found: dict[str, object] = host.run(STAFF, "ticket", "show", ticket, "--json").json
    return found


# The honest way


def test_staff_work_as_themselves_without_typing_sudo(host: Host, ticket: str) -> None:
    home = host.home(STAFF)
    host.call(STAFF, "sh", "-c", "echo from a file > text; printf bytes > bill.pdf", cwd=home)
    host.run(STAFF, "ticket", "reply", ticket, "-m", "by -m")
    host.run(STAFF, "ticket", "reply", ticket, "-F", "text", "-a", "bill.pdf", cwd=home)
    host.run(STAFF, "ticket", "note", ticket, input="typed")
    host.run(STAFF, "ticket", "take", ticket)
    found = shown(host, ticket)
    assert [one["new_text"] for one in found["messages"]][1:] == ["by -m", "from a file", "typed"]  # type: ignore[attr-defined,index]
    assert {one["actor"] for one in found["events"] if one["kind"] != "mail"} == {STAFF}  # type: ignore[attr-defined,index]
    assert found["assignee"] == STAFF
    saved = host.run(STAFF, "ticket", "attachments", ticket, "--save", "got", cwd=home).out.strip()
    assert (home / saved).read_bytes() == b"bytes"
    assert (home / saved).stat().st_uid == home.stat().st_uid
    host.run(STAFF, "ticket", "close", "-", input=f"{ticket}\n")
    assert shown(host, ticket)["state"] == "closed"
    assert host.run(STAFF, "--version").out.startswith("helpdesk ")
    assert ticket in host.run(STAFF, "ticket", "list", "--state", "all", "--ids").out.split()
    assert host.run(STAFF, "ticket", "show", "99999", code=4).err.startswith("helpdesk: no ticket 99999")


def on_terminal(host: Host, login: str, *words: str, keys: bytes = b"", **env: str) -> str:
    """What an account sees that runs the program on a terminal."""
    import pwd

    account = pwd.getpwnam(login)
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [str(host.program), *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=host.surroundings(login, {"TERM": "xterm", "PAGER": "cat", **env}),
        cwd=account.pw_dir,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=os.getgrouplist(login, account.pw_gid),
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, keys)
    seen = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    running.wait(30)
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", seen.decode())


def test_editor_and_pager_are_the_caller_s_own(host: Host, ticket: str) -> None:
    home = host.home(STAFF)
    editor = host.folder / "editor"
    editor.write_text(f'#!/bin/sh\nid -un > {home}/who; cat "$1" > {home}/seen; echo written > "$1"\n')
    editor.chmod(0o755)
    on_terminal(host, STAFF, "ticket", "reply", ticket, VISUAL=str(editor))
    assert (home / "who").read_text().strip() == STAFF
    assert "It is." in (home / "seen").read_text()
    assert shown(host, ticket)["messages"][-1]["new_text"] == "written"  # type: ignore[index]
    pager = host.folder / "pager"
    pager.write_text(f"#!/bin/sh\nid -un > {home}/pager; cat\n")
    pager.chmod(0o755)
    seen = on_terminal(host, STAFF, "ticket", "show", ticket, PAGER=str(pager), LINES="5", COLUMNS="60")
    assert "written" in seen
    assert (home / "pager").read_text().strip() == STAFF


@pytest.mark.parametrize("words", ["ticket show {} --all", "ticket list --json"])
@pytest.mark.parametrize("reader", ["true", "head -c 1 >/dev/null"])
def test_a_closed_pipe_is_silent(host: Host, ticket: str, words: str, reader: str) -> None:
    line = f"{host.program} {words.format(ticket)} | {reader}; exit ${{PIPESTATUS[0]}}"
    done = host.call(STAFF, "bash", "-c", line, code=None)
    assert done.code in (0, 141), done
    assert done.err == ""


def test_who_writes_while_somebody_else_answers_is_asked(host: Host, ticket: str) -> None:
    editor, home = host.folder / "slow", host.home(STAFF)
    begun, answered = home / "begun", home / "answered"
    editor.write_text(
        f'#!/bin/sh\necho mine > "$1"; touch {begun}; while [ ! -e {answered} ]; do sleep 0.05; done\n'
    )
    editor.chmod(0o755)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            on_terminal, host, STAFF, "ticket", "reply", ticket, keys=b"n\n", VISUAL=str(editor)
        )
        wait_until(begun.exists, "the editor is open")
        seen = host.run(OWNER, "ticket", "show", ticket, "--as", OWNER).err
        assert f"{STAFF} is writing" in seen or f"{STAFF} has been writing" in seen, seen
        host.run(OWNER, "ticket", "reply", ticket, "-m", "Ours already.", "-y")
        answered.touch()
        told = writing.result(60)
    assert "Ours already." in told
    assert "your text is kept in" in told
    last = shown(host, ticket)["messages"][-1]  # type: ignore[index]
    assert last["new_text"] == "Ours already."


def test_a_person_is_asked_before_many_tickets_change(host: Host) -> None:
    made = [
        host.run(STAFF, "ticket", "new", "--client", "ann@client.example", "-s", "x", "-m", "y").out.strip()
        for _ in range(3)
    ]
    assert "nothing was changed" in on_terminal(host, STAFF, "ticket", "close", *made, keys=b"n\n")
    assert shown(host, made[0])["state"] == "open"
    on_terminal(host, STAFF, "ticket", "close", *made, keys=b"y\n")
    assert shown(host, made[0])["state"] == "closed"


def test_words_are_completed_as_far_as_one_sees(host: Host, ticket: str) -> None:
    def offered(login: str, *words: str) -> list[str]:
        env = {
            "_HELPDESK_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("helpdesk", *words)),
            "COMP_CWORD": str(len(words)),
        }
        return host.run(login, env=env).out.split()

    assert f"plain,{ticket}" in offered(STAFF, "ticket", "show", ticket[:2])
    assert offered(OTHER, "ticket", "show", ticket[:2]) == []
    assert f"plain,{OTHER}" in offered(STAFF, "ticket", "assign", ticket, OTHER[:4])
    assert offered(STAFF, "ticket", "move", ticket, "awa") == ["plain,awaiting"]


def test_doctor_tells_staff_whether_they_are_let_through_and_kept_away(host: Host) -> None:
    def found(login: str, code: int = 0) -> dict[tuple[str, str], str]:
        told = host.run(login, "doctor", "--json", code=code).json
        return {(each["name"], each["level"]): f"{each['text']} {each['hint']}" for each in told}

    sound = found(STAFF)
    assert {level for _, level in sound} == {"ok"}
    assert f"{OWNER} runs your commands" in sound["run_as", "ok"]
    words = host.run(STAFF, "doctor", "--send-test", "ann@client.example").out
    assert f"sudo -u {OWNER} helpdesk doctor --send-test ann@client.example" in words
    host.allow("ticket", "list")
    Path(key(host)).chmod(0o644)
    (host.desk / "own").chmod(0o755)
    try:
        broken = found(STAFF, code=1)
        assert f"NOPASSWD: {host.program} --on-behalf" in broken["run_as", "fail"]
        assert "sudo: " in broken["run_as", "fail"]
        assert f"chown {OWNER}" in broken["key", "fail"]
    finally:
        host.allow()
        Path(key(host)).chmod(0o600)
        (host.desk / "own").chmod(0o700)


def test_doctor_tells_the_owner_what_staff_cannot_read_or_others_may_write(host: Host) -> None:
    def warned() -> str:
        told = host.run(OWNER, "doctor", "--json", code=None).json
        return "\n".join(f"{each['text']} {each['hint']}" for each in told if each["name"] == "run_as")

    assert warned() == ""
    host.config.chmod(0o600)
    host.program.chmod(0o777)
    try:
        # Now the owner cannot read it either.
        assert host.run(OWNER, "doctor", code=78).err == ""
        host.config.chmod(0o640)
        os.chown(host.config, 0, int(host.call(OWNER, "id", "-g").out))
        told = warned()
        assert "may change the program that sudo starts" in told
        os.chown(host.config, host.home(OWNER).stat().st_uid, 0)
        host.config.chmod(0o600)
        told = warned()
        assert "is not root's" in told
    finally:
        os.chown(host.config, 0, 0)
        host.config.chmod(0o644)
        host.program.chmod(0o755)


# The attacker


def test_the_owner_s_files_cannot_be_read(host: Host, ticket: str) -> None:
    home = host.home(STAFF)
    host.call(STAFF, "sh", "-c", f"ln -sf {key(host)} link; ln -sf {host.desk}/own/helpdesk.db db", cwd=home)
    for path in (key(host), "link", "db", "/etc/shadow", "/proc/1/environ"):
        refused(host.run(STAFF, "ticket", "note", ticket, "-m", "x", "-a", path, cwd=home, code=None))
        refused(host.run(STAFF, "ticket", "note", ticket, "-F", path, cwd=home, code=None))
        refused(host.run(STAFF, "inbox", "explain", path, cwd=home, code=None))
        refused(host.run(STAFF, "rule", "test", path, cwd=home, code=None))
    assert len(shown(host, ticket)["messages"]) == 1  # type: ignore[arg-type]


def test_a_file_that_becomes_a_link_is_read_with_the_caller_s_rights(host: Host, ticket: str) -> None:
    """The owner's side gets bytes, never a name: nothing can be exchanged behind its back."""
    home, place = host.home(STAFF), host.folder / "swapped"
    place.mkdir()
    place.chmod(0o777)  # the owner could read there
    swapping = (
        f"echo mine > f; while :; do ln -sfn {key(host)} l; mv -fT l f; echo mine > n; mv -fT n f; done & "
        f"for i in 1 2 3 4 5 6; do {host.program} ticket note {ticket} -m $i -a {place}/f; done 2> told; kill $!"
    )
    host.call(STAFF, "sh", "-c", swapping, cwd=place)
    told = (place / "told").read_text().splitlines()
    assert all(line.endswith(f"{place}/f: Permission denied") for line in told), told
    host.run(STAFF, "ticket", "attachments", ticket, "--save", "notes", cwd=home)
    saved = [file.read_bytes() for file in (home / "notes").glob("*")]
    assert len(told) + len(saved) == 6
    assert set(saved) <= {b"mine\n"}


def test_hostile_names_of_files_lead_out_of_no_folder(host: Host) -> None:
    from urllib.parse import quote

    names = (
        "../../escaped",
        "/etc/hdt-escaped",
        "-rf",
        ".bashrc",
        "a\nb.txt",
        "\x1b[2Jx.txt",
        "inbox",
        "x" * 300,
    )
    head = (
        "From: eve@client.example\nTo: support@desk.example\nSubject: Hostile\nMessage-ID: <h@client.example>\n"
        "Content-Type: multipart/mixed; boundary=xx\n\n--xx\n\nSee these.\n"
    )
    parts = [
        f"--xx\nContent-Type: application/octet-stream\n"
        f"Content-Disposition: attachment; filename*=utf-8''{quote(name, safe='')}\n\nevil\n"
        for name in names
    ]
    file = host.desk / "own" / "inbox" / "new" / "1"
    file.write_text("".join([head, *parts, "--xx--\n"]))
    os.chown(file, host.home(OWNER).stat().st_uid, -1)
    host.run(OWNER, "fetch-mail")
    number = host.run(STAFF, "ticket", "list", "--ids", "--search", "Hostile").out.split()[0]
    home = host.home(STAFF)
    host.call(
        STAFF, "sh", "-c", "mkdir got2; ln -s ../escaped got2/inbox; ln -s ../escaped got2/_-rf", cwd=home
    )
    before = set(home.iterdir())
    saved = host.run(STAFF, "ticket", "attachments", number, "--save", "got2", "--json", cwd=home).json
    assert len(saved) == len(names)
    assert set(home.iterdir()) == before
    for one in saved:
        path = home / one["path"]
        assert path.parent == home / "got2"
        assert path.read_bytes() == b"evil"
        assert not path.is_symlink()
        assert path.stat().st_uid == home.stat().st_uid
        assert re.fullmatch(r"[^-.\x00-\x1f/][^\x00-\x1f/]*", path.name), path.name
    assert not Path("/etc/hdt-escaped").exists()


def tried_by_hand(host: Host, ticket: str) -> tuple[tuple[str, ...], ...]:
    """What somebody may type who can run the program as its owner."""
    return (
        ("ticket", "reply", ticket, "-m", "x", "-a", key(host)),
        ("ticket", "reply", ticket, "-m", "x", "-a", "/proc/self/fd/0"),
        ("ticket", "reply", ticket, "-m", "x", "-a", "/dev/stdin"),
        ("ticket", "reply", ticket, "-F", key(host)),
        ("ticket", "reply", ticket, "-F", str(host.config)),
        ("ticket", "reply", ticket, "-m", "x", "--as", OWNER),
        ("--as", OWNER, "ticket", "list"),
        (f"--as={OWNER}", "ticket", "list"),
        ("--config", "/tmp/evil.toml", "ticket", "list"),
        ("ticket", "list", "--config=/tmp/evil.toml"),
        ("ticket", "list", "--conf", "/tmp/evil.toml"),
        ("ticket", "attachments", ticket, "--save", str(host.desk / "own")),
        ("store", "backup", "/tmp/hdt-copy.db"),
        ("store", "copy", "--to", "sqlite:/tmp/hdt-copy.db"),
        ("import", "/etc/shadow"),
        ("inbox", "explain", key(host)),
        ("rule", "test", key(host)),
        ("fetch-mail", "-n"),
        ("notify", "-n"),
        ("cron",),
        ("doctor",),
        ("init", "/tmp/hdt-init"),
        ("demo", "/tmp/hdt-init"),
        ("schedule", "crontab", "--write", "/tmp"),
        ("staff", "edit", STAFF, "--role", "admin"),
        ("pause", "--reason", "x"),
    )


@pytest.mark.parametrize("how", ["exactly", "with any words"])
def test_sudo_by_hand_opens_nothing(host: Host, ticket: str, how: str) -> None:
    host.allow(*([""] if how == "with any words" else []))
    sudo = ("sudo", "-n", "-u", OWNER, str(host.program))
    try:
        for words in tried_by_hand(host, ticket):
            done = host.call(STAFF, *sudo, *words, input="x", code=None)
            if how == "exactly":
                assert done.code == 1 and done.err.startswith("sudo: "), done
            elif words[:2] == ("ticket", "attachments"):
                assert done.code in (0, 3), done  # there is nothing to save
            else:
                refused(done)
        assert list((host.desk / "own").glob("*.pdf")) == []
    finally:
        host.allow()
    assert len(shown(host, ticket)["messages"]) == 1  # type: ignore[arg-type]


def test_who_calls_sudo_by_hand_gives_no_variable_along(host: Host) -> None:
    for words in (
        ("PYTHONPATH=/tmp",),
        ("HELPDESK_STAFF=" + OWNER,),
        ("LD_PRELOAD=/tmp/x.so",),
        ("SUDO_USER=root",),
    ):
        done = host.call(
            STAFF, "sudo", "-n", "-u", OWNER, *words, str(host.program), "--on-behalf", code=None
        )
        assert done.code != 0, done
    refused(host.run(STAFF, "ticket", "list", env={"HELPDESK_STAFF": OWNER}, code=None))
    refused(host.run(STAFF, "ticket", "list", "--as", OWNER, code=None))


def test_a_library_of_the_caller_gets_nowhere_near_the_owner(host: Host, ticket: str) -> None:
    """Preloaded, it tells the caller's own process another time, and the owner's none."""
    env = {"LD_PRELOAD": faketime(), "FAKETIME": "@2001-02-03 04:05:06"}
    year = host.call(STAFF, "python3", "-c", "import time; print(time.gmtime().tm_year)", env=env).out.strip()
    assert year == "2001"
    host.run(STAFF, "ticket", "note", ticket, "-m", "When?", env=env)
    *_, note = shown(host, ticket)["messages"]  # type: ignore[misc]
    assert not note["at"].startswith("2001"), note


def test_sudo_that_passes_on_the_environment_is_not_believed(host: Host, ticket: str) -> None:
    from shared_host import GROUP, SUDOERS

    SUDOERS.write_text(f"%{GROUP} ALL=({OWNER}) NOPASSWD:SETENV: {host.program}\n")
    try:
        sudo = ("sudo", "-n", "-E", "-u", OWNER, str(host.program), "ticket", "list")
        for env in ({"HELPDESK_STAFF": OWNER}, {"HELPDESK_CONFIG": "/tmp/x"}, {"DOAS_USER": OWNER}):
            refused(host.call(STAFF, *sudo, env=env, code=None))
    finally:
        host.allow()


def test_doas_by_hand_opens_nothing(host: Host, ticket: str) -> None:
    doas = ("doas", "-n", "-u", OWNER, str(host.program))
    with host.by_doas("nopass"):
        assert ticket in host.call(STAFF, *doas, "ticket", "list", "--ids").out.split()
        assert ticket not in host.call(OTHER, *doas, "ticket", "list", "--ids").out.split()
        host.call(STAFF, *doas, "ticket", "note", ticket, "-m", "By doas.")
        for words in tried_by_hand(host, ticket):
            done = host.call(STAFF, *doas, *words, input="x", code=None)
            if words[:2] == ("ticket", "attachments"):
                assert done.code in (0, 3), done  # there is nothing to save
            else:
                refused(done)
    with host.by_doas("nopass", "keepenv"):
        bare = {"HELPDESK_CONFIG": None}
        host.call(STAFF, *doas, "ticket", "list", env=bare)
        for name, value in (("HELPDESK_STAFF", OWNER), ("SUDO_USER", OWNER), ("SUDO_UID", "0")):
            refused(host.call(STAFF, *doas, "ticket", "list", env={**bare, name: value}, code=None))
    *_, note = shown(host, ticket)["messages"]  # type: ignore[misc]
    assert note["author"]["name"] == STAFF


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"R",
        b"R\0\0\0\5{}",
        b"Zjunk",
        packed(frames.REQUEST, b"[" * 100_000),
        packed(frames.REQUEST, b'{"words": 5}'),
        packed(frames.REQUEST, b'{"words": [], "config": "", "evil": 1}'),
        packed(frames.REQUEST, b'{"words": [], "config": "", "files": ["a"]}'),
        packed(frames.REQUEST, b'{"words": [], "config": "", "files": ["a"]}') + b"B\xff\xff\xff\xff",
        b"R\xff\xff\xff\xff" + b"x" * 1000,
    ],
    ids=range(10),
)
def test_a_request_that_is_none_is_refused(host: Host, sent: bytes) -> None:
    refused(
        host.call(STAFF, "sudo", "-n", "-u", OWNER, str(host.program), "--on-behalf", input=sent, code=None),
        (2,),
    )


def test_a_forged_request_reaches_no_file_and_no_other_desk(host: Host, ticket: str) -> None:
    from msgspec import json

    sudo = ("sudo", "-n", "-u", OWNER, str(host.program), "--on-behalf")
    evil = json.encode({"words": ["ticket", "list"], "config": "/tmp/evil.toml"})
    refused(host.call(STAFF, *sudo, input=packed(frames.REQUEST, evil), code=None), (78,))
    for words in (
        ["ticket", "note", ticket, "-m", "x", "-a", key(host)],
        ["ticket", "note", ticket, "-F", key(host)],
        ["--config", "/tmp/evil.toml", "ticket", "list"],
        ["--as", OWNER, "ticket", "list"],
        ["store", "backup", "/tmp/hdt-copy.db"],
        ["import", "/etc/shadow"],
    ):
        request = json.encode({"words": words, "config": str(host.config)})
        sent = packed(frames.REQUEST, request) + packed(frames.WROTE, b"kept")
        told = host.call(STAFF, "sh", "-c", f"{' '.join(sudo)} | tr -c '[:print:]' ' '", input=sent).out
        assert re.search(
            "helpdesk: .*(not sent|only the store's owner|no file is opened|only an admin)", told
        ), told
        assert "[desk]" not in told
    assert len(shown(host, ticket)["messages"]) == 1  # type: ignore[arg-type]


def test_tickets_of_another_department_stay_unseen(host: Host, ticket: str) -> None:
    for verb, *more in (("show",), ("log",), ("reply", "-m", "x"), ("take",), ("attachments",)):
        refused(host.run(OTHER, "ticket", verb, ticket, *more, code=None), (3,))
    assert host.run(OTHER, "ticket", "list", "--state", "all", "--ids").out == ""


def test_root_lends_the_account_without_limits(host: Host) -> None:
    done = subprocess.run(
        ["sudo", "-n", "-u", OWNER, str(host.program), "cron"], capture_output=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stdout) == (0, b"")
