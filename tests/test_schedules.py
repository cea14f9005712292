"""What is to be installed, given to those who shall run it: a real cron, systemd's own examiner."""

import json
import os
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from desks import Site
from msgspec.structs import replace
from program import PROGRAM

from helpdesk_cli.domain.schedule import Place, crontab, systemd
from helpdesk_cli.errors import Failed, Usage
from helpdesk_cli.services.placing import files, is_even, place_of

ODD = "it is 100% my desk; $HOME `x` & #1"
ODDER = 'it\'s "$HOME" %h; # `x`.toml'

WITNESS = """\
#!{python}
import json, os, sys
seen = {{"words": sys.argv[1:], "environment": dict(os.environ)}}
with open({seen!r} + ".new", "w") as file:
    json.dump(seen, file)
os.replace({seen!r} + ".new", {seen!r})
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A desk in a folder with an odd name, whose program tells how it was called."""
    folder = tmp_path / ODD
    folder.mkdir()
    program = folder / "helpdesk"
    program.write_text(WITNESS.format(python=sys.executable, seen=str(tmp_path / "seen")))
    program.chmod(0o755)
    return Place(program=(str(program),), config=str(folder / ODDER), user="root", variables=("PW",))


# cron

APART = """\
set -e
mount --make-rprivate /
chown root {tabs}/root
mount --bind {tabs} /var/spool/cron/crontabs
mount --bind {empty} /etc/cron.d
mount --bind {run} /run
[ ! -e /etc/crontab ] || mount --bind /dev/null /etc/crontab
export LD_PRELOAD={faketime} FAKETIME="@2026-11-22 10:00:56"
exec cron -f
"""


def apart() -> list[str]:
    """What gives a command mounts of its own, so that the machine's crontabs are left alone."""
    for before in ([], ["sudo", "-n"]):
        words = [*before, "unshare", "--mount"]
        if shutil.which(words[0]) and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    pytest.fail("no cron can be run apart from the machine's own: run this as root or with sudo")


def test_a_real_cron_runs_the_very_line(place: Place, tmp_path: Path) -> None:
    for name in ("tabs", "empty", "run"):
        (tmp_path / name).mkdir()
    tab = tmp_path / "tabs" / "root"
    tab.write_text(crontab(place)[0].text)
    tab.chmod(0o600)
    (library,) = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))[:1]
    script = APART.format(faketime=library, **{name: tmp_path / name for name in ("tabs", "empty", "run")})
    cron = subprocess.Popen([*apart(), "sh", "-c", script], stderr=subprocess.PIPE, start_new_session=True)
    seen = tmp_path / "seen"
    try:
        end = time.monotonic() + 30
        while not seen.exists() and time.monotonic() < end and cron.poll() is None:
            time.sleep(0.1)
    finally:
        cron.terminate()
        _, said = cron.communicate(timeout=10)
    assert seen.exists(), said
    told = json.loads(seen.read_text())
    assert told["words"] == ["--config", place.config, "cron"]
    assert told["environment"]["PATH"] == "/usr/bin:/bin"


# systemd


def examined(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, folder.glob("helpdesk.*")))],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("every", [30, 60, 300, 3600, 21600, 86400])
def test_systemd_finds_no_fault_with_the_units(place: Place, tmp_path: Path, every: int) -> None:
    place = replace(place, writes=("/etc",), folders=("/opt/it's bin",))
    folder = tmp_path / "units"
    folder.mkdir()
    for file in systemd(place, every):
        (folder / file.path.rpartition("/")[2]).write_text(file.text)
    assert examined(folder) == (0, "")
    # And it would have found one: the program is looked for under its very name.
    os.rename(place.program[0], f"{place.program[0]}.away")
    code, said = examined(folder)
    assert code != 0
    assert f"Command {place.program[0]} is not executable" in said


@pytest.mark.parametrize("every", [30, 60, 300, 3600, 21600, 86400])
def test_a_timer_elapses_as_often_as_it_says(every: int) -> None:
    (line,) = [
        line for line in systemd(Place(), every)[1].text.splitlines() if line.startswith("OnCalendar=")
    ]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=3", "--base-time=2026-11-22 00:00:00 UTC", line[11:]],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
    )
    clocks = [row.split()[-2] for row in done.stdout.splitlines() if "Next elapse" in row or "Iter" in row]
    seconds = [
        sum(int(part) * 60**n for n, part in enumerate(reversed(clock.split(":")))) for clock in clocks
    ]
    gaps = {(late - early) % 86400 for early, late in pairwise(seconds)}
    assert gaps == {every % 86400}


# This machine's own


def test_what_is_shown_has_this_machine_s_paths(site: Site) -> None:
    def shown(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PROGRAM, "--config", str(site.config), "schedule", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    call = f"{sys.executable} -m helpdesk_cli --config {site.config}"
    assert shown("crontab").stdout.splitlines()[-1] == f"* * * * * {call} cron"
    assert shown("crontab", "--every", "10m").stdout.splitlines()[-1].startswith("*/10 * * * * ")
    assert f"ExecStart={call} cron\n" in shown("systemd").stdout
    assert f"<Arguments>-m helpdesk_cli --config {site.config} cron</Arguments>" in shown("schtasks").stdout
    assert f"argv={call} receive --mailbox local" in shown("postfix", "--user", "desk").stdout
    assert [row["path"] for row in json.loads(shown("systemd", "--json").stdout)] == [
        "/etc/systemd/system/helpdesk.service",
        "/etc/systemd/system/helpdesk.timer",
    ]
    folder = site.folder / "units"
    folder.mkdir()
    shown("systemd", "--write", str(folder))
    shown("systemd", "--write", str(folder))
    assert sorted(file.name for file in folder.iterdir()) == ["helpdesk.service", "helpdesk.timer"]
    (folder / "helpdesk.timer").write_text("mine")
    assert "there is another file" in shown("systemd", "--write", str(folder), code=1).stderr
    assert (folder / "helpdesk.timer").read_text() == "mine"
    assert "part of an hour" in shown("crontab", "--every", "7m", code=2).stderr
    assert "must be a time" in shown("crontab", "--every", "often", code=2).stderr
    assert "not one of" in shown("launchd", code=2).stderr


def test_the_desk_s_settings_say_what_a_system_must_know(site: Site, tmp_path: Path) -> None:
    tool = tmp_path / "tools" / "secrets-tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    site.configure(
        '[mailbox.far]\nkind = "imap"\nhost = "x.example"\nusername = "u"\npassword_env = "FAR_PASSWORD"',
        '[mailbox.near]\nkind = "imap"\nhost = "y.example"\nusername = "u"\npassword_command = ["secrets-tool"]',
        '[mailbox.piped]\nkind = "pipe"',
        '[transport.mta]\nkind = "sendmail"',
        '[department.sales]\nname = "S"\naddress = "sales@desk.example"\naliases = ["shop@desk.example"]\n'
        'reply_address = "{token}@tickets.desk.example"',
    )
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{tool.parent}:{before}"
    try:
        with site.desk(is_job=True) as desk:
            place = place_of(desk.settings)
    finally:
        os.environ["PATH"] = before
    assert place.variables == ("FAR_PASSWORD",)
    assert str(tool.parent) in place.folders
    assert (place.mailbox, place.has_pipe, place.takes_rights) == ("piped", True, True)
    assert place.addresses == (
        "support@desk.example",
        "sales@desk.example",
        "shop@desk.example",
        "tickets.desk.example",
    )
    assert place.config == str(site.config)
    assert str(site.folder) in place.writes


def test_what_cannot_be_written_is_a_failure_with_a_sentence(site: Site) -> None:
    with site.desk(is_job=True) as desk:
        odd = replace(desk.settings, source="/etc/a\nb.toml")
        with pytest.raises(Failed, match="cannot hold a line break"):
            files("crontab", odd, every=60)
        with pytest.raises(Failed, match="more often than each minute"):
            files("crontab", desk.settings, every=30)
        with pytest.raises(Usage, match="part of an hour"):
            files("systemd", desk.settings, every=0)


def test_only_even_parts_of_an_hour_and_a_day_will_do() -> None:
    spans = (0, 1, 7, 30, 45, 60, 90, 300, 420, 3600, 5400, 7200, 18000, 86400, 172800)
    assert [every for every in spans if is_even(every)] == [1, 30, 60, 300, 3600, 7200, 86400]
