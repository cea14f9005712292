"""Which words a text has for a search, whatever database keeps them: as SQLite's ``unicode61`` cuts them.

A word is a row of letters and digits of any script, without case, and without the accents of Latin letters.
"""

from operator import add

LONGEST_WORD = 500
"""A word above that is cut into several; PostgreSQL takes 2046 bytes."""

LONGEST_TEXT = 1_000_000
"""Words beyond so many characters of a text are not found by a search of PostgreSQL."""

MOST_BYTES = 700_000
"""As are those for which a message's index has no room: PostgreSQL gives it a megabyte."""

LONG = 100_000
"""Texts above that have so many words that their places are left out."""

MOST_PLACES = 16_000
MOST_OF_ONE = 255
"""As they are where PostgreSQL would not keep them all: it counts to 16383, and of one word to 255."""

UNPLACED = "_"
"""Marks a message without places, in which a phrase is found where all of its words are; no word of any text."""

ACCENTS = (
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b"
    "\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331"
)
"""The marks that stand behind a letter and are left out; any other one ends a word."""

MOST_TYPED = 100
"""So many words of what was typed without a blank are looked for; PostgreSQL takes a megabyte in all."""

_KEPT = 20_000


class _Folds(dict[int, str]):
    """What stands for a character in a word; a blank between words."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if len(self) < _KEPT:
            self[code] = folded
        return folded


def _folded(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalnum() else " "
    if not char.isalnum():
        return "" if char in ACCENTS else " "
    from unicodedata import normalize

    folded = char.casefold()
    if len(folded) > 1:
        folded = char.lower()  # ß stays what it is
    letter = normalize("NFD", folded)[0]
    return letter if letter.isascii() else folded[0]


_FOLDS = _Folds()
_PLACES: list[str] = []


def words_of(text: str) -> list[str]:
    """The words of a text in their order, folded."""
    words = text.translate(_FOLDS).split()
    if max(map(len, words), default=0) > LONGEST_WORD:
        return [
            word[start : start + LONGEST_WORD]
            for word in words
            for start in range(0, len(word), LONGEST_WORD)
        ]
    return words


def vector_of(*texts: str) -> str:
    """The words of some texts with their places, in the form of PostgreSQL's ``tsvector``.

    A place lies between two texts, so that no phrase goes from one into the next. A word consists of letters
    and digits, so it needs no quotation. ``Foo bar`` becomes ``foo:1 bar:2``.
    """
    if sum(map(len, texts)) > LONG:
        return _vector_without_places([words_of(text[:LONGEST_TEXT]) for text in texts])
    found = [words_of(text) for text in texts]
    if not _have_places(found):
        return _vector_without_places(found)
    place = 0
    parts: list[str] = []
    for words in found:
        while len(_PLACES) < place + len(words):
            _PLACES.append(f":{len(_PLACES) + 1}")
        parts += map(add, words, _PLACES[place : place + len(words)])
        place += len(words) + 1
    return " ".join(parts)


def _have_places(found: list[list[str]]) -> bool:
    if sum(map(len, found)) >= MOST_PLACES:
        return False
    for words in found:
        if len(words) - len(set(words)) >= MOST_OF_ONE:
            from collections import Counter

            if Counter(words).most_common(1)[0][1] > MOST_OF_ONE:
                return False
    return True


def _vector_without_places(found: list[list[str]]) -> str:
    kept: dict[str, None] = {UNPLACED: None}
    room = MOST_BYTES
    for words in found:
        for word in words:
            if word not in kept:
                room -= len(word.encode()) + 4
                if room < 0:
                    return " ".join(kept)
                kept[word] = None
    return " ".join(kept)


def phrase_of(word: str) -> str | None:
    """What to look for where a person typed this without blanks, in the form of ``tsquery``.

    ``foo-bar*`` becomes ``'foo' <-> 'bar':*``, or both words where a message has no places; None where there
    is no letter and no digit.
    """
    parts = [f"'{part}'" for part in words_of(word[: MOST_TYPED * LONGEST_WORD])[:MOST_TYPED]]
    if not parts:
        return None
    if word.endswith("*"):
        parts[-1] += ":*"
    if len(parts) == 1:
        return parts[0]
    return f"{' <-> '.join(parts)} | '{UNPLACED}' & {' & '.join(parts)}"
