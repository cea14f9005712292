"""Which kind of machine wrote a mail, told by its headers and structure; words in it prove nothing."""

from helpdesk_cli.domain.mail import Automatic, Bounced, Mailbox
from helpdesk_cli.mail.structure import Skeleton


def judge(
    raw: bytes, skeleton: Skeleton, sender: Mailbox | None, text: str
) -> tuple[Automatic, tuple[Bounced, ...], tuple[str, ...]]:
    """The kind, the recipients that a bounce speaks of, and the Message-IDs of what was sent back."""
    return Automatic.NO, (), ()
