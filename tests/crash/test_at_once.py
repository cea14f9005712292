"""Several runs of the same job at one time."""

import fcntl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import Site
from killing import NO_LIMITS, Program, copies_of, mail, markers, subjects
from postgres import PostgresServer
from servers import PASSWORD, Dovecot
from stores import POSTGRESQL, SQLITE


def all_end_well(processes: list["subprocess.Popen[bytes]"]) -> None:
    ends = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert ends == [(b"", b"", 0)] * len(processes)


def test_eight_fetches_of_one_maildir_bring_each_mail_once(site: Site) -> None:
    program = Program(site)
    sent = markers("at-once", range(100))
    for marker in sent:
        site.drop(mail(marker))
    all_end_well([program.start("fetch-mail") for _ in range(8)])
    assert program.whole("fetch-mail") == 0
    assert subjects(site) == sent


@pytest.fixture
def take_lock_away(site: Site, engine_kind: str, request: pytest.FixtureRequest) -> Callable[[], int]:
    """Take the mailbox's lock from who holds it; how many that were."""
    if engine_kind == SQLITE:
        return lambda: unlinked(Path(f"{site.store}.locks/mailbox-support.lock"))
    server: PostgresServer = request.getfixturevalue("postgres")
    held = (
        "datname = %(name)s and state = 'idle in transaction' and query like '%%pg_try_advisory_xact_lock%%'"
    )
    one = f"select pid from pg_stat_activity where {held} order by backend_start limit 1"
    end = f"select pg_terminate_backend(pid, 10000) from ({one}) as holder"
    return lambda: len(server.query(end, name=site.url.rpartition("/")[2]))


def unlinked(path: Path) -> int:
    """Remove a lock's file where somebody holds it: who comes next locks another one."""
    if not path.exists():
        return 0
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            path.unlink()
            return 1
    return 0


def test_unique_keys_hold_where_the_lock_is_taken_away(site: Site, take_lock_away: Callable[[], int]) -> None:
    program = Program(site)
    sent = markers("no-lock", range(200))
    for marker in sent:
        site.drop(mail(marker))
    processes = [program.start("fetch-mail") for _ in range(8)]
    taken = 0
    # Three times would let a fourth run find a mail that was begun three times: that is left to a person.
    while taken < 2 and any(process.poll() is None for process in processes):
        taken += take_lock_away()
        time.sleep(0.01)
    all_end_well(processes)
    assert taken == 2
    assert program.whole("fetch-mail") == 0
    assert subjects(site) == sent


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_two_fetches_of_one_server_bring_each_mail_once(
    site: Site, dovecot: Dovecot, kind: str, engine_kind: str
) -> None:
    port, user = dovecot.imaps if kind == "imap" else dovecot.pop3s, f"twice-{kind}-{engine_kind}"
    site.configure(
        f'[mailbox.box]\nkind = "{kind}"\nhost = "localhost"\nport = {port}\nsecurity = "tls"\n'
        f'username = "{user}"\npassword = "{PASSWORD}"\nca_file = "{dovecot.certificate}"\n'
        'after = "delete"\ndepartment = "support"\nbacklog = "answer"\n'
    )
    program = Program(site)
    sent = markers(user, range(60))
    dovecot.deliver(user, *(mail(marker) for marker in sent))
    all_end_well([program.start("fetch-mail", "box") for _ in range(2)])
    assert program.whole("fetch-mail", "box") == 0
    assert subjects(site) == sent


def test_eight_notifies_send_each_letter_once(site: Site, engine_kind: str) -> None:
    """One to the client and one to bob for each mail; where a host may not be alone, a thousand."""
    site.configure(NO_LIMITS)
    program = Program(site)
    mails = 500 if engine_kind == POSTGRESQL else 60
    for marker in markers("letters", range(mails)):
        site.drop(mail(marker).replace(b"ann@", f"{marker}@".encode()))
    assert program.whole("fetch-mail") == 0
    all_end_well([program.start("notify") for _ in range(8)])
    assert program.whole("notify") == 0
    copies = copies_of(site)
    assert len(copies) == 2 * mails
    assert set(copies.values()) == {1}
    with site.desk(is_job=True) as desk, desk.engine.read() as tx:
        assert tx.rows("select state, count(*) from letter group by state") == [("sent", 2 * mails)]
