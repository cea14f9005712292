"""The one door to standard output and standard error: tables, JSON, colour, progress, neutralised text."""

from .bars import progress
from .columns import Column, Line, Row
from .door import done, has_colours, has_people, is_terminal, put, put_bytes, say, warn
from .moments import age, local, size, zone
from .pager import INDENT, body, facts, show_page
from .rows import Asked, Sheet, show_json, show_rows
from .visible import line, safe

__all__ = [
    "INDENT",
    "Asked",
    "Column",
    "Line",
    "Row",
    "Sheet",
    "age",
    "body",
    "done",
    "facts",
    "has_colours",
    "has_people",
    "is_terminal",
    "line",
    "local",
    "progress",
    "put",
    "put_bytes",
    "safe",
    "say",
    "show_json",
    "show_page",
    "show_rows",
    "size",
    "warn",
    "zone",
]
