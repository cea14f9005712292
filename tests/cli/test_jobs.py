"""The jobs as cron and people run them: init, fetch-mail, import, notify and the demo."""

import os
import stat
from email.message import EmailMessage
from pathlib import Path

import pytest
from desks import SMALL_DESK, Site
from program import Run

from helpdesk_cli.services.health import all_runs
from helpdesk_cli.services.mailroom import entries

ROOT = Path(__file__).resolve().parent.parent.parent


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# init


def test_init_makes_a_complete_desk_that_only_its_owner_reads(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "desk"
    done = run("init", str(folder), env={"HELPDESK_CONFIG": "/nonexistent"})
    assert sorted(path.name for path in folder.iterdir()) == ["helpdesk.db", "helpdesk.toml", "secret.key"]
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert mode(folder) == 0o700
    assert (folder / "helpdesk.toml").read_bytes() == (ROOT / "config.example.toml").read_bytes()
    for word in ("staff new", "doctor", "crontab"):
        assert word in done.out


def test_init_overwrites_nothing_and_says_so(run: Run, tmp_path: Path) -> None:
    run("init", str(tmp_path / "desk"))
    before = {path: path.read_bytes() for path in (tmp_path / "desk").glob("[hs]e*[!k]") if path.is_file()}
    done = run("init", str(tmp_path / "desk"))
    assert [line.split()[0] for line in done.out.splitlines()[:3]] == ["kept", "kept", "kept"]
    assert {path: path.read_bytes() for path in before} == before
    assert len(before) >= 2


@pytest.mark.parametrize("missing", ["helpdesk.toml", "helpdesk.db"])
def test_init_makes_what_is_missing(run: Run, tmp_path: Path, missing: str) -> None:
    run("init", str(tmp_path / "desk"))
    (tmp_path / "desk" / missing).unlink()
    shape = run("init", str(tmp_path / "desk"), "--json").json
    assert [piece["path"].rpartition("/")[2] for piece in shape.values() if piece["new"]] == [missing]


def test_init_never_makes_a_key_for_a_store_that_had_one(run: Run, tmp_path: Path) -> None:
    run("init", str(tmp_path / "desk"))
    (tmp_path / "desk" / "secret.key").unlink()
    assert "missing" in run("init", str(tmp_path / "desk"), code=78).err
    assert not (tmp_path / "desk" / "secret.key").exists()


def test_init_writes_what_config_names_else_the_user_s_own_file(run: Run, tmp_path: Path) -> None:
    named = tmp_path / "a" / "my.toml"
    run("--config", str(named), "init", str(tmp_path / "ignored"))
    assert named.exists()
    assert not (tmp_path / "ignored").exists()
    run("init", env={"HELPDESK_CONFIG": None, "XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert (tmp_path / "xdg" / "helpdesk" / "helpdesk.toml").exists()


def test_init_refuses_a_place_where_it_may_not_write(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("init", str(tmp_path / "file"), code=1)
    assert done.err == f"helpdesk: {tmp_path / 'file'}: File exists\n"


def test_a_desk_of_the_example_is_in_order_but_for_its_mail_server(run: Run, tmp_path: Path) -> None:
    run("init", str(tmp_path / "desk"))
    config = tmp_path / "desk" / "helpdesk.toml"
    assert run("config", "path", "--config", str(config)).out == f"{config}\n"
    assert run("config", "show", "--config", str(config)).err == ""


# fetch-mail


def test_fetching_says_what_became_of_each_message(run: Run, site: Site) -> None:
    site.write("one")
    site.write("two", sender="eve@client.example")
    site.write("away", auto_submitted="auto-replied")
    done = run("fetch-mail", "--json")
    (box,) = done.json["mailboxes"]
    assert set(box) == {"name", "fetched", "outcomes", "error"}
    assert (box["name"], box["fetched"], box["error"]) == ("support", 3, None)
    assert box["outcomes"]["opened"] == 2
    assert sum(box["outcomes"].values()) == 3
    assert done.err == ""
    assert run("fetch-mail", "--json").json["mailboxes"][0]["fetched"] == 0


def test_fetching_talks_when_asked_to(run: Run, site: Site) -> None:
    site.write()
    done = run("fetch-mail", "-v")
    assert (done.out, done.err) == ("", "support: 1 fetched: 1 opened\n")
    assert run("fetch-mail", "-v").err == "support: nothing fetched\n"


def test_how_a_job_fared_is_remembered(run: Run, site: Site) -> None:
    run("fetch-mail")
    run("notify")
    site.configure(instead=SMALL_DESK.replace('path = "inbox"', 'path = "nowhere"'))
    run("fetch-mail", code=69)
    with site.desk(is_job=True) as desk:
        ran = {each.job: each for each in all_runs(desk)}
    assert set(ran) == {"fetch-mail", "notify"}
    assert (ran["notify"].code, ran["notify"].error) == (0, "")
    assert ran["fetch-mail"].code == 69
    assert ran["fetch-mail"].error.startswith("support: ")
    assert ran["fetch-mail"].succeeded_at is not None


def test_a_limit_leaves_the_rest_for_the_next_run(run: Run, site: Site) -> None:
    for number in range(3):
        site.write(sender=f"c{number}@client.example")
    counts = [run("fetch-mail", "--limit", "2", "--json").json["mailboxes"][0]["fetched"] for _ in range(3)]
    assert counts == [2, 1, 0]


def test_a_dry_run_tells_what_would_become_of_mail_and_writes_nothing(run: Run, site: Site) -> None:
    path = site.write(subject="Dry")
    waiting = sorted(os.listdir(site.inbox / "new"))
    shape = run("fetch-mail", "-n", "--json").json
    assert shape["mailboxes"] == [{"name": "support", "fetched": 1, "outcomes": {"opened": 1}, "error": None}]
    (message,) = shape["messages"]
    assert (message["from"], message["subject"], message["outcome"]) == (
        "ann@client.example",
        "Dry",
        "opened",
    )
    assert message["size"] > len(path.as_bytes()) // 2
    assert run("fetch-mail", "-n").out.startswith("support\topened\t")
    assert sorted(os.listdir(site.inbox / "new")) == waiting
    with site.desk(is_job=True) as desk:
        assert entries(desk, everything=True) == []
    assert run("fetch-mail", "--json").json["mailboxes"][0]["outcomes"] == {"opened": 1}


def test_a_dry_run_knows_what_was_fetched_and_what_is_backlog(run: Run, site: Site) -> None:
    site.config.write_text(site.config.read_text().replace('backlog = "answer"\n', ""))
    site.write()
    old = site.drop(b"From: ann@client.example\nTo: support@desk.example\nSubject: Old\n\nold\n")
    os.utime(old, (1_700_000_000, 1_700_000_000))
    outcomes = [row["outcome"] for row in run("fetch-mail", "-n", "--json").json["messages"]]
    assert sorted(outcomes) == ["archived", "opened"]
    run("fetch-mail")
    assert run("fetch-mail", "-n", "--json").json["messages"] == []


# import


def test_an_import_is_history_that_may_be_repeated(run: Run, site: Site, tmp_path: Path) -> None:
    mbox = tmp_path / "old.mbox"
    one = (
        "From ann@client.example Sun Nov 22 10:30:00 2020\nFrom: ann@client.example\n"
        "Subject: {0}\nMessage-ID: <{0}@x>\n\nOld {0}\n\n"
    )
    mbox.write_text("".join(one.format(number) for number in range(3)))
    eml = tmp_path / "single.eml"
    eml.write_text("From: eve@client.example\nSubject: single\n\nhello\n")
    done = run("import", str(mbox), str(eml), "--json")
    assert done.json["mailboxes"][0]["outcomes"] == {"archived": 4}
    again = run("import", str(mbox), str(eml), "-v")
    assert again.err == "support: nothing fetched\n"
    run("notify")
    assert site.sent() == []
    assert {ticket["state"] for ticket in run("ticket", "list", "--state", "all", "--json").json} == {
        "closed"
    }
    assert mbox.read_text().count("Subject:") == 3


def test_an_import_of_nothing_or_for_nobody_is_told(run: Run, tmp_path: Path) -> None:
    assert str(tmp_path / "none") in run("import", str(tmp_path / "none"), code=1).err
    (tmp_path / "a.eml").write_text("Subject: x\n\nx\n")
    assert "no such mailbox" in run("import", str(tmp_path / "a.eml"), "--mailbox", "nowhere", code=4).err


@pytest.mark.parametrize("name", ["some.py", "/dev/null", "data.json"])
def test_what_is_no_mail_is_not_imported_and_stops_nothing_else(
    run: Run, site: Site, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if tmp_path in path.parents:
        path.write_text('import os\n\nprint("Subject: x")\n' if name == "some.py" else '{"a": 1}\n')
    mail = tmp_path / "a.eml"
    mail.write_text("From: ann@client.example\nSubject: x\n\nx\n")
    done = run("import", str(path), str(mail), code=1)
    assert done.err == f"helpdesk: {path}: is no mail; name Maildirs, mbox files and .eml files\n"
    assert run("ticket", "list", "--state", "all", "--ids").out == "1000\n"


def test_an_empty_mbox_is_imported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.mbox").touch()
    assert run("import", str(tmp_path / "empty.mbox"), "--json").json["mailboxes"][0]["fetched"] == 0


# notify


def test_notify_sends_what_is_due_and_counts_it(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    due = run("notify", "-n", "--json").json
    assert (due["sent"], due["queued"]) == (0, 2)
    assert sorted(letter["kind"] for letter in due["letters"]) == ["acknowledgement", "alert"]
    assert site.sent() == []
    assert run("notify", "-n").out.count("\n") == 2
    assert run("notify", "--json", "--limit", "1").json == {
        "sent": 1,
        "deferred": 0,
        "failed": 0,
        "uncertain": 0,
        "queued": 1,
    }
    assert run("notify", "-v").err == "1 sent\n"
    assert {letter["Delivered-To"] for letter in site.sent()} == {"ann@client.example", "bob@desk.example"}
    assert run("notify", "-v").err == "nothing to send\n"


def test_a_transport_that_is_away_is_tried_again_by_the_next_run(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    right = site.config.read_text()
    site.configure(instead=right.replace('path = "sent"', 'path = "/proc/nowhere"'))
    done = run("notify", "--json", code=69)
    assert len(done.err.splitlines()) == 1
    assert done.json["sent"] == 0
    assert done.json["queued"] == 2


# demo


def test_the_demo_goes_the_whole_way_by_itself(run: Run, tmp_path: Path) -> None:
    done = run("demo", str(tmp_path / "demo"), env={"HELPDESK_CONFIG": None, "HELPDESK_STAFF": None})
    assert done.err == ""
    for words in (
        "$ helpdesk fetch-mail -v\nsupport: 3 fetched: 3 opened\n",
        "1 replied, 1 auto-reply, 1 bounce",
        "Subject: [HD-1000] The web shop answers with an error",
        "oncall@pager.example",
        "Yes, it works again. Thank you!",
    ):
        assert words in done.out
    config = {"HELPDESK_CONFIG": str(tmp_path / "demo" / "helpdesk.toml"), "HELPDESK_STAFF": "alice"}
    messages = run("ticket", "show", "1000", "--json", env=config).json["messages"]
    assert [message["kind"] for message in messages] == ["inbound", "outbound", "inbound"]
    assert messages[2]["new_text"] == "Yes, it works again. Thank you!\n\nAnn"
    inbox = run("inbox", "list", "--all", "--json", env=config).json
    found = {entry["outcome"]: entry["ticket"] for entry in inbox}
    assert found == {"opened": found["opened"], "replied": 1000, "auto-reply": 1001, "bounce": 1002}
    again = run("demo", str(tmp_path / "demo"), code=1)
    assert again.err.endswith("there is a desk already; name another folder\n")


def test_the_demo_finds_a_folder_of_its_own_and_can_be_brief(run: Run, tmp_path: Path) -> None:
    done = run("demo", "-q", env={"TMPDIR": str(tmp_path), "HELPDESK_CONFIG": None})
    (folder,) = tmp_path.glob("helpdesk-demo-*")
    assert f"The desk stays in {folder}" in done.out
    assert "$ helpdesk" not in done.out
    assert done.err == ""


def test_a_mail_of_the_demo_that_a_person_wrote_answers_the_mail_that_was_sent(tmp_path: Path) -> None:
    from helpdesk_cli.services.demo import answer_to

    letter = EmailMessage()
    letter["To"], letter["From"] = "Ann <ann@client.example>", "Support <support@desk.example>"
    letter["Reply-To"], letter["Subject"] = "support+abc@desk.example", "[HD-1] x"
    letter["Message-ID"], letter["References"] = "<b@desk>", "<a@client>"
    letter.set_content("Hello\n")
    answer = answer_to(letter)
    assert (answer["To"], answer["In-Reply-To"]) == ("support+abc@desk.example", "<b@desk>")
    assert answer["References"] == "<a@client> <b@desk>"
    assert "> Hello" in answer.get_content()
