"""Service levels on a desk: clocks that follow what happens, what is told once, and a changed configuration."""

from typing import Any

import pytest
from msgspec.structs import replace
from stores import on_sqlite

from helpdesk_cli.domain.sla import FIRST, NEXT, RESOLUTION, Clock
from helpdesk_cli.errors import BadConfig
from helpdesk_cli.services import clocks, editing, incoming, people, tickets
from helpdesk_cli.services.clocks import Due, count_due, due_breaches, due_warnings, renew, told
from helpdesk_cli.settings import Calendar, Category, Sla, Span
from helpdesk_cli.store import clocks as rows
from helpdesk_cli.store import holidays

HOUR = 3600


def hours(count: float) -> Span:
    return Span(int(count * HOUR))


GOLD = Sla(
    name="Gold",
    calendar="office",
    first_response={"urgent": hours(1), "else": hours(4)},
    next_response={"else": hours(8)},
    resolution={"else": hours(40)},
)
QUICK = Sla(name="Quick", categories=("billing",), first_response={"else": hours(2)})
FIRM = Sla(name="Firm", organizations=("Example Ltd",), resolution={"else": hours(10)})
OFFICE_HOURS = Calendar(hours=("mon-fri 09:00-17:00",))


def monday(time: str, *, day: int = 23) -> str:
    """A moment of the Monday of these tests, or of another day of that November."""
    return f"2026-11-{day:02}T{time}:00Z"


@pytest.fixture
def promised(office: Any) -> Any:
    """A desk that promises Gold to everybody; it is Monday morning."""
    office.configured(sla={"gold": GOLD}, calendar={"office": OFFICE_HOURS})
    office.now = monday("09:00")
    return office


def entered(office: Any, **fields: Any) -> int:
    wish = {"client": "ann@client.example", "subject": "S", "text": "T", "department": "support", **fields}
    return tickets.new(office.by("bob"), tickets.NewTicket(**wish))


def clocks_of(office: Any, number: int = 1000) -> dict[str, Clock]:
    with office.desk.engine.read() as tx:
        return rows.of_tickets(tx, [number]).get(number, {})


def due(office: Any) -> tuple[list[Due], list[Due]]:
    """The warnings and the breaches that wait to be told now."""
    with office.desk.engine.read() as tx:
        return due_warnings(tx, office.now), due_breaches(tx, office.now)


def mail(number: int, text: str = "More.", answers: int = 0) -> str:
    reference = f"In-Reply-To: <{answers}@client.example>\r\n" if answers else ""
    return (
        "From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"
        f"Message-ID: <{number}@client.example>\r\n{reference}\r\n{text}\r\n"
    )


# They follow what happens


def test_a_mail_begins_the_clocks_at_its_arrival(promised: Any) -> None:
    promised.now = monday("10:00")
    promised.mail(mail(1), arrived_at=monday("09:30"))
    ticket = promised.ticket(1000)
    assert (ticket.sla, ticket.due_at) == ("gold", monday("13:30"))
    found = clocks_of(promised)
    assert set(found) == {FIRST, RESOLUTION}
    assert (found[FIRST].running_since, found[RESOLUTION].due_at) == (
        monday("09:30"),
        monday("09:30", day=30),
    )


def test_a_whole_story_leaves_the_right_times(promised: Any) -> None:
    promised.mail(mail(1))
    bob = promised.by("bob")
    promised.now = monday("11:00")
    tickets.reply(bob, 1000, tickets.Answer(text="Which one?"))
    assert promised.ticket(1000).due_at == monday("17:00", day=27)
    tickets.move(bob, [1000], "awaiting")
    assert promised.ticket(1000).due_at is None
    promised.now = monday("10:00", day=24)
    promised.mail(mail(2, "The red one.", answers=1))
    found = clocks_of(promised)
    assert promised.ticket(1000).state == "open"
    assert (found[NEXT].due_at, found[RESOLUTION].used) == (monday("10:00", day=25), 2 * HOUR)
    assert promised.ticket(1000).due_at == monday("10:00", day=25)
    promised.now = monday("11:00", day=24)
    tickets.close(bob, [1000], "It works again.")
    assert [(clock.met_at, clock.used / HOUR) for _, clock in sorted(clocks_of(promised).items())] == [
        (monday("11:00"), 2),
        (monday("11:00", day=24), 1),
        (monday("11:00", day=24), 3),
    ]
    assert (promised.ticket(1000).due_at, promised.ticket(1000).sla) == (None, "gold")
    promised.now = monday("09:00", day=26)
    promised.mail(mail(3, "No, it does not.", answers=1))
    found = clocks_of(promised)
    assert (found[RESOLUTION].used, found[RESOLUTION].running_since) == (3 * HOUR, promised.now)
    assert (found[NEXT].started_at, found[NEXT].met_at) == (promised.now, None)


def test_an_edited_priority_and_category_change_what_is_promised(promised: Any) -> None:
    promised.configured(sla={"quick": QUICK, "gold": GOLD}, category={"billing": Category(name="Billing")})
    entered(promised)
    bob = promised.by("bob")
    promised.now = monday("09:30")
    editing.edit(bob, [1000], editing.Edit(priority="urgent"))
    assert promised.ticket(1000).due_at == monday("10:00")
    editing.edit(bob, [1000], editing.Edit(category="billing"))
    assert (promised.ticket(1000).sla, promised.ticket(1000).due_at) == ("quick", monday("11:00"))
    assert (clocks_of(promised)[FIRST].used, clocks_of(promised)[RESOLUTION].due_at) == (HOUR / 2, None)


def test_clients_have_the_level_of_their_organization_as_soon_as_it_is_known(promised: Any) -> None:
    promised.configured(sla={"firm": FIRM, "gold": GOLD})
    entered(promised)
    entered(promised, client="eve@other.example")
    closed = entered(promised)
    tickets.close(promised.by("bob"), [closed])
    people.edit_client(promised.desk, "ann@client.example", organization="example ltd")
    assert [promised.ticket(number).sla for number in (1000, 1001, 1002)] == ["firm", "gold", "gold"]
    assert promised.ticket(1000).due_at == monday("19:00")
    people.edit_client(promised.desk, "ann@client.example", organization="")
    assert promised.ticket(1000).sla == "gold"


def test_clients_have_the_level_of_any_of_their_addresses(promised: Any) -> None:
    promised.configured(sla={"vip": replace(FIRM, organizations=(), clients=("vip.example",)), "gold": GOLD})
    entered(promised)
    people.add_address(promised.desk, "ann@client.example", "ann@mail.vip.example")
    assert promised.ticket(1000).sla == "vip"
    entered(promised)
    assert promised.ticket(1001).sla == "vip"
    people.remove_address(promised.desk, "ann@client.example", "ann@mail.vip.example")
    assert [promised.ticket(number).sla for number in (1000, 1001)] == ["gold", "gold"]


def test_without_a_level_there_are_no_clocks_and_nothing_is_due(office: Any) -> None:
    entered(office)
    assert (clocks_of(office), office.ticket(1000).sla, office.ticket(1000).due_at) == ({}, None, None)
    assert renew(office.desk) == 0


def test_old_mail_that_is_imported_is_promised_nothing_until_it_is_opened_again(promised: Any) -> None:
    path = promised.folder / "old.eml"
    path.write_text(mail(1))
    incoming.import_mail(promised.desk, [path], mailbox="support")
    assert promised.ticket(1000).state == "closed"
    assert (clocks_of(promised), promised.ticket(1000).sla) == ({}, None)
    tickets.note(promised.by("bob"), 1000, tickets.Answer(text="Old."))
    assert (clocks_of(promised), promised.ticket(1000).sla) == ({}, None)
    promised.now = monday("10:00")
    tickets.reopen(promised.by("bob"), [1000])
    assert clocks_of(promised)[RESOLUTION].used == 0
    assert promised.ticket(1000).due_at == monday("14:00")


def test_a_failed_change_leaves_the_clocks_alone(promised: Any) -> None:
    entered(promised)
    before, ticket = clocks_of(promised), promised.ticket(1000)
    with pytest.raises(RuntimeError), promised.desk.engine.write() as tx:
        change = tickets.Change(ticket=replace(ticket, state="closed", stage="done"))
        clocks.follow(tx, promised.desk, change.ticket, change, promised.now)
        raise RuntimeError
    assert clocks_of(promised) == before


# What is told


def test_warnings_and_breaches_wait_until_they_are_told_once(promised: Any) -> None:
    entered(promised)
    promised.now = monday("11:59")
    assert due(promised) == ([], [])
    promised.now = monday("12:00")
    (warning,), breaches = due(promised)
    assert (warning, breaches) == (
        Due(kind="warning", ticket=1000, target=FIRST, sla="gold", due_at=monday("13:00")),
        [],
    )
    with promised.desk.engine.write() as tx:
        told(tx, [warning], promised.now)
        assert count_due(tx, "warning", promised.now) == 0
    promised.now = monday("13:00")
    warnings, (breach,) = due(promised)
    assert (warnings, breach.kind, breach.due_at) == ([], "breach", monday("13:00"))
    with promised.desk.engine.write() as tx:
        assert count_due(tx, "breach", promised.now) == 1
        told(tx, [breach], promised.now)
    tickets.note(promised.by("bob"), 1000, tickets.Answer(text="Sorry."))
    assert due(promised) == ([], [])
    first = clocks_of(promised)[FIRST]
    assert (first.warned_at, first.breached_at) == (monday("12:00"), monday("13:00"))
    assert promised.ticket(1000).due_at == monday("13:00")


def test_who_was_not_warned_in_time_hears_of_the_breach_alone(promised: Any) -> None:
    entered(promised)
    promised.now = monday("15:00")
    warnings, breaches = due(promised)
    assert (warnings, [one.target for one in breaches]) == ([], [FIRST])
    with promised.desk.engine.write() as tx:
        told(tx, breaches, promised.now)
    assert due(promised) == ([], [])
    assert clocks_of(promised)[FIRST].warn_at is None


def test_the_oldest_are_told_first_and_no_more_than_asked_for(promised: Any) -> None:
    promised.now = monday("10:00")
    for minute in (30, 10, 20):
        promised.mail(mail(minute), arrived_at=monday(f"09:{minute}"))
    promised.now = monday("16:00")
    with promised.desk.engine.read() as tx:
        assert [one.ticket for one in due_breaches(tx, promised.now)] == [1001, 1002, 1000]
        assert [one.ticket for one in due_breaches(tx, promised.now, 2)] == [1001, 1002]
        assert [one.ticket for one in due_breaches(tx, promised.now, among=[1000, 1001])] == [1001, 1000]
        assert due_breaches(tx, promised.now, among=[]) == []
        assert count_due(tx, "breach", promised.now) == 3


# A changed configuration


def test_a_new_level_counts_from_the_opening_and_tells_nobody_of_what_is_over(office: Any) -> None:
    office.now = monday("09:00")
    entered(office)
    office.passes(hours=6)
    entered(office)
    tickets.move(office.by("bob"), [1001], "awaiting")
    office.configured(sla={"gold": GOLD}, calendar={"office": OFFICE_HOURS})
    assert renew(office.desk) == 2
    assert (office.ticket(1000).due_at, office.ticket(1001).due_at) == (monday("13:00"), None)
    assert due(office) == ([], [])
    assert clocks_of(office, 1001)[FIRST].used == 0
    tickets.move(office.by("bob"), [1001], "new")
    assert office.ticket(1001).due_at == monday("11:00", day=24)
    office.now = monday("15:00", day=26)
    assert [one.target for one in due(office)[0]] == [RESOLUTION]


def test_all_is_brought_in_line_once_for_each_configuration(promised: Any) -> None:
    entered(promised)
    assert renew(promised.desk) == 0  # its clocks are right already
    promised.configured(calendar={"office": Calendar(hours=("mon-fri 10:00-16:00",))})
    assert promised.ticket(1000).due_at == monday("13:00")
    assert renew(promised.desk) == 1
    assert promised.ticket(1000).due_at == monday("14:00")
    promised.configured(sla={"gold": replace(GOLD, first_response={"else": hours(1)})})
    promised.now = monday("12:00")
    assert renew(promised.desk) == 1
    assert [one.due_at for one in due(promised)[1]] == [monday("11:00")]
    assert renew(promised.desk) == 0
    with promised.desk.engine.write() as tx:
        tx.run("update ticket set sla = null")
    assert renew(promised.desk) == 0  # the configuration is as it was
    assert promised.ticket(1000).sla is None


def test_what_does_not_concern_them_brings_nothing_in_line(promised: Any) -> None:
    mark = clocks.fingerprint(promised.desk.settings)
    promised.configured(category={"billing": Category(name="Billing")})
    assert clocks.fingerprint(promised.desk.settings) == mark
    promised.configured(sla={"gold": replace(GOLD, warn_at=50)})
    assert clocks.fingerprint(promised.desk.settings) != mark


def test_levels_taken_out_leave_nothing_due(promised: Any) -> None:
    entered(promised)
    renew(promised.desk)
    promised.configured(sla={}, calendar={})
    assert renew(promised.desk) == 1
    assert (promised.ticket(1000).sla, promised.ticket(1000).due_at) == (None, None)
    promised.now = monday("15:00", day=30)
    assert due(promised) == ([], [])
    assert renew(promised.desk) == 0
    promised.configured(sla={"gold": GOLD}, calendar={"office": OFFICE_HOURS})
    assert renew(promised.desk) == 1
    assert promised.ticket(1000).due_at == monday("13:00")


def test_many_are_brought_in_line_in_parts_and_closed_ones_are_left_alone(
    promised: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "AT_ONCE", 2)
    for _ in range(5):
        entered(promised)
    tickets.close(promised.by("bob"), [1002])
    before = clocks_of(promised, 1002)
    promised.configured(sla={"quick": replace(QUICK, categories=())})
    steps: list[int] = []

    class Counted:
        def __init__(self, label: str, total: int) -> None:
            assert (label, total) == ("service levels", 4)

        def __enter__(self) -> Any:
            return steps.append

        def __exit__(self, *_: object) -> None:
            pass

    assert renew(promised.desk, Counted) == 4
    assert steps == [2, 2]
    assert [promised.ticket(1000 + number).sla for number in range(5)] == [
        "quick",
        "quick",
        "gold",
        "quick",
        "quick",
    ]
    assert clocks_of(promised, 1002) == before


# Holidays


def kept(office: Any, region: str) -> dict[tuple[str, int], dict[str, str]]:
    with office.desk.engine.read() as tx:
        return holidays.kept(tx, [region], range(2000, 2100))


def test_holidays_are_asked_once_and_stay_what_they_were(
    promised: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    promised.configured(calendar={"office": replace(OFFICE_HOURS, holidays=("DE-BY", "US"))})
    promised.now = "2026-12-24T15:00:00Z"
    entered(promised)
    assert promised.ticket(1000).due_at == "2026-12-28T11:00:00Z"  # the 25th is a Friday
    assert [year for _, year in kept(promised, "DE-BY")] == [2025, 2026, 2027, 2028]
    assert kept(promised, "DE-BY")["DE-BY", 2026]["2026-12-25"] == "Christmas Day"

    def forgot(*_: object) -> dict[str, str]:
        raise AssertionError("the library was asked again")

    monkeypatch.setattr("helpdesk_cli.domain.public_holidays.days_of", forgot)
    with promised.desk.engine.write() as tx:
        tx.run("delete from holiday where region = 'DE-BY' and day = '2026-12-25'")
        tx.run("delete from holiday where region = 'US' and day = '2026-12-25'")
    entered(promised)
    assert promised.ticket(1001).due_at == "2026-12-25T11:00:00Z"


def test_a_year_without_holidays_is_kept_as_well(promised: Any) -> None:
    with promised.desk.engine.write() as tx:
        holidays.keep(tx, "ZZ", 2026, {})
        holidays.keep(tx, "ZZ", 2026, {})
    assert kept(promised, "ZZ") == {("ZZ", 2026): {}}


def test_a_region_that_nobody_knows_stops_no_mail_and_is_told_to_who_brings_all_in_line(
    promised: Any,
) -> None:
    promised.configured(calendar={"office": replace(OFFICE_HOURS, holidays=("DE-BAY",))})
    assert promised.mail(mail(1)).outcome == "opened"
    assert promised.ticket(1000).due_at == monday("13:00")
    with pytest.raises(BadConfig, match=r'calendar\.office\.holidays: "DE-BAY" .* did you mean "DE-BY"'):
        renew(promised.desk)
    assert kept(promised, "DE-BAY") == {}


@on_sqlite
def test_a_desk_in_another_zone_counts_by_its_own(promised: Any) -> None:
    promised.configured(desk=replace(promised.desk.settings.desk, timezone="America/New_York"))
    entered(promised)
    assert promised.ticket(1000).due_at == monday("18:00")
    promised.configured(calendar={"office": replace(OFFICE_HOURS, timezone="Asia/Kolkata")})
    assert renew(promised.desk) == 1
    assert promised.ticket(1000).due_at == monday("05:00", day=24)
