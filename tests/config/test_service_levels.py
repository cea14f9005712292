"""Calendars and service levels: what there is not is told with what there is."""

from collections.abc import Callable

import pytest

Told = Callable[..., list[str]]

LEVELS = """
[category.billing]
name = "Billing"

[calendar.office]
timezone = "Europe/Berlin"
hours = ["mon-fri 09:00-17:00"]
holidays = ["DE-BY", "US"]
closed = ["12-24", "2026-12-28"]
open = ["2026-12-19 10:00-14:00"]

[sla.gold]
name = "Gold"
calendar = "office"
clients = ["ann@example.com", "bücher.example"]
organizations = ["Example Ltd"]
categories = ["billing"]
departments = ["support"]
first_response = { urgent = "1h", else = "4h" }
resolution = { else = "10d" }
warn_at = 80
warning = ["assignee", "carol"]
breach = ["manager", "department", "watchers", "pager"]

[sla.rest]
name = "All others"
next_response = { else = 3600 }
"""

SPOILT = [
    # what stands there, what is put for it, the fault
    ('"Europe/Berlin"', '"Europe/Berln"', 'calendar.office.timezone: "Europe/Berln" is not known;'),
    ('["mon-fri 09:00-17:00"]', "[]", "calendar.office.hours: there are none; such as"),
    ("mon-fri 09:00", "mon-fry 09:00", 'calendar.office.hours: "mon-fry 09:00-17:00": "fry" is no day;'),
    ("09:00-17:00", "9-17", 'calendar.office.hours: "mon-fri 9-17": "9-17" must be two times'),
    ('"12-24"', '"24.12."', 'calendar.office.closed: "24.12." is no day; such as "2026-12-24"'),
    ('"2026-12-28"', '"2026-12-32"', 'calendar.office.closed: "2026-12-32" is no day;'),
    (" 10:00-14:00", "", 'calendar.office.open: "2026-12-19": must be a day and spans of time'),
    ("2026-12-19 10", "sat 10", 'calendar.office.open: "sat" is no day;'),
    ('"DE-BY"', '"Germany"', 'calendar.office.holidays: "Germany" must be a country, such as "DE"'),
    ('"DE-BY"', '"de"', 'calendar.office.holidays: "de" must be a country'),
    ('"DE-BY"', '"DE-"', 'calendar.office.holidays: "DE-" must be a country'),
    ('calendar = "office"', 'calendar = "ofice"', 'there is no [calendar.ofice]; did you mean "office"?'),
    (
        'calendar = "office"',
        'calendar = "xyz"',
        "sla.gold.calendar: there is no [calendar.xyz]; there are: office",
    ),
    (
        '["billing"]',
        '["biling"]',
        'sla.gold.categories: there is no [category.biling]; did you mean "billing"?',
    ),
    (
        '["support"]',
        '["suport"]',
        'sla.gold.departments: there is no [department.suport]; did you mean "support"?',
    ),
    ('"ann@example.com"', '"ann@"', 'sla.gold.clients: "ann@" must be an address such as'),
    ('"ann@example.com"', '"ann"', 'sla.gold.clients: "ann" must be an address such as'),
    ('"ann@example.com"', '"@example.com"', 'sla.gold.clients: "@example.com" must be an address'),
    ('"Example Ltd"', '" "', "sla.gold.organizations: must not be empty"),
    (
        "urgent =",
        "urgnt =",
        'sla.gold.first_response.urgnt: there is no [priority.urgnt]; did you mean "urgent"?',
    ),
    ("urgent =", "xyz =", "there is no [priority.xyz]; there are: low, normal, high, urgent, else"),
    ('"1h"', '"0h"', "sla.gold.first_response.urgent: must be more than nothing"),
    ('"10d"', '"400d"', "sla.gold.resolution.else: its calendar has not so much working time in 4 years"),
    ("next_response = { else = 3600 }", "", "sla.rest: promises nothing; add first_response,"),
    (
        "warn_at = 80",
        "warn_at = 100",
        "sla.gold.warn_at: 100 will not do; a share in percent, from 1 to 99, or 0",
    ),
    ("warn_at = 80", "warn_at = -1", "sla.gold.warn_at: -1 will not do"),
    ('"carol"', '"me"', 'sla.gold.warning: "me" is nobody; must be one of assignee, manager'),
    ('"manager"', '"the boss"', 'sla.gold.breach: "the boss" is nobody;'),
]


@pytest.fixture
def levels(sound: str) -> str:
    return sound + LEVELS


def test_right_levels_have_no_fault(told: Told, levels: str) -> None:
    assert told(levels) == []
    assert told(levels, thoroughly=True) == [
        fault for fault in told(levels, thoroughly=True) if "secret_file" in fault
    ]


@pytest.mark.parametrize(("here", "there", "fault"), SPOILT)
def test_what_is_wrong_is_told_with_what_is_right(
    told: Told, levels: str, here: str, there: str, fault: str
) -> None:
    assert levels.count(here) == 1 or here in LEVELS
    place = levels.index(here, levels.index(LEVELS))
    (said,) = told(levels[:place] + there + levels[place + len(here) :])
    assert fault in said


def test_a_second_level_for_everybody_never_holds(told: Told, levels: str) -> None:
    (said,) = told(levels + '[sla.more]\nname = "More"\nresolution = { else = "1d" }\n')
    assert "sla.more: never holds, for [sla.rest] is for everybody already" in said


def test_a_slug_and_a_name_have_their_form(told: Told, levels: str) -> None:
    assert any('sla."A b"' in fault for fault in told(levels.replace("[sla.gold]", '[sla."A b"]')))
    assert any("sla.gold.name" in fault for fault in told(levels.replace('"Gold"', '""')))


@pytest.mark.parametrize(
    ("region", "fault"),
    [
        ("XX", '"XX" is no country of which we know the holidays; a code such as DE or US'),
        ("DE-BAY", '"DE-BAY" is no part of DE; did you mean "DE-BY"?; there are: BB, BE'),
        ("AO-XX", '"AO-XX": no parts of AO have holidays of their own; write "AO"'),
    ],
)
def test_a_region_that_nobody_knows_is_told_by_config_check(
    told: Told, levels: str, region: str, fault: str
) -> None:
    text = levels.replace('"US"', f'"{region}"')
    assert told(text) == []
    assert [said for said in told(text, thoroughly=True) if f"calendar.office.holidays: {fault}" in said]
