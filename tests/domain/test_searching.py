"""Which words a text has: the same ones as in SQLite's search."""

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.searching import (
    LONG,
    LONGEST_TEXT,
    LONGEST_WORD,
    MOST_OF_ONE,
    MOST_PLACES,
    phrase_of,
    vector_of,
    words_of,
)
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Engine

WORDS = [
    ("", []),
    ("-- ", []),
    ("Hello, World!", ["hello", "world"]),
    ("foo-bar_baz.qux", ["foo", "bar", "baz", "qux"]),
    ("it's", ["it", "s"]),
    ("a@b.example", ["a", "b", "example"]),
    ("HD-1000 4711x x²½", ["hd", "1000", "4711x", "x²½"]),
    ("MÜLLER Müller müller Mu\u0308ller", ["muller"] * 4),
    ("Straße STRAẞE", ["straße", "straße"]),
    ("Łódź Øre Đak ệ", ["łodz", "øre", "đak", "e"]),
    ("İstanbul ISTANBUL ılık", ["istanbul", "istanbul", "ılık"]),
    ("ΟΔΟΣ οδος οδός", ["οδοσ", "οδοσ", "οδόσ"]),
    ("ЁЛКА ёлка елка", ["ёлка", "ёлка", "елка"]),
    ("Й и\u0306", ["й", "и"]),
    ("田中さん、こんにちは", ["田中さん", "こんにちは"]),
    ("ガイド カイト", ["ガイド", "カイト"]),
    ("한국어", ["한국어"]),
    ("שָׁלוֹם", ["ש", "לו", "ם"]),
    ("مَرحبا", ["م", "رحبا"]),
    ("नमस्ते", ["नमस", "त"]),
    (
        "soft\u00adhyphen zero\u200bwidth non\u00a0breaking",
        ["soft", "hyphen", "zero", "width", "non", "breaking"],
    ),
    ("ok👍ok ☎ 👩‍👩‍👧", ["ok", "ok"]),
    ("a\0b\ud800c\n\td", ["a", "b", "c", "d"]),
    ("\u0301a \u0301 b\u0301", ["a", "b"]),
    ("ﬁn Ⅷ Å", ["ﬁn", "ⅷ", "a"]),
]


@pytest.mark.parametrize(
    ("text", "words"), WORDS, ids=[text.encode("unicode_escape").decode() for text, _ in WORDS]
)
def test_the_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_long_word_is_cut_into_several() -> None:
    assert [len(word) for word in words_of("x" * (2 * LONGEST_WORD + 3) + " y")] == [
        LONGEST_WORD,
        LONGEST_WORD,
        3,
        1,
    ]


VECTORS = [
    ((), ""),
    (("", ""), ""),
    (("Foo bar",), "foo:1 bar:2"),
    (("foo bar", "Bar"), "foo:1 bar:2 bar:4"),
    (("", "x"), "x:2"),
    (("a'b\\c:d", "1"), "a:1 b:2 c:3 d:4 1:6"),
]


@pytest.mark.parametrize(("texts", "vector"), VECTORS, ids=range(len(VECTORS)))
def test_words_with_their_places(texts: tuple[str, ...], vector: str) -> None:
    assert vector_of(*texts) == vector


@pytest.mark.parametrize(
    "text",
    [
        "foo bar " * (LONG // 8 + 1),
        " ".join(f"{number:x}" for number in range(MOST_PLACES)),
        "foo bar " * (MOST_OF_ONE + 1),
    ],
    ids=["long", "many words", "one word often"],
)
def test_where_places_would_be_lost_they_are_left_out_and_that_is_marked(text: str) -> None:
    words = vector_of("subject", text).split()
    assert words[:2] == ["_", "subject"]
    assert set(words) == {"_", "subject", *words_of(text)}
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"{number:x}" for number in range(MOST_PLACES - 2)),
        "foo bar " * MOST_OF_ONE,
    ],
    ids=["many words", "one word often"],
)
def test_as_long_as_places_can_be_kept_they_are(text: str) -> None:
    assert vector_of("s", text).split()[1] == f"{words_of(text)[0]}:3"


def test_there_is_an_end_to_the_words_of_a_message() -> None:
    assert "last" not in vector_of("", "a " * (LONGEST_TEXT // 2) + "last").split()
    many = vector_of("first", " ".join(f"{number:0500}" for number in range(5000)))
    assert many.startswith("_ first ")
    assert len(many.encode()) < 1_000_000


PHRASES = [
    ("foo", "'foo'"),
    ("Foo*", "'foo':*"),
    ("foo-bar", "'foo' <-> 'bar' | '_' & 'foo' & 'bar'"),
    ("foo-bar*", "'foo' <-> 'bar':* | '_' & 'foo' & 'bar':*"),
    ("foo-*", "'foo':*"),
    ("x*y", "'x' <-> 'y' | '_' & 'x' & 'y'"),
    ("o'neil\\", "'o' <-> 'neil' | '_' & 'o' & 'neil'"),
    ("a&b|!c", "'a' <-> 'b' <-> 'c' | '_' & 'a' & 'b' & 'c'"),
    ("...", None),
    ("*", None),
    ("_", None),
    ("😀", None),
]


@pytest.mark.parametrize(("word", "phrase"), PHRASES)
def test_what_is_looked_for(word: str, phrase: str | None) -> None:
    assert phrase_of(word) == phrase


# Held against SQLite

# SQLite's tables are older than Python's, and to it what it does not know is a letter. Of what it knows four
# characters differ: two Mongolian signs that were letters once, and one letter with two marks.
KNOWN = [
    chr(code)
    for code in (
        *range(1, 0x3400),
        *range(0x3400, 0xA000, 97),
        *range(0xA000, 0x20000),
        *range(0x2F800, 0x30000),
    )
    if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs", "Co")
    and code not in (0x1885, 0x1886, 0x1E0, 0x1E1)
]


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Engine]:
    engine = open_engine("sqlite::memory:")
    engine.build()
    with engine.write() as tx:
        tx.run("create virtual table bare using fts5 (words, tokenize = 'unicode61 remove_diacritics 2')")
        tx.run("create virtual table cut using fts5vocab (bare, instance)")
        ((made,),) = tx.rows("select sql from sqlite_master where name = 'message_fts'")
    assert "unicode61 remove_diacritics 2" in str(made)
    yield engine
    engine.close()


def cut_by(sqlite: Engine, texts: list[str]) -> list[list[str]]:
    """The words of texts as SQLite's search has them."""
    found: list[list[str]] = [[] for _ in texts]
    with sqlite.write() as tx:
        tx.run("delete from bare")
        tx.many(
            "insert into bare (rowid, words) values (:id, :words)",
            ({"id": number, "words": text} for number, text in enumerate(texts)),
        )
        for text, word in tx.rows("select doc, term from cut order by doc, offset"):
            found[int(str(text))].append(str(word))
    return found


def test_every_character_is_what_it_is_to_sqlite(sqlite: Engine) -> None:
    texts = [f"a{char}b" for char in KNOWN]
    assert len(texts) > 20_000
    cut = cut_by(sqlite, texts)
    assert [
        (text, words_of(text), there)
        for text, there in zip(texts, cut, strict=True)
        if words_of(text) != there
    ] == []


SCRIPTS = [
    "abzAÉüßøŁı0٣",
    "ΣςάΐΑ",
    "ЁёйЇ",
    "אָבשׁ",
    "ابَآ",
    "क़कि",
    "ガカ゛漢",
    "한ㄱ",
    "\u0301\u0306\u0327\u0345",
    " \t\n-_.'\"*:\\😀\u00ad\u200d",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from("".join(SCRIPTS)) | st.sampled_from(KNOWN), max_size=40).map("".join))
def test_a_text_has_the_words_that_it_has_in_sqlite(sqlite: Engine, text: str) -> None:
    assert cut_by(sqlite, [text]) == [words_of(text)]
