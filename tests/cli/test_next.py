"""``ticket next``: the ticket to take now, in words, in a pipe, as JSON."""

import pytest
from desks import Site
from program import Run
from terminal import on_terminal, steering

EVIL = "\x1b[2J\x9b31m [/bold] \u202egpj.exe"


@pytest.fixture
def two(site: Site, inside: Run) -> Site:
    """1000 is nobody's and urgent, 1001 is bob's."""
    for number, words in enumerate((("-p", "urgent"), ())):
        client = f"c{number}@client.example"
        inside(
            "ticket", "new", "--client", client, "--name", EVIL, "-s", f"{number} {EVIL}", "-m", "x", *words
        )
    inside("ticket", "take", "1001")
    return site


def test_it_says_which_and_why(two: Site, run: Run) -> None:
    env = {"HELPDESK_CONFIG": str(two.config), "HELPDESK_STAFF": "bob", "NO_COLOR": "1"}
    code, output = on_terminal("ticket", "next", env=env)
    assert code == 0
    assert steering(output) == []
    lines = output.decode().splitlines()
    assert lines[0].startswith("HD-1001  1 ␛[2J")
    assert lines[1].endswith(", support, new, given to you")
    assert lines[2:4] == ["   4  priority normal", "   3  unanswered for less than a minute"]
    run("ticket", "close", "1001")
    lines = on_terminal("ticket", "next", env=env)[1].decode().splitlines()
    assert lines[1].endswith(", support, new, nobody's")
    assert lines[2] == "  40  priority urgent"


def test_a_pipe_gets_a_line(two: Site, run: Run) -> None:
    number, points, given, reasons, subject = run("ticket", "next").out.rstrip("\n").split("\t")
    assert (number, given) == ("1001", "me")
    assert reasons.startswith("priority normal; unanswered for less than a minute")
    assert int(points) >= 7
    assert subject.startswith("1 ␛[2J")
    assert run("ticket", "next", "-d", "nonsense", code=2).err.startswith("helpdesk: nonsense: no such")


def test_json_is_the_ticket_and_its_urgency(two: Site, run: Run) -> None:
    run("ticket", "close", "1001")
    found = run("ticket", "next", "--take", "--json").json
    assert (found["number"], found["assignee"], found["given"]) == (1000, "bob", False)
    urgency = found["urgency"]
    assert urgency["points"] == sum(reason["points"] for reason in urgency["reasons"])
    assert urgency["reasons"][0] == {"name": "priority", "points": 40, "words": "priority urgent"}
    found = run("ticket", "next", "--json").json
    assert (found["number"], found["assignee"], found["given"]) == (1000, "bob", True)


def test_taking_is_told(two: Site, run: Run) -> None:
    run("ticket", "close", "1001")
    done = run("ticket", "next", "--take", "-v")
    assert done.out.startswith("1000\t")
    assert done.err == "ticket 1000: given to bob\n"
    assert run("ticket", "list", "--assignee", "me", "--ids").out == "1000\n"


def test_nothing_to_do_is_no_failure(site: Site, run: Run) -> None:
    done = run("ticket", "next")
    assert (done.out, done.err) == ("", "nothing to do\n")
    assert run("ticket", "next", "--json").json is None
