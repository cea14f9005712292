"""Rules that answer what happens: in order, once, within the change, and never at the cost of a mail."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.errors import Busy
from helpdesk_cli.services import assigning, effects, incoming, members, tickets
from helpdesk_cli.services.changes import record
from helpdesk_cli.settings import STAGES, Alerts, Category, Limits, Rate, Rule, Span, Webhook
from helpdesk_cli.store import outbox
from helpdesk_cli.store import tickets as rows


def mail(
    text: str = "It burns.", *, subject: str = "Printer", number: int = 1, headers: str = "", **more: str
) -> str:
    sender, to = more.get("sender", "Ann <ann@client.example>"), more.get("to", "support@desk.example")
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{number}@client.example>\r\n"
        f"{headers}\r\n{text}\r\n"
    )


def rules(office: Any, **written: dict[str, Any]) -> None:
    """Configure rules, in this order; ``then`` alone is one that answers opened."""
    office.configured(
        rule={
            name: Rule(
                **{
                    "when": "opened",
                    **{("if_" if key == "if" else key): value for key, value in fields.items()},
                }
            )
            for name, fields in written.items()
        }
    )


def log(office: Any, number: int = 1000) -> list[tuple[str, str]]:
    with office.desk.engine.read() as tx:
        return [(event.actor, event.kind) for event in rows.events(tx, number)]


def why(office: Any, number: int = 1000) -> list[str]:
    with office.desk.engine.read() as tx:
        return [str(event.data["why"]) for event in rows.events(tx, number) if event.kind == "rule-failed"]


def tags(office: Any, number: int = 1000) -> tuple[str, ...]:
    with office.desk.engine.read() as tx:
        return rows.tags(tx, number)


def test_a_rule_does_all_that_it_says_and_the_log_has_its_name(office: Any) -> None:
    office.configured(category={"billing": Category(name="Billing")})
    rules(
        office,
        down={
            "if": {"subject": {"contains": "DOWN"}},
            "then": {
                "priority": "urgent",
                "category": "billing",
                "assignee": "carla",
                "stage": "in-progress",
                "level": 2,
                "tag": ["a", "b"],
                "watch": "carla",
            },
        },
    )
    entry = office.mail(mail(subject="Server down"))
    assert entry.outcome == "opened"
    ticket = office.ticket(1000)
    assert (ticket.priority, ticket.category, ticket.assignee) == ("urgent", "billing", "carla")
    assert (ticket.stage, ticket.level) == ("in-progress", 2)
    assert tags(office) == ("a", "b")
    with office.desk.engine.read() as tx:
        assert rows.watchers(tx, 1000) == ("carla",)
        events = rows.events(tx, 1000)
    assert [event.kind for event in events] == [
        "opened", "rule-applied", "edited", "edited", "assigned", "moved", "edited",
    ]  # fmt: skip
    assert {event.actor for event in events[1:]} == {"rule:down"}
    assert events[1].data["because"] == 'subject contains "down"'
    assert events[1].data["event"] == "opened"


def test_a_rule_whose_conditions_do_not_hold_does_nothing(office: Any) -> None:
    rules(office, down={"if": {"subject": {"contains": "down"}}, "then": {"priority": "urgent"}})
    office.mail(mail())
    assert office.ticket(1000).priority == "normal"
    assert office.events(1000) == ["opened"]


def test_what_one_rule_does_is_seen_by_those_behind_it_and_not_by_those_before(office: Any) -> None:
    seeing = {"if": {"priority": "urgent", "tags": "red"}, "then": {"tag": "seen"}}
    rules(
        office,
        before=seeing,
        first={"then": {"priority": "urgent", "tag": "red"}},
        behind=seeing,
    )
    office.mail(mail())
    applied = [actor for actor, kind in log(office) if kind == "rule-applied"]
    assert applied == ["rule:first", "rule:behind"]


def test_a_rule_answers_what_another_one_above_it_did(office: Any) -> None:
    rules(
        office,
        late={"when": "assigned", "then": {"tag": "never"}},
        give={"then": {"assignee": "bob"}},
        given={"when": "assigned", "then": {"tag": "given"}},
    )
    office.mail(mail())
    assert tags(office) == ("given",)


def test_rules_that_undo_each_other_come_to_an_end(office: Any) -> None:
    rules(
        office,
        up={"when": ("opened", "edited"), "if": {"priority": "normal"}, "then": {"priority": "high"}},
        down={"when": "edited", "if": {"priority": "high"}, "then": {"priority": "normal"}},
        up_again={"when": "edited", "if": {"priority": "normal"}, "then": {"priority": "low"}},
    )
    office.mail(mail())
    assert office.ticket(1000).priority == "low"
    applied = [actor for actor, kind in log(office) if kind == "rule-applied"]
    assert applied == ["rule:up", "rule:down", "rule:up_again"]


def test_a_rule_fires_once_though_several_things_happened_that_it_answers(office: Any) -> None:
    rules(
        office,
        one={"when": ("opened", "edited", "assigned"), "then": {"priority": "high", "assignee": "bob"}},
    )
    office.mail(mail())
    assert [kind for _, kind in log(office)].count("rule-applied") == 1


def test_no_rule_behind_one_that_stops(office: Any) -> None:
    rules(
        office,
        no={"if": {"subject": "x"}, "then": {"tag": "no"}, "stop": True},
        one={"then": {"tag": "one"}, "stop": True},
        two={"then": {"tag": "two"}},
    )
    office.mail(mail())
    assert tags(office) == ("one",)


def test_a_rule_that_is_not_enabled_is_not_there(office: Any) -> None:
    rules(
        office, one={"then": {"tag": "one"}, "enabled": False}, two={"when": "time", "then": {"tag": "two"}}
    )
    office.mail(mail())
    assert tags(office) == ()


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ({"priority": "high", "assignee": "nobody-here"}, "no such staff member"),
        ({"priority": "high", "watch": ["bob", "nobody-here"]}, "no such staff member"),
        ({"priority": "high", "notify": "nobody-here"}, "no such staff member"),
        ({"priority": "high", "stage": "done"}, "from new it may go to: in-progress"),
        ({"priority": "high", "assignee": "auto"}, "assignment"),
    ],
)
def test_a_rule_that_cannot_changes_nothing_and_says_why(
    office: Any, then: dict[str, Any], words: str
) -> None:
    office.configured(stage={**STAGES, "new": replace(STAGES["new"], next=("in-progress",))})
    rules(office, one={"then": then}, two={"then": {"tag": "two"}})
    entry = office.mail(mail())
    assert entry.outcome == "opened"
    assert office.ticket(1000).priority == "normal"
    assert log(office)[1] == ("rule:one", "rule-failed")
    assert len(why(office)) == 1 and words in why(office)[0] and "ticket 0" not in why(office)[0]
    assert tags(office) == ("two",)
    assert [letter.kind for letter in office.letters()] == ["acknowledgement", "alert"]


def test_a_rule_that_breaks_costs_no_mail(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Change:
        raise ZeroDivisionError("by us")

    monkeypatch.setitem(effects._DOERS, "tag", broken)
    rules(office, one={"then": {"priority": "high", "tag": "x"}})
    assert office.mail(mail()).outcome == "opened"
    assert why(office) == ["by us"]
    assert office.ticket(1000).priority == "normal"


def test_a_store_that_is_busy_is_no_fault_of_a_rule(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> Change:
        raise Busy("locked")

    monkeypatch.setitem(effects._DOERS, "tag", busy)
    rules(office, one={"then": {"tag": "x"}})
    with pytest.raises(Busy):
        office.mail(mail())


def test_an_expression_that_does_not_end_counts_as_not_found_and_is_told(office: Any) -> None:
    rules(
        office,
        slow={"if": {"mail.text": {"matches": "(a|aa)+$"}}, "then": {"tag": "slow"}},
        wrong={"if": {"mail.text": {"matches": "(a"}}, "then": {"tag": "wrong"}},
        right={"if": {"mail.text": {"matches": "^a+!"}}, "then": {"tag": "right"}},
    )
    assert office.mail(mail("a" * 5000 + "!")).outcome == "opened"
    assert tags(office) == ("right",)
    slow, wrong = why(office)
    assert "took too long" in slow
    assert "no regular expression" in wrong


def test_the_mail_that_brought_it_is_asked(office: Any) -> None:
    asked = {
        "mail.mailbox": "support",
        "mail.to": "shop@desk.example",
        "mail.from": "ann@client.example",
        "mail": {"subject": {"contains": "printer"}, "text": {"contains": "burns"}},
        "mail.verdict": "unknown",
        "mail.is_automatic": False,
        "client.domain": "client.example",
    }
    rules(office, one={"when": ("opened", "replied"), "if": asked, "then": {"tag": "mail"}})
    office.mail(mail(to="Shop@desk.example"))
    assert tags(office, 1000) == ("mail",)
    number = tickets.new(
        office.by("bob"), tickets.NewTicket(client="ann@client.example", subject="Printer", text="It burns.")
    )
    assert tags(office, number) == ()


def test_rules_answer_what_staff_do(office: Any) -> None:
    rules(
        office,
        answered={"when": "answered", "then": {"tag": "answered"}},
        noted={"when": "noted", "then": {"tag": "noted"}},
        closed={"when": "closed", "if": {"tags": "answered"}, "then": {"untag": "answered"}},
        reopened={"when": "reopened", "then": {"priority": "high"}},
        moved={"when": "moved", "if": {"state": "waiting"}, "then": {"tag": "waits"}},
    )
    office.mail(mail())
    bob = office.by("bob")
    tickets.reply(bob, 1000, tickets.Answer(text="Yes."))
    tickets.note(bob, 1000, tickets.Answer(text="Hm."))
    assert tags(office) == ("answered", "noted")
    tickets.move(bob, [1000], "awaiting")
    assert tags(office) == ("answered", "noted", "waits")
    tickets.close(bob, [1000])
    assert tags(office) == ("noted", "waits")
    tickets.reopen(bob, [1000])
    assert office.ticket(1000).priority == "high"


def test_a_rule_is_nobody_who_touched_a_ticket(office: Any) -> None:
    rules(
        office,
        one={"when": "warned", "then": {"priority": "high", "stage": "in-progress", "assignee": "bob"}},
    )
    office.mail(mail())
    before = office.ticket(1000)
    office.passes(hours=1)

    def warned(tx: Any) -> None:
        from helpdesk_cli.domain.ticket import Event

        record(
            tx,
            office.desk,
            Change(ticket=before, events=(Event(kind="warned", at=office.now, actor="system"),)),
        )

    office.desk.engine.transact(warned)
    after = office.ticket(1000)
    assert (after.priority, after.stage, after.assignee) == ("high", "in-progress", "bob")
    assert after.touched_at == before.touched_at < after.updated_at


def test_an_archive_fires_no_rules(office: Any, tmp_path: Path) -> None:
    rules(office, one={"when": ("opened", "replied", "closed"), "then": {"tag": "x"}})
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "a.eml").write_text(mail())
    (folder / "b.eml").write_text(mail(number=2, headers="In-Reply-To: <1@client.example>\r\n"))
    incoming.import_mail(office.desk, [folder], mailbox="support")
    assert office.ticket(1000).state == "closed"
    assert {kind for _, kind in log(office)} == {"opened", "archived"}


# Where a ticket goes


def test_a_ticket_is_given_by_the_department_to_which_a_rule_handed_it(office: Any) -> None:
    known = office.desk.settings.department
    office.configured(
        department={slug: replace(each, assignment="round-robin") for slug, each in known.items()}
    )
    rules(
        office,
        sell={"if": {"subject": {"contains": "price"}}, "then": {"department": "sales"}},
        given={"when": "assigned", "if": {"assignee": "carla"}, "then": {"tag": "hers"}},
    )
    office.mail(mail(subject="A price"))
    ticket = office.ticket(1000)
    assert (ticket.department, ticket.assignee) == ("sales", "carla")
    assert tags(office) == ("hers",)
    assert [letter.recipient for letter in office.letters(kind="alert")] == ["carla@staff.example"]


def test_auto_gives_it_to_whose_turn_it_is(office: Any) -> None:
    rules(office, one={"when": "replied", "then": {"assignee": "auto"}})
    office.mail(mail())
    assert office.ticket(1000).assignee is None
    known = office.desk.settings.department
    office.configured(department={**known, "support": replace(known["support"], assignment="round-robin")})
    office.mail(mail(number=2, headers="In-Reply-To: <1@client.example>\r\n"))
    assert office.ticket(1000).assignee == "bob"
    assert ("rule:one", "assigned") in log(office)


# Who hears


def test_a_mail_that_a_rule_sends_goes_beside_the_others(office: Any) -> None:
    rules(office, one={"then": {"send": "rule"}}, two={"then": {"send": "moved"}})
    office.mail(mail())
    sent = office.letters(recipient="ann@client.example")
    assert [(letter.kind, letter.facts.get("template"), letter.facts.get("rule")) for letter in sent] == [
        ("acknowledgement", None, None),
        ("rule", "rule", "one"),
        ("rule", "moved", "two"),
    ]


def test_what_a_rule_sends_obeys_the_limits(office: Any) -> None:
    office.configured(limits=Limits(automatic_per_address=(Rate(2, 3600),)))
    rules(office, one={"when": "replied", "then": {"send": "rule"}})
    office.mail(mail())
    for number in (2, 3, 4):
        office.mail(mail(number=number, headers="In-Reply-To: <1@client.example>\r\n"))
    assert len(office.letters(recipient="ann@client.example")) == 2


def test_staff_are_told_as_a_rule_says_each_once(office: Any) -> None:
    known = office.desk.settings.department
    office.configured(department={**known, "support": replace(known["support"], manager="carla")})
    rules(
        office,
        one={
            "when": "replied",
            "if": {"mail.text": {"contains": "angry"}},
            "then": {"notify": ["manager", "carla", "department", "assignee"]},
        },
    )
    office.mail(mail())
    office.mail(mail("I am angry.", number=2, headers="In-Reply-To: <1@client.example>\r\n"))
    told = office.letters(kind="notice")
    assert [letter.recipient for letter in told] == ["carla@staff.example"]  # bob has the mail itself
    assert told[0].facts["lines"] == ['The rule one: mail.text contains "angry".']


def test_who_did_it_is_not_told_of_it(office: Any) -> None:
    rules(office, one={"when": "noted", "then": {"notify": ["bob", "carla"]}})
    office.mail(mail())
    tickets.note(office.by("bob"), 1000, tickets.Answer(text="Hm."))
    assert [letter.recipient for letter in office.letters(kind="notice")] == ["carla@staff.example"]


def test_a_rule_rings_the_pager_within_its_limits(office: Any) -> None:
    office.configured(
        alerts=Alerts(enabled=True, address="oncall@pager.example"),
        limits=Limits(pages_per_person=(Rate(2, 300),)),
    )
    rules(
        office,
        one={"when": "replied", "then": {"page": True}},
        two={"when": "replied", "then": {"notify": "pager"}},
    )
    office.mail(mail())
    for number in (2, 3, 4):
        office.mail(mail(number=number, headers="In-Reply-To: <1@client.example>\r\n"))
    assert [letter.recipient for letter in office.letters(kind="pager")] == ["oncall@pager.example"] * 2


def test_a_ticket_that_a_rule_closes_at_once_is_told_as_its_stage_says(office: Any) -> None:
    rules(office, one={"if": {"subject": {"contains": "newsletter"}}, "then": {"stage": "rejected"}})
    office.mail(mail(subject="Our newsletter"))
    (letter,) = office.letters(recipient="ann@client.example")
    assert (letter.kind, letter.facts["event"]) == ("moved", "closed")


HOOKS = {
    "chat": Webhook(url="https://chat.example/x", secret="s"),
    "log": Webhook(url="https://log.example/", secret="s"),
}


def test_a_web_hook_is_a_letter_with_the_ticket_as_it_is_then(office: Any) -> None:
    office.configured(webhook=HOOKS)
    rules(
        office,
        one={"then": {"priority": "high", "webhook": ["chat", "log"]}},
        two={"then": {"webhook": "chat"}},
    )
    office.mail(mail())
    calls = office.letters(kind="webhook")
    assert [(call.recipient, call.facts["rule"]) for call in calls] == [
        ("chat", "one"),
        ("log", "one"),
        ("chat", "two"),
    ]
    first = calls[0]
    assert first.department == "webhook.chat"
    assert first.message is not None
    assert {name: first.facts[name] for name in ("event", "rule", "at")} == {
        "event": "opened",
        "rule": "one",
        "at": office.now,
    }
    told: Any = first.facts["ticket"]
    assert (told["number"], told["priority"], told["client"]["email"]) == (1000, "high", "ann@client.example")


def test_a_silent_move_calls_web_hooks_and_tells_nobody(office: Any) -> None:
    office.configured(webhook=HOOKS)
    rules(office, one={"when": "moved", "then": {"webhook": "chat", "notify": "carla", "send": "rule"}})
    office.mail(mail())
    before = len(office.letters())
    tickets.move(office.by("bob"), [1000], "in-progress", silent=True)
    assert [letter.kind for letter in office.letters()[before:]] == ["webhook"]


def test_what_a_rule_orders_on_an_automatic_answer_is_told_though_nobody_hears_of_that(office: Any) -> None:
    rules(office, one={"when": "auto-replied", "then": {"notify": "carla"}})
    office.mail(mail())
    before = len(office.letters())
    headers = "In-Reply-To: <1@client.example>\r\nAuto-Submitted: auto-replied\r\nX-Autoreply: yes\r\n"
    assert (
        office.mail(mail("Away.", number=2, headers=headers, subject="Out of office")).outcome == "auto-reply"
    )
    assert [letter.recipient for letter in office.letters()[before:]] == ["carla@staff.example"]


def test_a_flood_stays_quiet(office: Any) -> None:
    office.configured(limits=Limits(new_tickets_per_sender=(Rate(1, 600),)))
    rules(office, one={"when": "replied", "then": {"notify": "carla"}})
    office.mail(mail())
    before = len(office.letters())
    office.mail(mail(number=2, subject="Other"))
    assert log(office)[1:] == [("ann@client.example", "replied"), ("rule:one", "rule-applied")]
    assert len(office.letters()) == before


def test_what_is_rolled_back_calls_nobody(office: Any) -> None:
    office.configured(webhook=HOOKS)
    rules(office, one={"when": "edited", "then": {"webhook": "chat"}})
    office.mail(mail())

    def half(tx: Any) -> None:
        ticket = rows.load(tx, 1000)
        assert ticket is not None
        record(tx, office.desk, edited(Change(ticket=ticket), office.now, "bob", priority="high"))
        assert [letter.kind for letter in outbox.letters(tx, ticket=1000, limit=1)] == ["webhook"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        office.desk.engine.transact(half)
    assert office.letters(kind="webhook") == []


# Properties

EVENTS = st.sampled_from(["opened", "edited", "assigned", "moved", "closed"])
CONDITIONS = st.sampled_from(
    [
        {},
        {"priority": "high"},
        {"priority": {"is_not": "high"}},
        {"assignee": "none"},
        {"tags": "a"},
        {"tags": {"is_not": "a"}},
        {"stage": "new"},
        {"created_at": {"younger_than": Span(60)}},
    ]
)
ACTIONS = st.sampled_from(
    [
        {"priority": "high"},
        {"priority": "low"},
        {"assignee": "bob"},
        {"assignee": "none"},
        {"tag": "a"},
        {"untag": "a"},
        {"stage": "done"},
        {"stage": "in-progress"},
        {"notify": "carla", "send": "rule"},
    ]
)
RULES = st.lists(
    st.fixed_dictionaries(
        {"when": st.lists(EVENTS, min_size=1, max_size=3).map(tuple), "if": CONDITIONS, "then": ACTIONS}
    ),
    max_size=6,
)


@hypothesis(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RULES)
def test_whatever_rules_say_each_fires_once_at_most_and_in_order(
    office: Any, written: list[dict[str, Any]]
) -> None:
    rules(office, **{f"r{place}": fields for place, fields in enumerate(written)})
    number = tickets.new(
        office.by("bob"),
        tickets.NewTicket(client="ann@client.example", subject="S", text="T", department="support"),
    )
    fired = [actor for actor, kind in log(office, number) if kind in ("rule-applied", "rule-failed")]
    assert fired == sorted(set(fired))
    with office.desk.engine.read() as tx:
        ticket, events = rows.load(tx, number), rows.events(tx, number)
    assert ticket is not None
    assert {event.actor for event in events[1:]} <= set(fired)
    moves = [event for event in events if event.kind == "moved"]
    assert ticket.stage == (moves[-1].data["to"] if moves else "new")


# Levels of support


@pytest.fixture
def levels(office: Any) -> Any:
    """Support chooses by turns among bob, of level 1, and dave and eve, of level 2; what is answered is level 2's."""
    known = office.desk.settings.department
    office.configured(
        department={**known, "support": replace(known["support"], assignment="round-robin")},
    )
    for login in ("dave", "eve"):
        members.new_staff(office.desk, login, name=login, email=f"{login}@staff.example", level=2)
        members.join(office.desk, login, "support")
    rules(office, hard={"when": "noted", "then": {"level": 2}})
    office.mail(mail())
    assert office.ticket(1000).assignee == "bob"
    return office


def noted(office: Any) -> tuple[int, str | None]:
    """Somebody writes a note, which the rule answers; the ticket's level and assignee."""
    tickets.note(office.desk, 1000, tickets.Answer(text="Hm."))
    assert why(office) == []
    return office.ticket(1000).level, office.ticket(1000).assignee


def test_another_level_hands_the_ticket_to_somebody_of_it(levels: Any) -> None:
    assert noted(levels) == (2, "dave")
    with levels.desk.engine.read() as tx:
        given = [event for event in rows.events(tx, 1000) if event.kind == "assigned"][-1]
    assert (given.actor, given.data["from"], given.data["to"], given.data["how"]) == (
        "rule:hard", "bob", "dave", "round-robin",
    )  # fmt: skip
    assert noted(levels) == (2, "dave")


def test_who_is_of_that_level_or_above_keeps_the_ticket(levels: Any) -> None:
    members.edit_staff(levels.desk, "eve", level=3)
    assigning.assign(levels.desk, [1000], "eve")
    assert noted(levels) == (2, "eve")


def test_where_the_desk_chooses_nobody_another_level_changes_no_hands(levels: Any) -> None:
    known = levels.desk.settings.department
    levels.configured(department={**known, "support": replace(known["support"], assignment="off")})
    assert noted(levels) == (2, "bob")


def test_a_level_that_nobody_has_changes_no_hands(levels: Any) -> None:
    for login in ("dave", "eve"):
        members.join(levels.desk, login, "support", leave=True)
    assert noted(levels) == (2, "bob")


def test_what_nobody_has_stays_so(levels: Any) -> None:
    assigning.assign(levels.desk, [1000], None)
    assert noted(levels) == (2, None)


def test_a_rule_that_names_somebody_beside_the_level_means_them(levels: Any) -> None:
    rules(levels, hard={"when": "noted", "then": {"level": 2, "assignee": "eve"}})
    assert noted(levels) == (2, "eve")
    assert [kind for _, kind in log(levels)].count("assigned") == 2


# Tags


def test_tags_of_rules_are_those_of_tickets(office: Any) -> None:
    rules(
        office,
        put={"then": {"tag": [" VIP", "Größe"]}},
        seen={"if": {"tags": "vip"}, "then": {"priority": "high"}},
        off={"then": {"untag": "VIP"}},
        gone={"if": {"tags": {"is_not": "vip"}}, "then": {"level": 2}},
    )
    office.mail(mail())
    ticket = office.ticket(1000)
    assert (tags(office), ticket.priority, ticket.level) == (("größe",), "high", 2)


def test_an_old_tag_is_taken_off_in_any_case(office: Any) -> None:
    rules(
        office,
        put={"when": "opened", "then": {"tag": "vip"}},
        off={"when": "noted", "then": {"untag": "Vip"}},
        gone={"when": "noted", "if": {"tags": {"exists": False}}, "then": {"level": 2}},
    )
    office.mail(mail())
    assert tags(office) == ("vip",)
    tickets.note(office.desk, 1000, tickets.Answer(text="Hm."))
    assert (tags(office), office.ticket(1000).level) == ((), 2)
