"""What the admin looks at: doctor, mailboxes, the configuration, the store."""

import json
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from desks import SMALL_DESK, Site
from program import Run

from helpdesk_cli.services import headroom
from helpdesk_cli.services.doctor import examine

ADMIN = '[desk]\nadmin = ["root@desk.example"]\n'
WITH_ADMIN = SMALL_DESK.replace("[desk]\n", ADMIN, 1)


def found(run: Run, *words: str, code: int = 0, **more: Any) -> dict[tuple[str, str], dict[str, str]]:
    """What doctor says: each check by its name and level."""
    shape = run("doctor", "--json", *words, code=code, **more).json
    assert all(set(check) == {"name", "level", "text", "hint"} for check in shape)
    return {(check["name"], check["level"]): check for check in shape}


def test_a_sound_desk_has_nothing_but_ok(run: Run, site: Site) -> None:
    site.configure(instead=WITH_ADMIN)
    checks = found(run)
    assert {level for _, level in checks} == {"ok"}
    assert {name for name, _ in checks} >= {
        "configuration",
        "key",
        "store",
        "mailbox.support",
        "transport.default",
    }
    assert run("doctor", "-q").out == ""


def test_warnings_are_no_failures_and_say_what_to_do(run: Run, site: Site) -> None:
    site.configure('[department.sales]\nname = "Sales"\naddress = "sales@desk.example"')
    done = run("doctor", "-q")
    assert "warn  department.sales: has no staff" in done.out
    assert "      → helpdesk staff join LOGIN sales" in done.out
    assert "warn  admin:" in done.out


LEVELS = """
[sla.gold]
name = "Gold"
first_response = { else = "1s" }
warning = ["bob", "watchers"]
breach = ["manager", "carol"]

[rule.ghosts]
when = "opened"
then = { assignee = "ghost", watch = ["eve", "carol"], notify = "assignee" }
"""


def test_a_level_that_tells_nobody_or_is_not_looked_at_is_a_warning(run: Run, site: Site) -> None:
    manager = 'assignment = "off"\nmanager = "dora"'
    site.configure(LEVELS, instead=WITH_ADMIN.replace('assignment = "off"', manager))
    warned = {check["name"]: check["text"] for (_, level), check in found(run).items() if level == "warn"}
    assert warned == {
        "sla.gold.breach": "carol: no active staff member has that login, so nobody hears",
        "department.support.manager": "dora: no active staff member has that login, so nobody hears",
        "rule.ghosts.then.assignee": "ghost: no active staff member has that login, so nobody hears",
        "rule.ghosts.then.watch": "carol: no active staff member has that login, so nobody hears",
    }
    site.configure(LEVELS.replace(', "carol"', "").partition("[rule")[0], instead=WITH_ADMIN)
    run("ticket", "new", "--client", "ann@client.example", "-s", "S", "-m", "x")
    assert {level for _, level in found(run)} == {"ok"}
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        tx.run("update clock set breach_at = '2026-01-01T00:00:00Z'")
    assert "1 warnings and breaches" in found(run)["sla", "warn"]["text"]


@pytest.mark.parametrize(
    ("spoil", "name", "code"),
    [
        (lambda site: (site.folder / "secret.key").unlink(), "key", 78),
        (lambda site: (site.folder / "secret.key").chmod(0o644), "key", 78),
        (lambda site: site.store.unlink(), "store", 78),
        (lambda site: site.configure("[nonsense]"), "configuration", 78),
        (lambda site: (site.inbox / "new").rmdir(), "mailbox.support", 78),
        (
            lambda site: site.configure(instead=SMALL_DESK.replace('"sent"', '"/proc/x"')),
            "transport.default",
            69,
        ),
        (
            lambda site: site.configure('[transport.mail]\nhost = "127.0.0.1"\nport = 1'),
            "transport.mail",
            69,
        ),
    ],
    ids=["no key", "open key", "no store", "nonsense", "no Maildir", "unwritable", "no server"],
)
def test_what_is_broken_fails_under_its_name(run: Run, site: Site, spoil: Any, name: str, code: int) -> None:
    spoil(site)
    assert (name, "fail") in found(run, code=code)


def test_a_broken_template_of_the_site_is_found(run: Run, site: Site) -> None:
    words = site.folder / "words"
    words.mkdir(mode=0o700)
    (words / "reply.txt.j2").write_text("Hello\n{{ recipient.nmae }}")
    (words / "reply.txt.j2").chmod(0o600)
    site.configure(instead=WITH_ADMIN.replace("[desk]\n", '[desk]\ntemplates = "words"\n', 1))
    place = f"{words}/reply.txt.j2 line 2: "
    assert found(run)["templates", "warn"]["text"].startswith(place)
    checked = run("config", "check", code=78)
    assert checked.out == ""
    assert checked.err.startswith(f"helpdesk: {place}")
    (told,) = run("config", "check", "--json", code=78).json["faults"]
    assert told.startswith(place)
    (words / "reply.txt.j2").write_text("Hello {{ recipient.name }}")
    assert found(run)["templates", "ok"]["text"] == str(words)
    checked = run("config", "check")
    assert (checked.out, checked.err) == (f"{site.config}: in order\n", "")


def test_a_damaged_store_is_found(run: Run, site: Site) -> None:
    with sqlite3.connect(site.store) as store:
        store.execute("pragma journal_mode = delete")
    store.close()
    raw = bytearray(site.store.read_bytes())
    raw[8192:16384] = os.urandom(8192)
    site.store.write_bytes(raw)
    assert ("store", "fail") in found(run, code=1)
    done = run("store", "verify", code=1)
    assert done.err.startswith("helpdesk: the store is damaged: ")
    assert len(done.err.splitlines()) == 1


def test_a_disk_that_is_nearly_full_is_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headroom, "HEADROOM", 1 << 62)
    disk = [check for check in examine(str(site.config)) if check.name == "disk"]
    assert [(check.level, check.code) for check in disk] == [("fail", 75)]


def test_others_may_not_read_the_store(run: Run, site: Site) -> None:
    site.store.chmod(0o644)
    assert ("store", "warn") in found(run)


def test_a_mailbox_that_nobody_fetches_and_letters_that_nobody_sends_are_found(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        tx.run("update mailbox set succeeded_at = '2020-01-01T00:00:00Z'")
        tx.run("update letter set next_attempt_at = '2020-01-01T00:00:00Z'")
    checks = found(run)
    assert "crontab" in checks["mailbox.support", "warn"]["hint"]
    assert "2 letters" in checks["outbox", "warn"]["text"]


def test_a_clock_that_went_back_is_found(run: Run, site: Site) -> None:
    run("fetch-mail")
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        tx.run("update mailbox set succeeded_at = '2999-01-01T00:00:00Z'")
    assert ("clock", "fail") in found(run, code=1)


def test_a_test_mail_goes_out_by_every_transport(run: Run, site: Site) -> None:
    site.configure('[transport.other]\nkind = "maildir"\npath = "other"')
    checks = found(run, "--send-test", "me@home.example")
    assert "took a test mail" in checks["transport.other", "ok"]["text"]
    (letter,) = site.sent()
    assert letter["Delivered-To"] == "me@home.example"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "default" in letter.get_content()
    assert len(list((site.folder / "other" / "new").iterdir())) == 1


def test_a_test_mail_to_nonsense_is_told(run: Run) -> None:
    assert ("transport.default", "fail") in found(run, "--send-test", "non sense", code=1)


def test_doctor_changes_nothing(run: Run, site: Site) -> None:
    site.write()
    before = sorted((path, path.stat().st_mtime_ns) for path in site.inbox.rglob("*"))
    run("doctor")
    run("mailbox", "test", "support")
    assert sorted((path, path.stat().st_mtime_ns) for path in site.inbox.rglob("*")) == before
    assert run("fetch-mail", "--json").json["mailboxes"][0]["fetched"] == 1


def test_a_mailbox_is_listed_and_tested(run: Run, site: Site) -> None:
    site.write()
    assert run("mailbox", "test", "support").out == (
        "ok    mailbox.support: 1 message, 1 of them in new/; what was fetched is marked as seen\n"
    )
    run("fetch-mail")
    (row,) = run("mailbox", "list", "--json").json
    assert (row["name"], row["kind"], row["error"]) == ("support", "maildir", None)
    assert row["fetched_at"].endswith("Z")
    assert run("mailbox", "test", "nowhere", code=4).err.startswith("helpdesk: nowhere: no such mailbox")


def test_a_mailbox_that_is_away_fails_its_test(run: Run, site: Site) -> None:
    (site.inbox / "new").rmdir()
    assert run("mailbox", "test", "support", code=69).out.startswith("fail  mailbox.support: ")


def test_the_configuration_is_shown_without_its_passwords(run: Run, site: Site) -> None:
    site.configure(
        '[mailbox.imap]\nhost = "imap.example.com"\nusername = "u"\npassword = "hunter2"\ndepartment = "support"'
    )
    text, shape = run("config", "show"), run("config", "show", "--json")
    assert "hunter2" not in text.out + shape.out
    assert 'mailbox.imap.host = "imap.example.com"' in text.out.splitlines()
    assert shape.json["mailbox"]["imap"]["username"] == "u"


def test_checking_the_configuration_tells_every_fault(run: Run, site: Site) -> None:
    assert run("config", "check").out == f"{site.config}: in order\n"
    assert run("config", "check", "--json").json == {
        "path": str(site.config),
        "faults": [],
        "warnings": [],
    }
    site.configure("[operation]\nx = 1\ny = 2")
    done = run("config", "check", "--json", code=78)
    assert len(done.json["faults"]) == len(done.err.splitlines()) == 2


def test_the_configuration_in_use_is_named(run: Run, site: Site, tmp_path: Path) -> None:
    assert run("config", "path").out == f"{site.config}\n"
    assert run("config", "path", "--config", "x.toml", cwd=tmp_path, env={"PYTHONPATH": os.getcwd()}).out == (
        f"{tmp_path}/x.toml\n"
    )


def test_a_backup_is_a_whole_store_that_only_its_owner_reads(run: Run, site: Site, tmp_path: Path) -> None:
    site.write()
    run("fetch-mail")
    copy = tmp_path / "copy.db"
    done = run("store", "backup", str(copy))
    assert (done.out, done.err) == ("", "")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    before = json.dumps(run("ticket", "list", "--json").json)
    for path in site.folder.glob("helpdesk.db*"):
        if path.is_file():
            path.unlink()
    copy.rename(site.store)
    assert json.dumps(run("ticket", "list", "--json").json) == before
    assert run("store", "verify").out == "the store is sound\n"


def test_a_backup_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    assert "there is a file already" in run("store", "backup", str(tmp_path / "there"), code=1).err
    assert (tmp_path / "there").read_text() == "precious"
    assert len(run("store", "backup", "/nonexistent/x.db", code=1).err.splitlines()) == 1


def test_only_an_admin_and_the_owner_copy_the_store(run: Run, site: Site, tmp_path: Path) -> None:
    run("staff", "new", "eve", "--name", "Eve", "--email", "eve@desk.example")
    for name, env in (
        ("eve", {"HELPDESK_STAFF": "eve"}),
        ("sudo", {"HELPDESK_STAFF": "eve", "SUDO_USER": "eve"}),
    ):
        told = run("store", "backup", str(tmp_path / name), env=env, code=3).err
        assert told.startswith("helpdesk: only an admin or the store's owner may copy the store")
        assert not (tmp_path / name).exists()
    run("store", "backup", str(tmp_path / "admin"))
    run("store", "backup", str(tmp_path / "cron"), env={"HELPDESK_STAFF": None, "SUDO_USER": None})
    assert (tmp_path / "cron").stat().st_size > 0


def test_a_language_without_templates_is_warned_of(run: Run, site: Site) -> None:
    speaking = WITH_ADMIN.replace("[desk]\n", '[desk]\nlanguage = "xx-YY"\ntemplates = "words"\n', 1)
    site.configure(instead=speaking)
    (site.folder / "words").mkdir(0o700)
    told = 'desk.language = "xx-YY": there are no templates for it, so mail goes out in English'
    assert run("config", "check").err == f"helpdesk: {told}\n"
    assert run("config", "check", "--json").json["warnings"] == [told]
    assert found(run)["language", "warn"]["text"] == told
    (site.folder / "words" / "xx").mkdir(0o700)
    assert run("config", "check").err == ""
