"""A file's bytes: cut from the raw mail that brought it, or kept by itself."""

from collections.abc import Sequence

from msgspec import Struct

from helpdesk_cli.domain.mail import Part
from helpdesk_cli.errors import Failed
from helpdesk_cli.store import blobs
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.inbox import Kept


def attachment_bytes(tx: Tx, part: Part, kept: Kept | None) -> bytes:
    """The decoded bytes of an attachment. Raises Failed where the store lost them."""
    if part.end == 0:
        data = blobs.load(tx, part.sha256)
    else:
        from helpdesk_cli.mail.parse import part_bytes

        raw = blobs.load(tx, kept.sha256) if kept is not None else None
        data = part_bytes(raw, part) if raw is not None else None
    if data is None:
        raise Failed(f"{part.name}: its bytes are not in the store; run 'helpdesk doctor'")
    return data


class File(Struct, frozen=True):
    """A file that staff attach: its name, type and bytes."""

    name: str
    type: str
    data: bytes


def keep(tx: Tx, files: Sequence[File]) -> tuple[Part, ...]:
    """Store files that staff attach; what a message says of them."""
    from helpdesk_cli.mail.names import safe_name

    parts = []
    for file in files:
        digest = blobs.digest(file.data)
        codec, data = blobs.packed(file.data)
        blobs.keep(tx, digest, len(file.data), codec, data)
        parts.append(Part(safe_name(file.name, file.type), file.type, len(file.data), digest, 0, 0))
    return tuple(parts)
