"""The one door to standard output and standard error: tables, JSON, colour, progress, neutralised text."""

from .bars import progress
from .columns import Column, Line, Row, Spans
from .door import done, has_colours, has_people, is_terminal, put, put_bytes, say, say_bytes, warn
from .moments import age, local, size, zone
from .pager import INDENT, body, facts, show_long, show_page
from .rows import Asked, Sheet, fit, screen_room, show_facts, show_json, show_rows, show_screen
from .visible import line, safe

__all__ = [
    "INDENT",
    "Asked",
    "Column",
    "Line",
    "Row",
    "Sheet",
    "Spans",
    "age",
    "body",
    "done",
    "facts",
    "fit",
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
    "say_bytes",
    "screen_room",
    "show_facts",
    "show_json",
    "show_long",
    "show_page",
    "show_rows",
    "show_screen",
    "size",
    "warn",
    "zone",
]
