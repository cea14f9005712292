"""Suspects are read in a child whose time and memory are limited; the answer is the same."""

import os
import sys
from pathlib import Path

import pytest
from bombs import BOMBS, ORDINARY, nested

from helpdesk_cli.mail import guard
from helpdesk_cli.mail.guard import Limits, ParseDefeated, parse_guarded
from helpdesk_cli.mail.parse import parse


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the mails that were read in a child."""
    sizes: list[int] = []
    read = guard._in_child

    def noted(raw: bytes, limits: Limits) -> object:
        sizes.append(len(raw))
        return read(raw, limits)

    monkeypatch.setattr(guard, "_in_child", noted)
    return sizes


def test_an_ordinary_mail_is_read_here(children: list[int]) -> None:
    assert parse_guarded(ORDINARY) == parse(ORDINARY)
    assert children == []


def test_a_suspect_is_read_in_a_child_with_the_same_result(children: list[int]) -> None:
    assert parse_guarded(ORDINARY, suspect=True) == parse(ORDINARY)
    assert children == [len(ORDINARY)]


HEAVY = {
    "encoded words": BOMBS["encoded words"],
    "a long header": BOMBS["header without end"],
    "recipients": BOMBS["recipients"],
    "parts": BOMBS["parts"],
    "nesting": nested(40) + b"\nx",
    "HTML": b"Content-Type: text/html\n\n" + b"<p>x</p>" * 130_000,
    "tags": b"Content-Type: text/html\n\n" + b"<b>" * 40_000,
}


@pytest.mark.parametrize("raw", HEAVY.values(), ids=HEAVY.keys())
def test_what_looks_like_a_bomb_is_read_in_a_child(raw: bytes, children: list[int]) -> None:
    assert parse_guarded(raw) == parse(raw)
    assert children == [len(raw)]


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_every_bomb_is_brought_to_an_end(raw: bytes) -> None:
    assert not any("could not be read" in note for note in parse_guarded(raw).notes)


def test_a_child_that_is_too_slow_defeats_the_reading() -> None:
    with pytest.raises(ParseDefeated, match=r"^reading it took more than 0\.001 seconds$"):
        parse_guarded(ORDINARY, suspect=True, limits=Limits(wall=0.001))


def test_a_child_without_memory_defeats_the_reading() -> None:
    raw = b"Content-Type: text/plain\n\n" + b"x" * 60_000_000
    with pytest.raises(ParseDefeated, match=r"^reading it failed: "):
        parse_guarded(raw, suspect=True, limits=Limits(memory=60_000_000, times_size=0))


def test_a_child_without_time_defeats_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_START", guard._START + "\nwhile True: pass")
    with pytest.raises(ParseDefeated, match=r"^reading it failed: it needs too much time or memory$"):
        parse_guarded(ORDINARY, suspect=True, limits=Limits(cpu=1))


def test_a_child_that_dies_or_says_nothing_defeats_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_START", "import os; os.abort()")
    with pytest.raises(
        ParseDefeated, match=r"^reading it failed: the reading process was ended by signal 6$"
    ):
        parse_guarded(ORDINARY, suspect=True)
    monkeypatch.setattr(guard, "_START", "print('secret', flush=True); raise ValueError('secret')")
    with pytest.raises(ParseDefeated, match=r"^reading it failed: the reading process ended with 1$"):
        parse_guarded(ORDINARY, suspect=True)
    monkeypatch.setattr(guard, "_START", "print('nonsense')")
    with pytest.raises(ParseDefeated, match=r"^reading it ended without a result$"):
        parse_guarded(ORDINARY, suspect=True)


def test_a_program_that_is_not_there_defeats_the_reading(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ParseDefeated, match=r"^no process could be started to read it "):
        parse_guarded(ORDINARY, suspect=True)


def test_the_caller_may_stand_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "helpdesk_cli.py").write_text("raise SystemExit(9)")
    (tmp_path / "re.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert parse_guarded(ORDINARY, suspect=True) == parse(ORDINARY)


def test_no_file_is_left_open() -> None:
    parse_guarded(ORDINARY, suspect=True)
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        parse_guarded(ORDINARY, suspect=True)
        with pytest.raises(ParseDefeated):
            parse_guarded(ORDINARY, suspect=True, limits=Limits(wall=0.001))
    assert len(os.listdir("/dev/fd")) == before
