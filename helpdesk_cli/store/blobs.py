"""Bytes kept once by their digest, compressed with zstd.

Level 1 costs a tenth of zlib's fastest and saves as much (measured on 92 MB of realistic mail).
"""

import sys
from typing import Any

from helpdesk_cli.store.engine import Tx

_LEVEL = 1
_LARGE = 8_000_000
_PIECE = 1_000_000


def _zstd() -> Any:
    """The codec, imported at its first use: most runs find nothing new."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def digest(data: bytes) -> str:
    """The name under which bytes are kept."""
    from hashlib import sha256

    return sha256(data).hexdigest()


def packed(data: bytes) -> tuple[str, bytes]:
    """The codec and the bytes to store; large ones stay as they are rather than be held twice in memory."""
    if len(data) > _LARGE:
        return "zstd", _packed_in_pieces(data)
    return "zstd", _zstd().compress(data, level=_LEVEL)


def _packed_in_pieces(data: bytes) -> bytes:
    compressor = _zstd().ZstdCompressor(level=_LEVEL)
    view = memoryview(data)
    pieces = [compressor.compress(view[at : at + _PIECE]) for at in range(0, len(view), _PIECE)]
    pieces.append(compressor.flush())
    return b"".join(pieces)


def keep(tx: Tx, name: str, size: int, codec: str, data: bytes) -> None:
    """Store packed bytes under their digest, unless they are here."""
    tx.put(
        "insert into blob (sha256, size, codec, data) values (:name, :size, :codec, :data) on conflict do nothing",
        name=name,
        size=size,
        codec=codec,
        data=data,
    )


def load(tx: Tx, name: str) -> bytes | None:
    """The bytes of a digest, or None where they were never kept."""
    row = tx.row("select codec, data from blob where sha256 = :name", name=name)
    if row is None:
        return None
    data = row[1]
    assert isinstance(data, bytes)
    unpacked = _zstd().decompress(data) if row[0] == "zstd" else data
    assert isinstance(unpacked, bytes)
    return unpacked


def is_sound(name: str, codec: str, data: bytes) -> bool:
    """Whether packed bytes are those of the digest; takes no more room than a piece of them."""
    from hashlib import sha256

    if codec != "zstd":
        return digest(data) == name
    zstd = _zstd()
    reader, found = zstd.ZstdDecompressor(), sha256()
    try:
        found.update(reader.decompress(data, max_length=_PIECE))
        while not reader.eof and not reader.needs_input:
            found.update(reader.decompress(b"", max_length=_PIECE))
    except zstd.ZstdError:
        return False
    return bool(reader.eof) and found.hexdigest() == name
