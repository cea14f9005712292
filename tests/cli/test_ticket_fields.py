"""Type, tags, level and privacy of tickets, from the terminal."""

from typing import Any

import pytest
from desks import Site
from program import Run

KINDS = '[type.incident]\nname = "Incident"\n[type.wish]\nname = "Wish"\n'


@pytest.fixture
def ticket(site: Site, inside: Run) -> int:
    """Ann's ticket 1000 at a desk that knows types; Eve is staff of support beside Bob, an admin."""
    site.configure(KINDS)
    site.write(sender="Ann <ann@client.example>")
    inside("fetch-mail")
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    inside("staff", "join", "eve", "support")
    return 1000


def edit(inside: Run, *words: str, **more: Any) -> Any:
    return inside("ticket", "edit", "1000", *words, **more)


def test_a_ticket_has_no_type_and_is_public_of_the_first_level(ticket: int, inside: Run) -> None:
    (row,) = inside("ticket", "list", "--json").json
    assert (row["type"], row["private"], row["level"], row["tags"]) == (None, False, 1, [])


def test_fields_are_set_and_taken_away(ticket: int, inside: Run) -> None:
    words = (
        "--type",
        "Incident",
        "--private",
        "--level",
        "2",
        "--tag",
        "VIP",
        "--tag",
        "invoice-17",
        "--json",
    )
    row = edit(inside, *words).json
    assert (row["type"], row["private"], row["level"], row["tags"]) == (
        "incident",
        True,
        2,
        ["invoice-17", "vip"],
    )
    page = " ".join(inside("ticket", "show", "1000").out.split())
    for words_shown in ("type: Incident", "level: 2", "private: only its assignee and admins see it"):
        assert words_shown in page
    row = edit(
        inside, "--type", "", "--public", "--level", "1", "--untag", "vip", "--untag", "never", "--json"
    ).json
    assert (row["type"], row["private"], row["level"], row["tags"]) == (None, False, 1, ["invoice-17"])
    log = [one["data"] for one in inside("ticket", "log", "1000", "--json").json if one["kind"] == "edited"]
    assert {"field": "tag", "from": None, "to": "vip"} in log
    assert {"field": "tag", "from": "vip", "to": None} in log
    assert {"field": "private", "from": False, "to": True} in log


def test_what_is_there_already_is_no_change(ticket: int, inside: Run) -> None:
    edit(inside, "--tag", "vip")
    before = inside("ticket", "show", "1000", "--json").json
    edit(inside, "--tag", "vip", "--untag", "never", "--public")
    assert inside("ticket", "show", "1000", "--json").json == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--type", "bug"), "bug: no such type; there are incident, wish"),
        (("--tag", "two words"), "--tag two words: a tag is one word of letters, digits and"),
        (("--untag", ""), "--untag : a tag is one word"),
        (("--tag", "x" * 51), "at most 50 of them"),
        (("--level", "0"), "1<=x<=3"),
        ((), "nothing to change: name --priority"),
    ],
)
def test_what_cannot_be_is_told(ticket: int, inside: Run, words: tuple[str, ...], told: str) -> None:
    assert told in edit(inside, *words, code=2).err


def test_lists_are_asked_by_type_tag_and_level(ticket: int, site: Site, inside: Run) -> None:
    site.write(sender="ben@client.example")
    inside("fetch-mail")
    edit(inside, "--type", "wish", "--tag", "vip", "--level", "3")
    for words in (("--type", "Wish"), ("--tag", "VIP"), ("--level", "3"), ("--type", "wish", "--tag", "vip")):
        assert inside("ticket", "list", *words, "--ids").out == "1000\n"
    assert inside("ticket", "list", "--type", "incident", "--ids").out == ""
    assert inside("ticket", "list", "--level", "1", "--ids").out == "1001\n"
    assert "no such type" in inside("ticket", "list", "--type", "bug", code=2).err
    row = inside("ticket", "list", "--level", "3", "--fields", "number,type,private,level").out
    assert row == "1000\twish\tfalse\t3\n"


def test_a_ticket_is_entered_with_its_type(ticket: int, inside: Run) -> None:
    new = ("ticket", "new", "--client", "d@client.example", "-s", "x", "-m", "y")
    assert inside(*new, "--type", "incident", "--json").json["type"] == "incident"
    assert "no such type" in inside(*new, "--type", "bug", code=2).err


def test_a_private_ticket_is_refused_to_others(ticket: int, inside: Run) -> None:
    edit(inside, "--private")
    done = inside("ticket", "show", "1000", login="eve", code=3)
    assert done.err == "helpdesk: ticket 1000 is private: only its assignee and admins see it\n"
    assert inside("ticket", "list", "--ids", login="eve").out == ""
    inside("ticket", "assign", "1000", "eve")
    assert inside("ticket", "list", "--ids", login="eve").out == "1000\n"


def test_nobody_is_told_of_a_silent_change(ticket: int, inside: Run) -> None:
    def notices() -> int:
        return sum(one["kind"] == "notice" for one in inside("outbox", "list", "--all", "--json").json)

    inside("ticket", "assign", "1000", "eve", "--silent")
    inside("ticket", "take", "1000", "--silent", login="eve")
    assert notices() == 0
    inside("ticket", "assign", "1000", "bob")
    assert notices() == 0  # who did it
    inside("ticket", "assign", "1000", "eve")
    assert notices() == 1


def test_tickets_are_given_by_turns_and_escalated(ticket: int, site: Site, inside: Run) -> None:
    off = inside("ticket", "assign", "1000", "auto", code=1).err
    assert off.startswith(
        'helpdesk: ticket 1000 is support\'s, which has assignment = "off"; name a staff member'
    )
    text = site.config.read_text().replace('assignment = "off"', 'assignment = "round-robin"')
    site.config.write_text(text)
    assert inside("ticket", "assign", "1000", "auto", "-v").err == "ticket 1000: given to bob\n"
    assert inside("ticket", "assign", "1000", "auto", "--json").json["assignee"] == "eve"
    assert "nobody of support has a higher one" in inside("ticket", "escalate", "1000", code=1).err
    inside("staff", "edit", "bob", "--level", "2")
    told = inside("ticket", "escalate", "1000", "-v").err
    assert told == "ticket 1000: handed to level 2, given to bob\n"
    page = " ".join(inside("ticket", "show", "1000").out.split())
    assert "escalated 1 → 2" in page
    assert "assigned eve → bob (round-robin: Nobody else is there)" in page


def test_a_move_that_is_not_allowed_says_where_the_ticket_may_go(
    ticket: int, site: Site, inside: Run
) -> None:
    site.configure(
        KINDS,
        '[stage.new]\nname = "New"\nstate = "open"\nnext = ["waits"]',
        '[stage.waits]\nname = "Waits"\nstate = "waiting"',
        '[stage.done]\nname = "Done"\nstate = "closed"',
    )
    for words in (("close", "1000"), ("move", "1000", "done")):
        done = inside("ticket", *words, code=1)
        assert done.err == (
            "helpdesk: ticket 1000 is in new; from new it may go to: waits (waiting); nothing was changed\n"
        )
    inside("ticket", "move", "1000", "Waits")
    inside("ticket", "close", "1000")


def test_an_answer_that_may_not_close_its_ticket_is_kept(ticket: int, site: Site, run: Run) -> None:
    text = site.config.read_text().replace('assignment = "off"', 'assignment = "off"\nrequired = ["type"]')
    site.config.write_text(text)
    env = {"TMPDIR": str(site.folder)}
    done = run("ticket", "reply", "1000", "-m", "Bye.", "--stage", "done", code=1, env=env)
    assert done.err.startswith(
        "helpdesk: ticket 1000 lacks a type; set it with 'helpdesk ticket edit 1000 --type …'; "
        "nothing was changed; your text is kept in "
    )
