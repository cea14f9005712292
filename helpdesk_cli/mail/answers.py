"""What a staff member's mail says to the client, and nothing else.

For a client's mail the worse fault is to cut too much; for a staff member's it is to send too much: below
their words stands our alert, with what only staff should read. So only what stands above our reply line is
taken, quoted lines never are, and where it is not clear which words are theirs, none is sent.
"""

from helpdesk_cli.mail.quotes import REPLY_LINE, new_text

_STAND_IN = "⁂"
"""Stands above the words while they are cut, so that there is always something that nobody quoted."""


def staff_words(text: str, own_addresses: frozenset[str] = frozenset()) -> str | None:
    """The words above the reply line, "" for none; None where it cannot be told which words are theirs.

    That is so where they also wrote below our line, between what they quote, and where what is left still
    names one of our ``own_addresses`` or holds the line.
    """
    above, line_at = _above(text)
    words = _own(f"{_STAND_IN}\n\n{above}\n{REPLY_LINE}\n\n> ." if line_at else f"{_STAND_IN}\n\n{text}")
    if line_at and line_at.lstrip().startswith(">"):
        elsewhere = set(_lines(_own(new_text(text)))) - set(_lines(words))
        if elsewhere:
            return None
    if not line_at and _only_quotes(text):
        return ""
    folded = words.casefold()
    if REPLY_LINE.casefold() in folded or any(address in folded for address in own_addresses):
        return None
    return words


def _above(text: str) -> tuple[str, str]:
    """What stands above our line, and the line as it stands there; all and "" where it does not."""
    wanted = _plain(REPLY_LINE)
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if wanted[:12] in line.casefold() and wanted in _plain(" ".join(lines[at : at + 2])):
            return "\n".join(lines[:at]), line
    return text, ""


def _plain(line: str) -> str:
    """A line without marks of quotation, stars and dashes, for comparing."""
    return " ".join(line.casefold().replace(">", " ").replace("*", " ").replace("-", " ").split())


def _own(text: str) -> str:
    """What a text adds, without its quoted lines and without the stand-in."""
    lines = [line for line in new_text(text).splitlines() if not line.lstrip().startswith(">")]
    return "\n".join(line for line in lines if line.strip() != _STAND_IN).strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _only_quotes(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith(">") for line in text.splitlines())
