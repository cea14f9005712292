"""What starts the owner's side, sudo or doas: it lets staff work, and nothing of theirs through but the request."""

import os
import pty
import pwd
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Done, faketime
from quarters import wait_until
from shared_host import GROUP, OTHER, OWNER, STAFF, SUDOERS, Host, new_host


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with new_host() as made:
        for gate in ("sudo", "doas"):
            here = made.folder / gate
            here.mkdir()
            here.chmod(0o755)
            (here / gate).symlink_to(f"/usr/bin/{gate}")
        yield made


@pytest.fixture
def ticket(host: Host) -> str:
    words = ("--client", "ann@client.example", "-s", "Broken", "-m", "It is.")
    return host.run(STAFF, "ticket", "new", *words).out.strip()


@pytest.fixture(params=["sudo", "doas"])
def gate(host: Host, request: pytest.FixtureRequest) -> Iterator[dict[str, str | None]]:
    """An environment in which only this gate is found, and lets exactly what the manual says through."""
    with host.by_doas("nopass", words="--on-behalf"):
        yield only(host, request.param)


def only(host: Host, gate: str) -> dict[str, str | None]:
    return {"PATH": f"{host.folder / gate}:/bin" if gate == "sudo" else str(host.folder / gate)}


def offered(host: Host, login: str, env: dict[str, str | None], *words: str) -> Done:
    """What a shell is offered that asks."""
    asked = {
        "_HELPDESK_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("helpdesk", *words)),
        "COMP_CWORD": str(len(words)),
    }
    return host.run(login, env={**env, **asked})


# The honest way


def test_staff_work_as_themselves_by_either(host: Host, ticket: str, gate: dict[str, str | None]) -> None:
    home = host.home(STAFF)
    host.call(STAFF, "sh", "-c", "echo from a file > text; printf bytes > bill.pdf", cwd=home)
    host.run(STAFF, "ticket", "reply", ticket, "-F", "text", "-a", "bill.pdf", cwd=home, env=gate)
    host.run(STAFF, "ticket", "note", ticket, input="typed", env=gate)
    found = host.run(STAFF, "ticket", "show", ticket, "--json", env=gate).json
    assert [one["new_text"] for one in found["messages"]][1:] == ["from a file", "typed"]
    assert {one["author"]["name"] for one in found["messages"][1:]} == {STAFF}
    host.run(OTHER, "ticket", "show", ticket, env=gate, code=3)
    for words in (("ticket", "list", "--as", OWNER), ("ticket", "list", "--config", "/tmp/evil.toml")):
        assert host.run(STAFF, *words, env=gate, code=None).code in (3, 78)
    assert host.run(STAFF, "ticket", "list", env={**gate, "HELPDESK_STAFF": OWNER}, code=3).out == ""
    assert f"plain,{ticket}" in offered(host, STAFF, gate, "ticket", "show", ticket[:2]).out.split()


def test_who_is_not_let_through_is_told_so_and_root_what_to_write(host: Host) -> None:
    host.allow("ticket", "list")
    try:
        for gate, rule in (
            ("sudo", f"sudo's file: %GROUP ALL=({OWNER}) NOPASSWD: {host.program} --on-behalf"),
            ("doas", f"/etc/doas.conf: permit nopass :GROUP as {OWNER} cmd {host.program} args --on-behalf"),
        ):
            with host.by_doas("nopass", words="ticket list"):
                done = host.run(STAFF, "ticket", "list", env=only(host, gate), code=3)
                assert done.err.startswith(f"helpdesk: {gate}: "), done
                told = host.run(STAFF, "doctor", "--json", env=only(host, gate), code=3).json
            (check,) = [one for one in told if one["name"] == "run_as"]
            assert check["text"].startswith(f"{gate}: ")
            assert check["hint"].endswith(rule)
    finally:
        host.allow()


def test_words_are_offered_though_the_owner_s_side_begins_late(host: Host, ticket: str) -> None:
    slow = host.folder / "slow"
    slow.mkdir()
    slow.chmod(0o755)
    (slow / "sudo").write_text('#!/bin/sh\nsleep 3\nexec /usr/bin/sudo "$@"\n')
    (slow / "sudo").chmod(0o755)
    found = offered(host, STAFF, {"PATH": f"{slow}:/bin:/usr/bin"}, "ticket", "show", ticket[:2])
    assert f"plain,{ticket}" in found.out.split()


@pytest.mark.parametrize("gate", ["sudo", "doas"])
def test_nobody_is_asked_for_a_password(host: Host, ticket: str, gate: str) -> None:
    """Neither who presses the key that completes, nor who calls; both have a terminal to be asked on."""
    SUDOERS.write_text(f"%{GROUP} ALL=({OWNER}) {host.program} --on-behalf\n")
    asking = {
        "_HELPDESK_COMPLETE": "bash_complete",
        "COMP_WORDS": f"helpdesk ticket show {ticket[:2]}",
        "COMP_CWORD": "3",
    }
    try:
        with host.by_doas(words="--on-behalf"):
            assert on_own_terminal(host, only(host, gate), *PROBE).endswith(b"a terminal\r\n")
            assert on_own_terminal(host, {**only(host, gate), **asking}, str(host.program)).strip() == b""
            said = on_own_terminal(host, only(host, gate), str(host.program), "ticket", "list")
    finally:
        host.allow()
    assert said.startswith(f"helpdesk: {gate}: ".encode())
    assert said.count(b"\n") == 1


PROBE = ("/bin/sh", "-c", ": < /dev/tty && echo a terminal")


def on_own_terminal(host: Host, env: dict[str, str | None], *words: str) -> bytes:
    """What an account sees that runs this on a terminal which is that of its session, as a person's is."""
    account = pwd.getpwnam(STAFF)
    ours, theirs = pty.openpty()
    os.chown(os.ttyname(theirs), account.pw_uid, -1)
    running = subprocess.Popen(
        ["/usr/bin/setsid", "--ctty", "--wait", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=host.surroundings(STAFF, env),
        cwd=account.pw_dir,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=os.getgrouplist(STAFF, account.pw_gid),
    )
    os.close(theirs)
    seen, end = b"", time.monotonic() + 30
    try:
        while select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
            seen += os.read(ours, 65536)
        running.kill()
        pytest.fail(f"it waits: {seen!r}")
    except OSError:
        pass  # its end
    finally:
        os.close(ours)
        running.wait(10)
    return seen


# The attacker


def test_nothing_of_the_caller_s_environment_reaches_the_owner(
    host: Host, ticket: str, gate: dict[str, str | None], request: pytest.FixtureRequest
) -> None:
    place = host.folder / f"trap-{request.node.callspec.id}"
    place.mkdir()
    place.chmod(0o1777)  # whoever falls into it can leave a mark there
    marks = f"open('{place}/ran-' + pwd.getpwuid(os.geteuid()).pw_name, 'w').close()"
    for name in ("sitecustomize.py", "usercustomize.py"):
        (place / name).write_text(f"import os, pwd\n{marks}\n")
    trap = place / "trap"
    trap.write_text(f"#!/bin/sh\n: > {place}/ran-$(/usr/bin/id -un)\n")
    trap.chmod(0o755)
    evil = {
        **{name: str(trap) for name in ("VISUAL", "EDITOR", "PAGER", "PYTHONSTARTUP", "SUDO_ASKPASS")},
        "LESSOPEN": f"|{trap} %s",
        "PYTHONPATH": str(place),
        "PYTHONUSERBASE": str(place),
        "PYTHONINSPECT": "1",
        "TMPDIR": str(place),
        "SQLITE_TMPDIR": str(place),
        "LD_PRELOAD": faketime(),
        "LD_LIBRARY_PATH": str(place),
        "XDG_CONFIG_HOME": str(place),
        "COLUMNS": "99999999999999999999",
        "TERM": "../../evil",
        "TZ": f":{host.desk}/own/secret.key",
        "IFS": "x",
    }
    seen = what_the_owner_gets(host, ticket, {**gate, **evil})
    assert not [f"{name}={seen[name]}" for name in evil if seen.get(name) == evil[name] and name != "TERM"]
    assert str(place) not in " ".join(seen.values())
    assert seen["HOME"] == str(host.home(OWNER))
    # The trap does catch who brings it along.
    assert {path.name for path in place.glob("ran-*")} == {f"ran-{STAFF}"}
    assert {path.owner() for path in place.rglob("*")} == {"root", STAFF}
    assert "typed" in host.run(STAFF, "ticket", "show", ticket, "--all").out


def what_the_owner_gets(host: Host, ticket: str, env: dict[str, str | None]) -> dict[str, str]:
    """The environment with which the owner's side starts, seen while it waits for what its caller types."""
    account = pwd.getpwnam(STAFF)
    with subprocess.Popen(
        [str(host.program), "ticket", "note", ticket, "-F", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=host.surroundings(STAFF, env),
        cwd=account.pw_dir,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=os.getgrouplist(STAFF, account.pw_gid),
    ) as running:
        found: list[bytes] = []

        def is_there() -> bool:
            for path in Path("/proc").glob("[0-9]*"):
                try:
                    of_owner = path.stat().st_uid == pwd.getpwnam(OWNER).pw_uid
                    if of_owner and b"--on-behalf" in (path / "cmdline").read_bytes():
                        found[:] = [(path / "environ").read_bytes()]
                except OSError:
                    pass  # it ended meanwhile
            return bool(found)

        wait_until(is_there, "the owner's side has begun")
        _, said = running.communicate(b"typed", timeout=60)
    assert running.returncode == 0, said
    pairs = (each.partition("=") for each in found[0].decode("utf-8", "replace").split("\0"))
    return {name: value for name, _, value in pairs}
