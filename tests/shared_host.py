"""A shared host: an account that owns a desk, two of staff, a group that sudo lets through, and nothing left behind."""

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from desks import SMALL_DESK
from program import Done

# Of this process alone, for tests run beside each other.
OWNER, STAFF, OTHER, GROUP = (f"hdt{os.getpid()}{name}" for name in ("owner", "bob", "eve", "staff"))
SUDOERS = Path(f"/etc/sudoers.d/hdt-helpdesk-test-{os.getpid()}")

DOAS = Path("/etc/doas.conf")

LINES = """\
Defaults:%{group} env_reset, use_pty
%{group} ALL=({owner}) NOPASSWD: {words}
"""


def needed() -> str:
    """What is missing for these tests; "" where nothing is."""
    if os.geteuid() != 0:
        return "these tests make accounts and configure sudo: run them as root (sudo scripts/test …)"
    missing = [name for name in ("sudo", "doas", "useradd", "visudo") if shutil.which(name) is None]
    return f"install sudo and doas first ({', '.join(missing)} missing)" if missing else ""


def installed(folder: Path) -> Path:
    """The program, installed so that every account can run it; the path of its script."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base, here = Path(sys.base_prefix), folder / "python"
    (here / "bin").mkdir(parents=True)
    shutil.copy2(os.path.realpath(sys.executable), here / "bin" / "python3")
    skipped = shutil.ignore_patterns(
        "test",
        "tests",
        "__pycache__",
        "idlelib",
        "tkinter",
        "ensurepip",
        "lib2to3",
        "site-packages",
        "config-*",
    )
    shutil.copytree(base / "lib" / version, here / "lib" / version, ignore=skipped)
    for library in (base / "lib").glob("libpython*"):
        shutil.copy2(library, here / "lib" / library.name)
    packages = here / "lib" / version / "site-packages"
    site = Path(sysconfig.get_paths()["purelib"])
    skipped = shutil.ignore_patterns(
        "__pycache__", "mypy*", "ruff*", "pytest*", "_pytest", "hypothesis*", "holidays"
    )
    shutil.copytree(site, packages, ignore=skipped)
    for link in packages.glob("*.pth"):
        link.unlink()
    checkout = Path(__file__).parents[1]
    shutil.copytree(checkout / "helpdesk_cli", packages / "helpdesk_cli", dirs_exist_ok=True)
    for name in ("schema.sql", "config.example.toml"):  # what was installed may be older
        shutil.copy2(checkout / name, packages / "helpdesk_cli")
    script = folder / "bin" / "helpdesk"
    script.parent.mkdir()
    script.write_text(
        f"#!{here}/bin/python3\nimport sys\nsys.path.append({str(packages)!r})\n"
        "from helpdesk_cli.__main__ import main\nmain()\n"
    )
    subprocess.run(["chmod", "-R", "go+rX,go-w", str(folder)], check=True)
    script.chmod(0o755)
    return script


class Host:
    """The host; ``desk`` is the owner's folder, ``program`` the script that all may run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.desk = folder, folder / "desk"
        self.config = self.desk / "helpdesk.toml"
        self.program = installed(folder / "opt")

    def allow(self, *words: str) -> None:
        """Let sudo run exactly this for staff, by default what the manual says."""
        command = " ".join([str(self.program), *(words or ("--on-behalf",))])
        if words == ("",):
            command = str(self.program)
        SUDOERS.write_text(LINES.format(group=GROUP, owner=OWNER, words=command))
        SUDOERS.chmod(0o440)
        subprocess.run(["visudo", "-cqf", str(SUDOERS)], check=True)

    @contextmanager
    def by_doas(self, *more: str, words: str = "") -> Iterator[None]:
        """Let doas run the program for staff, with any words or with exactly these; other rules stay as they are."""
        line = f"permit {' '.join(more)} :{GROUP} as {OWNER} cmd {self.program}"
        line += f" args {words}\n" if words else "\n"
        _edit_doas(lambda rules: [*rules, line])
        try:
            yield
        finally:
            _edit_doas(lambda rules: [rule for rule in rules if rule != line])

    def run(
        self,
        login: str,
        *words: str,
        input: bytes | str = b"",  # noqa: A002
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        code: int | None = 0,
    ) -> Done:
        """The program as an account runs it, with the desk's configuration named."""
        return self.call(login, str(self.program), *words, input=input, env=env, cwd=cwd, code=code)

    def call(
        self,
        login: str,
        *words: str,
        input: bytes | str = b"",  # noqa: A002
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        code: int | None = 0,
    ) -> Done:
        """Any program as an account runs it."""
        account = pwd.getpwnam(login)
        done = Done(
            subprocess.run(
                words,
                input=input.encode() if isinstance(input, str) else input,
                capture_output=True,
                env=self.surroundings(login, env),
                cwd=cwd or account.pw_dir,
                user=account.pw_uid,
                group=account.pw_gid,
                extra_groups=os.getgrouplist(login, account.pw_gid),
                check=False,
                timeout=120,
            )
        )
        assert code is None or done.code == code, done
        return done

    def surroundings(self, login: str, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """An account's environment; None takes a variable away."""
        own = {"HOME": pwd.getpwnam(login).pw_dir, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        found = {**own, "HELPDESK_CONFIG": str(self.config), **(more or {})}
        return {name: value for name, value in found.items() if value is not None}

    def home(self, login: str) -> Path:
        return Path(pwd.getpwnam(login).pw_dir)


def _edit_doas(change: Callable[[list[str]], list[str]]) -> None:
    """Change doas's rules, which the whole machine has in one file: others' stay, and nobody reads half of them."""
    with Path("/run/lock/hdt-doas").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = DOAS.exists()
        before = DOAS.read_text().splitlines(keepends=True) if there else []
        if before and not before[-1].endswith("\n"):
            before[-1] += "\n"
        after = change(before)
        if not there or after:
            new = DOAS.with_name(f"{DOAS.name}.hdt")
            new.write_text("".join(after))
            new.chmod(stat.S_IMODE(DOAS.stat().st_mode) if there else 0o600)
            new.replace(DOAS)
        else:
            DOAS.unlink()


@contextmanager
def new_host() -> Iterator[Host]:
    """A host in a folder of its own, whose path is short and open to all accounts."""
    if why := needed():
        pytest.fail(why)
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/hdt.XXXXXX"], text=True).strip())
    try:
        with shared_host(folder) as made:
            yield made
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=False)


@contextmanager
def shared_host(folder: Path) -> Iterator[Host]:
    """A host with its accounts; all of it is taken away again."""
    folder.chmod(0o755)
    try:
        subprocess.run(["groupadd", "-f", GROUP], check=True)
        for login in (OWNER, STAFF, OTHER):
            home = folder / "home" / login
            home.parent.mkdir(exist_ok=True, mode=0o755)
            more = [] if login == OWNER else ["-G", GROUP]
            subprocess.run(
                ["useradd", "-m", "-d", str(home), "-s", "/bin/sh", *more, login],
                check=True,
                capture_output=True,
            )
            home.chmod(0o700)
        host = Host(folder)
        _desk(host)
        host.allow()
        yield host
    finally:
        SUDOERS.unlink(missing_ok=True)
        for login in (OWNER, STAFF, OTHER):
            subprocess.run(["userdel", "-r", login], check=False, capture_output=True)
        subprocess.run(["groupdel", GROUP], check=False, capture_output=True)


def _desk(host: Host) -> None:
    """The owner's desk: a configuration that staff may read, a key and a store that they may not."""
    host.desk.mkdir(mode=0o755)
    more = SMALL_DESK.replace("[transport.default]", f'run_as = "{OWNER}"\n\n[transport.default]', 1)
    more += '\n[department.sales]\nname = "Sales"\naddress = "sales@desk.example"\nassignment = "off"\n'
    more = more.replace('"sqlite:helpdesk.db"', '"sqlite:own/helpdesk.db"').replace(
        '"secret.key"', '"own/secret.key"'
    )
    more = more.replace('"sent"', '"own/sent"').replace('"inbox"', '"own/inbox"')
    host.config.write_text(more.replace("own/", f"{host.desk}/own/"))
    host.config.chmod(0o644)
    own = host.desk / "own"
    for place in (own, *(own / box / part for box in ("inbox", "sent") for part in ("cur", "new", "tmp"))):
        place.mkdir(mode=0o700, parents=True)
    account = pwd.getpwnam(OWNER)
    for place in (own, *own.rglob("*")):
        os.chown(place, account.pw_uid, account.pw_gid)
    link = host.home(OWNER) / ".config" / "helpdesk"
    link.mkdir(parents=True)
    (link / "helpdesk.toml").symlink_to(host.config)
    host.run(OWNER, "init")
    for login, department in ((STAFF, "support"), (OTHER, "sales")):
        host.run(OWNER, "staff", "new", login, "--name", login, "--email", f"{login}@staff.example")
        host.run(OWNER, "staff", "join", login, department)
