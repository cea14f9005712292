"""Lists: a table for people, tab-separated lines for pipes, one JSON document, or numbers alone. And screens."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from helpdesk_cli.errors import Usage

from . import door
from .columns import Column, Row, Spans, cell, value_of
from .visible import safe_json

TABLE_ROWS = 50
"""So many rows a table has unless ``--limit`` says otherwise."""


class Sheet(Struct, frozen=True, kw_only=True):
    """What a list is made of: all its columns, those of its table, those of its lines, its numbers."""

    columns: tuple[Column, ...]
    table: tuple[str, ...]
    lines: tuple[str, ...]
    number: str = "id"


class Asked(Struct, frozen=True, kw_only=True):
    """How a list was asked for."""

    as_json: bool = False
    fields: str | None = None
    ids: bool = False
    limit: int | None = None

    @property
    def is_table(self) -> bool:
        return not self.as_json and not self.ids and door.is_terminal()

    @property
    def most(self) -> int | None:
        """How many rows are wanted; a table has its own measure."""
        return self.limit or (TABLE_ROWS if self.is_table else None)


def show_json(value: object) -> None:
    """Write one JSON document: indented for a person, in one line for a pipe, never coloured."""
    from msgspec import json

    data = json.encode(value)
    if door.is_terminal():
        data = json.format(data, indent=2)
    door.put(safe_json(data.decode()))


def show_rows(
    sheet: Sheet,
    rows: Sequence[Row],
    asked: Asked,
    *,
    now: str = "",
    zone: str = "UTC",
    total: int | None = None,
    counted: int | None = None,
    style: Callable[[Row], str] | None = None,
    empty: str = "nothing",
) -> None:
    """Write a list as it was asked for. ``total`` is how many there are in all, ``style`` colours a row.

    ``counted`` is how far they were counted: a total that reaches it may be larger.

    Raises Usage for a field that there is not.
    """
    keys = _chosen(sheet, asked.fields)
    if asked.ids:
        numbers = [row[sheet.number] for row in rows]
        if asked.as_json:
            show_json(numbers)
        elif numbers:
            door.put("\n".join(str(number) for number in numbers))
    elif asked.as_json:
        show_json([{key: value_of(row, key) for key in keys} for row in rows] if keys else list(rows))
    elif door.is_terminal():
        if not rows:
            door.say(empty)
            return
        from .table import drawn

        columns = [column for key in keys or sheet.table for column in sheet.columns if column.key == key]
        door.put(drawn(columns, rows, now=now, zone=zone, style=style))
        if total is not None and total > len(rows):
            over = counted is not None and total >= counted
            shown = "a larger --limit shows more" if over else f"--limit {total} shows them all"
            door.say(f"{'over ' if over else ''}{total - len(rows):,} more; {shown}")
    elif rows:
        door.put(
            "\n".join("\t".join(cell(value_of(row, key)) for key in keys or sheet.lines) for row in rows)
        )


def _chosen(sheet: Sheet, fields: str | None) -> tuple[str, ...]:
    if fields is None:
        return ()
    known = [column.key for column in sheet.columns if column.title.strip()]  # signs have no name
    keys = tuple(field.strip() for field in fields.split(",") if field.strip())
    wrong = [key for key in keys if key not in known]
    if wrong or not keys:
        raise Usage(f"--fields {fields}: must be some of {', '.join(known)}, with commas between")
    return keys


# Screens


def screen_room() -> tuple[int, int]:
    """Columns and lines of a screen, the shell's next prompt left out."""
    columns, lines = door.room()
    return columns, max(lines - 1, 1)


def fit(words: str, width: int, *, right: bool = False) -> str:
    """Words of anybody as one line of so many cells, made safe; what is too long ends in an ellipsis."""
    from .table import fitted

    return fitted(words, width, right=right)


def show_screen(lines: Sequence[Spans]) -> None:
    """Write lines of spans to a terminal."""
    from .table import painted

    door.put(painted(lines))


def show_facts(values: Mapping[str, object]) -> None:
    """Write values for a pipe: a line each, its keys joined by dots, a tab, the value."""
    lines = _facts(values, "")
    if lines:
        door.put("\n".join(lines))


def _facts(values: Mapping[str, object], before: str) -> list[str]:
    lines: list[str] = []
    for key, value in values.items():
        name = f"{before}{cell(key)}"
        lines += _facts(value, f"{name}.") if isinstance(value, Mapping) else [f"{name}\t{cell(value)}"]
    return lines
