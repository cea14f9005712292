"""Mailboxes on Dovecot, as the contract's tests want them."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from imapclient import IMAPClient
from servers import PASSWORD, Dovecot
from source_contract import Box

from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Source
from helpdesk_cli.settings import Mailbox, Size


def new_user() -> str:
    """A name that no other test has."""
    return f"u{time.time_ns()}"


class DovecotBox(Box):
    """A user's INBOX, reached by IMAP or POP3 over TLS."""

    def __init__(self, server: Dovecot, kind: str) -> None:
        self.server = server
        self.kind = kind
        self.user = new_user()

    def put(self, *messages: bytes) -> None:
        self.server.deliver(self.user, *(message.replace(b"\n", b"\r\n") for message in messages))

    def settings(self, after: str = "keep", **more: Any) -> Mailbox:
        options: dict[str, Any] = {
            "kind": self.kind,
            "host": "localhost",
            "port": self.server.imaps if self.kind == "imap" else self.server.pop3s,
            "security": "tls",
            "username": self.user,
            "ca_file": str(self.server.certificate),
            "after": after,
        }
        return Mailbox(**(options | more))

    def open(
        self,
        after: str = "keep",
        *,
        max_size: int = 50_000_000,
        deadline: Callable[[], float] = lambda: 600.0,
        **more: Any,
    ) -> Source:
        mailbox = self.settings(after, max_size=Size(max_size), **more)
        return open_source("test", mailbox, lambda: PASSWORD, deadline=deadline)

    def client(self, folder: str = "INBOX") -> IMAPClient:
        """Another reader of the same mailbox."""
        client = IMAPClient("127.0.0.1", self.server.imap, ssl=False, timeout=20)
        client.login(self.user, PASSWORD)
        client.select_folder(folder)
        return client

    def subjects(self, folder: str = "INBOX", search: Sequence[str] = ("ALL",)) -> list[str]:
        """The subjects in a folder, sorted."""
        with self.client(folder) as client:
            found = client.fetch(client.search(list(search)), ["BODY.PEEK[HEADER.FIELDS (SUBJECT)]"])
        heads = [value for item in found.values() for key, value in item.items() if key.startswith(b"BODY")]
        return sorted(head.strip().removeprefix(b"Subject: ").decode() for head in heads)

    def left(self) -> list[str]:
        return self.subjects()

    def read_all(self) -> None:
        with self.client() as client:
            client.add_flags(client.search(), [rb"\Seen", rb"\Answered"])
