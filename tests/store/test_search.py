"""A search finds the same tickets on every engine, and any text can be kept and searched."""

from collections.abc import Iterator

import pytest
from factories import a_message, a_ticket
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from postgres import PostgresServer

from helpdesk_cli.domain.searching import LONG, LONGEST_TEXT
from helpdesk_cli.store import lists, open_engine, tickets
from helpdesk_cli.store.engine import Engine, Tx


def say(tx: Tx, number: int, *texts: str) -> None:
    """Put a ticket with these messages; its subject is the first word of each message's."""
    tickets.insert(tx, replace(a_ticket(number=number), client_id=None))
    for text in texts:
        subject, _, words = text.rpartition("|")
        tickets.add_message(
            tx,
            number,
            a_message(subject=subject, new_text=words, author=replace(a_message().author, client_id=None)),
        )


def found(engine: Engine, words: str) -> list[int]:
    """The tickets that a search finds."""
    with engine.read() as tx:
        wanted = lists.Wanted(search=words, order="number")
        listed = [one.ticket.number for one in lists.tickets(tx, wanted)]
        assert lists.count(tx, wanted) == len(listed)
    return sorted(listed)


DESK = {
    1: ("Drucker|Der Drucker brennt.", "Löschen Sie ihn mit Öl!", "Nein, mit Wasser."),
    2: ("STRASSE|In der Straße 5-7 steht foo-bar, nicht bar-foo.",),
    3: ("Re: foo|bar foo bar baz",),
    4: ("田中さん、プリンターが壊れました",),
    5: ("Принтер горит. Ёлка.", "Ο εκτυπωτής καίγεται, οδός"),
    6: ('a_b@c.example o\'neil C:\\temp "quoted" 100% ε*δ', "İstanbul CRÈME brûlée"),
    7: ("foobar foobaz foo_bar", "ok👍ok Ⅷ x²"),
}

SEARCHES: list[tuple[str, list[int]]] = [
    # one word, its case and accents
    ("drucker", [1]),
    ("DRUCKER", [1]),
    ("löschen", [1]),
    ("loschen", [1]),
    ("LO\u0308SCHEN", [1]),
    ("öl", [1]),
    ("straße", [2]),
    ("STRAẞE", [2]),
    ("strasse", [2]),
    ("creme brulee", [6]),
    ("istanbul", [6]),
    ("принтер", [5]),
    ("ёлка", [5]),
    ("елка", []),
    ("ΟΔΌΣ", [5]),
    ("druck", []),
    # rows of words typed without a blank
    ("foo-bar", [2, 3, 7]),
    ("bar-foo", [2, 3]),
    ("foo.bar.baz", [3]),
    ("bar.baz", [3]),
    ("foo-baz", []),
    ("a_b@c.example", [6]),
    ("b@c", [6]),
    ("b@example", []),
    ("o'neil", [6]),
    ("c:\\temp", [6]),
    ("5-7", [2]),
    ("ok👍ok", [7]),
    # a subject and a text stand next to each other, yet no phrase goes across
    ("re-foo", [3]),
    ("foo-bar-foo", []),
    ("strasse-in", []),
    # prefixes
    ("druck*", [1]),
    ("foo*", [2, 3, 7]),
    ("foob*", [7]),
    ("foo-ba*", [2, 3, 7]),
    ("foo-baz*", []),
    ("foo-*", [2, 3, 7]),
    ("лка*", []),
    ("ёл*", [5]),
    ("*", [1, 2, 3, 4, 5, 6, 7]),
    ("foo* *", [2, 3, 7]),
    ("**", [1, 2, 3, 4, 5, 6, 7]),
    ("foo**", [2, 3, 7]),
    ("*foo", [2, 3, 7]),
    ("f*o", []),
    # several words, in one message or in several
    ("drucker wasser", [1]),
    ("drucker foo", []),
    ("wasser löschen drucker brennt", [1]),
    ("принтер οδός", [5]),
    ("foo baz", [3]),
    ("foo ba*", [2, 3, 7]),
    # Chinese, Japanese: a row of characters is a word
    ("田中さん", [4]),
    ("田中", []),
    ("田中*", [4]),
    ("プリンターが壊れました", [4]),
    ("フリンターが壊れました", []),
    # nothing but signs
    ("", [1, 2, 3, 4, 5, 6, 7]),
    ("   ", [1, 2, 3, 4, 5, 6, 7]),
    ("...", []),
    ("foo ...", []),
    ("👍", []),
    ("%", []),
    ("_", []),
    ('"', []),
    ("'", []),
    ("\\", []),
    ("(", []),
    ("\0", [1, 2, 3, 4, 5, 6, 7]),
    ("\ud800", []),
    # what would be a language elsewhere
    ("AND", []),
    ("foo AND bar", []),
    ("foo OR drucker", []),
    ("NEAR(foo bar)", []),
    ("-foo", [2, 3, 7]),
    ("!foo", [2, 3, 7]),
    ("^foo", [2, 3, 7]),
    ("foo|bar", [2, 3, 7]),
    ("foo&!bar", [2, 3, 7]),
    ("foo<->bar", [2, 3, 7]),
    ("foo:*", [2, 3, 7]),
    ("subject:foo", []),
    ("'foo'", [2, 3, 7]),
    ('"foo bar"', [2, 3, 7]),
    ("100%", [6]),
    ("ε*δ", [6]),
    # no more than twenty words
    ("foo " * 20 + "drucker", [2, 3, 7]),
]


@pytest.fixture
def desk(engine: Engine) -> Engine:
    def put(tx: Tx) -> None:
        for number, texts in DESK.items():
            say(tx, number, *texts)

    engine.transact(put)
    return engine


def test_a_search_finds_the_same_tickets_everywhere(desk: Engine) -> None:
    assert [(words, found(desk, words)) for words, _ in SEARCHES] == SEARCHES


def test_what_was_said_later_is_found_at_once(desk: Engine) -> None:
    with desk.write() as tx:
        tickets.add_message(
            tx, 1, a_message(new_text="Neues", author=replace(a_message().author, client_id=None))
        )
        text, binds = tx.matching("neues")
        assert tx.rows(f"select t.number from ticket t where {text}", **binds) == [(1,)]
    assert found(desk, "neues") == [1]


LONG_TEXTS = {
    "over the limit": "pad " * (LONG // 4) + "foo-bar",
    "many places": " ".join(f"{number:x}" for number in range(16_500)) + " foo-bar",
    "one word often": "foo x " * 300 + "foo-bar",
}


@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=list(LONG_TEXTS))
def test_a_phrase_is_found_however_long_the_text(engine: Engine, text: str) -> None:
    with engine.write() as tx:
        say(tx, 1, f"Long|{text}")
    assert found(engine, "foo-bar") == [1]
    assert found(engine, "foo-ba*") == [1]
    assert found(engine, "foo") == [1]
    assert found(engine, "long") == [1]
    assert found(engine, "foo-qux") == []
    assert found(engine, "_") == []


EXTREMES = {
    "nothing": "",
    "blanks": " \t\r\n\x0b\x0c\x1c\x85\u2028",
    "NUL": "a\0b",
    "surrogates": "a\ud800b\udfff \ud83d\ude00",
    "one word": "x" * 1_000_000,
    "one word of four bytes a letter": "𝒳" * 300_000,
    "many words": " ".join(f"{number:x}" for number in range(300_000)),
    "many long words": " ".join(f"{number:0600}" for number in range(1500)),
    "one word often": "again " * 150_000,
    "letters alone": " ".join(map(chr, range(0x4E00, 0x9FA5))),
    "emoji": "👩‍👩‍👧🥰👍🏽" * 5000,
    "quotes": "'\"`´''\"\"‘’“”" * 5000,
    "backslashes": "\\" * 9999 + "'\\''a:1,2A",
    "a vector": "'a':1A,2B & !b <-> c:* | (d)",
    "every character": "".join(map(chr, range(1, 0x3000))),
}


@pytest.mark.parametrize("text", EXTREMES.values(), ids=list(EXTREMES))
def test_any_text_can_be_kept_and_searched(engine: Engine, text: str) -> None:
    with engine.write() as tx:
        say(tx, 1, f"Begin|{text}", "end")
    assert found(engine, "begin end") == [1]
    assert engine.verify() == []
    first = text.split()[:1]
    if first and first[0].isascii() and first[0].isalnum() and len(first[0]) <= LONGEST_TEXT:
        assert found(engine, first[0]) == [1]
    found(engine, text[:3000])


# Two engines side by side


@pytest.fixture(scope="module")
def pair(postgres: PostgresServer) -> Iterator[tuple[Engine, Engine]]:
    """SQLite and PostgreSQL."""
    sqlite = open_engine("sqlite::memory:")
    other = open_engine(postgres.create_database("searches"))
    for engine in (sqlite, other):
        engine.build()
    yield sqlite, other
    for engine in (sqlite, other):
        engine.close()
    postgres.drop_database("searches")


class _Undo(Exception):
    """So that the next example finds nothing."""


def both(pair: tuple[Engine, Engine], texts: list[str], words: str) -> list[object]:
    """What each engine says of a search for words in these tickets."""
    answers: list[object] = []
    for engine in pair:
        with pytest.raises(_Undo), engine.write() as tx:
            for number, text in enumerate(texts):
                say(tx, number, text)
            wanted = lists.Wanted(search=words, order="number")
            answers.append([one.ticket.number for one in lists.tickets(tx, wanted)])
            raise _Undo
    return answers


# Characters that SQLite's tables know; see tests/domain/test_searching.py.
FEW = st.text("abAÄéßΣσя田. -_'*\\\"", max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(FEW, min_size=1, max_size=6), FEW)
def test_both_find_the_same_for_whatever_is_typed(
    pair: tuple[Engine, Engine], texts: list[str], words: str
) -> None:
    sqlite, other = both(pair, texts, words)
    assert sqlite == other


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_text_at_all_is_taken(pair: tuple[Engine, Engine], text: str, words: str) -> None:
    for answer in both(pair, [text], words):
        assert answer in ([], [0])
