"""``ticket unsend``: the text comes back, the mail never goes; with real mails in a Maildir."""

import os
import subprocess

from desks import Site
from program import PROGRAM, Run


def mails_of(site: Site, words: str) -> int:
    return sum(words in mail.get_body(("plain",)).get_content() for mail in site.sent())


def test_an_answer_is_taken_back_mended_and_sent(site: Site, inside: Run) -> None:
    site.configure('[operation]\nhold_answers = "1h"')
    site.write()
    inside("fetch-mail")
    told = inside("ticket", "reply", "1000", "-m", "Pluk it in.\n\nBob", "--stage", "awaiting", "-v").err
    assert told == (
        "ticket 1000: answered; the mail leaves in 60 minutes; until then 'helpdesk ticket unsend 1000' takes it back\n"
    )
    inside("notify")
    assert mails_of(site, "Pluk it in.") == 0
    assert inside("ticket", "unsend", "1000").out == "Pluk it in.\n\nBob\n"
    site.configure()
    inside("ticket", "reply", "1000", "-m", "Plug it in.")
    inside("notify")
    assert (mails_of(site, "Pluk it in."), mails_of(site, "Plug it in.")) == (0, 1)
    shown = inside("ticket", "show", "1000", "--json").json
    assert [(one["kind"], one["public"], one["mark"]) for one in shown["messages"]] == [
        ("inbound", True, None),
        ("note", False, "taken back, never sent"),
        ("outbound", True, None),
    ]


def test_it_is_told_in_json_and_a_second_time_there_is_nothing(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    inside("ticket", "reply", "1000", "-m", "It works.")
    done = inside("ticket", "unsend", "1000", "--json").json
    assert (done["number"], done["unsent"]["text"], done["unsent"]["to"]) == (
        1000,
        "It works.",
        ["ann@client.example"],
    )
    assert "has no answer of yours" in inside("ticket", "unsend", "1000", code=1).err
    assert "no ticket 77" in inside("ticket", "unsend", "77", code=4).err


def test_what_left_is_too_late(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    inside("ticket", "reply", "1000", "-m", "It works.")
    inside("notify")
    done = inside("ticket", "unsend", "1000", code=1)
    assert (done.out, "too late, your last answer left (to ann@client.example: sent at" in done.err) == (
        "",
        True,
    )


def test_beside_a_notify_that_runs_each_answer_is_sent_or_taken_back(site: Site, run: Run) -> None:
    site.write()
    run("fetch-mail")
    run("notify")
    env = {**os.environ, "HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"}
    for number in range(5):
        words = f"Answer {number}."
        run("ticket", "reply", "1000", "-m", words)
        notify = subprocess.Popen([*PROGRAM, "notify"], env=env)
        taken = run("ticket", "unsend", "1000", code=None)
        assert notify.wait(60) == 0
        run("notify")
        assert taken.code in (0, 1)
        assert (taken.out, mails_of(site, words)) == ((words + "\n", 0) if taken.code == 0 else ("", 1))
