"""What the measurements share: a working folder, the time and peak memory of a whole command, a desk."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

BENCH = Path(__file__).resolve().parent
WORK = BENCH / ".work"
HELPDESK = BENCH.parent / ".venv/bin/helpdesk"

CONFIG = """\
[desk]
name = "Bench"
domain = "desk.example"

[transport.default]
kind = "null"

[department.support]
name = "Support"
address = "support@desk.example"

[limits]
new_tickets_per_sender = ["1000000/10m"]

[mailbox.support]
department = "support"
acknowledge = "never"
backlog = "answer"
{mailbox}
"""


def fresh(name: str) -> Path:
    """An empty folder of that name in the working folder."""
    path = WORK / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def desk(name: str, mailbox: str) -> list[str]:
    """A new desk with one mailbox (lines of its table); returns the command's first words."""
    home = fresh(name)
    config = home / "helpdesk.toml"
    config.write_text(CONFIG.format(mailbox=mailbox), encoding="utf-8")
    config.chmod(0o600)
    start = [str(HELPDESK), "--config", str(config)]
    quietly([*start, "init"])
    return start


def outcomes(start: Sequence[str]) -> Counter[str]:
    """What became of a desk's messages: how many of each outcome."""
    return Counter(
        item["outcome"] for item in json.loads(quietly([*start, "inbox", "list", "--all", "--json"]))
    )


def quietly(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a step that is not measured; returns its standard output, or ends with what went wrong."""
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Took(NamedTuple):
    """Seconds of a whole command: by the clock, and of the processor for it and its children."""

    wall: float
    cpu: float


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Took:
    """Run a command from start to end; what it prints goes to the working folder."""
    WORK.mkdir(exist_ok=True)
    os.sync()
    before = os.times()
    with (WORK / "last-output.txt").open("wb") as out:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    after = os.times()
    if done.returncode:
        said = (WORK / "last-output.txt").read_text(errors="replace")
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{said[-3000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(after.elapsed - before.elapsed, cpu)


def peak(command: Sequence[str]) -> tuple[float, int]:
    """Seconds of a command and the peak resident bytes of it or of one of its children."""
    measure = (
        "import resource,subprocess,sys;"
        "code=subprocess.run(sys.argv[1:],stdin=subprocess.DEVNULL,stdout=subprocess.DEVNULL).returncode;"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);sys.exit(code)"
    )
    began = time.perf_counter()
    said = quietly([sys.executable, "-c", measure, *command])
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, int(said.split()[-1]) * unit


def is_filled(home: Path) -> bool:
    """Whether a desk of an earlier measurement is there, whose tables are those of today."""
    mark = home / "filled"
    return mark.exists() and mark.read_text(encoding="utf-8") == _schema()


def note_filled(home: Path) -> None:
    """Keep a desk for the next time."""
    (home / "filled").write_text(_schema(), encoding="utf-8")


def _schema() -> str:
    return hashlib.sha256((BENCH.parent / "schema.sql").read_bytes()).hexdigest()
