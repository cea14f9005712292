"""Two hosts at one desk: who comes second finds out in the store, whatever it read before."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from postgres import PostgresServer
from quarters import wait_until
from stores import on_postgres

from helpdesk_cli.errors import Failed, StoreAway
from helpdesk_cli.mail.sources.contract import Delivery
from helpdesk_cli.services import incoming, mailroom
from helpdesk_cli.services.incoming import fetch_mail
from helpdesk_cli.services.line import ATTEMPTS, MailboxReport, settle_again
from helpdesk_cli.settings import Mailbox
from helpdesk_cli.store import inbox, mailboxes, open_engine
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.inbox import Kept

MAIL = (
    b"From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\nMessage-ID: <1@c>\r\n\r\n"
    b"It burns.\r\n"
)

REFUSE_ONCE = """
create sequence tries;
create function refuse_once() returns trigger language plpgsql as $$
begin
    if nextval('tries') = 1 then
        raise exception 'could not serialize access' using errcode = 'serialization_failure';
    end if;
    return new;
end $$;
create trigger refuse_once before insert on message for each row execute function refuse_once()
"""


def kept(office: Any) -> Kept:
    """A mail whose bytes are ours and which nobody settled yet."""
    return incoming.keep(office.desk, "support", [Delivery(key="1", raw=MAIL, size=len(MAIL))])[0][0]


@on_postgres
def test_a_mail_whose_settling_the_database_refuses_is_settled_at_the_second_try(office: Any) -> None:
    with psycopg.connect(office.desk.settings.store.url) as connection:
        connection.execute(REFUSE_ONCE)
    entry = office.mail(MAIL)
    assert (entry.outcome, entry.attempts, entry.note) == ("opened", 1, "")
    assert office.events(1000) == ["opened"]


@pytest.mark.parametrize("attempts", [1, ATTEMPTS])
def test_what_another_host_settled_meanwhile_is_left_as_it_is(office: Any, attempts: int) -> None:
    waiting = kept(office)
    settle_again(office.desk, waiting, MailboxReport(name="support"))
    before = mailroom.entry(office.desk, waiting.id)
    late = MailboxReport(name="support")
    settle_again(office.desk, replace(waiting, attempts=attempts), late)
    assert (late.fetched, late.outcomes, late.failure) == (0, {}, None)
    assert mailroom.entry(office.desk, waiting.id) == before


def second(office: Any, first: Callable[[Tx], None], work: Callable[[], Any]) -> "Future[Any]":
    """Work that has read and wants to write while another host writes: it goes on after that host's commit."""
    url = office.desk.settings.store.url
    other = open_engine(url)
    with ThreadPoolExecutor() as pool, psycopg.connect(url, autocommit=True) as looking:

        def waits(done: "Future[Any]") -> bool:
            found = looking.execute(
                "select 1 from pg_locks l join pg_database d on d.oid = l.database "
                "where d.datname = current_database() and l.locktype = 'advisory' and not l.granted"
            )
            return done.done() or found.fetchone() is not None

        def unit(tx: Tx) -> "Future[Any]":
            done = pool.submit(work)
            wait_until(lambda: waits(done), "the second host waits for the write lock")
            first(tx)
            return done

        try:
            return other.transact(unit)
        finally:
            other.close()


@on_postgres
@pytest.mark.parametrize("verb", ["release", "retry"])
def test_a_message_that_another_host_just_let_in_is_not_let_in_again(office: Any, verb: str) -> None:
    office.configured(mailbox={"support": Mailbox(kind="pipe", department="support", unknown_senders="hold")})
    entry = office.mail(MAIL)
    assert entry.outcome == "held"

    def let_in(tx: Tx) -> None:
        inbox.settle(tx, entry.id, outcome="opened", ticket=None)

    done = second(office, let_in, lambda: getattr(mailroom, verb)(office.desk, entry.id))
    with pytest.raises(Failed, match=f"message {entry.id} is opened already"):
        done.result()
    assert mailroom.entry(office.desk, entry.id).outcome == "opened"


def test_what_is_a_note_on_a_ticket_is_not_read_again(office: Any) -> None:
    office.mail(MAIL)
    away = MAIL.replace(b"<1@c>", b"<2@c>\r\nIn-Reply-To: <1@c>\r\nAuto-Submitted: auto-replied")
    entry = office.mail(away.replace(b"burns", b"is away"))
    assert (entry.outcome, entry.ticket) == ("auto-reply", 1000)
    with pytest.raises(Failed, match="is a note on ticket 1000 already"):
        mailroom.retry(office.desk, entry.id)
    assert mailroom.entry(office.desk, entry.id) == entry


@on_postgres
def test_a_database_that_goes_away_is_not_the_mailboxs_fault(
    office: Any, tmp_path: Path, postgres: PostgresServer
) -> None:
    for part in ("tmp", "new", "cur"):
        (tmp_path / "in" / part).mkdir(parents=True)
    (tmp_path / "in" / "new" / "1").write_bytes(MAIL)
    box = Mailbox(kind="maildir", path=str(tmp_path / "in"), department="support", backlog="answer")
    office.configured(mailbox={"support": box})
    database = office.desk.settings.store.url.rpartition("/")[2]

    def cut(_: int) -> None:
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %(name)s"
        postgres.query(ended, name=database)

    report = fetch_mail(office.desk, progress=cut)[0]
    assert isinstance(report.failure, StoreAway)
    with office.desk.engine.read() as tx:
        found = mailboxes.remembered(tx, "support")
    assert found is not None
    assert (found.failures, found.failed_at) == (0, None)
    assert fetch_mail(office.desk)[0].outcomes == {"opened": 1}
