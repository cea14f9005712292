"""What is told of a clock, and how its moments are explained."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.sla import FIRST, NEXT, RESOLUTION
from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.errors import NotAllowed, NotFound
from helpdesk_cli.services import members, promises, tickets
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.clocks import Due, due_breaches, due_warnings, renew, told
from helpdesk_cli.services.outgoing import notify
from helpdesk_cli.services.promises import Explained, Notified, Promise, explained, news
from helpdesk_cli.settings import Alerts, Calendar, Department, Sla, Span

LEVEL = Sla(
    name="Gold",
    calendar="office",
    departments=("support",),
    first_response={"else": Span(4 * 3600)},
    next_response={"else": Span(8 * 3600)},
    resolution={"else": Span(40 * 3600)},
    warning=("assignee", "pager"),
    breach=("manager", "carla"),
)


def monday(time: str, *, day: int = 21) -> str:
    """A moment of the Monday before Christmas, or of another day of that December."""
    return f"2026-12-{day:02}T{time}:00Z"


@pytest.fixture
def promised(office: Any) -> Any:
    """A desk with a ticket that was promised Gold on Monday morning; bob manages its department."""
    support: Department = office.desk.settings.department["support"]
    office.configured(
        sla={"gold": LEVEL},
        calendar={"office": Calendar(timezone="Europe/Berlin", holidays=("DE",), closed=("12-24",))},
        department={
            **office.desk.settings.department,
            "support": replace(support, manager="bob", pager="support@pager.example"),
        },
        alerts=Alerts(enabled=False),
    )
    office.now = monday("08:00")
    wish = tickets.NewTicket(client="ann@client.example", subject="S", text="T", department="support")
    tickets.new(office.by("bob"), wish)
    return office


def look(office: Any) -> Explained:
    return explained(office.by("bob"), 1000)


def clock(office: Any, target: str) -> Promise:
    return next(one for one in look(office).promises if one.target == target)


def tell(office: Any) -> list[Due]:
    """Tell what is due, as run-rules does."""
    done: list[Due] = []
    with office.desk.engine.write() as tx:
        for due in (*due_warnings(tx, office.now), *due_breaches(tx, office.now)):
            found = news(office.desk, due, office.now, "rule:levels")
            ticket = tickets.load(tx, office.desk, due.ticket)
            record(tx, office.desk, Change(ticket=ticket, events=(found.event,), tell=found.tell))
            told(tx, [due], office.now)
            done.append(due)
    return done


def test_the_level_and_why_it_holds_are_told(promised: Any) -> None:
    found = look(promised)
    assert found.level == LEVEL
    assert found.choice is not None
    assert (found.choice.by, found.choice.value) == ("departments", "support")
    assert [one.target for one in found.promises] == [FIRST, NEXT, RESOLUTION]
    assert not found.is_outdated


def test_a_running_clock_tells_what_it_used_and_the_days_to_its_end(promised: Any) -> None:
    promised.now = monday("10:00")
    found = clock(promised, RESOLUTION)
    assert (found.calendar, found.zone, found.state, found.since, found.why) == (
        "office",
        "Europe/Berlin",
        "runs",
        monday("08:00"),
        "opened",
    )
    assert (found.budget, found.used, found.used_before) == (40 * 3600, 2 * 3600, 0)
    assert [(day.day[5:], day.seconds // 3600, day.why, day.name) for day in found.days] == [
        ("12-21", 8, "", ""),
        ("12-22", 8, "", ""),
        ("12-23", 8, "", ""),
        ("12-24", 0, "closed", ""),
        ("12-25", 0, "holiday", "Christmas Day"),
        ("12-28", 8, "", ""),
        ("12-29", 8, "", ""),
    ]
    assert found.due_at == monday("16:00", day=29)
    assert found.notified == (
        Notified(kind="warning", at=monday("14:00", day=28), to=("assignee", "pager")),
        Notified(kind="breach", at=monday("16:00", day=29), to=("manager", "carla")),
    )


def test_a_time_that_has_not_begun_is_told_as_well(promised: Any) -> None:
    found = clock(promised, NEXT)
    assert (found.state, found.budget, found.since, found.due_at) == ("ahead", 8 * 3600, None, None)


def test_a_pause_tells_since_when_and_what_it_had_used(promised: Any) -> None:
    promised.now = monday("10:00")
    tickets.move(promised.by("bob"), [1000], "awaiting")
    promised.now = monday("12:00")
    found = clock(promised, FIRST)
    assert (found.state, found.since, found.why, found.used) == ("stands", monday("10:00"), "waiting", 7200)
    assert (found.days, found.notified, found.due_at) == ((), (), None)
    tickets.move(promised.by("bob"), [1000], "new")
    promised.now = monday("13:00")
    found = clock(promised, FIRST)
    assert (found.state, found.since, found.why) == ("runs", monday("12:00"), "moved")
    assert (found.used, found.used_before) == (3 * 3600, 2 * 3600)


def test_answers_and_ends_are_told(promised: Any) -> None:
    promised.now = monday("09:00")
    tickets.reply(promised.by("bob"), 1000, tickets.Answer(text="Soon."))
    assert (clock(promised, FIRST).state, clock(promised, FIRST).why) == ("met", "answered")
    promised.now = monday("10:00")
    tickets.close(promised.by("bob"), [1000])
    assert (clock(promised, RESOLUTION).state, clock(promised, RESOLUTION).why) == ("met", "closed")
    assert clock(promised, RESOLUTION).since == monday("10:00")
    promised.now = monday("11:00")
    tickets.reopen(promised.by("bob"), [1000])
    assert (clock(promised, RESOLUTION).state, clock(promised, RESOLUTION).why) == ("runs", "reopened")


def test_a_word_that_waited_when_the_ticket_was_closed_was_not_answered(promised: Any) -> None:
    tickets.reply(promised.by("bob"), 1000, tickets.Answer(text="Soon."))
    promised.now = monday("09:00")
    promised.mail(
        "From: ann@client.example\r\nTo: support@desk.example\r\nSubject: [HD-1000] S\r\n\r\nWhen?\r\n"
    )
    assert (clock(promised, NEXT).state, clock(promised, NEXT).why) == ("runs", "client")
    promised.now = monday("10:00")
    tickets.close(promised.by("bob"), [1000])
    assert (clock(promised, NEXT).state, clock(promised, NEXT).why) == ("met", "closed")


def test_what_was_told_of_an_earlier_promise_is_not_mixed_with_what_was_told_now(promised: Any) -> None:
    promised.now = monday("11:00")
    tell(promised)
    promised.now = monday("11:10")
    longer = {"else": Span(6 * 3600)}
    promised.configured(sla={"gold": replace(LEVEL, first_response=longer, warning=("carla",))})
    renew(promised.desk)
    promised.now = monday("13:00")
    assert [due.kind for due in tell(promised)] == ["warning"]
    assert clock(promised, FIRST).notified[0].to == ("carla@staff.example",)


def test_who_was_told_is_told_by_the_letters(promised: Any) -> None:
    notify(promised.desk)  # a page that waited would be this one too
    with promised.desk.engine.write() as tx:
        ticket = tickets.load(tx, promised.desk, 1000)
        record(tx, promised.desk, edited(Change(ticket=ticket), promised.now, "bob", assignee="carla"))
    promised.now = monday("11:00")
    assert [due.kind for due in tell(promised)] == ["warning"]
    found = clock(promised, FIRST).notified[0]
    assert (found.kind, found.told_at, found.at) == ("warning", monday("11:00"), None)
    assert sorted(found.to) == ["carla@staff.example", "support@pager.example"]
    promised.now = monday("12:01")
    assert [due.kind for due in tell(promised)] == ["breach"]
    breach = clock(promised, FIRST).notified[1]
    assert (breach.told_at, sorted(breach.to), breach.is_quiet) == (
        monday("12:01"),
        ["bob@staff.example", "carla@staff.example"],
        False,
    )
    assert promised.events(1000)[-2:] == ["warned", "breached"]
    (letter, page) = promised.letters(created_at=monday("11:00"))
    assert letter.facts["lines"] == [
        "The first response is due 2026-12-21 12:00, 75 % of the time are used.",
        "How that was counted: helpdesk ticket explain 1000",
    ]
    assert page.facts["text"] == "the first response is due 2026-12-21 12:00, 75 % of the time are used"
    assert promised.letters(created_at=monday("12:01"))[0].facts["lines"][0] == (
        "The time for the first response was over 2026-12-21 12:00."
    )


def test_what_nobody_was_told_of_says_so(promised: Any) -> None:
    with promised.desk.engine.write() as tx:
        tx.run("delete from clock")
    promised.now = monday("15:00")
    promised.configured(sla={"gold": replace(LEVEL, name="Other"), "none": replace(LEVEL, categories=("x",))})
    renew(promised.desk)
    warning, breach = clock(promised, FIRST).notified
    assert (warning.is_quiet, breach.is_quiet, breach.told_at, breach.to) == (
        True,
        True,
        monday("15:00"),
        (),
    )


def test_a_changed_configuration_is_told_until_all_is_in_line(promised: Any) -> None:
    renew(promised.desk)
    assert not look(promised).is_outdated
    promised.configured(sla={"gold": replace(LEVEL, warn_at=50)})
    assert look(promised).is_outdated
    renew(promised.desk)
    assert not look(promised).is_outdated
    promised.configured(sla={"silver": LEVEL})
    assert look(promised).is_outdated


def test_a_closed_ticket_keeps_its_level(promised: Any) -> None:
    tickets.close(promised.by("bob"), [1000])
    promised.configured(sla={"silver": LEVEL})
    found = look(promised)
    assert found.choice is not None
    assert (found.choice.slug, found.choice.by, found.level, found.is_outdated) == (
        "gold",
        "before",
        None,
        False,
    )


def test_to_explain_writes_nothing(promised: Any) -> None:
    with promised.desk.engine.write() as tx:
        tx.run("delete from holiday")
    assert clock(promised, RESOLUTION).due_at == monday("16:00", day=29)
    with promised.desk.engine.read() as tx:
        assert tx.rows("select * from holiday") == []


def test_who_may_not_see_a_ticket_may_not_ask_about_it(promised: Any) -> None:
    members.edit_staff(promised.desk, "carla", role="staff")
    with pytest.raises(NotAllowed):
        explained(promised.by("carla"), 1000)
    with pytest.raises(NotFound):
        explained(promised.by("bob"), 1001)


def test_every_time_has_a_name() -> None:
    assert set(promises.NAMES) == {FIRST, NEXT, RESOLUTION}
