"""An mbox file as a way in."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from source_contract import Box, Desk, SourceContract, a_message, bare, subjects

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Source
from helpdesk_cli.mail.sources.mbox import cutting
from helpdesk_cli.settings import Mailbox, Size, Span

FROM = b"From jane@x.test Sun Nov 22 09:30:00 2026\n"


def quoted(message: bytes) -> bytes:
    """A message as mboxrd writers put it, with its From line and the empty line behind it."""
    lines = message.split(b"\n")
    lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
    return FROM + b"\n".join(lines) + b"\n"


class Mbox(Box):
    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, *messages: bytes) -> None:
        with self.path.open("ab") as file:
            for message in messages:
                file.write(quoted(message))

    def open(
        self,
        after: str = "keep",
        *,
        max_size: int = 50_000_000,
        deadline: Callable[[], float] = lambda: 600.0,
        timeout: int = 60,
    ) -> Source:
        mailbox = Mailbox(
            kind="mbox", path=str(self.path), after=after, max_size=Size(max_size), timeout=Span(timeout)
        )
        return open_source("test", mailbox, lambda: "", deadline=deadline)

    def left(self) -> list[str]:
        lines = self.path.read_bytes().split(b"\n")
        return sorted(line[9:].decode() for line in lines if line.startswith(b"Subject: "))

    def read_all(self) -> None:
        raw = self.path.read_bytes().replace(b"\nStatus: RO", b"")
        self.path.write_bytes(raw.replace(b"\nSubject: ", b"\nStatus: RO\nSubject: "))


@pytest.fixture
def box(tmp_path: Path) -> Mbox:
    return Mbox(tmp_path / "mbox")


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestContract(SourceContract):
    @pytest.fixture
    def box(self, tmp_path: Path) -> Mbox:
        return Mbox(tmp_path / "mbox")


def test_a_from_line_in_the_text_begins_no_message(box: Mbox, desk: Desk) -> None:
    text = b"He wrote:\nFrom jane@x.test Sun Nov 22 09:30:00 2026\n\nFrom here on it is text.\nEnd.\n"
    box.path.write_bytes(FROM + a_message("one", text) + b"\n" + FROM + a_message("two") + b"\n")
    came = desk.fetch(box.open())
    assert subjects(came) == ["one", "two"]
    assert came[0].raw == a_message("one", text)


@pytest.mark.parametrize("chunk", [7, 64, 999, 1000, 1001, 1500])
def test_messages_are_told_apart_wherever_a_read_ends(
    box: Mbox, desk: Desk, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("helpdesk_cli.mail.sources.mbox.messages.CHUNK", chunk)
    messages = [a_message(f"m{n}", b"text\n\nFrom here on\n\n" * (n * 7 % 11)) for n in range(40)]
    box.put(*messages)
    assert [bare(delivery.raw) for delivery in desk.fetch(box.open())] == [bare(one) for one in messages]


def test_content_length_is_not_trusted(box: Mbox, desk: Desk) -> None:
    lying = b"Content-Length: 100000\n" + a_message("one")
    box.put(lying, a_message("two"))
    assert subjects(desk.fetch(box.open())) == ["one", "two"]


def test_a_message_cut_in_the_middle_waits_until_it_is_whole(box: Mbox, desk: Desk) -> None:
    whole = quoted(a_message("two", b"a long text\n" * 100))
    box.put(a_message("one"))
    with box.path.open("ab") as file:
        file.write(whole[:-700])
    assert not box.path.read_bytes().endswith(b"\n")
    assert subjects(desk.fetch(box.open("delete"))) == ["one"]
    assert box.path.read_bytes() == whole[:-700]
    with box.path.open("ab") as file:
        file.write(whole[-700:])
    assert [d.raw for d in desk.fetch(box.open("delete"))] == [a_message("two", b"a long text\n" * 100)]
    assert box.path.read_bytes() == b""


@pytest.mark.parametrize(
    ("line", "at"),
    [
        (b"From a@x Sun Nov 22 09:30:00 2026", "2026-11-22T07:30:00Z"),
        (b"From a@x Sun Nov 22 09:30 2026", "2026-11-22T07:30:00Z"),
        (b"From - Sun Nov  2 09:30:05 +0530 2026", "2026-11-02T04:00:05Z"),
        (b"From a@x Sun Nov 22 09:30:00 2026 -0100", "2026-11-22T10:30:00Z"),
        (b"From a@x Sun Nov 22 09:30:00 UTC 2026", "2026-11-22T09:30:00Z"),
        (b"From nobody knows", ""),
    ],
)
def test_arrival_is_the_from_lines_date(
    box: Mbox, desk: Desk, monkeypatch: pytest.MonkeyPatch, line: bytes, at: str
) -> None:
    monkeypatch.setenv("TZ", "Europe/Helsinki")
    time.tzset()
    try:
        box.path.write_bytes(line + b"\n" + a_message("one") + b"\n")
        assert [delivery.arrived_at for delivery in desk.fetch(box.open())] == [at]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_sender_is_the_from_lines_but_for_the_name_that_tells_nothing(box: Mbox, desk: Desk) -> None:
    null = FROM.replace(b"jane@x.test", b"MAILER-DAEMON")
    box.path.write_bytes(quoted(a_message("one")) + null + a_message("two") + b"\n")
    assert [delivery.sender for delivery in desk.fetch(box.open())] == ["jane@x.test", None]


def test_mail_that_arrives_during_the_run_stays(box: Mbox, desk: Desk) -> None:
    box.put(*(a_message(f"m{number:03}") for number in range(120)))
    late = iter([(a_message("late 1"),), (a_message("late 2"),)])
    came = desk.fetch(box.open("delete"), between=lambda: box.put(*next(late, ())))
    came += desk.fetch(box.open("delete"))
    assert sorted(subjects(came)) == ["late 1", "late 2"] + [f"m{number:03}" for number in range(120)]
    assert box.left() == []


def test_a_file_rewritten_during_the_run_is_begun_anew(box: Mbox, desk: Desk) -> None:
    box.put(*(a_message(f"m{number:03}") for number in range(230)))
    desk.fetch(box.open(), between=box.read_all)
    assert len(desk.kept) == 230


def test_nothing_new_is_not_read_again(box: Mbox, desk: Desk) -> None:
    box.put(*(a_message(f"m{number}") for number in range(30)))
    desk.fetch(box.open())
    asked: list[str] = []
    with box.open() as source:
        assert list(source.waiting(lambda keys: frozenset(asked.extend(keys) or ()), desk.memory)) == []
    assert asked == []


def test_a_file_that_is_not_there_is_empty_and_a_missing_folder_is_told(box: Mbox, desk: Desk) -> None:
    assert desk.fetch(box.open("delete")) == []
    box.path = box.path.parent / "missing" / "mbox"
    with pytest.raises(Unreachable, match="no such directory"):
        desk.fetch(box.open("delete"))


def test_a_file_of_another_kind_is_left_alone(box: Mbox, desk: Desk) -> None:
    box.path.write_bytes(b"root:x:0:0\nFrom jane@x.test Sun Nov 22 09:30:00 2026\n")
    with pytest.raises(Unreachable, match="is no mbox"):
        desk.fetch(box.open("delete"))
    assert box.path.read_bytes().startswith(b"root:x:0:0\n")


def test_a_note_of_an_imap_server_is_no_mail(box: Mbox, desk: Desk) -> None:
    note = (
        b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nThis text is internal.\n"
    )
    box.put(note, a_message("one"))
    assert subjects(desk.fetch(box.open("delete"))) == ["one"]
    assert box.path.read_bytes() == quoted(note)


# Locks


def test_a_file_held_by_its_dot_lock_is_left_alone(box: Mbox, desk: Desk) -> None:
    box.put(a_message("one"))
    lock = Path(f"{box.path}.lock")
    lock.write_text("1\n")
    with pytest.raises(Unreachable, match="held by another program"):
        desk.fetch(box.open("delete", timeout=1))
    assert lock.exists()
    assert box.left() == ["one"]


def test_a_file_held_by_fcntl_is_left_alone(box: Mbox, desk: Desk) -> None:
    box.put(a_message("one"))
    holding = (
        f"import fcntl; f=open({str(box.path)!r}, 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding + "; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(Unreachable, match="held by another program"):
            desk.fetch(box.open("keep", timeout=1))
        other.communicate(b"\n")
    assert not Path(f"{box.path}.lock").exists()
    assert len(desk.fetch(box.open("keep", timeout=1))) == 1


def test_the_dot_lock_of_a_dead_process_is_broken(box: Mbox, desk: Desk) -> None:
    box.put(a_message("one"))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    lock = Path(f"{box.path}.lock")
    lock.write_text(f"{dead.pid} {os.uname().nodename}\n")
    assert len(desk.fetch(box.open("delete", timeout=5))) == 1
    lock.write_text("a machine that we do not know\n")
    os.utime(lock, (time.time() - 2000, time.time() - 2000))
    assert desk.fetch(box.open("delete", timeout=5)) == []


def test_both_locks_are_held_while_the_file_is_read(
    box: Mbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put(a_message("one"))
    seen: list[bool] = []
    real = cutting.cut

    def watched(*arguments: object) -> None:
        seen.append(Path(f"{box.path}.lock").exists())
        taken = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import fcntl; fcntl.lockf(open({str(box.path)!r}, 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
            ],
            capture_output=True,
            check=False,
        )
        seen.append(b"BlockingIOError" in taken.stderr)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("helpdesk_cli.mail.sources.mbox.cut", watched)
    desk.fetch(box.open("delete"))
    assert seen == [True, True]


def test_a_server_that_delivers_meanwhile_loses_nothing(box: Mbox, desk: Desk, tmp_path: Path) -> None:
    """Another process appends 300 messages under both locks, as Postfix does, while we fetch and cut."""
    deliver = textwrap.dedent(f"""
        import fcntl, os, time
        path = {str(box.path)!r}
        for number in range(300):
            while True:
                try:
                    os.close(os.open(path + ".lock", os.O_CREAT | os.O_EXCL))
                    break
                except FileExistsError:
                    time.sleep(0.001)
            with open(path, "ab") as file:
                fcntl.lockf(file, fcntl.LOCK_EX)
                file.write(b"From a@x Sun Nov 22 09:30:00 2026\\nSubject: n%03d\\n\\ntext\\n\\n" % number)
            os.unlink(path + ".lock")
    """)
    with subprocess.Popen([sys.executable, "-c", deliver]) as other:
        while other.poll() is None:
            desk.fetch(box.open("delete"))
    assert other.returncode == 0
    desk.fetch(box.open("delete"))
    assert sorted(subjects(list(desk.kept.values()))) == [f"n{number:03}" for number in range(300)]
    assert box.path.read_bytes() == b""


# A kill in the middle of cutting


class Died(BaseException):
    """A kill, which no except clause of ours may catch."""


@pytest.mark.parametrize("step", range(1, 6))
def test_a_kill_while_cutting_loses_nothing(
    box: Mbox, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    large = a_message("large", b"0123456789abcde\n" * 10_000)
    box.put(a_message("one"), large, a_message("two"), large.replace(b"large", b"other"), a_message("three"))
    steps = iter(range(1, 100))

    def dying(name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(os, name)

        def call(*arguments: object, **more: object) -> object:
            if next(steps) == step:
                raise Died
            return real(*arguments, **more)

        return call

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            patch.setattr(os, name, dying(name))
        with pytest.raises(Died):
            desk.fetch(box.open("delete", max_size=100_000))
    box.put(a_message("late"))
    desk.fetch(box.open("delete", max_size=100_000))
    desk.fetch(box.open("delete", max_size=100_000))
    assert set(box.left()) == {"large", "other"}
    assert {"one", "two", "three", "late"} <= set(subjects(list(desk.kept.values())))
    assert not Path(f"{box.path}.helpdesk-keep").exists()
    assert {quoted(large), quoted(large.replace(b"large", b"other"))} <= {
        FROM + part for part in box.path.read_bytes().split(FROM) if part
    }


def test_a_run_that_is_interrupted_ends_at_once_and_leaves_the_file(box: Mbox, desk: Desk) -> None:
    box.put(*(a_message(f"m{number:03}") for number in range(150)))

    def interrupt() -> None:
        if len(desk.kept) > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.fetch(box.open("delete"), between=interrupt)
    assert len(box.left()) == 150
    assert desk.fetch(box.open("delete")) == []
    assert box.left() == []


def test_a_file_rewritten_between_a_kill_and_the_recovery_keeps_what_was_to_stay(
    box: Mbox, desk: Desk
) -> None:
    box.put(a_message("one"), a_message("stays"), a_message("two"))
    kept = quoted(a_message("stays"))
    plan = cutting.Plan(length=box.path.stat().st_size, kept=len(kept), behind="another digest")
    import msgspec

    Path(f"{box.path}.helpdesk-keep").write_bytes(msgspec.json.encode(plan) + b"\n" + kept)
    box.path.write_bytes(quoted(a_message("two")))
    assert subjects(desk.fetch(box.open("delete"))) == ["two", "stays"]


def test_only_the_opened_inode_is_ever_changed(box: Mbox, desk: Desk) -> None:
    large = a_message("large", b"0123456789abcde\n" * 10_000)
    box.put(a_message("one"), large, a_message("two"))
    before = box.path.stat().st_ino
    with box.path.open("ab") as waiting:
        desk.fetch(box.open("delete", max_size=100_000))
        waiting.write(quoted(a_message("late")))
    assert box.path.stat().st_ino == before
    assert box.left() == ["large", "late"]


def test_a_folder_where_no_lock_can_be_made_is_no_hindrance_to_keep(
    box: Mbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put(a_message("one"))
    real = os.open

    def refusing(path: object, *rest: int) -> int:
        if str(path).endswith(".lock"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    assert len(desk.fetch(box.open("keep"))) == 1
    with pytest.raises(Unreachable, match="could not be made"):
        desk.fetch(box.open("delete"))
