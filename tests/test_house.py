"""The house itself: its arrows, its rooms' size and names, what the wheel carries, what a checkout holds."""

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
HOLLOW_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc", "handler"}


def tracked(*below: str) -> list[Path]:
    """The files that git keeps, below these folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *below], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def sources(*below: str) -> list[Path]:
    return [path for path in tracked(*below) if path.suffix == ".py"]


def told(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Arrows and rooms


def test_the_arrows_between_the_rooms_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_room_outgrows_its_walls() -> None:
    large = []
    for path in sources("helpdesk_cli", "bench", "scripts"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MOST_LINES:
            large.append(f"{told(path)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    large.append(f"{told(path)}: {node.name} has {lines} lines")
    assert large == []


def test_no_module_has_a_hollow_name_or_one_of_the_standard_library() -> None:
    # Below a package a standard name hides nothing; at the top of a folder of scripts it does.
    hollow = [
        told(path)
        for path in sources("helpdesk_cli", "bench", "scripts", "tests")
        if path.stem in HOLLOW_NAMES
    ]
    hiding = [told(path) for path in sources("bench", "scripts") if path.stem in sys.stdlib_module_names]
    assert hollow + hiding == []


def test_services_write_in_units_that_can_be_done_again() -> None:
    # Engine.write is one attempt; only transact does a unit anew where another host was quicker.
    attempts = [
        f"{told(path)}:{node.lineno}"
        for path in sources("helpdesk_cli/services")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "write" and "engine" in ast.unparse(node.value)
    ]
    assert attempts == []


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as opened:
        yield opened


@pytest.mark.parametrize("name", ["config.example.toml", "schema.sql"])
def test_the_wheel_carries(wheel: zipfile.ZipFile, name: str) -> None:
    assert wheel.read(f"helpdesk_cli/{name}") == (ROOT / name).read_bytes()


def test_the_wheel_carries_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    missing = {told(path) for path in tracked("helpdesk_cli")} - set(wheel.namelist())
    assert missing == set()


def test_the_wheel_installs_the_program(wheel: zipfile.ZipFile) -> None:
    entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert b"helpdesk = helpdesk_cli.__main__:main" in wheel.read(entry)


# The checkout


def test_what_starts_with_an_interpreter_has_its_run_bit_and_nothing_else_has() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    wrong = []
    for line in listed.splitlines():
        meta, name = line.split("\t")
        path = ROOT / name
        if path.is_file() and path.read_bytes().startswith(b"#!") != meta.startswith("100755"):
            wrong.append(name)
    assert wrong == []


def test_no_file_names_a_place_of_the_machine_it_was_written_on() -> None:
    places = [str(ROOT) + "/", str(Path.home()) + "/"]
    named = []
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="replace")
        named += [f"{told(path)}: {place}" for place in places if len(place) > 2 and place in text]
    assert named == []


@pytest.mark.parametrize("name", ["demo", "test", "check", "environment"])
def test_the_commands_of_the_workshop_are_sound_shell(name: str) -> None:
    done = subprocess.run(
        ["bash", "-n", str(ROOT / "scripts" / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
