"""Whatever is merged, undone, split and said in any order: nothing is lost or doubled, and nobody reads too much."""

import itertools
import re
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from helpdesk_cli.errors import Failed
from helpdesk_cli.services import mailroom, merging, splitting, tickets, views
from helpdesk_cli.store import facts, ties
from helpdesk_cli.store import tickets as rows

_ROUNDS = itertools.count(1)
_WORDS = itertools.count(1)

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("merge", "undo", "split", "say", "answer")),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=10,
)


class Story:
    """Three clients with tickets of their own, and who was there when each word was said."""

    def __init__(self, office: Any) -> None:
        self.office, self.bob = office, office.by("bob")
        self.round = next(_ROUNDS)
        self.numbers: list[int] = []
        self.readers: dict[str, set[str]] = {}
        for name in ("ann", "ben", "cat", "ann"):
            self.mail(f"{name}{self.round}@client.example", "Printer")

    def mail(self, sender: str, subject: str) -> None:
        """Somebody writes a word that nobody wrote before."""
        self.office.passes(minutes=1)
        word = f"word{next(_WORDS)}x"
        entry = self.office.mail(
            f"From: {sender}\r\nTo: support@desk.example\r\nSubject: {subject}\r\n"
            f"Message-ID: <{word}@client.example>\r\n\r\n{word}\r\n",
            arrived_at=self.office.now,
        )
        if entry.ticket not in self.numbers:
            self.numbers.append(entry.ticket)
        self.readers[word] = set(self.people(entry.ticket))

    def people(self, number: int) -> list[str]:
        with self.office.desk.engine.read() as tx:
            return [one.address for one in ties.people(tx, number)]

    def end(self, number: int) -> int:
        with self.office.desk.engine.read() as tx:
            end, known = ties.end(tx, number), facts.known(tx, number)
        assert end is not None
        assert known is not None
        assert known.number == end
        return end

    def merge(self, one: int, other: int) -> None:
        merging.merge(self.bob, [one], other, across_clients=True)

    def undo(self, one: int, _: int) -> None:
        merging.undo(self.bob, [one])

    def split(self, one: int, place: int) -> None:
        messages = self.office.messages(one)
        made = splitting.split(self.bob, one, messages[place % len(messages)].id, and_later=place % 2 == 0)
        self.numbers.append(made)

    def say(self, one: int, place: int) -> None:
        people = self.people(self.end(one))
        self.mail(people[place % len(people)], f"Re: [HD-{one}] Printer")

    def answer(self, one: int, _: int) -> None:
        """Staff answer; nobody reads in it what was said while they were not there."""
        self.office.passes(minutes=1)
        word = f"word{next(_WORDS)}x"
        before = len(self.office.letters())
        tickets.reply(self.bob, one, tickets.Answer(text=word))
        self.readers[word] = set(self.people(one))
        for letter in self.office.letters()[before:]:
            raw = mailroom.letter_raw(self.office.desk, letter.id).decode()
            for each in set(re.findall(r"word\d+x", raw)):
                assert letter.recipient in self.readers.get(each, ()), (letter.recipient, each)

    def do(self, deed: str, one: int, other: int) -> None:
        self.office.passes(minutes=1)
        merged = [number for number in self.numbers if self.end(number) != number]
        leading = [number for number in self.numbers if number not in merged]
        among = {"undo": merged, "say": self.numbers}.get(deed, leading)
        if not among:
            return
        number = among[one % len(among)]
        second = self.numbers[other % len(self.numbers)] if deed == "merge" else other
        try:
            getattr(self, deed)(number, second)
        except Failed:
            return  # a circle, or a message that cannot be split off: nothing was changed

    def check(self) -> None:
        """Each word is on one page, whose number of messages is the ticket's."""
        said: list[str] = []
        for number in self.numbers:
            ticket = self.office.ticket(number)
            assert self.office.ticket(self.end(number)).merged_into is None
            assert (ticket.state == "closed") == (ticket.merged_into is not None)
            page = views.whole(self.office.desk, number).messages
            assert ticket.message_count == len(page)
            with self.office.desk.engine.read() as tx:
                family = (number, *ties.family(tx, number))
                own = [one.id for each in family for one in rows.messages(tx, each)]
            assert sorted(own) == sorted(one.id for one in page)
            if ticket.merged_into is None:
                self.answer(number, 0)
                page = views.whole(self.office.desk, number).messages
                said += [found for one in page for found in re.findall(r"word\d+x", one.new_text)]
        assert sorted(said) == sorted(self.readers)


@hypothesis(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a desk grows; to shrink a story takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(DEEDS)
def test_nothing_is_lost_or_doubled_and_nobody_reads_what_was_not_said_to_them(
    office: Any, deeds: list[tuple[str, int, int]]
) -> None:
    story = Story(office)
    for deed in deeds:
        story.do(*deed)
    story.check()
