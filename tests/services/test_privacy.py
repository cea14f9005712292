"""A private ticket is its assignee's and the admins' alone, by whatever door; and who hears of tickets at all."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change
from helpdesk_cli.errors import NotAllowed
from helpdesk_cli.services import assigning, bounces, editing, mailroom, members, tickets, views
from helpdesk_cli.services.changes import record
from helpdesk_cli.settings import STAGES
from helpdesk_cli.store import tickets as rows

MAIL = (
    "From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Salaries\r\n"
    "Message-ID: <1@client.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\nThe list is attached.\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--b--\r\n"
)


@pytest.fixture
def desk(office: Any) -> Any:
    """Ann's ticket 1000 is private and Eve's; Dave and Eve are staff of support beside Bob, who is an admin."""
    for login in ("dave", "eve"):
        members.new_staff(office.desk, login, name=login.title(), email=f"{login}@staff.example")
        members.join(office.desk, login, "support")
    office.mail(MAIL)
    office.mail(MAIL.replace("<1@", "<2@").replace("ann@", "ben@").replace("Salaries", "Printer"))
    assigning.assign(office.desk, [1000], "eve")
    editing.edit(office.desk, [1000], editing.Edit(private=True))
    return office


def numbers(desk: Any, **filters: Any) -> list[int]:
    found = [one.ticket.number for one in views.listing(desk, **filters)]
    assert views.count(desk, **filters) == len(found)
    return sorted(found)


LISTS: list[dict[str, Any]] = [
    {},
    {"states": ("open",)},
    {"department": "support"},
    {"search": "list"},
    {"client": "ann@client.example"},
    {"assignee": "eve"},
]


@pytest.mark.parametrize("filters", LISTS, ids=str)
def test_lists_show_a_private_ticket_to_its_assignee_and_admins(desk: Any, filters: dict[str, Any]) -> None:
    assert 1000 in numbers(desk.by("eve"), **filters)
    assert 1000 in numbers(desk.by("bob"), **filters)
    assert 1000 in numbers(desk.by("carla"), **filters)  # an admin of another department
    assert 1000 not in numbers(desk.by("dave"), **filters)


def test_what_is_not_private_is_the_whole_departments(desk: Any) -> None:
    assert numbers(desk.by("dave")) == [1001]
    editing.edit(desk.by("eve"), [1000], editing.Edit(private=False))
    assert numbers(desk.by("dave")) == [1000, 1001]


def test_ones_own_tickets_are_listed_wherever_they_are(desk: Any) -> None:
    members.join(desk.desk, "eve", "support", leave=True)
    assert numbers(desk.by("eve")) == [1000]
    assert numbers(desk.by("eve"), assignee="eve") == [1000]
    assert numbers(desk.by("eve"), department="sales") == []


DOORS: dict[str, Callable[[Any], Any]] = {
    "one": lambda desk: views.one(desk, 1000),
    "show, log": lambda desk: views.whole(desk, 1000),
    "attachments": lambda desk: views.attachments(desk, 1000),
    "attachment": lambda desk: views.attachment(desk, 1000, 1),
    "inbox show": lambda desk: mailroom.entry(desk, 1),
    "inbox show --raw": lambda desk: mailroom.raw(desk, 1),
    "outbox show": lambda desk: mailroom.letter(desk, 1),
    "outbox show --raw": lambda desk: mailroom.letter_raw(desk, 1),
    "note": lambda desk: tickets.note(desk, 1000, tickets.Answer(text="x")),
    "reply": lambda desk: tickets.reply(desk, 1000, tickets.Answer(text="x")),
    "move": lambda desk: tickets.move(desk, [1000], "in-progress"),
    "take": lambda desk: assigning.assign(desk, [1000], desk.actor.login),
    "edit": lambda desk: editing.edit(desk, [1000], editing.Edit(private=False)),
}


@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_shut_to_others(desk: Any, door: str) -> None:
    with pytest.raises(NotAllowed, match=r"private: only its assignee and admins|may not see"):
        DOORS[door](desk.by("dave"))
    DOORS[door](desk.by("eve"))


def test_mails_and_letters_on_it_are_listed_to_who_may_see_it(desk: Any) -> None:
    def seen(login: str) -> set[int | None]:
        return {
            one.ticket
            for one in (
                *mailroom.entries(desk.by(login), everything=True),
                *mailroom.letters(desk.by(login), everything=True),
            )
        }

    assert seen("dave") == {1001}
    assert seen("eve") == seen("bob") == {1000, 1001}


def test_a_private_ticket_of_nobody_is_the_admins_alone(desk: Any) -> None:
    assigning.assign(desk.desk, [1000], None)
    assert [1000 in numbers(desk.by(login)) for login in ("bob", "carla", "eve", "dave")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(NotAllowed, match="ticket 1000 is private: only its assignee and admins see it"):
        views.one(desk.by("eve"), 1000)


# Who hears


def further(office: Any, number: int = 9) -> set[str]:
    """Let Ann write once more; who is alerted."""
    before = len(office.letters())
    office.mail(
        "From: ann@client.example\r\nTo: support@desk.example\r\nSubject: Re: Salaries\r\n"
        f"References: <1@client.example>\r\nMessage-ID: <{number}@client.example>\r\n\r\nMore.\r\n"
    )
    return {one.recipient.partition("@")[0] for one in office.letters()[before:]}


def test_a_word_on_a_private_ticket_is_told_to_its_assignee_and_the_departments_admins(desk: Any) -> None:
    assert further(desk) == {"eve"}
    assigning.assign(desk.desk, [1000], None)
    assert further(desk, 10) == {"bob"}


def test_where_no_admin_is_of_the_department_all_admins_hear(desk: Any) -> None:
    assigning.assign(desk.desk, [1000], None)
    members.join(desk.desk, "bob", "support", leave=True)
    assert further(desk) == {"bob", "carla"}


def test_an_assignee_of_another_department_hears(desk: Any) -> None:
    editing.edit(desk.desk, [1000], editing.Edit(private=False))
    members.join(desk.desk, "eve", "support", leave=True)
    assert further(desk) == {"eve"}


def test_the_department_hears_of_what_is_nobodys(desk: Any) -> None:
    editing.edit(desk.desk, [1000], editing.Edit(private=False))
    assigning.assign(desk.desk, [1000], None)
    assert further(desk) == {"bob", "dave", "eve"}


def watch(office: Any, *logins: str) -> None:
    def watched(tx: Any) -> None:
        for login in logins:
            rows.watch(tx, 1000, login, office.now)

    office.desk.engine.transact(watched)


def test_watchers_hear_as_far_as_they_may_see(desk: Any) -> None:
    members.new_staff(desk.desk, "zoe", name="Zoe", email="zoe@staff.example")
    watch(desk, "dave", "zoe", "carla")
    assert further(desk) == {"eve", "carla"}
    editing.edit(desk.desk, [1000], editing.Edit(private=False))
    assert further(desk, 10) == {"dave", "eve", "carla"}  # zoe is of no department


@pytest.mark.parametrize(
    ("private", "deputy", "hears"),
    [
        (False, "dave", {"dave", "eve"}),
        (True, "dave", {"bob", "eve"}),  # who may not see it; so the department hears
        (True, "carla", {"eve", "carla"}),
        (False, "zoe", {"bob", "dave", "eve"}),
    ],
)
def test_a_deputy_hears_as_far_as_they_may_see(
    desk: Any, private: bool, deputy: str, hears: set[str]
) -> None:
    members.new_staff(desk.desk, "zoe", name="Zoe", email="zoe@staff.example")
    editing.edit(desk.desk, [1000], editing.Edit(private=private))
    members.edit_staff(desk.desk, "eve", away=members.Away("2026-11-01", None), deputy=deputy)
    assert further(desk) == hears


def test_a_deputy_hears_only_while_it_is_needed_and_is_told_for_whom(desk: Any) -> None:
    members.edit_staff(desk.desk, "eve", away=members.Away("2026-11-23", "2026-11-24"), deputy="carla")
    assert "carla" not in further(desk)
    desk.passes(days=1)
    assert "carla" in further(desk, 10)
    (letter,) = [one for one in desk.letters(kind="alert") if one.recipient.startswith("carla@")]
    assert letter.facts["instead_of"] == "Eve"
    assert "You get this because Eve is away." in mailroom.letter_raw(desk.desk, letter.id).decode()
    desk.passes(days=2)
    before = len(desk.letters())
    assert "carla" not in further(desk, 11)
    assert len(desk.letters()) > before


def test_a_retired_deputy_hears_nothing_and_nobody_hears_for_a_deputy(desk: Any) -> None:
    members.edit_staff(desk.desk, "eve", away=members.Away("2026-11-01", None), deputy="dave")
    members.edit_staff(desk.desk, "dave", away=members.Away("2026-11-01", None), deputy="carla")
    editing.edit(desk.desk, [1000], editing.Edit(private=False))
    assert further(desk) == {"bob", "dave", "eve", "carla"}  # carla for dave himself, who is of support too
    members.join(desk.desk, "dave", "support", leave=True)
    assert further(desk, 10) == {"bob", "eve"}
    members.join(desk.desk, "dave", "support")
    members.retire(desk.desk, "dave")
    assert further(desk, 11) == {"bob", "eve"}


def test_steps_of_a_private_ticket_are_told_to_who_may_see_it(desk: Any) -> None:
    desk.configured(stage={slug: replace(one, notify=("staff",)) for slug, one in STAGES.items()})
    watch(desk, "dave")
    before = len(desk.letters())
    assigning.assign(desk.by("carla"), [1000], None)
    tickets.move(desk.by("carla"), [1000], "in-progress")
    assert {one.recipient for one in desk.letters()[before:]} == {"bob@staff.example"}


def test_a_bounce_of_a_private_ticket_of_nobody_is_told_to_admins(desk: Any) -> None:
    from helpdesk_cli.domain.mail import Bounced

    assigning.assign(desk.desk, [1000], None)
    (letter,) = desk.letters(kind="acknowledgement", ticket=1000)
    report = Bounced(address="ann@client.example", hard=True, status="5.1.1", text="gone")
    before = len(desk.letters())
    desk.desk.engine.transact(lambda tx: bounces._tell(tx, desk.desk, letter, report, desk.now))
    assert {one.recipient for one in desk.letters()[before:]} == {"bob@staff.example"}


def test_a_manager_who_may_not_see_a_private_ticket_is_not_told_of_it(desk: Any) -> None:
    from helpdesk_cli.domain.ticket import Event, Telling

    known = desk.desk.settings.department
    desk.configured(
        department={**known, "support": replace(known["support"], manager="dave")},
        desk=replace(desk.desk.settings.desk, admin=("root@desk.example",)),
    )
    late = Change(
        ticket=desk.ticket(1000),
        events=(Event(kind="breached", at=desk.now, actor="system"),),
        tell=(Telling(whom="manager", kind="notice", facts={"event": ""}),),
    )
    before = len(desk.letters())
    desk.desk.engine.transact(lambda tx: record(tx, desk.desk, late))
    assert {one.recipient for one in desk.letters()[before:]} == {"root@desk.example"}
