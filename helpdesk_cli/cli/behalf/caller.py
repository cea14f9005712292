"""The caller's side: everything that touches their files and their terminal, with their own rights."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from helpdesk_cli.cli.behalf import frames
from helpdesk_cli.cli.behalf.frames import Page, Request, Saved, packed, taken
from helpdesk_cli.errors import BadConfig, Failed, NotAllowed, Usage
from helpdesk_cli.services.host_health import GUIDE, way_to

if TYPE_CHECKING:
    from helpdesk_cli.cli.wording import Wording


def owner_named(path: str) -> str:
    """The account that runs this desk's commands (``[store] run_as``); "" where that is this one. Raises BadConfig."""
    import pwd

    from helpdesk_cli.config.find import read_trusted
    from helpdesk_cli.config.read import LIMIT, parse

    content, _ = read_trusted(path, "the configuration", LIMIT)
    store = parse(content, path)[1].get("store")
    login = store.get("run_as", "") if isinstance(store, dict) else ""
    if not isinstance(login, str) or not login:
        return ""
    try:
        return "" if pwd.getpwnam(login).pw_uid == os.geteuid() else login
    except (KeyError, ValueError):
        raise BadConfig(f"{path}: store.run_as: there is no account {login!r} on this machine") from None


def hand_over(
    config: str | None, login: str | None, path: str, arguments: Mapping[str, Any], typed: bytes | None = None
) -> int | None:
    """Let the owner run this command; its exit code, None where this account is to run it itself.

    ``typed`` is what was taken from standard input already. Raises DeskError for what is wrong on this side.
    """
    owner = owner_named(path)
    if not owner:
        return None
    if login is not None or os.environ.get("HELPDESK_STAFF"):
        raise NotAllowed("--as, HELPDESK_STAFF: on this desk everybody acts as themselves")
    place = click.get_current_context().command_path.partition(" ")[2]
    named = dict(_named(place, arguments))
    request = _request(path, without_config(sys.argv[1:], config), list(named))
    data = [_bytes_of(option, name) for name, option in named.items()]
    wording = arguments.get("wording")
    side = _Side(owner, save=arguments.get("save"), wording=wording)
    side.typed = typed
    return side.run(request, data)


def complete(path: str, owner: str, kind: str, typed: str) -> list[tuple[str, str]]:
    """The words that the owner offers at a place."""
    from msgspec import json

    side = _Side(owner)
    side.gathered = b""
    side.run(_request(path, [kind, typed], [], completes=True), [])
    return json.decode(side.gathered or b"[]", type=list[tuple[str, str]])


# What goes along


def without_config(words: Sequence[str], config: str | None) -> list[str]:
    """The words of a call without ``--config FILE``, which the owner takes from nobody."""
    left = list(words)
    while config is not None and f"--config={config}" in left:
        left.remove(f"--config={config}")
    for at in range(len(left) - 2, -1, -1):
        if left[at : at + 2] == ["--config", config]:
            del left[at : at + 2]
    return left


def _named(place: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files that a call names, each with what to call it in an error."""
    wording: Wording | None = arguments.get("wording")
    if wording is not None and wording.file not in (None, "-"):
        yield wording.file or "", "--file"
    for path in arguments.get("attach") or ():
        yield path, "--attach"
    mail = {"inbox explain": "what", "rule test": "file"}.get(place)
    if mail is not None and arguments[mail] != "-" and not _is_number(arguments[mail]):
        yield arguments[mail], "mail"


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 16


def _bytes_of(option: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read(frames.TO_OWNER[frames.FILE] + 1)
    except OSError as error:
        raise Usage(f"{option} {path}: {error.strerror}") from None
    if len(data) > frames.TO_OWNER[frames.FILE]:
        raise Usage(f"{option} {path}: is larger than {frames.TO_OWNER[frames.FILE] // frames.MB} MB")
    return data


def _request(path: str, words: list[str], files: list[str], *, completes: bool = False) -> Request:
    """What is asked for, from which terminal."""
    from helpdesk_cli.cli.output import door

    for word in (*words, *files):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise Usage(f"{word}: is not written in UTF-8") from None
    columns, lines = door.room()
    return Request(
        words=words,
        config=os.path.realpath(path),
        files=files,
        completes=completes,
        typing=not completes and sys.stdin is not None and sys.stdin.isatty(),
        out=not completes and door.is_terminal(),
        err=not completes and door.has_people(),
        columns=columns,
        lines=lines,
        term=os.environ.get("TERM", ""),
        zone=os.environ.get("TZ", ""),
        colours=not os.environ.get("NO_COLOR"),
    )


# The conversation


class _Side:
    """This side of the conversation, until the owner's side ends."""

    def __init__(self, owner: str, *, save: str | None = None, wording: "Wording | None" = None) -> None:
        self._owner, self._save, self._wording = owner, save, wording
        self._text = wording.message if wording is not None and wording.message else ""
        self.typed: bytes | None = None  # all of standard input, where the options took it
        self.gathered: bytes | None = None  # its output, where nobody shall see it
        self._code: int | None = None

    def run(self, request: Request, files: Sequence[bytes]) -> int:
        """Start the owner's side, and do what it asks for until it ends; its exit code."""
        from tempfile import TemporaryFile

        from helpdesk_cli.cli.wording.text import ended_by_exceptions

        with TemporaryFile() as said, ended_by_exceptions():
            # In a session of its own, so that Ctrl-C in the editor ends nothing there, and sudo asks nobody.
            with subprocess.Popen(
                way_to(self._owner),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd="/",
                start_new_session=True,
            ) as running:
                assert running.stdin is not None
                assert running.stdout is not None
                try:
                    self._talk(running.stdin, running.stdout, request, files)
                finally:
                    for pipe in (running.stdin, running.stdout):
                        try:
                            pipe.close()
                        except OSError:
                            pass
            said.seek(0)
            return self._ended(running.returncode, said.read(10_000).decode("utf-8", "replace"))

    def _talk(self, to: IO[bytes], back: IO[bytes], request: Request, files: Sequence[bytes]) -> None:
        from msgspec import json

        def sent(*frames_: bytes) -> bool:
            try:
                for each in frames_:
                    to.write(each)
                to.flush()
            except BrokenPipeError:
                return False  # the owner's side is gone, and may have said why
            return True

        goes_on = sent(
            packed(frames.REQUEST, json.encode(request)), *(packed(frames.FILE, one) for one in files)
        )
        while goes_on and self._code is None:
            try:
                kind, data = taken(back.read, frames.TO_CALLER)
            except (EOFError, frames.Broken):
                return
            answer = self._done(kind, data)  # that our own reader is gone is told as ever
            goes_on = sent(answer) if answer else True

    def _ended(self, code: int, said: str) -> int:
        """The exit code; what is to be told where the owner's side did not end as it should."""
        if self._code is not None:
            return self._code
        lines = [line.removeprefix("helpdesk: ") for line in said.splitlines() if line.strip()]
        told = lines[-1] if lines else f"the command ended without a word (exit code {code})"
        if self._text.strip():
            from helpdesk_cli.cli.wording.text import keep

            told += f"; {keep(self._text)}"
        if told.startswith(("sudo:", "doas:")) or not lines:
            raise NotAllowed(f"{told}; {GUIDE}")
        failure = Failed(told)
        failure.exit_code = code if code in (1, 2, 3, 69, 75, 78) else 1
        raise failure

    def _done(self, kind: bytes, data: bytes) -> bytes:
        """Do what a frame asks for; the frame that answers it."""
        from helpdesk_cli.cli import output

        if kind == frames.END:
            self._code = data[0] if data else 1
        elif kind == frames.OUT and self.gathered is not None:
            self.gathered += data
        elif kind == frames.OUT:
            output.put_bytes(data)
        elif kind == frames.ERR:
            output.say_bytes(data)
        elif kind == frames.PAGE:
            output.show_long(data.decode("utf-8", "replace"))
        else:
            return self._answered(kind, data)
        return b""

    def _answered(self, kind: bytes, data: bytes) -> bytes:
        from msgspec import json, msgpack

        from helpdesk_cli.cli.wording.text import keep, yes_to

        if kind == frames.WRITE:
            page = json.decode(data, type=Page)
            return packed(frames.WROTE, self._edited(page).encode("utf-8", "replace"))
        if kind == frames.ASK:
            return packed(frames.YES if yes_to(data.decode("utf-8", "replace")) else frames.NO)
        if kind == frames.STDIN:
            typed = self._typed()
            if self._wording is not None and not self._text:
                self._text = typed.decode("utf-8", "replace")
            return packed(frames.TYPED, typed)
        if kind == frames.KEEP:
            self._text = ""
            return packed(frames.WROTE, keep(data.decode("utf-8", "replace")).encode())
        return packed(frames.WROTE, self._saved(msgpack.decode(data, type=Saved)).encode("utf-8", "replace"))

    def _typed(self) -> bytes:
        """Standard input."""
        most = frames.TO_OWNER[frames.TYPED]
        if self.typed is not None:
            return self.typed[:most]
        return b"" if sys.stdin is None else sys.stdin.buffer.read(most)

    def _edited(self, page: Page) -> str:
        from helpdesk_cli.cli.wording.editor import edited, editor

        self._text = edited(editor(), page.begun, page.about)
        return self._text

    def _saved(self, file: Saved) -> str:
        """Write a file into the folder that this call names; nothing is overwritten, no link followed."""
        from helpdesk_cli.services.saving import write_into

        if self._save is None:
            raise Failed("the owner's side sends a file that nobody asked for")
        return write_into(self._save, file.name, file.kind, file.data)
