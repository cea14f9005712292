"""One message on standard input, as a mail server hands it over; the envelope beside it."""

import re
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from helpdesk_cli.errors import Usage
from helpdesk_cli.mail.sources.contract import HEAD_LIMIT, Delivery, cut_head, head_key

CHUNK = 1 << 16


def read_message(
    stream: BinaryIO,
    *,
    max_size: int,
    sender: str | None = None,
    recipients: Sequence[str] = (),
    environ: Mapping[str, str],
) -> Delivery:
    """Read a message to its end; the key is the digest of its bytes.

    ``sender`` and ``recipients`` come from the command's options; where they are missing, from ``SENDER``,
    ``ORIGINAL_RECIPIENT`` and ``RECIPIENT`` (Postfix's local(8) sets them), and the sender at last from a
    leading mbox ``From `` line, which is removed. ``MAILER-DAEMON`` and ``<>`` are the null sender, "".
    Above ``max_size`` no more than the header and the beginning is kept: ``whole`` is false, and as
    nobody else keeps the rest, the caller must refuse the mail.

    Raises Usage when there is no message.
    """
    import hashlib

    kept = bytearray()
    size = 0
    digest = hashlib.sha256()
    from_line = b""
    chunk = stream.read(CHUNK)
    if chunk.startswith(b"From "):
        from_line, end, chunk = chunk.partition(b"\n")
        while not end and (chunk := stream.read(CHUNK)):
            _, end, chunk = chunk.partition(b"\n")
    while chunk:
        size += len(chunk)
        digest.update(chunk)
        if len(kept) <= max(max_size, HEAD_LIMIT):
            kept += chunk
        chunk = stream.read(CHUNK)
    if not size:
        raise Usage("standard input holds no message")
    key = f"sha256:{digest.hexdigest()}"
    whole = size <= max_size
    if sender is None:
        sender = environ.get("SENDER") or _sender_of(from_line)
    named = recipients or (environ.get("ORIGINAL_RECIPIENT", ""), environ.get("RECIPIENT", ""))
    return Delivery(
        key=key if whole else head_key(key),
        raw=bytes(kept) if whole else cut_head(bytes(kept[:HEAD_LIMIT])),
        size=size,
        whole=whole,
        sender=None if sender is None else _address(sender),
        recipients=tuple(dict.fromkeys(_address(name) for name in named if name)),
    )


def _sender_of(from_line: bytes) -> str | None:
    found = re.match(rb"From (\S+) ", from_line)
    return found[1].decode("utf-8", "replace") if found else None


def _address(text: str) -> str:
    """An address of the envelope: no brackets, no control characters, the null sender as ""."""
    bare = "".join(letter for letter in text if letter.isprintable()).strip()
    bare = bare.removeprefix("<").removesuffix(">")
    return "" if bare == "MAILER-DAEMON" else bare
