"""Staff who are away: named by words, told to others, and who stands in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from desks import Site
from program import Run

TODAY = datetime.now(UTC).date()


def day(ahead: int) -> str:
    return str(TODAY + timedelta(days=ahead))


@pytest.fixture
def crew(site: Site, inside: Run) -> None:
    """Carla beside Bob in support, Eve in no department."""
    for login in ("carla", "eve"):
        inside("staff", "new", login, "--name", login.title(), "--email", f"{login}@desk.example")
    inside("staff", "join", "carla", "support")


def shown(inside: Run, login: str = "bob") -> Any:
    return inside("staff", "show", login, "--json").json


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        (("2090-12-24", "2091-01-06"), "2090-12-24", "2091-01-06"),
        (("today", "tomorrow"), day(0), day(1)),
        (("today", "today"), day(0), day(0)),
        (("yesterday", "-"), day(-1), None),
        (("in 3 days", "in 1 week"), day(3), day(10)),
        (("2 days ago", "in 1 week"), day(-2), day(7)),
        ((f"{TODAY + timedelta(days=2):%A}", f"{TODAY + timedelta(days=1):%A}"), day(2), day(8)),
        ((f"next {TODAY:%A}".lower(), "-"), day(7), None),
        ((f"{TODAY:%A}".lower(), "-"), day(0), None),
    ],
)
def test_days_are_named_as_people_do(
    crew: None, inside: Run, words: tuple[str, str], first: str, last: str
) -> None:
    inside("staff", "edit", "bob", "--away", *words)
    assert (shown(inside)["away_from"], shown(inside)["away_to"]) == (first, last)
    inside("staff", "edit", "bob", "--back")
    assert (shown(inside)["away_from"], shown(inside)["away_to"]) == (None, None)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ("--away", "2090-12-24", "2090-12-23"),
            2,
            "2090-12-23 is before 2090-12-24; the last day comes second",
        ),
        (("--away", "2020-12-24", "2020-12-26"), 2, "2020-12-26 is over; name days to come, or --back"),
        (("--away", "soon", "-"), 2, "--away soon: is no day; write a date (2026-12-24), today"),
        (("--away", "today"), 2, "requires 2 arguments"),
        (("--away", "today", "-", "--back"), 2, "--away and --back exclude each other"),
        (("--deputy", "zoe"), 4, "zoe: no such staff member"),
        (("--deputy", "bob"), 2, "nobody stands in for themselves"),
        (("--level", "4"), 2, "1<=x<=3"),
        ((), 2, "--away, --back, --deputy"),
    ],
)
def test_what_cannot_be_is_told(
    crew: None, inside: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    before = shown(inside)
    assert told in inside("staff", "edit", "bob", *words, code=code).err
    assert shown(inside) == before


@pytest.mark.parametrize(
    ("deputy", "told"),
    [
        ("none", "nobody stands in for bob; 'helpdesk staff edit bob --deputy LOGIN' names somebody"),
        ("carla", ""),
        ("eve", "eve shares no department with bob, and hears only of tickets that they may see"),
    ],
)
def test_doubts_about_a_deputy_are_told(crew: None, inside: Run, deputy: str, told: str) -> None:
    done = inside("staff", "edit", "bob", "--away", "tomorrow", "-", "--deputy", deputy)
    assert done.err == (f"helpdesk: {told}\n" if told else "")
    assert shown(inside)["deputy"] == (None if deputy == "none" else deputy)


def test_there_is_no_chain_of_deputies(crew: None, inside: Run) -> None:
    inside("staff", "edit", "carla", "--away", day(3), day(5), "--deputy", "eve")
    away = ("staff", "edit", "bob", "--deputy", "carla", "--away")
    told = "helpdesk: carla is away in that time too, and nobody stands in for a deputy\n"
    assert inside(*away, day(0), day(3)).err == told
    assert inside(*away, day(5), "-").err == told
    assert inside(*away, day(0), day(2)).err == ""
    assert inside(*away, day(6), "-").err == ""
    inside("staff", "retire", "carla")
    told = "helpdesk: carla, who stood in for bob, has retired; name another --deputy\n"
    assert inside("staff", "edit", "bob", "--away", "today", "-").err == told


def test_staff_say_themselves_when_they_are_away_and_no_more(crew: None, inside: Run) -> None:
    for words in (("--away", "today", "-"), ("--deputy", "bob"), ("--back",)):
        inside("staff", "edit", "carla", *words, login="carla")
        assert "only an admin" in inside("staff", "edit", "bob", *words, login="carla", code=3).err
    for words in (("--level", "3"), ("--role", "admin"), ("--away", "today", "-", "--name", "C")):
        assert "only an admin" in inside("staff", "edit", "carla", *words, login="carla", code=3).err


def test_levels_and_absences_are_shown(crew: None, inside: Run) -> None:
    new = inside(
        "staff", "new", "dora", "--name", "D", "--email", "d@desk.example", "--level", "2", "--json"
    ).json
    assert (new["level"], new["away_from"], new["away_to"], new["deputy"]) == (2, None, None, None)
    inside("staff", "edit", "dora", "--level", "3", "--away", "2090-01-01", "-", "--deputy", "bob")
    page = inside("staff", "show", "dora").out
    assert "level: 3" in " ".join(page.split()) and "2090-01-01 to …" in page and "bob" in page
    row = inside("staff", "list", "--fields", "login,level,away_from,away_to,deputy").out.splitlines()[2]
    assert row.split("\t") == ["dora", "3", "2090-01-01", "", "bob"]


def test_who_gives_a_ticket_to_somebody_away_is_warned(crew: None, site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    inside("staff", "edit", "carla", "--away", "today", day(4), "--deputy", "bob")
    told = f"helpdesk: carla is away until {day(4)}; bob hears in their place\n"
    assert inside("ticket", "assign", "1000", "carla").err == told
    assert inside("ticket", "take", "1000", login="carla").err == told
    inside("staff", "edit", "carla", "--away", "today", "-", "--deputy", "none")
    told = "helpdesk: carla is away until further notice, and nobody stands in\n"
    assert inside("ticket", "assign", "1000", "carla").err == told
    assert inside("ticket", "show", "1000", "--json").json["assignee"] == "carla"
    assert inside("ticket", "assign", "1000", "bob").err == ""
