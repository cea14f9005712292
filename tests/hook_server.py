"""A web hook's server on loopback: what it was sent, and what it answers."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from smtp_server import Certificate


class Call:
    """One request."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body


class HookServer:
    """Answers with ``status`` (a list: one after the other, the last for ever); ``calls`` is what came.

    ``waits`` seconds pass before it answers; ``drips`` is an answer that it sends byte by byte.
    """

    def __init__(self, certificate: Certificate | None) -> None:
        self.calls: list[Call] = []
        self.status: list[int] = [204]
        self.headers: dict[str, str] = {}
        self.reason: str | None = None
        self.waits = 0.0
        self.drips = b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._answer(self)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.path, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"

    def url(self, path: str = "/hook", host: str = "localhost") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(request.command, request.path, headers, body))
        time.sleep(self.waits)
        if self.drips:
            self._drip(request)
            return
        status = self.status.pop(0) if len(self.status) > 1 else self.status[0]
        request.send_response(status, self.reason)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        try:
            for place in range(len(self.drips)):
                request.wfile.write(self.drips[place : place + 1])
                request.wfile.flush()
                time.sleep(0.2)
        except OSError:
            pass


@contextmanager
def running(certificate: Certificate | None = None) -> Iterator[HookServer]:
    """A server for as long as the block lasts."""
    server = HookServer(certificate)
    thread = Thread(target=server._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server._server.shutdown()
        server._server.server_close()
        thread.join()
