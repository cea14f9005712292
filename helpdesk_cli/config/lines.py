"""On which line a key stands: tomllib does not say."""

import re
from collections.abc import Iterator

from .forms import Key

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[A-Za-z0-9_-]+"
    r"|.",
    re.DOTALL,
)
"""One piece of a file that is known to be TOML; strings are whole, so nothing in them looks like a key."""


def lines_of(text: str) -> dict[Key, int]:
    """Find the line of each table and key. Keys within inline tables have their table's line."""
    lines: dict[Key, int] = {}
    table: Key = ()
    for line, statement in statements(text):
        if statement[0] == "[":
            table = tuple(bare(token) for token in statement if token not in "[]. \t")
            note(table, line, lines)
        else:
            head = statement[: statement.index("=")] if "=" in statement else statement
            note((*table, *(bare(token) for token in head if token not in ". \t")), line, lines)
    return lines


def statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the tokens of each header or assignment, with the line on which it begins."""
    line, begun, depth = 1, 1, 0
    statement: list[str] = []
    for match in TOKEN.finditer(text):
        token = match.group()
        if token == "\n" and (not depth or statement[0] == "["):
            if statement:
                yield begun, statement
            statement, depth = [], 0
        elif token[0] != "#" and (statement or not token.isspace()):
            begun = begun if statement else line
            statement.append(token)
            depth += (token in "[{") - (token in "]}")
        line += token.count("\n")
    if statement:
        yield begun, statement


def bare(token: str) -> str:
    """Take the quotes off a key."""
    return token[1:-1] if token[0] in "\"'" else token


def note(key: Key, line: int, lines: dict[Key, int]) -> None:
    """Remember where a key, and each table around it, was first seen."""
    for length in range(1, len(key) + 1):
        lines.setdefault(key[:length], line)


def line_of(key: Key, lines: dict[Key, int]) -> int:
    """Find a key's line, or that of the innermost table around it that the file has; 0 for none."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return 0
