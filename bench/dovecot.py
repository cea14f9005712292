"""A Dovecot 2.3 of our own on a free port of this machine: plain IMAP, one password, a Maildir a user."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

PASSWORD = "secret"

CONFIG = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {group}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/home/%u allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Dovecot:
    """A running server: its port, and where a user's Maildir is."""

    def __init__(self, home: Path, port: int, owner: pwd.struct_passwd) -> None:
        self.home = home
        self.port = port
        self.owner = owner

    def take(self, user: str, maildir: Path) -> None:
        """Give a user a copy of this Maildir."""
        place = self.home / "home" / user / "Maildir"
        shutil.copytree(maildir, place)
        for path in (place.parent, place, *place.rglob("*")):
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)


@contextmanager
def running() -> Iterator[Dovecot]:
    """Start the server, wait until it answers, stop and remove it at the end."""
    program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("dovecot is missing (Debian, Ubuntu: apt install dovecot-imapd)")
    if not subprocess.run([program, "--version"], capture_output=True, text=True).stdout.startswith("2.3."):
        sys.exit("bench/dovecot.py knows the configuration of Dovecot 2.3 only")
    home = Path(mkdtemp(prefix="bench-dovecot-"))
    home.chmod(0o755)
    is_root = os.geteuid() == 0
    owner = pwd.getpwnam("mail") if is_root else pwd.getpwuid(os.geteuid())
    internal = pwd.getpwnam("dovecot") if is_root else owner
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (home / "home").mkdir()
    os.chown(home / "home", owner.pw_uid, owner.pw_gid)
    config = home / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            home=home,
            port=port,
            password=PASSWORD,
            login="dovenull" if is_root else owner.pw_name,
            internal=internal.pw_name,
            group=_group(internal.pw_gid),
            uid=owner.pw_uid,
            gid=owner.pw_gid,
        )
    )
    server = subprocess.Popen([program, "-F", "-c", str(config)])
    try:
        _wait(server, port, home)
        yield Dovecot(home, port, owner)
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _wait(server: subprocess.Popen[bytes], port: int, home: Path) -> None:
    for _ in range(250):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            if server.poll() is not None:
                sys.exit((home / "dovecot.log").read_text())
            time.sleep(0.02)
        else:
            return
    sys.exit("dovecot did not answer within 5 s")
