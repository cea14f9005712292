"""Signed words: the local parts of our Message-IDs and reply addresses.

A token is base32 in lower case, for gateways change the case of local parts: 32 characters in a reply
address, 40 in a Message-ID (five random bytes more). It holds a version, a purpose, a ticket and a person,
and 80 bits of HMAC-SHA256 over all of it. One length each and no other road: a word that is cut, longer,
or signed for another purpose is no token (a desk that trusted other lengths was broken into,
CVE-2026-53591).
"""

import hmac
from base64 import b32decode, b32encode
from hashlib import sha256
from struct import Struct as Packed

from helpdesk_cli.domain.mail import Token

_BODY = Packed(">BcII")
_TAG_BYTES = 10
_NONCE_BYTES = 5
_REPLY, _ID, _LOOP, _CODE = 1, 2, 3, 4
_CODE_BODY = Packed(">I")
_CODE_TAG_BYTES = 6
CODE_LENGTH = 16
REPLY_LENGTH = 32
ID_LENGTH = 40
PURPOSES = ("c", "s", "n", "t", "p")
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def _tag(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"helpdesk token\0" + body, "sha256")[:_TAG_BYTES]


def _word(key: bytes, body: bytes) -> str:
    return b32encode(body + _tag(key, body)).decode("ascii").lower()


def reply_token(key: bytes, token: Token) -> str:
    """The word for a reply address; always the same for one purpose, ticket and person."""
    return _word(key, _BODY.pack(_REPLY, token.purpose.encode(), token.ticket, token.person))


def signed_message_id(key: bytes, token: Token, nonce: bytes, domain: str) -> str:
    """A Message-ID of ours, with angle brackets; ``nonce`` is five random bytes."""
    assert len(nonce) == _NONCE_BYTES
    body = _BODY.pack(_ID, token.purpose.encode(), token.ticket, token.person) + nonce
    return f"<{_word(key, body)}@{domain}>"


def loop_mark(key: bytes, domain: str) -> str:
    """What our ``X-Helpdesk-Loop`` header says, so that we know our own mail when it comes back."""
    return f"{domain} {_word(key, bytes([_LOOP]) + sha256(domain.encode()).digest()[:9])}"


def page_code(key: bytes, letter: int) -> str:
    """The short word by which a page is answered: the letter, and 48 bits over it, for a page has little room."""
    body = _CODE_BODY.pack(letter)
    return b32encode(body + _code_tag(key, body)).decode("ascii").lower()


def _code_tag(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"helpdesk page\0" + bytes([_CODE]) + body, "sha256")[:_CODE_TAG_BYTES]


def read_page_code(key: bytes, word: str) -> int | None:
    """The letter whose page bears this word, or None where it fails its check."""
    if len(word) != CODE_LENGTH or not _ALPHABET.issuperset(word.lower()):
        return None
    data = b32decode(word.upper().encode("ascii"))
    body, tag = data[:-_CODE_TAG_BYTES], data[-_CODE_TAG_BYTES:]
    return int(_CODE_BODY.unpack(body)[0]) if hmac.compare_digest(tag, _code_tag(key, body)) else None


def has_form(word: str) -> bool:
    """Whether a word could be a token by its length and letters."""
    return len(word) in (REPLY_LENGTH, ID_LENGTH) and _ALPHABET.issuperset(word.lower())


def read(key: bytes, word: str) -> Token | None:
    """The token that a word is, or None where it fails its check in any way."""
    if not has_form(word):
        return None
    data = b32decode(word.upper().encode("ascii"))
    body, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(key, body)):
        return None
    version, purpose, ticket, person = _BODY.unpack_from(body)
    if version != (_REPLY if len(word) == REPLY_LENGTH else _ID):
        return None
    letter = purpose.decode("ascii", "replace")
    return Token(letter, ticket, person) if letter in PURPOSES else None


def is_loop_mark(key: bytes, value: str) -> bool:
    """Whether a header's value is the mark that we sign."""
    domain, _, word = value.strip().partition(" ")
    return hmac.compare_digest(loop_mark(key, domain).encode(), f"{domain} {word.lower()}".encode())
