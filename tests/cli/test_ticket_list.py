"""``ticket list``: its filters, its order, its forms."""

import pytest
from desks import Site
from program import Run

MORE = """
[department.sales]
name = "Sales"
address = "sales@desk.example"

[category.billing]
name = "Billing"
"""


@pytest.fixture
def five(site: Site, inside: Run) -> Site:
    """Tickets 1000 to 1004, each told apart by one thing."""
    site.configure(MORE)

    def new(subject: str, *more: str, client: str = "ann@client.example") -> None:
        department = () if "-d" in more else ("-d", "support")
        inside("ticket", "new", "--client", client, "-s", subject, "-m", "Please look.", *more, *department)

    new("Printer on fire", "-p", "urgent")
    new("Leaking tap", client="carl@client.example")
    new("Invoice is wrong", "--category", "Billing")
    new("Buy a lamp", "-d", "sales")
    new("Slow wifi")
    inside("ticket", "take", "1001")
    inside("ticket", "move", "1002", "awaiting")
    inside("ticket", "close", "1004")
    return site


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ((), {1000, 1001, 1002, 1003}),
        (("--state", "all"), {1000, 1001, 1002, 1003, 1004}),
        (("--state", "waiting"), {1002}),
        (("--state", "closed"), {1004}),
        (("--stage", "awaiting"), {1002}),
        (("--stage", "Done"), {1004}),
        (("--department", "sales"), {1003}),
        (("-d", "Sales"), {1003}),
        (("--assignee", "me"), {1001}),
        (("--assignee", "bob"), {1001}),
        (("--assignee", "none"), {1000, 1002, 1003}),
        (("--client", "CARL@client.example"), {1001}),
        (("--priority", "urgent"), {1000}),
        (("--category", "billing"), {1002}),
        (("--overdue",), set()),
        (("--unanswered",), {1000, 1001, 1002, 1003}),
        (("--search", "fire printer"), {1000}),
        (("--search", "print*"), {1000}),
        (("--search", "wifi", "--state", "all"), {1004}),
        (("--since", "yesterday"), {1000, 1001, 1002, 1003}),
        (("--until", "yesterday"), set()),
    ],
)
def test_a_filter_leaves_what_it_names(
    five: Site, inside: Run, words: tuple[str, ...], numbers: set[int]
) -> None:
    assert {ticket["number"] for ticket in inside("ticket", "list", *words, "--json").json} == numbers


def test_every_order_that_help_names_is_taken_and_no_other(five: Site, inside: Run) -> None:
    from helpdesk_cli.services.views import ORDERS

    told = inside("ticket", "list", "--help").out
    for order in ORDERS:
        assert order in told
        assert len(inside("ticket", "list", "--sort", order, "--ids").out.split()) == 4
    assert inside("ticket", "list", "--sort", "number", "--ids").out.split() == [
        "1003",
        "1002",
        "1001",
        "1000",
    ]
    wrong = inside("ticket", "list", "--sort", "stage; drop table ticket", code=2)
    assert "must be one of updated, created" in wrong.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--stage", "nonsense"), 2, "nonsense: no such stage; there are new, in-progress"),
        (("--department", "x"), 2, "no such department; there are support, sales"),
        (("--priority", "x"), 2, "no such priority"),
        (("--category", "x"), 2, "no such category; there are billing"),
        (("--state", "x"), 2, "'open', 'waiting', 'closed', 'all'"),
        (("--client", "nobody@client.example"), 4, "no client has that address"),
        (("--assignee", "nobody"), 4, "no such staff member"),
        (("--since", "some day"), 2, "is no moment"),
        (("--fields", "colour"), 2, "must be some of number, subject"),
        (("-L", "0"), 2, "--limit"),
    ],
)
def test_a_wrong_filter_is_told_with_what_there_is(
    five: Site, inside: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    done = inside("ticket", "list", *words, code=code)
    assert told in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


SAVED = """
[filter.urgent]
priority = "Urgent"
state = "all"

[filter.oldest]
sort = "number"
limit = 2

[filter.closed]
state = "closed"

[filter.overdue]
search = "wifi"
state = "all"
"""


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("@mine",), [1001]),
        (("@unanswered",), [1000, 1001, 1002, 1003]),
        (("@unassigned", "--sort", "number"), [1003, 1002, 1000]),
        (("@unassigned", "-d", "sales"), [1003]),
        (("@mine", "--assignee", "none", "--sort", "number"), [1003, 1002, 1000]),
        (("@urgent",), [1000]),
        (("@urgent", "--priority", "normal", "--sort", "number"), [1004, 1003, 1002, 1001]),
        (("@oldest",), [1003, 1002]),
        (("@oldest", "-L", "1"), [1003]),
        (("@oldest", "--sort", "created", "-L", "9"), [1003, 1002, 1001, 1000]),
        (("@closed",), [1004]),
        (("@closed", "--stage", "awaiting"), [1002]),
        (("@closed", "--state", "waiting"), [1002]),
        (("@overdue",), [1004]),
    ],
)
def test_a_saved_filter_leaves_what_it_names_unless_an_option_says_otherwise(
    five: Site, inside: Run, words: tuple[str, ...], numbers: list[int]
) -> None:
    five.configure(MORE, SAVED)
    assert inside("ticket", "list", *words, "--ids", "--json").json == numbers


def test_the_saved_filters_are_listed_with_what_they_ask_for(five: Site, inside: Run) -> None:
    five.configure(MORE, SAVED)
    assert inside("ticket", "list", "@").out.splitlines() == [
        "@mine\t--assignee me",
        "@unanswered\t--unanswered --sort unanswered",
        "@overdue\t--state all --search wifi",
        "@unassigned\t--assignee none",
        "@watched\t--watched",
        "@urgent\t--state all --priority Urgent",
        "@oldest\t--sort number --limit 2",
        "@closed\t--state closed",
    ]
    assert inside("ticket", "list", "@", "--json").json[6] == {
        "name": "@oldest",
        "options": {"sort": "number", "limit": 2},
    }


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("@urgnt", "@urgnt: no such saved filter; did you mean @urgent? There are @mine, @unanswered"),
        (
            "@x",
            "@x: no such saved filter; there are @mine, @unanswered, @overdue, @unassigned, @watched, @urgent",
        ),
        ("mine", "mine: no such saved filter; did you mean @mine?"),
    ],
)
def test_an_unknown_saved_filter_is_told_with_what_there_is(
    five: Site, inside: Run, word: str, told: str
) -> None:
    five.configure(MORE, SAVED)
    done = inside("ticket", "list", word, code=2)
    assert told in done.err
    assert done.out == ""


def test_a_saved_filter_of_somebody_who_is_not_there_is_told(five: Site, inside: Run) -> None:
    five.configure(MORE, '[filter.gone]\nassignee = "gone"\n')
    assert "gone: no such staff member" in inside("ticket", "list", "@gone", code=4).err


def test_a_pipe_gets_lines_with_tabs_and_no_header(five: Site, inside: Run) -> None:
    lines = inside("ticket", "list", "--sort", "number").out.splitlines()
    assert len(lines) == 4
    number, stage, priority, department, assignee, client, updated, subject = lines[-1].split("\t")
    assert (number, stage, priority, department, assignee) == ("1000", "new", "urgent", "support", "")
    assert (client, subject) == ("ann@client.example", "Printer on fire")
    assert len(updated) == len("2026-11-22T09:30:00Z")
    assert updated.endswith("Z")


def test_fields_choose_columns_of_lines_and_of_json(five: Site, inside: Run) -> None:
    words = ("ticket", "list", "--sort", "number", "-L", "1", "--fields", "number,client.email,tags,overdue")
    assert inside(*words).out == "1003\tann@client.example\t\tfalse\n"
    assert inside(*words, "--json").json == [
        {"number": 1003, "client.email": "ann@client.example", "tags": [], "overdue": False}
    ]


def test_numbers_alone_feed_another_command(five: Site, inside: Run) -> None:
    numbers = inside("ticket", "list", "--client", "ann@client.example", "--ids").out
    assert sorted(numbers.split()) == ["1000", "1002", "1003"]
    closed = inside("ticket", "close", "-", "--json", input=numbers).json
    assert {ticket["state"] for ticket in closed} == {"closed"}
    assert inside("ticket", "list", "--ids", "--json").json == [1001]


def test_staff_see_their_departments_and_what_was_given_to_them(five: Site, inside: Run) -> None:
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    inside("staff", "join", "eve", "Sales")
    assert inside("ticket", "list", "--ids", login="eve").out.split() == ["1003"]
    assert "does not" in inside("ticket", "show", "1000", login="eve", code=3).err
    inside("ticket", "assign", "1000", "eve")
    assert inside("ticket", "list", "--assignee", "me", "--ids", login="eve").out.split() == ["1000"]
    inside("ticket", "show", "1000", login="eve")


def test_a_staff_member_who_gives_a_ticket_away_still_sees_what_was_done(five: Site, inside: Run) -> None:
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    inside("staff", "join", "eve", "sales")
    moved = inside("ticket", "edit", "1003", "-d", "support", "--json", login="eve").json
    assert moved["department"] == "support"
    inside("ticket", "show", "1003", login="eve", code=3)


def test_a_subject_never_breaks_a_line(site: Site, inside: Run) -> None:
    subject = "a\tb\nc\rd\u2028e\x1b[2J" + "x" * 10_000
    inside("ticket", "new", "--client", "ann@client.example", "-s", subject, "-m", "Hello")
    out = inside("ticket", "list").out
    assert out.count("\n") == 1
    assert out.count("\t") == 7
    assert len(out) > 10_000
    assert out.isprintable() or set(filter(lambda char: not char.isprintable(), out)) == {"\t", "\n"}
