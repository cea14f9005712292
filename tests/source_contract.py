"""What every kind of mailbox promises, as tests that each kind inherits."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import pytest

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources.contract import BATCH_BYTES, BATCH_COUNT, HEAD_BYTES, Delivery, Source
from helpdesk_cli.settings import Size


def a_message(name: str, body: bytes = b"The text.\n") -> bytes:
    """A small mail with LF line ends; ``name`` is its subject."""
    return f"From: jane@x.test\nMessage-ID: <{name}@x.test>\nSubject: {name}\n\n".encode() + body


def bare(raw: bytes) -> bytes:
    """A message without regard to its line ends and to empty lines at its end."""
    return raw.replace(b"\r\n", b"\n").rstrip(b"\n")


def subjects(deliveries: Sequence[Delivery]) -> list[str]:
    return [
        line.removeprefix(b"Subject: ").decode()
        for delivery in deliveries
        for line in bare(delivery.raw).split(b"\n")
        if line.startswith(b"Subject: ")
    ]


class Killed(Exception):
    """The run ends here, as if the process had been killed."""


class Desk:
    """The other side of a mailbox: keeps what is committed, and the memory from run to run."""

    def __init__(self) -> None:
        self.kept: dict[str, Delivery] = {}
        self.memory = ""

    def known(self, keys: Sequence[str]) -> frozenset[str]:
        assert len(keys) <= 1000, "a query cannot hold that many keys"
        return frozenset(key for key in keys if key in self.kept)

    def fetch(
        self,
        source: Source,
        *,
        die: str = "",
        most: int = 10**9,
        between: Callable[[], object] = lambda: None,
    ) -> list[Delivery]:
        """One run; ``die`` is "before commit" or "after commit", ``most`` a limit on the batches.

        ``between`` is called between the commit of each batch and its ``done``.
        """
        came: list[Delivery] = []
        with source:
            for number, batch in enumerate(source.waiting(self.known, self.memory), 1):
                assert 0 < len(batch) <= BATCH_COUNT
                came += batch
                if die == "before commit":
                    raise Killed
                for delivery in batch:
                    assert delivery.key not in self.kept, f"{delivery.key} came twice"
                    self.kept[delivery.key] = delivery
                if die == "after commit":
                    raise Killed
                between()
                source.done([delivery.key for delivery in batch])
                if number >= most:
                    break
            self.memory = source.memory()
        return came


class Box(ABC):
    """A mailbox of some kind, from its server's side."""

    @abstractmethod
    def put(self, *messages: bytes) -> None:
        """Deliver, in this order."""

    @abstractmethod
    def open(
        self,
        after: str = "keep",
        *,
        max_size: int = 50_000_000,
        deadline: Callable[[], float] = lambda: 600.0,
    ) -> Source:
        """Our way in."""

    @abstractmethod
    def left(self) -> list[str]:
        """The subjects of what is still there, sorted."""

    @abstractmethod
    def read_all(self) -> None:
        """Somebody else reads every message, which leaves flags."""


class SourceContract:
    """Inherited by each kind, which gives ``box``."""

    @pytest.fixture
    def box(self) -> Box:
        raise NotImplementedError

    @pytest.fixture
    def desk(self) -> Desk:
        return Desk()

    def test_every_message_comes_once_oldest_first_and_unchanged(self, box: Box, desk: Desk) -> None:
        messages = [a_message(f"m{number}") for number in range(5)]
        box.put(*messages)
        came = desk.fetch(box.open())
        assert [bare(delivery.raw) for delivery in came] == [bare(message) for message in messages]
        assert all(delivery.whole and delivery.size == len(delivery.raw) for delivery in came)
        assert desk.fetch(box.open()) == []

    def test_an_empty_mailbox_gives_nothing(self, box: Box, desk: Desk) -> None:
        box.put()
        assert desk.fetch(box.open()) == []

    def test_what_arrives_between_two_runs_comes_in_the_second(self, box: Box, desk: Desk) -> None:
        box.put(a_message("one"))
        desk.fetch(box.open())
        box.put(a_message("two"), a_message("three"))
        assert subjects(desk.fetch(box.open())) == ["two", "three"]
        assert len(box.left()) == 3

    def test_delete_empties_the_mailbox(self, box: Box, desk: Desk) -> None:
        box.put(a_message("one"), a_message("two"))
        assert len(desk.fetch(box.open("delete"))) == 2
        assert box.left() == []
        assert desk.fetch(box.open("delete")) == []

    def test_a_run_killed_after_the_commit_is_told_to_the_server_by_the_next(
        self, box: Box, desk: Desk
    ) -> None:
        box.put(a_message("one"), a_message("two"))
        with pytest.raises(Killed):
            desk.fetch(box.open("delete"), die="after commit")
        assert box.left() == ["one", "two"]
        assert desk.fetch(box.open("delete")) == []
        assert box.left() == []

    def test_a_run_killed_before_the_commit_loses_nothing(self, box: Box, desk: Desk) -> None:
        box.put(a_message("one"), a_message("two"))
        with pytest.raises(Killed):
            desk.fetch(box.open("delete"), die="before commit")
        assert box.left() == ["one", "two"]
        assert subjects(desk.fetch(box.open("delete"))) == ["one", "two"]
        assert box.left() == []

    def test_flags_of_another_reader_change_nothing(self, box: Box, desk: Desk) -> None:
        box.put(a_message("one"), a_message("two"))
        box.read_all()
        assert len(desk.fetch(box.open())) == 2
        box.put(a_message("three"))
        box.read_all()
        assert subjects(desk.fetch(box.open())) == ["three"]
        desk.memory = ""
        assert desk.fetch(box.open()) == []

    @pytest.mark.parametrize("memory", ["", "nonsense", "{}", '{"next": 10}', "[" * 10_000, "null"])
    def test_a_lost_or_damaged_memory_neither_loses_nor_doubles(
        self, box: Box, desk: Desk, memory: str
    ) -> None:
        box.put(a_message("one"), a_message("two"))
        desk.fetch(box.open())
        box.put(a_message("three"))
        desk.memory = memory
        assert subjects(desk.fetch(box.open())) == ["three"]

    def test_a_message_too_large_comes_as_its_beginning_and_stays(self, box: Box, desk: Desk) -> None:
        large = a_message("large", b"0123456789abcde\n" * 20_000)
        box.put(a_message("one"), large, a_message("two"))
        came = desk.fetch(box.open("delete", max_size=100_000))
        assert sorted(subjects(came)) == ["large", "one", "two"]
        part = next(delivery for delivery in came if not delivery.whole)
        assert part.size >= len(large)
        assert bare(large).startswith(bare(part.raw))
        assert HEAD_BYTES <= len(part.raw) <= HEAD_BYTES + 200
        assert box.left() == ["large"]
        assert desk.fetch(box.open("delete", max_size=100_000)) == []
        assert box.left() == ["large"]

    @pytest.mark.parametrize("after", ["keep", "delete"])
    def test_a_message_too_large_comes_whole_once_the_limit_is_raised(
        self, box: Box, desk: Desk, after: str
    ) -> None:
        large = a_message("large", b"0123456789abcde\n" * 20_000)
        box.put(large)
        desk.fetch(box.open(after, max_size=100_000))
        came = desk.fetch(box.open(after))
        assert [bare(delivery.raw) for delivery in came] == [bare(large)]
        assert box.left() == (["large"] if after == "keep" else [])

    def test_a_run_that_stops_early_is_continued_by_the_next(self, box: Box, desk: Desk) -> None:
        box.put(*(a_message(f"m{number:03}") for number in range(230)))
        first = desk.fetch(box.open(), most=1)
        rest = desk.fetch(box.open())
        assert len(first) == BATCH_COUNT
        assert subjects([*first, *rest]) == [f"m{number:03}" for number in range(230)]

    def test_batches_are_bounded_in_bytes(self, box: Box, desk: Desk) -> None:
        box.put(*(a_message(f"m{n}", b"0123456789abcde\n" * 190_000) for n in range(4)))
        with box.open() as source:
            sizes = [sum(len(d.raw) for d in batch) for batch in source.waiting(desk.known, "")]
        assert len(sizes) == 2
        assert max(sizes) <= BATCH_BYTES

    @pytest.mark.parametrize(
        "body",
        [
            b".\n..\n.leading\n\n.\n",
            b"caf\xe9 \xff\xfe\n",
            b"x" * 300_000 + b"\n",
            b">From one\n\nFrom here on\n>>From two\n",
            b"{100}\n)\nA1 OK done\n+OK\n-ERR\n",
        ],
    )
    def test_bytes_come_as_they_were_sent(self, box: Box, desk: Desk, body: bytes) -> None:
        message = a_message("odd", body)
        box.put(message, a_message("after"))
        came = desk.fetch(box.open())
        assert [bare(delivery.raw) for delivery in came] == [bare(message), bare(a_message("after"))]

    def test_a_run_out_of_time_says_so_and_the_next_goes_on(self, box: Box, desk: Desk) -> None:
        box.put(*(a_message(f"m{number:03}") for number in range(230)))
        left = [600.0]
        source = box.open(deadline=lambda: sum(left))
        with pytest.raises(Unreachable, match="time was over"):
            desk.fetch(source, between=left.clear)
        came = len(desk.kept)
        assert 0 < came < 230
        assert len(desk.fetch(box.open())) == 230 - came

    def test_a_size_from_the_settings_is_taken_as_it_is(self, box: Box, desk: Desk) -> None:
        box.put(a_message("one"))
        assert len(desk.fetch(box.open(max_size=Size(1_000_000)))) == 1
