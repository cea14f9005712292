"""Which words a text has for a search, whatever database keeps them: as SQLite's ``unicode61`` cuts them.

A word is a row of letters and digits of any script, without case and accents.
"""

import re

LONGEST_WORD = 500
"""What follows in a word above that is not searched for; PostgreSQL takes 2046 bytes."""

LONGEST_TEXT = 1_000_000
"""Words beyond so many characters of a message are not found by a search of PostgreSQL."""

MOST_WORDS = 30_000
"""As are those beyond so many different ones: an index of a message has room for about a million bytes."""

LONGEST_PLACES = 1000
"""Characters for the places of one word; PostgreSQL keeps 255 of them."""

_ACCENTS = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text in their order, folded."""
    if not text.isascii():
        import unicodedata

        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return [
        word if len(word) <= LONGEST_WORD else word[:LONGEST_WORD] for word in _WORD.findall(text.lower())
    ]


def vector_of(*texts: str) -> str:
    """The words of some texts with their places, in the form of PostgreSQL's ``tsvector``.

    A place lies between two texts, so that no phrase goes from one into the next. Words consist of letters
    and digits, so nothing in them can end their quotation.
    """
    places: dict[str, str] = {}
    place = 0
    for text in texts:
        for word in words_of(text[:LONGEST_TEXT]):
            place += 1
            known = places.get(word)
            if known is not None:
                if len(known) < LONGEST_PLACES:
                    places[word] = f"{known},{place}"
            elif len(places) < MOST_WORDS:
                places[word] = str(place)
        place += 1
    return " ".join([f"'{word}':{found}" for word, found in places.items()])


def phrase_of(word: str) -> str | None:
    """What to look for where a person typed this without blanks, in the form of ``tsquery``.

    ``foo-bar*`` becomes ``'foo' <-> 'bar':*``; None where there is no letter and no digit.
    """
    parts = [f"'{part}'" for part in words_of(word)]
    if not parts:
        return None
    return " <-> ".join(parts) + (":*" if word.endswith("*") else "")
