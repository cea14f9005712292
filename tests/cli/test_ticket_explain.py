"""``ticket explain``: what is promised on a ticket, for a person and for a script."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from desks import Site
from program import Run
from terminal import COLOURS, on_terminal

LEVELS = """
[calendar.office]
timezone = "Europe/Berlin"
hours = ["mon-fri 09:00-12:00 13:00-17:00"]
holidays = ["DE-BY"]
closed = ["12-24"]
open = ["2026-12-19 10:00-14:00"]

[sla.gold]
name = "Gold"
calendar = "office"
clients = ["client.example"]
first_response = { urgent = "1h", else = "2h" }
next_response = { else = "4h" }
resolution = { else = "35h" }
breach = ["assignee", "manager", "pager"]
"""


@pytest.fixture
def now() -> Iterator[time_machine.Traveller]:
    """The clock; it is Friday before Christmas, 15:30 in Berlin."""
    with time_machine.travel("2026-12-18T14:30:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def promised(site: Site, inside: Run, now: time_machine.Traveller) -> Site:
    """A ticket of a client to whom Gold was promised, and one of a client to whom nothing was."""
    site.configure(LEVELS)
    for sender in ("ann@client.example", "eve@other.example"):
        inside("ticket", "new", "--client", sender, "-s", "Printer", "-m", "It burns.")
    return site


def test_the_page_tells_how_each_moment_was_counted(
    promised: Site, inside: Run, now: time_machine.Traveller
) -> None:
    assert (
        inside("ticket", "explain", "1000").out
        == """\
HD-1000  Printer
The service level Gold holds: it names the client's address or domain: client.example.

-- first response
    promised:  2 h of working time of office (Europe/Berlin)
    used:      nothing; 2 h left
    due:       2026-12-19T09:30:00Z
    runs:      since the ticket was opened, 2026-12-18T14:30:00Z
    warning:   2026-12-18T16:00:00Z, to assignee
    over:      2026-12-19T09:30:00Z, to assignee, manager, pager
    counted:   fri 2026-12-18  15:30-17:00  1 h 30 min
               sat 2026-12-19  10:00-10:30  30 min  open, by hours of its own

-- next response
    promised:  4 h of working time of office (Europe/Berlin)
    ahead:     begins when the client writes again

-- resolution
    promised:  35 h of working time of office (Europe/Berlin)
    used:      nothing; 35 h left
    due:       2026-12-29T09:30:00Z
    runs:      since the ticket was opened, 2026-12-18T14:30:00Z
    warning:   2026-12-23T15:45:00Z, to assignee
    over:      2026-12-29T09:30:00Z, to assignee, manager, pager
    counted:   fri 2026-12-18  15:30-17:00  1 h 30 min
               sat 2026-12-19  10:00-14:00  4 h  open, by hours of its own
               mon 2026-12-21  09:00-12:00 13:00-17:00  7 h
               tue 2026-12-22  09:00-12:00 13:00-17:00  7 h
               wed 2026-12-23  09:00-12:00 13:00-17:00  7 h
               thu 2026-12-24  closed
               fri 2026-12-25  holiday: Christmas Day
               mon 2026-12-28  09:00-12:00 13:00-17:00  7 h
               tue 2026-12-29  09:00-10:30  1 h 30 min
"""
    )


def test_a_pause_a_breach_and_a_changed_configuration_are_told(
    promised: Site, inside: Run, now: time_machine.Traveller
) -> None:
    inside("ticket", "move", "1000", "awaiting")
    assert "stands:    since the ticket waits for its client, 2026-12-18T14:30:00Z" in _page(inside)
    now.move_to("2026-12-21T08:00:00Z")
    inside("ticket", "move", "1000", "new")
    now.move_to("2026-12-21T10:30:00Z")
    page = _page(inside)
    assert "used:      2 h 30 min; 30 min too much\n" in page
    assert "due:       2026-12-21T10:00:00Z, overdue" in page
    assert "runs:      since the ticket was moved, 2026-12-21T08:00:00Z" in page
    inside("ticket", "reply", "1000", "-m", "Water!")
    page = _page(inside)
    assert "met:       by staff's answer, 2026-12-21T10:30:00Z" in page
    assert "used:      2 h 30 min\n" in page
    promised.configure(LEVELS.replace("sla.gold", "sla.silver"))
    assert "The configuration has changed; the next run-rules counts anew." in _page(inside)


def _page(inside: Run) -> str:
    return inside("ticket", "explain", "1000").out


def test_where_nothing_is_promised_the_page_says_so(promised: Site, inside: Run) -> None:
    assert inside("ticket", "explain", "1001").out == (
        "HD-1001  Printer\nNothing is promised: no service level holds for it.\n"
    )
    assert inside("ticket", "explain", "1001", "--json").json == {
        "number": 1001,
        "level": None,
        "outdated": False,
        "due_at": None,
        "clocks": [],
    }


def test_many_days_are_folded_and_unfolded(promised: Site, inside: Run) -> None:
    promised.configure(LEVELS.replace('"35h"', '"210h"'))
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Long", "-m", "x")
    page = inside("ticket", "explain", "1002").out
    assert "           [24 more days; --all shows them]\n" in page
    assert page.count("\n               ") < 20
    unfolded = inside("ticket", "explain", "1002", "--all").out
    assert "more days" not in unfolded
    assert "holiday: Epiphany" in unfolded


def test_a_night_shift_and_a_whole_day_end_at_their_own_midnight(promised: Site, inside: Run) -> None:
    for hours, shown in (
        ("fri-sat 22:00-06:00", "fri 2026-12-18  22:00-06:00  8 h"),
        ("mon-sun 00:00-24:00", "fri 2026-12-18  15:30-24:00  8 h 30 min"),
    ):
        promised.configure(LEVELS.replace("mon-fri 09:00-12:00 13:00-17:00", hours))
        inside("ticket", "new", "--client", "ann@client.example", "-s", "Night", "-m", "x")
        numbers = inside("ticket", "list", "--ids").out.split()
        assert shown in inside("ticket", "explain", max(numbers)).out


def test_the_json_has_exactly_its_keys(promised: Site, inside: Run) -> None:
    found = inside("ticket", "explain", "1000", "--json").json
    assert set(found) == {"number", "level", "outdated", "due_at", "clocks"}
    assert found["level"] == {"slug": "gold", "name": "Gold", "by": "clients", "value": "client.example"}
    assert found["due_at"] == "2026-12-19T09:30:00Z"
    first, following, _ = found["clocks"]
    assert (following["target"], following["state"], following["due_at"]) == ("next-response", "ahead", None)
    assert set(first) == set(following)
    days = first.pop("days")
    assert first == {
        "target": "first-response",
        "state": "runs",
        "since": "2026-12-18T14:30:00Z",
        "why": "opened",
        "budget": 7200,
        "used": 0,
        "used_before": 0,
        "calendar": "office",
        "zone": "Europe/Berlin",
        "due_at": "2026-12-19T09:30:00Z",
        "overdue": False,
        "notified": [
            {
                "kind": "warning",
                "at": "2026-12-18T16:00:00Z",
                "told_at": None,
                "to": ["assignee"],
                "quiet": False,
            },
            {
                "kind": "breach",
                "at": "2026-12-19T09:30:00Z",
                "told_at": None,
                "to": ["assignee", "manager", "pager"],
                "quiet": False,
            },
        ],
    }
    assert days[1] == {
        "day": "2026-12-19",
        "spans": [{"from": "2026-12-19T09:00:00Z", "to": "2026-12-19T09:30:00Z"}],
        "seconds": 1800,
        "why": "open",
        "name": None,
    }


def test_lists_and_pages_show_what_is_due(promised: Site, inside: Run, now: time_machine.Traveller) -> None:
    assert inside("ticket", "list", "--overdue", "--ids").out == ""
    now.move_to("2026-12-19T09:30:01Z")
    (ticket,) = inside("ticket", "list", "--overdue", "--json").json
    assert (ticket["number"], ticket["due_at"], ticket["overdue"]) == (1000, "2026-12-19T09:30:00Z", True)
    assert inside("ticket", "list", "--sort", "due", "--fields", "number,sla").out == "1000\tgold\n1001\t\n"
    page = inside("ticket", "show", "1000").out
    assert "promised:     Gold\n" in page
    assert "due:          2026-12-19T09:30:00Z, overdue\n" in page
    assert "promised:" not in inside("ticket", "show", "1001").out


def test_a_person_is_told_how_far_each_moment_is(site: Site, inside: Run) -> None:
    site.configure('[sla.quick]\nname = "Quick"\nfirst_response = { else = "1h" }\n')
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Printer", "-m", "It burns.")
    env = {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "NO_COLOR": "1"}
    code, written = on_terminal("ticket", "explain", "1000", env=env)
    page = COLOURS.sub(b"", written).decode()
    assert code == 0
    assert "it is for everybody for whom no other level holds." in page
    assert "1 h of time, day and night" in page
    assert re.search(r"due: +\d{4}-\d\d-\d\d \d\d:\d\d \(in (59|60) min\)", page)
    assert re.search(r"runs: +since the ticket was opened, \d{4}-\d\d-\d\d \d\d:\d\d \(now\)", page)
