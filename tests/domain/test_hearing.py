"""Who hears at once, who later, who not and why: tables of cases, and what holds for all of them."""

from collections import Counter
from typing import Any

import pytest
from factories import NOW, a_message, a_staff, a_ticket, some_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk_cli.domain.hearing import Hearing, hearing
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.notices import Audience, Notice
from helpdesk_cli.domain.people import Participant, Staff
from helpdesk_cli.domain.ticket import Author, Brought, Change, Event, Telling, edited, moved, opened, said
from helpdesk_cli.domain.wishes import KINDS, WORDS, Wishes
from helpdesk_cli.settings import STAGES, Department, Stage

BOB = a_staff(id=1)
CARLA = a_staff(id=2, login="carla", name="Carla", email="carla@staff.example")
WENDY = a_staff(id=4, login="wendy", name="Wendy", email="wendy@staff.example", departments=())
ROOT = a_staff(id=5, login="root", email="root@staff.example", role="admin", departments=(), every_ticket=1)
ANN = Participant(id=5, ticket=1000, address="ann@client.example", name="Ann", client_id=1)
BEN = Participant(id=6, ticket=1000, address="ben@client.example", name="Ben")

LOUD = {slug: replace(stage, notify=("client", "staff")) for slug, stage in STAGES.items()}
SUPPORT = Department(name="Support", address="support@desk.example", manager="wendy")


def audience(*members: Staff, **fields: Any) -> Audience:
    """Bob and Carla answer, unless others are named; Ann and Ben ask."""
    staff = members or (BOB, CARLA)
    known = {one.login: one for one in (BOB, CARLA, WENDY, ROOT, *staff, *fields.get("watchers", ()))}
    return Audience(**{"staff": staff, "participants": (ANN, BEN), "named": known, **fields})


def heard(change: Change, who: Audience, stages: dict[str, Stage] = LOUD) -> Hearing:
    return hearing(change, who, some_settings(stage=stages, department={"support": SUPPORT}))


def told(found: Hearing) -> list[str]:
    """Everything as a line each: who, what, when, as what; or why not."""
    return [
        *(f"{_name(one)}: {one.event} at once, {one.why}" for one in found.letters),
        *(f"{_name(one.notice)}: {one.notice.event} {one.wish}, {one.notice.why}" for one in found.waiting),
        *(f"{one.whom.partition('@')[0]}: {one.event} not, {one.why}" for one in found.withheld),
    ]


def _name(notice: Notice) -> str:
    return notice.address.partition("@")[0]


def wishing(member: Staff, words: str) -> Staff:
    return replace(member, notices=words)


def new(**fields: Any) -> Change:
    change = opened(a_ticket(message_count=0), a_message(), "ann@client.example")
    return replace(change, **{"acknowledge": True, **fields})


def further() -> Change:
    return said(a_ticket(assignee="bob"), a_message(), "ann@client.example", "replied")


def by_staff(login: str = "carla", event: str = "answered", **ticket: Any) -> Change:
    author = Author(role="staff", name=login, email=f"{login}@staff.example", staff=login)
    is_public = event == "answered"
    words = a_message(kind="outbound" if is_public else "note", is_public=is_public, author=author)
    return said(a_ticket(**{"assignee": "bob", **ticket}), words, login, event)


def given_to(login: str, actor: str = "carla") -> Change:
    return edited(Change(ticket=a_ticket()), NOW, actor, assignee=login)


def to(goal: str, actor: str = "carla", **ticket: Any) -> Change:
    return moved(Change(ticket=a_ticket(assignee="bob", **ticket)), goal, STAGES[goal].state, NOW, actor)


def late(*whom: str, event: str = "breach", **fields: Any) -> Change:
    tell = tuple(Telling(whom=one, kind="notice", facts={"event": event, "lines": ["Late."]}) for one in whom)
    happened = Event(kind="breached", at=NOW, actor="rule:sla-breach")
    return Change(ticket=a_ticket(**{"assignee": "bob", **fields}), events=(happened,), tell=tell)


CASES = [
    # what happened, to whom, what is told
    (
        new(),
        audience(),
        [
            "ann: opened at once, requester",
            "bob: opened at once, department",
            "carla: opened at once, department",
        ],
    ),
    (
        new(),
        audience(wishing(BOB, "daily"), wishing(CARLA, "at once, opened=off"), every=(ROOT,)),
        [
            "ann: opened at once, requester",
            "root: opened at once, admin of every ticket",
            "bob: opened daily, department",
            "carla: opened not, off",
        ],
    ),
    (
        new(acknowledge=False, unacknowledged="robot"),
        audience(),
        [
            "bob: opened at once, department",
            "carla: opened at once, department",
            "ann: opened not, robot",
        ],
    ),
    (
        further(),
        audience(wishing(BOB, "off, replied=hourly"), wishing(CARLA, "at once, department=off")),
        ["bob: replied hourly, assignee"],
    ),
    (
        further(),
        audience(watchers=(WENDY,), is_unattended=True),
        [
            "bob: replied at once, assignee",
            "carla: replied at once, department",
            "wendy: replied at once, watcher",
        ],
    ),
    (
        by_staff(),
        audience(watchers=(WENDY,)),
        [
            "ann: answered at once, requester",
            "ben: answered at once, participant",
            "bob: answered at once, assignee",
            "wendy: answered at once, watcher",
        ],
    ),
    (by_staff("bob"), audience(), ["ann: answered at once, requester", "ben: answered at once, participant"]),
    (
        by_staff(event="noted"),
        audience(watchers=(wishing(WENDY, "hourly"),), every=(ROOT,)),
        [
            "bob: noted at once, assignee",
            "root: noted at once, admin of every ticket",
            "wendy: noted hourly, watcher",
        ],
    ),
    (by_staff(event="noted", assignee=None), audience(), []),
    (
        given_to("bob"),
        audience(),
        [
            "bob: assigned at once, assignee",
            "ann: assigned at once, requester",
            "ben: assigned at once, participant",
        ],
    ),
    (
        given_to("bob", actor="bob"),
        audience(),
        ["ann: assigned at once, requester", "ben: assigned at once, participant"],
    ),
    (
        to("done"),
        audience(wishing(BOB, "daily")),
        [
            "ann: closed at once, requester",
            "ben: closed at once, participant",
            "bob: closed daily, assignee",
        ],
    ),
    (
        late("assignee", "manager"),
        audience(wishing(BOB, "off")),
        [
            "bob: breach at once, assignee, by the service level",
            "wendy: breach at once, manager, by the service level",
        ],
    ),
    (late("assignee"), audience(wishing(BOB, "daily, breach=off")), ["bob: breach not, off"]),
    (
        late("assignee", "bob", "manager", "watchers", assignee="wendy"),
        audience(watchers=(WENDY,)),
        [
            "wendy: breach at once, assignee, by the service level",
            "bob: breach at once, named, by the service level",
        ],
    ),
]


@pytest.mark.parametrize(("change", "who", "lines"), CASES)
def test_each_hears_as_they_want_it_and_it_is_known_why(
    change: Change, who: Audience, lines: list[str]
) -> None:
    members = {one.login: one for one in (*who.staff, *who.watchers)}
    who = replace(who, named={**who.named, **members})
    assert sorted(told(heard(change, who))) == sorted(lines)


def test_by_default_a_stage_says_whom_it_does_not_tell() -> None:
    default = dict(STAGES)
    assert told(heard(to("awaiting"), audience(), default)) == [
        "staff: moved not, stage",
        "clients: moved not, stage",
    ]
    assert told(heard(given_to("bob"), audience(), default)) == [
        "bob: assigned at once, assignee",
        "clients: assigned not, stage",
    ]
    assert "clients: moved not, stage" not in told(
        heard(moved(by_staff(), "awaiting", "waiting", NOW, "carla"), audience(), default)
    )


def test_what_is_done_silently_is_told_to_nobody_and_that_is_written_down() -> None:
    assert told(heard(replace(to("done"), silent=True), audience())) == [
        "clients: closed not, silent",
        "staff: closed not, silent",
    ]
    # Of a mail the inbox knows why.
    assert told(heard(replace(new(), silent=True, brought=Brought()), audience())) == []


def test_a_ticket_that_a_rule_closes_at_once_is_not_acknowledged() -> None:
    change = moved(new(), "done", "closed", NOW, "rule:spam")
    found = told(heard(change, audience()))
    assert "ann: opened not, closed" in found
    assert "ann: closed at once, requester" in found


def test_a_deputy_hears_as_they_want_it_but_not_of_what_the_other_did_not_want() -> None:
    for words, lines in (("daily", ["wendy: replied at once, deputy of bob"]), ("off", [])):
        who = audience(wishing(BOB, words), deputies={"bob": WENDY})
        assert [each for each in told(heard(further(), who)) if each.startswith("wendy")] == lines
    who = audience(BOB, deputies={"bob": wishing(WENDY, "hourly")})
    assert told(heard(further(), who)) == [
        "bob: replied at once, assignee",
        "wendy: replied hourly, deputy of bob",
    ]


def test_who_is_a_client_too_gets_one_letter_whatever_they_chose_as_staff() -> None:
    part = Participant(id=7, ticket=1000, address="BOB@staff.example")
    for words in ("at once", "daily", "off"):
        who = audience(wishing(BOB, words), CARLA, participants=(ANN, part))
        who = replace(who, named={**who.named, "bob": wishing(BOB, words)})
        found = heard(to("done"), who)
        lines = [each for each in told(found) if each.lower().startswith("bob")]
        assert len(lines) == 1, lines
        assert "at once" in lines[0]


def test_a_note_is_mailed_to_no_colleague_who_takes_part() -> None:
    part = Participant(id=7, ticket=1000, address="Wendy@staff.example")
    who = audience(watchers=(WENDY,), participants=(ANN, part), deputies={"bob": WENDY})
    assert told(heard(by_staff(event="noted"), who)) == [
        "bob: noted at once, assignee",
        "Wendy: noted not, takes-part",
    ]


# What holds for all


LOGINS = ("bob", "carla", "dave", "wendy", "root")
WISHES = st.builds(
    lambda every, named: Wishes(every=every, named=named).text(),
    st.sampled_from(WORDS),
    st.dictionaries(st.sampled_from(KINDS), st.sampled_from(WORDS), max_size=4),
)
PEOPLE = st.tuples(*[
    st.builds(
        lambda words, number=number, login=login: a_staff(
            id=number, login=login, name=login, email=f"{login}@staff.example", notices=words
        ),
        WISHES,
    )
    for number, login in enumerate(LOGINS, 1)
])  # fmt: skip
SOME = st.sets(st.sampled_from(LOGINS))
ACTORS = st.sampled_from([*LOGINS, "system", "rule:x", "ann@client.example", "bob@staff.example"])


@st.composite
def situations(draw: st.DrawFn) -> tuple[Change, Audience]:
    """Something that happens to a ticket, and people who may be many things at once."""
    people = dict(zip(LOGINS, draw(PEOPLE), strict=True))

    def some() -> tuple[Staff, ...]:
        chosen = draw(SOME)
        return tuple(member for login, member in people.items() if login in chosen)

    watchers = some()
    clients = draw(
        st.sets(st.sampled_from(["ben@client.example", "bob@staff.example", "Carla@Staff.example"]))
    )
    who = Audience(
        staff=tuple(dict.fromkeys((*some(), *watchers))),
        watchers=watchers,
        every=some(),
        participants=(
            ANN,
            *(Participant(id=10 + n, ticket=1000, address=a) for n, a in enumerate(sorted(clients))),
        ),
        named=people,
        deputies={one.login: people[draw(st.sampled_from(LOGINS))] for one in some()},
    )
    actor = draw(ACTORS)
    ticket = a_ticket(assignee=draw(st.sampled_from([*LOGINS, None])))
    return _happening(draw, replace(ticket, stage="in-progress"), actor), who


def _happening(draw: st.DrawFn, ticket: Any, actor: str) -> Change:
    kind = draw(st.sampled_from(["opened", "replied", "answered", "noted", "step", "order"]))
    login = actor if actor in LOGINS else "dave"
    writer = Author(role="staff", name=login, email=f"{login}@staff.example", staff=login)
    if kind == "opened":
        change = replace(opened(ticket, a_message(), "ann@client.example"), acknowledge=draw(st.booleans()))
    elif kind == "replied":
        change = said(ticket, a_message(), "ann@client.example", "replied")
    elif kind in ("answered", "noted"):
        words = a_message(kind="outbound", is_public=kind == "answered", author=writer)
        change = said(ticket, replace(words, kind="note" if kind == "noted" else "outbound"), login, kind)
    else:
        change = Change(ticket=ticket)
    if kind == "step" or draw(st.booleans()):
        change = edited(change, NOW, actor, assignee=draw(st.sampled_from([*LOGINS, None])))
        goal = draw(st.sampled_from(list(STAGES)))
        change = moved(change, goal, STAGES[goal].state, NOW, actor)
    if kind == "order":
        whom = draw(st.lists(st.sampled_from(["assignee", "manager", "watchers", "department", *LOGINS])))
        tell = tuple(
            Telling(
                whom=one, kind="notice", facts={"event": draw(st.sampled_from(["", "breach"])), "lines": []}
            )
            for one in whom
        )
        event = Event(kind="breached", at=NOW, actor="rule:sla-breach")
        change = replace(change, events=(*change.events, event), tell=tell)
    return replace(change, silent=draw(st.booleans()) and draw(st.booleans()))


def everybody(found: Hearing) -> list[Notice]:
    return [*found.letters, *(each.notice for each in found.waiting)]


def doers(change: Change) -> set[str]:
    """The addresses of who did what a change's first event tells of."""
    names = {change.events[0].actor} if change.events else set()
    return {fold(f"{name}@staff.example" if name in LOGINS else name) for name in names}


MANY = settings(max_examples=400)


@MANY
@given(situations())
def test_never_the_one_who_did_it(situation: tuple[Change, Audience]) -> None:
    change, who = situation
    for notice in everybody(heard(change, who)):
        about = [each.actor for each in change.events if _tells_of(notice, each, change)]
        own = {fold(f"{name}@staff.example" if name in LOGINS else name) for name in about}
        assert notice.kind == "acknowledgement" or not own or {fold(notice.address)} != own


def _tells_of(notice: Notice, event: Event, change: Change) -> bool:
    kind = "closed" if event.kind == "moved" and change.ticket.state == "closed" else event.kind
    return notice.event == kind


@MANY
@given(situations())
def test_never_twice_to_one_person_and_all_letters_are_somebodys(situation: tuple[Change, Audience]) -> None:
    change, who = situation
    found = everybody(heard(change, who))
    counts = Counter(fold(notice.address) for notice in found)
    assert not [address for address, count in counts.items() if count > 1]
    assert all(notice.event and notice.why for notice in found)


@MANY
@given(situations())
def test_never_a_note_to_a_client(situation: tuple[Change, Audience]) -> None:
    change, who = situation
    clients = {fold(person.address) for person in who.participants}
    for notice in everybody(heard(change, who)):
        carried = change.messages[notice.message] if notice.message is not None else None
        if carried is not None and carried.kind == "note":
            assert fold(notice.address) not in clients
            assert notice.purpose == "n"
        if notice.purpose == "c":
            assert notice.event != "noted"


@MANY
@given(situations())
def test_each_hears_when_they_want_it_and_off_means_nothing(situation: tuple[Change, Audience]) -> None:
    change, who = situation
    members = {member.id: member for member in who.named.values()}
    found = heard(change, who)
    for notice in found.letters:
        if notice.purpose in ("s", "n"):
            assert members[notice.person].wishes.when(notice.event, notice.why) == "at once"
    for waiting in found.waiting:
        member = members[waiting.notice.person]
        assert member.wishes.when(waiting.notice.event, waiting.notice.why) == waiting.wish
        assert waiting.wish in ("hourly", "daily")


@MANY
@given(situations())
def test_who_is_concerned_hears_or_it_is_known_why_not(situation: tuple[Change, Audience]) -> None:
    change, who = situation
    if change.silent:
        assert not everybody(heard(change, who))
        return
    found = heard(change, who)
    reached = {fold(notice.address) for notice in everybody(found)}
    reached |= {fold(each.whom) for each in found.withheld}
    if "replied" in {event.kind for event in change.events} or "opened" in {
        each.kind for each in change.events
    }:
        writers = {fold(message.author.email) for message in change.messages} | doers(change)
        done = {event.actor for event in change.events} | {fold(event.actor) for event in change.events}
        is_new = "opened" in {event.kind for event in change.events}
        assignee = who.named.get(change.ticket.assignee or "")
        theirs = who.staff if is_new or assignee is None else (assignee,)
        for member in (*theirs, *who.watching):
            did = member.login in done or fold(member.email) in done
            assert did or fold(member.email) in reached | writers
