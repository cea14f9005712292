"""The encodings in which a mail's parts travel: base64, quoted-printable, uuencode.

Parts are decoded from their place in the raw message in chunks, so that measuring a 50 MB attachment
needs no second 50 MB. Damage is tolerated: what can be read is read.
"""

import binascii
import re
from collections.abc import Iterator

CHUNK = 1 << 20
"""So many encoded bytes are decoded at once; a shorter part is decoded in one step."""

_NAMES = {
    "base64": "base64",
    "quoted-printable": "quoted-printable",
    "x-uuencode": "x-uuencode",
    "uuencode": "x-uuencode",
    "x-uue": "x-uuencode",
    "uue": "x-uuencode",
}


def encoding_name(value: str) -> str:
    """The encoding that a Content-Transfer-Encoding header means; "" for none and for unknown ones."""
    value = value.strip().lower()
    return _NAMES.get(value) or _NAMES.get(value.partition(";")[0].partition("(")[0].strip(' "'), "")


def decode_range(raw: bytes, start: int, end: int, encoding: str) -> bytes:
    """The decoded bytes of a range of the message."""
    if not encoding:
        return raw[start:end]
    return b"".join(decoded_chunks(raw, start, end, encoding))


def decoded_chunks(raw: bytes, start: int, end: int, encoding: str) -> Iterator[bytes | memoryview]:
    """Decode a range of the message piece by piece."""
    if encoding == "base64":
        yield from _base64(raw, start, end)
    elif encoding == "quoted-printable":
        yield from _quoted_printable(raw, start, end)
    elif encoding == "x-uuencode":
        yield from _uuencode(raw, start, end)
    else:
        yield memoryview(raw)[start:end]


def measure(raw: bytes, start: int, end: int, encoding: str) -> tuple[int, str]:
    """Size and SHA-256 (hexadecimal) of the decoded range."""
    from hashlib import sha256

    digest, size = sha256(), 0
    for chunk in decoded_chunks(raw, start, end, encoding):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


_NOT_BASE64 = bytes(
    byte
    for byte in range(256)
    if byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
)


def _base64(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """Decode base64 up to its padding, as everybody does; foreign characters are passed over.

    A part that was cut off yields what its last complete characters hold.
    """
    if end - start <= CHUNK:
        try:
            yield binascii.a2b_base64(memoryview(raw)[start:end])
            return
        except binascii.Error:
            pass
    left = bytearray()
    finished = False
    for position in range(start, end, CHUNK):
        data = raw[position : min(position + CHUNK, end)].translate(None, _NOT_BASE64)
        for number, piece in enumerate(re.split(rb"=+", data)):
            finished = number > 0 and len(left) % 4 >= 2  # else it is a stray "=" within the data
            if finished:
                break
            left += piece
        whole = len(left) // 4 * 4
        yield binascii.a2b_base64(left[:whole])
        del left[:whole]
        if finished:
            break
    if len(left) >= 2:
        yield binascii.a2b_base64(left + b"=" * (4 - len(left)))


def _quoted_printable(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """Decode quoted-printable, cutting chunks at line ends, else never within a ``=3D``."""
    bare_cr = raw.find(b"\n", start, end) < 0
    while start < end:
        stop = min(start + CHUNK, end)
        if stop < end:
            line_end = raw.rfind(b"\n", start, stop)
            if line_end >= 0:
                stop = line_end + 1
            elif (mark := raw.find(b"=", stop - 2, stop)) > start:
                stop = mark
        data = raw[start:stop]
        # The C decoder reads "=\r" as a soft break that lasts to the next "\n".
        yield binascii.a2b_qp(data.replace(b"=\r", b"=\n") if bare_cr else data)
        start = stop


_LINES = 1_500_000  # lines of uuencode that are read: twice what 50 MB hold


def _uuencode(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """Decode the first uuencoded file of the range; without a ``begin`` line nothing is decoded."""
    line = rb"begin [0-7]{3,4} ?[^\r\n]*"
    begin = re.compile(line).match(raw, start, end) or re.compile(rb"[\r\n]" + line).search(raw, start, end)
    if begin is None:
        yield raw[start:end]
        return
    for number, match in enumerate(re.compile(rb"[^\r\n]+").finditer(raw, begin.end(), end)):
        if number >= _LINES:
            return
        line = match[0]
        if line.rstrip() in (b"end", b"`"):
            return
        try:
            yield binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders write a wrong length or drop blanks at the line's end.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                yield binascii.a2b_uu(line[: count + 1].ljust(count + 1))
            except binascii.Error:
                return
