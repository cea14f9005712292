"""What ties tickets to each other, and staff to tickets that are not theirs."""

from typing import Any

import pytest

from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services import editing, linking, members, merging, tickets, views, watching
from helpdesk_cli.store import tickets as rows


def mail(number: int, *, references: int = 0) -> str:
    reference = f"References: <{references}@client.example>\r\n" if references else ""
    return (
        f"From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer {number}\r\n"
        f"Message-ID: <{number}@client.example>\r\n{reference}\r\nIt burns.\r\n"
    )


@pytest.fixture
def desk(office: Any) -> Any:
    """Ann's tickets 1000, 1001, 1002; Dave is staff of support, Zoe of no department; Bob is an admin."""
    for login in ("dave", "zoe"):
        members.new_staff(office.desk, login, name=login.title(), email=f"{login}@staff.example")
    members.join(office.desk, "dave", "support")
    for number in (1, 2, 3):
        office.mail(mail(number))
    return office


def told(office: Any, number: int) -> list[str]:
    """The links that a ticket's page shows."""
    return [link.words() for link in views.whole(office.desk, number).links]


# Links


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("related", "1001 (related)", "1000 (related)"),
        ("duplicate", "1001 (duplicate of)", "1000 (has duplicate)"),
        ("blocks", "1001 (blocks)", "1000 (blocked by)"),
        ("parent", "1001 (parent of)", "1000 (child of)"),
    ],
)
def test_both_tickets_show_a_link_and_neither_when_it_is_removed(
    desk: Any, kind: str, here: str, there: str
) -> None:
    linking.link(desk.by("bob"), 1000, [1001], kind)
    linking.link(desk.by("bob"), 1000, [1001], kind)  # once more says nothing new
    assert (told(desk, 1000), told(desk, 1001)) == ([here], [there])
    assert (desk.events(1000), desk.events(1001)) == (["opened", "linked"], ["opened", "linked"])
    linking.unlink(desk.by("bob"), 1001, [1000], kind)
    assert (told(desk, 1000), told(desk, 1001)) == ([], [])
    assert (desk.events(1000)[-1], desk.events(1001)[-1]) == ("unlinked", "unlinked")


def test_a_ticket_is_linked_to_several_in_several_ways(desk: Any) -> None:
    linking.link(desk.by("bob"), 1000, [1001, 1002], "blocks")
    linking.link(desk.by("bob"), 1001, [1000])
    assert told(desk, 1000) == ["1001 (blocks)", "1001 (related)", "1002 (blocks)"]
    linking.unlink(desk.by("bob"), 1000, [1001], "related")
    assert told(desk, 1000) == ["1001 (blocks)", "1002 (blocks)"]
    linking.unlink(desk.by("bob"), 1000, [1001, 1002])
    assert told(desk, 1000) == []


def test_the_desks_own_links_are_shown_and_can_be_removed(desk: Any) -> None:
    tickets.move(desk.by("bob"), [1000], "done")
    desk.passes(days=15)
    desk.mail(mail(4, references=1))
    assert (told(desk, 1003), told(desk, 1000)) == (["1000 (continues)"], ["1003 (continued by)"])
    linking.unlink(desk.by("bob"), 1000, [1003])
    assert told(desk, 1003) == []


def test_related_is_the_same_either_way_round(desk: Any) -> None:
    linking.link(desk.by("bob"), 1000, [1001])
    linking.link(desk.by("bob"), 1001, [1000])
    assert told(desk, 1000) == ["1001 (related)"]


@pytest.mark.parametrize("kind", ["blocks", "parent", "duplicate"])
def test_what_is_said_the_other_way_round_is_refused(desk: Any, kind: str) -> None:
    linking.link(desk.by("bob"), 1000, [1001], kind)
    with pytest.raises(Failed, match=r"ticket 1001 is linked to 1000 \(.*\); nothing was changed"):
        linking.link(desk.by("bob"), 1001, [1000], kind)


def test_what_cannot_be_linked_is_told_and_nothing_is(desk: Any) -> None:
    bob = desk.by("bob")
    with pytest.raises(Failed, match="ticket 1000 cannot be linked to itself"):
        linking.link(bob, 1000, [1001, 1000])
    with pytest.raises(NotFound, match="no ticket 4711"):
        linking.link(bob, 1000, [1001, 4711])
    with pytest.raises(Usage, match="--kind cousin: must be one of related, duplicate, blocks, parent"):
        linking.link(bob, 1000, [1001], "cousin")
    with pytest.raises(Failed, match="tickets 1000 and 1001 are not linked; nothing was changed"):
        linking.unlink(bob, 1000, [1001])
    linking.link(bob, 1000, [1001])
    with pytest.raises(Failed, match="tickets 1000 and 1001 are not linked as blocks"):
        linking.unlink(bob, 1000, [1001], "blocks")
    assert told(desk, 1000) == ["1001 (related)"]


def test_who_may_not_see_one_of_them_links_neither(desk: Any) -> None:
    editing.edit(desk.desk, [1001], editing.Edit(department="sales"))
    for number, other in ((1000, 1001), (1001, 1000)):
        with pytest.raises(NotAllowed):
            linking.link(desk.by("dave"), number, [other])
        with pytest.raises(NotAllowed):
            linking.unlink(desk.by("dave"), number, [other])


def test_nobody_hears_of_a_link(desk: Any) -> None:
    before = len(desk.letters())
    linking.link(desk.by("bob"), 1000, [1001])
    assert desk.letters()[before:] == []


# What blocks


def test_who_closes_what_others_block_is_warned(desk: Any) -> None:
    linking.link(desk.by("bob"), 1001, [1000], "blocks")
    assert linking.stopped(desk.desk, [1000, 1001]) == []
    tickets.close(desk.by("bob"), [1000])
    assert linking.stopped(desk.desk, [1000]) == ["ticket 1000 is closed, though open tickets block it: 1001"]
    tickets.close(desk.by("bob"), [1001])
    assert linking.stopped(desk.desk, [1000, 1001]) == []


def test_what_goes_on_elsewhere_blocks_from_there(desk: Any) -> None:
    linking.link(desk.by("bob"), 1001, [1000], "blocks")
    merging.merge(desk.by("bob"), [1001], 1002)
    tickets.close(desk.by("bob"), [1000])
    assert linking.stopped(desk.desk, [1000]) == ["ticket 1000 is closed, though open tickets block it: 1002"]
    merging.undo(desk.by("bob"), [1001])
    merging.merge(desk.by("bob"), [1001], 1000)
    assert linking.stopped(desk.desk, [1000]) == []


# Watchers


def heard(office: Any, number: int = 1000) -> set[str]:
    """Let Ann write once more; who is alerted."""
    before = len(office.letters())
    office.mail(mail(100 + len(office.messages(number)), references=number - 999))
    return {one.recipient.partition("@")[0] for one in office.letters()[before:]}


def test_who_watches_hears_until_they_do_no_more(desk: Any) -> None:
    members.join(desk.desk, "dave", "support", leave=True)
    assert heard(desk) == {"bob"}
    assert watching.watch(desk.by("carla"), [1000]) == "carla"
    assert heard(desk) == {"bob", "carla"}
    assert views.whole(desk.desk, 1000).watchers == ("carla",)
    watching.watch(desk.by("carla"), [1000], off=True)
    assert heard(desk) == {"bob"}
    assert desk.events(1000) == ["opened", "replied", "watched", "replied", "unwatched", "replied"]


def test_an_admin_says_it_for_others_and_nobody_else_does(desk: Any) -> None:
    assert watching.watch(desk.by("bob"), [1000, 1001], "dave") == "dave"
    with pytest.raises(NotAllowed, match="only an admin says what bob watches; you may say it for yourself"):
        watching.watch(desk.by("dave"), [1000], "bob")
    watching.watch(desk.by("dave"), [1000], "dave", off=True)
    with desk.desk.engine.read() as tx:
        assert (rows.watchers(tx, 1000), rows.watchers(tx, 1001)) == ((), ("dave",))


def test_only_what_one_may_see_is_watched(desk: Any) -> None:
    with pytest.raises(NotAllowed, match="ticket 1000 belongs to support, and zoe does not"):
        watching.watch(desk.by("zoe"), [1000])
    with pytest.raises(NotAllowed, match="zoe may not see ticket 1000, so could hear nothing of it"):
        watching.watch(desk.by("bob"), [1000], "zoe")
    editing.edit(desk.desk, [1000], editing.Edit(private=True))
    with pytest.raises(NotAllowed, match="dave may not see ticket 1000"):
        watching.watch(desk.by("bob"), [1001, 1000], "dave")
    with desk.desk.engine.read() as tx:
        assert rows.watchers(tx, 1001) == ()


def test_who_is_nobody_cannot_watch(desk: Any) -> None:
    with pytest.raises(NotFound, match="mallory: no such staff member"):
        watching.watch(desk.by("bob"), [1000], "mallory")
    with pytest.raises(Usage, match="owner is no staff member, who alone can watch"):
        watching.watch(desk.desk, [1000])


def test_lists_show_what_one_watches(desk: Any) -> None:
    watching.watch(desk.by("dave"), [1000, 1002])
    watching.watch(desk.by("carla"), [1001])
    found = [one.ticket.number for one in views.listing(desk.by("dave"), watcher="dave", order="number")]
    assert found == [1002, 1000]
    assert views.count(desk.by("dave"), watcher="dave") == 2


def test_watching_again_or_not_at_all_changes_nothing(desk: Any) -> None:
    watching.watch(desk.by("dave"), [1000])
    watching.watch(desk.by("dave"), [1000])
    watching.watch(desk.by("dave"), [1001], off=True)
    assert (desk.events(1000), desk.events(1001)) == (["opened", "watched"], ["opened"])
