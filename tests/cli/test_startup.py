"""What a start may not import: cron starts the program each minute."""

import subprocess
import sys

import pytest
from desks import Site

HEAVY = (
    "rich",
    "jinja2",
    "markupsafe",
    "sqlite_utils",
    "pluggy",
    "email",
    "logging",
    "platformdirs",
    "imapclient",
    "imaplib",
    "poplib",
    "smtplib",
    "ssl",
    "socket",
    "http",
    "tempfile",
    "subprocess",
    "asyncio",
    "concurrent",
    "importlib.metadata",
    "nh3",
    "flufl",
    "html",
    "dataclasses",
    "pathlib",
    "backports.zstd",
    "hashlib",
    "zoneinfo",
    "holidays",
    "helpdesk_cli.templates",
    "helpdesk_cli.mail.parse",
    "helpdesk_cli.services.settling",
)

WATCH = """
import os, sys
really = os._exit

def leave(code):
    sys.stdout.flush()
    os.write(2, " ".join(sys.modules).encode())
    really(code)

os._exit = leave
from helpdesk_cli.__main__ import main
sys.argv = ["helpdesk", *sys.argv[1:]]
main()
leave(0)
"""


def modules(site: Site, *words: str) -> set[str]:
    """The modules that a run had imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *words],
        env={"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "words",
    [["--help"], ["ticket", "list", "--json"], ["ticket", "list"], ["fetch-mail"], ["notify"], ["cron"]],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(site: Site, words: list[str]) -> None:
    site.write()
    # What the first run fetches and sends, the watched one finds done.
    assert "helpdesk_cli.services.settling" in modules(site, "fetch-mail")
    modules(site, "notify")
    modules(site, "cron")
    loaded = modules(site, *words)
    allowed = {"notify": {"hashlib"}, "cron": {"hashlib"}}.get(words[0], set())
    assert sorted(loaded & set(HEAVY) - allowed) == []


LEVELS = """
[calendar.office]
timezone = "Europe/Berlin"
holidays = ["DE"]

[sla.gold]
name = "Gold"
calendar = "office"
resolution = { else = "5d" }
"""


@pytest.mark.parametrize("words", [["ticket", "list"], ["fetch-mail"], ["notify"]], ids=" ".join)
def test_service_levels_cost_a_start_nothing(site: Site, words: list[str]) -> None:
    site.configure(LEVELS)
    site.write()
    assert {"holidays", "helpdesk_cli.services.clocks"} <= modules(site, "fetch-mail")
    site.write()
    assert "holidays" not in modules(site, "fetch-mail")  # which are kept by now
    modules(site, "notify")
    loaded = modules(site, *words)
    allowed = {"notify": {"hashlib"}}.get(words[0], set())
    assert sorted(loaded & {*HEAVY, "helpdesk_cli.services.clocks"} - allowed) == []


def test_the_version_is_answered_without_click(site: Site) -> None:
    loaded = modules(site, "--version")
    assert "helpdesk_cli.__main__" in loaded
    assert sorted(loaded & {*HEAVY, "click", "msgspec", "re", "typing", "enum"}) == []


def test_help_loads_no_command(site: Site) -> None:
    loaded = {name for name in modules(site, "--help") if name.startswith("helpdesk_cli.cli.")}
    assert loaded == {"helpdesk_cli.cli.app", "helpdesk_cli.cli.failures", "helpdesk_cli.cli.front"}
