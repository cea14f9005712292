"""The man pages: one for each command, clean to the formatter, and where man looks for them."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from helpdesk_cli.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that writes them."""
    spec = importlib.util.spec_from_file_location("manpages", ROOT / "scripts" / "manpages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found: list[Path] = maker.write(tmp_path_factory.mktemp("man"))
    return {path.name: path for path in found}


def formatted(text: str) -> str:
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tutf8", "-P-c", "-P-b", "-P-u"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_each_command_has_a_page_and_the_first_leads_to_all(pages: dict[str, Path]) -> None:
    assert set(pages) == {"helpdesk.1", *(f"helpdesk-{name}.1" for name in COMMANDS)}
    first = formatted(pages["helpdesk.1"].read_text())
    assert [name for name in COMMANDS if f"helpdesk-{name}(1)" not in first] == []
    for words in ("EXIT STATUS", "78", "--config FILE", "HELPDESK_STAFF", "/etc/helpdesk/helpdesk.toml"):
        assert words in first


def test_the_formatter_has_nothing_to_say(pages: dict[str, Path]) -> None:
    for path in pages.values():
        assert formatted(path.read_text()).strip()


def test_a_page_has_usage_sentences_options_and_examples(pages: dict[str, Path]) -> None:
    page = " ".join(formatted(pages["helpdesk-ticket.1"].read_text()).split())
    assert "helpdesk-ticket - work with tickets" in page
    assert "helpdesk ticket move [OPTIONS] N … STAGE" in page
    assert "-m, --message TEXT The text itself." in page
    assert "helpdesk ticket list --client ann@example.com --ids | helpdesk ticket close -" in page
    inner = " ".join(formatted(pages["helpdesk-client.1"].read_text()).split())
    assert "helpdesk client address add [OPTIONS]" in inner


@pytest.mark.parametrize(
    "text",
    [
        ".so /etc/passwd",
        "'\\\" no comment",
        "a\n.br\nb",
        "back\\slash \\fBnot bold\\fR",
        "--long-option -",
        "“…→ü”",
    ],
)
def test_every_character_is_itself(maker: ModuleType, text: str) -> None:
    told = formatted(f'.TH T 1 "2026-11-22"\n.SH S\n.nf\n{maker.escaped(text)}\n.fi\n')
    shown = [line.strip() for line in told.splitlines() if line.startswith("       ") and "2026" not in line]
    assert [line for line in shown if line] == text.replace("--", "--").split("\n")


def test_a_wheel_brings_them_to_where_man_looks(tmp_path: Path) -> None:
    for words in (
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-index",
            "--ignore-installed",  # else pip takes away what is installed for these tests
            "--prefix",
            str(tmp_path / "usr"),
        ],
    ):
        wheels = [str(path) for path in tmp_path.glob("*.whl")] if "pip" in words else []
        done = subprocess.run([*words, *wheels], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        carried = {name.rpartition("/")[2] for name in opened.namelist() if "/share/man/man1/" in name}
    assert carried == {"helpdesk.1", *(f"helpdesk-{name}.1" for name in COMMANDS)}
    folder = tmp_path / "usr" / "share" / "man"
    assert (folder / "man1" / "helpdesk-ticket.1").is_file()
    if shutil.which("man"):
        done = subprocess.run(
            ["man", "-M", str(folder), "-P", "cat", "helpdesk-ticket"],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "100"},
        )
        assert "helpdesk ticket list" in done.stdout


def test_the_script_wants_a_folder() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "manpages.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "usage: scripts/manpages.py DIR\n")
