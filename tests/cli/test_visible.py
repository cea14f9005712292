"""Text made safe for terminals."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.cli.output import line, safe
from helpdesk_cli.cli.output.visible import safe_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;pwn\x07", "␛]0;pwn␇"),
        ("\x9b31m", "‹U+009B›31m"),
        ("\x7f\x00", "␡␀"),
        ("gpj.\u202eexe", "gpj.‹U+202E›exe"),
        ("a\u200db", "a‹U+200D›b"),
        ("a\u2028b", "a‹U+2028›b"),
        ("\ufeffx\u00ady", "‹U+FEFF›x‹U+00AD›y"),
        ("\ud800", "\ufffd"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_what_acts_or_hides_is_shown(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize("text", ["Grüße", "日本語", "👩‍👩‍👧", "می‌خواهم", "❤️", "[/bold] [link=x] :smile:"])
def test_what_people_write_stays(text: str) -> None:
    assert safe(text) == text
    assert line(text) == text


def test_one_line_has_no_breaks_and_no_tabs() -> None:
    assert line("a\tb\r\n  c\u2028d\x85e\x0bf ") == "a b c d e f"


def is_seen(char: str) -> bool:
    return (
        unicodedata.category(char) not in ("Cc", "Zl", "Zp", "Cs")
        and char not in "\u202e\u2066\u200b\ufeff\u061c"
    )


@given(st.text())
def test_nothing_that_is_safe_steers(text: str) -> None:
    assert all(is_seen(char) or char in "\n\t" for char in safe(text))
    assert all(is_seen(char) for char in line(text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_made_safe_has_the_same_value(text: str) -> None:
    document = safe_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(document) == {"text": text}
    assert all(is_seen(char) for char in document)
