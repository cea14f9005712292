"""Mail servers that misbehave as a test says: small IMAP and POP3 servers whose every step can be overridden.

They keep their messages from connection to connection, write down every line that they hear, and are no
models of good servers: what a test needs to be right is tested against Dovecot.
"""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Gone(Exception):
    """A script has had enough of its client."""


class Talk:
    """One connection as a script sees it."""

    def __init__(self, line: socket.socket, stopped: threading.Event) -> None:
        self.line = line
        self.file = line.makefile("rb")
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        self.line.sendall(data)

    def hear(self) -> bytes:
        heard = self.file.readline()
        if not heard:
            raise Gone
        return heard.rstrip(b"\r\n")

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.stopped.wait(60)
        raise Gone

    def drip(self, data: bytes, every: float) -> None:
        """Send a byte now and then."""
        for at in range(len(data)):
            if self.stopped.wait(every):
                raise Gone
            self.send(data[at : at + 1])

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.line = context.wrap_socket(self.line, server_side=True)
        self.file = self.line.makefile("rb")

    def close(self) -> None:
        self.file.close()
        with contextlib.suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)
        self.line.close()


class FaultServer:
    """Listens on a free port; ``talk`` is the script of one connection; ``heard`` every line from clients."""

    def __init__(self, certificate: Path | None = None, *, implicit: bool = False) -> None:
        self.heard: list[bytes] = []
        self.implicit = implicit
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self.stopped = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.talks: list[threading.Thread] = []

    def __enter__(self) -> Any:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(10)
        for talk in self.talks:
            talk.join(10)

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._converse, args=(line,), daemon=True)
            self.talks.append(thread)
            thread.start()

    def _converse(self, line: socket.socket) -> None:
        line.settimeout(30)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Talk(line, self.stopped)
        try:
            if self.implicit and self.context:
                talk.start_tls(self.context)
            self.talk(talk)
        except (Gone, OSError, ValueError):
            pass
        finally:
            talk.close()

    def talk(self, talk: Talk) -> None:
        raise NotImplementedError

    def said(self, *words: bytes) -> list[bytes]:
        """The lines heard that hold any of some words, in whatever case."""
        return [line for line in self.heard if any(word.upper() in line.upper() for word in words)]


class Silent(FaultServer):
    """A server that says nothing, so that who calls it goes on holding the mailbox."""

    def __init__(self) -> None:
        super().__init__()
        self.was_called = threading.Event()

    def talk(self, talk: Talk) -> None:
        self.was_called.set()
        talk.hang()

    def mailbox(self, name: str) -> str:
        """The table of a mailbox there."""
        return (
            f'[mailbox.{name}]\nkind = "imap"\nhost = "127.0.0.1"\nport = {self.port}\nsecurity = "none"\n'
            'username = "ann"\npassword = "secret"\ntimeout = "60s"\ndepartment = "support"\nbacklog = "answer"\n'
        )


class FaultImap(FaultServer):
    """An IMAP server of one folder; override a step, or set an attribute."""

    greeting = b"* OK ready\r\n"
    capabilities = b"IMAP4rev1 STARTTLS UIDPLUS MOVE"
    uidvalidity = 7

    def __init__(self, *messages: bytes, certificate: Path | None = None, implicit: bool = False) -> None:
        super().__init__(certificate, implicit=implicit)
        self.messages = dict(enumerate(messages, 1))
        self.flags: dict[int, set[bytes]] = {}
        self.target: list[bytes] = []  # of COPY and MOVE

    def talk(self, talk: Talk) -> None:
        talk.send(self.greeting)
        while True:
            line = talk.hear()
            self.heard.append(line)
            tag, _, rest = line.partition(b" ")
            words = rest.split(b" ")
            name = (words[0] + b"_" + words[1] if words[0].upper() == b"UID" else words[0]).decode().lower()
            step: Callable[..., None] | None = getattr(self, f"do_{name}", None)
            if step is None:
                talk.send(tag + b" BAD what?\r\n")
            else:
                step(talk, tag, words[2:] if name.startswith("uid_") else words[1:])

    def ok(self, talk: Talk, tag: bytes, text: bytes = b"done") -> None:
        talk.send(tag + b" OK " + text + b"\r\n")

    def do_capability(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        talk.send(b"* CAPABILITY " + self.capabilities + b"\r\n")
        self.ok(talk, tag)

    def do_starttls(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        assert self.context
        self.ok(talk, tag)
        talk.start_tls(self.context)

    def do_login(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        self.ok(talk, tag)

    def do_logout(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        talk.send(b"* BYE\r\n")
        self.ok(talk, tag)
        raise Gone

    def do_select(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        talk.send(b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] x\r\n" % (len(self.messages), self.uidvalidity))
        talk.send(b"* OK [UIDNEXT %d] x\r\n" % (max(self.messages, default=0) + 1))
        self.ok(talk, tag, b"[READ-WRITE] selected")

    def do_examine(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        self.do_select(talk, tag, words)

    def uids(self, text: bytes) -> list[int]:
        """The UIDs of a set such as ``1,3:5`` that exist."""
        found: list[int] = []
        for part in text.split(b","):
            low, _, high = part.partition(b":")
            found += [uid for uid in sorted(self.messages) if int(low) <= uid <= int(high or low)]
        return found

    def do_uid_search(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        if words[0].upper() == b"UID":
            found = self.uids(words[1])
        else:
            low, _, high = words[0].partition(b":")
            found = sorted(self.messages)[int(low) - 1 : int(high or low)]
        talk.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in found) + b"\r\n")
        self.ok(talk, tag)

    def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        asked = b" ".join(words[1:])
        for uid in self.uids(words[0]):
            if b"RFC822.SIZE" in asked:
                self.send_facts(talk, uid)
            else:
                self.send_body(talk, uid, asked)
        self.ok(talk, tag)

    def send_facts(self, talk: Talk, uid: int) -> None:
        talk.send(
            b'* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE "22-Nov-2026 09:30:00 +0000")\r\n'
            % (uid, uid, len(self.messages[uid]))
        )

    def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
        body, name = self.messages[uid], b"BODY[]"
        if piece := re.search(rb"<(\d+)\.(\d+)>", asked):
            low, count = int(piece[1]), int(piece[2])
            body, name = body[low : low + count], b"BODY[]<%d>" % low
        talk.send(b"* %d FETCH (UID %d %s {%d}\r\n%s)\r\n" % (uid, uid, name, len(body), body))

    def do_uid_store(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        for uid in self.uids(words[0]):
            self.flags.setdefault(uid, set()).update(re.findall(rb"\\\w+", words[2]))
        self.ok(talk, tag)

    def do_uid_expunge(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        for uid in self.uids(words[0]):
            if rb"\Deleted" in self.flags.get(uid, ()):
                del self.messages[uid]
        self.ok(talk, tag)

    def do_uid_copy(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        self.target += [self.messages[uid] for uid in self.uids(words[0])]
        self.ok(talk, tag)

    def do_uid_move(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        self.target += [self.messages.pop(uid) for uid in self.uids(words[0])]
        self.ok(talk, tag)


class FaultPop3(FaultServer):
    """A POP3 server; deletions happen at QUIT, unless a script says otherwise."""

    greeting = b"+OK ready\r\n"
    capabilities = b"STLS\r\nUIDL\r\n"

    def __init__(self, *messages: bytes, certificate: Path | None = None, implicit: bool = False) -> None:
        super().__init__(certificate, implicit=implicit)
        self.messages = list(messages)
        self.ids = [b"id-%d" % number for number in range(1, len(messages) + 1)]
        self.doomed: set[int] = set()

    def talk(self, talk: Talk) -> None:
        self.doomed = set()
        talk.send(self.greeting)
        while True:
            line = talk.hear()
            self.heard.append(line)
            name, _, rest = line.partition(b" ")
            step: Callable[..., None] | None = getattr(self, f"do_{name.decode().lower()}", None)
            if step is None:
                talk.send(b"-ERR what?\r\n")
            else:
                step(talk, rest)

    def numbered(self) -> Iterator[tuple[int, bytes, bytes]]:
        yield from zip(range(1, len(self.messages) + 1), self.ids, self.messages, strict=True)

    def do_capa(self, talk: Talk, rest: bytes) -> None:
        talk.send(b"+OK\r\n" + self.capabilities + b".\r\n")

    def do_stls(self, talk: Talk, rest: bytes) -> None:
        assert self.context
        talk.send(b"+OK\r\n")
        talk.start_tls(self.context)

    def do_user(self, talk: Talk, rest: bytes) -> None:
        talk.send(b"+OK\r\n")

    def do_pass(self, talk: Talk, rest: bytes) -> None:
        talk.send(b"+OK\r\n")

    def do_list(self, talk: Talk, rest: bytes) -> None:
        rows = b"".join(b"%d %d\r\n" % (number, len(body)) for number, _, body in self.numbered())
        talk.send(b"+OK\r\n" + rows + b".\r\n")

    def do_uidl(self, talk: Talk, rest: bytes) -> None:
        rows = b"".join(b"%d %s\r\n" % (number, name) for number, name, _ in self.numbered())
        talk.send(b"+OK\r\n" + rows + b".\r\n")

    def do_retr(self, talk: Talk, rest: bytes) -> None:
        body = re.sub(rb"(?m)^\.", b"..", self.messages[int(rest) - 1])
        talk.send(b"+OK\r\n" + body + b".\r\n")

    def do_top(self, talk: Talk, rest: bytes) -> None:
        self.do_retr(talk, rest.split()[0])

    def do_dele(self, talk: Talk, rest: bytes) -> None:
        self.doomed.add(int(rest))
        talk.send(b"+OK\r\n")

    def do_quit(self, talk: Talk, rest: bytes) -> None:
        left = [row for row in self.numbered() if row[0] not in self.doomed]
        self.ids = [name for _, name, _ in left]
        self.messages = [body for _, _, body in left]
        talk.send(b"+OK\r\n")
        raise Gone
