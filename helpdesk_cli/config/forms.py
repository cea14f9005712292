"""The forms in which values are written, and the fault when one is not."""

from msgspec import Struct

from helpdesk_cli.domain.mail import a_label
from helpdesk_cli.settings import Rate, Size, Span

SIZES = {"": 1, "b": 1} | {
    f"{letter}{unit}": base**power
    for power, letter in enumerate("kmgt", 1)
    for unit, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}
SPANS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
SLUG = frozenset(LETTERS + DIGITS + "-")
HOST = SLUG | frozenset(LETTERS.upper() + "_")
LOCAL = HOST | frozenset("!#$%&'*+/=?^`{|}~.")
"""What stands before the @ without quotes (RFC 5322, dot-atom)."""

Key = tuple[str, ...]


AFTER = {"pop3": "keep", "mbox": "keep", "pipe": "keep"}
"""What ``after`` is where the file names none and ``seen`` means nothing to the kind."""


class Fault(Struct, frozen=True):
    """One thing that is wrong: where, and what; the text says what is allowed too."""

    key: Key
    text: str


def size_of(written: object) -> Size:
    """Read ``50 MB``, ``64 kB``, ``2 GiB`` or a number of bytes. Raises ValueError."""
    return Size(amount(written, SIZES))


def span_of(written: object) -> Span:
    """Read ``30s``, ``10m``, ``1h``, ``1d`` or a number of seconds. Raises ValueError."""
    return Span(amount(written, SPANS))


def rate_of(written: object) -> Rate:
    """Read ``20/10m``: so many in such a window. Raises ValueError."""
    count, _, window = str(written).partition("/")
    return Rate(amount(count.strip(), {"": 1}), amount(window.strip(), SPANS))


def amount(written: object, units: dict[str, int]) -> int:
    """Read a whole number with one of these units. Raises ValueError."""
    if isinstance(written, int) and not isinstance(written, bool) and 0 <= written < 10**18:
        return int(written)
    if not isinstance(written, str) or not written.isascii():
        raise ValueError("not an amount")
    unit = written.strip().lower().lstrip(DIGITS)
    number = written.strip()[: len(written.strip()) - len(unit)]
    if not 0 < len(number) < 16 or unit.strip() not in units:
        raise ValueError("not an amount")
    return int(number) * units[unit.strip()]


def written(kind: type, value: object) -> object:
    """Read a value whose written form is not TOML's own."""
    if kind is Size:
        return size_of(value)
    if kind is Span:
        return span_of(value)
    raise TypeError(f"{kind} has no written form")


def with_after(mailbox: object) -> object:
    """Give a mailbox that names no ``after`` the one of its kind."""
    if isinstance(mailbox, dict) and "after" not in mailbox:
        kind = mailbox.get("kind")
        if isinstance(kind, str) and kind in AFTER:
            return {**mailbox, "after": AFTER[kind]}
    return mailbox


def is_slug(text: str) -> bool:
    """Say whether this may stand behind the dot of ``[department.SLUG]``."""
    return 0 < len(text) <= 60 and SLUG.issuperset(text) and text[0] != "-"


def is_host(text: str) -> bool:
    """Say whether this is a host's name in ASCII; one label is enough."""
    labels = text.split(".")
    return len(text) <= 253 and all(
        0 < len(label) <= 63 and HOST.issuperset(label) and label[0] != "-" and label[-1] != "-"
        for label in labels
    )


def is_address(text: str) -> bool:
    """Say whether this is a bare mail address: no name, no quotes, no comment; the domain as A-label."""
    local, at, domain = text.rpartition("@")
    return (
        bool(at)
        and 0 < len(local) <= 64
        and LOCAL.issuperset(local)
        and "" not in local.split(".")
        and is_host(domain)
    )


def ascii_address(address: str) -> str:
    """Write the domain as A-label (UTS 46), as mail servers want it; what has none stays as it is."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{a_label(domain)}"
    except ValueError:
        return address


def is_loopback(host: str) -> bool:
    """Say whether what is sent to this host stays on this machine."""
    name = host.strip("[]").lower()
    if name in ("localhost", "::1"):
        return True
    parts = name.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdecimal() for part in parts)
