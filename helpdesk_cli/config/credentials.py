"""Passwords, access tokens and the desk's own key: where they come from, and that others cannot read them."""

import os
from collections.abc import Callable

from helpdesk_cli.errors import BadConfig, Failed, Refused, Unreachable
from helpdesk_cli.settings import Command, Server, Store, Webhook

from .find import read_trusted

SECONDS = 30
"""How long a command may take to print a secret."""

LIMIT = 64 * 1024
KEY_BYTES = 32


def secret_of(server: Server, where: str) -> Callable[[], str]:
    """Return what fetches the password or the access token of a server, each time anew.

    ``where`` is the table, ``mailbox.support``, for what may go wrong. A secret is the first line of what
    a command prints or a file holds, as with ``pass``. "" where the server has no credentials.

    The function raises Unreachable with the key and the reason, never with anything the command printed
    on its standard output, so that one mailbox without its password does not keep the others waiting.
    """

    def fetch() -> str:
        for name in ("password_command", "oauth2_command"):
            if command := getattr(server, name):
                return first_line(run(command, f"{where}.{name}"), f"{where}.{name}: the command printed")
        if server.password_env:
            return from_environment(server.password_env, f"{where}.password_env")
        if server.password_file:
            return from_file(server.password_file, f"{where}.password_file")
        return server.password

    return fetch


def hook_secret(webhook: Webhook, where: str) -> str:
    """Fetch what the calls of a web hook are signed with. Raises Unreachable as that of ``secret_of`` does."""
    if command := webhook.secret_command:
        return first_line(
            run(command, f"{where}.secret_command"), f"{where}.secret_command: the command printed"
        )
    if webhook.secret_env:
        return from_environment(webhook.secret_env, f"{where}.secret_env")
    if webhook.secret_file:
        return from_file(webhook.secret_file, f"{where}.secret_file")
    return webhook.secret


def store_password(store: Store) -> Callable[[], str] | None:
    """Return what fetches a store's password by its command, each time anew; None where it has no command.

    Then libpq looks where it always does: ``PGPASSWORD``, ``~/.pgpass``, a service file. The function raises
    Unreachable as that of ``secret_of`` does.
    """
    command, key = store.password_command, "store.password_command"
    return (lambda: first_line(run(command, key), f"{key}: the command printed")) if command else None


def first_line(content: bytes, what: str) -> str:
    """Take the first line, without its end. Raises Unreachable where it is empty or no text."""
    try:
        line = content.partition(b"\n")[0].removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise Refused(f"{what} no UTF-8 text") from None
    if not line or "\0" in line:
        raise Refused(f"{what} no secret on its first line")
    return line


def from_environment(name: str, key: str) -> str:
    """Take a secret from a variable. Raises Unreachable where it is not set."""
    if secret := os.environ.get(name):
        return secret
    raise Refused(f"{key}: the environment has no {name}; cron passes on only what the crontab sets")


def from_file(path: str, key: str) -> str:
    """Read a secret from a file. Raises Unreachable where it is away, or others may read or write it."""
    try:
        content, exposed = read_trusted(path, "the password", LIMIT)
    except BadConfig as error:
        raise Refused(f"{key}: {error}") from None
    if exposed:
        raise Refused(f"{key}: {path}: others may read it; run: chmod 600 {path}")
    return first_line(content, f"{key}: {path} holds")


def run(command: Command, key: str) -> bytes:
    """Run a command and return what it prints: a text by the shell, a list of texts without.

    It gets no standard input and no terminal to ask on: under cron there is none either. Raises
    Unreachable: not to be started, failed, over time.
    """
    import signal
    from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired

    try:
        process = Popen(
            command,
            shell=isinstance(command, str),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"{key}: cannot run {program_of(command)}: {reason}") from None
    try:
        output, complaint = process.communicate(timeout=SECONDS)
    except BaseException as error:
        # Its children too: one that lives on would keep the pipe open, and us waiting.
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
        if isinstance(error, TimeoutExpired):
            raise Unreachable(f"{key}: the command took longer than {SECONDS} s and was stopped") from None
        raise
    if process.returncode:
        said = complaint.decode(errors="replace").strip().partition("\n")[0][:200]
        said = "".join(char if char.isprintable() else " " for char in said)
        how = f"exit code {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
        raise Unreachable(f"{key}: the command failed with {how}" + (f": {said}" if said else ""))
    return output


def program_of(command: Command) -> str:
    """Name the program, without its arguments: they may be secret."""
    return "the shell" if isinstance(command, str) else command[0]


def read_key(path: str) -> bytes:
    """Read the desk's key: 32 bytes, written as 64 hexadecimal digits in a file of mode 0600.

    It is never made anew here: with another key no letter sent so far could be answered. Raises BadConfig.
    """
    if not os.path.lexists(path):
        raise BadConfig(
            f"{path}: desk.secret_file is missing; put it back from a backup, or copy it from another host of this "
            "desk: it is never made anew, as answers to earlier mails are known by it. Only for a new desk "
            "`helpdesk init` makes one"
        )
    content, exposed = read_trusted(path, "desk.secret_file", LIMIT)
    if exposed:
        raise BadConfig(f"{path}: others may read desk.secret_file; run: chmod 600 {path}")
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadConfig(
            f"{path}: desk.secret_file is damaged: {2 * KEY_BYTES} hexadecimal digits are wanted; "
            "put it back from a backup, or copy it from another host of this desk"
        )
    return key


def new_key(path: str) -> bytes:
    """Make the desk's key, on disk before this returns; never over a file that is there. Raises Failed."""
    import secrets

    key = secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failed(f"{path}: cannot make the key: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path)
    except OSError as error:
        os.unlink(path)  # noqa: PTH108 - half a key would stand in the way of a whole one
        raise Failed(f"{path}: cannot write the key: {error.strerror}") from None
    return key


def sync_folder(path: str) -> None:
    """Put the file's name on disk too, where the system can."""
    if os.name != "posix":
        return
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)  # noqa: PTH120
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
