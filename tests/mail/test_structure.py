"""The splitter: headers, parts as ranges of the raw bytes, limits that keep what they leave unread."""

import sys
from collections.abc import Callable

import pytest
from bombs import BOMBS, ORDINARY, many_parts, nested
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.mail import header, structure
from helpdesk_cli.mail.header import read_head
from helpdesk_cli.mail.structure import split


def bodies(raw: bytes) -> list[bytes]:
    return [raw[leaf.start : leaf.end] for leaf in split(raw).leaves]


def multipart(*lines: bytes, boundary: bytes = b"b", end: bytes = b"\r\n") -> bytes:
    return end.join((b"Content-Type: multipart/mixed; boundary=" + boundary, b"", *lines))


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_every_kind_of_line_end_divides_header_and_parts(end: bytes) -> None:
    raw = end.join(
        (b"Subject: a", b" b", b"Content-Type: multipart/mixed; boundary=b", b"", b"preamble", b"--b",
         b"Content-Type: text/plain", b"", b"one", b"two", b"--b", b"", b"three", b"--b--", b"")
    )  # fmt: skip
    skeleton = split(raw)
    assert skeleton.head.fields[0] == ("subject", "a b")
    assert bodies(raw) == [b"one" + end + b"two", b"three"]
    assert skeleton.notes == []


CASES = {
    "no end boundary": (multipart(b"--b", b"", b"one", b"--b", b"", b"two"), [b"one", b"two"]),
    "blanks after the boundary": (multipart(b"--b \t", b"", b"one", b"--b-- ", b""), [b"one"]),
    "empty parts": (multipart(b"--b", b"--b", b"", b"--b--"), [b"", b""]),
    "boundary within a line": (multipart(b"--b", b"", b"see --b", b"x", b"--b--"), [b"see --b\r\nx"]),
    "another one's boundary": (multipart(b"--b", b"", b"--bc", b"--b-x", b"--b--"), [b"--bc\r\n--b-x"]),
    "boundary that never comes": (multipart(b"hello"), [b"hello"]),
    "parts after the end": (multipart(b"--b", b"", b"one", b"--b--", b"--b", b"", b"two", b"--b--"), [b"one", b"two"]),
    "text after the end": (
        multipart(b"--b", b"", b"one", b"--b--", b"a footer", b""),
        [b"one", b"a footer\r\n"],
    ),
    "no boundary named": (b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\none\r\n--x--\r\n", [b"one"]),
    "no boundary at all": (b"Content-Type: multipart/mixed\r\n\r\nhello", [b"hello"]),
    "no header": (b"just text\r\nmore", [b"just text\r\nmore"]),
    "no body": (b"Subject: x", [b""]),
    "nothing": (b"", [b""]),
    "an empty line": (b"\r\n", [b""]),
    "header of an mbox": (b"From jo Sun Nov 22 09:30:00 2026\nSubject: x\n\nhello", [b"hello"]),
    "twice quoted": (b">From jo Sun\nFrom jo Sun\nSubject: x\n\nhello", [b"hello"]),
    "bytes before the header": (b"\xef\xbb\xbf\0\0\r\n\r\nSubject: x\r\n\r\nhello", [b"hello"]),
    "an attached mail is not entered": (
        multipart(b"--b", b"Content-Type: message/rfc822", b"", b"Content-Type: multipart/mixed; boundary=c", b"",
                  b"--c", b"", b"x", b"--c--", b"--b--"),
        [b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--"],
    ),
    "a line that is no field": (b"Subject: x\r\nHello Jo\r\n\r\nbye", [b"Hello Jo\r\n\r\nbye"]),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES.keys())
def test_malformed_messages_are_divided_without_loss(raw: bytes, expected: list[bytes]) -> None:
    assert bodies(raw) == expected


def test_an_inner_boundary_that_begins_like_the_outer_one_is_told_apart() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=b-inner"
    raw = multipart(
        b"--b", inner, b"", b"--b-inner", b"", b"one", b"--b-inner--", b"--b", b"", b"two", b"--b--"
    )
    skeleton = split(raw)
    assert [(raw[leaf.start : leaf.end], [kind for _, kind in leaf.within]) for leaf in skeleton.leaves] == [
        (b"one", ["multipart/mixed", "multipart/alternative"]),
        (b"two", ["multipart/mixed"]),
    ]


def test_an_outer_boundary_ends_an_inner_multipart_without_end() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=c"
    raw = multipart(b"--b", inner, b"", b"--c", b"", b"one", b"--b", b"", b"two", b"--b--")
    assert bodies(raw) == [b"one", b"two"]


def test_a_long_text_before_the_first_part_stays_visible() -> None:
    raw = multipart(b"secret" * 400, b"--b", b"", b"one", b"--b--")
    assert [leaf.made for leaf in split(raw).leaves] == ["before-the-parts.txt", ""]


HEADERS = {
    "blank before the colon": (b"Subject : x\n\n", [("subject", "x")], True),
    "folded with tabs": (b"Subject: a\r\n\t\r\n b\r\n\r\n", [("subject", "a  b")], False),
    "Latin-1": (b"Subject: Gr\xfc\xdfe\nX: \xc3\xa4\n\n", [("subject", "Grüße"), ("x", "ä")], False),
    "UTF-8": ("Subject: Größe\n\n".encode(), [("subject", "Größe")], False),
    "empty": (b"Subject:\nX:\n\n", [("subject", ""), ("x", "")], False),
}


@pytest.mark.parametrize(("raw", "fields", "spaced"), HEADERS.values(), ids=HEADERS.keys())
def test_header_fields_are_read(raw: bytes, fields: list[tuple[str, str]], spaced: bool) -> None:
    head = read_head(raw, 0, len(raw))
    assert (head.fields, head.spaced, head.body) == (fields, spaced, len(raw))


def test_a_long_header_block_is_read_to_its_limit_and_its_body_is_found() -> None:
    block = b"".join(b"X-%06d: %s\n" % (n, b"y" * 200) for n in range(2000))
    skeleton = split(block + b"\nthe body")
    assert bodies(block + b"\nthe body") == [b"the body"]
    assert sum(len(name) + len(value) for name, value in skeleton.head.fields) <= header.HEADER_BLOCK
    assert "only the first 256000 were read" in skeleton.notes[0]


def test_a_long_body_behind_a_header_without_end_is_no_header() -> None:
    raw = b"Subject: x\nHello Jo\n" + b"y" * 300_000
    skeleton = split(raw)
    assert (bodies(raw), skeleton.head.lost) == ([raw[11:]], [])
    assert skeleton.notes == ["a line that is no header field ends the header"]


def test_a_long_field_is_cut_at_its_limit() -> None:
    assert len(read_head(b"Subject: " + b"x" * 64_000, 0, 64_009).fields[0][1]) == header.FIELD
    head = read_head(b"Subject: " + b"x" * 64_001, 0, 64_010)
    assert len(head.fields[0][1]) == header.FIELD
    assert head.notes == ["a subject field of 64001 characters was cut"]


def test_parts_up_to_the_limit_are_read_and_the_rest_is_one_leaf() -> None:
    fine = split(many_parts(structure.PARTS - 1))
    assert (len(fine.leaves), fine.notes) == (structure.PARTS - 1, [])
    raw = many_parts(structure.PARTS + 9)
    over = split(raw)
    assert len(over.leaves) == structure.PARTS
    last = over.leaves[-1]
    assert (last.made, last.end) == ("unread.eml", len(raw))
    assert raw[last.start : last.end].count(b"x") == 10
    assert over.notes == ["more than 1000 parts: the rest was not read"]


def test_depth_up_to_the_limit_is_read_and_the_rest_is_one_leaf() -> None:
    fine = split(nested(structure.DEPTH) + b"\nx")
    assert (fine.leaves[0].made, len(fine.leaves[0].within)) == ("", structure.DEPTH)
    raw = nested(structure.DEPTH + 1) + b"\nx"
    over = split(raw)
    assert [(leaf.made, leaf.end) for leaf in over.leaves] == [("unread.eml", len(raw))]
    assert over.notes == ["parts nested deeper than 50 were not read"]


@pytest.mark.parametrize(
    ("length", "leaves"), [(2048, [b"one"]), (2049, [b"--" + b"b" * 2049 + b"\r\n\r\none"])]
)
def test_a_boundary_may_be_as_long_as_postfix_allows(length: int, leaves: list[bytes]) -> None:
    boundary = b"b" * length
    assert bodies(multipart(b"--" + boundary, b"", b"one", boundary=boundary)) == leaves


def steps(raw: bytes) -> int:
    """How many lines of Python a split runs."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        split(raw)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("make", [many_parts, nested], ids=["parts", "nesting"])
def test_work_grows_no_faster_than_the_message(make: Callable[[int], bytes]) -> None:
    assert steps(make(400)) <= 4.2 * steps(make(100))
    assert steps(make(20_000)) <= 4.2 * steps(make(5_000))


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_split_into_few_ordered_ranges(raw: bytes) -> None:
    skeleton = split(raw)
    assert len(skeleton.leaves) <= structure.PARTS + 1
    assert all(0 <= leaf.start <= leaf.end <= len(raw) for leaf in skeleton.leaves)
    assert len(skeleton.head.fields) <= header.FIELDS


pieces = st.sampled_from(
    [b"--b", b"--b--", b"--c", b"--c--", b"\r\n", b"\n", b"\r", b"\n\n", b"x", b"From x", b"a: b", b" ", b"\0", b"\xff",
     b"Content-Type: multipart/mixed; boundary=b\n\n", b"Content-Type: multipart/alternative; boundary=c\r\n\r\n",
     b"Content-Type: message/rfc822\n", b"Content-Type: multipart/digest; boundary=\"b\"\r\r"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=40).map(b"".join))
def test_leaves_never_overlap_and_stay_inside(raw: bytes) -> None:
    last = 0
    for leaf in sorted(split(raw).leaves, key=lambda leaf: (leaf.start, leaf.end)):
        assert last <= leaf.start <= leaf.end <= len(raw)
        last = leaf.end


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(ORDINARY)), st.binary(max_size=30), st.integers(0, 60))
def test_a_mutated_mail_keeps_its_leaves_inside(place: int, new: bytes, drop: int) -> None:
    raw = ORDINARY[:place] + new + ORDINARY[place + drop :]
    assert all(0 <= leaf.start <= leaf.end <= len(raw) for leaf in split(raw).leaves)
