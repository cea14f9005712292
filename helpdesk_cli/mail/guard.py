"""Reading mails under guard: what looks like a bomb is read in a child process with limits.

The reader's own limits should suffice. The guard is for what nobody thought of: a crash of the
interpreter, a library that never ends. A mail whose last attempt did not finish is a suspect.
"""

import sys

from msgspec import Struct

from helpdesk_cli.domain.mail import Inbound
from helpdesk_cli.mail.header import HEADER_BLOCK
from helpdesk_cli.mail.parse import mended, parse
from helpdesk_cli.mail.structure import Skeleton, split


class ParseDefeated(Exception):
    """The child that read a mail died or ran out of time; one line says how."""


class Limits(Struct, frozen=True):
    """What a child may use: processor and wall seconds, bytes of memory beside those for the mail itself.

    Windows knows only the wall clock.
    """

    cpu: int = 20
    wall: float = 60
    memory: int = 512_000_000
    times_size: int = 6


DEFAULT = Limits()

_WORDS = 3_000  # encoded words in the header
_LINES = 5_000  # lines that begin like a boundary
_MULTIPARTS = 40  # mentions of a multipart
_HTML = 1_000_000  # bytes of HTML
_TAGS = 30_000  # tags in HTML that stands open to view
_DEPTH = 12  # containers around a part


def parse_guarded(raw: bytes, *, suspect: bool = False, limits: Limits = DEFAULT) -> Inbound:
    """Read a mail: here where it looks ordinary, else (or where ``suspect``) in a child process.

    Raises ParseDefeated where the child does not bring it to an end.
    """
    inbound = None if suspect else ordinary(raw)
    return _in_child(raw, limits) if inbound is None else inbound


def ordinary(raw: bytes) -> Inbound | None:
    """Read a mail that looks ordinary, in this process; None for one that does not."""
    if _header_is_heavy(raw):
        return None
    raw = mended(raw)
    try:
        skeleton = split(raw)
    except Exception:  # noqa: BLE001  parse() tells what can be told
        return parse(raw)
    return None if _is_heavy(raw, skeleton) else parse(raw, skeleton)


def _header_is_heavy(raw: bytes) -> bool:
    """Whether the counts of a mail's beginning and of its boundary lines are far from usual."""
    if raw.count(b"=?", 0, HEADER_BLOCK) > _WORDS:
        return True
    return len(raw) > 20_000 and (raw.count(b"\n--") > _LINES or raw.count(b"multipart/") > _MULTIPARTS)


def _is_heavy(raw: bytes, skeleton: Skeleton) -> bool:
    """Whether what a mail is made of is far from usual."""
    if skeleton.head.lost or len(skeleton.leaves) > 500:
        return True
    for leaf in skeleton.leaves:
        if len(leaf.within) > _DEPTH:
            return True
        if leaf.type == "text/html" and not leaf.made:
            size = leaf.end - leaf.start
            if size > _HTML or (size > 100_000 and raw.count(b"<", leaf.start, leaf.end) > _TAGS):
                return True
    return False


_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from helpdesk_cli.mail.guard import serve; serve()"


def _in_child(raw: bytes, limits: Limits) -> Inbound:
    """Read a mail in a process of its own, which sees nothing of ours but the bytes."""
    import json
    import subprocess

    import msgspec

    memory = limits.memory + limits.times_size * len(raw)
    command = [sys.executable, "-I", "-c", _START, json.dumps(places()), str(limits.cpu), str(memory)]
    try:
        done = subprocess.run(command, input=raw, capture_output=True, timeout=limits.wall, check=False)
    except subprocess.TimeoutExpired:
        raise ParseDefeated(f"reading it took more than {limits.wall:g} seconds") from None
    except OSError as error:
        raise ParseDefeated(f"no process could be started to read it ({error.strerror})") from error
    if done.returncode:
        raise ParseDefeated(f"reading it failed: {_death(done.returncode)}")
    try:
        return msgspec.msgpack.decode(done.stdout, type=Inbound)
    except msgspec.MsgspecError:
        raise ParseDefeated("reading it ended without a result") from None


def places() -> list[str]:
    """Where a child finds modules: where we do, and nothing that depends on the directory it stands in."""
    from pathlib import Path

    package = str(Path(__file__).resolve().parents[2])
    return [package, *(str(Path(place).resolve()) for place in sys.path if place)]


def bound(cpu: int, memory: int) -> None:
    """Limit this process to so many processor seconds in all and bytes of memory; Windows knows neither."""
    if sys.platform == "win32":
        return
    import resource

    for what, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


_NO_MEMORY = 3


def _death(code: int) -> str:
    """How a child ended, in words."""
    if code == _NO_MEMORY:
        return "it needs too much memory"
    if code > 0:
        return f"the reading process ended with {code}"
    import signal

    if -code == getattr(signal, "SIGXCPU", 0) or -code == getattr(signal, "SIGKILL", 0):
        return "it needs too much time or memory"
    return f"the reading process was ended by signal {-code}"


def serve() -> None:
    """Be the child: limit ourselves, read the mail on standard input, write the Inbound to standard output."""
    import os

    import msgspec

    bound(int(sys.argv[2]), int(sys.argv[3]))
    try:
        answer = msgspec.msgpack.encode(parse(sys.stdin.buffer.read()))
    except MemoryError:
        os._exit(_NO_MEMORY)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
