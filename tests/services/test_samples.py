"""A site's own templates tried before a letter needs them: what is broken is told with file and line."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from helpdesk_cli.services.samples import broken_templates, samples
from helpdesk_cli.settings import STAGES, Desk, Settings
from helpdesk_cli.templates import KINDS, engine, render


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "words"
    place.mkdir(mode=0o700)
    return place


def told(folder: Path, name: str, words: str) -> list[str]:
    (folder / name).write_text(words)
    (folder / name).chmod(0o600)
    engine._environment.cache_clear()  # as the next process has it
    return broken_templates(replace(Settings(), desk=Desk(templates=str(folder))))


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_templates_can_be_filled_with_the_samples(kind: str) -> None:
    made = [render(kind, facts) for facts in samples(kind)]
    assert made
    assert all(each.subject and each.text.strip() for each in made)


@pytest.mark.parametrize(
    ("name", "words", "line"),
    [
        ("reply.txt.j2", "Hello\n{{ recipient.nmae }}\n", 2),
        ("alert.html.j2", "{% if %}", 1),
        ("rejection.txt.j2", "a\nb\n{{ ticket.tag }}", 3),
        ("pager.txt.j2", "{{ ticket.tag }}", 1),
        ("acknowledgement.txt.j2", "{% if not repeat_subject %}\n{{ nothing }}{% endif %}x", 2),
        ("test.subject.j2", "{{ at | nonsense }}", 1),
    ],
)
def test_a_broken_template_is_told_once_with_file_and_line(
    folder: Path, name: str, words: str, line: int
) -> None:
    (fault,) = told(folder, name, words)
    assert fault.startswith(f"{folder}/{name} line {line}: ")


def test_sound_templates_and_none_are_not_told(folder: Path) -> None:
    assert told(folder, "reply.txt.j2", "{{ message.text }} {{ ticket.tag }}") == []
    assert broken_templates(Settings()) == []


def of_stage(template: str, folder: str = "") -> list[str]:
    """What is told where the stage done names that template."""
    engine._environment.cache_clear()
    stages = {**STAGES, "done": replace(STAGES["done"], template=template)}
    return broken_templates(replace(Settings(), stage=stages, desk=Desk(templates=folder)))


def test_a_stage_names_a_template_that_there_is(folder: Path) -> None:
    assert of_stage("moved") == of_stage("moved", str(folder)) == []
    told = "stage.done.template: there is no template bye.subject.j2 "
    assert of_stage("bye") == [told + "among ours, and desk.templates names no folder"]
    assert of_stage("bye", str(folder)) == [told + f"in {folder} nor among ours"]
    for name, words in (("bye.subject.j2", "{{ ticket.tag }}"), ("bye.txt.j2", "{{ stage }}")):
        (folder / name).write_text(words)
        (folder / name).chmod(0o600)
    assert of_stage("bye", str(folder)) == []


def test_a_stage_s_template_asks_for_no_more_than_a_move_has(folder: Path) -> None:
    (fault,) = of_stage("inactive")  # one of ours, for another kind of letter
    assert fault.startswith("stage.done.template: ") and "reopen_days" in fault
