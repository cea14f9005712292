"""The corpus: mails of our own making, each with the desk that it meets and what must come of it.

A mail is two files in ``tests/mails/THEME``: ``NAME.eml`` has its bytes, ``NAME.toml`` says the rest, in the
words of ``Case`` below. What only a running desk can know stands in the bytes as a placeholder, which names
a letter of the mails that came before:

    @@CLIENT-TOKEN@@  @@STAFF-TOKEN@@  @@NOTE-TOKEN@@  @@FORWARD-TOKEN@@     the signed word of a reply address
    @@ACK-MESSAGE-ID@@  @@ALERT-MESSAGE-ID@@  @@REPLY-MESSAGE-ID@@     with its angle brackets
    @@ACK-LETTER@@  @@ALERT-LETTER@@                    the whole letter, as it was sent
    @@LOOP-MARK@@                                       the value of our X-Helpdesk-Loop

The newest letter counts, or with a number (``@@CLIENT-TOKEN 1001@@``) that ticket's newest. A word more twists
the value: ``upper``, ``cut`` by its last character, ``longer`` by one, ``changed`` in its last one.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from bombs import bomb
from factories import KEY
from msgspec import Struct, field

from helpdesk_cli.domain.mail import Token
from helpdesk_cli.mail import tokens
from helpdesk_cli.services import mailroom

MAILS = Path(__file__).parent / "mails"
OTHERS = frozenset({"replies"})
"""Folders of tests/mails that are not of this form."""


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a mail's TOML; a word that nobody knows is a mistake."""


class Arrival(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[arrival]``: the way in, and what it knows of the mail."""

    by: str = "pipe"  # pipe | maildir (its first fetch was now) | import
    mailbox: str = "support"
    recipients: tuple[str, ...] = ()  # of the envelope
    at: str = ""  # 2026-11-20T08:00:00Z; else now


class Attached(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An attachment; what is left out is not asked."""

    name: str
    type: str | None = None
    size: int | None = None
    sha256: str | None = None


class Expected(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[expect]``: what must come of it; what is left out is not asked."""

    outcome: str
    reason: str
    ticket: int  # 0: it is on none
    letters: list[tuple[str, str]]  # all that it makes the desk write: (kind, recipient)
    letters_contain: tuple[str, ...] = ()
    letters_lack: tuple[str, ...] = ()
    note_contains: tuple[str, ...] = ()
    automatic: str | None = None
    verdict: str | None = None
    # the ticket
    subject: str | None = None
    department: str | None = None
    state: str | None = None
    client: str | None = None  # the requester's first address
    participants: list[str] | None = None
    links: list[tuple[int, str]] | None = None
    events: list[str] | None = None  # that it added
    # the message
    kind: str | None = None
    author: str | None = None  # client | staff | system
    sender: str | None = field(name="from", default=None)
    sender_name: str | None = field(name="from_name", default=None)
    public: bool | None = None
    mark: str | None = None
    text_is: str | None = None
    text_contains: tuple[str, ...] = ()
    text_lacks: tuple[str, ...] = ()
    new_text_is: str | None = None
    new_text_contains: tuple[str, ...] = ()
    new_text_lacks: tuple[str, ...] = ()
    attachments: list[Attached] | None = None


class Afterwards(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[afterwards]``: who would hear bob's answer on the ticket, and what it must not tell them."""

    hear: list[str]
    lacks: tuple[str, ...] = ()


class Case(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mail. ``given`` are steps to the desk as the mail meets it, each with one verb (see ``steps``)."""

    name: str
    title: str
    bomb: str = ""  # a generator of bombs.py; what it makes follows the bytes of the file
    given: tuple[dict[str, Any], ...] = ()
    desk: dict[str, Any] = {}
    operation: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    alerts: dict[str, Any] = {}
    mailbox: dict[str, Any] = {}  # changes of the mailbox that it comes by
    department: dict[str, Any] = {}  # changes of support
    arrival: Arrival = Arrival()
    expect: Expected
    afterwards: Afterwards | None = None


def read(path: Path) -> Case:
    """A mail's TOML."""
    name = str(path.relative_to(MAILS).with_suffix(""))
    return msgspec.convert({"name": name, **tomllib.loads(path.read_text("utf-8"))}, Case)


def every() -> dict[str, Case]:
    """The whole corpus by name."""
    paths = sorted(path for path in MAILS.glob("*/*.toml") if path.parent.name not in OTHERS)
    return {case.name: case for case in map(read, paths)}


def raw(case: Case, office: Any) -> bytes:
    """A mail's bytes on this desk: its placeholders filled, its bomb behind them."""
    path = MAILS / f"{case.name}.eml"
    data = path.read_bytes() if path.exists() else b""
    filled = re.sub(rb"@@([A-Z-]+)((?: [a-z0-9]+)*)@@", lambda match: _filled(match, office), data)
    assert b"@@" not in filled, "a placeholder that nobody knows"
    return filled + (bomb(case.bomb) if case.bomb else b"")


def _filled(match: re.Match[bytes], office: Any) -> bytes:
    """What stands in the place of a placeholder."""
    name, words = match[1].decode(), match[2].decode().split()
    ticket = next((int(word) for word in words if word.isdigit()), None)
    value = _value(name, ticket, office)
    for word in words:
        value = _TWISTS[word](value) if word in _TWISTS else value
    return value.encode("latin-1")


_TWISTS = {
    "upper": str.upper,
    "cut": lambda value: value[:-1],
    "longer": lambda value: value + "a",
    "changed": lambda value: value[:-1] + ("b" if value[-1] == "a" else "a"),
}
_KINDS = {
    "ACK": ("acknowledgement",),
    "ALERT": ("alert",),
    "REPLY": ("reply",),
    "CLIENT": ("acknowledgement", "reply"),
    "STAFF": ("alert",),
    "NOTE": ("alert",),
    "SURVEY": ("survey",),
    "FORWARD": ("forward",),
}


def _value(name: str, ticket: int | None, office: Any) -> str:
    if name == "LOOP-MARK":
        return tokens.loop_mark(KEY, office.desk.settings.desk.domain)
    which, _, what = name.partition("-")
    letter = [
        letter
        for letter in office.letters()
        if letter.kind in _KINDS[which] and ticket in (None, letter.ticket)
    ][-1]
    if what == "TOKEN":
        purpose = "n" if which == "NOTE" else letter.purpose
        return tokens.reply_token(KEY, Token(purpose, letter.ticket, letter.person))
    if what == "MESSAGE-ID":
        return str(letter.message_id)
    assert what == "LETTER", name
    return mailroom.letter_raw(office.desk, letter.id).decode("latin-1")
