"""A complete small desk in a folder of its own: a Maildir in, a Maildir out, a key, a store, a staff member."""

from contextlib import AbstractContextManager
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path

from helpdesk_cli.services.desk import Desk, open_desk
from helpdesk_cli.services.members import join, new_staff

SMALL_DESK = """\
[desk]
name = "Test Desk"
domain = "desk.example"
secret_file = "secret.key"

[store]
url = "sqlite:helpdesk.db"

[transport.default]
kind = "maildir"
path = "sent"

[mailbox.support]
kind = "maildir"
path = "inbox"
department = "support"
backlog = "answer"

[department.support]
name = "Support"
address = "support@desk.example"
assignment = "off"
"""

OWN_STORE = "sqlite:helpdesk.db"

_NUMBERS = count(1)


class Site:
    """A desk on disk; ``config`` is its file, ``folder`` where all of it lies.

    ``store`` is the store's file, where ``url`` says nothing else.
    """

    def __init__(self, folder: Path, url: str = OWN_STORE) -> None:
        self.folder, self.url = folder, url
        self.config = folder / "helpdesk.toml"
        self.inbox, self.out = folder / "inbox", folder / "sent"
        self.store = folder / "helpdesk.db"

    def configure(self, *more: str, instead: str | None = None) -> None:
        """Write the configuration anew: the small one and more tables, or another one altogether."""
        text = "\n".join([SMALL_DESK if instead is None else instead, *more])
        self.config.write_text(text.replace(f'"{OWN_STORE}"', f'"{self.url}"'))
        self.config.chmod(0o600)

    def desk(self, login: str | None = None, *, is_job: bool = False) -> AbstractContextManager[Desk]:
        """Open it, as the program does."""
        return open_desk(str(self.config), login=login, is_job=is_job)

    def drop(self, mail: bytes | str | EmailMessage) -> Path:
        """Deliver a mail into the Maildir that is fetched."""
        if isinstance(mail, EmailMessage):
            mail = mail.as_bytes(policy=policy.SMTP)
        raw = mail.encode() if isinstance(mail, str) else mail
        path = self.inbox / "new" / f"1700000000.M{next(_NUMBERS):06d}.test"
        path.write_bytes(raw)
        return path

    def write(
        self, text: str = "It is broken.", *, sender: str = "ann@client.example", **headers: str
    ) -> EmailMessage:
        """Deliver a client's mail made of these words; underlines in header names are hyphens."""
        mail = EmailMessage()
        mail["From"] = sender
        given = {name.replace("_", "-").title(): value for name, value in headers.items()}
        defaults = {
            "To": "support@desk.example",
            "Subject": "Broken",
            "Message-Id": f"<{next(_NUMBERS)}@client.example>",
            "Date": "Sun, 22 Nov 2026 10:30:00 +0100",
        }
        for name, value in {**defaults, **given}.items():
            mail[name] = value
        mail.set_content(text)
        self.drop(mail)
        return mail

    def sent(self) -> list[EmailMessage]:
        """What was sent, in the order of sending."""
        found = sorted((self.out / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]  # type: ignore[misc]


def with_bob(site: Site) -> None:
    """Configure a desk whose store was built, and let bob work there."""
    site.configure()
    with site.desk(is_job=True) as desk:
        new_staff(desk, "bob", name="Bob Baker", email="bob@desk.example", role="admin")
        join(desk, "bob", "support")
