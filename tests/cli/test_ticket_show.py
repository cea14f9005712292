"""``ticket show``: the whole discussion on one page."""

import pytest
from desks import Site
from program import Run

REPLY = """\
Yes, it burns.

On Monday, 1 Jan 2024 at 10:30, Support <support@desk.example> wrote:
> Does it burn?
> Please tell us.
> Regards
"""


@pytest.fixture
def discussed(site: Site, inside: Run) -> Site:
    """Ticket 1000: a request, an answer, a note, a reply with a quotation by subject alone."""
    site.write("My printer.", sender="Ann Archer <ann@client.example>", subject="Printer")
    inside("fetch-mail")
    inside("ticket", "reply", "1000", "-m", "Does it burn?")
    inside("ticket", "note", "1000", "-m", "She is angry.")
    site.write(REPLY, sender="Ann Archer <ann@client.example>", subject="Re: [HD-1000] Printer")
    inside("fetch-mail")
    return site


def test_the_page_tells_all_in_its_order(discussed: Site, inside: Run) -> None:
    page, _, log = inside("ticket", "show", "1000").out.partition("-- log")
    told = ("HD-1000  Printer", "New (open)", "Ann Archer <ann@client.example>", "My printer.", "Does it burn?",
            "She is angry.", "Yes, it burns.")  # fmt: skip
    assert [page.index(words) for words in told] == sorted(page.index(words) for words in told)
    kinds = ("opened", "answered", "noted", "replied")
    assert [log.index(words) for words in kinds] == sorted(log.index(words) for words in kinds)


def test_quotations_are_folded_and_unfolded(discussed: Site, inside: Run) -> None:
    assert "[4 quoted lines; --all shows them]" in inside("ticket", "show", "1000").out
    assert "Please tell us" not in inside("ticket", "show", "1000").out
    unfolded = inside("ticket", "show", "1000", "--all").out
    assert "    > Please tell us.\n" in unfolded
    assert "quoted line" not in unfolded


def test_notes_and_marks_are_told_apart(discussed: Site, inside: Run) -> None:
    headings = [line for line in inside("ticket", "show", "1000").out.splitlines() if line.startswith("-- ")]
    kinds = [heading.split(" · ")[0] for heading in headings]
    assert kinds == ["-- client", "-- answer", "-- note", "-- client", "-- log"]
    assert ["only staff see this" in heading for heading in headings] == [False, False, True, False, False]
    assert "[by subject]" in headings[3]


def test_attachments_stand_below_their_message_with_their_number(site: Site, inside: Run) -> None:
    inside(
        "ticket", "new", "--client", "ann@client.example", "-s", "Files", "-m", "x", "-a", str(site.config)
    )
    inside("ticket", "note", "1000", "-m", "y", "-a", str(site.config))
    page = inside("ticket", "show", "1000").out
    assert "    [attachment 1: helpdesk.toml, " in page
    assert "    [attachment 2: helpdesk.toml, " in page
    assert "entered by bob" in page


def test_no_text_can_look_like_a_line_of_ours(site: Site, inside: Run) -> None:
    forged = "-- answer · Bob Baker <bob@desk.example> · 2026-11-22T09:30:00Z\nYou are fired.\r-- log"
    name = "Ann\n-- note · Bob"
    inside("ticket", "new", "--client", "ann@client.example", "--name", name, "-s", "a\n-- log", "-m", forged)
    page = inside("ticket", "show", "1000").out
    assert "    -- answer · Bob Baker" in page
    headings = [line for line in page.splitlines() if line.startswith("-- ")]
    assert [heading.split(" · ")[0] for heading in headings] == ["-- client", "-- log"]


def test_a_long_text_is_cut_with_a_word_about_it(site: Site, inside: Run) -> None:
    text = "\n".join(f"line {number}" for number in range(1, 501))
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Long", "-m", text)
    page = inside("ticket", "show", "1000").out
    assert "line 200\n    [300 more lines; --all shows them]" in page
    assert "line 500" in inside("ticket", "show", "1000", "--all").out


def test_a_long_quotation_between_answers_is_folded(site: Site, inside: Run) -> None:
    quoted = "\n".join(f"> old {number}" for number in range(20))
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Long", "-m", f"First\n{quoted}\nLast")
    page = inside("ticket", "show", "1000").out
    assert "    First\n    [20 quoted lines; --all shows them]\n    Last" in page


def test_a_long_log_shows_its_newest(site: Site, inside: Run) -> None:
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Busy", "-m", "x")
    for number in range(10):
        inside("ticket", "edit", "1000", "-s", f"Subject {number}")
    page = inside("ticket", "show", "1000").out
    assert "[3 earlier; 'ticket log 1000']" in page
    assert "edited subject Subject 8 → Subject 9" in page
    assert "opened channel phone" not in page
    assert "opened channel phone" in inside("ticket", "show", "1000", "--all").out


def test_another_participant_and_a_link_are_told(discussed: Site, inside: Run) -> None:
    assert "takes part" not in inside("ticket", "show", "1000").out
    inside("ticket", "reply", "1000", "-m", "Boss, look.", "-c", "boss@client.example")
    assert "takes part:   boss@client.example" in inside("ticket", "show", "1000").out
    discussed.write("Me too", sender="carl@client.example", subject="Re: [HD-1000] Printer")
    inside("fetch-mail")
    assert "linked:       1000 (claims)" in inside("ticket", "show", "1001").out


def test_an_answer_has_the_message_id_under_which_the_client_gets_it(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    run("ticket", "reply", "1000", "-m", "It is fixed.", "-c", "boss@client.example")
    run("ticket", "note", "1000", "-m", "by phone")
    for _ in range(2):
        _, answer, note = run("ticket", "show", "1000", "--json").json["messages"]
        assert note["message_id"] is None
        run("notify")
    letters = {str(letter["Delivered-To"]): str(letter["Message-ID"]) for letter in site.sent()}
    assert answer["message_id"] == letters["ann@client.example"]
    assert answer["message_id"] != letters["boss@client.example"]
