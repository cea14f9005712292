"""One POST to a web hook, and what was answered."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from hmac import new as hmac
from threading import Timer
from urllib.parse import urlsplit

from msgspec import Struct

from helpdesk_cli import __version__
from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.settings import Webhook

WAITS = 2
"""A whole call takes as long as so many waits at most: connecting, and the answer."""


class Answer(Struct, frozen=True):
    """What a server said: ``503``, ``Service Unavailable``."""

    status: int
    reason: str = ""


def signature(secret: str, at: str, body: bytes) -> str:
    """What proves that a call is ours, and of when it is."""
    return f"sha256={hmac(secret.encode(), at.encode() + b'.' + body, sha256).hexdigest()}"


class Hook:
    """A web hook that can be called. Raises BadConfig where its certificates cannot be read."""

    def __init__(self, slug: str, settings: Webhook, secret: str) -> None:
        self._place = f"webhook {slug}"
        self._url = urlsplit(settings.url)
        self._timeout, self._secret = float(settings.timeout), secret
        self._context: ssl.SSLContext | None = None
        if self._url.scheme == "https":
            self._context = ssl.create_default_context()
            if settings.ca_file:
                self._trust(settings.ca_file)

    def _trust(self, path: str) -> None:
        assert self._context is not None
        try:
            self._context.load_verify_locations(path)
        except ssl.SSLError:
            raise BadConfig(f"{self._place}: {path}: holds no certificate in PEM form") from None
        except OSError as error:
            raise BadConfig(f"{self._place}: {path}: {error.strerror}") from None

    def call(self, body: bytes, *, delivery: str, at: str) -> Answer:
        """Post a body; ``delivery`` is the same each time it is tried. Raises Unreachable for no answer."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"helpdesk/{__version__}",
            "Connection": "close",
            "X-Helpdesk-Delivery": delivery,
            "X-Helpdesk-Timestamp": at,
            "X-Helpdesk-Signature": signature(self._secret, at, body),
        }
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            with self._connected() as connection:
                connection.request("POST", target, body, headers)
                answer = connection.getresponse()
                return Answer(answer.status, _one_line(answer.reason))
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._place}: {_why(error)}") from None

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that ends when its time is over, whatever the server does meanwhile."""
        host = self._url.hostname or ""
        port = self._url.port or (443 if self._context else 80)
        with closing(socket.create_connection((host, port), self._timeout)) as plain:
            sock, connection = plain, http.client.HTTPConnection(host, self._url.port)
            if self._context is not None:
                sock = self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
                connection = http.client.HTTPSConnection(host, self._url.port, context=self._context)
            with closing(sock), closing(connection), _ended(sock, self._timeout * WAITS):
                if isinstance(sock, ssl.SSLSocket):
                    sock.do_handshake()
                connection.sock = sock
                yield connection


@contextmanager
def _ended(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Shut a socket when its time is over: each wait is bounded, but a server may answer byte by byte."""

    def end() -> None:
        try:
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # that of TLS would first say so to the server
        except OSError:
            pass

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _why(error: Exception) -> str:
    """A failure on one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {_one_line(error.verify_message)}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.HTTPException):
        return f"no proper answer: {type(error).__name__}"
    return _one_line(getattr(error, "strerror", "") or str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    """A server's words, made harmless."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())[:200]
