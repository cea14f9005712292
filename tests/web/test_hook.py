"""One POST to a real server: signed, verified, never redirected, and over in time."""

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hook_server import HookServer, running
from smtp_server import Certificate, make_certificate

from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.settings import Span, Webhook
from helpdesk_cli.web import Answer, Hook, signature

AT = "2026-11-22T09:30:00Z"


@pytest.fixture
def server() -> Iterator[HookServer]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def a_hook(url: str, **fields: Any) -> Hook:
    return Hook("chat", Webhook(**{"url": url, "timeout": Span(5), **fields}), "the secret")


def call(url: str, body: bytes = b"{}", **fields: Any) -> Answer:
    return a_hook(url, **fields).call(body, delivery="7.abc@desk.example", at=AT)


def test_a_call_is_a_signed_post_of_json(server: HookServer) -> None:
    body = json.dumps({"text": "Grüße </script> \u2028 '; drop table"}).encode()
    assert call(server.url("/hooks/desk?a=1&b=2"), body) == Answer(204, "No Content")
    (made,) = server.calls
    assert (made.method, made.path, made.body) == ("POST", "/hooks/desk?a=1&b=2", body)
    assert made.headers["content-type"] == "application/json"
    assert made.headers["x-helpdesk-delivery"] == "7.abc@desk.example"
    assert made.headers["x-helpdesk-timestamp"] == AT
    assert made.headers["host"] == f"localhost:{server.port}"
    proof = hmac.new(b"the secret", f"{AT}.".encode() + body, hashlib.sha256).hexdigest()
    assert made.headers["x-helpdesk-signature"] == f"sha256={proof}"


def test_a_signature_is_of_the_secret_the_moment_and_the_body() -> None:
    proofs = {
        signature("s", AT, b"body"),
        signature("t", AT, b"body"),
        signature("s", "2026-11-22T09:30:01Z", b"body"),
        signature("s", AT, b"bodz"),
    }
    assert len(proofs) == 4
    assert all(proof.startswith("sha256=") and len(proof) == 71 for proof in proofs)


def test_an_address_without_a_path_is_called_at_its_root(server: HookServer) -> None:
    call(server.url(""))
    assert server.calls[0].path == "/"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: HookServer, status: int) -> None:
    server.status, server.headers = [status], {"Location": server.url("/elsewhere")}
    assert call(server.url()).status == status
    assert [made.path for made in server.calls] == ["/hook"]


def test_what_a_server_says_is_one_harmless_line(server: HookServer) -> None:
    server.status, server.reason = [503], "Later\x1b[31m \x07now" + "x" * 500
    answer = call(server.url())
    assert answer.status == 503
    assert answer.reason.startswith("Later") and answer.reason.isprintable() and len(answer.reason) <= 200


def test_a_certificate_that_is_trusted_lets_a_call_through(certificate: Certificate) -> None:
    with running(certificate) as server:
        assert call(server.url(), ca_file=certificate.path).status == 204
        assert call(server.url(host="127.0.0.1"), ca_file=certificate.path).status == 204
        assert len(server.calls) == 2


def test_an_unknown_certificate_is_refused_before_anything_is_told(certificate: Certificate) -> None:
    with running(certificate) as server:
        with pytest.raises(Unreachable, match="webhook chat: its certificate is not trusted"):
            call(server.url())
        assert server.calls == []


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    other = make_certificate(tmp_path, name="other.example")
    with running(other) as server:
        with pytest.raises(Unreachable, match="its certificate is not trusted"):
            call(server.url(), ca_file=other.path)
        assert server.calls == []


def test_certificates_that_cannot_be_read_are_a_fault_of_the_configuration(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    for path, words in ((wrong, "no certificate in PEM form"), (tmp_path / "gone.pem", "No such file")):
        with pytest.raises(BadConfig, match=words):
            a_hook("https://localhost/x", ca_file=str(path))


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="webhook chat: Connection refused"):
        call(f"http://localhost:{port}/x")


def test_a_host_that_there_is_not() -> None:
    with pytest.raises(Unreachable, match="webhook chat: "):
        call("https://no-such-host.invalid/x")


def test_a_server_that_does_not_answer_in_time(server: HookServer) -> None:
    server.waits = 3
    began = time.monotonic()
    with pytest.raises(Unreachable, match="no answer in time"):
        call(server.url(), timeout=Span(1))
    assert time.monotonic() - began < 2.5


def test_a_server_that_answers_byte_by_byte_is_cut_off(server: HookServer) -> None:
    server.drips = b"HTTP/1.0 200 " + b"O" * 100
    began = time.monotonic()
    with pytest.raises(Unreachable, match="no proper answer"):
        call(server.url(), timeout=Span(1))
    assert time.monotonic() - began < 5


def test_a_server_that_never_ends_its_handshake_is_cut_off() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="no answer in time"):
            call(f"https://localhost:{silent.getsockname()[1]}/x", timeout=Span(1))
        assert time.monotonic() - began < 4


def test_a_server_that_speaks_something_else() -> None:
    from threading import Thread

    with closing(socket.create_server(("127.0.0.1", 0))) as other:

        def greet() -> None:
            connection, _ = other.accept()
            connection.recv(65536)
            connection.sendall(b"220 smtp.example ESMTP\r\n")
            connection.close()

        thread = Thread(target=greet, daemon=True)
        thread.start()
        with pytest.raises(Unreachable, match="no proper answer"):
            call(f"http://localhost:{other.getsockname()[1]}/x")
        thread.join()
