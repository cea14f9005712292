"""POP3 servers and networks that misbehave: nothing is lost, doubled, or deleted too early."""

import time
from pathlib import Path
from typing import Any

import pytest
from faults import FaultPop3, Gone, Talk
from servers import make_certificate
from source_contract import Desk, a_message, subjects

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.settings import Span

from .broken import reach

ONE, TWO, THREE = (a_message(name).replace(b"\n", b"\r\n") for name in ("one", "two", "three"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    make_certificate(folder, "localhost", ["DNS:localhost", "IP:127.0.0.1"])
    return folder / "cert.pem"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def never_asked() -> str:
    raise AssertionError("the password was asked for before the line was safe")


def run_broken(server: FaultPop3, desk: Desk, after: str = "delete", **more: Any) -> str:
    with pytest.raises(Unreachable) as caught:
        desk.fetch(reach(server, after, **more))
    said = str(caught.value)
    assert f"localhost:{server.port}" in said
    assert "\n" not in said
    assert "hush-hush" not in said
    return said


# Deletion and QUIT


def test_a_line_that_breaks_at_quit_brings_nothing_twice(desk: Desk) -> None:
    class Dropping(FaultPop3):
        is_dropping = True

        def do_quit(self, talk: Talk, rest: bytes) -> None:
            if self.is_dropping:
                raise Gone
            super().do_quit(talk, rest)

    with Dropping(ONE, TWO) as server:
        assert "broke off" in run_broken(server, desk)
        assert sorted(subjects(list(desk.kept.values()))) == ["one", "two"]
        server.is_dropping = False
        assert desk.fetch(reach(server, "delete")) == []
        assert server.messages == []


def test_nothing_is_deleted_before_the_commit(desk: Desk) -> None:
    with FaultPop3(ONE, TWO) as server:
        desk.fetch(reach(server, "delete"), between=lambda: server.heard.append(b"COMMITTED"))
        commands = [line.split()[0] for line in server.heard]
        assert commands.index(b"COMMITTED") < commands.index(b"DELE")
        assert commands[-1] == b"QUIT"


def test_a_run_that_fails_later_still_quits_for_what_was_committed(desk: Desk) -> None:
    def fail() -> None:
        if len(desk.kept) > 100:
            raise OSError("the disk is full")

    with FaultPop3(*(a_message(f"m{n:03}").replace(b"\n", b"\r\n") for n in range(150))) as server:
        with pytest.raises(OSError, match="disk"):
            desk.fetch(reach(server, "delete"), between=fail)
        assert len(server.messages) == 50


# Unique ids


class NoIds(FaultPop3):
    def do_uidl(self, talk: Talk, rest: bytes) -> None:
        talk.send(b"-ERR unknown command\r\n")


def test_without_unique_ids_keep_is_refused(desk: Desk) -> None:
    with NoIds(ONE, TWO) as server:
        assert 'set after = "delete"' in run_broken(server, desk, "keep")
        assert server.said(b"RETR") == []


def test_without_unique_ids_messages_are_known_by_their_bytes(desk: Desk) -> None:
    class Dropping(NoIds):
        is_dropping = True

        def do_quit(self, talk: Talk, rest: bytes) -> None:
            if self.is_dropping:
                raise Gone
            super().do_quit(talk, rest)

    with Dropping(ONE, TWO, ONE) as server:
        run_broken(server, desk)
        assert sorted(subjects(list(desk.kept.values()))) == ["one", "two"]
        server.messages.insert(0, THREE)
        server.ids.append(b"unused")
        server.is_dropping = False
        assert subjects(desk.fetch(reach(server, "delete"))) == ["three"]
        assert server.messages == []


def test_messages_that_share_an_id_are_known_by_their_bytes(desk: Desk) -> None:
    with FaultPop3(ONE, TWO, THREE) as server:
        server.ids = [b"same", b"same", b"other"]
        assert sorted(subjects(desk.fetch(reach(server, "delete")))) == ["one", "three", "two"]
        assert server.messages == []


def test_messages_that_share_an_id_are_told_where_they_must_stay(desk: Desk) -> None:
    with FaultPop3(ONE, TWO, THREE) as server:
        server.ids = [b"same", b"same", b"other"]
        source = reach(server, "keep")
        assert subjects(desk.fetch(source)) == ["three"]
        assert ["no unique id" in failure.text for failure in source.failures()] == [True, True]


def test_renumbering_after_a_deletion_by_others_mixes_nothing_up(desk: Desk) -> None:
    with FaultPop3(ONE, TWO, THREE) as server:
        desk.fetch(reach(server, "keep"))
        del server.messages[0], server.ids[0]
        server.messages.append(a_message("four").replace(b"\n", b"\r\n"))
        server.ids.append(b"id-4")
        assert subjects(desk.fetch(reach(server, "keep"))) == ["four"]


# Messages that do not come


def test_a_message_that_is_refused_or_empty_does_not_hold_the_others(desk: Desk) -> None:
    class Refusing(FaultPop3):
        def do_retr(self, talk: Talk, rest: bytes) -> None:
            if rest == b"1":
                talk.send(b"-ERR cannot read it\r\n")
            elif rest == b"2":
                talk.send(b"+OK\r\n.\r\n")
            else:
                super().do_retr(talk, rest)

    with Refusing(ONE, TWO, THREE) as server:
        source = reach(server, "delete")
        assert subjects(desk.fetch(source)) == ["three"]
        assert [failure.key for failure in source.failures()] == ["id-1", "id-2"]
        assert server.messages == [ONE, TWO]


def test_a_body_without_its_last_dot_is_not_delivered(desk: Desk) -> None:
    class Cutting(FaultPop3):
        def do_retr(self, talk: Talk, rest: bytes) -> None:
            talk.send(b"+OK\r\n" + ONE)
            raise Gone

    with Cutting(ONE) as server:
        assert "broke off" in run_broken(server, desk)
        assert desk.kept == {}
        assert server.said(b"DELE") == []


def test_a_message_at_which_the_line_always_breaks_keeps_back_none_of_the_others(desk: Desk) -> None:
    class Poisoned(FaultPop3):
        def do_retr(self, talk: Talk, rest: bytes) -> None:
            if b"poison" in self.messages[int(rest) - 1]:
                talk.send(b"+OK\r\nSubject: poi")
                raise Gone
            super().do_retr(talk, rest)

    poison = a_message("poison").replace(b"\n", b"\r\n")
    with Poisoned(ONE, poison, TWO, poison, THREE) as server:
        for _ in range(8):
            source = reach(server, "delete")
            try:
                desk.fetch(source)
            except Unreachable:
                desk.memory = source.memory()
        assert sorted(subjects(list(desk.kept.values()))) == ["one", "three", "two"]
        assert server.messages == [poison, poison]


def test_without_top_a_message_too_large_is_told(desk: Desk) -> None:
    class NoTop(FaultPop3):
        def do_top(self, talk: Talk, rest: bytes) -> None:
            talk.send(b"-ERR unknown command\r\n")

    with NoTop(ONE + b"x\r\n" * 5000, TWO) as server:
        source = reach(server, "delete", max_size=1000)
        assert subjects(desk.fetch(source)) == ["two"]
        assert [failure.key for failure in source.failures()] == ["id-1"]
        assert len(server.messages) == 1


def test_a_message_larger_than_its_listed_size_is_not_taken_whole_and_stays(desk: Desk) -> None:
    class Lying(FaultPop3):
        def do_list(self, talk: Talk, rest: bytes) -> None:
            talk.send(b"+OK\r\n1 10\r\n.\r\n")

    with Lying(ONE + b"x\r\n" * 100_000) as server:
        came = desk.fetch(reach(server, "delete", max_size=1000))
        assert [delivery.whole for delivery in came] == [False]
        assert len(server.messages) == 1


# Lines and safety


@pytest.mark.parametrize("at", ["connect", "list"])
def test_a_silent_server_is_given_up(desk: Desk, at: str) -> None:
    class Hanging(FaultPop3):
        def talk(self, talk: Talk) -> None:
            if at == "connect":
                talk.hang()
            super().talk(talk)

        def do_list(self, talk: Talk, rest: bytes) -> None:
            talk.hang()

    with Hanging(ONE) as server:
        started = time.monotonic()
        assert "no answer within 1 s" in run_broken(server, desk, timeout=Span(1))
        ends = time.monotonic() + 1
        run_broken(server, desk, timeout=Span(50), deadline=lambda: ends - time.monotonic())
        assert time.monotonic() - started < 4


def test_a_byte_now_and_then_does_not_hold_the_run_beyond_its_deadline(desk: Desk) -> None:
    class Dripping(FaultPop3):
        def do_retr(self, talk: Talk, rest: bytes) -> None:
            talk.drip(b"+OK\r\n" + ONE, every=0.2)

    with Dripping(ONE) as server:
        ends = time.monotonic() + 1.5
        said = run_broken(server, desk, timeout=Span(1), deadline=lambda: ends - time.monotonic())
        assert time.monotonic() - ends < 2
        assert "time was over" in said


@pytest.mark.parametrize("greeting", [b"* OK IMAP4rev1\r\n", b"-ERR busy\r\n", b"\xff\x00\r\n", b""])
def test_a_greeting_that_is_none_gets_no_password(greeting: bytes) -> None:
    class Strange(FaultPop3):
        def talk(self, talk: Talk) -> None:
            talk.send(greeting)
            raise Gone

    with Strange() as server:
        assert run_broken(server, Desk(), secret=never_asked)
        assert server.said(b"PASS", b"AUTH") == []


def test_a_server_without_stls_gets_no_password(desk: Desk) -> None:
    with FaultPop3(ONE) as server:
        server.capabilities = b"UIDL\r\n"
        assert "offers no STLS" in run_broken(server, desk, secret=never_asked, security="starttls")
        assert server.said(b"USER", b"PASS", b"AUTH") == []


def test_what_was_said_before_tls_is_not_believed(desk: Desk, certificate: Path) -> None:
    class Injecting(FaultPop3):
        def do_stls(self, talk: Talk, rest: bytes) -> None:
            talk.send(b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n1 3\r\n.\r\n")
            assert self.context
            talk.start_tls(self.context)

    with Injecting(ONE, certificate=certificate) as server:
        source = reach(server, security="starttls", ca_file=str(certificate))
        assert subjects(desk.fetch(source)) == ["one"]


@pytest.mark.parametrize("implicit", [True, False])
def test_an_untrusted_certificate_gets_no_password(desk: Desk, certificate: Path, implicit: bool) -> None:
    with FaultPop3(ONE, certificate=certificate, implicit=implicit) as server:
        security = "tls" if implicit else "starttls"
        assert "not trusted" in run_broken(server, desk, secret=never_asked, security=security)
        assert server.said(b"USER", b"PASS", b"AUTH") == []


def test_plain_text_to_another_machine_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    from helpdesk_cli.mail import connection

    with FaultPop3(ONE) as server:
        monkeypatch.setattr(connection, "is_loopback", lambda line: False)
        said = run_broken(server, Desk(), secret=never_asked)
        assert "never leaves this machine unencrypted" in said
        assert server.said(b"USER", b"PASS", b"AUTH") == []


def test_a_refusal_that_repeats_the_password_is_told_without_it(desk: Desk) -> None:
    class Parrot(FaultPop3):
        def do_pass(self, talk: Talk, rest: bytes) -> None:
            talk.send(b"-ERR \x1b[31m wrong: " + rest + b"\r\n")

    with Parrot() as server:
        said = run_broken(server, desk)
        assert "refused to log in" in said
        assert said.isprintable()
