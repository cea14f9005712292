"""What a mail adds: replies in many languages and programs, texts that must stay whole, and bombs."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.mail.text import REPLY_LINE, html_to_text, new_text

REPLIES = Path(__file__).parent.parent / "mails" / "replies"


def _read(name: str) -> dict[str, tuple[str, str]]:
    """The replies of one file: name to (text, what is new)."""
    cases = {}
    for case in (REPLIES / f"{name}.txt").read_text("utf-8").removeprefix("=== ").split("\n=== "):
        title, _, rest = case.partition("\n")
        text, _, new = rest.partition("\n--- new\n")
        cases[title] = text, new.rstrip("\n")
    return cases


ATTRIBUTED = _read("attributed")
HEADED = _read("headed")
SIGNED = _read("signed")
KEPT = _read("kept")
MIXED = _read("mixed")
HTML = _read("html")


def test_the_replies_are_as_many_as_were_written() -> None:
    assert [len(cases) for cases in (ATTRIBUTED, HEADED, SIGNED, KEPT, MIXED, HTML)] == [
        83,
        42,
        35,
        34,
        14,
        13,
    ]


@pytest.mark.parametrize("name", ATTRIBUTED)
def test_an_attributed_quotation_goes(name: str) -> None:
    text, new = ATTRIBUTED[name]
    assert new_text(text) == new


@pytest.mark.parametrize("name", HEADED)
def test_a_header_block_and_what_is_below_it_go(name: str) -> None:
    text, new = HEADED[name]
    assert new_text(text) == new


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_goes(name: str) -> None:
    text, new = SIGNED[name]
    assert new_text(text) == new


@pytest.mark.parametrize("name", KEPT)
def test_a_text_stays_whole(name: str) -> None:
    text, new = KEPT[name]
    assert new == text
    assert new_text(text) == text


@pytest.mark.parametrize("name", MIXED)
def test_answers_below_and_between_are_found(name: str) -> None:
    text, new = MIXED[name]
    assert new_text(text) == new


@pytest.mark.parametrize(
    "below",
    [
        f"{REPLY_LINE}\n\nEarlier words.",
        f"> {REPLY_LINE}\n>\n> Earlier words.",
        f">> *{REPLY_LINE}*\n>> Earlier words.",
        "> -- Please write your answer above\n> this line --\n> Earlier words.",
        f"Þann 5. janúar 2026 ritaði Help <h@d.example>:\n\n{REPLY_LINE}\n\nEarlier words.",
        f"Frá: Help <h@d.example>\nTil: Max\nEfni: Prentari\n\n{REPLY_LINE}\n\nEarlier words.",
        f"On Mon, Jan 5, 2026 at 10:11 Help <h@d.example> wrote:\n> {REPLY_LINE}\n> Earlier words.",
        f"From: Help <h@d.example>\nSent: 5 Jan 2026\nTo: Max\nSubject: x\n\n{REPLY_LINE}\nEarlier words.",
    ],
)
def test_nothing_below_our_own_line_is_new(below: str) -> None:
    assert new_text(f"It works.\nReally.\n\n{below}\n") == "It works.\nReally."


def test_an_answer_below_our_own_quoted_line_is_found() -> None:
    text = f"On Mon, Jan 5, 2026 at 10:11 Help <h@d.example> wrote:\n> {REPLY_LINE}\n> Is it on?\n\nIt is."
    assert new_text(text) == "It is."


def test_our_own_line_alone_hides_nothing() -> None:
    assert new_text(f"{REPLY_LINE}\n\nwords below") == "words below"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_lines_may_end_in_any_way(end: str) -> None:
    text, new = ATTRIBUTED["en gmail"]
    assert new_text(text.replace("\n", end)) == new


def test_blank_text_is_blank() -> None:
    assert new_text("") == ""
    assert new_text(" \n\n\t\n") == ""


def test_the_rest_of_a_very_long_text_is_kept() -> None:
    text = "It works.\n" * 20_000 + "> late\n" * 3
    assert new_text(text) == text.strip()
    long = "a" * 999_990 + "\nshort\n> the end"
    assert new_text(long) == long


BOMBS = {
    "on": "On " * 20_000,
    "crisp": ("On " + "x" * 200 + " at " + "y" * 200 + "\n") * 2000,
    "crisp in one line": ("On " + "x" * 200 + " at " + "y" * 200) * 2000,
    "marks in one line": ">" * 100_000,
    "marks and blanks": "> " * 50_000 + "x",
    "newlines": "\n" * 50_000 + "x",
    "carriage returns": "\r" * 50_000 + "x",
    "blanks": " " * 50_000 + "x",
    "alternating": "> q\nx\n" * 20_000,
    "letters alternating": "t\ne\n" * 25_000,
    "quoted, then text": "> a\n" * 19_999 + "x",
    "wrote": "On x wrote:\n" * 20_000,
    "wrapped attributions": ("On 2026-01-05 10:11 " + "a" * 200 + "\n" + "b" * 200 + ":\n") * 10_000,
    "addresses": ("a@b " + "x" * 400 + ":\n") * 20_000,
    "at signs": "@" * 100_000,
    "header lines": "From: a\nTo: b\n" * 10_000,
    "header lines with gaps": "From: a\n\n" * 10_000,
    "recipients without end": "From: a@b\nTo: c@d;\n" + "e@f;\n" * 19_000,
    "a header line above blanks": ("From: a\n" + "\n" * 100) * 200,
    "underscores": "_" * 100_000,
    "rules": ("_" * 32 + "\nA: b\nB: c\n") * 6_000,
    "signatures": "-- \nx\n" * 10_000,
    "telephones": "Sent from my iPhone\n" * 20_000,
    "our own line, begun": "please write your\n" * 20_000,
    "colons": ":\n" * 20_000,
    "separators": ("- " + "x" * 480 + " -\n") * 20_000,
    "forwards": "---------- Forwarded message ---------\n" * 20_000,
    "one long line": "a" * 2_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_text_takes_a_second(name: str) -> None:
    start = time.process_time()
    new = new_text(BOMBS[name])
    assert time.process_time() - start < 1
    assert new.strip()


def test_twenty_thousand_alternating_lines_are_quick() -> None:
    start = time.process_time()
    assert "x" in new_text("> q\nx\n" * 10_000)
    assert time.process_time() - start < 0.4


LINE = st.sampled_from(
    [
        "", " ", "> quoted", ">> deeper", "an answer", "On Mon, Jan 5, 2026 at 10:11 Help <h@d.example> wrote:",
        "<h@d.example> wrote:", "Am 5.1.2026 schrieb", "From: a@b", "Sent: 5 Jan 2026", "To: c@d", "Subject: e",
        "-- ", "--", "_" * 32, "-----Original Message-----", "---------- Forwarded message ---------", "It says:",
        "Sent from my iPhone", ">>> a 05.01.26 >>>", REPLY_LINE, "> " + REPLY_LINE, "PS: x", "Von:", ":", "：", "-",
        "please write your answer above",
    ]
)  # fmt: skip
TEXTS = st.lists(LINE | st.text(max_size=30), max_size=40).map("\n".join)


def _folded(line: str) -> str:
    return " ".join(line.split())


@given(TEXTS)
@settings(max_examples=600, deadline=None)
def test_what_is_new_stands_in_the_text_and_is_never_nothing(text: str) -> None:
    new = new_text(text)
    assert bool(new.strip()) == bool(text.strip())
    lines = iter(_folded(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in filter(None, map(_folded, new.split("\n"))):
        assert line in lines  # in their order: the iterator goes on


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_what_is_new_shrinks_to_something_that_stays(text: str) -> None:
    for _ in range(60):
        before, text = text, new_text(text)
    assert text == before


FIRST = {
    "a citation": "My boss wrote:\n> cancel the contract\n\nPlease do so.",
    "a form": (
        "Kündigung\n________________________________\nName: Max\nKundennummer: 123\nE-Mail: max@x.test\n"
        "Grund: zu teuer\n\nBitte bestätigen Sie dies."
    ),
    "packets": (
        "Server: web1\nFrom: 10.0.0.1\nSent: 5 packets\nTo: 10.0.0.2\nSubject: ping\n\nIt fails since Monday."
    ),
    "an invitation": (
        "See below.\n\nVon: Max\nGesendet: gestern\nAn: alle\nBetreff: Treffen\n\nDas habe ich …, was soll das?"
    ),
    "a log": "The log:\n2026-11-22 09:30 user a@b.test wrote:\nfile.txt\nafter that it crashed",
    "a command": "> git push\nThis fails.",
    "a header block": "Look:\n\nFrom: a@b.test\nSent: 5 Jan 2026 10:11\nTo: c@d.test\nSubject: e\n\nWhat is it?",
    "a forwarded mail below a signature": (
        "Please look.\n\n-- \nMax\n\n---------- Forwarded message ---------\nFrom: a@b.test\n\nIt burns."
    ),
    "a citation below a signature": "It says:\n\n-- \nMax\n> It burns.",
}


@pytest.mark.parametrize("name", FIRST)
def test_a_mail_that_is_no_answer_keeps_what_looks_like_a_quotation(name: str) -> None:
    assert new_text(FIRST[name], is_answer=False) == FIRST[name]


def test_a_mail_that_is_no_answer_loses_its_signature() -> None:
    text = "> git push\nThis fails.\n\nSent from my iPhone\n\n-- \nMax"
    assert new_text(text, is_answer=False) == "> git push\nThis fails."


@pytest.mark.parametrize("name", ["de outlook", "en outlook ios"])
def test_a_mail_of_nothing_but_a_signature_keeps_it(name: str) -> None:
    text = SIGNED[name][0].partition("\n\n")[2]
    assert new_text(text, is_answer=False) == text


def test_our_own_line_makes_an_answer_of_any_mail() -> None:
    assert new_text(f"It works.\n\n> {REPLY_LINE}\n> Earlier words.", is_answer=False) == "It works."


@pytest.mark.parametrize("name", ["a form", "packets", "an invitation"])
def test_a_block_of_fields_without_a_date_stays_in_an_answer(name: str) -> None:
    assert new_text(FIRST[name]) == FIRST[name]


@pytest.mark.parametrize("sent", ["5 Jan 2026", "Mon 5 Jan 10:11", "5.1.26", "10:11, 5. Januar"])
def test_a_block_of_fields_with_a_date_goes_from_an_answer(sent: str) -> None:
    text = f"It works.\n\nVon: Max\nGesendet: {sent}\nAn: alle\nBetreff: Treffen\n\nWann?"
    assert new_text(text) == "It works."


@pytest.mark.parametrize(
    "text",
    [
        "Hello\n\n--\n\nMy order 55 is late\nand broken",
        "Hello\n\n--\nMy order 55 is late, and when it came on Monday all of it was broken.",
        "Hello\n\n--\nMax here\nWhen does it come?",
        "Hello\n\n--\nThis is broken:\nthe door",
        "Hello\n\n--\n" + "\n".join("abcdefghi"),
    ],
)
@pytest.mark.parametrize("is_answer", [True, False])
def test_two_hyphens_that_part_a_text_cut_nothing(text: str, is_answer: bool) -> None:
    assert new_text(text, is_answer=is_answer) == text


@pytest.mark.parametrize("name", HTML)
def test_the_quotation_of_an_html_mail_goes(name: str) -> None:
    html, new = HTML[name]
    assert new_text(html_to_text(html)) == new
