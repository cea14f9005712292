"""From the bytes of a mail to text that can be stored: character sets, encoded words, parameters.

Everything here takes whatever comes and returns text; nothing raises. Each function's work grows with
the length of its input and no faster.
"""

import re
from functools import lru_cache

from helpdesk_cli.domain.characters import storable

_CODEC_NAMES = """
ascii utf_8 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be utf_7 latin_1 iso8859_2 iso8859_3
iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13
iso8859_14 iso8859_15 iso8859_16 cp037 cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855
cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp875 cp932 cp949 cp950
cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 mac_roman
mac_cyrillic mac_greek mac_iceland mac_latin2 mac_turkish koi8_r koi8_u koi8_t kz1048 ptcp154
gb18030 hz big5 big5hkscs shift_jis shift_jis_2004 shift_jisx0213 euc_jp euc_jis_2004 euc_jisx0213
iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr johab
tis_620
"""
CODECS = frozenset(_CODEC_NAMES.split())
"""The only codecs that a mail may name. Python knows others that are no character sets (``zlib``,
``idna``, ``unicode_escape``) and would import a module for a name that it does not know."""

_GUESS = ""  # the label says nothing, or less than the bytes do

_LABELS = {
    "": _GUESS, "ascii": _GUESS, "usascii": _GUESS, "ansix341968": _GUESS, "iso88591": _GUESS,
    "latin1": _GUESS, "l1": _GUESS, "windows1252": _GUESS, "cp1252": _GUESS, "8bit": _GUESS, "7bit": _GUESS,
    "binary": _GUESS, "default": _GUESS, "unknown8bit": _GUESS, "xunknown": _GUESS, "unknown": _GUESS,
    "none": _GUESS, "xuserdefined": _GUESS, "utf8": "utf_8", "utf8mb4": "utf_8", "unicode11utf8": "utf_8",
    "utf8sig": "utf_8", "gb2312": "gb18030", "gbk": "gb18030", "xgbk": "gb18030", "gb231280": "gb18030",
    "csgb2312": "gb18030", "euccn": "gb18030", "ksc56011987": "cp949", "ksc5601": "cp949", "euckr": "cp949",
    "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "mskanji": "cp932", "windows31j": "cp932",
    "iso885911": "cp874", "tis620": "cp874", "windows874": "cp874", "dos874": "cp874", "iso88599": "cp1254",
    "iso88598i": "iso8859_8", "iso88598e": "iso8859_8", "big5": "big5hkscs", "iso2022jp": "iso2022_jp_ext",
    "xmacroman": "mac_roman", "macintosh": "mac_roman", "xmaccyrillic": "mac_cyrillic", "koi8": "koi8_r",
    "xeucjp": "euc_jp", "xbig5": "big5hkscs", "unicode": "utf_16",
}  # fmt: skip
"""What a label means in mail, without punctuation and case: the wider set that its users really send."""


_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def one_line(text: str, limit: int = 10_000) -> str:
    """Make a header's text one storable line: control characters and line ends become single blanks.

    What decodes to ``a\\r\\nBcc: b`` must never become a header of ours.
    """
    if len(text) > limit:
        text = text[:limit]
    if not text.isprintable():
        text = storable(_BREAKS.sub(" ", text))
    return text.strip()


@lru_cache(maxsize=256)
def _codec(label: str) -> str | None:
    """Find the codec behind a label; None where it is no character set that we trust."""
    key = re.sub("[^a-z0-9]", "", label[:60].lower())
    if key in _LABELS:
        return _LABELS[key]
    from encodings.aliases import aliases

    for name in (key, *(alias for alias in aliases if alias.replace("_", "") == key)):
        if aliases.get(name, name) in CODECS:
            return aliases.get(name, name)
    return next((codec for codec in CODECS if codec.replace("_", "") == key), None)


def decode_text(data: bytes | bytearray, charset: str = "") -> str:
    """Decode by the label where it is true, else as UTF-8, else as Windows-1252; always storable.

    An unlabelled, ASCII or Latin-1 text that is valid UTF-8 is UTF-8: mislabelled UTF-8 is far more
    common than Latin-1 that happens to be valid UTF-8. UTF-8 with few faults (a text cut within a
    character) keeps its good part.
    """
    codec = _codec(charset[:60])
    if codec and codec != "utf_8":
        try:
            return storable(data.decode(codec))
        except (UnicodeError, ValueError):
            pass
    try:
        text = data.decode()
        if "\0" in text:
            text = storable(text)
        return text[1:] if text.startswith("\ufeff") else text
    except UnicodeDecodeError:
        pass
    if codec and codec != "utf_8":
        return storable(data.decode(codec, "replace"))
    text = data.decode("utf-8", "replace")
    faults = text.count("�")
    beyond = len(text) - faults - len(text.encode("ascii", "ignore"))
    if faults * 2 <= beyond:
        return storable(text)
    return storable(data.decode("cp1252", "replace"))


_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")


def decode_words(text: str) -> str:
    """Decode the encoded words of a header (RFC 2047); the result may hold line ends, see ``one_line``.

    Neighbours in one character set are joined as bytes before decoding: mailers cut within a character.
    What is no valid encoded word stays as it is.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    charset, pending = "", bytearray()
    last, after_word = 0, False
    for match in _WORD.finditer(text):
        data = _word_bytes(match[2], match[3])
        if data is None:
            continue
        between = text[last : match.start()]
        label = match[1].partition("*")[0].lower()
        joined = after_word and not between.strip()
        if not (joined and label == charset):
            if after_word:
                out.append(decode_text(pending, charset))
            charset, pending = label, bytearray()
            if not joined:
                out.append(between)
        pending += data
        last, after_word = match.end(), True
    if after_word:
        out.append(decode_text(pending, charset))
    out.append(text[last:])
    return "".join(out)


def _word_bytes(kind: str, coded: str) -> bytes | None:
    """The bytes of one encoded word; None where it is not decodable."""
    import binascii

    data = coded.encode("ascii", "ignore")
    if kind in "qQ":
        return binascii.a2b_qp(data.replace(b"\r", b"").replace(b"\n", b""), header=True)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(data) % 4 == 1:
        data = data[:-1]
    if not data and coded:
        return None
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^;]*+)', re.S)


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split ``text/plain; charset=utf-8`` into its lower-case first word and its parameters.

    Pieces and character sets of RFC 2231 are put together, encoded words (wrong there, but usual) are
    decoded. The first of equal names wins. Values are storable, not safe.
    """
    return _parameters(value) if len(value) < 300 else _parameters.__wrapped__(value)


@lru_cache(maxsize=256)
def _parameters(value: str) -> tuple[str, dict[str, str]]:
    head, semicolon, _ = value.partition(";")
    first = head.strip().lower()
    if not semicolon:
        return first, {}
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, raw in _PARAMETER.findall(value, len(head)):
        text = _unquote(raw)
        key, star, rest = name.lower().partition("*")
        if not star:
            plain.setdefault(key, decode_words(text))
            continue
        number, _, coded = rest.partition("*")
        position = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
        if rest.strip("*") in ("", number):
            is_coded = rest == "" or rest.endswith("*") or bool(coded)
            pieces.setdefault(key, {}).setdefault(position, (is_coded, text))
    for key, found in pieces.items():
        plain[key] = _join_pieces(found)
    return first, {key: storable(text) for key, text in plain.items()}


def _unquote(raw: str) -> str:
    """Take the quotes off a parameter's value; a backslash before anything but a quote or itself stays.

    Windows programs write ``"C:\\dir\\file"`` without doubling.
    """
    if raw[:1] != '"':
        return raw.strip()
    inner = raw[1:-1] if len(raw) > 1 and raw[-1] == '"' else raw[1:]
    return re.sub(r'\\(["\\])', r"\1", inner) if "\\" in inner else inner


def _join_pieces(found: dict[int, tuple[bool, str]]) -> str:
    """Join the pieces of one RFC 2231 parameter up to the first gap and decode them in the set they name."""
    from urllib.parse import unquote_to_bytes

    charset, data = "", bytearray()
    first = min(found)
    for expected, position in enumerate(sorted(found)):
        if position != expected + first:
            break
        is_coded, text = found[position]
        if expected == 0 and is_coded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        piece = text.encode("utf-8", "surrogatepass")
        data += unquote_to_bytes(piece) if is_coded else piece
    return decode_text(data, charset)
