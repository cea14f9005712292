"""The end of a text that its writer did not write for it: signatures, and what programs append."""

import re
from functools import cache

from helpdesk_cli.mail import phrases

LONGEST = 40  # lines of a signature below the standard sign ``-- `` (RFC 3676 section 4.3)
SHORT = 8  # and below two hyphens alone, which people also draw to part a text
WIDE = 60  # characters of a line below two hyphens alone; a longer one is a sentence
ROUNDS = 6  # a signature, above it a telephone's line, above it a scanner's, …


@cache
def _device() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(phrases.DEVICES)})", re.I)


@cache
def _postscript() -> re.Pattern[str]:
    return re.compile(r"\W{0,3}p\.? ?s\b", re.I)


def without_signature(lines: list[str]) -> list[str]:
    """Take the signature off the end, and lines that programs append; may leave nothing.

    A telephone's line counts at the very end alone: below it there may stand an answer.
    """
    for _ in range(ROUNDS):
        lines = _without_blank_end(lines)
        if not lines:
            return lines
        shorter = lines[: _end(lines)]
        if len(shorter) == len(lines):
            return lines
        lines = shorter
    return _without_blank_end(lines)


def _without_blank_end(lines: list[str]) -> list[str]:
    """Cut blank lines and drawn lines off the end."""
    end = len(lines)
    while end and not lines[end - 1].strip(" \t\xa0_=*—-") and not _is_sign(lines[end - 1]):
        end -= 1
    return lines[:end]


def _is_sign(line: str) -> bool:
    return line.rstrip("\r") in ("-- ", "--", "--\xa0")


def _end(lines: list[str]) -> int:
    """Where the text ends if its last lines are a signature or an advertisement; else its length."""
    last = lines[-1].strip()
    if len(last) <= 160 and is_appended(last):
        return len(lines) - 1
    start = max(0, len(lines) - LONGEST)
    signs = [at for at in range(start, len(lines)) if _is_sign(lines[at])]
    if not signs or any(_postscript().match(line) for line in lines[signs[0] + 1 :]):
        return len(lines)
    standard = [at for at in signs if lines[at] != "--"]
    if standard:
        return standard[0]
    parted = signs[0] == 0 or not lines[signs[0] - 1].strip()
    below = [line.strip() for line in lines[signs[0] + 1 :]]
    return signs[0] if len(signs) == 1 and parted and _can_be_signature(below) else len(lines)


def _can_be_signature(below: list[str]) -> bool:
    """Tell whether lines below two hyphens alone can be a signature: few, short, close, no question."""
    if not below:
        return True
    return (
        len(below) <= SHORT
        and 0 < len(below[0]) <= WIDE
        and below[0][-1] not in "!:;"
        and not any("?" in line or "？" in line for line in below)
    )


def is_appended(line: str) -> bool:
    """Tell whether a telephone, a mail program or a virus scanner wrote this line."""
    words = line.strip("*_[]() \t\xa0")
    low = words.lower()
    found = _device().match(words)
    if found is None or not any(word in low for word in phrases.MACHINES):
        return low.startswith(phrases.FOOTERS)
    # More than one sentence is somebody's own.
    rest = re.sub(r"<[^<>]{1,300}>", "", words[found.end() :]).strip(" .!。")
    return len(rest) <= 70 and not re.search(r"[.!?:;] |[?。：]", rest)


def is_notice(lines: list[str]) -> bool:
    """Tell whether what stands below a quotation is a company's or a mailing list's notice."""
    text = "\n".join(lines)[:5000].lower()
    return "?" not in text and any(word in text for word in phrases.NOTICES)
