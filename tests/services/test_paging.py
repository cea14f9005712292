"""Who is called, until when, and how much of a storm reaches a pager; on every engine."""

from typing import Any

import pytest
from calls import answer, entered, mail, paged, runs, words
from msgspec.structs import replace

from helpdesk_cli.errors import Failed
from helpdesk_cli.services import (
    acknowledging,
    assigning,
    members,
    outgoing,
    paging,
    ringing,
    tickets,
    views,
)
from helpdesk_cli.services.tickets import Answer
from helpdesk_cli.services.why import why
from helpdesk_cli.settings import Alerts, Calendar, Oncall, Rule


def test_the_next_one_is_called_until_somebody_acknowledges_it(night: Any) -> None:
    number = entered(night)
    runs(night)
    assert paged(night) == ["bob"]
    night.passes(minutes=14)
    runs(night)
    assert paged(night) == ["bob"]
    night.passes(minutes=1)
    runs(night)
    runs(night)
    assert paged(night) == ["bob", "carla"]
    acknowledging.ack(night.by("carla"), [number])
    for _ in range(50):
        night.passes(minutes=30)
        runs(night)
    assert paged(night) == ["bob", "carla"]
    assert night.events(number).count("paged") == 2
    assert night.events(number)[-1] == "acknowledged"


def test_after_three_rounds_somebody_is_called_each_four_hours(night: Any) -> None:
    entered(night)
    for _ in range(4 * 12):
        runs(night)
        night.passes(minutes=15)
    assert paged(night) == ["bob", "carla"] * 3 + ["bob", "carla"]


@pytest.mark.parametrize("every", [0, 4 * 3600])
def test_what_happens_after_the_rounds_begins_them_anew(night: Any, every: int) -> None:
    table = Oncall(people=("bob", "carla"), events=("opened", "replied"), repeat=1, every=every)
    night.configured(oncall={"night": table})
    night.mail(mail(1))
    night.passes(minutes=5)
    night.mail(mail(2).replace("Subject: ", "Subject: [HD-1000] "))  # within them
    for _ in range(3):
        runs(night)
        night.passes(minutes=15)
    assert paged(night) == ["bob", "carla"]
    night.mail(mail(3).replace("Subject: ", "Subject: [HD-1000] "))
    for _ in range(3):
        runs(night)
        night.passes(minutes=15)
    assert paged(night) == ["bob", "carla"] * 2
    assert "the client wrote again" in words(night, night.letters(kind="pager")[2])


@pytest.mark.parametrize("deed", ["take", "answer", "close", "mail"])
def test_who_works_on_it_acknowledges_it(night: Any, deed: str) -> None:
    number = entered(night)
    runs(night)
    carla = night.by("carla")
    if deed == "take":
        assigning.assign(carla, [number], "carla")
    elif deed == "answer":
        tickets.reply(carla, number, Answer(text="We are at it."))
    elif deed == "close":
        tickets.move(carla, [number], "done")
    else:
        assert answer(night, night.letters(kind="pager")[0]).reason == "page-answer"
    night.passes(hours=1)
    runs(night)
    assert paged(night) == ["bob"]
    (call,) = views.whole(night.desk, number).calls
    assert call.acknowledged_by == ("bob" if deed == "mail" else "carla")


def test_an_answered_page_is_in_the_log_and_no_word_to_the_client(night: Any) -> None:
    number = entered(night)
    runs(night)
    before = len(night.messages(number)), len(night.letters())
    entry = answer(night, night.letters(kind="pager")[0])
    assert (entry.outcome, entry.reason, entry.ticket) == ("command", "page-answer", number)
    assert (len(night.messages(number)), len(night.letters())) == before
    event = views.whole(night.desk, number).events[-1]
    assert (event.kind, event.actor, event.data["said"]) == ("acknowledged", "bob", "I go")


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": "eve@evil.example"},
        {"code": "aaaaaaaaaaaaaaaa", "sender": "bob@pager.example"},
        {"more": "Auto-Submitted: auto-replied\r\n"},
    ],
    ids=["a stranger", "a guess", "a machine"],
)
def test_nobody_else_acknowledges_a_page(night: Any, fields: dict[str, str]) -> None:
    number = entered(night)
    runs(night)
    assert answer(night, night.letters(kind="pager")[0], **fields).reason != "page-answer"
    assert "acknowledged" not in night.events(number)
    night.passes(minutes=15)
    runs(night)
    assert "carla" in paged(night)


def test_the_id_of_a_page_is_enough_for_an_answer(night: Any) -> None:
    number = entered(night)
    runs(night)
    (page,) = night.letters(kind="pager")
    entry = night.mail(
        "From: bob@pager.example\r\nTo: support@desk.example\r\nSubject: ok\r\nMessage-ID: <a@p.example>\r\n"
        f"In-Reply-To: {page.message_id}\r\n\r\nok\r\n"
    )
    assert (entry.reason, entry.ticket) == ("page-answer", number)


def test_who_is_away_is_passed_over_or_their_deputy_is_called(night: Any) -> None:
    members.edit_staff(night.desk, "bob", away=members.Away("2026-11-01", "2026-12-01"))
    entered(night)
    assert paged(night) == ["carla"]
    members.new_staff(night.desk, "dora", name="Dora", email="dora@staff.example", role="admin")
    members.edit_staff(night.desk, "bob", deputy="dora")
    night.passes(minutes=5)
    entered(night, "More")
    assert paged(night) == ["carla", "dora"]


@pytest.mark.parametrize(
    ("table", "is_called"),
    [
        ({"from_priority": "normal"}, True),
        ({"from_priority": "high"}, False),
        ({"departments": ("sales",)}, False),
        ({"departments": ("support", "sales")}, True),
        ({"events": ("breached",)}, False),
        ({"calendar": "office"}, False),  # it is a Sunday
        ({"calendar": "weekend"}, True),
    ],
)
def test_a_table_says_for_what_it_is(night: Any, table: dict[str, Any], is_called: bool) -> None:
    night.configured(
        oncall={"night": replace(night.desk.settings.oncall["night"], **table)},
        calendar={"office": Calendar(), "weekend": Calendar(hours=("sat-sun 00:00-24:00",))},
    )
    entered(night)
    assert paged(night) == (["bob"] if is_called else [])


def test_all_at_once(night: Any) -> None:
    night.configured(oncall={"night": Oncall(people=("bob", "carla"), order="all", repeat=2, every=0)})  # type: ignore[arg-type]
    entered(night)
    assert paged(night) == ["bob", "carla"]
    for _ in range(20):
        runs(night)
        night.passes(minutes=15)
    assert paged(night) == ["bob", "carla"] * 2


def test_robots_imports_and_floods_call_nobody(night: Any) -> None:
    night.mail(mail(1, Precedence="bulk"))
    night.mail(mail(2, Auto_Submitted="auto-generated"))
    assert paged(night) == []


@pytest.mark.parametrize("then", [{"page": True}, {"notify": ["pager", "bob"]}])
def test_a_rule_pages_for_a_robot_only_where_it_asks_for_one(night: Any, then: dict[str, Any]) -> None:
    condition = {"subject": {"contains": "down"}}
    for asked, is_called in ((condition, False), ({**condition, "mail.is_automatic": True}, True)):
        rule = Rule(when="opened", if_=asked, then=then)
        night.configured(rule={"down": rule}, oncall={"night": Oncall(people=("bob",), events=("breached",))})
        night.mail(mail(1 + is_called, Auto_Submitted="auto-generated"))
        assert bool(paged(night)) is is_called


def test_a_client_who_writes_again_calls_where_the_table_says_so(night: Any) -> None:
    night.configured(oncall={"night": Oncall(people=("bob",), events=("replied",))})
    night.mail(mail(1))
    night.mail(mail(2).replace("Down 2", "[HD-1000] Down 2"))
    assert [letter.facts["text"] for letter in night.letters(kind="pager")] == ["the client wrote again"]


def test_a_storm_pages_three_times_and_sums_up(night: Any) -> None:
    night.configured(alerts=Alerts(enabled=True, address="pager@p.example"), oncall={})
    start = night.now
    for number in range(1000):
        if number % 100 == 0:
            outgoing.notify(night.desk)
            night.passes(minutes=0.1)
        night.mail(mail(number, sender=f"c{number}@client.example"))
    for _ in range(4):
        night.passes(minutes=1)
        outgoing.notify(night.desk)
    pages = night.letters(kind="pager")
    assert [letter.state for letter in pages] == ["sent"] * 4
    *three, summary = pages
    named = [number for letter in three for number in ringing.tickets_of(letter)]
    assert len(named) == len(set(named)) == 30
    assert summary.facts["text"] == "970 more held back"
    assert {*named, *ringing.tickets_of(summary)} == set(range(1000, 2000))
    moments = [letter.sent_at for letter in pages]
    assert moments == sorted(set(moments))
    assert start <= moments[0]


def test_pages_that_waited_for_a_server_do_not_go_all_at_once(night: Any) -> None:
    night.configured(alerts=Alerts(enabled=True, address="pager@p.example"), oncall={})
    for number in range(9):
        for each in range(10):
            entered(night, f"{number} {each}")
        night.passes(minutes=6)
    before = len(night.letters(kind="pager"))
    assert before == 9
    for _ in range(5):
        outgoing.notify(night.desk)
        night.passes(minutes=1)
    went = [letter for letter in night.letters(kind="pager") if letter.state == "sent"]
    assert len([letter for letter in went if letter.ticket is not None]) == 3
    (summary,) = [letter for letter in went if letter.ticket is None]
    assert summary.facts["held"] == 60


def test_what_was_acknowledged_before_it_went_does_not_go(night: Any) -> None:
    number = entered(night)
    acknowledging.ack(night.by("bob"), [number])
    outgoing.notify(night.desk)
    assert [letter.state for letter in night.letters(kind="pager")] == ["dropped"]


def test_what_nobody_was_paged_about_is_not_acknowledged(night: Any) -> None:
    night.configured(oncall={})
    number = entered(night)
    with pytest.raises(Failed, match=f"nobody was paged about ticket {number}"):
        acknowledging.ack(night.desk, [number])


def test_who_comes_second_hears_who_was_first(night: Any) -> None:
    number = entered(night)
    assert acknowledging.ack(night.by("bob"), [number]) == []
    assert acknowledging.ack(night.by("carla"), [number]) == [
        f"ticket {number} was acknowledged by bob already"
    ]
    assert night.events(number).count("acknowledged") == 1


def test_doctor_hears_of_a_table_that_reaches_nobody(night: Any) -> None:
    night.configured(oncall={"night": Oncall(people=("bob", "zoe"))})
    assert [text for _, text in paging.unheard(night.desk)] == [
        "zoe: no active staff member has that login, so they are passed over"
    ]
    members.edit_staff(night.desk, "bob", away=members.Away())
    members.edit_staff(night.desk, "bob", away=members.Away("2026-11-01", None))
    assert [text for _, text in paging.unheard(night.desk)][-1].startswith("nobody is on call")


def test_who_was_called_by_a_page_of_several_tickets_is_told_of_each(night: Any) -> None:
    first, second = entered(night), entered(night)
    runs(night)
    [page] = night.letters(kind="pager")
    for number in (first, second):
        for person in (None, "bob"):
            found = why(night.desk, number, person).news
            calls = [(each.told, each.not_told) for each in found if each.event == "paged"]
            assert [[(one.to, one.letter) for one in told] for told, _ in calls] == [
                [(page.recipient, page.id)]
            ]
            assert calls[0][1] == []
