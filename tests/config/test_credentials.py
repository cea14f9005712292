"""Passwords by real commands, variables and files; the desk's key."""

import os
import select
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from helpdesk_cli.config import credentials
from helpdesk_cli.config.credentials import new_key, read_key, secret_of
from helpdesk_cli.errors import BadConfig, Failed, Unreachable
from helpdesk_cli.settings import Mailbox


def secret(**given: Any) -> str:
    return secret_of(Mailbox(**given), "mailbox.support")()


def refusal(**given: Any) -> str:
    with pytest.raises(Unreachable) as caught:
        secret(**given)
    told = str(caught.value)
    assert told.startswith("mailbox.support.") and told.isprintable()
    return told


def test_a_server_without_credentials_has_an_empty_secret() -> None:
    assert secret() == ""


def test_a_password_in_the_file_is_itself() -> None:
    assert secret(password=" p w ") == " p w "


@pytest.mark.parametrize("key", ["password_command", "oauth2_command"])
def test_a_list_runs_without_a_shell_and_a_text_by_it(key: str) -> None:
    assert secret(**{key: ("echo", "$HOME; echo `x`")}) == "$HOME; echo `x`"
    assert secret(**{key: "echo $((6 * 7)) | cat"}) == "42"


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("p", "p"),
        ("p\\n", "p"),
        ("p\\r\\n", "p"),
        (" p \\n", " p "),
        ("p\\nuser: me\\n", "p"),
        ("pä☃\\n", "pä☃"),
    ],
)
def test_the_secret_is_the_first_line_without_its_end(printed: str, kept: str) -> None:
    assert secret(password_command=("printf", printed)) == kept


def test_a_command_is_run_each_time(tmp_path: Path) -> None:
    fetch = secret_of(Mailbox(password_command=f"echo x >> {tmp_path}/n; wc -l < {tmp_path}/n"), "mailbox.a")
    assert not (tmp_path / "n").exists()
    assert [fetch().strip(), fetch().strip()] == ["1", "2"]


def test_a_failing_command_is_told_with_its_code_and_first_complaint_but_not_its_output() -> None:
    told = refusal(password_command="echo sesame; printf 'no\\033[1m such\\nentry\\n' >&2; exit 3")
    assert told == "mailbox.support.password_command: the command failed with exit code 3: no [1m such"


def test_a_command_killed_by_a_signal_is_told() -> None:
    assert (
        refusal(oauth2_command="kill -9 $$")
        == "mailbox.support.oauth2_command: the command failed with signal 9"
    )


def test_a_program_that_is_not_there_is_told_without_its_arguments() -> None:
    told = refusal(password_command=("/nowhere/pass", "sesame"))
    assert told == "mailbox.support.password_command: cannot run /nowhere/pass: No such file or directory"


@pytest.mark.parametrize("printed", ["", "\\n", "\\n\\nsesame"])
def test_a_command_that_prints_no_secret_is_refused(printed: str) -> None:
    told = refusal(password_command=("printf", printed))
    assert "printed no secret on its first line" in told and "sesame" not in told


def test_a_secret_that_is_no_text_is_refused() -> None:
    assert "no UTF-8 text" in refusal(password_command=("printf", "\\377"))
    assert "no secret" in refusal(password_command=("printf", "a\\0b"))


def test_a_command_over_time_is_stopped_with_its_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The child's child writes into a pipe, whose end is seen only when all of them are gone."""
    monkeypatch.setattr(credentials, "SECONDS", 1)
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    begun = time.monotonic()
    told = refusal(password_command=f"(exec > {tmp_path}/pipe; echo begun; sleep 40) & sleep 40")
    assert time.monotonic() - begun < 30, "the child's child was waited for"
    assert told == "mailbox.support.password_command: the command took longer than 1 s and was stopped"
    assert os.read(pipe, 100) == b"begun\n"
    assert select.select([pipe], [], [], 20)[0], "the child's child lives on"
    assert os.read(pipe, 100) == b""
    os.close(pipe)


def test_a_command_has_no_input_and_no_terminal() -> None:
    assert secret(password_command="cat; (: < /dev/tty) 2>/dev/null || echo none") == "none"


def test_a_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "p w\n")
    assert secret(password_env="DESK_PASSWORD") == "p w\n"
    for value in ("", None):
        if value is None:
            monkeypatch.delenv("DESK_PASSWORD")
        else:
            monkeypatch.setenv("DESK_PASSWORD", value)
        assert "password_env: the environment has no DESK_PASSWORD" in refusal(password_env="DESK_PASSWORD")


def test_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("sesame\r\nmore\n")
    path.chmod(0o600)
    assert secret(password_file=str(path)) == "sesame"
    for mode in (0o644, 0o640, 0o604, 0o620):
        path.chmod(mode)
        told = refusal(password_file=str(path))
        assert "others" in told and "chmod" in told and "sesame" not in told
    path.unlink()
    assert "no such file" in refusal(password_file=str(path))


def test_a_key_is_made_once_for_us_alone_and_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "secret.key")
    before = os.umask(0)
    try:
        key = new_key(path)
    finally:
        os.umask(before)
    assert len(key) == 32
    assert read_key(path) == key
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    written = Path(path).read_bytes()
    with pytest.raises(Failed, match="File exists"):
        new_key(path)
    assert Path(path).read_bytes() == written
    assert new_key(str(tmp_path / "other.key")) != key


def test_a_key_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failed, match="File exists"):
        new_key(str(tmp_path / "secret.key"))
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_without_a_folder_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="No such file or directory"):
        new_key(str(tmp_path / "gone" / "secret.key"))


def test_a_key_that_cannot_be_finished_leaves_nothing_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failed, match="No space left"):
        new_key(str(tmp_path / "secret.key"))
    assert list(tmp_path.iterdir()) == []


def test_a_new_key_and_its_name_are_on_disk_before_anybody_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    new_key(str(tmp_path / "secret.key"))
    assert synced == [False, True]


def test_a_missing_key_is_78_and_never_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with pytest.raises(BadConfig, match=r"missing.*backup.*never made anew.*helpdesk init") as caught:
        read_key(str(path))
    assert caught.value.exit_code == 78
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret.key"
    new_key(str(path))
    path.chmod(mode)
    with pytest.raises(BadConfig, match=r"others.*chmod"):
        read_key(str(path))


@pytest.mark.parametrize("content", [b"", b"\n", b"00" * 31, b"00" * 33, b"zz" * 32, b"\xff" * 64])
def test_a_damaged_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadConfig, match="damaged: 64 hexadecimal digits"):
        read_key(str(path))
