"""``ticket show``: the whole discussion on one page."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from helpdesk_cli.cli import shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import number
from helpdesk_cli.cli.output import (
    INDENT,
    Line,
    age,
    facts,
    is_terminal,
    line,
    local,
    safe,
    show_json,
    show_page,
    size,
    warn,
    zone,
)

if TYPE_CHECKING:
    from helpdesk_cli.domain.oncall import Calling
    from helpdesk_cli.domain.ticket import Event, Message
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.views import Whole

LONGEST_TEXT = 200
"""Lines of one message that are shown without --all."""

LONGEST_QUOTE = 8
"""Lines of one quotation within the new text that are shown without --all."""

NEWEST_EVENTS = 8


class Reader(Struct, frozen=True, kw_only=True):
    """How a page is read: at which moment, in which zone, whole or folded."""

    now: str
    zone: tzinfo | None
    is_person: bool
    is_all: bool

    def time(self, at: str) -> str:
        """A moment: where people read, in their zone and with its age."""
        return f"{local(at, self.zone)} ({age(at, self.now)})" if self.is_person else at


@click.command(
    "show",
    epilog="""\b
Examples:
  helpdesk ticket show 1024
  helpdesk ticket show HD-1024 --all
  helpdesk ticket show 1024 --json""",
)
@number
@click.option("--all", "is_all", is_flag=True, help="Unfold quotations, long texts and the whole log.")
@as_json
@shared
def show(call: Call, number: int, *, is_all: bool, as_json: bool) -> None:
    """Show a ticket with its whole discussion on one page, the newest last.

    What people wrote is indented, quotations are folded, and what only staff see is marked so. On a terminal
    a long page goes through $PAGER.
    """
    from helpdesk_cli.services import views

    with desk(call) as opened:
        found = views.whole(opened, number)
        now = opened.clock()
        for writer in found.writing:
            if writer.login != opened.actor.login:
                warn(writer.told(number, now))
        if as_json:
            show_json(shapes.whole(found, views.html_of(opened, found.messages), now))
            return
        where = zone(opened.settings.desk.timezone)
        reader = Reader(now=now, zone=where, is_person=is_terminal(), is_all=is_all)
        show_page([*_head(opened, found, reader), *_discussion(found, reader), *_log(found, reader)])


def _head(opened: "Desk", found: "Whole", reader: Reader) -> Iterator[Line]:
    row, settings = found.listed.ticket, opened.settings
    yield "bold", 0, f"{settings.desk.subject_tag}-{row.number}  {line(row.subject)}"
    client = _person(found.listed.client_name, found.listed.client_email)
    others = [who for one in found.participants if (who := _person(one.name, one.address)) != client]
    known = [
        ("stage", f"{_name(settings.stage, row.stage)} ({row.state})"),
        ("priority", _name(settings.priority, row.priority)),
        ("department", _name(settings.department, row.department)),
        ("category", _name(settings.category, row.category)),
        ("type", _name(settings.type, row.type)),
        ("level", str(row.level) if row.level > 1 else ""),
        ("private", "only its assignee and admins see it" if row.is_private else ""),
        ("channel", row.channel),
        ("tags", ", ".join(found.listed.tags)),
        ("client", client),
        ("organization", found.listed.organization),
        ("assignee", row.assignee or "nobody"),
        ("answering", ", ".join(f"{one.login} since {reader.time(one.since_at)}" for one in found.writing)),
        *(("paged", _paged(one, reader)) for one in found.calls),
        ("opened", reader.time(row.created_at)),
        ("changed", reader.time(row.updated_at)),
        ("closed", reader.time(row.closed_at) if row.closed_at else ""),
        ("promised", _name(settings.sla, row.sla)),
        ("due", _due(row.due_at, row.state, reader)),
        ("rated", f"{row.rating} of 5" if row.rating else ""),
        ("unanswered", reader.time(row.unanswered_since) if row.unanswered_since else ""),
        ("waits until", reader.time(row.waits_until) if row.waits_until else ""),
        ("merged into", str(row.merged_into or "")),
        ("takes part", ", ".join(others)),
        (
            "went to",
            f"{line(', '.join(found.suggested))}, too; to let them hear: reply --cc"
            if found.suggested
            else "",
        ),
        ("takes in", ", ".join(map(str, sorted(set(found.merged.values()))))),
        ("linked", ", ".join(link.words() for link in found.links)),
        ("watched by", ", ".join(found.watchers)),
    ]
    yield from facts(known)


def _paged(one: "Calling", reader: Reader) -> str:
    """Who was called last, and who acknowledged it, or when the next one is called."""
    told = f"{one.called or 'nobody is there'}, since {reader.time(one.began_at)}"
    told += f", {one.calls} times" if one.calls > 1 else ""
    if one.acknowledged_at is not None:
        return f"{told}; acknowledged by {one.acknowledged_by} {reader.time(one.acknowledged_at)}"
    return f"{told}; not acknowledged" + (f", next {reader.time(one.next_at)}" if one.next_at else "")


def _name(table: object, slug: str | None) -> str:
    known: dict[str, object] = table  # type: ignore[assignment]
    return str(getattr(known.get(slug or ""), "name", slug or ""))


def _person(name: str | None, address: str | None) -> str:
    return f"{name} <{address}>" if name and address else name or address or ""


def _due(due_at: str | None, state: str, reader: Reader) -> str:
    if due_at is None:
        return ""
    return reader.time(due_at) + (", overdue" if due_at < reader.now and state != "closed" else "")


def _discussion(found: "Whole", reader: Reader) -> Iterator[Line]:
    first = 1
    for message in found.messages:
        yield "", 0, ""
        yield _heading(message, reader, found.merged.get(message.id))
        style = "" if message.is_public and message.kind != "note" else "yellow"
        for words in _text(message, reader):
            yield style, INDENT, words
        for place, part in enumerate(message.attachments, first):
            yield (
                "cyan",
                INDENT,
                f"[attachment {place}: {line(part.name)}, {line(part.type)}, {size(part.size)}]",
            )
        first += len(message.attachments)


def _heading(message: "Message", reader: Reader, merged: int | None) -> Line:
    """Who spoke, when, as which message, and what staff should know of it: also on which other ticket."""
    author = message.author
    writer = line(_person(author.name, author.email)) or author.role
    marks = [] if message.is_public and message.kind != "note" else ["only staff see this"]
    marks += [line(message.mark)] if message.mark else []
    marks += [f"said on {merged}"] if merged is not None else []
    if author.role == "client" and author.staff:
        marks.append(f"entered by {line(author.staff)}")
    sent = "answer" if message.is_public else "forwarded"
    what = {"inbound": author.role, "outbound": sent, "note": "note"}.get(message.kind, message.kind)
    told = f"{what} · {writer} · {reader.time(message.at)} · message {message.id}"
    told += f" · [{'; '.join(marks)}]" if marks else ""
    style = {"inbound": "bold", "outbound": "bold green"}.get(message.kind, "bold yellow")
    return ("bold yellow" if not message.is_public else style), 0, f"-- {told}"


def _text(message: "Message", reader: Reader) -> Iterator[str]:
    """A message's lines, folded where a person did not ask for all."""
    whole = message.new_text if message.text is None else message.text
    if reader.is_all:
        yield from safe(whole).expandtabs(8).split("\n")
        return
    lines = list(_folded(safe(message.new_text).expandtabs(8).split("\n")))
    yield from lines[:LONGEST_TEXT]
    if len(lines) > LONGEST_TEXT:
        yield f"[{len(lines) - LONGEST_TEXT:,} more lines; --all shows them]"
    hidden = _count(whole) - _count(message.new_text)
    if hidden > 0:
        yield f"[{hidden:,} quoted line{'s' if hidden > 1 else ''}; --all shows {'them' if hidden > 1 else 'it'}]"


def _count(text: str) -> int:
    return sum(1 for words in text.split("\n") if words.strip())


def _folded(lines: list[str]) -> Iterator[str]:
    """The lines with each long row of quoted ones as one line that says how many."""
    quoted: list[str] = []
    for words in [*lines, None]:
        if words is not None and words.lstrip().startswith(">"):
            quoted.append(words)
            continue
        if len(quoted) > LONGEST_QUOTE:
            yield f"[{len(quoted):,} quoted lines; --all shows them]"
        else:
            yield from quoted
        quoted = []
        if words is not None:
            yield words


def _log(found: "Whole", reader: Reader) -> Iterator[Line]:
    shown = found.events if reader.is_all else found.events[-NEWEST_EVENTS:]
    if not shown:
        return
    yield "", 0, ""
    yield "dim", 0, "-- log"
    if len(found.events) > len(shown):
        yield (
            "dim",
            INDENT,
            f"[{len(found.events) - len(shown):,} earlier; 'ticket log {found.listed.ticket.number}']",
        )
    for event in shown:
        yield "dim", INDENT, f"{reader.time(event.at)}  {line(event.actor)}  {_sentence(event)}"


def _sentence(event: "Event") -> str:
    """An event in words: its kind, then what changed."""
    data = dict(event.data)
    words = [event.kind]
    if "field" in data:
        words.append(str(data.pop("field")))
    if "from" in data or "to" in data:
        before, after = data.pop("from", None), data.pop("to", None)
        words.append(f"{_plain(before) or 'none'} → {_plain(after) or 'none'}")
    spent = data.pop("time", None)
    if isinstance(spent, int):
        words.append(
            f"in {spent // 3600} h {spent % 3600 // 60} min" if spent >= 3600 else f"in {spent // 60} min"
        )
    if "how" in data and "why" in data:  # whose turn it was; of whom, the log says
        words.append(f"({data.pop('how')}: {data.pop('why')})")
        data.pop("of", None)
    words += [f"{name} {_plain(value)}" for name, value in data.items() if value not in (None, "", [])]
    return line(" ".join(words))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
