"""Text made safe for a terminal: what would act, hide or turn writing is shown instead."""

import re

_GAP = re.compile(
    "[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029 ]*[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029][\t\n\r ]*"
)
_UNSEEN = (
    "\x7f-\x9f\xad"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"  # take no room
    "\u2028\u2029\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSEEN}]")
_HIDDEN_IN_JSON = re.compile(f"[{_UNSEEN}]")
_JOINERS = "\u200c\u200d"


def safe(text: str) -> str:
    """The text with every character that is not seen, or that a terminal obeys, made visible.

    Line feeds and tabs stay. ESC becomes ``␛``, other characters ``‹U+202E›``. Joiners stay between
    characters beyond ASCII, where emoji and the scripts of Asia need them.
    """
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_seen, text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """The same as one line: a break or a tab becomes a blank."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_seen, _GAP.sub(" ", text)).strip()


def safe_json(text: str) -> str:
    """A JSON document whose strings hold no such character: each as its ``\\uXXXX``, so the value is the same."""
    return text if text.isascii() and "\x7f" not in text else _HIDDEN_IN_JSON.sub(_escaped, text)


def _seen(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if char in _JOINERS and _joins(found.string, found.start()):
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "\ufffd" if 0xD800 <= code < 0xE000 else f"‹U+{code:04X}›"


def _joins(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    return bool(before and after) and all(
        not char.isascii() and _HIDDEN.match(char) is None for char in (before, after)
    )


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
