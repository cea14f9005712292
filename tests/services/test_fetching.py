"""Runs of fetch-mail over several mailboxes: dead servers, deadlines, backlogs, what was left over."""

import time
from pathlib import Path
from typing import Any

import pytest
from desks import Site
from faults import FaultImap, Talk
from servers import PASSWORD, Dovecot
from stores import on_postgres, on_sqlite

from helpdesk_cli.errors import Busy, NotFound, Unreachable
from helpdesk_cli.services import headroom, incoming, mailroom
from helpdesk_cli.services.incoming import fetch_mail, import_mail
from helpdesk_cli.store import inbox


class Hanging(FaultImap):
    """A server that says nothing at all."""

    def talk(self, talk: Talk) -> None:
        talk.hang()


def imap(name: str, port: int, ca_file: Path | None, user: str = "user", more: str = "") -> str:
    secure = f'security = "tls"\nca_file = "{ca_file}"' if ca_file else 'security = "none"'
    return (
        f'[mailbox.{name}]\nkind = "imap"\nhost = "localhost"\nport = {port}\n{secure}\nusername = "{user}"\n'
        f'password = "{PASSWORD}"\ndepartment = "support"\nbacklog = "answer"\n{more}\n'
    )


def mail(number: int = 1, words: str = "It is broken.") -> bytes:
    return (
        f"From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: Number {number}\n"
        f"Message-ID: <{number}@client.example>\n\n{words}\n"
    ).encode()


def test_a_dead_server_keeps_no_other_mailbox_waiting(site: Site, dovecot: Dovecot, engine_kind: str) -> None:
    dovecot.deliver(f"alive-{engine_kind}", mail())
    site.drop(mail(2))
    with Hanging() as server:
        site.configure(
            imap("dead", server.port, None, more='timeout = "30s"'),
            imap("alive", dovecot.imaps, dovecot.certificate, f"alive-{engine_kind}"),
        )
        with site.desk(is_job=True) as desk:
            start = time.monotonic()
            reports = {report.name: report for report in fetch_mail(desk, seconds=3)}
            took = time.monotonic() - start
    assert reports["alive"].outcomes == {"opened": 1}
    assert reports["support"].outcomes == {"opened": 1}
    assert isinstance(reports["dead"].failure, Unreachable)
    assert took < 8


def test_a_refused_mailbox_is_remembered_and_a_good_run_clears_that(site: Site, dovecot: Dovecot) -> None:
    from helpdesk_cli.store import mailboxes

    site.configure(imap("box", dovecot.imaps, dovecot.certificate, "refused").replace(PASSWORD, "wrong"))
    with site.desk(is_job=True) as desk:
        for _ in range(2):
            assert isinstance(fetch_mail(desk, ["box"])[0].failure, Unreachable)
        with desk.engine.read() as tx:
            noted = mailboxes.remembered(tx, "box")
    assert noted is not None
    assert noted.failures == 2
    assert "wrong" not in noted.error
    site.configure(imap("box", dovecot.imaps, dovecot.certificate, "refused"))
    with site.desk(is_job=True) as desk:
        fetch_mail(desk, ["box"])
        with desk.engine.read() as tx:
            noted = mailboxes.remembered(tx, "box")
    assert noted is not None
    assert (noted.failures, noted.error, noted.failed_at) == (0, "", None)


def test_an_unknown_mailbox_is_told_with_those_that_there_are(site: Site) -> None:
    with site.desk(is_job=True) as desk, pytest.raises(NotFound, match="the configuration has support"):
        fetch_mail(desk, ["other"])


def test_a_limit_is_kept_and_the_next_run_goes_on(site: Site) -> None:
    for number in range(7):
        site.drop(mail(number))
    with site.desk(is_job=True) as desk:
        assert [fetch_mail(desk, limit=3)[0].fetched for _ in range(4)] == [3, 3, 1, 0]


def backlog(site: Site, word: str) -> None:
    import os

    site.config.write_text(site.config.read_text().replace('backlog = "answer"', f'backlog = "{word}"'))
    old = site.drop(mail(1))
    year_ago = time.time() - 365 * 86400
    os.utime(old, (year_ago, year_ago))
    site.drop(mail(2))


@pytest.mark.parametrize(
    ("word", "outcomes"),
    [
        ("archive", {"archived": 1, "opened": 1}),
        ("skip", {"ignored": 1, "opened": 1}),
        ("answer", {"opened": 2}),
    ],
)
def test_what_lay_there_before_the_first_fetch(site: Site, word: str, outcomes: dict[str, int]) -> None:
    backlog(site, word)
    with site.desk(is_job=True) as desk:
        assert fetch_mail(desk)[0].outcomes == outcomes
        letters = mailroom.letters(desk, everything=True)
    told = {letter.ticket for letter in letters if letter.kind == "acknowledgement"}
    assert len(told) == outcomes.get("opened")


def test_archived_mail_is_a_closed_ticket_of_its_own_day(site: Site) -> None:
    from helpdesk_cli.services import views

    backlog(site, "archive")
    with site.desk(is_job=True) as desk:
        fetch_mail(desk)
    with site.desk("bob") as desk:
        closed = views.listing(desk, states=("closed",))
    assert len(closed) == 1
    assert closed[0].ticket.created_at < "2026-09"
    assert closed[0].ticket.unanswered_since is None


def test_an_import_threads_answers_and_again_brings_nothing(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "1.eml").write_bytes(mail(1))
    (folder / "2.eml").write_bytes(
        mail(2).replace(b"\nSubject", b"\nIn-Reply-To: <1@client.example>\nSubject")
    )
    with site.desk("bob") as desk:
        assert import_mail(desk, [folder], mailbox="support").outcomes == {"archived": 2}
        assert import_mail(desk, [folder], mailbox="support").fetched == 0
        entries = mailroom.entries(desk, everything=True)
        assert {entry.ticket for entry in entries} == {1000}
        assert mailroom.letters(desk, everything=True) == []


def test_a_mail_that_was_kept_and_not_settled_is_settled_by_the_next_run(site: Site) -> None:
    from helpdesk_cli.mail.sources.contract import Delivery

    with site.desk(is_job=True) as desk:
        incoming.keep(desk, "support", [Delivery(key="left", raw=mail())])
        assert fetch_mail(desk)[0].outcomes == {"opened": 1}


def test_what_a_dead_pipe_left_is_settled_after_ten_minutes(site: Site) -> None:
    from helpdesk_cli.mail.sources.contract import Delivery

    with site.desk(is_job=True) as desk:
        incoming.keep(desk, "elsewhere", [Delivery(key="left", raw=mail())])
        assert [report.fetched for report in fetch_mail(desk)] == [0]
        with desk.engine.write() as tx:
            tx.run("update inbox set kept_at = '2020-01-01T00:00:00Z'")
        assert [report.outcomes for report in fetch_mail(desk)] == [{}, {"opened": 1}]


def test_the_third_attempt_that_ends_the_program_is_the_last_until_somebody_asks(site: Site) -> None:
    from helpdesk_cli.mail.sources.contract import Delivery

    with site.desk(is_job=True) as desk:
        incoming.keep(desk, "support", [Delivery(key="left", raw=mail())])
        with desk.engine.write() as tx:
            tx.run("update inbox set attempts = 3")
        report = fetch_mail(desk)[0]
        assert report.outcomes == {"failed": 1}
        assert "inbox show 1" in str(report.error)
        assert fetch_mail(desk)[0].outcomes == {}
        found = mailroom.entries(desk)[0]
        assert (found.outcome, found.subject, found.from_address) == (
            "failed",
            "Number 1",
            "ann@client.example",
        )
        assert mailroom.retry(desk, found.id).outcome == "opened"


@on_sqlite
def test_a_disk_that_is_nearly_full_takes_nothing_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.drop(mail())
    monkeypatch.setattr(headroom, "HEADROOM", 1 << 62)
    with site.desk(is_job=True) as desk, pytest.raises(Busy, match="are free"):
        fetch_mail(desk)
    assert len(list((site.inbox / "new").iterdir())) == 1


@on_postgres
def test_a_server_s_disk_is_looked_after_by_the_server(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.drop(mail())
    monkeypatch.setattr(headroom, "HEADROOM", 1 << 62)
    with site.desk(is_job=True) as desk:
        assert fetch_mail(desk)[0].outcomes == {"opened": 1}


def test_what_two_mailboxes_of_one_server_share_is_one_ticket(
    site: Site, dovecot: Dovecot, engine_kind: str
) -> None:
    users = [f"both-{name}-{engine_kind}" for name in ("a", "b")]
    for user in users:
        dovecot.deliver(user, b"Delivered-To: " + user.encode() + b"@desk.example\n" + mail())
    site.configure(*(imap(user, dovecot.imaps, dovecot.certificate, user) for user in users))
    with site.desk(is_job=True) as desk:
        outcomes: dict[str, int] = {}
        for report in fetch_mail(desk):
            for outcome, count in report.outcomes.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        with desk.engine.read() as tx:
            tickets: set[Any] = {entry.ticket for entry in inbox.entries(tx)}
    assert outcomes == {"opened": 1, "duplicate": 1}
    assert tickets == {1000}


def test_what_lay_in_a_pop3_mailbox_before_the_first_fetch_is_archived(
    site: Site, dovecot: Dovecot, engine_kind: str
) -> None:
    user = f"pop-{engine_kind}"
    old = b"Received: from a by b; Sat, 1 Jan 2022 00:00:00 +0000\n" + mail(1)
    dovecot.deliver(user, old, mail(2))
    box = imap("box", dovecot.pop3s, dovecot.certificate, user)
    site.configure(box.replace('"imap"', '"pop3"').replace('backlog = "answer"', 'backlog = "archive"'))
    with site.desk(is_job=True) as desk:
        assert fetch_mail(desk, ["box"])[0].outcomes == {"archived": 1, "opened": 1}


def test_an_archive_keeps_what_the_desk_answered_and_its_bounces_change_nothing(
    site: Site, tmp_path: Path
) -> None:
    from helpdesk_cli.services import views

    answer = mail(2, "We are on it.").replace(b"Ann <ann@client.example>", b"Support <support@desk.example>")
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "1.eml").write_bytes(mail(1))
    (folder / "2.eml").write_bytes(
        answer.replace(b"\nSubject", b"\nIn-Reply-To: <1@client.example>\nSubject")
    )
    with site.desk("bob") as desk:
        assert import_mail(desk, [folder], mailbox="support").outcomes == {"archived": 2}
        said = views.whole(desk, 1000).messages
    assert [(message.kind, message.author.role) for message in said] == [
        ("inbound", "client"),
        ("outbound", "staff"),
    ]
