"""Which words a text has for a search, whatever database keeps them: as SQLite's ``unicode61`` cuts them.

A word is a row of letters and digits of any script, without case and accents.
"""

import re
from operator import add

LONGEST_WORD = 500
"""A word above that is cut into several; PostgreSQL takes 2046 bytes."""

LONGEST_TEXT = 1_000_000
"""Words beyond so many characters of a text are not found by a search of PostgreSQL."""

MOST_BYTES = 700_000
"""As are those for which a message's index has no room: PostgreSQL gives it a megabyte."""

LONG = 100_000
"""Texts above that have so many words that their places are left out."""

_ACCENTS = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(rf"[^\W_]{{1,{LONGEST_WORD}}}")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum()}
_PLACES: list[str] = []


def words_of(text: str) -> list[str]:
    """The words of a text in their order, folded."""
    text = text.lower()
    if not text.isascii():
        import unicodedata

        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    if text.isascii():
        words = text.translate(_BLANKS).split()  # a fifth of the time that the expression takes
        if max(map(len, words), default=0) <= LONGEST_WORD:
            return words
    return _WORD.findall(text)


def vector_of(*texts: str) -> str:
    """The words of some texts with their places, in the form of PostgreSQL's ``tsvector``.

    A place lies between two texts, so that no phrase goes from one into the next. A word consists of letters
    and digits, so it needs no quotation. ``Foo bar`` becomes ``foo:1 bar:2``.
    """
    if sum(map(len, texts)) > LONG:
        return _vector_without_places(texts)
    place = 0
    parts: list[str] = []
    for text in texts:
        words = words_of(text)
        while len(_PLACES) < place + len(words):
            _PLACES.append(f":{len(_PLACES) + 1}")
        parts += map(add, words, _PLACES[place : place + len(words)])
        place += len(words) + 1
    return " ".join(parts)


def _vector_without_places(texts: tuple[str, ...]) -> str:
    found: dict[str, None] = {}
    room = MOST_BYTES
    for text in texts:
        for word in words_of(text[:LONGEST_TEXT]):
            if word not in found:
                room -= len(word.encode()) + 4
                if room < 0:
                    return " ".join(found)
                found[word] = None
    return " ".join(found)


def phrase_of(word: str) -> str | None:
    """What to look for where a person typed this without blanks, in the form of ``tsquery``.

    ``foo-bar*`` becomes ``'foo' <-> 'bar':*``; None where there is no letter and no digit.
    """
    parts = [f"'{part}'" for part in words_of(word)]
    if not parts:
        return None
    return " <-> ".join(parts) + (":*" if word.endswith("*") else "")
