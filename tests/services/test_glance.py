"""What a dashboard and a board say of a desk."""

from typing import Any

import pytest
from factories import a_ticket
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.domain.trouble import Met, Trouble
from helpdesk_cli.errors import Usage
from helpdesk_cli.services import members, pauses
from helpdesk_cli.services.board import Pile, board
from helpdesk_cli.services.glance import Health, Sum, dashboard
from helpdesk_cli.services.troubles import settle
from helpdesk_cli.settings import STAGES, Mailbox, Priority
from helpdesk_cli.store import mailboxes, runs, tickets, troubles
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.runs import Ran


def put(office: Any, *some: dict[str, Any]) -> None:
    """Tickets from 1 on, each told apart by some fields."""

    def written(tx: Tx) -> None:
        for number, fields in enumerate(some, 1):
            given: Ticket = a_ticket(**{"number": number, "client_id": None, **fields})
            tickets.insert(tx, given)

    office.desk.engine.transact(written)


def counts(each: Sum) -> dict[str, int]:
    """What is not zero."""
    return {name: count for name in each.__struct_fields__ if (count := getattr(each, name))}


@pytest.fixture
def busy(office: Any) -> Any:
    """Seven tickets: four of support, two of sales, one closed; dora is staff of support."""
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    members.join(office.desk, "dora", "support")
    yesterday = later(office.now, -86400)
    put(
        office,
        {"priority": "urgent", "unanswered_since": yesterday},
        {"assignee": "bob", "due_at": later(office.now, -1)},
        {"assignee": "dora", "state": "waiting", "stage": "awaiting", "priority": "high"},
        {"assignee": "bob", "is_private": 1},
        {"department": "sales", "assignee": "dora", "due_at": later(office.now, 1)},
        {"department": "sales", "unanswered_since": office.now},
        {"state": "closed", "stage": "done", "priority": "urgent", "closed_at": office.now},
    )
    return office


def test_an_admin_sees_every_ticket_counted(busy: Any) -> None:
    found = dashboard(busy.desk)
    assert counts(found.total) == {
        "open": 5,
        "waiting": 1,
        "unassigned": 2,
        "unanswered": 2,
        "high": 2,
        "overdue": 1,
    }
    assert {name: each.active for name, each in found.departments.items()} == {"support": 4, "sales": 2}
    assert counts(found.departments["sales"]) == {"open": 2, "unassigned": 1, "unanswered": 1}
    assert list(found.people) == ["bob", "dora"]
    assert counts(found.people["bob"]) == {"open": 2, "overdue": 1}
    assert counts(found.people["dora"]) == {"open": 1, "waiting": 1, "high": 1}


def test_staff_see_what_is_theirs_counted(busy: Any) -> None:
    found = dashboard(busy.by("dora"))
    assert counts(found.total) == {
        "open": 3,
        "waiting": 1,
        "unassigned": 1,
        "unanswered": 1,
        "high": 2,
        "overdue": 1,
    }
    assert {name: each.active for name, each in found.departments.items()} == {"support": 3, "sales": 1}


def test_a_department_is_seen_alone(busy: Any) -> None:
    found = dashboard(busy.desk, department="Sales")
    assert (found.department, found.total.active) == ("sales", 2)
    assert list(found.departments) == ["sales"]
    with pytest.raises(Usage, match="nonsense: no such department"):
        dashboard(busy.desk, department="nonsense")


def test_an_idle_desk_names_its_departments_and_jobs(office: Any) -> None:
    office.configured(mailbox={"box": Mailbox(kind="maildir", path="/x"), "pipe": Mailbox(kind="pipe")})
    found = dashboard(office.desk)
    assert {name: counts(each) for name, each in found.departments.items()} == {"support": {}, "sales": {}}
    assert found.people == {}
    assert found.jobs == [
        Health(name="fetch-mail", succeeded_at=None),
        Health(name="notify", succeeded_at=None),
    ]
    assert found.mailboxes == [Health(name="box", succeeded_at=None)]
    assert not any(one.is_well(found.at) for one in (*found.jobs, *found.mailboxes))
    assert (found.paused, found.troubles, found.mail.came) == (None, [], {})


def test_what_is_high_is_asked_of_the_file(busy: Any) -> None:
    busy.configured(priority={slug: Priority(name=slug) for slug in ("high", "normal")})
    assert dashboard(busy.desk).total.high == 4


# Mail and jobs


def test_mail_of_the_last_day_is_counted(office: Any) -> None:
    office.mail("From: ann@client.example\nTo: support@desk.example\nSubject: Old\n\nx\n")
    office.passes(days=1, minutes=1)
    office.mail("From: ann@client.example\nTo: support@desk.example\nSubject: One\nMessage-ID: <1@c>\n\nx\n")
    office.mail("From: ann@client.example\nTo: support@desk.example\nSubject: Two\nMessage-ID: <2@c>\n\nx\n")
    office.mail("Subject: nobody\n\nx\n")
    letters = office.letters()

    def sent(tx: Tx) -> None:
        for letter, state in zip(letters, ("sent", "sent", "bounced", "uncertain", "failed"), strict=False):
            at = office.now if state in ("sent", "bounced") else None
            tx.run(
                "update letter set state = :state, sent_at = :at where id = :id",
                state=state,
                at=at,
                id=letter.id,
            )

    assert len(letters) == 6
    office.desk.engine.transact(sent)
    mail = dashboard(office.desk).mail
    assert mail.came == {"opened": 2, "held": 1}
    assert mail.unread == {"pending": 0, "held": 1, "failed": 0}
    assert (mail.sent, mail.bounced, mail.waiting) == (3, 1, len(letters) - 5)
    assert mail.unsent == {"uncertain": 1, "failed": 1, "held": 0}


def test_whose_letter_was_refused_is_for_who_sees_all(office: Any) -> None:
    members.new_staff(office.desk, "sam", name="Sam", email="sam@staff.example")
    met = [
        Met(what="letters", kind="loss", text="letter 8 to secret@client.example was refused", code=1),
        Met(what="mailbox.support", kind="broken", text="mailbox support: who are you?", code=69),
    ]
    ran = Ran(job="notify", host="here", began_at=office.now, ended_at=office.now, code=1, error=met[0].text)
    settle(office.desk, met, (), ran=[ran])
    for login, sees in (("bob", True), ("sam", False)):
        found = dashboard(office.by(login))
        told = " ".join([*found.troubles, *(job.error for job in found.jobs)])
        assert ("secret@" in told) is sees
        assert "who are you?" in told


def test_jobs_and_mailboxes_say_how_they_fare(office: Any) -> None:
    now = office.now
    long_ago = later(now, -3601)
    office.configured(
        mailbox={name: Mailbox(kind="maildir", path="/x") for name in ("well", "away", "late", "resting")}
    )

    def written(tx: Tx) -> None:
        for name in ("well", "away", "late", "resting"):
            mailboxes.begin(tx, name, long_ago)
            mailboxes.succeeded(tx, name, now if name in ("well", "away") else long_ago)
        mailboxes.failed(tx, "away", now, "cannot be reached")
        runs.note(
            tx,
            [
                Ran(job="fetch-mail", host="one", began_at=now, ended_at=now, succeeded_at=now),
                Ran(job="fetch-mail", host="two", began_at=now, ended_at=now, code=69, error="away"),
                Ran(job="cron", host="one", began_at=now, ended_at=now, succeeded_at=long_ago),
            ],
        )
        told = {"kind": "away", "code": 69, "patience": 900, "since": now, "seen_at": now}
        troubles.keep(
            tx,
            [
                Trouble(what="transport.default", text="transport default: refused", **told),
                Trouble(what="mailbox.away", text="mailbox away: is back", over_at=now, **told),
            ],
            [],
        )

    office.desk.engine.transact(written)
    pauses.begin(office.desk, "mailbox:resting", "it is moved")
    pauses.begin(office.desk, "run-rules", "they loop")
    found = dashboard(office.desk)
    fare = {
        (one.name, one.host): "paused" if one.pause else one.is_well(found.at)
        for one in (*found.jobs, *found.mailboxes)
    }
    assert fare == {
        ("fetch-mail", "one"): True,
        ("fetch-mail", "two"): False,
        ("notify", None): False,
        ("run-rules", None): "paused",
        ("cron", "one"): False,
        ("well", None): True,
        ("away", None): False,
        ("late", None): False,
        ("resting", None): "paused",
    }
    assert [one.error for one in found.jobs if one.error] == ["away"]
    assert [one.pause.reason for one in found.mailboxes if one.pause] == ["it is moved"]
    assert found.troubles == ["transport default: refused"]
    pauses.begin(office.desk, "cron", "all is moved")
    assert getattr(dashboard(office.desk).paused, "reason", None) == "all is moved"


# The board


def laid(piles: list[Pile]) -> dict[str, list[int]]:
    return {pile.stage: [card.number for card in pile.cards] for pile in piles}


def test_the_board_has_the_files_stages_with_the_most_urgent_first(busy: Any) -> None:
    piles = board(busy.desk)
    assert [(pile.stage, pile.name, pile.state, pile.count) for pile in piles] == [
        ("new", "New", "open", 5),
        ("in-progress", "In progress", "open", 0),
        ("awaiting", "Awaiting", "waiting", 1),
        ("done", "Done", "closed", 1),
        ("cancelled", "Cancelled", "closed", 0),
        ("rejected", "Rejected", "closed", 0),
    ]
    assert laid(piles)["new"] == [1, 2, 5, 6, 4]
    assert laid(board(busy.desk, limit=2))["new"] == [1, 2]
    assert laid(board(busy.desk, mine=True)) == {stage: [] for stage in laid(piles)}
    assert laid(board(busy.by("bob"), mine=True))["new"] == [2, 4]
    assert laid(board(busy.by("dora")))["new"] == [1, 2, 5]
    assert laid(board(busy.desk, department="sales"))["new"] == [5, 6]


def test_a_closed_stage_shows_its_latest(office: Any) -> None:
    closed = {"state": "closed", "stage": "done"}
    put(office, *({**closed, "updated_at": later(office.now, number % 3)} for number in range(1, 8)))
    done = board(office.desk)[3]
    assert (done.count, [card.number for card in done.cards]) == (7, [5, 2, 7])
    assert [card.number for card in board(office.desk, limit=1)[3].cards] == [5]


def test_no_ticket_is_lost_whose_stage_left_the_file(office: Any) -> None:
    put(office, {"stage": "gone"}, {"stage": "awaiting", "state": "open"}, {})
    piles = board(office.desk)
    assert [(pile.stage, pile.state, pile.count) for pile in piles if pile.count] == [
        ("new", "open", 1),
        ("awaiting", "open", 1),
        ("gone", "open", 1),
    ]
    assert laid(piles)["gone"] == [1]


def test_a_stage_of_other_departments_is_left_out_unless_something_is_in_it(busy: Any) -> None:
    stages = {**STAGES, "awaiting": replace(STAGES["awaiting"], departments=("sales",))}
    busy.configured(stage=stages)
    assert "awaiting" in laid(board(busy.desk))
    assert "awaiting" in laid(board(busy.desk, department="sales"))
    assert laid(board(busy.desk, department="support"))["awaiting"] == [3]
    busy.configured(stage={**stages, "in-progress": replace(STAGES["in-progress"], departments=("sales",))})
    assert "in-progress" not in laid(board(busy.desk, department="support"))
