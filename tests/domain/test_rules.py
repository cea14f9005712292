"""Rules: what each operator means, what a rule says of itself, which condition fails first."""

import re
from typing import Any

import pytest
from factories import NOW, a_client, a_message, a_ticket
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_cli.domain.mail import Part
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.rule_words import action_list, condition_list, not_held, when_words
from helpdesk_cli.domain.rules import FIELDS, OPERATORS, Mail, Seen, failing, folded, holds, read
from helpdesk_cli.domain.ticket import Author, Brought
from helpdesk_cli.settings import Rule as Written
from helpdesk_cli.settings import Span

PRIORITIES = ("low", "normal", "high", "urgent")


def search(expression: str, text: str) -> bool:
    return re.search(expression, text) is not None


def a_rule(asked: dict[str, Any], when: str | tuple[str, ...] = "opened", **fields: Any) -> Any:
    return read("one", Written(when=when, if_=asked, then={"page": True}, **fields))


def a_view(**fields: Any) -> Seen:
    client = fields.pop("client", a_client(organization="Example Ltd", note="VIP"))
    tags, mail = fields.pop("tags", ("red", "Blue")), fields.pop("mail", None)
    return Seen(
        ticket=a_ticket(**fields),
        tags=tags,
        client=client,
        mail=mail,
        priorities=PRIORITIES,
    )


A_MAIL = Mail(
    message=a_message(
        subject="Re: Printer",
        new_text="It burns again.",
        author=Author(role="client", email="Ann@Client.Example"),
        attachments=(
            Part("log.TXT", "text/plain", 1, "", 0, 1),
            Part("a.pdf", "application/pdf", 1, "", 0, 1),
        ),
    ),
    brought=Brought(mailbox="support", to=("support@desk.example",), verdict="pass", is_automatic=True),
)


def fits(asked: dict[str, Any], seen: Seen, at: str = NOW) -> bool:
    return failing(a_rule(asked), seen, at, search) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"subject": "printer ON fire"}, True),
        ({"subject": "printer"}, False),
        ({"subject": ["x", "Printer on fire"]}, True),
        ({"subject": {"is_not": "printer on fire"}}, False),
        ({"subject": {"is_not": ["a", "b"]}}, True),
        ({"subject": {"contains": "FIRE"}}, True),
        ({"subject": {"contains": ["water", "fire"]}}, True),
        ({"subject": {"contains": "water"}}, False),
        ({"subject": {"contains_not": ["water", "fire"]}}, False),
        ({"subject": {"contains_not": "water"}}, True),
        ({"subject": {"contains": "printer", "contains_not": "fire"}}, False),
        ({"subject": {"matches": "^Pr.*fire$"}}, True),
        ({"subject": {"matches": "^printer"}}, False),
        ({"subject": {"exists": True}}, True),
        ({"stage": "new", "state": "open"}, True),
        ({"stage": {"is_not": ["new", "done"]}}, False),
        ({"priority": ["low", "normal"]}, True),
        ({"priority": {"at_least": "normal"}}, True),
        ({"priority": {"at_least": "high"}}, False),
        ({"priority": {"at_most": "normal"}}, True),
        ({"priority": {"at_least": "low", "at_most": "low"}}, False),
        ({"category": {"exists": False}}, True),
        ({"category": "billing"}, False),
        ({"category": {"is_not": "billing"}}, True),
        ({"category": "none"}, True),
        ({"category": {"is_not": "none"}}, False),
        ({"assignee": ["none", "bob"]}, True),
        ({"assignee": {"is_not": ["none", "bob"]}}, False),
        ({"tags": "RED"}, True),
        ({"tags": {"is_not": "red"}}, False),
        ({"tags": {"contains": "lu"}}, True),
        ({"tags": {"exists": False}}, False),
        ({"number": 1000}, True),
        ({"number": {"at_least": 1000, "at_most": 1000}}, True),
        ({"number": {"is_not": [999, 1001]}}, True),
        ({"message_count": {"at_least": 2}}, False),
        ({"level": 1, "private": False}, True),
        ({"private": True}, False),
        ({"client": {"name": "ann"}}, True),
        ({"client.domain": "client.example"}, True),
        ({"client.domain": {"is_not": "client.example"}}, False),
        ({"client.email": "ANN@client.example"}, True),
        ({"client.email": {"contains": "@client."}}, True),
        ({"client.organization": {"contains": "example"}, "client.note": "vip"}, True),
        ({"mail.subject": {"contains": "printer"}}, False),
        ({"mail.subject": {"is_not": "printer"}}, False),
        ({"mail.subject": {"exists": False}}, True),
        ({}, True),
    ],
)
def test_what_is_asked_of_a_ticket(asked: dict[str, Any], expected: bool) -> None:
    assert fits(asked, a_view()) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"mail": {"subject": {"contains": "re:"}, "text": {"contains": "again"}}}, True),
        ({"mail.from": "ann@client.example"}, True),
        ({"mail.to": "Support@desk.example"}, True),
        ({"mail.to": {"contains_not": "desk"}}, False),
        ({"mail.mailbox": ["sales", "support"], "mail.verdict": "pass", "mail.is_automatic": True}, True),
        ({"mail.attachments": {"contains": ".pdf"}}, True),
        ({"mail.attachments": {"matches": r"\.exe$"}}, False),
        ({"mail.attachments": {"exists": True}}, True),
        ({"mail.verdict": {"is_not": "fail"}}, True),
    ],
)
def test_what_is_asked_of_the_mail_that_brought_it(asked: dict[str, Any], expected: bool) -> None:
    assert fits(asked, a_view(mail=A_MAIL)) is expected


def test_nothing_is_known_of_a_client_that_there_is_not() -> None:
    nobody = a_view(client=None)
    assert not fits({"client.domain": "client.example"}, nobody)
    assert fits({"client.domain": {"is_not": "client.example"}}, nobody)
    assert fits({"client.organization": {"exists": False}}, nobody)


def test_all_addresses_of_a_client_count() -> None:
    ann = a_view(client=a_client(addresses=("ann@client.example", "a@other.example")))
    assert fits({"client.email": "a@other.example"}, ann)
    assert fits({"client.domain": ["other.example"]}, ann)
    assert not fits({"client.domain": {"is_not": "client.example"}}, ann)


def test_domains_are_compared_as_mail_knows_them() -> None:
    ann = a_view(client=a_client(addresses=("ann@xn--bcher-kva.example",)))
    assert fits({"client.domain": "Bücher.example"}, ann)
    assert fits({"client.email": "Ann@bücher.example"}, ann)


@pytest.mark.parametrize(
    ("age", "old", "young"), [(-60, False, True), (3599, False, True), (3600, True, False)]
)
def test_old_is_what_is_that_old_or_older(age: int, old: bool, young: bool) -> None:
    seen, at = a_view(), later(NOW, age)
    assert fits({"created_at": {"older_than": Span(3600)}}, seen, at) is old
    assert fits({"created_at": {"younger_than": Span(3600)}}, seen, at) is young


def test_what_never_happened_is_neither_old_nor_young() -> None:
    seen = a_view()
    assert not fits({"staff_word_at": {"older_than": Span(0)}}, seen)
    assert not fits({"staff_word_at": {"younger_than": Span(1)}}, seen)
    assert fits({"staff_word_at": {"exists": False}}, seen)


def test_a_priority_of_former_times_has_no_rank() -> None:
    assert not fits({"priority": {"at_least": "low"}}, a_view(priority="gone"))


@pytest.mark.parametrize(
    ("asked", "is_limited"),
    [({}, True), ({"priority": "low"}, True), ({"state": "closed"}, False), ({"stage": "done"}, False)],
)
def test_a_rule_of_time_looks_at_what_is_not_closed_unless_it_asks(
    asked: dict[str, Any], is_limited: bool
) -> None:
    rule = a_rule(asked, "time")
    words = condition_list(rule)
    assert ('state is not "closed"' in words) is is_limited
    assert 'state is not "closed"' not in condition_list(a_rule(asked, "opened"))


def test_expressions_are_asked_last() -> None:
    asked: list[str] = []

    def noted(expression: str, text: str) -> bool:
        asked.append(expression)
        return True

    rule = a_rule({"subject": {"matches": "x"}, "stage": "done"})
    condition = failing(rule, a_view(), NOW, noted)
    assert condition is not None and condition.field == "stage"
    assert asked == []
    assert failing(a_rule({"subject": {"matches": "x"}}), a_view(), NOW, noted) is None
    assert asked == ["x"]


# Words


def test_a_rule_says_what_it_asks_and_does() -> None:
    written = Written(
        when=("opened", "replied"),
        if_={
            "subject": {"contains": ["down", "broken"], "contains_not": "test"},
            "created_at": {"older_than": Span(3 * 86400)},
            "category": {"exists": False},
            "assignee": "none",
        },
        then={
            "priority": "urgent",
            "assignee": "auto",
            "stage": "done",
            "tag": ["a", "b"],
            "untag": "c",
            "watch": "bob",
            "notify": ["manager", "carol"],
            "page": True,
            "send": "welcome",
            "webhook": "chat",
        },
    )
    rule = read("one", written)
    assert when_words(rule) == "opened or replied"
    assert condition_list(rule) == (
        'subject contains "down" or "broken", and subject does not contain "test", and created_at is older than 3d, '
        'and category is not set, and assignee is "none"'
    )
    assert action_list(rule) == (
        "priority becomes urgent, is given to whose turn it is, moves to done, is tagged a, b, loses the tag c, "
        "is watched by bob, is told to manager, carol, the pager rings, the client gets the mail welcome, "
        "the web hook chat is called"
    )
    assert condition_list(a_rule({})) == "always"
    assert when_words(a_rule({}, "time", again=Span(3600))) == "time, again after 1h"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"subject": {"contains": "down"}}, 'subject contains "down": it is "Printer on fire"'),
        ({"category": "x"}, 'category is "x": it is not set'),
        ({"tags": "x"}, 'tags is "x": it is "red" or "Blue"'),
        ({"number": {"at_least": 2000}}, "number is at least 2000: it is 1000"),
        ({"private": True}, "private is true: it is false"),
        ({"mail.text": {"contains": "x"}}, 'mail.text contains "x": no mail brought it'),
    ],
)
def test_why_a_condition_does_not_hold(asked: dict[str, Any], words: str) -> None:
    seen = a_view()
    condition = failing(a_rule(asked), seen, NOW, search)
    assert condition is not None
    assert not_held(condition, seen) == words


def test_hostile_words_stay_on_their_line_and_short() -> None:
    seen = a_view(subject="a\nb" + "x" * 500)
    condition = failing(a_rule({"subject": "y"}), seen, NOW, search)
    assert condition is not None
    words = not_held(condition, seen)
    assert "\n" not in words and len(words) < 100


# Properties

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(TEXTS, TEXTS)
def test_folding_is_done_once_and_keeps_what_is_contained(text: str, part: str) -> None:
    assert folded(folded(text)) == folded(text)
    if "Σ" not in text + part:  # a final sigma depends on what stands around it
        assert folded(part) in folded(f"{text}{part}{text}")


@given(TEXTS)
def test_no_other_letter_becomes_one_of_ascii(text: str) -> None:
    beyond = "".join(char for char in text if not char.isascii())
    assert not any(char.isascii() for char in folded(beyond) if char.isalpha())


@given(st.sampled_from(sorted(FIELDS)), st.data())
def test_not_is_the_opposite(name: str, data: st.DataObject) -> None:
    operators = OPERATORS[FIELDS[name].kind]
    positive = [one for one in ("is", "contains") if f"{one}_not" in operators]
    if not positive:
        return
    operator = data.draw(st.sampled_from(positive))
    value: Any = data.draw(st.integers(0, 3)) if FIELDS[name].kind == "number" else data.draw(TEXTS)
    seen = a_view(mail=A_MAIL)
    for wanted in (value, [value, value]):
        yes, no = (a_rule({name: {one: wanted}}).conditions[0] for one in (operator, f"{operator}_not"))
        assert holds(yes, seen, NOW, search) is not holds(no, seen, NOW, search)
