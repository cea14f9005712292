"""What a single line gives away: who wrote when, or one field of a header block."""

import re
from functools import cache

from helpdesk_cli.mail import phrases


@cache
def _date() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2}")


@cache
def _time() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)\d{1,2}(?:[:h]\d\d|\.\d\d(?![.\d])|[時时点시]|：\d\d)")


@cache
def _address() -> re.Pattern[str]:
    return re.compile(r"[\w.+=-]@\w")


def is_dated(line: str) -> bool:
    """Tell whether a year or a whole date stands in a line."""
    return _date().search(line) is not None


def tells_when(text: str) -> bool:
    """Tell whether a text holds a date: a whole one, a year, or a time beside a day's figure."""
    time = _time().search(text)
    return is_dated(text) or (
        time is not None
        and re.search(r"(?<!\d)[0-3]?\d(?!\d)", text[: time.start()] + " " + text[time.end() :]) is not None
    )


def is_addressed(line: str) -> bool:
    """Tell whether a mail address stands in a line."""
    return "@" in line and _address().search(line) is not None


def is_dated_address(line: str) -> bool:
    """Tell whether both stand there: most of an attribution."""
    return is_addressed(line) and is_dated(line)


def field(line: str) -> str:
    """Which field a header block's line is: from, sent, to, cc, subject; empty for any other line."""
    word, colon, _ = line[:40].replace("：", ":").partition(":")
    return phrases.HEADERS.get(word.strip(" \t*_\xa0").lower(), "") if colon else ""


def is_evident(kind: str, line: str) -> bool:
    """Tell whether a field's line shows that a mail program wrote it: a date in sent, an address in from."""
    value = line.replace("：", ":").partition(":")[2][:500]
    return (kind == "sent" and tells_when(value)) or (kind == "from" and is_addressed(value))


def starts(line: str) -> bool:
    """Tell whether a line begins as attributions do: with ``On``, a weekday, a date."""
    word = line.split(None, 1)[0].lower().lstrip("-* ")
    figure = word[:1].isdigit() and is_dated(line)
    return word in phrases.STARTS or figure or (word[-1:] in ".," and len(word) <= 12)


def may_go_on(line: str) -> bool:
    """Tell whether a line can be the upper part of an attribution that was wrapped."""
    if line[-1] in "!?。！？:：" or (line[-1] == "." and len(line.rsplit(None, 1)[-1]) > 4):
        return False
    return is_dated(line) or _time().search(line) is not None or is_addressed(line)


def is_attribution(line: str, marked: bool) -> bool:
    """Weigh the evidence that a line tells who wrote what follows; ``marked``: quote marks follow.

    Without marks below, people write such lines themselves (``On Monday he wrote:``), so then an address
    has to be there, and a date or a time.
    """
    address = is_addressed(line)
    date = is_dated(line)
    time = _time().search(line) is not None
    if not marked and not (address and (date or time)):
        return False
    low = line.lower()
    wrote = any(word in low for word in phrases.WROTE)
    figure_first = any(sign.isdigit() for sign in line[:16])
    if marked:
        short = len(line) <= 80 and len(line.split()) <= 5 and not set(line[:-1]) & set(".!?;")
        if wrote:
            return address or date or time or short
        return (address and (date or time)) or (date and time and figure_first)
    closing = line.rstrip(":： )").endswith(">") and figure_first
    return wrote or (date and time and closing)
