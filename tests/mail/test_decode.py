"""Bytes to storable text: character sets, encoded words, parameters, transfer encodings, file names."""

import base64
import binascii
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.characters import storable
from helpdesk_cli.mail import transfer
from helpdesk_cli.mail.decode import decode_text, decode_words, one_line, parse_parameters
from helpdesk_cli.mail.names import safe_name
from helpdesk_cli.mail.transfer import decode_range, encoding_name, measure


def is_storable(text: str) -> bool:
    return "\0" not in text and bool(text.encode() or True) and json.loads(json.dumps(text)) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [("plain", "plain"), ("a\0b", "a�b"), ("\ud800x", "�x"), ("\ud83d\ude00", "😀"), ("ä\0\udfff", "ä��")],
)
def test_text_without_a_place_in_utf8_becomes_storable(text: str, kept: str) -> None:
    assert storable(text) == kept


CHARSETS = [
    (b"caf\xc3\xa9", "us-ascii", "café"),
    (b"caf\xc3\xa9", "iso-8859-1", "café"),
    (b"caf\xe9", "utf-8", "café"),
    (b"caf\xe9", "", "café"),
    (b"\x93x\x94 \x80", "iso-8859-1", "“x” €"),
    ("Größe größer ä".encode() + b"\xc3", "utf-8", "Größe größer ä�"),
    ("鎔基".encode("gbk"), "gb2312", "鎔基"),
    ("한국어 똠방".encode("cp949"), "ks_c_5601-1987", "한국어 똠방"),
    ("日本語".encode("iso-2022-jp"), "ISO-2022-JP", "日本語"),
    ("①".encode("cp932"), "Shift_JIS", "①"),
    (b"\xb4\xd5", "windows-874", "ดี"),
    ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
    ("ł".encode("cp1250"), "windows-1250", "ł"),
    ("שלום".encode("iso8859_8"), "iso-8859-8-i", "שלום"),
    ("hé".encode("utf-16"), "utf-16", "hé"),
    (b"\xef\xbb\xbfx", "utf-8", "x"),
    (b"hello", ' "UTF-8" ', "hello"),
]


@pytest.mark.parametrize(("data", "charset", "text"), CHARSETS)
def test_character_sets_are_read_as_mailers_mean_them(data: bytes, charset: str, text: str) -> None:
    assert decode_text(data, charset) == text


HOSTILE = [
    "undefined",
    "idna",
    "rot13",
    "zlib",
    "hex",
    "x-nope",
    "mbcs",
    "unknown-8bit",
    '"',
    "utf-8\0",
    "base64",
    "unicode_escape",
    "raw_unicode_escape",
    "punycode",
    "oem",
    "../../etc/passwd",
    "os",
    "x" * 10_000,
]


@pytest.mark.parametrize("charset", HOSTILE)
def test_hostile_character_sets_decode_nothing_but_text(charset: str) -> None:
    assert decode_text(b"abc \\u202e xn--a 616263 +AGE- \xff", charset) == "abc \\u202e xn--a 616263 +AGE- ÿ"


@settings(max_examples=500)
@given(
    st.binary(), st.one_of(st.sampled_from([*HOSTILE, "utf-7", "utf-16", "utf-8", "hz", "cp932"]), st.text())
)
def test_any_bytes_in_any_character_set_become_storable(data: bytes, charset: str) -> None:
    assert is_storable(decode_text(data, charset))


WORDS = [
    ("=?utf-8?B?5p2x5Lo=?= =?UTF-8?B?rOmDvQ==?=", "東京都"),
    ("=?utf-8?q?a=C3?=\n =?utf-8?b?pA==?=", "aä"),
    ("a =?utf-8?q?b?= c", "a b c"),
    ("=?utf-8?q?a?= =?latin1?q?=E4?= b", "aä b"),
    ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
    ("=?utf-8*de?q?gr=C3=BCn?=", "grün"),
    ("=?utf-8?Q?a b_c?=", "a b c"),
    ("=?utf-8?B?!!!?= x", "=?utf-8?B?!!!?= x"),
    ("=?utf-8?B?w6?=", "Ã"),
    ("=?utf-8?x?a?= =?a", "=?utf-8?x?a?= =?a"),
    ("=?x-unknown-99?Q?caf=E9?=", "café"),
    ("=?iso-2022-jp?b?GyRCRnxLXDhsGyhC?=", "日本語"),
]


@pytest.mark.parametrize(("coded", "text"), WORDS)
def test_encoded_words_are_read_joined_as_bytes(coded: str, text: str) -> None:
    assert decode_words(coded) == text


def test_a_line_is_cut_at_its_limit() -> None:
    assert one_line("x" * 20, 5) == "xxxxx"


def test_line_ends_in_encoded_words_never_become_a_header() -> None:
    assert one_line(decode_words("=?utf-8?q?a=0D=0ABcc:_evil@x?=")) == "a Bcc: evil@x"
    assert one_line("a\u2028b\x85c\0d\x1b[2J\te") == "a b c d [2J e"


PARAMETERS = [
    ('text/plain; charset="utf-8"; format=flowed', "text/plain", {"charset": "utf-8", "format": "flowed"}),
    ('a/b; name="x; y=z"; b=c', "a/b", {"name": "x; y=z", "b": "c"}),
    ('a/b; name="a \\"q\\" C:\\dir"', "a/b", {"name": 'a "q" C:\\dir'}),
    ("a/b; n*0*=UTF-8''%E6%9D%B1%E4%BA; n*1*=%AC; n*2=.pdf", "a/b", {"n": "東京.pdf"}),
    ("a/b; n*1=b; n*0=a", "a/b", {"n": "ab"}),
    ("a/b; n*0=a; n*2=c; n*x=q", "a/b", {"n": "a"}),
    ("a/b; n*=iso-8859-1'en'%A3.pdf; n=fallback", "a/b", {"n": "£.pdf"}),
    ("a/b; n*=bogus-9''%E9.pdf", "a/b", {"n": "é.pdf"}),
    ('a/b; name="=?utf-8?b?w6kucGRm?="', "a/b", {"name": "é.pdf"}),
    ("a/b; name=my file (1).pdf ; x=y", "a/b", {"name": "my file (1).pdf", "x": "y"}),
    ('a/b; name="open', "a/b", {"name": "open"}),
    ("TEXT/Plain", "text/plain", {}),
    (";;;=; charset", "", {}),
    ("text/plain; name*", "text/plain", {}),
    ("a/b; a=1; a=2", "a/b", {"a": "1"}),
]


@pytest.mark.parametrize(("value", "first", "parameters"), PARAMETERS)
def test_parameters_are_read(value: str, first: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (first, parameters)


@settings(max_examples=500)
@given(st.text(alphabet=st.sampled_from("ab=;*\"\\'%0159 \t?_-./äq"), max_size=60))
def test_any_parameters_and_words_become_storable(value: str) -> None:
    first, parameters = parse_parameters("a/b; " + value)
    assert first == "a/b"
    assert all(is_storable(text) for text in (*parameters, *parameters.values(), decode_words("=?" + value)))


@pytest.mark.parametrize(
    "piece", ["=?", "=?a?q?", "=?a?q?b?=", ";a=", ';a="\\', "'", "*", ";n*0*=x", " ", "\\"]
)
def test_the_longest_field_is_decoded_at_once(piece: str) -> None:
    before = time.process_time()
    decode_words((piece * 64_000)[:64_000])
    parse_parameters(("a/b;n*0*=" + piece * 64_000)[:64_000])
    assert time.process_time() - before < 1.5  # a reader whose work grows with the square needs more


TRANSFERS = [
    ("base64", b"aGVsbG8gd29ybGQ=", b"hello world"),
    ("base64", b"aGVs\r\nbG8g\r\nd29y\r\nbGQ", b"hello world"),
    ("base64", b"aGVsbG8gd29ybG", b"hello worl"),
    ("base64", b"aGVsbG8gd29yb", b"hello wor"),
    ("base64", b"aG!V$s\0bG8=\r\n-- \r\nfooter", b"hello"),
    ("base64", b"=aGVs=bG8", b"hello"),
    ("base64", b"", b""),
    ("quoted-printable", b"a=C3=A4 =\r\nb=ZZ =", b"a\xc3\xa4 b=ZZ "),
    ("quoted-printable", b"a=\rb=3D\rc", b"ab=\rc"),
    ("x-uuencode", b"begin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n", b"hello"),
    ("x-uuencode", b"no file", b"no file"),
    ("", b"as it is\0", b"as it is\0"),
]


@pytest.mark.parametrize(("encoding", "coded", "data"), TRANSFERS)
@pytest.mark.parametrize("chunk", [1 << 20, 4, 7, 24])
def test_damaged_transfers_yield_what_can_be_read(
    encoding: str, coded: bytes, data: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "CHUNK", chunk)
    assert decode_range(b"<<" + coded + b">>", 2, 2 + len(coded), encoding) == data


@settings(max_examples=200)
@given(st.binary(max_size=400), st.integers(3, 200))
def test_chunks_decode_what_the_whole_does(data: bytes, chunk: int) -> None:
    uu = b"begin 644 x\n" + b"".join(
        binascii.b2a_uu(data[place : place + 45]) for place in range(0, len(data), 45)
    ) + b"`\nend\n"  # fmt: skip
    coded = {
        "base64": base64.encodebytes(data),
        "quoted-printable": binascii.b2a_qp(data, istext=False),
        "x-uuencode": uu,
    }
    before = transfer.CHUNK
    transfer.CHUNK = chunk
    try:
        for encoding, text in coded.items():
            assert decode_range(text, 0, len(text), encoding) == data
            assert measure(text, 0, len(text), encoding)[0] == len(data)
    finally:
        transfer.CHUNK = before


@settings(max_examples=500)
@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "x-uuencode", ""]))
def test_any_bytes_can_be_transferred(data: bytes, encoding: str) -> None:
    assert len(decode_range(data, 0, len(data), encoding)) <= len(data) + 200


@pytest.mark.parametrize(
    ("value", "name"),
    [("Base64", "base64"), (" quoted-printable ", "quoted-printable"), ("BASE64 (comment)", "base64"), ("8bit", ""),
     ("x-uue", "x-uuencode"), ("x-magic", ""), ('"base64"', "base64"), ("", "")],
)  # fmt: skip
def test_transfer_encodings_have_one_name(value: str, name: str) -> None:
    assert encoding_name(value) == name


NAMES = [
    ("../../.ssh/authorized_keys", "authorized_keys"),
    ("/etc/cron.d/x", "x"),
    ("..\\..\\x.exe", "x.exe"),
    ("a\0b", "a_b"),
    ("CON", "_CON"),
    ("com1.txt", "_com1.txt"),
    (".", "attachment.pdf"),
    ("", "attachment.pdf"),
    ("...hidden...", "hidden"),
    ("invoice\u202egnp.exe", "invoicegnp.exe"),
    ("a\u200bb\ufeff.txt", "ab.txt"),
    ("a:b|c?.txt", "a_b_c_.txt"),
    ("two\r\nlines.txt", "twolines.txt"),
    ("=?utf-8?q?=2E=2E=2Fx?=", "x"),
    ("résumé.pdf", "résumé.pdf"),
    ("?", "attachment.pdf"),
]


@pytest.mark.parametrize(("given_name", "kept"), NAMES)
def test_names_of_attachments_are_safe(given_name: str, kept: str) -> None:
    assert safe_name(given_name, "application/pdf") == kept


@settings(max_examples=500)
@given(st.text(max_size=400))
def test_any_name_becomes_a_safe_one(name: str) -> None:
    safe = safe_name(name, "image/png")
    assert 0 < len(safe) <= 150
    assert len(safe.encode()) <= 255
    assert not set(safe) & set('/\\\0\r\n\t<>:"|?*\x1b\u202e')
    assert safe.strip(". ") == safe
    assert safe_name(safe, "image/png") == safe


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("é" * 300 + ".pdf", "application/pdf") == "é" * 118 + ".pdf"
    assert safe_name("x" * 300 + ".tar.gz", "application/gzip") == "x" * 147 + ".gz"
