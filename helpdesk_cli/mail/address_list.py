"""Reading the addresses of a header: leniently for all, and strictly for the one that must be believed.

The lenient reader takes what people's programs write and gives up on a mailbox rather than guess
between two addresses. The strict one knows RFC 5322 without its obsolete forms. Both read each
character once.
"""

import re
from collections.abc import Iterable

from helpdesk_cli.domain.mail import Mailbox
from helpdesk_cli.mail.decode import decode_words, one_line

ADDRESSES = 1_000
_NAME = 200
_LONGEST = 320  # of an address: 64 + 1 + 255 (RFC 5321, 4.5.3.1)

_ATOM = r'[^\s\x00-\x1f\x7f<>()\[\],:;@"\\]++'
_SIMPLE = re.compile(
    rf'[ \t]*+(?:"([^"\\]*+)"|([^"\\<>()@,:;]*+))[ \t]*+<({_ATOM}@{_ATOM})>[ \t]*+\Z',
)
_TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*+)(")?|(\[[^\[\]<>,;\s]*+\])|(\s++)|([<>(),;:])'
    r'|(=\?[^?\s"<>]{1,60}\?[bBqQ]\?[^?\s"<>]*+\?=|[^"<>(),;:\s\[]++|\[)',
    re.S,
)
_ADDRESS = re.compile(
    rf'(?:"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])++"|{_ATOM})@(?:\[[^\[\]<>\s\x00-\x1f\x7f]++\]|{_ATOM})\Z'
)


def read_addresses(value: str, limit: int = ADDRESSES) -> tuple[list[Mailbox], int]:
    """The mailboxes of an unfolded header value, at most ``limit``, and how many there are in all.

    Groups are dissolved, comments passed over (one serves as name where there is no other), encoded
    words decoded after the value was taken apart. What is no address is left out.
    """
    simple = _SIMPLE.match(value)
    if simple and len(simple[3]) <= _LONGEST:
        return [Mailbox(one_line(simple[3]), _clean_name(simple[1] or simple[2] or ""))], 1
    reader = _Reader(limit)
    reader.read(value)
    return reader.found, reader.total


def count_addresses(data: bytes) -> int:
    """How many addresses a piece holds that was cut off a header: one behind each comma."""
    return data.count(b",")


def read_all(values: Iterable[str], limit: int = ADDRESSES) -> tuple[tuple[Mailbox, ...], int]:
    """The mailboxes of several header fields together, within one limit, and their number without it."""
    found: list[Mailbox] = []
    total = 0
    for value in values:
        boxes, number = read_addresses(value, limit - len(found))
        found += boxes
        total += number
    return tuple(found), total


class _Reader:
    """The state of one pass over an address list: what was gathered of the mailbox being read."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.found: list[Mailbox] = []
        self.total = 0
        self.clear()

    def clear(self) -> None:
        """Begin the next mailbox."""
        self.words: list[str] = []  # as in "phrase <address>", with a blank where the text has one
        self.plain = True  # no quoted string among the words
        self.comment: list[str] = []
        self.route: list[str] | None = None  # what is between angle brackets
        self.twice = False  # two of these

    def read(self, value: str, comments: bool = True) -> None:
        """Walk over the tokens, once; once more without comments where one never ends."""
        depth = 0  # of comments
        self.angle = False
        position, size = 0, len(value)
        while position < size:
            match = _TOKEN.match(value, position)
            if match is None:
                position += 1
                continue
            text, special = match[0], match[5]
            if match[1] is not None and not match[2]:
                # A quote that never ends is a character like others; so are all that follow.
                position = match.start() + 1
                value = " " * position + value[position:].replace('"', " ")
                continue
            position = match.end()
            if depth:
                depth += (special == "(") - (special == ")")
                if depth and len(self.comment) < 100:
                    self.comment.append(text)
            elif special == "(" and comments:
                depth = 1
                self.comment.append(" ")
            elif special:
                self.mark(special)
            elif self.angle and self.route is not None:
                self.route.append(text)
            else:
                self.words.append(" " if match[4] else text)
                self.plain = self.plain and match[1] is None
        if depth:
            self.found, self.total = [], 0
            self.clear()
            self.read(value.replace("(", " "), comments=False)
        else:
            self.end()

    def mark(self, special: str) -> None:
        """Act on a character that divides the list."""
        in_route = self.angle and self.route is not None and self.route[:1] and self.route[0].startswith("@")
        if special == "<":
            self.twice = bool(self.route)
            self.angle, self.route = True, []
        elif special == ">":
            self.angle = False
        elif in_route and special in ",:":  # an obsolete source route, <@relay:user@host>
            self.route = [] if special == ":" else self.route
        elif special in ",;":
            self.angle = False
            self.end()
        elif special == ":" and not self.angle:
            self.colon()
        elif self.angle and self.route is not None:
            self.route.append(special)
        else:
            self.words.append(special)

    def colon(self) -> None:
        """A colon outside of brackets ends a group's name."""
        if "@" in "".join(self.words) and self.plain:
            self.words.append(":")
        else:
            self.clear()

    def end(self) -> None:
        """A mailbox is complete: keep it where it has exactly one address."""
        address, name = "", ""
        if self.route is not None:
            address = "" if self.twice else "".join(self.route).strip()
            name = "".join(self.words)
        else:
            whole = "".join(self.words).strip()
            if _is_address(whole):
                address = whole
            elif whole:
                address, name = self.loose(whole)
        if address and _is_address(address):
            self.total += 1
            if len(self.found) < self.limit:
                name = _unquote(name) or "".join(self.comment)
                self.found.append(Mailbox(one_line(address), _clean_name(name)))
        self.clear()

    def loose(self, whole: str) -> tuple[str, str]:
        """An address without brackets beside a name, or with blanks around its @."""
        if not self.plain or whole.count("@") > 1:
            return "", ""
        words = whole.split()
        likely = [word for word in words if _is_address(word)]
        if len(likely) == 1:
            return likely[0], " ".join(word for word in words if word != likely[0])
        squeezed = " ".join(words)
        for mark in "@.":
            squeezed = squeezed.replace(f" {mark}", mark).replace(f"{mark} ", mark)
        return (squeezed, "") if _is_address(squeezed) else ("", "")


def _is_address(text: str) -> bool:
    """Whether a text has the form of one address, by no stricter rule than today's mail servers."""
    return len(text) <= _LONGEST and "@" in text and _ADDRESS.match(text) is not None


def _unquote(name: str) -> str:
    """Take quotes and backslashes off a display name."""
    if '"' not in name:
        return name
    return re.sub(
        r'"((?:[^"\\]|\\.)*+)"', lambda match: re.sub(r"\\(.)", r"\1", match[1], flags=re.S), name, flags=re.S
    )


def _clean_name(name: str) -> str:
    """A display name, decoded, one line, of bounded length."""
    if not name:
        return ""
    return one_line(decode_words(name[:5000]), _NAME)


_STRICT: list[re.Pattern[str]] = []


def _strict() -> re.Pattern[str]:
    """RFC 5322's ``mailbox`` without obsolete forms, with RFC 6531's characters.

    One comment may follow. A dot in an unquoted name is allowed, as everybody writes it
    (``John Q. Public <…>``).
    """
    if not _STRICT:
        atom = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\ud7ff\uf900-\U0010ffff-]"
        quoted = r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*+"'
        label = r"[A-Za-z0-9_\u00a1-\ud7ff\uf900-\U0010ffff-]++"
        spec = rf"(?:{atom}++(?:\.{atom}++)*+|{quoted})@(?:{label}(?:\.{label})*+|\[[A-Za-z0-9:.]{{2,60}}\])"
        word = rf"(?:(?:{atom}|\.)++|{quoted})"
        phrase = rf"{word}(?:[ \t]*+{word})*+"
        pattern = rf"[ \t]*+(?:(?:{phrase}[ \t]*+)?<({spec})>|({spec}))[ \t]*+(?:\([^()<>@\\]*+\)[ \t]*+)?\Z"
        _STRICT.append(re.compile(pattern))
    return _STRICT[0]


def strict_address(value: str) -> str:
    """The address of a From value that holds exactly one mailbox by the strict grammar, else "".

    ``support@corp.test <evil@x.test>``, ``alice@example.org)bob@evil.test`` and the like, which
    programs read differently, are refused.
    """
    if len(value) > 2000:
        return ""
    match = _strict().match(value)
    return (match[1] or match[2]) if match else ""
