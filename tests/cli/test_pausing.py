"""What is paused rests until it is resumed, says why, and loses nothing."""

import pytest
from desks import Site
from program import Run

from helpdesk_cli.services.mailroom import entries

MAIL = "From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: Piped\n\nBy pipe.\n"
WHY = ("--reason", "the store is being moved")

TWO_WAYS_IN = """\
[mailbox.other]
kind = "maildir"
path = "other"
department = "support"
backlog = "answer"
"""


def outcomes(site: Site) -> list[str]:
    with site.desk(is_job=True) as desk:
        return [entry.outcome for entry in entries(desk, everything=True)]


@pytest.mark.parametrize("paused", [("cron",), ("fetch-mail",), ()], ids=["all", "itself", "no name"])
def test_fetching_rests_while_it_is_paused(run: Run, site: Site, paused: tuple[str, ...]) -> None:
    site.write()
    run("pause", *paused, *WHY)
    done = run("fetch-mail")
    assert (done.out, done.err) == ("", "")
    told = run("fetch-mail", "-v").err
    assert told == f"{paused[0] if paused else 'cron'} is paused by bob: the store is being moved\n"
    assert run("fetch-mail", "--json").json == {"mailboxes": []}
    assert outcomes(site) == []
    run("resume", *paused)
    assert run("fetch-mail", "-v").err == "support: 1 fetched: 1 opened\n"


def test_sending_rests_while_it_is_paused(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    run("pause", "notify", *WHY)
    assert run("notify", "-v").err.startswith("notify is paused by bob: the store is being moved\n")
    queued = run("notify", "--json").json["queued"]
    assert queued > 0
    assert site.sent() == []
    run("resume", "notify")
    assert run("notify", "--json").json["sent"] == queued


def test_one_mailbox_may_rest_while_the_others_are_fetched(run: Run, site: Site) -> None:
    site.configure(TWO_WAYS_IN)
    for part in ("tmp", "new", "cur"):
        (site.folder / "other" / part).mkdir(parents=True)
    site.write()
    (site.folder / "other" / "new" / "1.test").write_text(MAIL)
    run("pause", "mailbox:support", *WHY)
    assert run("fetch-mail", "-v").err.splitlines() == [
        "mailbox:support is paused by bob: the store is being moved",
        "other: 1 fetched: 1 opened",
    ]
    assert run("fetch-mail", "support", "--json").json == {"mailboxes": []}
    run("resume", "mailbox:support")
    assert run("fetch-mail", "support", "-v").err == "support: 1 fetched: 1 opened\n"


@pytest.mark.parametrize("paused", ["cron", "fetch-mail", "mailbox:support"])
def test_a_mail_server_is_never_refused(run: Run, site: Site, paused: str) -> None:
    run("pause", paused, *WHY)
    done = run("receive", input=MAIL)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert outcomes(site) == ["pending"]
    run("fetch-mail")
    assert outcomes(site) == ["pending"]
    run("resume")
    run("fetch-mail")
    assert outcomes(site) == ["opened"]


def test_what_other_ways_in_left_over_waits_with_its_mailbox(run: Run, site: Site) -> None:
    site.configure(TWO_WAYS_IN.replace('"maildir"\npath = "other"', '"pipe"').replace("backlog", "# "))
    run("pause", "mailbox:other", *WHY)
    run("receive", "--mailbox", "other", input=MAIL)
    with site.desk(is_job=True) as desk:
        desk.engine.transact(lambda tx: tx.put("update inbox set kept_at = '2020-01-01T00:00:00Z'"))
    run("fetch-mail")
    assert outcomes(site) == ["pending"]
    run("resume", "mailbox:other")
    run("fetch-mail")
    assert outcomes(site) == ["opened"]


def test_what_is_paused_is_shown_with_its_reason(run: Run, site: Site) -> None:
    assert run("pause", "--json").json == []
    run("pause", "notify", "--reason", "the server\nis moved")
    run("pause", "notify", "--reason", "it is still moved")
    (row,) = run("pause", "--json").json
    assert set(row) == {"what", "reason", "paused_at", "paused_by"}
    assert (row["what"], row["reason"], row["paused_by"]) == ("notify", "it is still moved", "bob")
    assert run("pause").out.split("\t")[::3] == ["notify", "it is still moved\n"]
    assert [row["what"] for row in run("resume", "--json").json] == ["notify"]
    assert run("pause").out == ""


def test_a_job_does_not_go_on_alone_where_all_are_paused(run: Run) -> None:
    run("pause", *WHY)
    told = run("resume", "notify", code=1).err
    assert "paused with all jobs (the store is being moved)" in told
    assert "helpdesk resume cron" in told
    assert run("resume", "cron", "-v").err == "cron goes on\n"
    assert run("resume", "cron", "-v").err == "cron was not paused\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["pause", "notify"], 2, "say why"),
        (["pause", "notify", "--reason", " "], 2, "say why"),
        (["pause", "doctor", *WHY], 4, "fetch-mail, notify, run-rules, cron"),
        (["pause", "mailbox:nowhere", *WHY], 4, "mailbox:support"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_be_paused_is_refused(run: Run, words: list[str], code: int, said: str) -> None:
    assert said in run(*words, code=code).err
    assert run("pause", "--json").json == []


def test_only_admins_pause_and_resume(run: Run) -> None:
    run("staff", "new", "carl", "--name", "Carl", "--email", "carl@desk.example")
    run("pause", "notify", *WHY)
    for words in (["pause", *WHY], ["resume"], ["resume", "notify"]):
        assert "only an admin" in run(*words, "--as", "carl", code=3).err
    assert [row["what"] for row in run("pause", "--json", "--as", "carl").json] == ["notify"]


def test_doctor_reminds_of_what_is_paused(run: Run) -> None:
    run("pause", "notify", *WHY)
    found = [each for each in run("doctor", "--json", code=None).json if each["name"] == "pause"]
    assert [(each["level"], each["hint"]) for each in found] == [("warn", "helpdesk resume notify")]
    assert "notify is paused by bob: the store is being moved" in found[0]["text"]


def test_what_cannot_rest_cannot_go_on(run: Run) -> None:
    assert "nosuch: cannot be paused" in run("resume", "nosuch", code=4).err
    assert "mailbox:nosuch: no such mailbox" in run("resume", "mailbox:nosuch", code=4).err
    run("resume", "mailbox:support")  # which nobody paused


def test_a_round_says_which_mailbox_rests_where_it_is_asked(run: Run) -> None:
    run("pause", "mailbox:support", "--reason", "it moves")
    assert "mailbox:support is paused by bob: it moves" in run("cron", "-v").out + run("cron", "-v").err
