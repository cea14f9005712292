"""What a staff member's mail says to the client, and nothing else.

For a client's mail the worse fault is to cut too much; for a staff member's it is to send too much: below
their words stands our alert, with what only staff should read. So only what stands above our reply line is
taken, and where it is not clear which words are theirs, none is sent and they are told.
"""

from collections.abc import Iterable, Sequence

from helpdesk_cli.domain.mail import Part
from helpdesk_cli.mail.quotes import REPLY_LINE, new_text

_STAND_IN = "⁂"
"""Stands above the words while they are cut, so that there is always something that nobody quoted."""

FOOTER = "helpdesk ticket show"
"""Stands in the last line of our alerts."""

_WRAPPED = 4
"""Over so many lines a mail program may wrap our reply line."""

_CARRIERS = (
    "message/",
    "multipart/",
    "text/html",
    "text/rfc822",
    "application/ms-tnef",
    "application/vnd.ms-outlook",
)
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
_CARRIER_NAMES = (".eml", ".msg", ".htm", ".html", ".mht", ".mhtml", ".p7m", "winmail.dat", "encrypted.asc")


def staff_words(text: str, marks: Iterable[str] = ()) -> str | None:
    """The words above the reply line, "" for none; None where it cannot be told which words are theirs.

    That is so where they also wrote below our line; and where there is no such line, but what is left holds
    one of the ``marks`` by which an alert is known: an address of ours, its ticket's tag. The beginning of our
    signed addresses, which ends in a plus, must never be there.
    """
    text = text.replace("\xa0", " ")
    above, line_at, below = _around(text)
    if not line_at:
        words = _without_quotes(new_text(f"{_STAND_IN}\n\n{text}"))
        return None if _holds(words, (*marks, REPLY_LINE, FOOTER)) else words
    words = _without_stand_in(new_text(f"{_STAND_IN}\n\n{above}\n{REPLY_LINE}\n\n> ."))
    if line_at.lstrip().startswith(">"):
        elsewhere = set(_lines(_without_quotes(new_text(text)))) - set(_lines(words))
    else:
        elsewhere = set(_lines(_without_quotes(new_text(_after_footer(below)))))
    if elsewhere or _holds(words, (*(mark for mark in marks if mark.endswith("+")), REPLY_LINE)):
        return None
    return words


def files_to_send(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The files of a staff member's answer that go along: none in which our own alert may be wrapped."""
    return tuple(part for part in parts if not _is_carrier(part))


def brings_files(parts: Sequence[Part]) -> bool:
    """Whether an answer without words says something by its files: a logo of a signature does not."""
    is_sealed = any(part.type in _SEALED for part in parts)
    return not is_sealed and any(not part.content_id for part in files_to_send(parts))


def _is_carrier(part: Part) -> bool:
    return part.type.startswith((*_CARRIERS, *_SEALED)) or part.name.lower().endswith(_CARRIER_NAMES)


def _around(text: str) -> tuple[str, str, str]:
    """What stands above our line, the line as it begins there, and what stands below; all, "", "" without it."""
    wanted = _plain(REPLY_LINE)
    start = wanted.split()[0]
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if start in _plain(line) and wanted in _plain(" ".join(lines[at : at + _WRAPPED])):
            return "\n".join(lines[:at]), line, "\n".join(lines[at + 1 :])
    return text, "", ""


def _after_footer(below: str) -> str:
    """What stands below the last line of our alert, where nothing of ours is any more."""
    lines = below.splitlines()
    last = max((at for at, line in enumerate(lines) if FOOTER in line), default=len(lines))
    return "\n".join(lines[last + 1 :])


def _plain(line: str) -> str:
    """A line without marks of quotation, stars and dashes, for comparing."""
    return " ".join(line.casefold().replace(">", " ").replace("*", " ").replace("-", " ").split())


def _without_stand_in(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip() != _STAND_IN).strip()


def _without_quotes(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    return _without_stand_in("\n".join(lines))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _holds(words: str, marks: Iterable[str]) -> bool:
    folded = words.casefold()
    return any(mark.casefold() in folded for mark in marks)
