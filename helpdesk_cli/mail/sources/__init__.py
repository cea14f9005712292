"""Ways in: one file a kind of mailbox, all keeping the promise of ``contract``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from helpdesk_cli import settings
from helpdesk_cli.errors import BadConfig, Failed
from helpdesk_cli.mail.sources.contract import Source

if TYPE_CHECKING:
    from pathlib import Path


def open_source(
    name: str, mailbox: settings.Mailbox, secret: Callable[[], str], *, deadline: Callable[[], float]
) -> Source:
    """The mailbox ``[mailbox.NAME]``; it is reached when the context is entered.

    ``secret`` gives the password, or the access token where ``oauth2_command`` is set; it is asked only
    once the line is safe. ``deadline`` gives the seconds that are left for this mailbox: no wait is longer
    than that nor than ``timeout``. Paths are absolute.

    Raises BadConfig for what cannot work: a folder name with a line break, an ``after`` that the kind
    has not.
    """
    refuse_nonsense(name, mailbox)
    if mailbox.kind == "imap":
        from helpdesk_cli.mail.sources.imap import ImapSource

        return ImapSource(mailbox, secret, deadline)
    if mailbox.kind == "pop3":
        from helpdesk_cli.mail.sources.pop3 import Pop3Source

        return Pop3Source(mailbox, secret, deadline)
    if mailbox.kind == "maildir":
        from helpdesk_cli.mail.sources.maildir import MaildirSource

        return MaildirSource(mailbox.path, mailbox.after, mailbox.max_size, deadline)
    if mailbox.kind == "mbox":
        from helpdesk_cli.mail.sources.mbox import MboxSource

        return MboxSource(mailbox.path, mailbox.after, mailbox.max_size, mailbox.timeout, deadline)
    raise BadConfig(f"[mailbox.{name}] is of kind pipe: mail is given to it by helpdesk receive, not fetched")


AFTER = {
    "imap": ("keep", "seen", "delete", "move:"),
    "maildir": ("keep", "seen", "delete", "move:"),
    "pop3": ("keep", "delete", "seen"),  # has no marks: seen, the default, keeps
    "mbox": ("keep", "delete", "seen"),
    "pipe": ("keep", "seen", "delete", "move:"),  # means nothing there
}


def refuse_nonsense(name: str, mailbox: settings.Mailbox) -> None:
    """Raise BadConfig, with every fault, where a mailbox's own words cannot work or could inject commands."""
    where = f"[mailbox.{name}]"
    faults = [
        f"{where} {key}: holds a control character"
        for key in ("host", "username", "folder", "path", "after")
        if any(letter < " " or letter == "\x7f" for letter in getattr(mailbox, key))
    ]
    word, colon, target = mailbox.after.partition(":")
    if word + colon not in AFTER[mailbox.kind] or (colon and not target.strip()):
        allowed = ", ".join(AFTER[mailbox.kind]).replace("move:", "move:FOLDER")
        faults.append(f"{where} after: {mailbox.after!r} is not possible; {mailbox.kind} knows {allowed}")
    if mailbox.kind in ("imap", "pop3") and not mailbox.host:
        faults.append(f"{where} host: missing")
    if mailbox.kind in ("maildir", "mbox") and not mailbox.path:
        faults.append(f"{where} path: missing")
    if mailbox.kind == "imap" and mailbox.after == f"move:{mailbox.folder}":
        faults.append(f"{where} after: would move mail into the folder it comes from")
    if faults:
        raise BadConfig(*faults)


def open_paths(paths: Sequence["Path"], *, max_size: int, deadline: Callable[[], float]) -> Source:
    """Maildirs, mbox files, ``.eml`` files and folders of such, to be read once and left as they are.

    Every message's key is the digest of its bytes, so that the same mail has the same key wherever it
    lies and a second import brings nothing. Raises Failed for a path that is none of these.
    """
    from helpdesk_cli.mail.sources.files import ByDigest, EmlFiles, looks_like_mbox
    from helpdesk_cli.mail.sources.maildir import MaildirSource
    from helpdesk_cli.mail.sources.mbox import MboxSource

    inner: list[Source] = []
    for path in paths:
        if path.is_dir() and (path / "cur").is_dir() and (path / "new").is_dir():
            inner.append(MaildirSource(str(path), "keep", max_size, deadline))
        elif path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".eml")
            inner.append(EmlFiles(found, max_size, deadline))
        elif not path.exists():
            raise Failed(f"{path}: no such file or directory")
        elif looks_like_mbox(path):
            inner.append(MboxSource(str(path), "keep", max_size, 60, deadline, is_archive=True))
        else:
            inner.append(EmlFiles([path], max_size, deadline))
    return ByDigest(inner)
