"""``client …`` and ``staff …``."""

import os
import pwd

import pytest
from desks import Site
from program import Run
from terminal import on_terminal


@pytest.fixture
def ann(site: Site, inside: Run) -> None:
    inside("client", "new", "Ann@Client.example", "--name", "Ann Archer", "--organization", "Example Ltd.")


def test_a_client_is_made_shown_and_listed(ann: None, inside: Run) -> None:
    assert "\tAnn@Client.example\tAnn Archer\tExample Ltd.\t" in inside("client", "list").out
    page = inside("client", "show", "ann@client.example").out
    assert "Ann Archer <Ann@Client.example>" in page
    assert "Example Ltd." in page


def test_a_page_of_a_client_shows_their_tickets(ann: None, inside: Run) -> None:
    inside("ticket", "new", "--client", "ann@client.example", "-s", "Broken", "-m", "x")
    assert "1000:         new  Broken" in inside("client", "show", "ann@client.example").out


def test_clients_are_found_by_parts(ann: None, inside: Run) -> None:
    inside("client", "new", "carl@other.example")
    assert inside("client", "list", "--search", "ARCH", "--fields", "name").out == "Ann Archer\n"
    assert inside("client", "list", "--search", "other.ex", "--fields", "email").out == "carl@other.example\n"
    assert inside("client", "list", "-L", "1", "--ids").out == "1\n"


def test_a_client_changes(ann: None, inside: Run) -> None:
    changed = inside(
        "client", "edit", "ann@client.example", "--email", "ann@new.example", "--note", "VIP", "--json"
    ).json
    assert (changed["email"], changed["note"]) == ("ann@new.example", "VIP")
    assert changed["addresses"] == ["ann@new.example", "ann@client.example"]
    assert (
        inside("client", "edit", "ann@new.example", "--organization", "", "--json").json["organization"]
        is None
    )
    assert "nothing to change" in inside("client", "edit", "ann@new.example", code=2).err


def test_addresses_come_and_go(ann: None, inside: Run) -> None:
    added = inside("client", "address", "add", "ann@client.example", "ann@home.example", "--json").json
    assert added["addresses"] == ["ann@client.example", "ann@home.example"]
    inside("client", "show", "ann@home.example")
    told = inside("client", "address", "remove", "ann@home.example", "ann@client.example", code=1).err
    assert "is the primary address" in told
    inside("client", "address", "remove", "ann@client.example", "ann@home.example")
    inside("client", "show", "ann@home.example", code=4)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("new", "ann@client.example"), 1, "is already an address of Ann Archer"),
        (("new", "not an address"), 2, "is not a mail address"),
        (("new", "support@desk.example"), 2, "is an address of the desk itself"),
        (("show", "nobody@client.example"), 4, "no client has that address"),
        (("block", "desk.example"), 2, "is the desk's own"),
        (("block", "nonsense"), 2, "must be an address or a domain"),
        (("block", "--remove", "free.example"), 4, "is not blocked"),
        (("block", "--remove"), 2, "name an address or a domain"),
    ],
)
def test_what_cannot_be_done_with_clients_is_told(
    ann: None, inside: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    assert told in inside("client", *words, code=code).err


def test_blocked_people_are_not_heard_until_they_are(site: Site, inside: Run) -> None:
    inside("client", "block", "bad.example", "eve@client.example")
    assert inside("client", "block", "--ids").out.split() == ["bad.example", "eve@client.example"]
    site.write(sender="x@below.bad.example")
    inside("fetch-mail")
    assert inside("ticket", "list", "--ids").out == ""
    inside("client", "block", "--remove", "bad.example")
    site.write(sender="y@below.bad.example")
    inside("fetch-mail")
    assert inside("ticket", "list", "--ids").out == "1000\n"


def test_staff_are_made_join_leave_and_retire(site: Site, inside: Run) -> None:
    inside("staff", "new", "eve", "--name", "Eve Early", "--email", "eve@desk.example")
    assert inside("staff", "join", "eve", "Support", "--json").json["departments"] == ["support"]
    assert inside("staff", "list", "-d", "support", "--ids").out.split() == ["bob", "eve"]
    assert inside("staff", "leave", "eve", "support", "--json").json["departments"] == []
    assert inside("staff", "edit", "eve", "--role", "admin", "--json").json["role"] == "admin"
    assert inside("staff", "retire", "eve", "--json").json["retired_at"] is not None
    assert inside("staff", "list", "--ids").out.split() == ["bob"]
    assert inside("staff", "list", "--all", "--ids").out.split() == ["bob", "eve"]
    assert "has retired" in inside("ticket", "list", login="eve", code=3).err
    assert "Eve Early" in inside("staff", "show", "eve").out


@pytest.mark.parametrize("login", ["me", "none", "auto", "System", "a b", "-x", ""])
def test_some_words_are_no_logins(site: Site, inside: Run, login: str) -> None:
    assert inside("staff", "new", "--name", "X", "--email", "x@desk.example", "--", login, code=2).err


def test_only_an_admin_changes_staff(site: Site, inside: Run) -> None:
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    for words in (
        ("new", "ike", "--name", "Ike", "--email", "ike@desk.example"),
        ("edit", "eve", "--role", "admin"),
        ("retire", "bob"),
        ("join", "eve", "support"),
        ("leave", "bob", "support"),
    ):
        assert "only an admin" in inside("staff", *words, login="eve", code=3).err
    inside("staff", "list", login="eve")


def test_the_last_admin_stays(site: Site, inside: Run) -> None:
    inside("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    assert "last admin" in inside("staff", "edit", "bob", "--role", "staff", code=1).err
    assert "last admin" in inside("staff", "retire", "bob", code=1).err
    assert inside("staff", "show", "bob", "--json").json["retired_at"] is None


def test_who_retired_is_brought_back_and_nothing_else_is_done_to_them(site: Site, inside: Run) -> None:
    new = ("new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    inside("staff", *new)
    inside("staff", "retire", "eve")
    for words in (new, ("join", "eve", "support"), ("edit", "eve", "--name", "Eva")):
        told = inside("staff", *words, code=1).err
        assert (
            "eve: this staff member has retired; 'helpdesk staff edit eve --active' brings them back" in told
        )
    inside("staff", "new", "eva", "--name", "Eva", "--email", "eve@desk.example")
    assert "is already the address of eva" in inside("staff", "edit", "eve", "--active", code=1).err
    inside("staff", "retire", "eva")
    inside("staff", "retire", "eva")
    assert inside("staff", "edit", "eve", "--active", "--json").json["retired_at"] is None
    inside("staff", "join", "eve", "support")
    inside("ticket", "list", login="eve")


def test_a_person_is_asked_before_somebody_retires(site: Site, run: Run) -> None:
    run("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    env = {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"}
    code, output = on_terminal("staff", "retire", "eve", env=env, keys=b"n\n")
    assert code == 1
    assert b"retire Eve (eve)? [y/N]" in output
    assert run("staff", "show", "eve", "--json").json["retired_at"] is None
    assert b"?" not in on_terminal("staff", "retire", "eve", "-y", env=env)[1]
    assert run("staff", "show", "eve", "--json").json["retired_at"] is not None


def test_the_first_staff_member_is_told_how_to_become_an_admin(site: Site, inside: Run) -> None:
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        tx.run("update staff set role = 'staff'")
    owner = pwd.getpwuid(os.getuid()).pw_name
    new = ("new", "eve", "--name", "Eve", "--email", "eve@desk.example", "-v")
    assert (
        "nobody is an admin yet: helpdesk staff edit eve --role admin"
        in inside("staff", *new, login=owner).err
    )
