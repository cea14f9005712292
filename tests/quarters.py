"""Where a server of a test lives: a folder of its own, under an account that is not root.

Neither outlives the tests: a watching process ends what runs in the folder and removes it, however the
process ends that asked for it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOM = 2 * 1024**3  # bytes that memory must have left for servers to live there

# Ends at a line (all is over) or at the end of the pipe (whoever held it died). What runs in the folder is
# known by its working directory. Told twice, since PostgreSQL lets its processes clean up at SIGQUIT.
WATCH = """
tell() {
    for found in $(find /proc/[0-9]*/cwd -prune -lname "$2*"); do
        process=${found#/proc/}
        kill "-$1" "${process%/cwd}"
    done
}
if ! read -r _; then
    tell QUIT "$1"
    sleep 1
    tell KILL "$1"
fi
rm -rf "$1" || { sleep 1 && rm -rf "$1"; }
"""


class Quarters:
    """A new folder that everybody may enter, owned by the account that servers run under."""

    def __init__(self, kind: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"helpdesk-{kind}-", dir=roomy()))
        self.path.chmod(0o755)
        self.account = unprivileged()
        if self.account is not None:
            os.chown(self.path, self.account.pw_uid, self.account.pw_gid)
        self._watch = subprocess.Popen(
            ["sh", "-c", WATCH, "watch", str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def start(self, *command: str | Path, log: Path) -> "subprocess.Popen[bytes]":
        """Start a server, in a session of its own: Ctrl-C is for the tests."""
        with log.open("ab") as told:
            return subprocess.Popen(
                command,
                cwd=self.path,
                env=surroundings(),
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                start_new_session=True,
                **self._identity(),
            )

    def run(self, *command: str | Path, **environment: str) -> str:
        """Run a program to its end, which must be a good one; what it said."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command,
            cwd=self.path,
            env=surroundings() | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **self._identity(),
        )
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def end(self) -> None:
        """Remove the folder; its servers have stopped before."""
        if self._watch.poll() is None:
            self._watch.communicate(b"over\n", timeout=60)

    def _identity(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def unprivileged() -> pwd.struct_passwd | None:
    """The account for servers where we are root; None where we may run them as who we are."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def roomy() -> str:
    """Where servers put their data: in memory where it has room, else where temporary files go."""
    memory = "/dev/shm"
    if os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > ROOM:
        return memory
    return tempfile.gettempdir()


def surroundings() -> dict[str, str]:
    """Our environment without what libpq would read from it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def children(parent: int) -> list[int]:
    """The processes that this one has started and whose end it has not asked for."""
    there = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [process for process in there if _state(process)[1] == parent]


def is_gone(process: int) -> bool:
    """Whether it has ended, be it that nobody has asked for its end yet."""
    return _state(process)[0] in "ZX"


def _state(process: int) -> tuple[str, int]:
    """The letter of its state, and its parent; X and 0 when there is no such process."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    letter, parent = text.rpartition(")")[2].split()[:2]
    return letter, int(parent)


def kill_family(parent: "subprocess.Popen[bytes]") -> None:
    """SIGKILL for a process and all that it has started, at once; back when they have ended."""
    # A stopped parent starts no more of them, and asks for no end: the numbers stay theirs until it is gone.
    parent.send_signal(signal.SIGSTOP)
    wait_until(lambda: _state(parent.pid)[0] in "TZX", "the process has stopped")
    family = [*children(parent.pid), parent.pid]
    for process in family:
        os.kill(process, signal.SIGKILL)
    parent.wait(30)
    wait_until(lambda: all(is_gone(process) for process in family), "the killed processes are gone")


def wait_until(reached: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Ask again and again; a failure says what was waited for."""
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, f"waited {seconds:g} s in vain until {what}"
        time.sleep(0.005)
