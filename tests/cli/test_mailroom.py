"""``inbox …`` and ``outbox …``."""

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from desks import Site
from program import PROGRAM, Run

HOLDING = '[department.sales]\nname = "Sales"\naddress = "sales@desk.example"\n'


@pytest.fixture
def held(site: Site, inside: Run) -> Site:
    """Message 1 waits for a person, as nobody stands in From; message 2 opened ticket 1000."""
    site.drop("To: support@desk.example\nSubject: Anonymous\n\nWho am I?\n")
    site.write("It is broken.", subject="Broken")
    inside("fetch-mail")
    return site


# The inbox


def test_the_inbox_shows_what_needs_a_person(held: Site, inside: Run) -> None:
    fields = "id,outcome,reason,ticket,subject"
    assert inside("inbox", "list", "--fields", fields).out == "1\theld\tno-sender\t\tAnonymous\n"
    assert len(inside("inbox", "list", "--all").out.splitlines()) == 2
    assert inside("inbox", "list", "--outcome", "opened", "--ids").out == "2\n"
    assert inside("inbox", "list", "--all", "--mailbox", "other").out == ""
    assert inside("inbox", "list", "--all", "--since", "2 days ago", "-L", "1", "--ids").out == "2\n"
    assert "must be one of pending, archived" in inside("inbox", "list", "--outcome", "lost", code=2).err


def test_a_message_is_shown_as_people_read_it(held: Site, inside: Run) -> None:
    page = inside("inbox", "show", "1").out
    assert "outcome:      held (no-sender)" in page
    assert "subject:      Anonymous" in page
    assert "    Who am I?" in page


def test_its_bytes_come_untouched_into_a_pipe(site: Site, run: Run) -> None:
    raw = b"From: ann@client.example\r\nTo: support@desk.example\r\nSubject: \x1b[2J\xff\x00\r\n\r\n\x9b31m\r\n\r\n"
    site.drop(raw)  # type: ignore[arg-type]
    run("fetch-mail")
    words = [*PROGRAM, "--config", str(site.config), "inbox", "show", "1", "--raw"]
    done = subprocess.run(words, env={**os.environ, "HELPDESK_STAFF": "bob"}, capture_output=True, check=True)
    assert done.stdout == raw
    run("inbox", "show", "1", "--raw", "--json", code=2)


def test_a_held_message_is_released_with_what_it_lacks(held: Site, inside: Run) -> None:
    assert "name the client with --client" in inside("inbox", "release", "1", code=1).err
    released = inside("inbox", "release", "1", "--client", "ann@client.example", "--json").json
    assert (released["outcome"], released["ticket"]) == ("opened", 1001)
    assert inside("ticket", "show", "1001", "--json").json["client"]["email"] == "ann@client.example"
    assert inside("inbox", "list").out == ""


def test_a_dropped_message_is_put_aside_and_can_come_back(held: Site, inside: Run) -> None:
    assert inside("inbox", "drop", "1", "--json").json["outcome"] == "dropped"
    assert inside("inbox", "list").out == ""
    assert "Who am I?" in inside("inbox", "show", "1").out
    assert inside("inbox", "retry", "1", "--json").json["outcome"] == "held"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "77"), 4, "77: no such message"),
        (("release", "2"), 1, "is opened already (ticket 1000)"),
        (("retry", "2"), 1, "is opened already (ticket 1000)"),
        (("drop", "2"), 1, "is on ticket 1000"),
        (("drop", "1", "77"), 4, "77: no such message"),
        (("release", "x"), 2, "not a valid integer"),
        (("explain", "77"), 4, "77: no such message"),
        (("explain", "/nonexistent.eml"), 2, "No such file"),
        (("explain", "1", "--mailbox", "other"), 4, "other: no such mailbox"),
    ],
)
def test_what_cannot_be_done_with_a_message_is_told(
    held: Site, inside: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    before = inside("inbox", "list", "--all").out
    assert told in inside("inbox", *words, code=code).err
    assert inside("inbox", "list", "--all").out == before


# Explain


def dump(site: Site) -> list[str]:
    """The whole store as statements, without the search index."""
    with sqlite3.connect(f"file:{site.store}?mode=ro", uri=True) as connection:
        return [line for line in connection.iterdump() if "_fts" not in line]


def test_explaining_tells_facts_rules_verdict_and_who_hears(held: Site, inside: Run) -> None:
    page = inside("inbox", "explain", "2").out
    assert "department:   support (support@desk.example)" in page
    assert "    – no-sender: nobody stands in From\n" in page
    assert "    ✓ new: everything else\n" in page
    assert "    opened (new)\n" in page
    assert "acknowledgement to ann@client.example" in page
    assert "alert to bob@desk.example" in page


def test_explaining_writes_nothing(held: Site, inside: Run, tmp_path: Path) -> None:
    before = dump(held)
    mail = tmp_path / "mail.eml"
    mail.write_bytes(b"From: new@client.example\nTo: support@desk.example\nSubject: Hi\n\nHello\n")
    for what in ("1", "2", str(mail)):
        inside("inbox", "explain", what)
        inside("inbox", "explain", what, "--json")
    assert dump(held) == before


def test_a_file_and_standard_input_are_explained_alike(held: Site, inside: Run, tmp_path: Path) -> None:
    held.configure(HOLDING)
    raw = b"From: new@client.example\nTo: list@other.example\nSubject: Hi\n\nHello\n"
    (tmp_path / "1").write_bytes(raw)
    by_file = inside("inbox", "explain", str(tmp_path / "1"), "--json").json
    by_pipe = inside("inbox", "explain", "-", "--json", input=raw).json
    assert by_file["tried"] == by_pipe["tried"]
    assert (by_pipe["facts"]["department"], by_pipe["facts"]["department_by"]) == (
        "support",
        "the mailbox support",
    )
    to_sales = inside("inbox", "explain", "-", "--recipient", "sales@desk.example", "--json", input=raw).json
    assert (to_sales["facts"]["department"], to_sales["facts"]["department_by"]) == (
        "sales",
        "sales@desk.example",
    )


def test_a_reply_is_explained_by_its_proof(held: Site, inside: Run) -> None:
    raw = b"From: ann@client.example\nTo: support@desk.example\nSubject: Re: [HD-1000] Broken\n\nMore\n"
    found = inside("inbox", "explain", "-", "--json", input=raw).json
    assert found["facts"]["tags"] == [1000]
    assert found["facts"]["tickets"] == {
        "client_ticket": None, "staff_ticket": None,
        "third_ticket": None, "reference": None, "tag": 1000
    }  # fmt: skip
    assert found["tried"][-1]["rule"] == "by-reference"
    assert [one["matched"] for one in found["tried"]] == [*([False] * (len(found["tried"]) - 1)), True]
    assert found["verdict"]["outcome"] == "replied"
    assert (found["verdict"]["ticket"], found["verdict"]["mark"]) == (1000, "by subject")
    assert found["hears"] == [{"kind": "alert", "to": "bob@desk.example"}]


@pytest.mark.parametrize("words", [("inbox", "explain", "-"), ("rule", "test", "-")])
def test_a_mail_tells_nobody_of_a_ticket_that_they_may_not_see(
    held: Site, inside: Run, words: tuple[str, ...]
) -> None:
    held.configure(HOLDING)
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    inside("staff", "join", "eve", "sales")
    copy = inside("inbox", "show", "2", "--raw").out.encode()
    mails = (
        b"From: ann@client.example\nTo: sales@desk.example\nSubject: Re: [HD-1000] Broken\n\nMore\n",
        b"From: eve@desk.example\nTo: sales@desk.example\nSubject: Re: [HD-1000] Broken\n\nMore\n",
        copy,
    )
    for raw in mails:
        for more in ((), ("--json",)):
            refused = inside(*words, *more, input=raw, login="eve", code=3)
            assert refused.out == ""
            assert refused.err == "helpdesk: the mail leads to ticket 1000, which eve may not see\n"


def test_what_is_foretold_comes_true(site: Site, inside: Run) -> None:
    mail = site.write(sender="new@client.example")
    foretold = inside("inbox", "explain", "-", "--json", input=mail.as_bytes()).json
    inside("fetch-mail")
    (entry,) = inside("inbox", "list", "--all", "--json").json
    assert (entry["outcome"], entry["reason"]) == (
        foretold["verdict"]["outcome"],
        foretold["verdict"]["reason"],
    )
    heard = [
        {"kind": letter["kind"], "to": letter["to"]} for letter in inside("outbox", "list", "--json").json
    ]
    assert sorted(heard, key=str) == sorted(foretold["hears"], key=str)


# The outbox


def test_what_the_server_said_that_took_a_letter_is_kept(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    inside("notify")
    said = inside("outbox", "show", "1", "--json").json["said"]
    (name,) = [path.name for path in (site.out / "new").iterdir() if path.name in said]
    assert said == f"written as {name}"
    assert f"\nanswer:       {said}\n" in inside("outbox", "show", "1").out


def test_the_outbox_shows_what_is_not_sent(held: Site, inside: Run) -> None:
    lines = [line.split("\t") for line in inside("outbox", "list").out.splitlines()]
    assert {(kind, state, to, ticket) for _, kind, state, to, ticket, *_ in lines} == {
        ("acknowledgement", "queued", "ann@client.example", "1000"),
        ("alert", "queued", "bob@desk.example", "1000"),
    }
    inside("notify")
    assert inside("outbox", "list").out == ""
    assert len(inside("outbox", "list", "--all").out.splitlines()) == 2
    assert len(inside("outbox", "list", "--state", "sent", "--ids").out.split()) == 2
    assert "must be one of queued" in inside("outbox", "list", "--state", "lost", code=2).err


def letter_to(inside: Run, address: str) -> str:
    return str(next(one["id"] for one in inside("outbox", "list", "--json").json if one["to"] == address))


def test_a_letter_is_shown_as_it_would_be_written(held: Site, inside: Run) -> None:
    number = letter_to(inside, "ann@client.example")
    page = inside("outbox", "show", number).out
    assert "state:        queued" in page
    assert "Its number is HD-1000" in page
    raw = inside("outbox", "show", number, "--raw").raw
    assert b"\nTo: ann <ann@client.example>\n" in raw.replace(b"\r", b"")


def test_a_letter_that_cannot_be_written_is_still_shown(held: Site, inside: Run) -> None:
    with sqlite3.connect(held.store) as connection:
        connection.execute("update letter set kind = 'no-such-kind'")
    page = inside("outbox", "show", "1").out
    assert "cannot be written:" in page
    assert "no-such-kind" in page


def test_a_dropped_letter_never_goes_until_it_is_retried(held: Site, site: Site, inside: Run) -> None:
    number = letter_to(inside, "ann@client.example")
    dropped = inside("outbox", "drop", number, "--json").json
    assert (dropped["state"], dropped["error"], dropped["next_attempt_at"]) == (
        "dropped",
        "dropped by bob",
        None,
    )
    inside("notify")
    assert [str(mail["To"]) for mail in site.sent()] == ["Bob Baker <bob@desk.example>"]
    assert inside("outbox", "retry", number, "--json").json["state"] == "queued"
    inside("notify")
    assert len(site.sent()) == 2


def test_a_sent_letter_never_goes_twice(held: Site, inside: Run) -> None:
    inside("notify")
    for verb in ("retry", "drop"):
        assert "is sent; nothing was changed" in inside("outbox", verb, "1", code=1).err
        assert "77: no such letter" in inside("outbox", verb, "77", code=4).err
    assert inside("outbox", "list").out == ""


# Who may see it


def test_mail_on_a_ticket_is_as_private_as_the_ticket(held: Site, inside: Run) -> None:
    held.configure(HOLDING)
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    inside("staff", "join", "eve", "sales")
    assert inside("inbox", "list", "--all", login="eve").out == ""
    assert "came for support" in inside("inbox", "show", "1", login="eve", code=3).err
    assert inside("outbox", "list", "--all", login="eve").out == ""
    for words in (
        ("inbox", "show", "2"),
        ("inbox", "explain", "2"),
        ("inbox", "drop", "2"),
        ("inbox", "release", "2"),
        ("outbox", "show", "1"),
        ("outbox", "drop", "1"),
        ("outbox", "retry", "1"),
    ):
        assert "is on ticket 1000, which eve may not see" in inside(*words, login="eve", code=3).err
    inside("ticket", "assign", "1000", "eve")
    inside("inbox", "show", "2", login="eve")
    inside("outbox", "show", "1", login="eve")
