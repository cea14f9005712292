"""A list's columns, and a value in one of them."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from .visible import line

Row = Mapping[str, object]

Line = tuple[str, int, str]
"""A line of a page: its style on a terminal, how far it is indented, its words (made safe)."""


Spans = Sequence[tuple[str, str]]
"""A line of a screen: its parts, each with its style and its words (made safe)."""


class Column(Struct, frozen=True):
    """A column of a list. ``key`` is what ``--fields`` names: a key of the JSON object, or ``client.email``.

    ``kind`` is text, number, time, age (a time that people read as its distance from now) or size.
    ``weight`` is how much of the room it may take; 0 is never shortened.
    """

    key: str
    title: str = ""
    kind: str = "text"
    weight: int = 0


def value_of(row: Row, key: str) -> object:
    """A row's value, an inner one for a key with a dot."""
    if "." not in key:  # nearly all of them, and there may be many rows
        return row.get(key)
    value: object = row
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def cell(value: object) -> str:
    """A value in a tab-separated line: nothing for null, words with commas, never a tab or a line end."""
    if value is None:
        return ""
    if type(value) is str:
        return line(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(cell(one) for one in value)
    if isinstance(value, Mapping):
        from msgspec import json

        return line(json.encode(value).decode())
    return line(str(value))
