"""Facts made fit for a template: plain values only, and texts without what no letter should carry."""

import re
import unicodedata
from collections.abc import Mapping

from helpdesk_cli.errors import Failed

Plain = str | int | None | dict[str, "Plain"] | tuple["Plain", ...]

_DEEPEST = 8
_READ = 200_000  # characters of a text that are looked at, since no more than 50,000 of them are kept
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed
    "\u202a-\u202e\u2066-\u2069"  # what turns the direction of writing (invoice.exe shown as invoice.gpj)
    "\ufff9-\ufffb\ufeff\U000e0000-\U000e007f]"  # marks that nobody sees
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAK = re.compile("\r\n|[\r\u2028\u2029\x0b\x0c\x85]")

_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("\u200b\u200c\u200e\u200f\u00ad\u2060", ""),
        "…": "...",
        "•": "*",
        "·": ".",
        "[": "(",  # six characters of GSM's second table count twice
        "]": ")",
        "{": "(",
        "}": ")",
        "|": "/",
        "~": "-",
        "^": "",
        "\\": "/",
    }
)
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|(?<![\w:])//(?=\w)|www\.|(?:mailto|tel|sms|callto|skype):)\S*",
    re.IGNORECASE,
)
_NAME_OF_HOST = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")
"""The dot in ``evil.com``, of which phones make a link."""


def plain(facts: Mapping[str, object]) -> dict[str, Plain]:
    """The facts as exact dict, tuple, str, int, bool and None; lists become tuples, texts are cleaned.

    Every text is made one line but those named ``text``: a client's name shall not write a line of ours.
    Long texts are cut, so that a huge mail delays no letter; the message's own before the discussion's.
    Subclasses become their plain kind, so that nothing with methods of its own, nor a string that calls
    itself safe HTML, reaches a template. Raises Failed for every other value.
    """
    cut = _Cut()
    in_order = sorted(facts.items(), key=lambda item: item[0] != "message")
    return {_key(name): _plain(value, str(name), 0, cut) for name, value in in_order}


def _plain(value: object, where: str, depth: int, cut: "_Cut") -> Plain:
    """One value; ``where`` is its path, and a text whose path ends in ``text`` may have several lines."""
    if depth > _DEEPEST:
        raise Failed(f"the fact {where} of a letter is nested too deeply")
    if isinstance(value, str):
        value = str.__str__(value)[:_READ]
        return cut.long(clean(value)) if where.rpartition(".")[2] == "text" else cut.short(one_line(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping):
        return {_key(name): _plain(inner, f"{where}.{name}", depth + 1, cut) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_plain(inner, f"{where}[{n}]", depth + 1, cut) for n, inner in enumerate(value))
    raise Failed(f"the fact {where} of a letter is a {type(value).__name__}, which no template may get")


class _Cut:
    """What is left of the room for texts. HTML can make six characters of one."""

    def __init__(self) -> None:
        self._room = 150_000

    def long(self, text: str) -> str:
        """A text of several lines: at most 50,000 characters, and what all of them leave."""
        most = min(50_000, self._room)
        kept = text if len(text) <= most else f"{text[:most]}\n[…]"
        self._room -= min(len(text), most)
        return kept

    def short(self, text: str) -> str:
        """A name or a subject: at most 1,000 characters."""
        return text if len(text) <= 1000 else f"{text[:1000]}…"


def _key(name: object) -> str:
    if not isinstance(name, str):
        raise Failed(f"the fact {name!r} of a letter has no name")
    return str.__str__(name)


def clean(text: str) -> str:
    """The text with LF line ends, without control characters and marks that turn or hide writing."""
    text = str.__str__(text)
    if text.isascii() and text.isprintable():
        return text
    text = _UNWANTED.sub("", _BREAK.sub("\n", text))
    return _SURROGATE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text with every run of blanks and line breaks as one blank."""
    return " ".join(clean(text).split())


def page(text: str, room: int) -> str:
    """A text for a pager: one line of at most ``room`` characters, no links, plain punctuation.

    Punctuation beyond GSM 03.38 would make a short message of 160 characters one of 70.
    """
    line = _NAME_OF_HOST.sub("(.)", _LINK.sub("(link)", one_line(text)))
    line = " ".join(line.translate(_PUNCTUATION).split())
    line = unicodedata.normalize("NFC", line)
    if len(line) <= room:
        return line
    cut = room - 3
    while cut > 0 and _joins(line, cut):
        cut -= 1
    return line[:cut].rstrip() + "..."


def _joins(line: str, cut: int) -> bool:
    """Whether the character at ``cut`` belongs to the one before it: an accent, a part of an emoji."""
    after, before = line[cut], line[cut - 1]
    if unicodedata.combining(after) or unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return True
    return (
        "\u200d" in (after, before) or "\ufe00" <= after <= "\ufe0f" or "\U0001f3fb" <= after <= "\U0001f3ff"
    )
