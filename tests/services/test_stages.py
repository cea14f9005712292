"""Moves as the configuration allows them, and what must be there before a ticket is closed."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.errors import Failed, Usage
from helpdesk_cli.services import editing, people, tickets
from helpdesk_cli.settings import Category, Stage, Type

BOARD = {
    "new": Stage(name="New", state="open", next=("work", "bin")),
    "work": Stage(name="At work", state="open"),
    "lab": Stage(name="In the lab", state="open", departments=("sales",)),
    "waits": Stage(name="Waits", state="waiting"),
    "sold": Stage(name="Sold", state="closed", departments=("sales",)),
    "done": Stage(name="Done", state="closed", next=("work",)),
    "bin": Stage(name="Bin", state="closed", next=("done",)),
}


def entered(office: Any, department: str = "support") -> int:
    return tickets.new(
        office.by("bob"),
        tickets.NewTicket(client="ann@client.example", subject="S", text="T", department=department),
    )


@pytest.fixture
def board(office: Any) -> Any:
    """A desk whose stages allow only some moves, with a ticket of each department: 1000, 1001."""
    office.configured(
        stage=BOARD, category={"billing": Category(name="Billing")}, type={"bug": Type(name="Bug")}
    )
    entered(office)
    entered(office, "sales")
    return office


def requiring(office: Any, *names: str) -> None:
    known = office.desk.settings.department
    office.configured(department={**known, "support": replace(known["support"], required=names)})


def test_a_move_that_the_stage_does_not_allow_is_refused_and_says_where_it_may_go(board: Any) -> None:
    with pytest.raises(Failed) as refused:
        tickets.move(board.by("bob"), [1000], "Done")
    assert str(refused.value) == (
        "ticket 1000 is in new; from new it may go to: work (open), bin (closed); nothing was changed"
    )
    tickets.move(board.by("bob"), [1000], "at work")
    tickets.move(board.by("bob"), [1000], "done")
    assert board.ticket(1000).stage == "done"


def test_a_stage_of_another_department_is_refused(board: Any) -> None:
    tickets.move(board.by("bob"), [1000, 1001], "work")
    with pytest.raises(
        Failed, match="ticket 1000 is support's, which does not use lab; from work it may go to"
    ):
        tickets.move(board.by("bob"), [1001, 1000], "lab")
    assert board.ticket(1001).stage == "work"  # none of them moved
    tickets.move(board.by("bob"), [1001], "lab")
    assert board.ticket(1001).stage == "lab"


def test_an_answer_whose_stage_is_refused_is_not_said(board: Any) -> None:
    with pytest.raises(Failed, match="from new it may go to"):
        tickets.reply(board.by("bob"), 1000, tickets.Answer(text="Done.", stage="done"))
    assert len(board.messages(1000)) == 1


def test_each_ticket_is_closed_where_its_department_and_its_stage_allow(board: Any) -> None:
    tickets.move(board.by("bob"), [1001], "work")
    tickets.close(board.by("bob"), [1000, 1001])
    assert [board.ticket(number).stage for number in (1000, 1001)] == ["bin", "sold"]
    tickets.close(board.by("bob"), [1000], "Once more.")
    assert board.ticket(1000).stage == "bin"  # closed is closed


def test_where_nothing_closed_may_be_reached_that_is_said(board: Any) -> None:
    board.configured(stage={**BOARD, "new": replace(BOARD["new"], next=("work",))})
    with pytest.raises(Failed, match=r"ticket 1000 is in new; from new it may go to: work \(open\)"):
        tickets.close(board.by("bob"), [1000])


def test_staff_reopen_as_the_stage_allows_and_a_client_always(board: Any) -> None:
    tickets.close(board.by("bob"), [1000])
    with pytest.raises(Failed, match=r"ticket 1000 is in bin; from bin it may go to: done \(closed\)"):
        tickets.reopen(board.by("bob"), [1000])
    address = board.letters(kind="acknowledgement")[0].message_id
    board.mail(
        "From: ann@client.example\r\nTo: support@desk.example\r\nSubject: Re: S\r\n"
        f"References: {address}\r\nMessage-ID: <2@client.example>\r\n\r\nIt is broken again.\r\n"
    )
    assert (board.ticket(1000).stage, board.events(1000)[-1]) == ("work", "reopened")


def test_spam_goes_whatever_is_required(board: Any) -> None:
    requiring(board, "category")
    board.configured(stage={**BOARD, "new": replace(BOARD["new"], next=("work",))})
    tickets.spam(board.by("bob"), [1000])
    assert board.ticket(1000).state == "closed"


@pytest.mark.parametrize(
    ("required", "told"),
    [
        (("category",), "lacks a category; set it with 'helpdesk ticket edit 1000 --category …'"),
        (
            ("category", "type"),
            "lacks a category and a type; set them with 'helpdesk ticket edit 1000 --category … --type …'",
        ),
        (("assignee",), "lacks an assignee; set it with 'helpdesk ticket assign 1000 …'"),
        (
            ("organization",),
            "lacks an organization; set it with 'helpdesk client edit ann@client.example --organization …'",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_set_it(
    board: Any, required: tuple[str, ...], told: str
) -> None:
    requiring(board, *required)
    for close in (
        lambda: tickets.close(board.by("bob"), [1000]),
        lambda: tickets.close(board.by("bob"), [1000], "Bye."),
        lambda: tickets.move(board.by("bob"), [1000], "bin"),
        lambda: tickets.reply(board.by("bob"), 1000, tickets.Answer(text="Bye.", stage="bin")),
    ):
        with pytest.raises(Failed) as refused:
            close()
        assert str(refused.value) == f"ticket 1000 {told}; nothing was changed"
    assert (board.ticket(1000).state, len(board.messages(1000))) == ("open", 1)


def test_what_has_all_that_is_required_is_closed(board: Any) -> None:
    requiring(board, "category", "organization")
    people.edit_client(board.desk, "ann@client.example", organization="Example Ltd")
    editing.edit(board.by("bob"), [1000], editing.Edit(category="billing"))
    tickets.close(board.by("bob"), [1000])
    assert board.ticket(1000).state == "closed"


def test_nobody_is_told_of_a_silent_change(board: Any) -> None:
    board.configured(
        stage={slug: replace(one, notify=("client", "staff"), next=()) for slug, one in BOARD.items()}
    )
    before = len(board.letters())
    for change in (
        lambda silent: tickets.move(board.by("carla"), [1000], "work", silent=silent),
        lambda silent: tickets.close(board.by("carla"), [1000], silent=silent),
        lambda silent: tickets.reopen(board.by("carla"), [1000], silent=silent),
    ):
        change(True)
        assert len(board.letters()) == before
    for told, change in enumerate(
        (
            lambda: tickets.close(board.by("carla"), [1000]),
            lambda: tickets.reopen(board.by("carla"), [1000]),
            lambda: tickets.move(board.by("carla"), [1000], "waits"),
        ),
        1,
    ):
        change()
        found = board.letters()[before:]
        assert len(found) == 2 * told, found
        assert {(one.kind, one.recipient) for one in found} == {
            ("moved", "ann@client.example"),
            ("notice", "bob@staff.example"),
        }


def test_an_answer_is_not_withheld(board: Any) -> None:
    with pytest.raises(Usage, match="--silent"):
        tickets.close(board.by("bob"), [1000], "Bye.", silent=True)
    assert board.ticket(1000).state == "open"
