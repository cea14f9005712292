"""Two people on one ticket: each hears of the other, and an answer that was overtaken is asked for once more."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from helpdesk_cli.cli.output import has_people, line, safe, say, warn
from helpdesk_cli.cli.wording import Wording, confirm
from helpdesk_cli.errors import DeskError, Failed

if TYPE_CHECKING:
    from helpdesk_cli.domain.ticket import Message
    from helpdesk_cli.services.desk import Desk

Seen = dict[int, int | None]
"""The last message of each ticket that a writer saw."""

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


@contextmanager
def pens(opened: "Desk", numbers: Sequence[int], wording: Wording) -> Iterator[tuple[Seen, str]]:
    """The same for one answer on several tickets: what was seen of each, and what the editor shows below.

    Raises NotFound, NotAllowed before anything is written.
    """
    from helpdesk_cli.services import views

    if wording.opens_editor:  # else each ticket's own failure is told
        for number in numbers:
            views.one(opened, number)
    seen: Seen = {}
    below = []
    with ExitStack() as held:
        for number in numbers if wording.opens_editor else ():
            seen[number], told = held.enter_context(pen(opened, number, wording))
            below.append(about(opened, number, told))
        yield seen, "\n\n".join(below)


def insisting(send: Callable[[Seen], None], seen: Seen, *, sure: bool) -> None:
    """Save what was written; where somebody else spoke meanwhile, only when a person says so.

    ``send`` is told the last message that the writer saw, by ticket; None asks no more. Raises Failed where there is
    nobody to ask, click.Abort for no.
    """
    from helpdesk_cli.services.answering import Overtaken

    if sure:
        seen = dict.fromkeys(seen)
    while True:
        try:
            send(seen)
            return
        except Overtaken as failure:
            if not sys.stdin.isatty() or not has_people():
                raise Failed(f"{failure}; with --yes your answer goes all the same") from None
            for message in failure.messages:
                _show(message)
            confirm("send your answer all the same?")
            seen = {**seen, failure.number: failure.messages[-1].id}


def _show(message: "Message") -> None:
    """Who wrote what meanwhile."""
    author = message.author
    say(line(f"-- {author.name or author.email or author.role} wrote while you did:"))
    lines = message.new_text.splitlines()
    shown = [f"    {words}" for words in lines[:SHOWN_LINES]]
    if len(lines) > SHOWN_LINES:
        shown.append(f"    [{len(lines) - SHOWN_LINES:,} more lines]")
    say("\n".join(shown))


def about(opened: "Desk", number: int, told: str) -> str:
    """The ticket, who else is writing, and its last word, to be seen below in the editor."""
    from helpdesk_cli.services import views

    found = views.whole(opened, number)
    last = found.messages[-1] if found.messages else None
    said = safe(last.new_text) if last else ""
    writer = line(last.author.name or last.author.email) if last else ""
    head = f"{number}: {line(found.listed.ticket.subject)}" + (f"\n{safe(told)}" if told else "")
    return f"{head}\n\n{writer}:\n{said}"
