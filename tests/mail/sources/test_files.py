"""Paths that are imported: Maildirs, mbox files, single messages and folders of such."""

from pathlib import Path

import pytest
from source_contract import Desk, a_message, subjects

from helpdesk_cli.errors import Failed
from helpdesk_cli.mail.sources import open_paths
from helpdesk_cli.mail.sources.contract import Source

FROM = b"From jane@x.test Sun Nov 22 09:30:00 2026\n"


def reach(*paths: Path, max_size: int = 1_000_000) -> Source:
    return open_paths(paths, max_size=max_size, deadline=lambda: 60.0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """A Maildir, an mbox, a single message and a folder, which share the message ``same``."""
    for part in ("tmp", "new", "cur"):
        (tmp_path / "maildir" / part).mkdir(parents=True)
    (tmp_path / "maildir" / "cur" / "1.a:2,S").write_bytes(a_message("same").replace(b"\n", b"\r\n"))
    (tmp_path / "maildir" / "new" / "2.b").write_bytes(a_message("maildir"))
    (tmp_path / "mbox").write_bytes(FROM + a_message("same") + b"\n" + FROM + a_message("mbox") + b"\n")
    (tmp_path / "single.eml").write_bytes(a_message("single"))
    (tmp_path / "folder" / "deeper").mkdir(parents=True)
    (tmp_path / "folder" / "deeper" / "x.eml").write_bytes(a_message("deep"))
    (tmp_path / "folder" / "same.eml").write_bytes(a_message("same"))
    (tmp_path / "folder" / "notes.txt").write_bytes(b"no mail")
    return [tmp_path / name for name in ("maildir", "mbox", "single.eml", "folder")]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_message_comes_once_wherever_it_lies(paths: list[Path], desk: Desk) -> None:
    came = subjects(desk.fetch(reach(*paths)))
    assert sorted(came) == ["deep", "maildir", "mbox", "same", "single"]


def test_a_second_import_brings_nothing_even_where_readers_left_flags(paths: list[Path], desk: Desk) -> None:
    desk.fetch(reach(*paths))
    marked = paths[1].read_bytes().replace(b"\nSubject: ", b"\nStatus: RO\nX-Mozilla-Status: 0001\nSubject: ")
    paths[1].write_bytes(marked)
    assert desk.fetch(reach(*paths)) == []
    assert desk.fetch(reach(*reversed(paths))) == []


def test_an_import_changes_nothing_where_it_reads(paths: list[Path], desk: Desk, tmp_path: Path) -> None:
    before = contents(tmp_path)
    desk.fetch(reach(*paths))
    assert contents(tmp_path) == before


def test_a_message_too_large_comes_as_its_beginning_and_whole_when_the_limit_is_raised(
    tmp_path: Path, desk: Desk
) -> None:
    path = tmp_path / "large.eml"
    path.write_bytes(a_message("large", b"0123456789abcde\n" * 20_000))
    assert [d.whole for d in desk.fetch(reach(path, max_size=100_000))] == [False]
    assert desk.fetch(reach(path, max_size=100_000)) == []
    assert [d.raw for d in desk.fetch(reach(path))] == [path.read_bytes()]


@pytest.mark.parametrize("kind", ["eml", "mbox"])
def test_large_messages_that_begin_alike_are_told_apart(tmp_path: Path, desk: Desk, kind: str) -> None:
    large = a_message("large", b"0123456789abcde\n" * 20_000)
    if kind == "eml":
        (tmp_path / "a.eml").write_bytes(large)
        (tmp_path / "b.eml").write_bytes(large + b"more\n")
        source = reach(tmp_path, max_size=100_000)
    else:
        (tmp_path / "mbox").write_bytes(FROM + large + b"end 1\n\n" + FROM + large + b"end 2\n\n")
        source = reach(tmp_path / "mbox", max_size=100_000)
    assert len(desk.fetch(source)) == 2


def test_the_last_message_of_an_archive_is_whole_however_it_ends(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "mbox").write_bytes(FROM + a_message("one") + b"\n" + FROM + a_message("two").rstrip(b"\n"))
    assert subjects(desk.fetch(reach(tmp_path / "mbox"))) == ["one", "two"]


def test_names_of_single_messages_may_be_written_in_capitals(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "ONE.EML").write_bytes(a_message("one"))
    (tmp_path / "two.Eml").write_bytes(a_message("two"))
    assert subjects(desk.fetch(reach(tmp_path))) == ["one", "two"]


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no such file"):
        reach(tmp_path / "missing")


def test_a_file_that_cannot_be_read_does_not_hold_the_others(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "a.eml").mkdir()
    (tmp_path / "b.eml").write_bytes(a_message("b"))
    source = reach(tmp_path)
    assert subjects(desk.fetch(source)) == ["b"]
    assert ["could not be read" in failure.text for failure in source.failures()] == [True]
