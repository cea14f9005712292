"""The owner's side: takes a request from standard input and runs its command, with no file of the caller's choice."""

import io
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from helpdesk_cli.cli import front
from helpdesk_cli.cli.behalf import frames
from helpdesk_cli.cli.behalf.frames import Page, Request, Saved, packed, taken
from helpdesk_cli.errors import BadConfig, NotAllowed, Usage

WHAT = "the request on standard input"

_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,40}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9+_-]{0,40}(/[A-Za-z0-9+_-]{1,40}){0,3}")


class Behalf:
    """The caller's side, as the commands see it: whatever is theirs to do is asked for by a frame."""

    def __init__(self, request: Request, files: Mapping[str, bytes]) -> None:
        self._request, self._files = request, files

    def read(self, option: str, path: str) -> bytes:
        if path not in self._files:
            raise NotAllowed(f"{option} {path}: was not sent with the request")
        return self._files[path]

    def edited(self, begun: str, about: str) -> str:
        from msgspec import json

        send(frames.WRITE, json.encode(Page(begun, about)))
        return answer(frames.WROTE)[1].decode("utf-8", "replace")

    def confirm(self, question: str) -> bool:
        send(frames.ASK, question.encode())
        return answer(frames.YES, frames.NO)[0] == frames.YES

    def keep(self, text: str) -> str:
        send(frames.KEEP, text.encode("utf-8", "replace"))
        return answer(frames.WROTE)[1].decode("utf-8", "replace")

    def page(self, text: str) -> bool:
        send(frames.PAGE, text.encode("utf-8", "replace"))
        return True

    def save(self, name: str, kind: str, data: bytes) -> str:
        from msgspec import msgpack

        send(frames.SAVE, msgpack.encode(Saved(name, kind, data)))
        return answer(frames.WROTE)[1].decode("utf-8", "replace")


def serve(run: Callable[[Sequence[str]], int], told: Callable[[BaseException], int]) -> int:
    """Run what the caller asks for; the exit code. ``run`` runs words, ``told`` tells a failure, both as ever."""
    try:
        request, files = asked()
        same_desk(request)
    except BaseException as error:  # noqa: BLE001 told in a line, as everything
        return told(error)
    front.held = Behalf(request, files)
    surround(request)
    code = complete(request) if request.completes else run(request.words)
    try:
        sys.stdout.flush()
        send(frames.END, bytes([code]))
    except OSError:
        pass  # they are gone
    return code


def asked() -> tuple[Request, dict[str, bytes]]:
    """The request and its files. Raises Usage for what is none."""
    from msgspec import DecodeError, ValidationError, json

    try:
        _, data = taken(_read, {frames.REQUEST: frames.TO_OWNER[frames.REQUEST]})
        request = json.decode(data, type=Request)
        if len(request.files) > frames.MOST_FILES:
            raise frames.Broken("it names too many files")
        files: dict[str, bytes] = {}
        left = frames.FILES_TOGETHER
        for name in request.files:
            _, files[name] = taken(_read, {frames.FILE: left})
            left -= len(files[name])
    except EOFError:
        raise Usage(f"{WHAT}: it is cut off; [store] run_as sends it, nobody types it") from None
    except (frames.Broken, DecodeError, ValidationError, UnicodeError, RecursionError) as error:
        why = str(error) if isinstance(error, frames.Broken) else "it is malformed"
        raise Usage(f"{WHAT}: {why}; [store] run_as sends it, nobody types it") from None
    return request, files


def same_desk(request: Request) -> None:
    """Raise BadConfig where the caller means another desk than this account's own."""
    from helpdesk_cli.config.find import find

    own = find()
    if os.path.realpath(own) != os.path.realpath(request.config):
        raise BadConfig(
            f"{request.config}: is not the configuration of the account that runs your commands; that is {own}"
        )


def surround(request: Request) -> None:
    """Put the caller's terminal around this process: three streams of frames, and what is known of its screen."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(_Typed(request.typing)), "utf-8", "surrogateescape")
    for name, kind, is_terminal in (("stdout", frames.OUT, request.out), ("stderr", frames.ERR, request.err)):
        told = io.BufferedWriter(_Told(kind, is_terminal), frames.PIECE)
        setattr(
            sys, name, io.TextIOWrapper(told, "utf-8", "backslashreplace", write_through=name == "stderr")
        )
    surroundings = {
        "COLUMNS": str(min(max(request.columns, 20), 1000)),
        "LINES": str(min(max(request.lines, 2), 1000)),
        "TERM": request.term if _TERM.fullmatch(request.term) else "dumb",
        "TZ": request.zone if _ZONE.fullmatch(request.zone) else "",
        "NO_COLOR": "" if request.colours else "1",
    }
    for name in surroundings:
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in surroundings.items() if value})
    if "TZ" in os.environ:
        import time

        time.tzset()


def complete(request: Request) -> int:
    """Answer which words may stand at a place; nothing where anything fails."""
    from msgspec import json

    from helpdesk_cli.services.completing import choices

    kind, typed = (*request.words, "", "")[:2]
    try:
        found = choices(kind, typed, config=None, login=None)
    except Exception:  # noqa: BLE001 somebody is typing
        found = []
    sys.stdout.write(json.encode(found).decode())
    return 0


# Frames


def send(kind: bytes, data: bytes = b"") -> None:
    """Send a frame, after all that was written before."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    _write(packed(kind, data))


def answer(*kinds: bytes) -> tuple[bytes, bytes]:
    """What the caller answers. Raises KeyboardInterrupt where they are gone, or answer something else."""
    try:
        return taken(_read, {kind: frames.TO_OWNER[kind] for kind in kinds})
    except (EOFError, frames.Broken):
        raise KeyboardInterrupt from None


def _read(size: int) -> bytes:
    return os.read(0, size)


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


class _Told(io.RawIOBase):
    """Standard output or error as frames."""

    def __init__(self, kind: bytes, is_terminal: bool) -> None:
        self._kind, self._is_terminal = kind, is_terminal

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, data: object) -> int:
        sent = bytes(memoryview(data)[: frames.PIECE])  # type: ignore[arg-type]
        _write(packed(self._kind, sent))
        return len(sent)


class _Typed(io.RawIOBase):
    """Standard input, which the caller sends whole when it is read for the first time."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal
        self._data: io.BytesIO | None = None

    def readable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._is_terminal

    def readinto(self, buffer: object) -> int:
        if self._data is None:
            send(frames.STDIN)
            self._data = io.BytesIO(answer(frames.TYPED)[1])
        return self._data.readinto(buffer)  # type: ignore[arg-type]
