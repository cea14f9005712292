"""What staff want to hear of, and when: chosen, kept as a line, asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.wishes import KINDS, URGENT, WORDS, Wishes, chosen, is_hour, read


@pytest.mark.parametrize(
    ("text", "kind", "why", "when"),
    [
        ("", "opened", "", "at once"),
        ("daily", "opened", "", "daily"),
        ("daily, noted=off", "noted", "watcher", "off"),
        ("daily, noted=off", "replied", "watcher", "daily"),
        ("off", "breach", "assignee", "at once"),  # the urgent is silenced by its name alone
        ("hourly", "warning", "manager", "at once"),
        ("off, breach=hourly", "breach", "", "hourly"),
        ("at once, department=daily", "opened", "department", "daily"),
        ("at once, department=daily", "opened", "assignee", "at once"),
        ("off, department=daily, opened=at once", "opened", "department", "daily"),  # the narrower ground
        ("off, department=off", "breach", "department", "at once"),
        ("sometimes, opened=maybe, sung=off", "opened", "", "at once"),  # of another version
    ],
)
def test_the_narrowest_word_holds(text: str, kind: str, why: str, when: str) -> None:
    assert read(text).when(kind, why) == when


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("", ["daily"], "daily"),
        ("daily, noted=off", ["hourly"], "hourly"),  # for all is for all
        ("daily, noted=off", ["opened=AT-ONCE"], "daily, opened=at once, noted=off"),
        ("daily", ["off", "breach=daily", "noted=hourly"], "off, noted=hourly, breach=daily"),
        ("daily, noted=off", ["noted=daily"], "daily, noted=daily"),
        ("daily", [], "daily"),
    ],
)
def test_what_is_chosen_stands_beside_what_was(before: str, words: list[str], after: str) -> None:
    assert chosen(read(before), words).text() == after


@pytest.mark.parametrize("word", ["", "never", "opened", "opened=", "sung=off", "opened=now", "=off"])
def test_what_cannot_be_chosen_is_refused_with_what_can(word: str) -> None:
    with pytest.raises(ValueError, match=r"daily|noted"):
        chosen(Wishes(), [word])


@given(st.sampled_from(WORDS), st.dictionaries(st.sampled_from(KINDS), st.sampled_from(WORDS)))
def test_wishes_come_back_from_their_line(every: str, named: dict[str, str]) -> None:
    wishes = Wishes(every=every, named=named)
    assert read(wishes.text()) == wishes
    for kind in KINDS:
        expected = named.get(kind, "at once" if kind in URGENT else every)
        assert wishes.when(kind) == expected


@pytest.mark.parametrize(("text", "good"), [
    ("08:00", True), ("23:59", True), ("00:00", True), ("24:00", False), ("8:00", False), ("08:60", False),
    ("0800", False), ("", False), ("ab:cd", False), ("08:00:00", False), ("٠٨:٠٠", False),
])  # fmt: skip
def test_an_hour_of_the_day_has_one_form(text: str, good: bool) -> None:
    assert is_hour(text) is good
