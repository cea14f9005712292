"""Who hears of what: words, moves, assignments and orders; each once, never who did it."""

from typing import Any

import pytest
from factories import NOW, a_message, a_staff, a_ticket, some_settings
from msgspec.structs import replace

from helpdesk_cli.domain.notices import Audience, Notice, notices
from helpdesk_cli.domain.people import Participant
from helpdesk_cli.domain.ticket import Author, Change, Event, Telling, edited, moved, opened, said
from helpdesk_cli.settings import STAGES, Alerts, Department, Stage

BOB = a_staff(id=1)
CARLA = a_staff(id=2, login="carla", name="Carla", email="carla@staff.example")
DAVE = a_staff(id=3, login="dave", name="Dave", email="dave@staff.example", level=2)
WENDY = a_staff(id=4, login="wendy", name="Wendy", email="wendy@staff.example", departments=())
ANN = Participant(id=5, ticket=1000, address="ann@client.example", name="Ann", client_id=1)
BEN = Participant(id=6, ticket=1000, address="ben@client.example", name="Ben")

LOUD = {slug: replace(stage, notify=("client", "staff")) for slug, stage in STAGES.items()}
QUIET = {slug: replace(stage, notify=()) for slug, stage in STAGES.items()}

CLIENTS = {"moved ann", "moved ben"}
DEPARTMENT = {"notice bob", "notice carla", "notice dave"}


def audience(**fields: Any) -> Audience:
    """Bob, Carla and Dave answer, Ann and Ben ask; who is given, and who did it, is found by login."""
    named = {one.login: one for one in (BOB, CARLA, DAVE, WENDY)}
    return Audience(**{"staff": (BOB, CARLA, DAVE), "participants": (ANN, BEN), "named": named, **fields})


def hears(change: Change, *, stages: dict[str, Stage] = LOUD, **fields: Any) -> list[str]:
    """Each letter as its kind and who gets it."""
    settings = some_settings(stage=stages, alerts=Alerts(enabled=True, address="oncall@pager.example"))
    found = notices(change, audience(**fields), settings)
    return [f"{one.kind} {one.address.partition('@')[0]}" for one in found]


def one(change: Change, kind: str, **fields: Any) -> Notice:
    """The first letter of a kind."""
    found = notices(change, audience(**fields), some_settings(stage=LOUD))
    return next(each for each in found if each.kind == kind)


def to(goal: str, actor: str = "carla", kind: str = "moved", **fields: Any) -> Change:
    """A ticket put into a stage."""
    change = Change(ticket=a_ticket(**fields))
    return moved(change, goal, STAGES[goal].state, NOW, actor, kind=kind)


def given(login: str | None, actor: str = "carla", **fields: Any) -> Change:
    """A ticket given to somebody, or to nobody."""
    return edited(Change(ticket=a_ticket(**fields)), NOW, actor, assignee=login)


def escalated(login: str | None, level: int = 2) -> Change:
    """A ticket that Carla handed to the next level of support."""
    change = edited(Change(ticket=a_ticket(assignee="bob", level=level)), NOW, "carla", assignee=login)
    event = Event(kind="escalated", at=NOW, actor="carla", data={"from": level - 1, "to": level})
    return replace(change, events=(event, *change.events))


def answered(by: str = "carla", kind: str = "outbound", event: str = "answered") -> Change:
    """What staff say."""
    author = Author(role="staff", name=by.capitalize(), email=f"{by}@staff.example", staff=by)
    words = a_message(kind=kind, is_public=kind == "outbound", author=author)
    return said(a_ticket(assignee="bob"), words, by, event)


def further() -> Change:
    """Ann's further word, which brings a closed ticket back."""
    change = said(a_ticket(stage="done", state="closed"), a_message(), "ann@client.example", "replied")
    return moved(change, "in-progress", "open", NOW, "ann@client.example", kind="reopened")


# Steps


STEPS = [
    # what happened, whom the loud stages tell
    (to("in-progress"), {"notice bob", "notice dave", *CLIENTS}),
    (to("in-progress", assignee="bob"), {"notice bob", *CLIENTS}),
    (to("in-progress", assignee="carla"), CLIENTS),
    (to("done", actor="system"), {*DEPARTMENT, *CLIENTS}),
    (to("done", actor="rule:old"), {*DEPARTMENT, *CLIENTS}),
    (
        to("in-progress", kind="reopened", stage="done", state="closed"),
        {"notice bob", "notice dave", *CLIENTS},
    ),
    (to("new"), set()),  # it stands there already
    (given("bob"), {"notice bob", *CLIENTS}),
    (given("carla"), CLIENTS),  # she took it
    (given("wendy"), {"notice wendy", *CLIENTS}),  # of no department
    (given(None, assignee="bob"), {"notice bob", "notice dave"}),
    (escalated("dave"), {"notice dave", *CLIENTS}),
    (escalated(None), {"notice dave", *CLIENTS}),  # his level's
    (escalated(None, level=3), {"notice bob", "notice dave", *CLIENTS}),  # nobody's
    (edited(Change(ticket=a_ticket()), NOW, "carla", department="sales"), {"notice bob", "notice dave"}),
    (
        edited(Change(ticket=a_ticket(assignee="bob")), NOW, "carla", department="sales", assignee=None),
        {"notice bob", "notice dave"},
    ),
    (
        edited(Change(ticket=a_ticket(assignee="bob")), NOW, "carla", department="sales", assignee="dave"),
        {"notice dave", *CLIENTS},
    ),
    (edited(Change(ticket=a_ticket()), NOW, "carla", priority="high", subject="x"), set()),
]


@pytest.mark.parametrize(("change", "told"), STEPS)
def test_a_step_is_told_to_whom_it_concerns_once_and_not_to_who_made_it(
    change: Change, told: set[str]
) -> None:
    found = hears(change)
    assert set(found) == told
    assert len(found) == len(told)


@pytest.mark.parametrize(("change", "told"), STEPS)
def test_where_the_stage_tells_nobody_only_the_next_level_hears(change: Change, told: set[str]) -> None:
    is_escalated = "escalated" in {event.kind for event in change.events}
    assert set(hears(change, stages=QUIET)) == (told - CLIENTS if is_escalated else set())


@pytest.mark.parametrize("change", [change for change, _ in STEPS])
def test_nobody_hears_of_what_is_silent(change: Change) -> None:
    assert hears(replace(change, silent=True)) == []


@pytest.mark.parametrize(
    ("notify", "told"), [(("client",), CLIENTS), (("staff",), {"notice bob"}), ((), set())]
)
def test_the_stage_in_which_the_ticket_is_now_says_who_is_told(notify: Any, told: set[str]) -> None:
    stages = {**LOUD, "done": replace(STAGES["done"], notify=notify)}
    assert set(hears(to("done", assignee="bob"), stages=stages)) == told
    quiet_before = {**QUIET, "done": replace(STAGES["done"], notify=notify)}
    assert set(hears(to("done", assignee="bob"), stages=quiet_before)) == told


def test_by_default_a_client_hears_of_the_end_and_staff_of_what_is_theirs() -> None:
    default = dict(STAGES)
    for stage in ("done", "cancelled", "rejected"):
        assert set(hears(to(stage, assignee="bob"), stages=default)) == CLIENTS
    assert hears(to("awaiting", assignee="bob"), stages=default) == []
    assert hears(given("bob"), stages=default) == ["notice bob"]


def test_a_new_ticket_that_was_given_tells_no_more_than_that_it_was_opened() -> None:
    change = opened(a_ticket(message_count=0), a_message(), "ann@client.example")
    change = replace(edited(change, NOW, "system", assignee="bob"), acknowledge=True, page=True)
    assert hears(change) == [
        "acknowledgement ann",
        "alert bob",
        "alert carla",
        "alert dave",
        "pager oncall",
    ]


def test_a_ticket_in_a_stage_that_is_configured_no_more_tells_nobody() -> None:
    assert hears(given("bob", stage="gone")) == []


# Words and steps together


def test_an_answer_carries_the_move_to_the_client() -> None:
    change = moved(answered(), "done", "closed", NOW, "carla")
    assert hears(change) == ["reply ann", "reply ben", "alert bob"]


def test_a_note_goes_to_no_client_but_the_move_beside_it_does() -> None:
    note = answered(kind="note", event="noted")
    assert hears(note) == ["alert bob"]
    change = moved(note, "done", "closed", NOW, "carla")
    assert hears(change) == ["alert bob", "moved ann", "moved ben"]
    found = notices(change, audience(), some_settings(stage=LOUD))
    assert [(each.purpose, each.message) for each in found] == [("n", 0), ("c", None), ("c", None)]


def test_a_client_who_brings_a_ticket_back_hears_nothing_and_staff_hear_their_words_once() -> None:
    assert hears(further()) == ["alert bob", "alert carla", "alert dave"]


def test_who_answers_by_mail_is_not_written_to() -> None:
    author = Author(role="client", name="Bob", email="BOB@staff.example")
    change = said(a_ticket(), a_message(author=author), "bob@staff.example", "replied")
    assert hears(change) == ["alert carla", "alert dave"]


def test_a_staff_member_who_takes_part_hears_not_of_their_own_step() -> None:
    people = (ANN, Participant(id=7, ticket=1000, address="Carla@staff.example"))
    assert set(hears(to("done", assignee="bob"), participants=people)) == {"notice bob", "moved ann"}


def test_a_staff_member_who_takes_part_gets_one_letter() -> None:
    people = (ANN, Participant(id=7, ticket=1000, address="bob@staff.example"))
    assert hears(to("done", assignee="bob"), participants=people) == ["notice bob", "moved ann"]


# Who watches, and who stands in


def test_who_watches_hears_beside_the_assignee() -> None:
    assert set(hears(to("done", assignee="bob"), watchers=(WENDY,))) == {
        "notice bob",
        "notice wendy",
        *CLIENTS,
    }
    assert set(hears(to("done", actor="wendy", assignee="bob"), watchers=(WENDY,))) == {
        "notice bob",
        *CLIENTS,
    }
    assert hears(to("done", assignee="bob"), watchers=(BOB,)).count("notice bob") == 1


def test_a_deputy_hears_beside_who_is_away_and_in_whose_place() -> None:
    assert set(hears(given("bob"), deputies={"bob": DAVE})) == {"notice bob", "notice dave", *CLIENTS}
    (bob, dave) = [
        each
        for each in notices(given("bob"), audience(deputies={"bob": DAVE}), some_settings(stage=LOUD))
        if each.kind == "notice"
    ]
    assert (bob.facts.get("instead_of"), dave.facts["instead_of"]) == (None, "Bob")
    assert (dave.person, dave.name, dave.purpose) == (DAVE.id, "Dave", "s")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (given("bob"), {"notice bob", *CLIENTS}),  # she gave it herself
        (answered(), {"reply ann", "reply ben", "alert bob"}),
        (further(), {"alert bob", "alert carla", "alert dave"}),
    ],
)
def test_a_deputy_hears_neither_of_their_own_deeds_nor_twice(change: Change, told: set[str]) -> None:
    found = hears(change, deputies={"bob": CARLA})
    assert (set(found), len(found)) == (told, len(told))


def test_a_deputy_who_wrote_as_a_client_is_not_told_their_words() -> None:
    author = Author(role="client", name="Wendy", email="wendy@staff.example")
    change = said(a_ticket(), a_message(author=author), "wendy@staff.example", "replied")
    assert set(hears(change, deputies={"bob": WENDY})) == {"alert bob", "alert carla", "alert dave"}


# Orders


def ordering(*whom: str, kind: str = "notice", **fields: Any) -> Change:
    """What a service level or a rule orders."""
    event = Event(kind="warned", at=NOW, actor="system")
    return Change(
        ticket=a_ticket(**fields),
        events=(event,),
        tell=tuple(Telling(whom=each, kind=kind, facts={"lines": ["Late."]}) for each in whom),
    )


ORDERS = [
    (ordering("assignee", assignee="bob"), ["notice bob"]),
    (ordering("assignee"), ["notice bob", "notice carla", "notice dave"]),
    (ordering("department"), ["notice bob", "notice carla", "notice dave"]),
    (ordering("watchers"), ["notice wendy"]),
    (ordering("wendy"), ["notice wendy"]),
    (ordering("stranger"), []),
    (ordering("client", kind="reminder"), ["reminder ann"]),
    (ordering("pager"), ["pager oncall"]),
    (
        ordering("assignee", "department", "wendy", assignee="bob"),
        ["notice bob", "notice carla", "notice dave", "notice wendy"],
    ),
    (ordering("manager"), ["notice root"]),  # there is none
]


@pytest.mark.parametrize(("change", "told"), ORDERS)
def test_an_order_reaches_whom_it_names_once(change: Change, told: list[str]) -> None:
    settings = some_settings(alerts=Alerts(enabled=True, address="oncall@pager.example"))
    settings = replace(settings, desk=replace(settings.desk, admin=("root@desk.example",)))
    found = notices(change, audience(watchers=(WENDY,)), settings)
    assert [f"{each.kind} {each.address.partition('@')[0]}" for each in found] == told


def test_a_manager_is_told_by_name_and_the_desks_admins_where_there_is_none() -> None:
    support = Department(name="Support", address="support@desk.example", manager="wendy")
    settings = some_settings(department={"support": support})
    found = notices(ordering("manager"), audience(), settings)
    assert [each.address for each in found] == ["wendy@staff.example"]


def test_what_was_ordered_for_a_client_stands_for_the_move_beside_it() -> None:
    closing = to("done", actor="system")
    closing = replace(closing, tell=(Telling(whom="client", kind="inactive", facts={"reopen_days": 14}),))
    assert hears(closing, stages=dict(STAGES)) == ["inactive ann", "moved ben"]


# What the letters say


@pytest.mark.parametrize(
    ("change", "staff", "client"),
    [
        (to("in-progress"), "moved", "moved"),
        (to("rejected"), "closed", "closed"),
        (to("in-progress", kind="reopened", stage="done", state="closed"), "reopened", "reopened"),
        (given("bob"), "assigned", "assigned"),
        (moved(given("bob"), "in-progress", "open", NOW, "carla"), "assigned", "moved"),
        (escalated("dave"), "escalated", "assigned"),
        (escalated(None), "escalated", "escalated"),
    ],
)
def test_a_letter_says_what_matters_to_its_reader(change: Change, staff: str, client: str) -> None:
    assert one(change, "notice").facts["event"] == staff
    assert one(change, "moved").facts["event"] == client


def test_a_ticket_that_another_department_gets_is_called_handed_over() -> None:
    change = edited(Change(ticket=a_ticket(assignee="bob")), NOW, "carla", department="sales", assignee=None)
    assert one(change, "notice").facts["event"] == "handed-over"


@pytest.mark.parametrize(
    ("actor", "by"), [("carla", "carla"), ("system", "The desk"), ("rule:vip", "The rule vip")]
)
def test_a_letter_says_who_did_it(actor: str, by: str) -> None:
    assert one(given("bob", actor=actor), "notice").facts["by"] == by


def test_a_letter_says_why_the_desk_chose_somebody() -> None:
    change = given("bob")
    (event,) = change.events
    change = replace(change, events=(replace(event, data={**event.data, "why": "it was their turn"}),))
    assert one(change, "notice").facts["lines"] == ["it was their turn."]
    assert "lines" not in one(change, "moved").facts


def test_a_move_is_told_with_the_template_of_its_stage() -> None:
    stages = {**LOUD, "rejected": replace(LOUD["rejected"], template="no-thanks")}
    (ann, _) = [
        each
        for each in notices(to("rejected"), audience(), some_settings(stage=stages))
        if each.kind == "moved"
    ]
    assert (ann.facts["template"], ann.facts["stage"]) == ("no-thanks", "Rejected")


def test_an_order_for_watchers_reaches_who_wants_to_hear_of_every_ticket() -> None:
    found = notices(ordering("watchers"), audience(watchers=(WENDY,), every=(DAVE,)), some_settings())
    assert [(each.address.partition("@")[0], each.why) for each in found] == [
        ("wendy", "watcher"),
        ("dave", "admin of every ticket"),
    ]
