"""Merges and splits as values: where chains lead, whom they bring together, and what is waited for after them."""

from factories import a_message, a_ticket
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain import merging
from helpdesk_cli.domain.discussion import heard
from helpdesk_cli.domain.ticket import Author, Joining

AT = "2026-11-22T12:00:00Z"
BOB = merging.author_of("bob", "Bob", "bob@staff.example")
ANN = Author(role="client", name="Ann", email="ann@client.example", client_id=1)
BEN = Author(role="client", name="Ben", email="ben@other.example", client_id=2)


# Chains


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_merges_that_are_allowed_always_lead_to_one_ticket(wishes: list[tuple[int, int]]) -> None:
    into: dict[int, int | None] = dict.fromkeys(range(10))
    for number, other in wishes:
        end = merging.end_of(other, into)
        assert end is not None
        if into[number] is None and end != number:  # what services refuse otherwise
            into[number] = end
    ends = {number: merging.end_of(number, into) for number in into}
    for number, end in ends.items():
        assert end is not None
        assert into[end] is None
        assert ends[end] == end
        assert (into[number] is None) == (end == number)


@given(st.permutations(range(8)), st.integers(0, 7))
def test_a_circle_leads_nowhere(order: list[int], start: int) -> None:
    into = {number: order[place - 1] for place, number in enumerate(order)}
    assert merging.end_of(start, into) is None


# People


@given(st.lists(st.frozensets(st.integers(0, 4)), max_size=5))
def test_people_are_brought_together_unless_they_are_the_same_everywhere(
    groups: list[frozenset[int]],
) -> None:
    together = frozenset().union(*groups)
    hears_more = any(group and group != together for group in groups)
    assert merging.brings_together(groups) == hears_more


def test_who_joined_later_hears_from_then_on() -> None:
    words = [a_message(id=place, at=f"2026-11-22T10:0{place}:00Z") for place in range(4)]
    assert [one.id for one in heard(words, "2026-11-22T10:02:00Z")] == [2, 3]
    assert [one.id for one in heard(words, words[0].at)] == [0, 1, 2, 3]
    assert [one.id for one in heard([a_message(id=9, is_public=False), *words])] == [0, 1, 2, 3]


# Merges


def test_a_merged_ticket_is_closed_with_a_note_and_remembers_where_it_was() -> None:
    source = a_ticket(number=1001, stage="in-progress", unanswered_since=AT)
    change = merging.merged(source, a_ticket(), "done", BOB, AT)
    assert (change.ticket.merged_into, change.ticket.state, change.ticket.closed_at) == (1000, "closed", AT)
    assert [event.kind for event in change.events] == ["merged", "moved"]
    assert change.events[0].data == {"into": 1000, "was": "in-progress", "unanswered_since": AT}
    assert not change.messages[0].is_public


def test_a_closed_one_keeps_its_stage_and_when_it_was_closed() -> None:
    source = a_ticket(number=1001, stage="rejected", state="closed", closed_at="2026-11-01T00:00:00Z")
    change = merging.merged(source, a_ticket(), "done", BOB, AT)
    assert (change.ticket.stage, change.ticket.closed_at) == ("rejected", "2026-11-01T00:00:00Z")
    assert [event.kind for event in change.events] == ["merged"]


def test_what_takes_in_another_counts_its_messages_and_both_notes() -> None:
    joining = [Joining(address="Ben@Other.example", since=AT)]
    change = merging.took_in(
        a_ticket(message_count=3), a_ticket(number=1001, message_count=4), joining, BOB, AT
    )
    assert change.ticket.message_count == 3 + 4 + 2
    assert change.events[0].data == {"of": 1001, "joined": ["ben@other.example"]}
    assert change.joining == tuple(joining)
    assert change.ticket.stage == "new"


def test_the_longer_wait_of_the_other_is_no_new_promise() -> None:
    source = a_ticket(number=1001, unanswered_since="2026-11-20T00:00:00Z", client_word_at=AT)
    waiting = a_ticket(unanswered_since="2026-11-21T00:00:00Z", client_word_at="2026-11-21T00:00:00Z")
    taken = merging.took_in(waiting, source, [], BOB, AT).ticket
    assert (taken.unanswered_since, taken.client_word_at) == ("2026-11-21T00:00:00Z", AT)
    taken = merging.took_in(a_ticket(), source, [], BOB, AT).ticket
    assert taken.unanswered_since == "2026-11-20T00:00:00Z"
    taken = merging.took_in(a_ticket(state="closed", stage="done"), source, [], BOB, AT).ticket
    assert taken.unanswered_since is None


# Splits

WORDS = st.lists(
    st.tuples(st.sampled_from((ANN, BEN)), st.sampled_from(("inbound", "outbound", "note"))),
    min_size=1,
    max_size=8,
)


@given(WORDS, st.data())
def test_a_split_takes_what_is_wished_and_leaves_the_rest(
    words: list[tuple[Author, str]], data: st.DataObject
) -> None:
    messages = [
        a_message(
            id=place, at=f"2026-11-22T10:0{place}:00Z", author=author, kind=kind, is_public=kind != "note"
        )
        for place, (author, kind) in enumerate(words, 1)
    ]
    first = data.draw(st.sampled_from(messages))
    taken = merging.chosen(messages, first, and_later=True)
    assert merging.chosen(messages, first, and_later=False) == (first,)
    assert taken[0] == first
    assert all(one.kind == "inbound" and one.author == first.author for one in taken[1:])
    kept = [one for one in messages if one not in taken]
    assert not any(one.id > first.id and one.kind == "inbound" and one.author == first.author for one in kept)
    old = a_ticket(message_count=len(messages), unanswered_since=messages[0].at)
    split = merging.split(old, 1001, taken, kept, "bob", AT)
    made = merging.split_off(a_ticket(number=0), taken, old, [], "bob", AT)
    assert made.taking is not None
    assert split.ticket.message_count + made.ticket.message_count == len(messages)
    assert sorted([*made.taking.messages, *(one.id for one in kept)]) == [one.id for one in messages]
    since = split.ticket.unanswered_since
    assert since is None or any(one.at == since and one.kind == "inbound" for one in kept)


def test_what_nobody_waited_for_is_not_waited_for_after_a_split() -> None:
    messages = [a_message(id=1), a_message(id=2)]
    change = merging.split(a_ticket(unanswered_since=None), 1001, messages[1:], messages[:1], "bob", AT)
    assert change.ticket.unanswered_since is None


def test_only_anothers_words_become_public_by_a_split() -> None:
    for author, is_public, becomes in (
        (BEN, False, True),
        (BEN, True, False),
        (Author(role="system"), False, False),
    ):
        message = a_message(id=5, author=author, is_public=is_public)
        made = merging.split_off(a_ticket(number=0), [message], a_ticket(), [], "bob", AT)
        assert made.taking is not None
        assert made.taking.is_public is becomes
