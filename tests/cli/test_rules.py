"""``run-rules`` as cron runs it, ``rule list`` and ``rule test`` as people do."""

import json
from typing import Any

import pytest
from desks import Site
from program import Run

RULES = """
[operation]
tickets_per_rule = 2

[rule.down]
when = "opened"
if = { subject = { contains = "down" }, mail.text = { matches = "(?i)server" } }
then = { priority = "urgent", tag = "outage", notify = "bob" }

[rule.stop]
when = ["opened", "replied"]
if = { client.domain = "client.example" }
then = { tag = "known" }
stop = true

[rule.last]
when = "opened"
then = { tag = "last" }

[rule.off]
when = "opened"
then = { tag = "off" }
enabled = false

[rule.moved]
when = "moved"
then = { page = true }

[rule.old]
when = "time"
if = { created_at = { older_than = "0s" } }
then = { tag = "old" }
"""


@pytest.fixture
def desk(site: Site) -> Site:
    site.configure(RULES)
    return site


def tags(run: Run, number: int = 1000) -> list[str]:
    return list(run("ticket", "show", str(number), "--json").json["tags"])


def test_the_job_is_silent_and_does_what_time_brings(desk: Site, inside: Run) -> None:
    desk.write()
    inside("fetch-mail")
    done = inside("run-rules")
    assert (done.out, done.err) == ("", "")
    assert tags(inside) == ["known", "old"]


def test_asked_for_it_says_a_line_a_rule(desk: Site, inside: Run) -> None:
    for number in range(3):
        desk.write(sender=f"ann{number}@client.example")
    inside("fetch-mail")
    done = inside("run-rules", "-v")
    assert done.out == ""
    assert done.err.splitlines() == [
        "old: 2 tickets; 1 wait for the next run",
        "wake: nothing to do",
    ]
    assert inside("run-rules", "-v").err.splitlines() == ["old: 1 ticket", "wake: nothing to do"]
    assert inside("run-rules", "-v").err.splitlines() == ["old: nothing to do", "wake: nothing to do"]


def test_its_report_is_one_document(desk: Site, inside: Run) -> None:
    desk.write()
    inside("fetch-mail")
    told = inside("run-rules", "--json").json
    assert told == {
        "rules": [
            {"name": "old", "builtin": False, "fired": 1, "left": 0, "error": None, "tickets": [1000]},
            {"name": "wake", "builtin": True, "fired": 0, "left": 0, "error": None, "tickets": []},
        ],
        "renewed": 0,
    }


def test_a_dry_run_shows_each_ticket_and_writes_nothing(desk: Site, inside: Run) -> None:
    desk.write()
    inside("fetch-mail")
    for _ in range(2):
        assert inside("run-rules", "--dry-run").out == "old\t1000\tis tagged old\n"
    assert inside("run-rules", "-n", "--json").json["rules"][0]["tickets"] == [1000]
    assert tags(inside) == ["known"]


def test_what_a_rule_could_not_do_is_told_and_ends_with_1(site: Site, inside: Run) -> None:
    site.configure(
        '[rule.slow]\nwhen = "time"\nif = { state = "open", subject = { matches = "(a|aa)+$" } }',
        'then = { tag = "slow" }',
    )
    site.write(subject="a" * 300 + "!")
    inside("fetch-mail")
    done = inside("run-rules", code=1)
    assert done.err.startswith("helpdesk: rule slow: the expression")
    assert inside("run-rules", "--json", code=1).json["rules"][0]["error"].startswith("the expression")


def test_built_in_rules_are_there_as_soon_as_they_are_configured(site: Site, inside: Run) -> None:
    assert [one["name"] for one in inside("run-rules", "--json").json["rules"]] == ["wake"]
    site.configure(
        '[operation]\nawaiting_after = "1d"\nreminder_after = "2d"\ninactive_after = "3d"\nsurvey_after = "4d"'
    )
    told = inside("run-rules", "--json").json["rules"]
    assert [(one["name"], one["builtin"]) for one in told] == [
        ("wake", True),
        ("awaiting", True),
        ("reminder", True),
        ("inactive", True),
        ("survey", True),
    ]


def test_all_rules_are_listed_in_their_order(desk: Site, inside: Run) -> None:
    rows = inside("rule", "list", "--json").json
    assert [row["name"] for row in rows] == [
        "down", "stop", "last", "off", "moved", "old", "wake", "awaiting", "reminder", "inactive", "survey",
    ]  # fmt: skip
    assert rows[0] == {
        "name": "down",
        "builtin": False,
        "enabled": True,
        "when": "opened",
        "if": 'subject contains "down", and mail.text matches "(?i)server"',
        "then": "priority becomes urgent, is tagged outage, is told to bob",
        "fired": 0,
        "fired_at": None,
    }
    off = ["off", "awaiting", "reminder", "inactive", "survey"]
    assert [row["name"] for row in rows if not row["enabled"]] == off
    lines = inside("rule", "list", "--fields", "name,when", "-L", "2").out.splitlines()
    assert lines == ["down\topened", "stop\topened or replied"]


MAIL = """\
From: Ann <ann@client.example>
To: support@desk.example
Subject: {subject}
Message-ID: <1@client.example>

The server burns.
"""


def tried(done: Any) -> dict[str, Any]:
    return {one["name"]: one for one in done.json["rules"]}


def test_a_mail_is_tried_on_all_rules(desk: Site, inside: Run) -> None:
    done = inside("rule", "test", "-", "--json", input=MAIL.format(subject="Server down"))
    found = tried(done)
    assert [name for name, one in found.items() if one["fires"]] == ["down", "stop"]
    assert found["down"]["event"] == "opened" and 'subject contains "down"' in found["down"]["why"]
    assert found["last"]["why"] == "the rule stop stops before it"
    assert found["off"]["why"] == "it is not enabled"
    assert found["moved"]["why"] == "it answers moved; what happens is opened, edited"
    assert "a rule of time" in found["old"]["why"]
    assert done.json["events"] == ["opened", "edited"]
    assert done.json["verdict"]["outcome"] == "opened"
    assert {"kind": "notice", "to": "bob@desk.example"} not in done.json["hears"]  # he has the mail itself
    assert {"kind": "alert", "to": "bob@desk.example"} in done.json["hears"]


def test_of_a_rule_that_does_not_fire_the_condition_is_told_and_what_is_there(
    desk: Site, inside: Run, tmp_path: Any
) -> None:
    file = tmp_path / "mail.eml"
    file.write_text(MAIL.format(subject="Printer"))
    done = inside("rule", "test", str(file), "--json")
    assert tried(done)["down"]["why"] == 'subject contains "down": it is "Printer"'
    file.write_text(MAIL.format(subject="All down").replace("server", "printer"))
    done = inside("rule", "test", str(file), "--json")
    assert tried(done)["down"]["why"] == 'mail.text matches "(?i)server": it is "The printer burns."'
    words = inside("rule", "test", str(file)).out
    assert "-- the mail becomes opened (new)" in words
    assert '– down: mail.text matches "(?i)server": it is "The printer burns."' in words
    assert "✓ stop:" in words


def test_trying_writes_nothing(desk: Site, inside: Run) -> None:
    inside("rule", "test", "-", input=MAIL.format(subject="Server down"))
    assert inside("ticket", "list", "--json").json == []
    assert inside("outbox", "list", "--all", "--json").json == []
    assert inside("client", "list", "--json").json == []


def test_a_mail_that_gets_to_no_ticket_is_asked_of_no_rule(desk: Site, inside: Run) -> None:
    mail = MAIL.format(subject="Server down").replace("From: Ann <ann@client.example>\n", "")
    done = inside("rule", "test", "-", "--json", input=mail)
    assert tried(done)["down"]["why"] == "rules are not asked: the mail becomes held (no-sender)"
    assert done.json["events"] == []


def test_hostile_words_of_a_mail_steer_no_terminal(desk: Site, inside: Run) -> None:
    mail = MAIL.format(subject="=?utf-8?q?=1B=5B31mred=07?=")
    for words in (("rule", "test", "-"), ("rule", "test", "-", "--json")):
        assert "\x1b" not in inside(*words, input=mail).out


def test_wrong_words(desk: Site, inside: Run) -> None:
    assert "name a file, or -" in inside("rule", "test", "/no/such/file", code=2).err
    assert "no such mailbox" in inside("rule", "test", "-", "--mailbox", "gone", input="x", code=4).err


def test_a_wrong_rule_is_told_at_config_check_with_its_key(site: Site, run: Run) -> None:
    site.configure(
        '[rule.one]\nwhen = "opened"\nif = { subject = { contain = "x" } }\nthen = { page = true }'
    )
    for words in (("config", "check"), ("run-rules",), ("fetch-mail",)):
        done = run(*words, code=78)
        assert "rule.one.if.subject.contain: unknown operator" in done.err
        assert 'did you mean "contains"?' in done.err


def test_a_call_in_the_outbox_is_shown_as_it_is_made(site: Site, run: Run) -> None:
    site.configure(
        '[webhook.chat]\nurl = "http://127.0.0.1:9/x"\nsecret = "s3cret"',
        '[rule.one]\nwhen = "opened"\nthen = { webhook = "chat" }',
    )
    site.write("Words.")
    run("fetch-mail")
    (letter,) = [one for one in run("outbox", "list", "--json").json if one["kind"] == "webhook"]
    assert (letter["to"], letter["ticket"]) == ("chat", 1000)
    shown = run("outbox", "show", str(letter["id"])).out
    assert '"rule":"one"' in shown
    raw = run("outbox", "show", str(letter["id"]), "--raw").raw
    assert json.loads(raw)["message"]["text"] == "Words."
    done = run("notify", code=69)
    assert "webhook chat: Connection refused" in done.err
    assert "s3cret" not in run("config", "show").out
