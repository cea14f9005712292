"""Opening a way in: what cannot work is refused at once; what is not needed is not imported."""

import subprocess
import sys
from typing import Any

import pytest

from helpdesk_cli.errors import BadConfig
from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Delivery, in_batches
from helpdesk_cli.settings import Mailbox


def reach(**options: Any) -> object:
    return open_source("support", Mailbox(**options), lambda: "", deadline=lambda: 60.0)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"kind": "imap"}, r"\[mailbox.support\] host: missing"),
        ({"kind": "maildir"}, r"path: missing"),
        ({"kind": "pipe"}, "helpdesk receive"),
        ({"kind": "imap", "host": "h", "after": "burn"}, "after: 'burn' is not possible; imap knows"),
        ({"kind": "imap", "host": "h", "after": "move:"}, "after: 'move:' is not possible"),
        ({"kind": "imap", "host": "h", "after": "move:INBOX"}, "into the folder it comes from"),
        ({"kind": "mbox", "path": "/p", "after": "move:Done"}, "mbox knows keep, delete"),
        ({"kind": "imap", "host": "h", "username": "a\r\nA1 NOOP"}, "username: holds a control character"),
        ({"kind": "imap", "host": "h", "after": "move:a\r\nA1 NOOP"}, "after: holds a control character"),
        ({"kind": "imap", "host": "h\0", "folder": "x\n"}, "(?s)host: holds.*folder: holds"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadConfig, match=fault):
        reach(**options)


def test_a_ca_file_that_cannot_be_read_is_refused() -> None:
    from helpdesk_cli.mail.connection import Patience, tls

    with pytest.raises(BadConfig, match=r"ca_file /missing\.pem could not be read: No such file"):
        tls("/missing.pem", Patience(1, lambda: 1))
    with pytest.raises(BadConfig, match="it holds no certificate"):
        tls(__file__, Patience(1, lambda: 1))


def test_a_maildir_costs_no_import_of_mail_clients_or_tls() -> None:
    script = (
        "import sys; from helpdesk_cli.mail.sources import open_source; from helpdesk_cli.settings import Mailbox\n"
        "open_source('x', Mailbox(kind='maildir', path='/p'), lambda: '', deadline=lambda: 1.0)\n"
        "heavy = {'imapclient', 'imaplib', 'poplib', 'ssl', 'email', 'socket', 'mailbox', 'hashlib'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_batches_are_bounded_by_count_and_bytes() -> None:
    def sized(*sizes: int) -> list[list[int]]:
        made = (Delivery(key=str(n), raw=bytes(size)) for n, size in enumerate(sizes))
        return [[len(delivery.raw) for delivery in batch] for batch in in_batches(made)]

    assert sized() == []
    assert [len(batch) for batch in sized(*[1] * 250)] == [100, 100, 50]
    assert sized(5_000_000, 5_000_000) == [[5_000_000], [5_000_000]]
    assert sized(10, 9_000_000, 10) == [[10], [9_000_000], [10]]
