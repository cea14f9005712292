"""Address lists: what people's programs write, and the strict reading of the one that must be believed."""

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.mail import Mailbox
from helpdesk_cli.mail.address_list import ADDRESSES, read_addresses, read_all, strict_address

LISTS = [
    ("a@b.example", [("a@b.example", "")]),
    ("<a@b.example>", [("a@b.example", "")]),
    ("Jo Client <a@b.example>", [("a@b.example", "Jo Client")]),
    ('"Client, Jo" <a@b.example>, c@d.example', [("a@b.example", "Client, Jo"), ("c@d.example", "")]),
    ('"a \\"quoted\\" name" <a@b.example>', [("a@b.example", 'a "quoted" name')]),
    ("=?utf-8?q?J=C3=B6rg=2C_x_=3Cevil=40x=3E?= <j@x.example>", [("j@x.example", "Jörg, x <evil@x>")]),
    ("=?utf-8?q?a=0D=0ABcc:_x?= <a@b.example>", [("a@b.example", "a Bcc: x")]),
    ("a@b.example (Jo (the) Client)", [("a@b.example", "Jo (the) Client")]),
    ("undisclosed-recipients:;", []),
    (
        "friends: a@b.example, c@d.example;, e@f.example",
        [(f"{x}.example", "") for x in ("a@b", "c@d", "e@f")],
    ),
    ("empty:;, a@b.example", [("a@b.example", "")]),
    ("a@b.example; c@d.example", [("a@b.example", ""), ("c@d.example", "")]),
    ('"a b"@x.example', [('"a b"@x.example', "")]),
    ('"a,b" <"c@d"@x.example>', [('"c@d"@x.example', "a,b")]),
    ("a @ b.example", [("a@b.example", "")]),
    ("Jo a@b.example", [("a@b.example", "Jo")]),
    ("John Q. Public <j@x.example>", [("j@x.example", "John Q. Public")]),
    ("<@relay.example,@r2.example:a@b.example>", [("a@b.example", "")]),
    ("Jo <<a@b.example>>", [("a@b.example", "Jo")]),
    ("foo@[127.0.0.1]", [("foo@[127.0.0.1]", "")]),
    ("用户@例え.jp", [("用户@例え.jp", "")]),
    ("bücher@bücher.example", [("bücher@bücher.example", "")]),
    ('"unterminated <a@b.example>', [("a@b.example", "unterminated")]),
    ("never closed (<a@b.example>", [("a@b.example", "never closed")]),
    ("support@corp.test <evil@x.test>", [("evil@x.test", "support@corp.test")]),
    ("alice@example.org)bob@evil.test", []),
    ("a@malicious.test@important.test", []),
    ("Jo <a@b.example> <c@d.example>", []),
    ("a@b.example c@d.example", []),
    ('"c@d.example" a@b.example', []),
    ("<>, @, a@@b, x@, @y, <a b@c>", []),
    ("a@b\0c.example", []),
    ("x" * 321 + "@y.example", []),
    ("(c):", []),
    ('"', []),
    ("", []),
]


@pytest.mark.parametrize(("value", "expected"), LISTS)
def test_lists_are_read_as_their_writers_mean_them(value: str, expected: list[tuple[str, str]]) -> None:
    assert read_addresses(value) == ([Mailbox(*pair) for pair in expected], len(expected))


STRICT = [
    ("a@b.example", "a@b.example"),
    ("Jo Client <a@b.example>", "a@b.example"),
    ("  <a@b.example>  ", "a@b.example"),
    ('"support@corp.test" <evil@x.test>', "evil@x.test"),
    ("John Q. Public <j@x.example>", "j@x.example"),
    ("=?utf-8?q?J=C3=B6rg?= <j@x.example>", "j@x.example"),
    ("Jörg <jörg@bücher.example>", "jörg@bücher.example"),
    ('"a b"@x.example', '"a b"@x.example'),
    ("a@b.example (Jo)", "a@b.example"),
    ("a@[192.0.2.1]", "a@[192.0.2.1]"),
    ("support@corp.test <evil@x.test>", ""),
    ("alice@example.org)bob@evil.test", ""),
    ("a@malicious.test@important.test", ""),
    ("a@b.example, c@d.example", ""),
    ("friends: a@b.example;", ""),
    ("a@b.example (evil@x.test)", ""),
    ("a@b(c)d.example", ""),
    ("Jo <a@b.example> <c@d.example>", ""),
    ("Jo <a@b.example> x", ""),
    ("<@relay.example:a@b.example>", ""),
    ("a @b.example", ""),
    ("a..b@c.example", ""),
    (".a@c.example", ""),
    ("a@b..example", ""),
    ("a@b.example\0", ""),
    ("a@b.example\n", ""),
    ("a\x1b@b.example", ""),
    ('"unterminated <a@b.example>', ""),
    ("Jo (x) <a@b.example>", ""),
    ("", ""),
]


@pytest.mark.parametrize(("value", "address"), STRICT)
def test_a_sender_is_believed_only_by_the_strict_grammar(value: str, address: str) -> None:
    assert strict_address(value) == address


@settings(max_examples=500)
@given(st.text(alphabet=st.sampled_from('ab@.<>(),;:"\\[] =?_\0ä'), max_size=60))
def test_what_is_strict_is_read_alike_leniently(value: str) -> None:
    address = strict_address(value)
    boxes, total = read_addresses(value)
    assert total == len(boxes)
    assert all(box.address.strip() and "\0" not in box.address + box.name for box in boxes)
    if address:
        assert [box.address for box in boxes] == [address]


def test_a_crowd_is_counted_and_read_to_its_limit() -> None:
    crowd = ", ".join(f'"U {n}" <u{n}@example.test>' for n in range(ADDRESSES + 5))
    boxes, total = read_addresses(crowd)
    assert (len(boxes), total, boxes[-1].address) == (ADDRESSES, ADDRESSES + 5, "u999@example.test")
    both, total = read_all([crowd, "x@y.example"], 10)
    assert (len(both), total) == (10, ADDRESSES + 6)


def steps(value: str) -> int:
    """How many lines of Python reading a value runs."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        read_addresses(value)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "piece", ["(", ")", "<", ">", '"', '"\\', ",", ":", ";", "a@b, ", "a ", "[", "<@a,", "(a"]
)
def test_work_grows_no_faster_than_the_list(piece: str) -> None:
    assert steps(piece * 2000) <= 4.3 * steps(piece * 500)


@pytest.mark.parametrize("piece", ["() ", "(", "a ", " ", '\\"', "=?", "[", "a.", "@"])
def test_the_longest_field_is_read_at_once(piece: str) -> None:
    before = time.process_time()
    read_addresses((piece * 64_000)[:64_000])
    assert time.process_time() - before < 1.5  # a reader whose work grows with the square needs more


@pytest.mark.parametrize("piece", ["(", "<", '"', '"\\', "a ", "a.", '"" ', "@", "a@"])
def test_a_bomb_is_refused_at_once(piece: str) -> None:
    assert strict_address(piece * 60_000) == ""
    assert strict_address(piece * (1_990 // len(piece))) == ""
