"""``ticket wait``: put off until spoken words, and back by run-rules."""

from desks import Site
from program import Run


def test_tickets_wait_and_are_listed_with_their_moment(site: Site, inside: Run) -> None:
    for name in ("ann", "ben"):
        site.write(sender=f"{name}@client.example")
    inside("fetch-mail")
    done = inside(
        "ticket", "wait", "1000", "1001", "77", "--until", "2099-12-01", "-m", "Disks.", "--json", code=1
    )
    assert [one["waits_until"] for one in done.json] == ["2099-12-01T00:00:00Z"] * 2
    shown = inside("ticket", "show", "1000")
    assert "2099-12-01T00:00:00Z" in shown.out
    assert inside("ticket", "list", "--json").json[0]["waits_until"] == "2099-12-01T00:00:00Z"
    assert inside("ticket", "show", "1000", "--json").json["messages"][-1]["text"] == "Disks."
    inside("ticket", "move", "1000", "new")
    assert inside("ticket", "show", "1000", "--json").json["waits_until"] is None


def test_what_is_no_moment_to_come_is_2(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    assert "is no moment; write tomorrow" in inside("ticket", "wait", "1000", "--until", "soon", code=2).err
    assert "that is over" in inside("ticket", "wait", "1000", "--until", "2020-01-01", code=2).err
    assert "--until" in inside("ticket", "wait", "1000", code=2).err
    assert "your text is kept" in inside("ticket", "wait", "1000", "--until", "x", "-m", "Hm.", code=2).err


def test_the_rule_is_listed_and_its_name_is_taken(site: Site, inside: Run) -> None:
    (row,) = [row for row in inside("rule", "list", "--json").json if row["name"] == "wake"]
    assert (row["builtin"], row["enabled"], row["when"]) == (True, True, "time")
    site.configure('[rule.wake]\nwhen = "opened"\nthen = { tag = "x" }')
    assert '"wake" is the name of a built-in rule' in inside("config", "check", code=78).err
