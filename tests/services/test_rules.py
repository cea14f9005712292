"""What time brings: rules of time and the built-in ones, once each, so many a run, and without doubles."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.errors import Busy
from helpdesk_cli.services import rules, tickets
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.outgoing import notify
from helpdesk_cli.services.rules import site
from helpdesk_cli.services.rules import waiting as waiting_rules
from helpdesk_cli.settings import STAGES, Category, Operation, Rule, Sla, Span
from helpdesk_cli.store import fired
from helpdesk_cli.store import tickets as rows

DAY = 86400
PATIENT = Operation(awaiting_after=Span(3 * DAY), reminder_after=Span(5 * DAY), inactive_after=Span(10 * DAY))


def mail(number: int = 1, text: str = "It burns.", subject: str = "Printer", answers: int = 0) -> str:
    reference = f"In-Reply-To: <{answers}@client.example>\r\n" if answers else ""
    return (
        f"From: Ann <ann{answers or number}@client.example>\r\nTo: support@desk.example\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{number}@client.example>\r\n{reference}\r\n{text}\r\n"
    )


def configured(office: Any, **written: dict[str, Any]) -> None:
    """Configure rules of time, in this order."""
    office.configured(
        rule={
            name: Rule(
                **{
                    "when": "time",
                    **{("if_" if key == "if" else key): value for key, value in fields.items()},
                }
            )
            for name, fields in written.items()
        }
    )


def ran(office: Any, **how: Any) -> dict[str, list[int]]:
    """Run the rules; on which tickets each fired."""
    report = rules.run(office.desk, **how)
    assert [one.error for one in report.rules if one.error] == []
    assert all(one.fired == len(one.tickets) for one in report.rules)
    return {one.name: one.tickets for one in report.rules if one.tickets}


def events(office: Any, number: int = 1000) -> list[tuple[str, str]]:
    with office.desk.engine.read() as tx:
        return [(event.actor, event.kind) for event in rows.events(tx, number)]


def tags(office: Any, number: int = 1000) -> tuple[str, ...]:
    with office.desk.engine.read() as tx:
        return rows.tags(tx, number)


def edit(office: Any, actor: str, **fields: Any) -> None:
    """Somebody edits ticket 1000."""

    def done(tx: Any) -> None:
        ticket = rows.load(tx, 1000)
        assert ticket is not None
        record(tx, office.desk, edited(Change(ticket=ticket), office.now, actor, **fields))

    office.desk.engine.transact(done)


# The site's rules


def test_a_rule_of_time_waits_until_its_time_has_come(office: Any) -> None:
    configured(
        office,
        late={
            "if": {"unanswered_since": {"older_than": Span(4 * 3600)}},
            "then": {"priority": "high", "notify": "carla", "tag": "late"},
        },
    )
    office.mail(mail())
    assert ran(office) == {}
    office.passes(hours=4)
    before = office.ticket(1000)
    assert ran(office) == {"late": [1000]}
    after = office.ticket(1000)
    assert (after.priority, after.touched_at) == ("high", before.touched_at)
    assert tags(office) == ("late",)
    assert events(office)[1:] == [("rule:late", "rule-applied"), ("rule:late", "edited")]
    assert [letter.recipient for letter in office.letters(kind="notice")] == ["carla@staff.example"]


def test_it_fires_once_as_long_as_its_conditions_hold(office: Any) -> None:
    configured(office, one={"if": {"priority": "normal"}, "then": {"tag": "one"}})
    office.mail(mail())
    assert ran(office) == {"one": [1000]}
    for _ in range(3):
        office.passes(days=1)
        assert ran(office) == {}


def test_it_fires_again_when_its_conditions_ceased_to_hold_in_between(office: Any) -> None:
    configured(office, one={"if": {"priority": "normal"}, "then": {"tag": "one"}})
    office.mail(mail())
    assert ran(office) == {"one": [1000]}
    edit(office, "bob", priority="high")
    assert ran(office) == {}
    edit(office, "bob", priority="normal")
    assert ran(office) == {"one": [1000]}
    edit(office, "bob", level=2)  # they went on holding
    assert ran(office) == {}


def test_a_word_of_the_client_lets_it_fire_again(office: Any) -> None:
    asked = {"unanswered_since": {"older_than": Span(3600)}}
    configured(office, one={"if": asked, "then": {"notify": "carla"}})
    office.mail(mail())
    office.passes(hours=1)
    assert ran(office) == {"one": [1000]}
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Yes."))
    assert ran(office) == {}
    office.mail(mail(2, answers=1))
    office.passes(hours=1)
    assert ran(office) == {"one": [1000]}


def test_again_is_once_more_after_its_span(office: Any) -> None:
    configured(office, one={"then": {"notify": "carla"}, "again": Span(DAY)})
    office.mail(mail())
    assert ran(office) == {"one": [1000]}
    office.passes(hours=23)
    assert ran(office) == {}
    office.passes(hours=1)
    assert ran(office) == {"one": [1000]}


def test_rules_that_undo_each_other_fire_once_each_until_somebody_does_something(office: Any) -> None:
    configured(
        office,
        up={"if": {"priority": "normal"}, "then": {"priority": "high"}},
        down={"if": {"priority": "high"}, "then": {"priority": "normal"}},
    )
    office.mail(mail())
    assert ran(office) == {"up": [1000], "down": [1000]}
    for _ in range(5):
        office.passes(minutes=1)
        assert ran(office) == {}
    tickets.note(office.by("bob"), 1000, tickets.Answer(text="Hm."))
    total = 0
    for _ in range(5):
        office.passes(minutes=1)
        total += len(ran(office))
    assert total <= 2


def test_rules_that_lead_round_end_too(office: Any) -> None:
    configured(
        office,
        c={"if": {"priority": "high"}, "then": {"priority": "low"}},
        b={"if": {"priority": "normal"}, "then": {"priority": "high"}},
        a={"if": {"priority": "low"}, "then": {"priority": "normal"}},
    )
    office.mail(mail())
    told = []
    for _ in range(10):
        told.append(ran(office))
        office.passes(minutes=1)
    assert told[:3] == [{"b": [1000]}, {"c": [1000], "a": [1000]}, {}]
    assert not any(told[3:])


def test_what_a_rule_above_did_is_seen_by_those_below(office: Any) -> None:
    configured(
        office,
        first={"if": {"created_at": {"older_than": Span(60)}}, "then": {"tag": "old"}},
        second={"if": {"tags": "old"}, "then": {"priority": "low"}},
    )
    office.mail(mail())
    office.passes(minutes=1)
    assert ran(office) == {"first": [1000], "second": [1000]}


def test_what_time_does_is_answered_by_rules_of_events(office: Any) -> None:
    configured(
        office,
        close={"if": {"subject": "Printer"}, "then": {"stage": "done"}},
        closed={"when": "closed", "then": {"tag": "closed"}},
    )
    office.mail(mail())
    assert ran(office) == {"close": [1000]}
    assert tags(office) == ("closed",)


def test_a_rule_that_stops_keeps_those_below_away_as_long_as_it_holds(office: Any) -> None:
    configured(
        office,
        vip={"if": {"subject": "VIP"}, "then": {"tag": "vip"}, "stop": True},
        all={"then": {"tag": "all"}},
    )
    office.mail(mail(1, subject="VIP"))
    office.mail(mail(2))
    foreseen = rules.run(office.desk, dry_run=True)
    assert {one.name: one.tickets for one in foreseen.rules if not one.builtin} == {
        "vip": [1000],
        "all": [1001],
    }
    assert ran(office) == {"vip": [1000], "all": [1001]}
    office.passes(days=1)
    assert ran(office) == {}


def test_closed_tickets_are_looked_at_where_a_rule_asks_for_them(office: Any) -> None:
    configured(
        office,
        open={"then": {"tag": "open"}},
        closed={"if": {"closed_at": {"older_than": Span(DAY)}}, "then": {"tag": "old"}},
    )
    office.mail(mail())
    tickets.close(office.by("bob"), [1000])
    office.passes(days=1)
    assert ran(office) == {"closed": [1000]}


def test_what_the_database_cannot_compare_is_asked_of_each(office: Any) -> None:
    configured(
        office,
        one={"if": {"subject": {"matches": r"^S\d+$"}}, "then": {"tag": "one"}},
        two={
            "if": {"subject": {"contains": "grösse"}, "client.domain": "client.example"},
            "then": {"tag": "two"},
        },
    )
    office.mail(mail(1, subject="S12"))
    office.mail(mail(2, subject="S12x"))
    office.mail(mail(3, subject="=?utf-8?q?GR=C3=96SSE?="))
    assert ran(office) == {"one": [1000], "two": [1002]}


def test_an_expression_that_does_not_end_is_told_and_given_up(office: Any) -> None:
    configured(
        office,
        slow={"if": {"subject": {"matches": "(a|aa)+$"}}, "then": {"tag": "slow"}},
        quick={"then": {"tag": "quick"}},
    )
    for number in range(1, 9):
        office.mail(mail(number, subject="a" * 500 + "!"))
    report = rules.run(office.desk)
    slow, quick = report.rules[:2]
    assert slow.fired == 0 and "took too long on 5 texts" in str(slow.error)
    assert quick.fired == 8 and quick.error is None


def test_a_rule_that_cannot_says_so_once(office: Any) -> None:
    configured(office, one={"then": {"priority": "high", "assignee": "nobody-here"}})
    office.mail(mail())
    assert ran(office) == {"one": [1000]}
    assert events(office)[1:] == [("rule:one", "rule-failed")]
    assert office.ticket(1000).priority == "normal"
    assert ran(office) == {}


def test_a_rule_that_breaks_is_told_and_the_others_go_on(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(office, one={"then": {"tag": "one"}}, two={"then": {"tag": "two"}})
    office.mail(mail(1))
    office.mail(mail(2))
    really = site.carried_out

    def broken(*args: Any, **more: Any) -> Any:
        if args[2].name == "one" and args[3].ticket.number == 1000:
            raise ZeroDivisionError("by us")
        return really(*args, **more)

    monkeypatch.setattr(site, "carried_out", broken)
    report = rules.run(office.desk)
    assert [(one.name, one.tickets, one.error) for one in report.rules[:2]] == [
        ("one", [1001], "ticket 1000: ZeroDivisionError('by us')"),
        ("two", [1000, 1001], None),
    ]
    monkeypatch.undo()
    assert ran(office) == {"one": [1000]}


def test_a_busy_store_ends_the_run(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any, **more: Any) -> Any:
        raise Busy("locked")

    monkeypatch.setattr(site, "carried_out", busy)
    configured(office, one={"then": {"tag": "one"}})
    office.mail(mail())
    with pytest.raises(Busy):
        rules.run(office.desk)


# So many a run


def test_a_rule_takes_so_many_a_run_and_says_what_is_left(office: Any) -> None:
    configured(office, one={"then": {"tag": "one"}}, two={"if": {"tags": "one"}, "then": {"tag": "two"}})
    office.configured(operation=Operation(tickets_per_rule=2))
    for number in range(1, 6):
        office.mail(mail(number))
    told = []
    for _ in range(4):
        report = rules.run(office.desk)
        told.append([(one.tickets, one.left) for one in report.rules if one.name in ("one", "two")])
    assert told == [
        [([1000, 1001], 3), ([1000, 1001], 0)],
        [([1002, 1003], 1), ([1002, 1003], 0)],
        [([1004], 0), ([1004], 0)],
        [([], 0), ([], 0)],
    ]


def test_a_dry_run_says_what_would_be_and_writes_nothing(office: Any) -> None:
    configured(office, one={"then": {"tag": "one", "notify": "bob", "stage": "done"}})
    office.configured(operation=replace(PATIENT, tickets_per_rule=2))
    for number in (1, 2, 3):
        office.mail(mail(number))
    office.passes(days=4)
    letters = len(office.letters())
    for _ in range(2):
        report = rules.run(office.desk, dry_run=True)
        assert [(one.name, one.builtin, one.tickets, one.left) for one in report.rules] == [
            ("one", False, [1000, 1001], 1),
            ("wake", True, [], 0),
            ("awaiting", True, [1000, 1001], 1),
            ("reminder", True, [], 0),
            ("inactive", True, [], 0),
        ]
        assert "is tagged one" in report.rules[0].then and "first waiting stage" in report.rules[2].then
    assert len(office.letters()) == letters
    assert [office.events(number) for number in (1000, 1001, 1002)] == [["opened"]] * 3


def test_a_run_that_is_killed_in_between_is_gone_on_with(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "CHUNK", 2)
    configured(office, one={"then": {"notify": "carla"}})
    for number in range(1, 6):
        office.mail(mail(number))
    done = 0

    def killed(count: int) -> None:
        nonlocal done
        done += count
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rules.run(office.desk, progress=killed)
    assert len(office.letters(kind="notice")) == 2
    assert ran(office) == {"one": [1002, 1003, 1004]}
    assert [letter.ticket for letter in office.letters(kind="notice")] == [1000, 1001, 1002, 1003, 1004]


def test_where_another_run_is_at_work_this_one_ends_at_once(office: Any) -> None:
    configured(office, one={"then": {"tag": "one"}})
    office.mail(mail())
    from helpdesk_cli.store import open_engine

    other = open_engine(office.desk.settings.store.url)
    try:
        with other.lock("run-rules") as is_ours:
            assert is_ours
            report = rules.run(office.desk)
            assert report.is_busy and report.rules == []
    finally:
        other.close()
    assert ran(office) == {"one": [1000]}


def test_a_ticket_that_changed_between_looking_and_doing_is_left_alone(office: Any) -> None:
    configured(office, one={"if": {"priority": "normal"}, "then": {"tag": "one"}})
    office.mail(mail())
    rule = office.desk.settings.rule["one"]
    from helpdesk_cli.domain.rules import read

    task = site.SiteRule(office.desk, read("one", rule))
    with office.desk.engine.read() as tx:
        assert task.due(tx, office.now) == [1000]
    edit(office, "bob", priority="high")
    assert office.desk.engine.transact(lambda tx: task.fire(tx, [1000], office.now)) == []
    edit(office, "bob", priority="normal")
    assert office.desk.engine.transact(lambda tx: task.fire(tx, [1000], office.now)) == [1000]
    assert office.desk.engine.transact(lambda tx: task.fire(tx, [1000], office.now)) == []


def test_what_a_rule_did_that_there_is_no_more_is_forgotten(office: Any) -> None:
    configured(office, one={"then": {"tag": "one"}}, two={"then": {"tag": "two"}})
    office.mail(mail())
    ran(office)
    kept = office.desk.settings.rule
    office.configured(rule={"two": kept["two"]})
    ran(office)
    with office.desk.engine.read() as tx:
        assert fired.gone(tx, []) == ["two"]
    office.configured(rule=kept)
    assert ran(office) == {"one": [1000]}


# Built-in rules


@pytest.fixture
def patient(office: Any) -> Any:
    office.configured(operation=PATIENT)
    return office


def test_what_nobody_processed_moves_to_awaiting_by_itself(patient: Any) -> None:
    patient.mail(mail())
    patient.passes(days=2, hours=23)
    assert ran(patient) == {}
    patient.passes(hours=1)
    assert ran(patient) == {"awaiting": [1000]}
    ticket = patient.ticket(1000)
    assert (ticket.stage, ticket.state, ticket.is_idle) == ("awaiting", "waiting", 1)
    assert ticket.unanswered_since is not None
    with patient.desk.engine.read() as tx:
        event = rows.events(tx, 1000)[-1]
    assert (event.actor, event.kind, event.data["why"]) == (
        "rule:awaiting",
        "moved",
        "Nobody did anything for 3 days",
    )


def test_that_move_leads_to_no_reminder_and_no_closing(patient: Any) -> None:
    patient.mail(mail())
    tickets.reply(patient.by("bob"), 1000, tickets.Answer(text="Yes."))
    patient.passes(days=3)
    assert ran(patient) == {"awaiting": [1000]}
    for _ in range(60):
        patient.passes(days=1)
        assert ran(patient) == {}
    assert patient.ticket(1000).state == "waiting"


def test_who_was_quicker_than_a_built_in_rule_is_heard(patient: Any) -> None:
    found = {
        "awaiting": (
            waiting_rules.Awaiting,
            lambda: tickets.note(patient.by("bob"), 1000, tickets.Answer(text="Hm.")),
        ),
        "reminder": (
            waiting_rules.Reminder,
            lambda: patient.mail(mail(2, "Thank you!", "Re: Printer", answers=1)),
        ),
        "inactive": (
            waiting_rules.Inactive,
            lambda: patient.mail(mail(3, "Thank you!", "Re: Printer", answers=1)),
        ),
    }
    patient.mail(mail())
    for name, (kind, quicker) in found.items():
        if name != "awaiting":
            tickets.reply(patient.by("bob"), 1000, tickets.Answer(text="And?", stage="awaiting"))
        if name == "inactive":
            patient.passes(days=5)
            ran(patient)
        patient.passes(days=10)
        task = kind(patient.desk)
        with patient.desk.engine.read() as tx:
            assert task.due(tx, patient.now) == [1000]
        quicker()
        assert patient.desk.engine.transact(lambda tx, task=task: task.fire(tx, [1000], patient.now)) == []


def test_a_word_of_the_client_brings_it_back_and_later_it_waits_again(patient: Any) -> None:
    patient.mail(mail())
    patient.passes(days=3)
    assert ran(patient) == {"awaiting": [1000]}
    patient.mail(mail(2, answers=1))
    assert patient.ticket(1000).state == "open"
    assert ran(patient) == {}
    patient.passes(days=3)
    assert ran(patient) == {"awaiting": [1000]}


def test_awaiting_is_told_as_the_stage_says(patient: Any) -> None:
    told = replace(STAGES["awaiting"], notify=("client", "staff"))
    patient.configured(stage={**STAGES, "awaiting": told})
    patient.mail(mail())
    before = len(patient.letters())
    patient.passes(days=3)
    ran(patient)
    assert [(letter.kind, letter.recipient) for letter in patient.letters()[before:]] == [
        ("notice", "bob@staff.example"),
        ("moved", "ann1@client.example"),
    ]
    assert patient.letters()[before].facts["lines"] == ["Nobody did anything for 3 days."]


def test_where_no_waiting_stage_may_follow_the_log_says_so_once(patient: Any) -> None:
    patient.configured(stage={**STAGES, "new": replace(STAGES["new"], next=("in-progress",))})
    patient.mail(mail())
    patient.passes(days=3)
    assert ran(patient) == {"awaiting": [1000]}
    assert events(patient)[-1] == ("rule:awaiting", "rule-failed")
    assert patient.ticket(1000).stage == "new"
    patient.passes(days=3)
    assert ran(patient) == {}


def waiting(office: Any) -> None:
    """A ticket that truly waits for its client."""
    office.mail(mail())
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text="Which printer?", stage="awaiting"))


def test_a_client_who_does_not_answer_is_reminded_once_and_then_the_ticket_is_closed(patient: Any) -> None:
    waiting(patient)
    before = len(patient.letters())
    patient.passes(days=4, hours=23)
    assert ran(patient) == {}
    patient.passes(hours=1)
    assert ran(patient) == {"reminder": [1000]}
    assert ran(patient) == {}
    patient.passes(days=9, hours=23)
    assert ran(patient) == {}
    patient.passes(hours=1)
    assert ran(patient) == {"inactive": [1000]}
    assert patient.ticket(1000).stage == "done"
    letters = patient.letters()[before:]
    assert [(letter.kind, letter.recipient) for letter in letters if letter.purpose == "c"] == [
        ("reminder", "ann1@client.example"),
        ("inactive", "ann1@client.example"),
    ]
    assert letters[0].facts["closes_in"] == "10 days"
    assert letters[-1].facts["reopen_days"] == 14
    assert events(patient)[-2:] == [("rule:reminder", "reminded"), ("rule:inactive", "moved")]
    notify(patient.desk)
    assert {letter.state for letter in patient.letters()} == {"sent"}


def test_an_answer_ends_the_waiting(patient: Any) -> None:
    waiting(patient)
    patient.passes(days=5)
    ran(patient)
    patient.mail(mail(2, answers=1))
    assert patient.ticket(1000).state == "open"
    patient.passes(days=2)
    assert ran(patient) == {}
    tickets.reply(patient.by("bob"), 1000, tickets.Answer(text="And?", stage="awaiting"))
    patient.passes(days=5)
    assert ran(patient) == {"reminder": [1000]}


def test_a_client_whose_word_nobody_answered_is_not_reminded(patient: Any) -> None:
    patient.configured(operation=replace(PATIENT, awaiting_after=Span(0)))
    patient.mail(mail())
    tickets.move(patient.by("bob"), [1000], "awaiting")
    patient.passes(days=60)
    assert ran(patient) == {}


def test_without_a_reminder_it_is_closed_after_its_own_time(patient: Any) -> None:
    patient.configured(operation=Operation(inactive_after=Span(10 * DAY)))
    waiting(patient)
    patient.passes(days=9)
    assert ran(patient) == {}
    patient.passes(days=1)
    assert ran(patient) == {"inactive": [1000]}


def test_with_a_reminder_alone_nothing_is_closed(patient: Any) -> None:
    patient.configured(operation=Operation(reminder_after=Span(5 * DAY)))
    waiting(patient)
    patient.passes(days=5)
    assert ran(patient) == {"reminder": [1000]}
    assert patient.letters(kind="reminder")[0].facts["closes_in"] == ""
    patient.passes(days=100)
    assert ran(patient) == {}


def test_what_lacks_something_is_not_closed_and_its_assignee_hears_why(patient: Any) -> None:
    known = patient.desk.settings.department
    waiting(patient)
    patient.configured(
        department={**known, "support": replace(known["support"], required=("category",))},
        category={"billing": Category(name="Billing")},
    )
    patient.passes(days=5)
    ran(patient)
    patient.passes(days=10)
    assert ran(patient) == {"inactive": [1000]}
    assert patient.ticket(1000).state == "waiting"
    assert events(patient)[-1] == ("rule:inactive", "rule-failed")
    assert "lacks a category" in patient.letters(kind="notice")[-1].facts["lines"][0]
    assert patient.letters(kind="inactive") == []
    patient.passes(days=10)
    assert ran(patient) == {}


def test_an_answer_opens_again_what_was_closed_as_inactive(patient: Any) -> None:
    waiting(patient)
    patient.passes(days=5)
    ran(patient)
    patient.passes(days=10)
    ran(patient)
    patient.mail(mail(2, answers=1))
    assert patient.ticket(1000).state == "open"


# Service levels


@pytest.fixture
def gold(office: Any) -> Any:
    """A desk that promises a first answer within four hours; carla is support's manager."""
    known = office.desk.settings.department
    office.configured(
        sla={"gold": Sla(name="Gold", first_response={"else": Span(4 * 3600)})},
        department={**known, "support": replace(known["support"], manager="carla")},
    )
    return office


def test_a_warning_and_a_breach_are_told_once_each_as_the_level_says(gold: Any) -> None:
    gold.mail(mail())
    before = len(gold.letters())
    gold.passes(hours=2)
    assert ran(gold) == {}
    gold.passes(hours=1)
    assert ran(gold) == {"sla-warning": [1000]}
    assert ran(gold) == {}
    gold.passes(hours=1)
    assert ran(gold) == {"sla-breach": [1000]}
    assert ran(gold) == {}
    told = [(letter.kind, letter.recipient) for letter in gold.letters()[before:]]
    assert told == [
        ("notice", "bob@staff.example"),  # nobody has it, so the department hears
        ("notice", "bob@staff.example"),
        ("notice", "carla@staff.example"),
    ]
    assert events(gold)[1:] == [("rule:sla-warning", "warned"), ("rule:sla-breach", "breached")]


def test_what_is_kept_is_no_breach(gold: Any) -> None:
    gold.mail(mail())
    tickets.reply(gold.by("bob"), 1000, tickets.Answer(text="Yes."))
    gold.passes(days=3)
    assert ran(gold) == {}


def test_a_breach_may_be_answered_by_a_rule(gold: Any) -> None:
    configured(gold, late={"when": "breached", "then": {"priority": "urgent"}})
    gold.mail(mail())
    gold.passes(hours=5)
    assert ran(gold) == {"sla-breach": [1000]}
    assert gold.ticket(1000).priority == "urgent"


def test_warnings_too_are_so_many_a_run(gold: Any) -> None:
    gold.configured(operation=Operation(tickets_per_rule=2))
    for number in range(1, 6):
        gold.mail(mail(number))
    gold.passes(hours=5)
    told = []
    for _ in range(4):
        (breach,) = [one for one in rules.run(gold.desk).rules if one.name == "sla-breach"]
        told.append((breach.tickets, breach.left))
    assert told == [([1000, 1001], 3), ([1002, 1003], 1), ([1004], 0), ([], 0)]


def test_a_changed_configuration_renews_the_clocks_first(gold: Any) -> None:
    gold.mail(mail())
    assert rules.run(gold.desk).renewed == 0
    gold.configured(sla={"gold": Sla(name="Gold", first_response={"else": Span(3600)})})
    assert rules.run(gold.desk).renewed == 1
    assert rules.run(gold.desk).renewed == 0


def test_all_rules_are_listed_in_their_order(gold: Any) -> None:
    configured(
        gold, one={"then": {"tag": "a"}}, two={"when": "opened", "then": {"tag": "b"}, "enabled": False}
    )
    found = rules.listing(gold.desk)
    assert [(row.name, row.builtin, row.enabled) for row in found] == [
        ("one", False, True),
        ("two", False, False),
        ("wake", True, True),
        ("awaiting", True, False),
        ("reminder", True, False),
        ("inactive", True, False),
        ("sla-warning", True, True),
        ("sla-breach", True, True),
        ("survey", True, False),
    ]


def test_lists_say_how_often_each_rule_did_its_work_and_when_last(patient: Any) -> None:
    configured(
        patient,
        one={"then": {"tag": "a"}, "again": Span(DAY)},
        two={"when": "opened", "then": {"priority": "high"}},
        off={"when": "opened", "if": {"subject": "x"}, "then": {"tag": "b"}},
        bad={"when": "opened", "then": {"assignee": "nobody-here"}},
    )
    patient.mail(mail(1))
    patient.mail(mail(2))
    opened_at = patient.now
    assert counted(patient)["one"] == (0, None)
    ran(patient)
    patient.passes(days=1)
    ran(patient)
    tickets.close(patient.by("bob"), [1001])
    patient.passes(days=2)
    later_at = patient.now
    assert ran(patient) == {"one": [1000], "awaiting": [1000]}
    assert counted(patient) == {
        "one": (5, later_at),
        "two": (2, opened_at),
        "off": (0, None),
        "bad": (0, None),
        "awaiting": (1, later_at),
        "reminder": (0, None),
        "inactive": (0, None),
        "survey": (0, None),
    }


def counted(office: Any) -> dict[str, tuple[int, str | None]]:
    return {row.name: (row.fired, row.fired_at) for row in rules.listing(office.desk)}
