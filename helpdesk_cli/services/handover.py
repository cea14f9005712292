"""The third door: one message that a mail server hands over on a pipe."""

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

from helpdesk_cli.errors import Failed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.incoming import receive
from helpdesk_cli.services.line import MailboxReport, mailbox_of


def hand_over(
    desk: Desk,
    stream: BinaryIO,
    *,
    mailbox: str | None = None,
    sender: str | None = None,
    recipients: Sequence[str] = (),
    environ: Mapping[str, str],
    told: Callable[[], None] | None = None,
) -> MailboxReport:
    """Read a message to its end and take it in; ``told`` hears when its bytes are safe.

    Raises NotFound, Usage for a mailbox that is unknown or unclear and for an empty message, Failed for
    one above ``max_size``: nobody else has the rest of it, so it must stay with the mail server.
    """
    from helpdesk_cli.mail.sources.pipe import read_message

    name = pipe_of(desk, mailbox)
    limit = mailbox_of(desk, name).max_size
    delivery = read_message(stream, max_size=limit, sender=sender, recipients=recipients, environ=environ)
    if not delivery.whole:
        raise Failed(f"the message has {delivery.size:,} bytes, mailbox.{name}.max_size allows {limit:,}")
    return receive(desk, delivery, mailbox=name, told=told)


def pipe_of(desk: Desk, named: str | None) -> str:
    """The mailbox that was named, else the only one of kind pipe, else the only one at all."""
    known = desk.settings.mailbox
    if named is not None:
        if named not in known:
            raise NotFound(f"{named}: no such mailbox; the configuration has {', '.join(known)}")
        return named
    pipes = [name for name, mailbox in known.items() if mailbox.kind == "pipe"] or list(known)
    if len(pipes) != 1:
        raise Usage(f"which mailbox? Name one with --mailbox: {', '.join(pipes)}")
    return pipes[0]
