"""IMAP servers, networks and fellow readers that misbehave: nothing is lost, doubled, or told too early."""

import time

import pytest
from faults import FaultImap, Gone, Talk
from source_contract import Desk, a_message

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.settings import Span

from .broken import ONE, THREE, TWO, fetch, never_asked, reach, run_broken


@pytest.fixture
def desk() -> Desk:
    return Desk()


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


def test_a_message_that_is_gone_is_no_failure_and_is_not_asked_for_again(desk: Desk) -> None:
    class Vanishing(FaultImap):
        def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            self.messages.pop(2, None)
            super().do_uid_fetch(talk, tag, words)

    with Vanishing(ONE, TWO, THREE) as server:
        assert fetch(reach(server), desk) == (["one", "three"], [])
        server.heard.clear()
        assert fetch(reach(server), desk) == ([], [])
        assert server.said(b"FETCH") == []


def test_a_message_without_a_size_is_told_and_asked_for_again(desk: Desk) -> None:
    class Sizeless(FaultImap):
        is_sizeless = True

        def send_facts(self, talk: Talk, uid: int) -> None:
            if uid == 2 and self.is_sizeless:
                talk.send(b"* 2 FETCH (UID 2 FLAGS ())\r\n")
            else:
                super().send_facts(talk, uid)

    with Sizeless(ONE, TWO, THREE) as server:
        came, failures = fetch(reach(server), desk)
        assert came == ["one", "three"]
        assert [failure.key for failure in failures] == ["INBOX:7:2"]
        server.is_sizeless = False
        assert fetch(reach(server), desk) == (["two"], [])


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


def test_a_silent_server_is_waited_for_once(desk: Desk) -> None:
    class Tiring(FaultImap):
        def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            if b"51" in words[0] and b"BODY" in b"".join(words):
                talk.hang()
            super().do_uid_fetch(talk, tag, words)

        def do_uid_store(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            talk.hang()

    with Tiring(*(a_message(f"m{n}").replace(b"\n", b"\r\n") for n in range(1, 61))) as server:
        started = time.monotonic()
        assert "no answer within 2 s" in run_broken(server, desk, timeout=Span(2))
        assert time.monotonic() - started < 3.5
        assert len(desk.kept) == 50


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
        assert run_broken(server, Desk(), secret=never_asked)
        assert server.said(b"LOGIN", b"AUTHENTICATE") == []


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
