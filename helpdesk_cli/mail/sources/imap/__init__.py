"""An IMAP folder. Keys are ``FOLDER:UIDVALIDITY:UID``; flags never decide what is fetched.

``session`` connects and logs in, ``folder`` says what can be asked of a folder, ``reading`` fetches,
``telling`` marks what is ours, ``progress`` is the memory from run to run.
"""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from helpdesk_cli import settings
from helpdesk_cli.mail.connection import Patience
from helpdesk_cli.mail.sources.contract import Delivery, Failure, Known, head_key, in_batches
from helpdesk_cli.mail.sources.imap.folder import Folder
from helpdesk_cli.mail.sources.imap.progress import Progress
from helpdesk_cli.mail.sources.imap.reading import Reader
from helpdesk_cli.mail.sources.imap.session import hang_up, open_session
from helpdesk_cli.mail.sources.imap.telling import tell

HEAD = head_key("")


class ImapSource:
    """One folder of an IMAP account, one connection, one selection for the whole run.

    A connection that breaks is not made anew within a run: UIDs are acted on only under the UIDVALIDITY
    of the selection that they came from.
    """

    def __init__(
        self, mailbox: settings.Mailbox, secret: Callable[[], str], deadline: Callable[[], float]
    ) -> None:
        self.mailbox = mailbox
        self.secret = secret
        self.patience = Patience(mailbox.timeout, deadline)
        self.failed: dict[int, Failure] = {}
        self.progress = Progress(0, mailbox.after, int(mailbox.max_size))
        self.has_begun = False

    def __enter__(self) -> Self:
        mailbox = self.mailbox
        client = open_session(mailbox, self.secret, self.patience)
        try:
            self.folder = Folder(
                client,
                mailbox.folder,
                f"IMAP server {mailbox.host}:{client.line.port}",
                readonly=mailbox.after == "keep",
            )
        except BaseException:
            hang_up(client)
            raise
        self.progress.uidvalidity = self.folder.uidvalidity
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.folder.close()

    def waiting(self, known: Known, memory: str) -> Iterator[list[Delivery]]:
        """By UID, which is the order of arrival in this folder."""
        self.progress.recall(memory)
        self.has_begun = True
        reader = Reader(self.folder, self.progress, self._key, self._fail, self._tell)
        return in_batches(reader.deliveries(known))

    def done(self, keys: Sequence[str]) -> None:
        """Mark as seen, delete or move. Keys of another UIDVALIDITY are not acted on."""
        here = self._key(0)[:-1]
        ours = [key.removeprefix(here) for key in keys if key.startswith(here)]
        self.progress.finish(int(key.removesuffix(HEAD)) for key in ours if key.endswith(HEAD))
        self._tell([int(key) for key in ours if not key.endswith(HEAD)])

    def memory(self) -> str:
        """UIDVALIDITY, the first UID not looked at, and what is open below it."""
        return self.progress.note() if self.has_begun else ""

    def failures(self) -> Sequence[Failure]:
        """Messages whose body did not come, or came short; messages that the server would not mark."""
        return list(self.failed.values())

    def _key(self, uid: int) -> str:
        return f"{self.mailbox.folder}:{self.folder.uidvalidity}:{uid}"

    def _fail(self, uid: int, text: str) -> None:
        self.failed[uid] = Failure(self._key(uid), f"message {uid} of {self.mailbox.folder!r} {text}")

    def _tell(self, uids: Sequence[int]) -> None:
        tell(self.folder, self.progress, uids, self._fail)
