"""Several tickets at once: each by itself, failures a line each, asked before many, ``-`` from standard input."""

import os
import subprocess
from typing import Any

import pytest
from desks import Site
from program import PROGRAM, Run
from terminal import on_terminal


@pytest.fixture
def three(site: Site, inside: Run) -> tuple[int, ...]:
    """Tickets 1000, 1001 and 1002, of three clients."""
    for name in ("ann", "ben", "cleo"):
        site.write(f"It is broken, says {name}.", sender=f"{name}@client.example", subject="Broken")
    inside("fetch-mail")
    return (1000, 1001, 1002)


def listed(inside: Run) -> dict[int, Any]:
    return {one["number"]: one for one in inside("ticket", "list", "--state", "all", "--json").json}


COMMANDS: list[tuple[tuple[str, ...], tuple[str, ...], str, object]] = [
    (("move",), ("awaiting",), "stage", "awaiting"),
    (("close",), (), "state", "closed"),
    (("close",), ("-m", "Fixed."), "state", "closed"),
    (("assign",), ("bob",), "assignee", "bob"),
    (("take",), (), "assignee", "bob"),
    (("edit",), ("-p", "high"), "priority", "high"),
    (("spam",), (), "stage", "rejected"),
]


def test_watching_what_is_not_there_keeps_nobody_from_the_others(site: Site, inside: Run) -> None:
    for number in range(2):
        site.write(f"{number}")
    inside("fetch-mail")
    done = inside("ticket", "watch", "1000", "9999", "1001", code=1)
    assert "no ticket 9999" in done.err
    watched = inside("ticket", "list", "@watched", "--ids").out.split()
    assert sorted(watched) == ["1000", "1001"]


@pytest.mark.parametrize(("verb", "more", "field", "value"), COMMANDS)
def test_what_cannot_be_done_to_one_ticket_is_told_and_the_others_change(
    three: tuple[int, ...],
    inside: Run,
    verb: tuple[str, ...],
    more: tuple[str, ...],
    field: str,
    value: object,
) -> None:
    done = inside("ticket", *verb, "1000", "77", "1002", "78", *more, code=1)
    assert done.err.splitlines() == [
        f"helpdesk: no ticket {number}; 'helpdesk ticket list --state all' shows them" for number in (77, 78)
    ]
    found = {number: one[field] for number, one in listed(inside).items()}
    assert found[1000] == found[1002] == value != found[1001]


def test_what_was_done_is_an_array_however_many_it_was(three: tuple[int, ...], inside: Run) -> None:
    done = inside("ticket", "close", "1000", "77", "--json", code=1)
    assert [one["number"] for one in done.json] == [1000]
    assert inside("ticket", "close", "1001", "--json").json["state"] == "closed"


def test_where_nothing_is_done_the_code_says_why(three: tuple[int, ...], inside: Run) -> None:
    assert inside("ticket", "take", "77", code=4).out == ""
    assert inside("ticket", "take", "77", "78", "--json", code=4).out == ""
    inside("ticket", "close", "1000")
    assert inside("ticket", "reopen", "77", "1001", code=1).err.count("\n") == 2


def test_what_is_wrong_of_all_is_told_once(three: tuple[int, ...], inside: Run) -> None:
    told = inside("ticket", "move", "1000", "1001", "nowhere", code=2).err
    assert told.startswith("helpdesk: nowhere: no such stage; there are new,")
    assert told.count("\n") == 1
    assert inside("ticket", "assign", "1000", "1001", "zoe", code=4).err.count("\n") == 1
    assert {one["stage"] for one in listed(inside).values()} == {"new"}


def test_a_text_for_several_is_kept_where_none_of_them_got_it(three: tuple[int, ...], inside: Run) -> None:
    told = inside("ticket", "close", "77", "78", "-m", "Fixed.", code=4).err.splitlines()
    assert len(told) == 3
    assert "your text is kept in " in told[-1]
    with open(told[-1].rpartition(" ")[2]) as kept:
        assert kept.read() == "Fixed.\n"
    told = inside("ticket", "close", "1000", "78", "-m", "Fixed.", code=1).err.splitlines()
    assert len(told) == 1


@pytest.mark.parametrize("verb", [("take",), ("close",), ("edit", "-p", "low")])
def test_numbers_come_from_standard_input(three: tuple[int, ...], inside: Run, verb: tuple[str, ...]) -> None:
    numbers = inside("ticket", "list", "--ids").out
    done = inside("ticket", *verb, "-", "--json", input=numbers).json
    assert {one["number"] for one in done} == set(three)
    assert inside("ticket", *verb, "-", "--json", input="").json == []


def test_closing_does_not_wait_for_standard_input(three: tuple[int, ...], site: Site) -> None:
    """Whose standard input stays open and silent, as under ssh, is not kept waiting when something fails."""
    env = {**os.environ, "HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"}
    read, write = os.pipe()
    try:
        words = [*PROGRAM, "ticket", "close", "77"]
        done = subprocess.run(words, stdin=read, env=env, capture_output=True, timeout=30, check=False)
    finally:
        os.close(read)
        os.close(write)
    assert done.returncode == 4


def test_who_pipes_numbers_is_not_asked_and_who_types_them_is(three: tuple[int, ...], site: Site) -> None:
    env = {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"}
    code, output = on_terminal("ticket", "take", "1000", "1001", "1002", env=env, keys=b"n\n")
    assert (code, b"take 3 tickets (1000, 1001, 1002)? [y/N]" in output) == (1, True)
    code, output = on_terminal("ticket", "take", "1000", "1001", "1002", "--yes", env=env)
    assert (code, output) == (0, b"tickets 1000, 1001, 1002: given to bob\n")
