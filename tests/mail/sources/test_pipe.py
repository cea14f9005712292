"""One message on standard input."""

import hashlib
import io

import pytest
from source_contract import a_message

from helpdesk_cli.errors import Usage
from helpdesk_cli.mail.sources.contract import HEAD_BYTES, Delivery
from helpdesk_cli.mail.sources.pipe import read_message


def read(raw: bytes, *, max_size: int = 1_000_000, sender: str | None = None, **environ: str) -> Delivery:
    return read_message(io.BytesIO(raw), max_size=max_size, sender=sender, environ=environ)


def test_the_bytes_come_as_they_are_and_their_digest_is_the_key() -> None:
    raw = a_message("one", b"caf\xe9 \x00\r\n.\n" * 30_000)
    delivery = read(raw)
    assert delivery == Delivery(key=f"sha256:{hashlib.sha256(raw).hexdigest()}", raw=raw, size=len(raw))


def test_a_leading_from_line_is_taken_off_and_names_the_sender() -> None:
    delivery = read(b"From jane@x.test  Sun Nov 22 09:30:00 2026\n" + a_message("one"))
    assert (delivery.raw, delivery.sender) == (a_message("one"), "jane@x.test")
    assert delivery.key == read(a_message("one")).key


def test_a_from_line_longer_than_one_read_is_taken_off_whole() -> None:
    delivery = read(b"From " + b"x" * 200_000 + b" Sun Nov 22 09:30:00 2026\n" + a_message("one"))
    assert delivery.raw == a_message("one")


def test_the_envelope_comes_from_the_environment() -> None:
    delivery = read(
        a_message("one"), SENDER="jane@x.test", RECIPIENT="help@y.test", ORIGINAL_RECIPIENT="<Old@y.test>"
    )
    assert delivery.sender == "jane@x.test"
    assert delivery.recipients == ("Old@y.test", "help@y.test")


def test_options_go_before_the_environment() -> None:
    delivery = read_message(
        io.BytesIO(a_message("one")),
        max_size=1000,
        sender="",
        recipients=["a@y.test"],
        environ={"SENDER": "x@x.test", "RECIPIENT": "b@y.test"},
    )
    assert (delivery.sender, delivery.recipients) == ("", ("a@y.test",))


@pytest.mark.parametrize("sender", ["<>", "MAILER-DAEMON", ""])
def test_the_null_sender_has_three_names(sender: str) -> None:
    assert read(a_message("one"), sender=sender).sender == ""


def test_an_envelope_with_line_breaks_is_made_harmless() -> None:
    assert (
        read(a_message("one"), SENDER="a@x.test\r\nBcc: b@x.test\x1b[2J").sender == "a@x.testBcc: b@x.test[2J"
    )


def test_an_unknown_sender_is_none() -> None:
    delivery = read(a_message("one"))
    assert delivery.sender is None
    assert delivery.recipients == ()


def test_a_message_too_large_gives_its_beginning_and_its_size() -> None:
    raw = a_message("large", b"0123456789abcde\n" * 200_000)
    delivery = read(raw, max_size=100_000)
    assert (delivery.whole, delivery.size) == (False, len(raw))
    assert raw.startswith(delivery.raw)
    assert HEAD_BYTES <= len(delivery.raw) <= HEAD_BYTES + 200


@pytest.mark.parametrize("raw", [b"", b"From jane@x.test Sun Nov 22 09:30:00 2026\n"])
def test_nothing_is_no_message(raw: bytes) -> None:
    with pytest.raises(Usage, match="no message"):
        read(raw)
