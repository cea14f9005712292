"""``[log]``: from the id in the mail server's queue to the ticket, and on to the queue that took the answer."""

import os
import re
import shlex
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from desks import Site
from program import Run
from smtp_server import SmtpServer

from helpdesk_cli.services import trail

LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\S+) helpdesk\[(\d+)\]: (.*)")
QUEUED = (
    "from out.client.example ([192.0.2.7]) by mx.desk.example (Postfix) with ESMTPS id 4F3A81C0D2 "
    "for <support@desk.example>; Sun, 22 Nov 2026 10:30:00 +0100"
)


def logged(site: Site, *more: str, to: str = "file") -> Path:
    """Give the desk a log; its file."""
    site.configure(f'[log]\nto = "{to}"\nfile = "mail.log"', *more)
    return site.folder / "mail.log"


def lines(file: Path) -> list[dict[str, str]]:
    """The words of each line, by their names; ``verb`` is the first."""
    found = []
    for text in file.read_text().splitlines():
        match = LINE.fullmatch(text)
        assert match, text
        verb, *words = shlex.split(match[4])
        found.append({"verb": verb, **dict(word.split("=", 1) for word in words)})
    return found


def test_from_the_queue_of_the_mail_server_to_the_ticket_and_back(run: Run, site: Site) -> None:
    with SmtpServer() as server:
        server.answers["."] = "250 2.0.0 Ok: queued as 5C9F2213AB"
        file = logged(site)
        site.config.write_text(
            site.config.read_text().replace(
                'kind = "maildir"\npath = "sent"', f'host = "127.0.0.1"\nport = {server.port}'
            )
        )
        mail = site.write(received=QUEUED)
        run("fetch-mail")
        run("notify")
    came, *sent = lines(file)
    assert came == {
        "verb": "fetch",
        "mailbox": "support",
        "inbox": "1",
        "msgid": mail["Message-Id"],
        "from": "<ann@client.example>",
        "size": came["size"],
        "queue": "4F3A81C0D2",
        "outcome": "opened",
        "ticket": "1000",
        "rule": "new",
    }
    assert [(each["kind"], each["to"]) for each in sent] == [
        ("acknowledgement", "<ann@client.example>"),
        ("alert", "<bob@desk.example>"),
    ]
    for each in sent:
        assert each["verb"] == "send"
        assert (each["ticket"], each["transport"], each["status"]) == ("1000", "default", "sent")
        assert each["said"] == "250 2.0.0 Ok: queued as 5C9F2213AB"
        assert run("outbox", "show", each["letter"], "--json").json["message_id"] == each["msgid"]
    found = subprocess.run(["grep", "queue=4F3A81C0D2", file], capture_output=True, text=True, check=True)
    assert "ticket=1000" in found.stdout
    assert stat.S_IMODE(file.stat().st_mode) & 0o027 == 0


def test_each_way_in_is_told_and_each_outcome(run: Run, site: Site, tmp_path: Path) -> None:
    file = logged(site)
    mail = site.write()
    site.drop(mail)
    site.write("away", auto_submitted="auto-replied")
    run("fetch-mail")
    run("receive", input=b"From: eve@client.example\nTo: support@desk.example\n\nPiped.\n")
    old = tmp_path / "old.eml"
    old.write_bytes(b"From: old@client.example\nTo: support@desk.example\n\nOld.\n")
    run("import", str(old))
    told = [(each["verb"], each["outcome"], each.get("ticket")) for each in lines(file)]
    assert sorted(told[:3]) == [
        ("fetch", "auto-reply", None),
        ("fetch", "duplicate", "1000"),
        ("fetch", "opened", "1000"),
    ]
    assert told[3:] == [("fetch", "opened", "1001"), ("import", "archived", "1002")]


def test_a_pipe_is_no_mailbox_that_is_fetched(run: Run, site: Site) -> None:
    file = logged(site, '[mailbox.piped]\nkind = "pipe"\ndepartment = "support"')
    run(
        "receive",
        "--mailbox",
        "piped",
        input=b"From: eve@client.example\nTo: support@desk.example\n\nPiped.\n",
    )
    assert [(each["verb"], each["mailbox"]) for each in lines(file)] == [("receive", "piped")]


def test_what_a_person_lets_in_is_told_again(run: Run, site: Site) -> None:
    file = logged(site)
    run("client", "block", "ann@client.example")
    site.write()
    run("fetch-mail")
    run("inbox", "release", "1")
    assert [(each["outcome"], each.get("ticket")) for each in lines(file)][-1] == ("opened", "1000")
    assert len(lines(file)) == 2


def test_letters_that_do_not_go_are_told_as_well(run: Run, site: Site) -> None:
    with SmtpServer() as server:
        server.answers["RCPT"] = "451 4.7.1 Greylisted, try again"
        file = logged(site)
        site.config.write_text(
            site.config.read_text().replace(
                'kind = "maildir"\npath = "sent"', f'host = "127.0.0.1"\nport = {server.port}'
            )
        )
        site.write()
        run("fetch-mail")
        run("notify")
    states = {(each["status"], each["said"]) for each in lines(file) if each["verb"] == "send"}
    assert states == {("deferred", "the recipient was refused: 451 4.7.1 Greylisted, try again")}


def test_hostile_words_stay_within_their_line(run: Run, site: Site) -> None:
    file = logged(site)
    site.drop(
        b'From: "a\x1b[2J" <"x y\\"z"@client.example>\r\nTo: support@desk.example\r\n'
        b"Message-ID: <\x1b]0;x\x07\xe2\x80\xae@evil>\r\n"
        b'Received: from x by y with SMTP id $(reboot); Sun\r\nReceived: from x by y id `x`"\r\n\r\nHi.\r\n'
    )
    run("fetch-mail")
    text = file.read_text()
    assert text.count("\n") == 1
    assert text[:-1].isprintable()
    assert LINE.fullmatch(text[:-1])


def test_a_log_that_cannot_be_written_stops_nothing_and_is_told_once(run: Run, site: Site) -> None:
    file = logged(site)
    file.mkdir()
    site.write()
    told = run("fetch-mail", "-v").err
    assert told.splitlines() == [
        f"helpdesk: log: {file}: Is a directory; lines are lost",
        "support: 1 fetched: 1 opened",
    ]
    assert run("notify", "-v").err == "2 sent\n"
    site.write(sender="eve@client.example")
    assert run("fetch-mail", "-v").err == "support: 1 fetched: 1 opened\n"


def test_cron_tells_of_a_log_as_of_any_trouble(run: Run, site: Site, tmp_path: Path) -> None:
    file = logged(site)
    file.mkdir()
    state = {"XDG_STATE_HOME": str(tmp_path)}
    site.write()
    assert run("cron", code=1, env=state).err == f"helpdesk: log: {file}: Is a directory; lines are lost\n"
    site.write(sender="eve@client.example")
    assert run("cron", code=1, env=state).err == ""
    file.rmdir()
    site.write(sender="kim@client.example")
    assert run("cron", env=state).err == "helpdesk: log is back after a moment\n"
    assert [each["verb"] for each in lines(file)] == ["fetch", "send", "send"]


def test_a_pipe_that_nobody_reads_holds_nobody_up(run: Run, site: Site) -> None:
    file = logged(site)
    os.mkfifo(file)
    site.write()
    done = run("fetch-mail", timeout=30)
    assert "lines are lost" in done.err


def test_a_rotated_log_goes_on_in_a_new_file(run: Run, site: Site) -> None:
    file = logged(site)
    site.write()
    run("fetch-mail")
    file.rename(file.with_suffix(".1"))
    run("notify")
    assert [each["verb"] for each in lines(file)] == ["send", "send"]


def test_without_a_log_there_is_none(run: Run, site: Site) -> None:
    site.write()
    run("fetch-mail")
    assert list(site.folder.glob("*.log")) == []


def test_the_journal_gets_a_message_a_line(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "journal"
    monkeypatch.setattr(trail, "JOURNAL", str(place))
    logged(site, to="journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal, site.desk(is_job=True) as desk:
        journal.bind(str(place))
        trail.write(desk, ["fetch mailbox=support", "send letter=1"])
        told = [dict(row.split("=", 1) for row in journal.recv(4096).decode().splitlines()) for _ in range(2)]
    assert [each["MESSAGE"] for each in told] == ["fetch mailbox=support", "send letter=1"]
    assert told[0] | {"MESSAGE": ""} == {
        "MESSAGE": "",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "helpdesk",
        "SYSLOG_FACILITY": "2",
        "SYSLOG_PID": str(os.getpid()),
    }


def test_syslog_gets_the_same_lines(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import syslog

    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "log"))
    monkeypatch.setattr(trail, "SYSLOG", str(tmp_path / "log"))

    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(syslog, "openlog", lambda *words: told.append(words))
    monkeypatch.setattr(syslog, "syslog", lambda *words: told.append(words))
    site.configure('[log]\nto = "syslog"\nfacility = "local3"')
    with site.desk(is_job=True) as desk:
        trail.write(desk, ["fetch mailbox=support"])
    assert told == [
        ("helpdesk", syslog.LOG_PID, syslog.LOG_LOCAL3),
        (syslog.LOG_INFO, "fetch mailbox=support"),
    ]
    listening.close()


def test_a_syslog_to_which_nobody_listens_is_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "SYSLOG", str(tmp_path / "log"))
    site.configure('[log]\nto = "syslog"')
    with site.desk(is_job=True) as desk:
        trail.write(desk, ["fetch mailbox=support"])
        assert trail.outcome(desk.settings.log) == "log: syslog: No such file or directory; lines are lost"
