"""``ticket why``: who was told of what, and why, or why not."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import number
from helpdesk_cli.cli.output import INDENT, Line, age, is_terminal, line, local, show_json, show_page, zone
from helpdesk_cli.cli.ticket.show import Reader

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.why import News, Told, Why

STATES = {
    "queued": "goes with the next notify",
    "sending": "is being sent",
    "waiting": "waits",
    "sent": "sent",
    "deferred": "is tried again",
    "failed": "did not go",
    "bounced": "came back",
    "uncertain": "may have gone or not",
    "held": "is held",
    "dropped": "was dropped",
}
"""What became of a letter, in words; a moment may follow."""

HEADS = {
    "sent": "told:",
    "bounced": "told:",
    "uncertain": "told:",
    "failed": "not told:",
    "dropped": "not told:",
}
"""Of what is over whether somebody was told; the rest is still to come."""


@click.command(
    "why",
    epilog="""\b
Examples:
  helpdesk ticket why 1024
  helpdesk ticket why 1024 ann@example.org
  helpdesk ticket why HD-1024 bob --json""",
)
@number
@click.argument("person", metavar="[EMAIL|LOGIN]", required=False)
@as_json
@shared
def why(call: Call, number: int, person: str | None, *, as_json: bool) -> None:
    """Tell who was told of what happened to a ticket: when, as what, and who was not, and why not.

    With an address or a login only what that person heard, and of every event why they did not. What a letter's
    server answered is told too. Who hears what is on the manual's page about notices.
    """
    from helpdesk_cli.services import why as service

    with desk(call) as opened:
        found = service.why(opened, number, person)
        if as_json:
            show_json(shapes.why(found))
            return
        where = zone(opened.settings.desk.timezone)
        reader = Reader(now=opened.clock(), zone=where, is_person=is_terminal(), is_all=True)
        show_page(list(_page(opened, found, reader)))


def _page(opened: "Desk", found: "Why", reader: Reader) -> Iterator[Line]:
    ticket = found.ticket
    yield "bold", 0, f"{opened.settings.desk.subject_tag}-{ticket.number}  {line(ticket.subject)}"
    if not found.news:
        yield "", 0, "Nothing happened of which anybody is told."
    for news in found.news:
        yield "", 0, ""
        by = f" by {line(news.actor)}" if news.actor else ""
        yield "bold", 0, f"-- {reader.time(news.at)} · {line(news.event)}{by}"
        yield from _hearers(news, reader)


def _hearers(news: "News", reader: Reader) -> Iterator[Line]:
    for told in news.told:
        style = "red" if told.state in ("failed", "bounced", "uncertain") else ""
        who = f"{told.login} <{told.to}>" if told.login else told.to
        words = ", ".join(filter(None, (who, told.as_)))
        yield style, INDENT, f"{HEADS.get(told.state, 'to tell:'):<10} {line(words)}"
        yield style, INDENT + 11, line(_became(told, reader))
    for one in news.not_told:
        yield "dim", INDENT, f"{'not told:':<10} {line(f'{one.whom}: {one.text}')}"


def _became(told: "Told", reader: Reader) -> str:
    """What became of a letter, and what the server said."""
    number = f" {told.letter}" if told.letter is not None else ""
    words = STATES.get(told.state, told.state)
    if told.at is not None and told.state != "queued":
        words += f" {'until ' if told.state == 'waiting' else ''}{_moment(told.at, reader)}"
    return f"{told.kind}{number}: {words}" + (f" ({told.said})" if told.said else "")


def _moment(at: str, reader: Reader) -> str:
    """A moment; where people read, in their zone, and how far it is if it is still to come."""
    far = age(at, reader.now)
    return (
        f"{local(at, reader.zone)} (in {far[1:]})" if reader.is_person and far[0] == "-" else reader.time(at)
    )
