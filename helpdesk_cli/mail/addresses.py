"""An address as it may go on the wire: in an envelope, in a header, on a command line."""

import re

from helpdesk_cli.domain.mail import a_label

_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"\Z')
_FORBIDDEN = re.compile(r'[\x00-\x20\x7f-\x9f\xa0<>()\[\],;:\\"@\u2028\u2029\ud800-\udfff]')
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\Z")
_LITERAL = re.compile(r"\[[A-Za-z0-9:.]+\]\Z")


def wire_address(address: str) -> str:
    """The address with its domain as A-label and the local part as written.

    ``jörg@bücher.example`` becomes ``jörg@xn--bcher-kva.example``: a local part beyond ASCII needs
    SMTPUTF8 (RFC 6531), a domain never does. Raises ValueError with a sentence where a mail server could
    read something else than we mean: control characters, blanks, angle brackets, commas outside a quoted
    local part, no domain.
    """
    local, at, domain = address.strip(" ").rpartition("@")
    if not at or not local or not domain:
        raise ValueError(f"{_shown(address)} is not a mail address")
    if len(address) > 320 or not (_QUOTED.match(local) or not _FORBIDDEN.search(local)):
        raise ValueError(f"{_shown(address)} cannot be used as a mail address")
    if not domain.isascii():
        try:
            domain = a_label(domain)
        except ValueError:
            raise ValueError(f"{_shown(address)} has a domain that is not allowed") from None
    if not (_DOMAIN.match(domain) or _LITERAL.match(domain)):
        raise ValueError(f"{_shown(address)} has a domain that is not allowed")
    return f"{local}@{domain}"


def _shown(address: str) -> str:
    """The text in quotes, short and with everything unprintable escaped."""
    return ascii(address[:80])
