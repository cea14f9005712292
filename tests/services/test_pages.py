"""What a page names when it goes, and what comes of it while the mail server is away."""

from typing import Any

import pytest
from calls import answer, entered, mail, paged, runs, words

from helpdesk_cli.mail.tokens import page_code
from helpdesk_cli.services import acknowledging, editing, merging, outgoing, ringing, views
from helpdesk_cli.services.explaining import explained
from helpdesk_cli.services.why import why
from helpdesk_cli.settings import Alerts, Limits, Oncall, Rate, Transport


def test_a_page_says_what_happened_to_each_of_its_tickets(night: Any) -> None:
    night.configured(oncall={"night": Oncall(people=("bob",), events=("replied",))})
    for number in (1, 2):
        night.mail(mail(number))
    for number in (1000, 1001):
        night.mail(mail(number).replace("Subject: ", f"Subject: [HD-{number}] "))
    (page,) = night.letters(kind="pager")
    assert "HD-1000 Normal, also 1001 (the client wrote again), the client wrote again, ann:" in words(
        night, page
    )


@pytest.mark.parametrize(
    ("acked", "says"), [(1000, "HD-1001 Normal, also 1002,"), (1001, "HD-1000 Normal, also 1002,")]
)
def test_a_page_does_not_name_what_was_acknowledged_before_it_went(night: Any, acked: int, says: str) -> None:
    for _ in range(3):
        entered(night)
    (page,) = night.letters(kind="pager")
    night.passes(minutes=1)
    acknowledging.ack(night.by("carla"), [acked])
    outgoing.notify(night.desk)
    (page,) = night.letters(kind="pager")
    assert page.state == "sent"
    assert says in words(night, page)
    assert str(acked) not in words(night, page)
    (call,) = [each for each in why(night.desk, acked, "bob@pager.example").news if each.event == "paged"]
    assert (call.told, [(one.whom, one.why) for one in call.not_told]) == (
        [],
        [("bob@pager.example", "acknowledged")],
    )


def test_who_is_called_by_a_summary_is_told_so(night: Any) -> None:
    for _ in range(4):
        entered(night)
        night.passes(minutes=0.6)
        outgoing.notify(night.desk)
    *_, summary = night.letters(kind="pager")
    assert summary.ticket is None
    (call,) = [each for each in why(night.desk, 1003).news if each.event == "paged"]
    assert [(one.to, one.letter) for one in call.told] == [("bob@pager.example", summary.id)]


def test_whom_a_page_called_is_warned_of_who_answers_it_in_their_place(night: Any) -> None:
    entered(night)
    runs(night)
    entry = answer(night, night.letters(kind="pager")[0], sender="eve@evil.example")
    assert entry.reason == "spoofed-page"
    (warning,) = night.letters(kind="spoof-warning")
    text = words(night, warning)
    assert warning.recipient == "bob@staff.example"
    assert "answers the page about HD-1000 that went to\nbob@pager.example" in text.replace("\r", "")
    assert "helpdesk ticket ack 1000" in text


def test_explain_shows_whom_a_mail_would_call_and_which_page_it_answers(night: Any) -> None:
    found = explained(night.desk, mail(1).encode())
    assert [one.address for one in found.hears if one.kind == "pager"] == ["bob@pager.example"]
    assert night.letters() == []
    entered(night)
    (page,) = night.letters(kind="pager")
    code = page_code(night.desk.key, page.id)
    found = explained(
        night.desk,
        f"From: eve@evil.example\r\nTo: support@desk.example\r\nSubject: {code}\r\n\r\nok".encode(),
    )
    assert [(one.kind, one.address) for one in found.hears] == [("spoof-warning", "bob@staff.example")]
    assert found.case.facts.page is not None
    assert found.case.facts.page.letter == page.id


# A mail server that is away


@pytest.fixture
def dead(night: Any) -> Any:
    """The same office while its mail server is away; ``alive`` is the way out that works."""
    night.alive = night.desk.settings.transport
    night.configured(transport={"default": Transport(kind="smtp", host="127.0.0.1", port=1)})
    return night


def test_a_page_that_cannot_leave_is_no_call(dead: Any) -> None:
    entered(dead)
    for _ in range(10):
        runs(dead)
        dead.passes(minutes=5)
    assert paged(dead) == ["bob"]
    dead.configured(transport=dead.alive)
    while [page.state for page in dead.letters(kind="pager")] != ["sent"]:
        dead.passes(minutes=1)  # cron hurries it
        outgoing.notify(dead.desk)
    dead.passes(minutes=14)
    runs(dead)
    assert paged(dead) == ["bob"]
    dead.passes(minutes=2)
    runs(dead)
    assert paged(dead) == ["bob", "carla"]


def test_a_page_that_is_an_hour_old_goes_no_more_and_the_next_one_is_called(dead: Any) -> None:
    number = entered(dead)
    outgoing.notify(dead.desk)
    dead.passes(minutes=85)
    dead.configured(transport=dead.alive)
    report = outgoing.notify(dead.desk)
    assert report.failed == 1
    assert "was given up" in report.lost[0]
    (old,) = dead.letters(kind="pager")
    assert (old.state, old.error.partition(":")[0]) == ("failed", "given up")
    runs(dead)
    assert [page.recipient for page in dead.letters(kind="pager", state="sent")] == ["carla@pager.example"]
    assert [call.calls for call in views.whole(dead.desk, number).calls] == [2]


def test_a_sum_of_pages_goes_though_it_waited_for_more_than_an_hour(night: Any) -> None:
    night.configured(
        oncall={},
        alerts=Alerts(enabled=True, address="desk@pager.example"),
        limits=Limits(pages_per_person=(Rate(1, 7200),)),
    )
    for _ in range(3):
        entered(night)
        outgoing.notify(night.desk)
        night.passes(minutes=1)
    night.passes(minutes=90)
    outgoing.notify(night.desk)
    assert [page.state for page in night.letters(kind="pager")] == ["sent", "sent"]


def test_what_a_long_window_counts_is_kept_as_long(night: Any) -> None:
    night.configured(oncall={}, limits=Limits(acknowledgements_per_address=(Rate(1, 7 * 86400),)))
    for number in range(3):
        night.mail(mail(number))
        outgoing.notify(night.desk)
        night.passes(days=3)
    assert len(night.letters(kind="acknowledgement")) == 1


def test_what_happens_later_joins_no_page_that_will_soon_be_given_up(dead: Any) -> None:
    dead.configured(alerts=Alerts(enabled=True, address="desk@pager.example"), oncall={})
    entered(dead)
    dead.passes(minutes=10)
    entered(dead)
    dead.passes(minutes=40)
    late = entered(dead)
    dead.passes(minutes=15)
    dead.configured(transport=dead.alive)
    outgoing.notify(dead.desk)
    (page,) = dead.letters(kind="pager", state="sent")
    assert ringing.tickets_of(page) == (late,)


def test_nobodys_pager_is_called_to_a_private_ticket(night: Any) -> None:
    night.configured(
        oncall={"night": Oncall(people=("x@pager.example", "bob"))},
        alerts=Alerts(enabled=True, address="desk@pager.example"),
    )
    number = entered(night)
    runs(night)
    editing.edit(night.desk, [number], editing.Edit(private=True))
    for _ in range(4):
        night.passes(minutes=16)
        runs(night)
    assert paged(night) == ["desk", "x", "bob", "bob", "bob"][: len(paged(night))]
    assert paged(night).count("x") == 1
    assert paged(night).count("bob") >= 2


def test_who_acknowledges_a_merged_ticket_means_where_it_goes_on(night: Any) -> None:
    first, second = entered(night), entered(night)
    merging.merge(night.by("bob"), [second], first)
    assert acknowledging.ack(night.by("carla"), [second]) == []
    (call,) = views.whole(night.desk, first).calls
    assert call.acknowledged_by == "carla"
