"""A Maildir as a way in."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from source_contract import Box, Desk, SourceContract, a_message, subjects

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Source
from helpdesk_cli.settings import Mailbox, Size


class Maildir(Box):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        for part in ("tmp", "new", "cur"):
            (path / part).mkdir(parents=True)

    def put(self, *messages: bytes) -> None:
        for message in messages:
            self.count += 1
            path = self.path / "new" / f"{time.time_ns()}.{self.count}.host"
            path.write_bytes(message)
            os.utime(path, (1_700_000_000 + self.count, 1_700_000_000 + self.count))

    def open(
        self,
        after: str = "keep",
        *,
        max_size: int = 50_000_000,
        deadline: Callable[[], float] = lambda: 600.0,
    ) -> Source:
        mailbox = Mailbox(kind="maildir", path=str(self.path), after=after, max_size=Size(max_size))
        return open_source("test", mailbox, lambda: "", deadline=deadline)

    def files(self) -> list[Path]:
        return [*(self.path / "new").iterdir(), *(self.path / "cur").iterdir()]

    def left(self) -> list[str]:
        lines = [line for path in self.files() for line in path.read_bytes().split(b"\n")]
        return sorted(line[9:].decode() for line in lines if line.startswith(b"Subject: "))

    def read_all(self) -> None:
        for path in self.files():
            path.rename(self.path / "cur" / f"{path.name.partition(':')[0]}:2,RS")


@pytest.fixture
def box(tmp_path: Path) -> Maildir:
    return Maildir(tmp_path / "box")


class TestContract(SourceContract):
    @pytest.fixture
    def box(self, tmp_path: Path) -> Maildir:
        return Maildir(tmp_path / "box")


def test_a_message_arrived_when_its_file_was_written(box: Maildir) -> None:
    box.put(a_message("one"))
    assert Desk().fetch(box.open())[0].arrived_at == "2023-11-14T22:13:21Z"


def test_seen_moves_to_cur_and_keeps_other_flags(box: Maildir) -> None:
    box.put(a_message("one"), a_message("two"))
    desk = Desk()
    flagged = box.files()[0]
    flagged.rename(box.path / "cur" / f"{flagged.name}:2,F")
    desk.fetch(box.open("seen"))
    assert list((box.path / "new").iterdir()) == []
    assert sorted(path.name.partition(":")[2] for path in (box.path / "cur").iterdir()) == ["2,FS", "2,S"]


def test_a_message_that_a_reader_marks_as_unread_again_stays_so(box: Maildir) -> None:
    box.put(a_message("one"))
    desk = Desk()
    desk.fetch(box.open("seen"))
    seen = box.files()[0]
    seen.rename(seen.with_name(seen.name.replace(":2,S", ":2,")))
    assert desk.fetch(box.open("seen")) == []
    assert [path.name[-3:] for path in box.files()] == [":2,"]


def test_a_message_that_a_reader_has_seen_already_needs_no_more_marking(box: Maildir) -> None:
    box.put(a_message("one"))
    box.files()[0].rename(box.path / "cur" / "1.host:2,S")
    source = box.open("seen")
    assert subjects(Desk().fetch(source)) == ["one"]
    assert source.failures() == []


def test_a_name_that_is_not_utf8_gives_a_key_that_can_be_stored(box: Maildir) -> None:
    with open(os.fsencode(box.path) + b"/new/1.caf\xe9", "wb") as file:
        file.write(a_message("one"))
    desk = Desk()
    assert [delivery.key.encode() for delivery in desk.fetch(box.open("seen"))] == [b"1.caf\\xe9"]
    assert desk.fetch(box.open("seen")) == []


def test_a_killed_run_is_told_as_seen_by_the_next(box: Maildir) -> None:
    box.put(a_message("one"))
    desk = Desk()
    desk.kept["x"] = desk.fetch(box.open("keep"))[0]
    desk.memory = ""
    assert desk.fetch(box.open("seen")) == []
    assert [path.parent.name for path in box.files()] == ["cur"]


def test_move_makes_the_folder_and_keeps_the_bytes(box: Maildir) -> None:
    box.put(a_message("one"))
    Desk().fetch(box.open("move:Done/2026"))
    assert box.files() == []
    moved = list((box.path / ".Done.2026" / "cur").iterdir())
    assert [path.read_bytes() for path in moved] == [a_message("one")]
    assert (box.path / ".Done.2026" / "tmp").is_dir()


def test_a_move_never_overwrites_a_message(box: Maildir) -> None:
    box.put(a_message("one"))
    name = box.files()[0].name
    (box.path / ".Done" / "cur").mkdir(parents=True)
    (box.path / ".Done" / "cur" / f"{name}:2,").write_bytes(b"another")
    with box.open("move:Done") as source:
        for batch in source.waiting(lambda keys: frozenset(), ""):
            source.done([delivery.key for delivery in batch])
        assert "already holds" in source.failures()[0].text
    assert box.left() == ["one"]
    assert (box.path / ".Done" / "cur" / f"{name}:2,").read_bytes() == b"another"


@pytest.mark.parametrize("after", ["seen", "delete", "move:Done"])
def test_a_message_that_another_run_puts_away_at_the_same_time_is_no_failure(
    box: Maildir, after: str
) -> None:
    box.put(a_message("one"), a_message("two"))
    with box.open(after) as one, box.open(after) as other:
        both = [(source, next(iter(source.waiting(lambda keys: frozenset(), "")))) for source in (one, other)]
        for source, batch in both:
            source.done([delivery.key for delivery in batch])
            assert source.failures() == []
    assert list((box.path / "new").iterdir()) == []


def test_tmp_is_never_read(box: Maildir) -> None:
    (box.path / "tmp" / "1.half").write_bytes(a_message("half"))
    assert Desk().fetch(box.open()) == []


def test_a_message_renamed_during_the_run_is_still_put_away(box: Maildir) -> None:
    box.put(a_message("one"), a_message("two"))
    with box.open("delete") as source:
        for batch in source.waiting(lambda keys: frozenset(), ""):
            box.read_all()
            source.done([delivery.key for delivery in batch])
    assert box.left() == []


def test_a_message_renamed_before_it_is_read_comes_in_the_next_run(box: Maildir) -> None:
    box.put(*(a_message(f"m{number:03}") for number in range(150)))
    desk = Desk()
    with box.open() as source:
        for batch in source.waiting(desk.known, ""):
            desk.kept.update((delivery.key, delivery) for delivery in batch)
            box.read_all()
    desk.fetch(box.open())
    assert len(desk.kept) == 150


def test_a_message_deleted_by_somebody_is_no_failure(box: Maildir) -> None:
    box.put(a_message("one"), a_message("two"))
    with box.open("delete") as source:
        for batch in source.waiting(lambda keys: frozenset(), ""):
            box.files()[0].unlink()
            source.done([delivery.key for delivery in batch])
        assert source.failures() == []
    assert box.left() == []


def test_what_is_no_plain_file_is_told_and_does_not_stop_the_others(box: Maildir, tmp_path: Path) -> None:
    box.put(a_message("one"))
    (tmp_path / "private").write_bytes(a_message("private"))
    (box.path / "new" / "link").symlink_to(tmp_path / "private")
    os.mkfifo(box.path / "new" / "pipe")
    (box.path / "new" / "folder").mkdir()
    with box.open() as source:
        came = [delivery for batch in source.waiting(lambda keys: frozenset(), "") for delivery in batch]
        assert sorted(failure.key for failure in source.failures()) == ["folder", "link", "pipe"]
    assert subjects(came) == ["one"]


def test_a_folder_that_is_no_maildir_is_out_of_reach(tmp_path: Path) -> None:
    mailbox = Mailbox(kind="maildir", path=str(tmp_path))
    with (
        pytest.raises(Unreachable, match="is no Maildir"),
        open_source("test", mailbox, lambda: "", deadline=lambda: 60.0),
    ):
        pass


def test_a_large_maildir_with_nothing_new_is_listed_and_not_looked_into(
    box: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 3000
    for number in range(count):
        os.close(os.open(box.path / "cur" / f"{number}.host:2,S", os.O_CREAT | os.O_WRONLY))
    asked: list[int] = []

    def known(keys: Sequence[str]) -> frozenset[str]:
        asked.append(len(keys))
        return frozenset(keys)

    def never(*arguments: object) -> int:
        raise AssertionError("a message that is ours was looked at again")

    with monkeypatch.context() as patch, box.open("seen") as source:
        for name in ("open", "stat", "lstat"):
            patch.setattr(os, name, never)
        assert list(source.waiting(known, "")) == []
    assert sum(asked) == count
    assert max(asked) <= 1000
