"""Tables on a terminal. The one file that knows rich, together with ``bars``; all data goes in as plain text."""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from io import StringIO
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from . import door
from .columns import Column, Line, Row, Spans, cell, value_of
from .moments import age, local, size
from .moments import zone as zone_named
from .visible import line

_GAP, _NARROWEST = 2, 6
_FEWEST = 3
"""So many columns stay on the narrowest terminal; the others go, the last first."""

_LONGEST = 500
"""No terminal shows more of a value; a subject of a megabyte need not be measured."""


def drawn(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    now: str,
    zone: str,
    style: Callable[[Row], str] | None = None,
) -> str:
    """A table as text with its colours, as wide as the terminal."""
    where = zone_named(zone)
    cells = [[_shown(column, value_of(row, column.key), now, where) for column in columns] for row in rows]
    room = door.room()[0]
    widths = _widths(columns, cells, room)
    while len(columns) > _FEWEST and sum(widths) + _GAP * (len(columns) - 1) > room:
        columns, cells = columns[:-1], [row[:-1] for row in cells]
        widths = _widths(columns, cells, room)
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        to_the_right = column.kind in ("number", "age", "size")
        table.add_column(
            Text(column.title or column.key),
            justify="right" if to_the_right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=width,
        )
    for row, values in zip(rows, cells, strict=True):
        table.add_row(*map(Text, values), style=style(row) if style else None)
    return _rendered(table)


def _shown(column: Column, value: object, now: str, where: tzinfo | None) -> str:
    if value is None or value == "" or value is False:
        return ""
    if column.kind == "age" and now:
        return age(str(value), now)
    if column.kind in ("time", "age"):
        return local(str(value), where)
    if column.kind == "size":
        return size(int(str(value)))
    return "yes" if value is True else cell(value)[:_LONGEST]


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is: as wide as its longest value, and where that is too much, by weight.

    Rich alone would shorten numbers as gladly as subjects.
    """
    wanted = [
        max([cell_len(column.title or column.key), *(cell_len(row[place]) for row in cells)])
        for place, column in enumerate(columns)
    ]
    left = room - _GAP * (len(columns) - 1)
    left -= sum(width for width, column in zip(wanted, columns, strict=True) if not column.weight)
    shared = {place for place, column in enumerate(columns) if column.weight}
    while shared:
        total = sum(columns[place].weight for place in shared)
        modest = {place for place in shared if wanted[place] * total <= left * columns[place].weight}
        if not modest:
            for place in shared:
                wanted[place] = max(_NARROWEST, left * columns[place].weight // total)
            break
        left -= sum(wanted[place] for place in modest)
        shared -= modest
    return wanted


def page(lines: Sequence[Line]) -> str:
    """Lines wrapped to a width that eyes can follow; what wraps keeps its line's indent.

    So no text, however long, can look like a line of ours, which begin at the left.
    """
    blocks: list[RenderableType] = []
    for (style, indent), group in groupby(lines, key=lambda each: each[:2]):
        text = Text("\n".join(words or " " for _, _, words in group), style=style)
        blocks.append(Padding(text, (0, 0, 0, indent), expand=False))
    return _rendered(Group(*blocks), most=100)


def painted(lines: Sequence[Spans]) -> str:
    """Lines of spans with their colours; they must fit (``fitted``), what is too long is cut off."""
    return _rendered(
        Group(*(Text.assemble(*((words, style) for style, words in spans), no_wrap=True) for spans in lines))
    )


def fitted(words: str, width: int, *, right: bool = False) -> str:
    """Words of anybody as one line of so many cells: what is longer ends in an ellipsis, what is shorter is filled up.

    Blanks at the ends may be lost.
    """
    words = line(words[:_LONGEST])
    missing = width - cell_len(words)
    if missing < 0:
        return set_cell_size(set_cell_size(words, max(width - 1, 0)).rstrip(" ") + "…", width)
    return " " * missing + words if right else words + " " * missing


def _rendered(what: RenderableType, most: int = 10_000) -> str:
    file = StringIO()
    console = Console(
        file=file,
        force_terminal=True,
        color_system="auto" if door.has_colours() else None,
        width=min(door.room()[0], most),
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(what)
    return "\n".join(line.rstrip(" ") for line in file.getvalue().rstrip("\n").split("\n"))
