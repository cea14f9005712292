"""Two people on one ticket: each hears of the other, and an answer that was overtaken is asked for once more."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from helpdesk_cli.cli.output import has_people, line, say, warn
from helpdesk_cli.cli.wording import Wording, confirm
from helpdesk_cli.errors import DeskError, Failed

if TYPE_CHECKING:
    from helpdesk_cli.domain.ticket import Message
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.tickets import Answer

SHOWN_LINES = 20
"""So much of a message is shown before somebody decides; 'ticket show' has the rest."""


@contextmanager
def pen(opened: "Desk", number: int, wording: Wording) -> "Iterator[tuple[int | None, str]]":
    """Write while the others know: the last message that was there before, and what to say of the others.

    Where no editor opens there is nothing to know beforehand, and nobody has to be told.
    """
    from helpdesk_cli.services import answering

    now = opened.clock()
    told = "\n".join(one.told(number, now) for one in answering.others(opened, number))
    if told:
        warn(told)
    if not wording.opens_editor:
        yield None, told
        return
    seen = answering.begin(opened, number)
    try:
        yield seen, told
    finally:
        try:
            answering.end(opened, number)
        except DeskError:
            pass  # the mark is forgotten after a while; what ends here matters more


def sent(opened: "Desk", number: int, answer: "Answer", *, sure: bool) -> None:
    """Save an answer; where somebody else spoke while it was written, only when a person says so.

    Raises Failed where there is nobody to ask, click.Abort for no.
    """
    from helpdesk_cli.services import tickets
    from helpdesk_cli.services.answering import Overtaken

    if sure:
        answer = replace(answer, seen=None)
    while True:
        try:
            tickets.reply(opened, number, answer)
            return
        except Overtaken as failure:
            if not sys.stdin.isatty() or not has_people():
                raise Failed(f"{failure}; with --yes your answer goes all the same") from None
            for message in failure.messages:
                _show(message)
            confirm("send your answer all the same?")
            answer = replace(answer, seen=failure.messages[-1].id)


def _show(message: "Message") -> None:
    """Who wrote what meanwhile."""
    author = message.author
    say(line(f"-- {author.name or author.email or author.role} wrote while you did:"))
    lines = message.new_text.splitlines()
    shown = [f"    {words}" for words in lines[:SHOWN_LINES]]
    if len(lines) > SHOWN_LINES:
        shown.append(f"    [{len(lines) - SHOWN_LINES:,} more lines]")
    say("\n".join(shown))
