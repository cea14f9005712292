"""Progress bars: for people who wait longer than a second, and for nobody else."""

import subprocess
import sys

from terminal import on_terminal

WORK = """\
import sys, time
from helpdesk_cli.cli.output import progress
with progress("[b]fetching[/b] :smile:", 3) as bar:
    for _ in range(3):
        time.sleep(float(sys.argv[1]))
        bar(1)
print("rich" in sys.modules)
"""
PYTHON = (sys.executable, "-c", WORK)


def test_a_person_who_waits_sees_how_far_it_is() -> None:
    code, output = on_terminal("0.6", env={"COLUMNS": "100"}, program=PYTHON)
    assert code == 0
    assert "[b]fetching[/b] :smile:" in output.decode()
    assert "3/3" in output.decode()


def test_what_is_quick_draws_nothing() -> None:
    assert on_terminal("0.01", env={}, program=PYTHON)[1] == b"False\n"


def test_under_cron_nothing_is_drawn() -> None:
    done = subprocess.run([*PYTHON, "0.6"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
