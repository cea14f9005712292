"""Who is told what: a server that refuses us needs a person at once, one that is away mostly comes back by itself."""

from pathlib import Path

import pytest
from faults import FaultImap, FaultPop3, Talk
from servers import make_certificate
from source_contract import Desk

from helpdesk_cli.errors import Refused, Unreachable

from .broken import ONE, fetch, reach

FOR_GOOD = [
    b"[AUTHENTICATIONFAILED] Invalid credentials",
    b"[AUTH] Authentication failed.",
    b"LOGIN failed",
    b"[CONTACTADMIN] Your account is locked",
]
FOR_NOW = [
    b"[UNAVAILABLE] Internal error occurred. Refer to server log",
    b"[INUSE] The mailbox is in use",
    b"[IN-USE] Do you have another session running?",
    b"[SYS/TEMP] Service not available",
    b"[LIMIT] Too many simultaneous connections",
    b"Temporary authentication failure.",
]


def why(server: FaultImap | FaultPop3, **options: str) -> Unreachable:
    """The failure with which fetching ends."""
    with server, pytest.raises(Unreachable) as told:
        fetch(reach(server, **options), Desk())
    return told.value


def refusing_imap(words: bytes) -> FaultImap:
    class Refusing(FaultImap):
        def do_login(self, talk: Talk, tag: bytes, _: list[bytes]) -> None:
            talk.send(tag + b" NO " + words + b"\r\n")

    return Refusing(ONE)


def refusing_pop3(words: bytes) -> FaultPop3:
    class Refusing(FaultPop3):
        def do_pass(self, talk: Talk, _: bytes) -> None:
            talk.send(b"-ERR " + words + b"\r\n")

    return Refusing(ONE)


@pytest.mark.parametrize("words", FOR_GOOD, ids=bytes.decode)
def test_wrong_credentials_need_a_person(words: bytes) -> None:
    assert type(why(refusing_imap(words))) is Refused
    assert type(why(refusing_pop3(words))) is Refused


@pytest.mark.parametrize("words", FOR_NOW, ids=bytes.decode)
def test_a_login_that_fails_for_now_is_a_server_that_is_away(words: bytes) -> None:
    assert type(why(refusing_imap(words))) is Unreachable
    assert type(why(refusing_pop3(words))) is Unreachable


def test_an_untrusted_certificate_needs_a_person(tmp_path: Path) -> None:
    make_certificate(tmp_path, "localhost", ["DNS:localhost"])
    certificate = tmp_path / "cert.pem"
    for implicit, security in ((True, "tls"), (False, "starttls")):
        imap = FaultImap(ONE, certificate=certificate, implicit=implicit)
        pop3 = FaultPop3(ONE, certificate=certificate, implicit=implicit)
        assert type(why(imap, security=security)) is Refused
        assert type(why(pop3, security=security)) is Refused


def test_a_server_that_breaks_off_is_away() -> None:
    class Falling(FaultImap):
        def talk(self, talk: Talk) -> None:
            talk.close()

    assert type(why(Falling(ONE))) is Unreachable
