"""The database's backend is killed at random moments: nothing is lost, nothing comes or goes twice."""

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from desks import Site
from faults import Silent
from killing import Program, check_letters, copies_of, ended, is_orderly, mail, markers, subjects
from postgres import PostgresServer
from program import Done
from quarters import wait_until

KILLS = 10
DATABASE = "desk"

NewPostgres = Callable[..., PostgresServer]


@pytest.fixture
def server(new_postgres: NewPostgres) -> PostgresServer:
    """A server that may be killed."""
    return new_postgres()


@pytest.fixture
def site(server: PostgresServer, site_at: Callable[[str], Site]) -> Site:
    """A small desk whose store is there."""
    return site_at(server.create_database(DATABASE))


class Assault:
    """Runs of the program, each with one of its backends killed at a random moment."""

    def __init__(self, site: Site, server: PostgresServer, seed: int) -> None:
        self.program, self.server, self.dice = Program(site), server, random.Random(seed)
        self.hits = 0
        self.span = 0.2  # seconds that a run works with the database, learned on the way

    def run(self, *words: str, data: bytes | None = None) -> Done:
        """Kill a backend some time after the program connected, where it is still there.

        The next run meets a server that has recovered, or one that is still at it.
        """
        process = self.program.start(*words, data=data)
        time.sleep(0.1)  # it starts
        while process.poll() is None and not self.backends():
            time.sleep(0.02)
        time.sleep(self.dice.uniform(0, self.span))
        found = self.backends() if process.poll() is None else []
        if found:
            self.server.kill_backend(self.dice.choice(found))
            self.hits += 1
        self.span *= 1.02 if found else 0.9
        done = ended(process)
        if self.dice.random() < 0.5:
            self.server.ready()
        return done

    def backends(self) -> list[int]:
        try:
            return self.server.backends(DATABASE)
        except psycopg.OperationalError:  # it recovers
            return []


def test_fetching_survives(site: Site, server: PostgresServer) -> None:
    site.config.write_text(
        site.config.read_text().replace("[mailbox.support]", '[mailbox.support]\nafter = "delete"')
    )
    assault = Assault(site, server, 1)
    sent: list[str] = []
    while assault.hits < KILLS:
        fresh = markers("away", range(len(sent), len(sent) + 3))
        for marker in fresh:
            site.drop(mail(marker))
        sent.extend(fresh)
        done = assault.run("fetch-mail")
        assert is_orderly(done), done
        if assault.hits % 2 == 0:  # a third time the mails in its hands would be given up
            server.ready()
            assert assault.program.whole("fetch-mail") == 0
    server.ready()
    assert assault.program.whole("fetch-mail") == 0
    assert subjects(site) == sent
    assert list(site.inbox.rglob("*.test")) == []


def test_sending_survives(site: Site, server: PostgresServer) -> None:
    assault = Assault(site, server, 2)
    count = 0
    while assault.hits < KILLS:
        if len(copies_of(site)) > 2 * count - 100:
            for marker in markers("letter", range(count, count + 60)):
                site.drop(mail(marker).replace(b"ann@", f"c{marker}@".encode()))
            count += 60
            server.ready()
            assert assault.program.whole("fetch-mail") == 0
        done = assault.run("notify")
        assert is_orderly(done), done
    server.ready()
    check_letters(site, assault.program, uncertain=KILLS)


def test_a_pipe_survives_when_the_mail_server_tries_again(site: Site, server: PostgresServer) -> None:
    site.configure('[mailbox.pipe]\nkind = "pipe"\ndepartment = "support"\n')
    assault = Assault(site, server, 3)
    sent: list[str] = []
    while assault.hits < KILLS // 2:
        sent.extend(markers("pipe", [len(sent)]))
        while (done := assault.run("receive", data=mail(sent[-1]))).code != 0:
            assert (done.code, done.out, done.err) == (75, "", "")
        assert (done.out, done.err) == ("", "")
    server.ready()
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        # What a run kept and did not settle is taken up ten minutes later.
        tx.run("update inbox set kept_at = '2020-01-01T00:00:00Z' where outcome = 'pending'")
    assert assault.program.whole("fetch-mail") == 0
    assert subjects(site) == sent


# Between handing a letter over and noting it


SENDMAIL = """#!/bin/sh
cat > {folder}/sent-$$.eml
touch {folder}/handed-over
while [ ! -e {folder}/go ]; do sleep 0.01; done
"""


class Slow:
    """A desk with four letters and a slow way out: a letter is taken once ``go`` exists."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.program, self.folder = site, Program(site), folder
        sendmail = folder / "sendmail"
        sendmail.write_text(SENDMAIL.format(folder=folder))
        sendmail.chmod(0o755)
        maildir = 'kind = "maildir"\npath = "sent"'
        assert maildir in site.config.read_text()
        way = site.config.read_text().replace(maildir, f'kind = "sendmail"\npath = "{sendmail}"')
        site.config.write_text(way)
        for marker in markers("slow", range(2)):
            site.drop(mail(marker))
        assert self.program.whole("fetch-mail") == 0

    def handing_over(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a run; back when the first letter is handed over."""
        for name in ("go", "handed-over"):
            (self.folder / name).unlink(missing_ok=True)
        process = self.program.start("notify", *words)
        wait_until((self.folder / "handed-over").exists, "a letter was handed over")
        return process

    def go_on(self, process: "subprocess.Popen[bytes]") -> Done:
        """Let all letters be taken from now on; how the run ended."""
        (self.folder / "go").touch()
        done = ended(process)
        assert is_orderly(done), done
        return done

    def states(self) -> list[str]:
        """The letters' states in their order."""
        with self.site.desk(is_job=True) as desk, desk.engine.read() as tx:
            return [str(state) for (state,) in tx.rows("select state from letter order by id")]

    def sent(self) -> int:
        return len(list(self.folder.glob("sent-*.eml")))


@pytest.fixture
def slow(site: Site, tmp_path: Path) -> Slow:
    return Slow(site, tmp_path)


def test_a_letter_that_was_taken_while_the_database_was_away_is_uncertain(
    slow: Slow, server: PostgresServer
) -> None:
    for number in (1, 2):
        running = slow.handing_over()
        server.kill()
        done = slow.go_on(running)
        assert done.code == (69, 1)[number - 1]
        assert done.err.count("may have gone or not: ") == number - 1
        assert done.err.count("helpdesk: postgresql://") == 1
        server.start()
    done = slow.program.run("notify")
    assert done.code == 1
    assert done.err.startswith("helpdesk: letter 2 to bob@desk.example may have gone or not: "), done
    assert slow.states() == ["uncertain", "uncertain", "sent", "sent"]
    assert slow.sent() == 4


@pytest.mark.parametrize("words", [(), ("--limit", "1")], ids=["more to send", "the last one"])
def test_what_became_of_a_letter_is_noted_where_the_database_came_back_meanwhile(
    slow: Slow, server: PostgresServer, words: tuple[str, ...]
) -> None:
    running = slow.handing_over(*words)
    server.kill_backend(server.backends(DATABASE)[0])
    server.ready()
    assert slow.go_on(running).code == (0 if words else 69)
    assert slow.states() == ["sent", "queued", "queued", "queued"]
    assert slow.program.whole("notify") == 0
    assert slow.states() == ["sent"] * 4
    assert slow.sent() == 4


def test_a_letter_that_was_not_handed_over_is_not_uncertain_though_that_was_noted(
    slow: Slow, server: PostgresServer
) -> None:
    running = slow.handing_over()
    waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep'"
    server.query("alter system set synchronous_standby_names = 'nobody'")
    server.query("select pg_reload_conf()")
    server.query("checkpoint")  # the checkpointer tells the others to wait for standbys
    (slow.folder / "go").touch()
    wait_until(lambda: server.query(waiting) != [], "it is committed, and the program does not know yet")
    server.query(f"select pg_terminate_backend(pid, 10000) from ({waiting}) as one")
    server.query("alter system reset synchronous_standby_names")
    server.query("select pg_reload_conf()")
    assert slow.go_on(running).code == 69
    assert slow.states() == ["sent", "queued", "queued", "queued"]
    assert slow.program.whole("notify") == 0
    assert slow.sent() == 4


# Between a mailbox's failure and its telling


def test_what_mailboxes_failed_of_is_told_though_the_database_is_away(
    site: Site, server: PostgresServer
) -> None:
    with Silent() as mail_server:
        site.configure(
            '[mailbox.gone]\nkind = "maildir"\npath = "gone"\ndepartment = "support"\n',
            mail_server.mailbox("silent"),
        )
        running = Program(site).start("fetch-mail")
        assert mail_server.was_called.wait(60)
        server.kill()
    done = ended(running)
    assert done.code == 69
    places = [line.split(": ")[1] for line in done.err.splitlines()]
    assert places == ["gone", "silent", f"postgresql://hd@127.0.0.1:{server.port}/{DATABASE}"], done
