"""TLS and logins over SMTP: the password is given to the right server, encrypted, or not at all."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from smtp_server import Certificate, SmtpServer, make_certificate
from transport_contract import PLAIN, no_secret

from helpdesk_cli import settings
from helpdesk_cli.errors import Refused, Unreachable
from helpdesk_cli.mail.transports import Sent
from helpdesk_cli.mail.transports.smtp import Smtp, Waits
from helpdesk_cli.mail.wire import is_loopback

USER, PASSWORD = "desk@x.test", "pä55 wörd"
SHORT = Waits(connect=5.0, command=5.0, dot=5.0)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def starttls(certificate: Certificate) -> Iterator[SmtpServer]:
    with SmtpServer(security="starttls", certificate=certificate, login=(USER, PASSWORD)) as running:
        yield running


def client(server: SmtpServer, secret: str = PASSWORD, **more: object) -> Smtp:
    known: dict[str, object] = {"host": "localhost", "port": server.port, "username": USER, **more}
    return Smtp("out", settings.Transport(**known), lambda: secret, SHORT)  # type: ignore[arg-type]


def send(way: Smtp) -> Sent:
    with way:
        return way.send("desk@x.test", "jane@y.test", PLAIN).outcome


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("without", [(), ("PLAIN",)], ids=["PLAIN", "LOGIN"])
def test_a_password_is_given_under_tls(
    certificate: Certificate, security: str, without: tuple[str, ...]
) -> None:
    with SmtpServer(
        security=security, certificate=certificate, login=(USER, PASSWORD), without_login_by=without
    ) as server:
        assert send(client(server, security=security, ca_file=certificate.path)) is Sent.SENT
    assert [(mail.login, mail.encrypted) for mail in server.mails] == [(USER, True)]


def test_a_token_is_given_by_xoauth2(certificate: Certificate) -> None:
    with SmtpServer(security="tls", certificate=certificate, token="tok-en") as server:
        way = client(server, "tok-en", security="tls", ca_file=certificate.path, oauth2_command="x")
        assert send(way) is Sent.SENT
    assert server.mails[0].login == USER


def test_a_refused_token_is_told_without_it(certificate: Certificate) -> None:
    with SmtpServer(security="tls", certificate=certificate, token="tok-en") as server:
        way = client(server, "old-token", security="tls", ca_file=certificate.path, oauth2_command="x")
        with pytest.raises(Refused, match=r"it refused to let .* in: 535 .*; check oauth2_command") as told:
            send(way)
    assert "old-token" not in str(told.value)


def test_a_refused_password_is_told_without_it(starttls: SmtpServer, certificate: Certificate) -> None:
    way = client(starttls, "wrong-pass", security="starttls", ca_file=certificate.path)
    with pytest.raises(
        Refused, match=r"refused to let desk@x.test in: 535 .*check username and password"
    ) as told:
        send(way)
    assert "wrong-pass" not in str(told.value)
    assert starttls.commands == ["STARTTLS", "AUTH"]


def test_a_password_that_the_server_repeats_is_not_told() -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        server.answers["AUTH"] = "535 no entry with hunter2 or AGRlc2tAeC50ZXN0AGh1bnRlcjI="
        with pytest.raises(Unreachable, match="535 no entry with … or …"):
            send(client(server, "hunter2", host="127.0.0.1"))


def test_a_login_that_fails_for_now_needs_no_person() -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        server.answers["AUTH"] = "454 4.7.0 Temporary authentication failure"
        with pytest.raises(Unreachable, match="Temporary authentication") as told:
            send(client(server, host="127.0.0.1"))
    assert type(told.value) is Unreachable


def test_on_this_machine_a_password_may_go_in_clear() -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        assert send(client(server, host="127.0.0.1")) is Sent.SENT
    assert server.mails[0].login == USER


def outward_address() -> str:
    """This machine's address to the world (asking sends nothing), else its loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def test_to_another_machine_a_password_never_goes_in_clear() -> None:
    address = outward_address()
    with SmtpServer(login=(USER, PASSWORD), host="0.0.0.0") as server:
        try:
            outcome = str(send(client(server, host=address)))
        except Unreachable as error:
            outcome = str(error)
    assert ("AUTH" in server.commands, "password in clear" in outcome) == (
        (True, False) if is_loopback(address) else (False, True)
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_ends_it(certificate: Certificate, security: str) -> None:
    with (
        SmtpServer(security=security, certificate=certificate, login=(USER, PASSWORD)) as server,
        pytest.raises(Unreachable, match=r"certificate is not trusted \(self.signed certificate\).*ca_file"),
    ):
        send(client(server, security=security))
    assert "AUTH" not in server.commands


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_for_another_name_ends_it(tmp_path: Path, security: str) -> None:
    other = make_certificate(tmp_path, name="elsewhere.test")
    with (
        SmtpServer(security=security, certificate=other, login=(USER, PASSWORD)) as server,
        pytest.raises(Unreachable, match=r"not trusted \(Hostname mismatch.*set host to the name"),
    ):
        send(client(server, security=security, ca_file=other.path))
    assert "AUTH" not in server.commands


def test_an_untrusted_certificate_needs_a_person(starttls: SmtpServer) -> None:
    with pytest.raises(Refused, match="its certificate is not trusted"):
        send(client(starttls, security="starttls"))


def test_a_server_without_starttls_gets_nothing() -> None:
    with (
        SmtpServer(login=(USER, PASSWORD)) as server,
        pytest.raises(Unreachable, match="it offers no STARTTLS"),
    ):
        send(client(server, security="starttls"))
    assert server.commands == []


def test_a_refused_starttls_is_no_reason_to_go_on_in_clear(
    starttls: SmtpServer, certificate: Certificate
) -> None:
    starttls.answers["STARTTLS"] = "454 4.7.0 TLS not available"
    with pytest.raises(Unreachable, match=r"454 4\.7\.0 TLS not available"):
        send(client(starttls, security="starttls", ca_file=certificate.path))
    assert starttls.commands == ["STARTTLS"]


def test_answers_slipped_in_before_tls_end_it(starttls: SmtpServer, certificate: Certificate) -> None:
    starttls.inject = b"250 mx.test\r\n"
    with pytest.raises(Unreachable, match="more than an answer to STARTTLS"):
        send(client(starttls, security="starttls", ca_file=certificate.path))


def test_tls_on_a_port_without_it_is_told() -> None:
    with SmtpServer() as server, pytest.raises(Unreachable, match=r"TLS failed .*port and security"):
        send(client(server, security="tls"))


def test_a_server_without_a_login_that_we_know_is_told() -> None:
    with (
        SmtpServer(login=(USER, PASSWORD), without_login_by=("PLAIN", "LOGIN"), token="t") as server,
        pytest.raises(Unreachable, match=r"no login by PLAIN or LOGIN \(it offers: XOAUTH2\)"),
    ):
        send(client(server, host="127.0.0.1"))


def test_a_file_of_certificates_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with SmtpServer() as server, pytest.raises(Unreachable, match=r"ca\.pem cannot be used.*PEM"):
        send(client(server, security="tls", ca_file=str(tmp_path / "ca.pem")))


def test_without_a_username_nobody_asks_for_a_password(
    starttls: SmtpServer, certificate: Certificate
) -> None:
    place = settings.Transport(
        host="localhost", port=starttls.port, security="starttls", ca_file=certificate.path
    )
    with pytest.raises(Unreachable, match=r"530 5.7.0 Authentication required; set username"):
        send(Smtp("out", place, no_secret, SHORT))
