"""What a database finds for a rule of time is what the rule means, on every database."""

from random import Random
from typing import Any

import pytest
from factories import NOW
from stores import on_both

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.rules import FIELDS, MOMENT, OPERATORS, Rule, Seen, failing, fits, read
from helpdesk_cli.domain.ticket import Event, Ticket
from helpdesk_cli.settings import Rule as Written
from helpdesk_cli.settings import Span
from helpdesk_cli.store import fired, people, rules, tickets, waiting
from helpdesk_cli.store.engine import Engine, Tx

pytestmark = on_both

PRIORITIES = ("low", "normal", "high", "urgent")
TEXTS = (
    "",
    "down",
    "Server DOWN",
    "50% off_!",
    "Größe ÄRGER",
    "größe",
    "K\u212alvin \u0130",
    "o'neil \\ %",
    "none",
)
WORDS = (None, "new", "done", "none")
MOMENTS = (None, NOW, later(NOW, -3600), later(NOW, -86400), later(NOW, 60))
OTHERS: dict[str, tuple[Any, ...]] = {
    "state": ("open", "waiting", "closed"),
    "priority": (*PRIORITIES, "gone"),
    "channel": ("email", "phone"),
    "assignee": (None, "bob", "none"),
    "level": (1, 2, 3),
    "message_count": (0, 1, 5),
    "rating": (None, 1, 5),
}


def search(expression: str, text: str) -> bool:
    return expression in text


def rule_of(asked: dict[str, Any], **fields: Any) -> Rule:
    return read("one", Written(when="time", if_=asked, then={"page": True}, **fields))


def a_ticket(number: int, **fields: Any) -> Ticket:
    given = {"subject": "x", "stage": "new", "state": "open", "priority": "normal", "department": "support"}
    return Ticket(**{**given, "number": number, "created_at": NOW, "updated_at": NOW, **fields})


def drawn(dice: Random, number: int, clients: list[Any]) -> Ticket:
    """A ticket of any kind."""
    fields: dict[str, Any] = {
        name: dice.choice(MOMENTS) for name, field in FIELDS.items() if field.kind == MOMENT
    }
    fields |= {name: dice.choice(WORDS) for name in ("category", "type", "sla")}
    fields |= {name: dice.choice(WORDS[1:]) for name in ("stage", "department")}
    fields |= {name: dice.choice(values) for name, values in OTHERS.items()}
    fields |= {"subject": dice.choice(TEXTS), "is_private": dice.choice((0, 1))}
    fields["client_id"] = dice.choice([None, *clients])
    for name in ("created_at", "updated_at"):
        fields[name] = fields[name] or NOW
    return a_ticket(number, **fields)


def a_crowd(tx: Tx) -> list[Seen]:
    """Tickets of many kinds, as rules see them."""
    dice = Random(5)
    clients = [
        people.add_client(tx, name, address, NOW, organization).id
        for name, address, organization in (
            ("Server DOWN", "ann@down.example", None),
            ("Größe", "Bo_b@xn--gre-0na.example", "50% off_!"),
            ("x", "down@client.example", "Down"),
        )
    ]
    people.add_address(tx, clients[2], "other@down.example", NOW)
    crowd = []
    for number in range(1, 201):
        ticket = drawn(dice, number, clients)
        tickets.insert(tx, ticket)
        tags = tuple(sorted({dice.choice(TEXTS[1:]) for _ in range(dice.randrange(3))}))
        for tag in tags:
            tickets.tag(tx, number, tag)
        crowd.append((ticket, tags))
    known = people.clients_by_id(tx, clients)
    return [
        Seen(
            ticket=ticket,
            tags=tags,
            client=known.get(ticket.client_id) if ticket.client_id else None,
            priorities=PRIORITIES,
        )
        for ticket, tags in crowd
    ]


def every_condition() -> list[dict[str, Any]]:
    """Each field with each of its operators, and values of all kinds."""
    found: list[dict[str, Any]] = []
    for name, field in FIELDS.items():
        if name.startswith("mail."):
            continue
        for operator in OPERATORS[field.kind]:
            for value in values_for(field.kind, name, operator):
                found.append({name: {operator: value}})
    return found


def values_for(kind: str, name: str, operator: str) -> list[Any]:
    if operator == "exists" or kind == "flag":
        return [True, False]
    if kind == "moment":
        return [Span(0), Span(3600), Span(7200)]
    if kind == "number":
        return [1, 3, *([[1, 5]] if operator in ("is", "is_not") else [])]
    if kind == "rank":
        return ["low", "high", *([["low", "urgent"]] if operator in ("is", "is_not") else [])]
    if kind == "word":
        return ["new", "open", "none", ["done", "none"], ["new", "waiting"]]
    return [
        "down",
        "DOWN",
        "off_",
        "0%",
        "!",
        "größe",
        "\u212a",
        "i",
        ["x", "ärger"],
        "down.example",
        "n@d",
        "\\",
    ]


def asked_for(found: rules.Found) -> tuple[list[int], bool]:
    """The tickets whose texts are as asked, and whether no more is to be asked of them."""
    if not found.asked:
        return found.numbers, found.is_sure
    return [
        number
        for number, texts in zip(found.numbers, found.texts, strict=True)
        if all(
            fits(one, (str(text),) if text else (), search)
            for one, text in zip(found.asked, texts, strict=True)
        )
    ], found.is_sure


def test_the_database_finds_what_a_condition_means(engine: Engine) -> None:
    crowd: list[Seen] = engine.transact(a_crowd)
    conditions = every_condition()
    assert len(conditions) > 250
    loose = 0
    with engine.read() as tx:
        for asked in conditions:
            rule = rule_of(asked)
            meant = [seen.ticket.number for seen in crowd if failing(rule, seen, NOW, search) is None]
            found, is_sure = asked_for(rules.candidates(tx, rule, NOW, PRIORITIES))
            assert set(meant) <= set(found), asked
            if is_sure:
                assert found == meant, asked
            loose += not is_sure
    assert 0 < loose < len(conditions) / 3


def test_all_conditions_must_hold(engine: Engine) -> None:
    crowd: list[Seen] = engine.transact(a_crowd)
    dice = Random(3)
    with engine.read() as tx:
        for _ in range(200):
            asked: dict[str, Any] = {}
            for one in dice.sample(every_condition(), 3):
                asked |= one
            rule = rule_of(asked)
            meant = [seen.ticket.number for seen in crowd if failing(rule, seen, NOW, search) is None]
            found, is_sure = asked_for(rules.candidates(tx, rule, NOW, PRIORITIES))
            assert set(meant) <= set(found), asked
            assert not is_sure or found == meant, asked


def some(tx: Tx) -> None:
    for number in (1, 2, 3):
        tickets.insert(tx, a_ticket(number))
    tickets.insert(tx, a_ticket(4, state="closed"))


def found(tx: Tx, rule: Rule, at: str = NOW, stopping: tuple[str, ...] = ()) -> list[int]:
    return rules.candidates(tx, rule, at, PRIORITIES, stopping).numbers


def test_a_rule_is_through_with_a_ticket_until_it_is_forgotten(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        some(tx)
        fired.note(tx, "one", 1, NOW)
        fired.note(tx, "two", 2, NOW)
        assert found(tx, rule_of({})) == [2, 3]
        assert found(tx, rule_of({}), stopping=("two", "three")) == [3]
        assert fired.those(tx, "one", [1, 2, 3]) == {1: NOW}
        fired.forget(tx, "one", [1, 3])
        assert found(tx, rule_of({})) == [1, 2, 3]

    engine.transact(work)


def test_again_is_after_its_span(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        some(tx)
        fired.note(tx, "one", 1, NOW)
        rule = rule_of({}, again=Span(3600))
        assert found(tx, rule, later(NOW, 3599)) == [2, 3]
        assert found(tx, rule, later(NOW, 3600)) == [1, 2, 3]
        fired.note(tx, "one", 1, later(NOW, 3600))
        assert found(tx, rule, later(NOW, 3601)) == [2, 3]

    engine.transact(work)


def test_what_somebody_did_since_is_seen_once(engine: Engine) -> None:
    def did(tx: Tx, number: int, actor: str) -> None:
        tickets.add_event(tx, number, Event(kind="noted", at=NOW, actor=actor))

    def work(tx: Tx) -> None:
        some(tx)
        fired.note_look(tx)
        assert fired.looked(tx) == 0
        for number in (1, 2, 3):
            fired.note(tx, "one", number, NOW)
        fired.note(tx, "two", 1, NOW)
        did(tx, 1, "bob")
        did(tx, 1, "ann@client.example")
        did(tx, 2, "rule:two")
        did(tx, 3, "system")
        assert fired.touched(tx, fired.looked(tx)) == [("one", 1), ("two", 1)]
        fired.note_look(tx)
        assert fired.touched(tx, fired.looked(tx)) == []
        did(tx, 4, "bob")
        assert fired.touched(tx, fired.looked(tx)) == []  # no rule did anything there

    engine.transact(work)


def test_rules_that_there_are_no_more_are_forgotten(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        some(tx)
        assert fired.gone(tx, []) == []
        for name in ("a", "b", "c"):
            for number in (1, 2):
                fired.note(tx, name, number, NOW)
        assert fired.gone(tx, ["b"]) == ["a", "c"]
        fired.forget_rule(tx, "a")
        assert fired.gone(tx, ["b"]) == ["c"]

    engine.transact(work)


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        ({}, True),
        ({"is_idle": 1}, False),
        ({"state": "open"}, False),
        ({"staff_word_at": None}, False),
        ({"client_word_at": later(NOW, -50)}, False),
        ({"client_word_at": later(NOW, -101)}, True),
        ({"staff_word_at": later(NOW, -59)}, False),
        ({"stage_since": later(NOW, -59)}, False),
        ({"reminded_at": later(NOW, -60)}, False),
    ],
)
def test_who_truly_waits_for_a_client(engine: Engine, fields: dict[str, Any], is_found: bool) -> None:
    awaited = {"state": "waiting", "staff_word_at": later(NOW, -100), "stage_since": later(NOW, -90)}

    def work(tx: Tx) -> None:
        tickets.insert(tx, a_ticket(1, **{**awaited, **fields}))
        border = later(NOW, -60)
        assert waiting.unreminded(tx, border) == ([1] if is_found else [])
        if "reminded_at" in fields:
            assert waiting.inactive(tx, border, is_reminded=True) == [1]
        else:
            assert waiting.inactive(tx, border, is_reminded=False) == ([1] if is_found else [])
            assert waiting.inactive(tx, border, is_reminded=True) == []

    engine.transact(work)


def test_who_is_left_alone(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        for number, fields in enumerate(
            ({}, {"touched_at": later(NOW, -59)}, {"state": "waiting"}, {"is_idle": 1}), 1
        ):
            tickets.insert(tx, a_ticket(number, **{"touched_at": later(NOW, -60), **fields}))
        assert waiting.untouched(tx, later(NOW, -60)) == [1]
        fired.note(tx, "awaiting", 1, NOW)
        assert waiting.untouched(tx, later(NOW, -60)) == []

    engine.transact(work)
