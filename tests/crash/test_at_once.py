"""Several runs of the same job at one time."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from desks import Site
from killing import Program, mail, markers, subjects
from servers import PASSWORD, Dovecot


def all_end_well(processes: list["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out, err) == (0, b"", b"")


def test_eight_fetches_of_one_maildir_bring_each_mail_once(site: Site) -> None:
    program = Program(site)
    sent = markers("at-once", range(100))
    for marker in sent:
        site.drop(mail(marker))
    all_end_well([program.start("fetch-mail") for _ in range(8)])
    assert program.whole("fetch-mail") == 0
    assert subjects(site) == sent


def test_unique_keys_hold_where_the_lock_is_taken_away(site: Site) -> None:
    program = Program(site)
    sent = markers("no-lock", range(100))
    for marker in sent:
        site.drop(mail(marker))
    processes = []
    for _ in range(8):
        processes.append(program.start("fetch-mail"))
        for path in Path(f"{site.store}.locks").glob("*.lock"):
            path.unlink()
    all_end_well(processes)
    assert program.whole("fetch-mail") == 0
    assert subjects(site) == sent


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_two_fetches_of_one_server_bring_each_mail_once(site: Site, dovecot: Dovecot, kind: str) -> None:
    port = dovecot.imaps if kind == "imap" else dovecot.pop3s
    site.configure(
        f'[mailbox.box]\nkind = "{kind}"\nhost = "localhost"\nport = {port}\nsecurity = "tls"\n'
        f'username = "twice-{kind}"\npassword = "{PASSWORD}"\nca_file = "{dovecot.certificate}"\n'
        'after = "delete"\ndepartment = "support"\nbacklog = "answer"\n'
    )
    program = Program(site)
    sent = markers(f"twice-{kind}", range(60))
    dovecot.deliver(f"twice-{kind}", *(mail(marker) for marker in sent))
    all_end_well([program.start("fetch-mail", "box") for _ in range(2)])
    assert program.whole("fetch-mail", "box") == 0
    assert subjects(site) == sent


def test_eight_notifies_send_each_letter_once(site: Site) -> None:
    program = Program(site)
    for marker in markers("letters", range(60)):
        site.drop(mail(marker).replace(b"ann@", f"{marker}@".encode()))
    assert program.whole("fetch-mail") == 0
    all_end_well([program.start("notify") for _ in range(8)])
    assert program.whole("notify") == 0
    copies = Counter(str(message["Message-ID"]) for message in site.sent())
    assert len(copies) == 120
    assert set(copies.values()) == {1}
