"""What is wrong with a file, all of it at once: each fault with its line and the nearest key.

Imported only when something is wrong, so it may be slow.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct, ValidationError, convert
from msgspec.structs import FieldInfo, fields

from helpdesk_cli.errors import BadConfig
from helpdesk_cli.settings import Command, Rate, Settings, Size, Span

from .forms import Fault, Key, rate_of, with_after, written
from .lines import line_of, lines_of

LATER: tuple[Key, ...] = (
    *((table,) for table in ("oauth2", "retention")),
    ("store", "run_as"),
    ("mailbox", "*", "form_senders"),
)
"""Keys whose names are reserved."""

FILLERS: dict[str, object] = {"state": "open", "then": {}, "people": ["nobody"]}
"""What stands for a required value that is missing, so that the rest can be looked at; else a text."""

BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
MISSING = object()


def refusal(path: str, text: str, values: Sequence[Fault], rules: Sequence[Fault] = ()) -> BadConfig:
    """Tell the faults, in the order of the file, a line each: ``FILE: line N: key: what is wrong``.

    A broken rule that only follows from a faulty value is left out.
    """
    lines = lines_of(text)
    told = []
    for fault in (*values, *(rule for rule in rules if not any(follows(rule, value) for value in values))):
        line = line_of(fault.key, lines)
        where = f"line {line}: " if line else ""
        told.append((line or len(text), one_line(f"{path}: {where}{dotted(fault.key)}: {fault.text}")))
    return BadConfig(*dict.fromkeys(sentence for _, sentence in sorted(told, key=lambda each: each[0])))


def follows(rule: Fault, value: Fault) -> bool:
    """Say whether a rule is about a key that is at fault itself, or about a kind of table in which one is."""
    if value.key[-1] == "kind" and rule.key[:-1] == value.key[:-1]:
        return True  # nobody knows what another kind needs
    return rule.key[: len(value.key)] == value.key or rule.key == value.key[:1]


def dotted(key: Key) -> str:
    """Write a key as TOML does; a part that is not a bare key in quotes."""
    return ".".join(part if part and BARE.issuperset(part) else quoted(part) for part in key)


def quoted(value: object) -> str:
    """Show a value on one line: short, without control characters, as TOML would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = one_line(str(value))
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return f'"{shown}"' if isinstance(value, str) else shown


def one_line(text: str) -> str:
    """Write control characters and the like as escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def nearest(word: str, words: list[str]) -> str:
    """Find the word that was probably meant; "" where none is near."""
    folded = {known.lower().replace("-", "_"): known for known in words}
    close = get_close_matches(word[:80].lower().replace("-", "_"), folded, 1)
    return folded[close[0]] if close else ""


def salvage(data: dict[str, Any]) -> tuple[Settings, tuple[Fault, ...]]:
    """Gather every fault of single values, and make settings of what is sound.

    A mistyped key is taken for the nearest one, so that what it says is looked at too.
    """
    faults: list[Fault] = []
    sound = Salvage(faults).table(Settings, data, ())
    return convert(sound, Settings, dec_hook=written), tuple(faults)


class Salvage:
    """A walk along the classes of the settings, beside what the file holds."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def fault(self, key: Key, text: str) -> None:
        """Note that something is wrong."""
        self.faults.append(Fault(key, text))

    def table(self, kind: type[Struct], data: dict[str, Any], key: Key) -> dict[str, Any]:
        """Keep what is sound of a table, and name what is not."""
        known = {info.encode_name: info for info in fields(kind) if (kind, info.name) != (Settings, "source")}
        data = with_after(data) if len(key) == 2 and key[0] == "mailbox" else data  # type: ignore[assignment]
        sound: dict[str, Any] = {}
        for name, value in data.items():
            meant = name if name in known else self.unknown(name, known, data, key)
            if meant and (kept := self.value(known[meant].type, value, (*key, name))) is not MISSING:
                sound[meant] = kept
        for name, info in known.items():
            if info.required and name not in sound:
                sound[name] = FILLERS.get(name, "")
                if name not in data:
                    self.fault((*key, name), f"is missing; {allowed(info.type, name)}")
        return sound

    def unknown(self, name: str, known: dict[str, FieldInfo], data: dict[str, Any], key: Key) -> str:
        """Name a key that is not ours, and the one that was probably meant."""
        here = (*key, name)
        if any(len(later) == len(here) and all(map(matches, later, here)) for later in LATER):
            self.fault(here, "not in this version yet; take it out")
            return ""
        free = [word for word in known if word not in data]
        meant = nearest(name, free)
        if meant:
            self.fault(here, f"unknown key; did you mean {quoted(meant)}?")
        else:
            self.fault(here, f"unknown key; known here: {', '.join(known)}")
        return meant

    def value(self, kind: Any, value: object, key: Key) -> object:
        """Keep a value that is as its setting wants it; else name the fault."""
        if get_origin(kind) is dict and is_table(inner := get_args(kind)[1]):
            return self.slugs(inner, value, key)
        if is_table(kind):
            if isinstance(value, dict):
                return self.table(kind, value, key)
            self.fault(key, f"must be a table: [{dotted(key)}]")
            return MISSING
        try:
            return convert(rates_of(kind, value), kind, dec_hook=written)
        except (ValidationError, ValueError):
            self.fault(key, complaint(kind, value, key))
            # "Missing" would be a second, false complaint.
            return "?" if kind in (str, Command) else MISSING

    def slugs(self, kind: type[Struct], value: object, key: Key) -> object:
        """Keep the tables of a kind of which there may be many."""
        if not isinstance(value, dict):
            self.fault(key, f"must be tables: [{dotted(key)}.SLUG]")
            return MISSING
        sound = {}
        for slug, inner in value.items():
            here = (*key, slug)
            if isinstance(inner, dict):
                sound[slug] = self.table(kind, inner, here)
            else:
                self.fault(here, f"must be a table: [{dotted(key)}.SLUG]")
                sound[slug] = Salvage([]).table(kind, {}, here)
        return sound


def is_table(kind: Any) -> bool:
    """Say whether a kind of value is a table with keys of its own."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def matches(pattern: str, name: str) -> bool:
    """Say whether a part of a key is meant by a part of a pattern."""
    return pattern in ("*", name)


def rates_of(kind: Any, value: object) -> object:
    """Read a list of rates, where that is what the setting wants. Raises ValueError."""
    if kind == tuple[Rate, ...] and isinstance(value, list):
        return [rate_of(item) for item in value]
    return value


def complaint(kind: Any, value: object, key: Key) -> str:
    """Say what is wrong with a value and what is allowed; what may be a secret is not repeated."""
    is_secret = "password" in key[-1] or key[-1] == "secret"
    shown = "" if is_secret or isinstance(value, dict | list) else f"{quoted(value)} will not do; "
    if get_origin(kind) is Literal and isinstance(value, str):
        meant = nearest(value, list(get_args(kind)))
        return f"{shown}{allowed(kind, key[-1])}" + (f"; did you mean {quoted(meant)}?" if meant else "")
    return f"{shown}{allowed(kind, key[-1])}"


def allowed(kind: Any, name: str) -> str:
    """Say which values a setting takes."""
    if get_origin(kind) is Literal:
        return f"must be one of {', '.join(map(quoted, get_args(kind)))}"
    if get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal:
        return f"must be a list of some of {', '.join(map(quoted, get_args(get_args(kind)[0])))}"
    if get_origin(kind) is dict:
        return {
            Span: 'must be a table such as { urgent = "1h", else = "4h" }',
        }.get(get_args(kind)[1], 'must be a table such as { priority = "high" }')
    if name == "when":
        return "must be a text, or a list of texts"
    if isinstance(kind, UnionType):
        return "must be a text (run by the shell) or a list of texts (run without)"
    return {
        bool: "must be true or false",
        int: "must be a whole number",
        str: "must be a text in quotes",
        Size: 'must be a size such as "50 MB", "64 kB" or a number of bytes',
        Span: 'must be a time such as "30s", "10m", "1h", "1d" or a number of seconds',
        tuple[str, ...]: 'must be a list of texts such as ["one", "two"]',
        tuple[Rate, ...]: 'must be a list of rates such as ["20/10m", "100/1d"]',
    }.get(kind, "is not of the right kind")
