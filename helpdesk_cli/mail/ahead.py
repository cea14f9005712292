"""A second process that reads mails while the caller keeps and settles others.

It pays where many wait: reading costs about as much as all the rest, so that two processors take in nearly
twice as much. The child is bounded like that of ``guard``, and what looks like a bomb is left to the guard.
It ends with its standard input, so that nothing is left behind however its caller ends.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpdesk_cli.domain.mail import Inbound
from helpdesk_cli.mail.guard import DEFAULT, Limits, ParseDefeated, bound, ordinary, places

if TYPE_CHECKING:
    import subprocess
    from concurrent.futures import Future

LARGEST = 1_000_000
"""A larger mail is not sent to the child: the copy would cost more than it saves."""

Outcome = Inbound | ParseDefeated | None
"""What became of one mail: read; the child died of it; or left to the caller (large, or it looks like a bomb)."""

_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from helpdesk_cli.mail.ahead import serve; serve()"
_SIZE = 4  # bytes that say how long a frame is


def pays() -> bool:
    """Whether this machine can read ahead: more than one processor, and pipes that can be waited for."""
    if os.name != "posix":
        return False
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (usable or 1) > 1


class Ahead:
    """The child and the thread that talks to it; started with the first batch, ended by ``close``."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._limits = limits
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._child: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def begin(self, raws: Sequence[bytes]) -> "Future[list[Outcome]]":
        """Begin to read a batch; the future has what became of each, in their order."""
        return self._thread.submit(self._read_all, raws)

    def close(self) -> None:
        """End the child, whatever it does."""
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._end()  # what is being read ends with it
        self._thread.shutdown()
        self._end()  # one that was just being started

    def _read_all(self, raws: Sequence[bytes]) -> list[Outcome]:
        return [None if len(raw) > LARGEST or self._is_closed else self._read(raw) for raw in raws]

    def _read(self, raw: bytes) -> Outcome:
        import msgspec

        try:
            answer = self._ask(raw)
            return msgspec.msgpack.decode(answer, type=Inbound) if answer else None
        except TimeoutError:  # an OSError too, so it comes first
            self._end()
            return ParseDefeated(f"reading it took more than {self._limits.wall:g} seconds")
        except (OSError, EOFError, msgspec.MsgspecError):
            self._end()
            return ParseDefeated("the process that read it died")

    def _ask(self, raw: bytes) -> bytes:
        """The child's answer. Raises EOFError, OSError where it died, TimeoutError where it takes too long."""
        child = self._child or self._start()
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(len(raw).to_bytes(_SIZE, "big"))
        child.stdin.write(raw)
        child.stdin.flush()
        size = int.from_bytes(self._take(child.stdout.fileno(), _SIZE), "big")
        return self._take(child.stdout.fileno(), size)

    def _take(self, pipe: int, count: int) -> bytes:
        """So many bytes from the child, each piece waited for no longer than the limit."""
        import select

        pieces: list[bytes] = []
        while count:
            if not select.select([pipe], [], [], self._limits.wall)[0]:
                raise TimeoutError
            piece = os.read(pipe, min(count, 1 << 20))
            if not piece:
                raise EOFError
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def _start(self) -> "subprocess.Popen[bytes]":
        import json
        import subprocess

        limits = self._limits
        memory = limits.memory + limits.times_size * LARGEST
        command = [sys.executable, "-I", "-c", _START, json.dumps(places()), str(limits.cpu), str(memory)]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the caller's to handle
        )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what could not be written to a dead child
                    pass


def serve() -> None:
    """Be the child: read frames until there are no more, answer each with an Inbound or with nothing."""
    import time

    import msgspec

    cpu, memory = int(sys.argv[2]), int(sys.argv[3])
    source, target = sys.stdin.buffer, sys.stdout.buffer
    encode = msgspec.msgpack.Encoder().encode
    while len(head := source.read(_SIZE)) == _SIZE:
        raw = source.read(int.from_bytes(head, "big"))
        bound(int(time.process_time()) + 1 + cpu, memory)  # the limit is for each mail, the clock for all
        inbound = ordinary(raw)
        answer = encode(inbound) if inbound is not None else b""
        target.write(len(answer).to_bytes(_SIZE, "big") + answer)
        target.flush()
