"""What is done to messages that are ours, on IMAP servers with few abilities or ill will."""

import pytest
from faults import FaultImap, Gone, Talk
from source_contract import Desk, Killed, a_message, subjects

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Source
from helpdesk_cli.settings import Mailbox, Span

ONE, TWO, THREE = (a_message(name).replace(b"\n", b"\r\n") for name in ("one", "two", "three"))
DELETED = rb"\Deleted"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def reach(server: FaultImap, after: str) -> Source:
    mailbox = Mailbox(
        kind="imap", host="localhost", port=server.port, security="none", after=after, timeout=Span(5)
    )
    return open_source("test", mailbox, lambda: "hush-hush", deadline=lambda: 60.0)


def test_without_move_a_message_is_copied_flagged_and_expunged_by_its_uid(desk: Desk) -> None:
    with FaultImap(ONE, TWO) as server:
        server.capabilities = b"IMAP4rev1 UIDPLUS"
        desk.fetch(reach(server, "move:Done"))
        assert server.messages == {}
        assert server.target == [ONE, TWO]


@pytest.mark.parametrize("after", ["delete", "move:Done"])
def test_without_uidplus_messages_are_flagged_and_nothing_is_expunged(desk: Desk, after: str) -> None:
    with FaultImap(ONE, TWO) as server:
        server.capabilities = b"IMAP4rev1"
        server.flags[1] = {DELETED}
        desk.fetch(reach(server, after))
        desk.fetch(reach(server, after))
        assert server.messages == {1: ONE, 2: TWO}
        assert DELETED in server.flags[2]
        assert server.said(b"EXPUNGE", b"CLOSE") == []
        assert len(server.said(b"STORE")) == 1
        assert len(server.target) == (2 if after == "move:Done" else 0)


class NoStore(FaultImap):
    """Takes copies but lets nothing be flagged."""

    capabilities = b"IMAP4rev1 UIDPLUS"
    will_store = False

    def do_uid_store(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        if self.will_store:
            super().do_uid_store(talk, tag, words)
        else:
            talk.send(tag + b" NO permission denied\r\n")


def test_a_message_is_never_copied_twice_where_it_cannot_be_removed(desk: Desk) -> None:
    with NoStore(ONE, TWO) as server:
        for _ in range(10):
            source = reach(server, "move:Done")
            desk.fetch(source)
            assert [failure.key for failure in source.failures()] == ["INBOX:7:1", "INBOX:7:2"]
        assert server.target == [ONE, TWO]
        server.will_store = True
        desk.fetch(reach(server, "move:Done"))
        assert server.messages == {}
        assert server.target == [ONE, TWO]
        assert len(desk.kept) == 2


def test_a_line_that_breaks_after_the_copy_does_not_copy_again(desk: Desk) -> None:
    class Breaking(FaultImap):
        capabilities = b"IMAP4rev1 UIDPLUS"
        is_breaking = True

        def do_uid_store(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            if self.is_breaking:
                raise Gone
            super().do_uid_store(talk, tag, words)

    with Breaking(ONE, TWO) as server:
        source = reach(server, "move:Done")
        with pytest.raises(Unreachable):
            desk.fetch(source)
        desk.memory = source.memory()
        server.is_breaking = False
        assert desk.fetch(reach(server, "move:Done")) == []
        assert server.messages == {}
        assert server.target == [ONE, TWO]


def test_one_message_that_will_not_go_does_not_hold_the_others(desk: Desk) -> None:
    class Sticky(FaultImap):
        def do_uid_move(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            if 2 in self.uids(words[0]):
                talk.send(tag + b" NO message is stuck\r\n")
            else:
                super().do_uid_move(talk, tag, words)

    with Sticky(ONE, TWO, THREE) as server:
        source = reach(server, "move:Done")
        desk.fetch(source)
        assert list(server.messages) == [2]
        assert server.target == [ONE, THREE]
        assert ["stuck" in failure.text for failure in source.failures()] == [True]


def test_a_message_that_cannot_be_copied_is_not_removed(desk: Desk) -> None:
    class Full(FaultImap):
        capabilities = b"IMAP4rev1 UIDPLUS"

        def do_uid_copy(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            if 2 in self.uids(words[0]):
                talk.send(tag + b" NO quota exceeded\r\n")
            else:
                super().do_uid_copy(talk, tag, words)

    with Full(ONE, TWO, THREE) as server:
        source = reach(server, "move:Done")
        desk.fetch(source)
        assert list(server.messages) == [2]
        assert DELETED not in server.flags.get(2, set())
        assert server.target == [ONE, THREE]
        assert ["quota" in failure.text for failure in source.failures()] == [True]


def test_a_missing_folder_is_made_where_the_server_asks_for_it(desk: Desk) -> None:
    class Fresh(FaultImap):
        made = b""

        def do_create(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            self.made = words[0]
            self.ok(talk, tag)

        def do_uid_move(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            if not self.made:
                talk.send(tag + b" NO [TRYCREATE] no such folder\r\n")
            else:
                super().do_uid_move(talk, tag, words)

    with Fresh(ONE) as server:
        desk.fetch(reach(server, "move:Done"))
        assert server.made == b'"Done"'
        assert server.target == [ONE]


def test_renumbered_between_two_sessions_nothing_is_done_by_old_numbers(desk: Desk) -> None:
    with FaultImap(ONE, TWO) as server:
        with pytest.raises(Killed):
            desk.fetch(reach(server, "delete"), die="after commit")
        server.uidvalidity = 8
        server.messages = {1: THREE, 2: ONE}
        came = desk.fetch(reach(server, "delete"), most=0)
        assert subjects(came) == ["three", "one"]
        assert server.said(b"STORE 1,2", b"STORE 1:2") == server.said(b"STORE")
        old = [key for key in desk.kept if key.startswith("INBOX:7:")]
        server.messages = {1: THREE, 2: ONE}
        server.heard.clear()
        with reach(server, "delete") as source:
            source.done(old)
        assert server.said(b"STORE", b"EXPUNGE") == []


def test_renumbered_between_fetch_and_store_nothing_is_done(desk: Desk) -> None:
    class Renumbering(FaultImap):
        def do_uid_fetch(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            super().do_uid_fetch(talk, tag, words)
            if b"BODY" in b"".join(words):
                talk.send(b"* OK [UIDVALIDITY 99] rebuilt\r\n")

        def ok(self, talk: Talk, tag: bytes, text: bytes = b"done") -> None:
            if b"FETCH" in self.heard[-1] and b"BODY" in self.heard[-1]:
                talk.send(b"* OK [UIDVALIDITY 99] rebuilt\r\n")
            super().ok(talk, tag, text)

    with Renumbering(ONE) as server:
        with pytest.raises(Unreachable, match="renumbered"):
            desk.fetch(reach(server, "delete"))
        assert len(desk.kept) == 1
        assert server.said(b"STORE", b"EXPUNGE") == []


def test_a_folder_that_is_read_only_is_told_at_once(desk: Desk) -> None:
    class ReadOnly(FaultImap):
        def do_select(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
            talk.send(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n")
            self.ok(talk, tag, b"[READ-ONLY] selected")

    with ReadOnly(ONE) as server:
        with pytest.raises(Unreachable, match=r'read-only.*after = "keep"'):
            desk.fetch(reach(server, "seen"))
        assert subjects(desk.fetch(reach(server, "keep"))) == ["one"]


def test_keep_opens_the_folder_for_reading_alone(desk: Desk) -> None:
    with FaultImap(ONE) as server:
        desk.fetch(reach(server, "keep"))
        assert server.said(b"SELECT", b"STORE") == []
        assert len(server.said(b"EXAMINE")) == 1
        assert server.said(b"BODY[]") == []


# Many messages


class Many(FaultImap):
    """A folder of 300,000 small messages, none of which is held in memory."""

    count = 300_000

    def do_select(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        talk.send(b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" % self.count)
        talk.send(b"* OK [UIDNEXT %d] x\r\n" % (self.count + 1))
        self.ok(talk, tag, b"[READ-WRITE] selected")

    def uids(self, text: bytes) -> list[int]:
        self.messages = {}
        for part in text.split(b","):
            low, _, high = part.partition(b":")
            self.messages |= dict.fromkeys(range(int(low), int(high or low) + 1), ONE)
        return list(self.messages)

    def do_uid_search(self, talk: Talk, tag: bytes, words: list[bytes]) -> None:
        low, _, high = words[0].partition(b":")
        found = range(int(low), int(high) + 1)
        talk.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in found) + b"\r\n")
        self.ok(talk, tag)


def test_a_folder_of_300000_messages_is_listed_in_bounded_lines(desk: Desk) -> None:
    with Many() as server:
        came = desk.fetch(reach(server, "keep"), most=2)
        assert [delivery.key for delivery in came] == [f"INBOX:7:{uid}" for uid in range(1, 201)]
        assert all(len(line) < 8000 for line in server.heard)
        assert len(server.said(b"SEARCH")) == 60


def test_a_folder_of_300000_messages_costs_nothing_when_nothing_is_new(desk: Desk) -> None:
    desk.memory = '{"uidvalidity":7,"next":300001,"after":"keep","max_size":50000000}'
    with Many() as server:
        assert desk.fetch(reach(server, "keep")) == []
        assert server.said(b"SEARCH", b"FETCH") == []
        server.count += 3
        server.heard.clear()
        assert len(desk.fetch(reach(server, "keep"))) == 3
        assert len(server.said(b"SEARCH")) == 1
        assert len(server.said(b"FETCH")) == 2
