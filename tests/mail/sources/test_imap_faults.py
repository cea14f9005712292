"""IMAP servers, networks and fellow readers that misbehave: nothing is lost, doubled, or told too early."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults import FaultImap, Gone, Talk
from servers import make_certificate
from source_contract import Desk, a_message, subjects

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Failure, Source
from helpdesk_cli.settings import Mailbox, Span

ONE, TWO, THREE = (a_message(name).replace(b"\n", b"\r\n") for name in ("one", "two", "three"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    make_certificate(folder, "localhost", ["DNS:localhost", "IP:127.0.0.1"])
    return folder / "cert.pem"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def reach(
    server: FaultImap,
    after: str = "keep",
    *,
    secret: Callable[[], str] = lambda: "hush-hush",
    deadline: Callable[[], float] = lambda: 60.0,
    **more: Any,
) -> Source:
    options: dict[str, Any] = {
        "kind": "imap",
        "host": "localhost",
        "port": server.port,
        "security": "none",
        "username": "support@x.test",
        "after": after,
        "timeout": Span(5),
    }
    return open_source("test", Mailbox(**(options | more)), secret, deadline=deadline)


def fetch(source: Source, desk: Desk) -> tuple[list[str], list[Failure]]:
    """One run: the subjects that came, and the failures."""
    return subjects(desk.fetch(source)), list(source.failures())


def never_asked() -> str:
    raise AssertionError("the password was asked for before the line was safe")


# Bodies that do not come as announced


@pytest.mark.parametrize("answer", [b'""', b"NIL", b"{0}\r\n", b"{4}\r\nFrom", b'"From: x"'])
def test_an_empty_or_short_body_is_no_message_and_comes_in_the_next_run(desk: Desk, answer: bytes) -> None:
    class Early(FaultImap):
        is_early = True

        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            if uid == 2 and self.is_early:
                talk.send(b"* 2 FETCH (UID 2 BODY[] " + answer + b")\r\n")
            else:
                super().send_body(talk, uid, asked)

    with Early(ONE, TWO, THREE) as server:
        came, failures = fetch(reach(server, "delete"), desk)
        assert came == ["one", "three"]
        assert [failure.key for failure in failures] == ["INBOX:7:2"]
        assert list(server.messages) == [2]
        server.is_early = False
        assert fetch(reach(server, "delete"), desk) == (["two"], [])
        assert server.messages == {}


def test_a_body_that_always_has_another_length_than_announced_is_taken_in_the_second_run(desk: Desk) -> None:
    class Miscounting(FaultImap):
        def send_facts(self, talk: Talk, uid: int) -> None:
            talk.send(b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, uid, len(self.messages[uid]) + 9))

    with Miscounting(ONE, TWO) as server:
        came, failures = fetch(reach(server), desk)
        assert came == []
        assert len(failures) == 2
        assert fetch(reach(server), desk) == (["one", "two"], [])
        assert fetch(reach(server), desk) == ([], [])


def test_a_message_that_always_fails_does_not_hold_up_later_ones_nor_is_it_forgotten(desk: Desk) -> None:
    class Broken(FaultImap):
        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            if uid == 1:
                talk.send(b"* 1 FETCH (UID 1 BODY[] NIL)\r\n")
            else:
                super().send_body(talk, uid, asked)

    with Broken(ONE, TWO) as server:
        assert fetch(reach(server), desk)[0] == ["two"]
        server.messages[3] = THREE
        assert fetch(reach(server), desk)[0] == ["three"]
        server.heard.clear()
        came, failures = fetch(reach(server), desk)
        assert (came, [failure.key for failure in failures]) == ([], ["INBOX:7:1"])
        assert server.said(b"SEARCH") == []


@pytest.mark.parametrize(
    "answer",
    [
        b"* 2 FETCH (UID 2 BODY[] {3}\r\nabc) FLAGS)\r\n",
        b"* 2 FETCH (UID\r\n",
        b"* 2 FETCH " + b"(" * 3000 + b"\r\n",
    ],
)
def test_an_unreadable_answer_fails_one_message_alone(desk: Desk, answer: bytes) -> None:
    class Garbling(FaultImap):
        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            if uid == 2:
                talk.send(answer)
            else:
                super().send_body(talk, uid, asked)

    with Garbling(ONE, TWO, THREE) as server:
        came, failures = fetch(reach(server), desk)
        assert came == ["one", "three"]
        assert [failure.key for failure in failures] == ["INBOX:7:2"]


def test_answers_nobody_asked_for_change_nothing(desk: Desk) -> None:
    class Chatty(FaultImap):
        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            talk.send(b"* 2 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n* 1 FETCH (UID 99 BODY[] {3}\r\nabc)\r\n")
            super().send_body(talk, uid, asked)
            talk.send(b"* 1 FETCH (FLAGS (\\Answered))\r\n* OK still here\r\n* 9 EXPUNGE\r\n")

    with Chatty(ONE, TWO) as server:
        assert fetch(reach(server), desk) == (["one", "two"], [])


def test_a_header_line_of_three_million_bytes(desk: Desk) -> None:
    long = b"X-Long: " + b"x" * 3_000_000 + b"\r\n" + ONE
    with FaultImap(long, TWO) as server:
        assert fetch(reach(server), desk) == (["one", "two"], [])
        assert next(iter(desk.kept.values())).raw == long
        desk.kept, desk.memory = {}, ""
        came = desk.fetch(reach(server, max_size=1_000_000))
        assert [(delivery.whole, len(delivery.raw)) for delivery in came] == [
            (False, 1_000_000),
            (True, len(TWO)),
        ]


def test_a_server_that_ignores_pieces_fails_that_message_alone(desk: Desk) -> None:
    class Whole(FaultImap):
        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            super().send_body(talk, uid, b"BODY.PEEK[]")

    large = ONE + b"x" * 5_000_000
    with Whole(large, TWO) as server:
        came, failures = fetch(reach(server), desk)
        assert came == ["two"]
        assert [failure.key for failure in failures] == ["INBOX:7:1"]


# Lines that break or fall silent


def run_broken(server: FaultImap, desk: Desk, **more: Any) -> str:
    with pytest.raises(Unreachable) as caught:
        desk.fetch(reach(server, "delete", **more))
    said = str(caught.value)
    assert f"localhost:{server.port}" in said
    assert "\n" not in said
    assert "hush-hush" not in said
    return said


def test_a_line_cut_in_the_middle_of_a_body_delivers_nothing_of_it(desk: Desk) -> None:
    class Cutting(FaultImap):
        is_cutting = True

        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            if self.is_cutting:
                talk.send(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s" % (len(ONE), ONE[:30]))
                raise Gone
            super().send_body(talk, uid, asked)

    with Cutting(ONE, TWO) as server:
        assert "broke off" in run_broken(server, desk)
        assert desk.kept == {}
        assert server.said(b"STORE", b"EXPUNGE", b"MOVE") == []
        server.is_cutting = False
        assert fetch(reach(server, "delete"), desk)[0] == ["one", "two"]


def test_a_message_at_which_the_line_always_breaks_keeps_back_none_of_the_others(desk: Desk) -> None:
    class Poisoned(FaultImap):
        poison = (7, 60)

        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            if uid in self.poison:
                talk.send(b"* %d FETCH (UID %d BODY[] {3}\r\n%s)\r\n" % (uid, uid, b"x\r\n" * 9))
                raise Gone
            super().send_body(talk, uid, asked)

    def run(server: FaultImap) -> str:
        source = reach(server, "delete")
        try:
            desk.fetch(source)
        except Unreachable as error:
            desk.memory = source.memory()
            return str(error)
        return ""

    messages = [a_message(f"m{number:03}").replace(b"\n", b"\r\n") for number in range(1, 131)]
    with Poisoned(*messages) as server:
        for _ in range(8):
            assert run(server)
        assert sorted(server.messages) == [7, 60]
        assert len(desk.kept) == 128
        server.messages[131] = THREE
        run(server)
        assert 131 not in server.messages
        server.poison = ()
        assert run(server) == ""
        assert server.messages == {}
        assert len(desk.kept) == 131


def test_what_came_before_the_line_broke_is_delivered(desk: Desk) -> None:
    class Breaking(FaultImap):
        def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            if b"51" in words[0] and b"BODY" in b"".join(words):
                raise Gone
            super().do_uid_fetch(talk, tag, words)

    with Breaking(*(a_message(f"m{n}").replace(b"\n", b"\r\n") for n in range(1, 61))) as server:
        run_broken(server, desk)
        assert len(desk.kept) == 50


class Hanging(FaultImap):
    """Falls silent at a step."""

    at = ""

    def talk(self, talk: Talk) -> None:
        if self.at == "connect":
            talk.hang()
        super().talk(talk)

    def do_select(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        if self.at == "after login":
            talk.hang()
        super().do_select(talk, tag, words)

    def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
        if self.at == "in a body":
            talk.send(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s" % (len(ONE), ONE[:30]))
            talk.hang()
        super().send_body(talk, uid, asked)


@pytest.mark.parametrize("at", ["connect", "after login", "in a body"])
def test_a_silent_server_is_given_up_after_the_timeout(desk: Desk, at: str) -> None:
    with Hanging(ONE) as server:
        server.at = at
        started = time.monotonic()
        assert "no answer within 1 s" in run_broken(server, desk, timeout=Span(1))
        assert time.monotonic() - started < 3


@pytest.mark.parametrize("at", ["connect", "after login", "in a body"])
def test_a_silent_server_is_given_up_at_the_deadline(desk: Desk, at: str) -> None:
    with Hanging(ONE) as server:
        server.at = at
        ends = time.monotonic() + 1
        said = run_broken(server, desk, timeout=Span(60), deadline=lambda: ends - time.monotonic())
        assert time.monotonic() - ends < 2
        assert "no answer" in said or "time was over" in said


def test_a_byte_now_and_then_does_not_hold_the_run_beyond_its_deadline(desk: Desk) -> None:
    class Dripping(FaultImap):
        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            talk.drip(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s" % (len(ONE), ONE), every=0.2)

    with Dripping(ONE) as server:
        ends = time.monotonic() + 1.5
        said = run_broken(server, desk, timeout=Span(1), deadline=lambda: ends - time.monotonic())
        assert time.monotonic() - ends < 2
        assert "time was over" in said


@pytest.mark.parametrize(
    "greeting",
    [
        b"220 smtp.x.test ESMTP\r\n",
        b"* BYE too many connections\r\n",
        b"\xff\x00\x01\r\n",
        b"x" * 5000 + b"\r\n",
        b"\r\n",
    ],
)
def test_a_greeting_that_is_none_gets_no_password(greeting: bytes) -> None:
    class Strange(FaultImap):
        def talk(self, talk: Talk) -> None:
            talk.send(greeting)
            self.heard.append(talk.hear())

    with Strange() as server:
        run_broken(server, Desk(), secret=never_asked)


def test_bye_in_the_middle_is_told(desk: Desk) -> None:
    class Leaving(FaultImap):
        def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            talk.send(b"* BYE shutting down for maintenance\r\n")
            raise Gone

    with Leaving(ONE) as server:
        assert "shutting down" in run_broken(server, desk)


def test_a_body_larger_than_memory_should_hold_is_refused_at_its_announcement(desk: Desk) -> None:
    class Boasting(FaultImap):
        def send_body(self, talk: Talk, uid: int, asked: bytes) -> None:
            talk.send(b"* 1 FETCH (UID 1 BODY[] {9999999999999}\r\n")
            talk.hang()

    with Boasting(ONE) as server:
        started = time.monotonic()
        assert "more than was asked for" in run_broken(server, desk)
        assert time.monotonic() - started < 3


def test_a_server_that_never_stops_talking_is_hung_up_on(desk: Desk) -> None:
    class Endless(FaultImap):
        def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            while True:
                talk.send(b"* OK " + b"x" * 900_000 + b"\r\n")

    with Endless(ONE) as server:
        assert "more than was asked for" in run_broken(server, desk)


def test_a_server_that_is_not_there() -> None:
    with FaultImap() as server:
        pass
    assert "nothing listens there" in run_broken(server, Desk())


def test_a_name_that_is_none() -> None:
    with FaultImap() as server, pytest.raises(Unreachable, match="the name is unknown"):
        Desk().fetch(reach(server, host="a..b"))


# Safety of the line


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
