"""What an IMAP server learns of us before the line to it is safe: nothing."""

from pathlib import Path

import pytest
from faults import FaultImap, Talk
from servers import make_certificate
from source_contract import Desk

from .broken import ONE, fetch, never_asked, reach, run_broken


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    make_certificate(folder, "localhost", ["DNS:localhost", "IP:127.0.0.1"])
    return folder / "cert.pem"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_preauth_greeting_gets_nothing(desk: Desk, certificate: Path) -> None:
    class Preauth(FaultImap):
        greeting = b"* PREAUTH welcome\r\n"

    for security in ("starttls", "none"):
        with Preauth(ONE, certificate=certificate) as server:
            said = run_broken(server, desk, secret=never_asked, security=security, ca_file=str(certificate))
            assert "PREAUTH" in said
            assert server.said(b"LOGIN", b"AUTHENTICATE", b"SELECT") == []


def test_a_server_without_starttls_gets_no_password(desk: Desk, certificate: Path) -> None:
    with FaultImap(ONE) as server:
        server.capabilities = b"IMAP4rev1"
        said = run_broken(server, desk, secret=never_asked, security="starttls", ca_file=str(certificate))
        assert "offers no STARTTLS" in said
        assert server.said(b"LOGIN", b"AUTHENTICATE", b"STARTTLS") == []


def test_a_refused_starttls_gets_no_password(desk: Desk) -> None:
    class Refusing(FaultImap):
        def do_starttls(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            talk.send(tag + b" NO not today\r\n")

    with Refusing(ONE) as server:
        run_broken(server, desk, secret=never_asked, security="starttls")
        assert server.said(b"LOGIN", b"AUTHENTICATE") == []


def test_what_was_said_before_tls_is_not_believed(desk: Desk, certificate: Path) -> None:
    class Injecting(FaultImap):
        def do_starttls(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            number = int(tag[-1:]) + 1
            fake = b"%s%d OK [CAPABILITY IMAP4rev1 LOGINDISABLED] fake\r\n" % (tag[:-1], number)
            talk.send(tag + b" OK begin\r\n* 5 EXISTS\r\n* CAPABILITY IMAP4rev1 X-FAKE\r\n" + fake)
            assert self.context
            talk.start_tls(self.context)

    with Injecting(ONE, certificate=certificate) as server:
        came, _ = fetch(reach(server, security="starttls", ca_file=str(certificate)), desk)
        assert came == ["one"]
        assert server.said(b"X-FAKE") == []
        assert [line for line in server.heard if b"CAPABILITY" in line] != server.heard[:1]


@pytest.mark.parametrize("implicit", [True, False])
def test_an_untrusted_certificate_gets_no_password(desk: Desk, certificate: Path, implicit: bool) -> None:
    with FaultImap(ONE, certificate=certificate, implicit=implicit) as server:
        said = run_broken(server, desk, secret=never_asked, security="tls" if implicit else "starttls")
        assert "not trusted" in said
        assert server.said(b"LOGIN", b"AUTHENTICATE") == []


@pytest.mark.parametrize("implicit", [True, False])
def test_a_certificate_for_another_name_gets_no_password(desk: Desk, tmp_path: Path, implicit: bool) -> None:
    make_certificate(tmp_path, "other", ["DNS:other.test"])
    certificate = tmp_path / "cert.pem"
    with FaultImap(ONE, certificate=certificate, implicit=implicit) as server:
        said = run_broken(
            server,
            desk,
            secret=never_asked,
            security="tls" if implicit else "starttls",
            ca_file=str(certificate),
        )
        assert "for another name" in said
        assert server.said(b"LOGIN", b"AUTHENTICATE") == []


def test_plain_text_to_another_machine_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    from helpdesk_cli.mail import connection

    with FaultImap(ONE) as server:
        monkeypatch.setattr(connection, "is_loopback", lambda line: False)
        said = run_broken(server, Desk(), secret=never_asked)
        assert "never leaves this machine unencrypted" in said
        assert server.said(b"LOGIN", b"AUTHENTICATE") == []


def test_loopback_is_told_from_the_other_ends_address() -> None:
    import socket

    from helpdesk_cli.mail.connection import is_loopback

    class Line(socket.socket):
        peer: tuple[str, int]

        def getpeername(self) -> tuple[str, int]:
            return self.peer

    with Line() as line:
        for address, is_here in (
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("192.0.2.1", False),
            ("::ffff:192.0.2.1", False),
            ("fe80::1%eth0", False),
        ):
            line.peer = (address, 143)
            assert is_loopback(line) is is_here, address


def test_a_refusal_that_repeats_the_password_is_told_without_it(desk: Desk) -> None:
    class Parrot(FaultImap):
        def do_login(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            talk.send(tag + b" NO [AUTHENTICATIONFAILED] \x1b[31mbad password hush-hush\r\n")

    with Parrot() as server:
        said = run_broken(server, desk)
        assert "AUTHENTICATIONFAILED" in said
        assert said.isprintable()


def test_a_server_that_takes_no_password_gets_none(desk: Desk) -> None:
    with FaultImap() as server:
        server.capabilities = b"IMAP4rev1 LOGINDISABLED"
        assert "refuses passwords" in run_broken(server, desk)
        assert server.said(b"LOGIN", b"AUTHENTICATE") == []


def test_user_name_and_password_are_quoted_both(desk: Desk) -> None:
    with FaultImap(ONE) as server:
        source = reach(server, username='jane "\\x" {3}', secret=lambda: 'a "b\\c" )')
        assert fetch(source, desk) == (["one"], [])
        login = server.said(b"LOGIN")[0].partition(b" ")[2]
        assert login == rb'LOGIN "jane \"\\x\" {3}" "a \"b\\c\" )"'
