"""The one door to standard output and standard error: tables, JSON, colour, progress, neutralised text."""

from .bars import progress
from .door import has_colours, has_people, is_terminal, put, put_bytes, say, warn
from .rows import Asked, Column, Row, Sheet, show_json, show_rows
from .visible import line, safe

__all__ = [
    "Asked",
    "Column",
    "Row",
    "Sheet",
    "has_colours",
    "has_people",
    "is_terminal",
    "line",
    "progress",
    "put",
    "put_bytes",
    "safe",
    "say",
    "show_json",
    "show_rows",
    "warn",
]
