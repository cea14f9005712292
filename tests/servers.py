"""Real mail servers for tests: Dovecot (2.3 or 2.4) on free ports of this machine, for IMAP and POP3.

Works as root and as any other user, leaves the system's own configuration alone. Every user name exists,
with the password ``secret``; tokens for XOAUTH2 are signed by ``Dovecot.token``.
"""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "secret"
TOKEN_KEY = b"secret-key"


class Dovecot:
    """A running Dovecot; ``folder`` is a world-traversable directory that is its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imap, self.imaps, self.pop3, self.pop3s = free_ports(4)
        self.program = find_dovecot()
        self.version = dovecot_version(self.program)
        self.certificate = folder / "ssl" / "cert.pem"
        self.log = folder / "dovecot.log"
        self.delivered = itertools.count()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for part in ("run", "state", "home", "ssl"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        make_certificate(self.folder / "ssl", "localhost", ["DNS:localhost", "IP:127.0.0.1"])
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(base64.b64encode(TOKEN_KEY))
        user = pwd.getpwnam("mail") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        if os.getuid() == 0:
            os.chown(self.folder / "home", user.pw_uid, user.pw_gid)
        (self.folder / "dovecot.conf").write_text(self._configuration(user))
        self.process = subprocess.Popen(
            [self.program, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 15
        for port in (self.imap, self.imaps, self.pop3, self.pop3s):
            while not answers(port):
                if self.process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise AssertionError(f"Dovecot {self.version} did not start:\n{self._complaints()}")
                time.sleep(0.02)

    def _complaints(self) -> str:
        if self.log.exists():
            return self.log.read_text()[-3000:]
        tried = subprocess.run(
            [self.program, "-F", "-c", str(self.folder / "dovecot.conf")],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return tried.stdout + tried.stderr

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def maildir(self, user: str, folder: str = "") -> Path:
        """Where a user's INBOX lies, or another folder of his."""
        path = self.folder / "home" / user / "Maildir"
        return path / f".{folder}" if folder else path

    def deliver(self, user: str, *messages: bytes) -> None:
        """Put messages into a user's INBOX, in this order, as a delivering mail server does."""
        box = self.maildir(user)
        owner = (self.folder / "home").stat()
        for part in (box.parent, box, box / "tmp", box / "new", box / "cur"):
            if not part.exists():
                part.mkdir(mode=0o700)
                os.chown(part, owner.st_uid, owner.st_gid)
        for message in messages:
            number = next(self.delivered)
            name = f"{1_700_000_000 + number}.M{number}P{os.getpid()}.test"
            path = box / "tmp" / name
            path.write_bytes(message)
            os.chown(path, owner.st_uid, owner.st_gid)
            path.rename(box / "new" / name)

    def doveadm(self, *words: str) -> str:
        """Run an administrator's command, such as ``mailbox update --uid-validity 42 -u USER INBOX``."""
        program = shutil.which("doveadm") or "/usr/bin/doveadm"
        done = subprocess.run(
            [program, "-c", str(self.folder / "dovecot.conf"), *words],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, user: str, *, key: bytes = TOKEN_KEY) -> str:
        """An access token (JWT, HS256) for XOAUTH2."""
        now = int(time.time())
        claims = {"sub": user, "iat": now - 60, "exp": now + 3600, "scope": "mail"}
        head = {"alg": "HS256", "typ": "JWT", "kid": "default"}
        text = b".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)
        )
        signature = hmac.new(key, text, hashlib.sha256).digest()
        return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()

    def _configuration(self, user: pwd.struct_passwd) -> str:
        login, internal = ("dovenull", "dovecot") if os.getuid() == 0 else (user.pw_name, user.pw_name)
        group = subprocess.run(
            ["id", "-gn", internal], capture_output=True, text=True, check=True
        ).stdout.strip()
        shared = SHARED.format(
            folder=self.folder,
            login=login,
            internal=internal,
            group=group,
            uid=user.pw_uid,
            gid=user.pw_gid,
            imap=self.imap,
            imaps=self.imaps,
            pop3=self.pop3,
            pop3s=self.pop3s,
            implicit="ssl = yes",
        )
        if self.version >= (2, 4):
            return HEAD_24 + shared + BODY_24.format(folder=self.folder, uid=user.pw_uid, gid=user.pw_gid)
        (self.folder / "oauth2.conf.ext").write_text(
            "introspection_mode = local\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n"
            "username_attribute = sub\n"
        )
        return shared + BODY_23.format(folder=self.folder, uid=user.pw_uid, gid=user.pw_gid)


SHARED = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {group}
ssl = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    {implicit}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    {implicit}
  }}
}}
"""

BODY_23 = """
pop3_uidl_format = %08Xu%08Xv
ssl_cert = <{folder}/ssl/cert.pem
ssl_key = <{folder}/ssl/key.pem
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u allow_all_users=yes
}}
"""

HEAD_24 = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""

BODY_24 = """
ssl_server_cert_file = {folder}/ssl/cert.pem
ssl_server_key_file = {folder}/ssl/key.pem
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
pop3_uidl_format = %{{uid | hex(8)}}%{{uidvalidity | hex(8)}}
oauth2 {{
  introspection_mode = local
  username_attribute = sub
  oauth2_local_validation {{
    dict fs {{
      fs posix {{
        prefix = {folder}/keys/
      }}
    }}
  }}
}}
passdb oauth2 {{
  mechanisms_filter = xoauth2 oauthbearer
}}
passdb static {{
  password = secret
}}
userdb static {{
  allow_all_users = yes
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/home/%{{user}}
  }}
}}
"""


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for the whole session; tests keep apart by taking a user name each."""
    with (
        tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as folder,
        running_dovecot(Path(folder)) as server,
    ):
        yield server


@contextlib.contextmanager
def running_dovecot(folder: Path) -> Iterator[Dovecot]:
    """Start Dovecot in ``folder``, which every user must be able to enter, and stop it at the end."""
    server = Dovecot(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def find_dovecot() -> str:
    """Dovecot's program; a machine without it fails the test, for these tests are worth nothing without."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert program, (
        "these tests need Dovecot: apt-get install --no-install-recommends dovecot-imapd dovecot-pop3d"
    )
    return program


def dovecot_version(program: str) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"(\d+)\.(\d+)", said)
    assert found, f"{program} --version says {said!r}"
    return int(found[1]), int(found[2])


def make_certificate(folder: Path, name: str, names: list[str]) -> None:
    """Write a self-signed certificate, ``cert.pem``, and its key, ``key.pem``."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl = shutil.which("openssl")
    assert openssl, "these tests need the openssl program to make a certificate"
    request = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        f"/CN={name}",
    ]
    request += ["-addext", f"subjectAltName={','.join(names)}"]
    request += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(request, check=True, capture_output=True)


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens just now."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True
