"""``ticket merge``, ``split``, ``link`` and ``watch``, as people call them; and the mails that follow."""

from typing import Any

import pytest
from desks import Site
from program import Run

ANN, BEN = "Ann <ann@client.example>", "Ben <ben@other.example>"

TOKENS = """
[department.sales]
name = "Sales"
address = "sales@desk.example"
reply_address = "sales+{token}@desk.example"
assignment = "off"
"""


@pytest.fixture
def desk(site: Site, inside: Run) -> Site:
    """Ann's tickets 1000 and 1001, Ben's 1002; Carla works in sales and sees none of them."""
    site.configure(TOKENS)
    inside("staff", "new", "carla", "--name", "Carla Cole", "--email", "carla@desk.example")
    inside("staff", "join", "carla", "sales")
    site.write("My printer burns.", sender=ANN, subject="Printer", message_id="<1@client.example>")
    site.write("It still burns!", sender=ANN, subject="Printer again", message_id="<2@client.example>")
    site.write("Ben's secret.", sender=BEN, subject="Scanner", message_id="<3@other.example>")
    inside("fetch-mail")
    return site


def show(run: Run, number: int) -> Any:
    return run("ticket", "show", str(number), "--json").json


def texts(run: Run, number: int) -> list[tuple[str, int]]:
    return [
        (one["new_text"].strip(), one["ticket"])
        for one in show(run, number)["messages"]
        if one["kind"] != "note"
    ]


# Mails


def test_an_answer_to_a_merged_ticket_comes_to_the_other_and_one_answer_goes_to_both(
    run: Run, desk: Site
) -> None:
    run("ticket", "edit", "1001", "--department", "sales")
    run("ticket", "reply", "1001", "-m", "Which printer?")
    run("notify")
    asked = next(mail for mail in desk.sent() if "Which printer?" in mail.as_string())
    assert run("ticket", "merge", "1001", "1000", "-v").err == "ticket 1000: goes on for 1001 too\n"
    desk.write("The red one.", sender=ANN, to=str(asked["Reply-To"]), subject="No tag here")
    desk.write("Not by the token.", sender=ANN, subject="Re: [HD-1001] Printer again")
    run("fetch-mail")
    assert texts(run, 1000) == [
        ("My printer burns.", 1000),
        ("It still burns!", 1001),
        ("Which printer?", 1001),
        ("The red one.", 1000),
        ("Not by the token.", 1000),
    ]
    run("ticket", "reply", "1000", "-m", "We come.")
    before = len(desk.sent())
    run("notify")
    (answer,) = [mail for mail in desk.sent()[before:] if "ann@" in str(mail["To"])]
    text = answer.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert all(words in text for words in ("We come.", "My printer burns.", "Which printer?", "The red one."))
    assert str(answer["Subject"]) == "[HD-1000] Printer"


def test_no_client_reads_by_mail_what_another_said_before(run: Run, desk: Site) -> None:
    refused = run("ticket", "merge", "1002", "1000", code=1)
    assert refused.err.startswith(
        "helpdesk: these tickets have not the same people (1002: ben@other.example; 1000:"
    )
    assert refused.err.count("\n") == 1
    run("ticket", "merge", "1002", "1000", "--across-clients")
    run("ticket", "reply", "1000", "-m", "To both of you.")
    before = len(desk.sent())
    run("notify")
    sent = {
        str(mail["To"]): mail.as_string() for mail in desk.sent()[before:] if "To both" in mail.as_string()
    }
    (ann,) = [text for to, text in sent.items() if "ann@" in to]
    (ben,) = [text for to, text in sent.items() if "ben@" in to]
    assert ("My printer burns." in ann, "Ben's secret." in ann) == (True, False)
    assert ("My printer burns." in ben, "Ben's secret." in ben) == (False, True)
    assert "ben@" not in ann
    assert "ann@" not in ben


def test_an_answer_to_a_mail_that_was_split_off_comes_to_the_new_ticket(run: Run, desk: Site) -> None:
    desk.write("And my phone.", sender=ANN, subject="Re: [HD-1000] Printer", message_id="<4@client.example>")
    run("fetch-mail")
    message = show(run, 1000)["messages"][1]["id"]
    made = run("ticket", "split", "1000", str(message), "-s", "Phone", "--json").json
    assert (made["number"], made["subject"], made["message_count"]) == (1003, "Phone", 1)
    desk.write("Mute.", sender=ANN, subject="Phone", in_reply_to="<4@client.example>")
    run("fetch-mail")
    assert texts(run, 1003) == [("And my phone.", 1003), ("Mute.", 1003)]
    assert texts(run, 1000) == [("My printer burns.", 1000)]


# The commands


def test_merged_and_undone(desk: Site, inside: Run) -> None:
    merged = inside("ticket", "merge", "1001", "1000", "--json").json
    assert (merged["number"], merged["state"], merged["merged_into"], merged["message_count"]) == (
        1000, "open", None, 4,
    )  # fmt: skip
    source = show(inside, 1001)
    assert (source["state"], source["merged_into"]) == ("closed", 1000)
    page = inside("ticket", "show", "1000").out
    assert "takes in:     1001\n" in page
    assert " · [said on 1001]\n    It still burns!" in page
    assert "merged into:  1000\n" in inside("ticket", "show", "1001").out
    done = inside("ticket", "merge", "--undo", "1001", "--json").json
    assert (done["number"], done["state"], done["merged_into"]) == (1001, "open", None)
    assert texts(inside, 1000) == [("My printer burns.", 1000)]


def test_several_are_merged_also_from_standard_input_among_which_the_other_may_be(
    desk: Site, inside: Run
) -> None:
    numbers = inside("ticket", "list", "--client", "ann@client.example", "--ids").out
    assert numbers.split() == ["1001", "1000"]
    done = inside("ticket", "merge", "-", "1000", "-v", input=numbers)
    assert done.err == "ticket 1000: goes on for 1001 too\n"
    done = inside("ticket", "merge", "--undo", "-", "-v", input="1001\n")
    assert done.err == "ticket 1001: by itself again\n"


def test_who_merges_into_a_closed_ticket_is_warned(desk: Site, inside: Run) -> None:
    inside("ticket", "close", "1000")
    told = inside("ticket", "merge", "1001", "HD-1000").err.splitlines()
    assert told == [
        "helpdesk: ticket 1000 is closed, and nobody answered what was said last on 1001; "
        "'helpdesk ticket reopen 1000' takes it up again"
    ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("merge", "1000"), 2, "name the tickets to merge, and last the one in which they go on"),
        (("merge", "1000", "1000"), 1, "ticket 1000 cannot be merged into itself"),
        (("merge", "1001", "x"), 2, "x: must be a ticket's number"),
        (("merge", "4711", "1000"), 4, "no ticket 4711"),
        (("merge", "1001", "4711"), 4, "no ticket 4711"),
        (("merge", "--undo", "1001"), 1, "ticket 1001 is merged into no other"),
        (("merge", "--undo", "--tell", "1001"), 2, "--undo goes with neither --across-clients nor --tell"),
        (("merge", "1001", "1000", "--as", "carla"), 3, "ticket 1000 belongs to support, and carla does not"),
        (("split", "1000", "1", "--as", "carla"), 3, "ticket 1000 belongs to support, and carla does not"),
        (("split", "1000", "1"), 1, "message 1 opened ticket 1000, so it stays there"),
        (("split", "1000", "2"), 4, "ticket 1000 has no message 2"),
        (("split", "1000", "x"), 2, "'x' is not a valid integer range"),
        (("link", "1000", "1001", "--as", "carla"), 3, "ticket 1000 belongs to support, and carla does not"),
        (("link", "1000", "1000"), 1, "ticket 1000 cannot be linked to itself"),
        (("link", "1000", "1001", "--kind", "x"), 2, "'x' is not one of 'related', 'duplicate', 'blocks', 'parent'"),
        (("link", "1000", "1001", "--remove"), 1, "tickets 1000 and 1001 are not linked"),
        (("watch", "1000", "--as", "carla"), 3, "ticket 1000 belongs to support, and carla does not"),
        (("watch", "1000", "carla"), 3, "carla may not see ticket 1000"),
        (("watch", "1000", "mallory"), 4, "mallory: no such staff member"),
        (("watch", "carla"), 2, "name at least one ticket"),
        (("watch", "4711"), 4, "no ticket 4711"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_and_an_exit_code(
    desk: Site, inside: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    done = inside("ticket", *words, code=code)
    assert told in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert [one["merged_into"] for one in inside("ticket", "list", "--state", "all", "--json").json] == [
        None
    ] * 3


def test_links_are_on_both_pages_and_in_json(desk: Site, inside: Run) -> None:
    done = inside("ticket", "link", "1000", "1001", "1002", "--kind", "blocks", "-v")
    assert done.err == "ticket 1000: linked to 1001, 1002 (blocks)\n"
    assert show(inside, 1000)["links"] == [
        {"ticket": 1001, "kind": "blocks", "direction": "to"},
        {"ticket": 1002, "kind": "blocks", "direction": "to"},
    ]
    assert show(inside, 1001)["links"] == [{"ticket": 1000, "kind": "blocks", "direction": "from"}]
    assert "linked:       1001 (blocks), 1002 (blocks)\n" in inside("ticket", "show", "1000").out
    assert "linked:       1000 (blocked by)\n" in inside("ticket", "show", "1001").out
    assert inside("ticket", "link", "1001", "-", "--remove", "--json", input="1000").json["number"] == 1001
    assert show(inside, 1001)["links"] == []


@pytest.mark.parametrize(
    "words", [("close",), ("move", "done"), ("close", "-m", "x"), ("reply", "-m", "x", "--stage", "done")]
)
def test_who_closes_what_others_block_is_warned(desk: Site, inside: Run, words: tuple[str, ...]) -> None:
    inside("ticket", "link", "1001", "1000", "--kind", "blocks")
    verb, *more = words
    told = inside("ticket", verb, "1000", *more).err.splitlines()
    assert told[-1] == "helpdesk: ticket 1000 is closed, though open tickets block it: 1001"
    assert show(inside, 1000)["state"] == "closed"


def test_who_watches_is_on_the_page_and_the_list_is_theirs(desk: Site, inside: Run) -> None:
    inside("ticket", "assign", "1000", "carla")
    done = inside("ticket", "watch", "1000", "1001", "me", "-v")
    assert done.err == "tickets 1000, 1001: watched by bob\n"
    inside("ticket", "watch", "1000", "carla")
    assert show(inside, 1000)["watchers"] == ["bob", "carla"]
    assert "watched by:   bob, carla\n" in inside("ticket", "show", "1000").out
    assert sorted(inside("ticket", "list", "@watched", "--ids").out.split()) == ["1000", "1001"]
    assert inside("ticket", "list", "--watched", "--ids", login="carla").out.split() == ["1000"]
    done = inside("ticket", "watch", "-", "--off", "--json", input="1000 1001")
    assert [one["number"] for one in done.json] == [1000, 1001]
    assert show(inside, 1000)["watchers"] == ["carla"]
    assert inside("ticket", "list", "@watched", "--json").json == []


def test_nobody_begins_to_write_on_what_goes_on_elsewhere(desk: Site, inside: Run) -> None:
    inside("ticket", "merge", "1001", "1000")
    for words in (("reply", "-m", "x"), ("note", "-m", "x"), ("edit", "-p", "high"), ("take",), ("reopen",)):
        verb, *more = words
        done = inside("ticket", verb, "1001", *more, code=1)
        assert "ticket 1001 is merged into 1000, where it goes on; nothing was changed" in done.err
