"""Which key a store's mails are signed with, so that no host signs with another one by mistake."""

from helpdesk_cli.store.engine import Tx


def agrees(tx: Tx, key: bytes) -> bool | None:
    """Whether this is the key; None where the store remembers none."""
    row = tx.row("select value from counter where name = 'key'")
    return None if row is None else row[0] == _mark(key)


def remember(tx: Tx, key: bytes) -> None:
    """Note the key for good, where none is noted."""
    tx.run(
        "insert into counter (name, value) values ('key', :mark) on conflict (name) do nothing",
        mark=_mark(key),
    )


def _mark(key: bytes) -> int:
    """A number that tells keys apart and from which none follows."""
    from hashlib import sha256

    return int.from_bytes(sha256(b"helpdesk key\0" + key).digest()[:6], "big")
