"""The subject of a ticket's mails."""

import time

import pytest

from helpdesk_cli.domain.subjects import bare_subject, tagged_subject


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Printer on fire", "Printer on fire"),
        ("Re: Printer on fire", "Printer on fire"),
        ("Re: AW: RE: Antw: SV: Printer on fire", "Printer on fire"),
        ("RE : Printer", "Printer"),
        ("Re[2]: Printer", "Printer"),
        ("Re (3): Re^4: Printer", "Printer"),
        ("回复: 答复：打印机", "打印机"),
        ("Отв: Принтер", "Принтер"),
        ("[HD-1024] Printer", "Printer"),
        ("Re: [HD-1024] Re: [hd-1024] AW: Printer", "Printer"),
        ("Printer [HD-1024]", "Printer"),
        ("Re: [HD-7] Printer", "Printer"),
        ("Re: [OTHER-7] Printer", "[OTHER-7] Printer"),
        ("Fwd: Printer", "Fwd: Printer"),
        ("Re: WG: Fwd: Re: Printer", "WG: Printer"),
        ("Report: printer", "Report: printer"),
        ("Rent is due", "Rent is due"),
        ("Question: re: what?", "Question: re: what?"),
        ("a  b\r\n\tc", "a b c"),
        ("[bracket] x", "[bracket] x"),
    ],
)
def test_old_prefixes_and_tags_go_and_words_stay(subject: str, words: str) -> None:
    assert bare_subject(subject, "HD-1024") == words
    assert tagged_subject(subject, "HD-1024") == f"[HD-1024] {words}"
    assert tagged_subject(tagged_subject(subject, "HD-1024"), "HD-1024") == f"[HD-1024] {words}"


@pytest.mark.parametrize("subject", ["", " ", "Re:", "Re: AW: ", "[HD-1024]", "Re: [HD-1024] "])
def test_a_subject_without_words_leaves_the_tag_alone(subject: str) -> None:
    assert tagged_subject(subject, "HD-1024") == "[HD-1024]"


def test_a_tag_is_no_pattern() -> None:
    assert tagged_subject("[A.B-1] [AxB-1] x", "A.B-1") == "[A.B-1] [AxB-1] x"


def test_a_long_subject_is_cut_at_a_blank() -> None:
    cut = bare_subject("word " * 100, "HD-1")
    assert cut == "word " * 39 + "word …"
    assert len(bare_subject("x" * 5000, "HD-1")) == 202


@pytest.mark.parametrize("subject", ["Re: " * 100_000, "[HD-1" * 100_000, " " * 300_000, "Re[" * 100_000])
def test_a_hostile_subject_costs_no_time(subject: str) -> None:
    began = time.perf_counter()
    assert len(tagged_subject(subject, "HD-1024")) < 220
    assert time.perf_counter() - began < 10  # what is not linear would take minutes
