"""Slugs that are called otherwise now: all that is stored follows once, and both names lead to it."""

from typing import Any

import pytest
from desks import SMALL_DESK, Site
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.services import clocks, members, renaming, tickets, views
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import RENAMED
from helpdesk_cli.settings import STAGES, Category, Priority, Sla, Span, Type
from helpdesk_cli.store import renaming as rows
from helpdesk_cli.store import tickets as ticket_rows

MAIL = (
    "From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"
    "Message-ID: <1@client.example>\r\n\r\nIt burns.\r\n"
)


@pytest.fixture
def old(office: Any) -> Any:
    """A ticket with a category and a type, that waited for an hour."""
    office.configured(
        category={"bill": Category(name="Bill")},
        type={"bug": Type(name="Bug")},
        sla={"all": Sla(name="All", resolution={"else": Span(86400)})},
    )
    office.mail(MAIL)

    change = Change(ticket=office.ticket(1000))

    def told(tx: Any) -> None:
        record(
            tx, office.desk, edited(change, office.now, "bob", category="bill", type="bug", priority="high")
        )

    office.desk.engine.transact(told)
    tickets.move(office.by("bob"), [1000], "awaiting")
    office.passes(hours=1)
    tickets.move(office.by("bob"), [1000], "in-progress")
    office.passes(hours=1)
    tickets.move(office.by("bob"), [1000], "awaiting")
    return office


def renamed(office: Any) -> int:
    """The same desk with other slugs; how many tickets followed, each change counted."""
    known = office.desk.settings
    stages = {
        "waits" if slug == "awaiting" else slug: replace(stage, formerly=("awaiting",))
        if slug == "awaiting"
        else stage
        for slug, stage in STAGES.items()
    }
    office.configured(
        department={
            "help": replace(known.department["support"], formerly=("support", "helpdesk")),
            "sales": known.department["sales"],
        },
        stage=stages,
        category={"invoices": Category(name="Invoices", formerly=("bill",))},
        type={"fault": Type(name="Fault", formerly=("bug",))},
        priority={
            "low": Priority(name="Low"),
            "normal": Priority(name="Normal"),
            "hot": Priority(name="Hot", formerly=("high",)),
        },
    )
    return renaming.follow(office.desk.settings, office.desk.engine, office.now)


def test_tickets_staff_and_letters_follow_and_the_log_says_so(old: Any) -> None:
    before = len(old.events(1000))
    assert renamed(old) == 5
    ticket = old.ticket(1000)
    assert (ticket.department, ticket.stage, ticket.priority, ticket.category, ticket.type) == (
        "help", "waits", "hot", "invoices", "fault",
    )  # fmt: skip
    assert old.events(1000)[before:] == ["renamed"] * 5
    with old.desk.engine.read() as tx:
        told = [event for event in ticket_rows.events(tx, 1000) if event.kind == "renamed"]
    assert told[0].data == {"field": "department", "from": "support", "to": "help"}
    assert {letter.department for letter in old.letters()} == {"help"}
    assert members.one_staff(old.desk, "bob").departments == ("help",)
    assert old.mail(MAIL.replace("<1@", "<2@")).ticket == 1001
    assert {one.recipient for one in old.letters(ticket=1001, kind="alert")} == {"bob@staff.example"}


def test_it_is_done_once(old: Any) -> None:
    renamed(old)
    assert renaming.follow(old.desk.settings, old.desk.engine, old.now) == 0
    assert old.events(1000).count("renamed") == 5
    with old.desk.engine.write() as tx:
        tx.run("update ticket set category = 'bill'")
    assert renaming.follow(old.desk.settings, old.desk.engine, old.now) == 0  # not looked for in each run


def test_who_is_in_it_by_both_names_stays_in_it(old: Any) -> None:
    with old.desk.engine.write() as tx:
        tx.run("insert into staff_department (staff_id, department) values (1, 'help')")
        for place, department in enumerate(("support", "help"), 1):
            tx.run(
                "insert into turn (department, staff, place, at) values (:department, 'bob', :place, '')",
                department=department,
                place=place,
            )
    renamed(old)
    assert members.one_staff(old.desk, "bob").departments == ("help",)
    with old.desk.engine.read() as tx:
        assert tx.rows("select department, staff, place from turn") == [("help", "bob", 2)]


def test_both_names_lead_to_it(old: Any) -> None:
    renamed(old)
    filters = {
        "department": "support",
        "stage": "awaiting",
        "priority": "high",
        "category": "bill",
        "type": "bug",
    }
    for name, slug in filters.items():
        (found,) = views.listing(old.desk, **{name: slug})
        assert found.ticket.number == 1000
    tickets.move(old.by("bob"), [1000], "in-progress")
    tickets.move(old.by("bob"), [1000], "awaiting")
    assert old.ticket(1000).stage == "waits"


def test_the_time_in_a_stage_of_another_name_is_counted_as_before(old: Any) -> None:
    due = old.ticket(1000).due_at
    assert due is None  # it waits
    tickets.move(old.by("bob"), [1000], "in-progress")
    due = old.ticket(1000).due_at
    renamed(old)
    old.configured(sla={"all": Sla(name="All", resolution={"else": Span(86400)}), "none": Sla(name="None")})
    # A level that comes to hold anew counts from the log.
    with old.desk.engine.write() as tx:
        tx.run("delete from clock")
    clocks.renew(old.desk)
    assert old.ticket(1000).due_at == due


def test_the_tables_are_those_of_the_store() -> None:
    assert set(RENAMED) == set(rows.ON_TICKETS)


def test_the_next_command_does_it(site: Site) -> None:
    with site.desk("bob") as desk:
        tickets.new(desk, tickets.NewTicket(client="ann@client.example", subject="Printer", text="It burns."))
    text = SMALL_DESK.replace("[department.support]", "[department.help]")
    site.configure(
        'formerly = ["support"]', instead=text.replace('department = "support"', 'department = "help"')
    )
    with site.desk("bob") as desk:
        (found,) = views.listing(desk)
        assert found.ticket.department == "help"
        assert members.one_staff(desk, "bob").departments == ("help",)
        assert members.join(desk, "bob", "support", leave=True).departments == ()
