"""How long a command takes to start and end, as a ratio to the barest run of the same Python.

    .venv/bin/python bench/startup.py [--runs 40]

Whole processes, run in turn (each command once, then all again), so that a busy moment of the machine
meets all of them; medians and their ratios. ``an empty console script`` is what pip makes for a function
that does nothing; ``python -c pass`` is the interpreter alone.
"""

import argparse
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import corpus
import work

TICKETS = 1000
PYTHON = str(work.HELPDESK.parent / "python")

EMPTY_SCRIPT = """\
#!{python}
import sys
from empty_program import main
if __name__ == '__main__':
    sys.exit(main())
"""


def empty_script(home: Path) -> str:
    """A console script as pip writes it, for a function that does nothing."""
    (home / "empty_program.py").write_text("def main():\n    return 0\n")
    script = home / "empty-script"
    script.write_text(EMPTY_SCRIPT.format(python=PYTHON))
    script.chmod(0o755)
    return str(script)


def piped(command: list[str]) -> float:
    """Seconds of a whole run whose output goes to a pipe."""
    began = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - began


def on_terminal(command: list[str]) -> float:
    """Seconds of a whole run on a pseudo-terminal, its output read to the end."""
    began = time.perf_counter()
    child, screen = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="60")
        os.execv(command[0], command)
    while True:
        try:
            if not os.read(screen, 65536):
                break
        except OSError:  # Linux says so when the other end is closed
            break
    os.close(screen)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"{' '.join(command)} failed on a terminal")
    return time.perf_counter() - began


def full_desk() -> list[str]:
    """A desk that has taken in a thousand tickets, a mail each, and has nothing left to fetch."""
    box = work.fresh("mails-startup")
    corpus.into_maildir(box / "Maildir", corpus.messages(TICKETS, replies=0.0, is_small=True))
    start = work.desk("desk-startup", f'kind = "maildir"\npath = "{box}/Maildir"')
    work.quietly([*start, "fetch-mail"])
    if work.outcomes(start)["opened"] != TICKETS:
        sys.exit(f"not every mail became a ticket: {work.outcomes(start)}")
    return start


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=40)
    chosen = parser.parse_args()
    home = work.fresh("startup")
    start = full_desk()
    bare = [PYTHON, "-c", "pass"]
    listing = [*start, "ticket", "list", "--limit", "50"]
    cases = {
        "python -c pass": (piped, bare),
        "an empty console script": (piped, [empty_script(home)]),
        "helpdesk --version": (piped, [str(work.HELPDESK), "--version"]),
        f"ticket list --json, 50 of {TICKETS}": (piped, [*listing, "--json"]),
        f"ticket list on a terminal, 50 of {TICKETS}": (on_terminal, listing),
        "fetch-mail, nothing new in a Maildir": (piped, [*start, "fetch-mail"]),
    }
    took: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(chosen.runs + 1):
        for name, (run, command) in cases.items():
            took[name].append(run(command))
    # The first round warms the caches and does not count.
    medians = {name: median(times[1:]) for name, times in took.items()}
    print(f"| command, median of {chosen.runs} | ms | to python -c pass | to an empty script |")
    print("|---|---|---|---|")
    for name, middle in medians.items():
        bare_ratio, script_ratio = (middle / medians[base] for base in list(medians)[:2])
        print(f"| {name} | {middle * 1000:.1f} | {bare_ratio:.2f} | {script_ratio:.2f} |")


if __name__ == "__main__":
    main()
