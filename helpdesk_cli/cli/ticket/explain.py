"""``ticket explain``: which service level holds and why, and how its moments were counted."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import number
from helpdesk_cli.cli.output import INDENT, Line, age, is_terminal, line, local, show_json, show_page, zone
from helpdesk_cli.cli.ticket.show import Reader

if TYPE_CHECKING:
    from helpdesk_cli.domain.worktime import Day
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.promises import Explained, Notified, Promise

MOST_DAYS = 12
"""Days of one clock that are shown without --all."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

BY = {
    "clients": "names the client's address or domain",
    "organizations": "names the client's organization",
    "categories": "names the category",
    "departments": "names the department",
    "": "is for everybody for whom no other level holds",
    "before": "held when the ticket was closed",
}

WHY = {
    "opened": "since the ticket was opened",
    "client": "since the client's word",
    "moved": "since the ticket was moved",
    "reopened": "since the ticket was opened again",
    "level": "since this level holds",
    "waiting": "since the ticket waits for its client",
    "answered": "by staff's answer",
    "closed": "by closing the ticket",
}


@click.command(
    "explain",
    epilog="""\b
Examples:
  helpdesk ticket explain 1024
  helpdesk ticket explain 1024 --all
  helpdesk ticket explain 1024 --json""",
)
@number
@click.option("--all", "is_all", is_flag=True, help="Show every day, however many there are.")
@as_json
@shared
def explain(call: Call, number: int, *, is_all: bool, as_json: bool) -> None:
    """Explain what is promised on a ticket: the service level, why it holds, and when each time is over.

    For each clock: what is promised, in whose working time, what was used of it, since when it runs or stands
    and why, and the days that lead to the moment at which it is over. Days are those of the calendar's zone.
    """
    from helpdesk_cli.services import promised, promises

    with desk(call) as opened:
        found = promises.explained(opened, number)
        now = opened.clock()
        if as_json:
            show_json(promised.explained(found, now))
            return
        where = zone(opened.settings.desk.timezone)
        reader = Reader(now=now, zone=where, is_person=is_terminal(), is_all=is_all)
        show_page([*_head(opened, found), *(each for one in found.promises for each in _clock(one, reader))])


def _head(opened: "Desk", found: "Explained") -> Iterator[Line]:
    row, choice = found.listed.ticket, found.choice
    yield "bold", 0, f"{opened.settings.desk.subject_tag}-{row.number}  {line(row.subject)}"
    if choice is None:
        why = "it came as history" if row.state == "closed" else "no service level holds for it"
        yield "", 0, f"Nothing is promised: {why}."
    else:
        name = found.level.name if found.level else choice.slug
        value = f": {choice.value}" if choice.value else ""
        yield "", 0, line(f"The service level {name} holds: it {BY[choice.by]}{value}.")
    if found.is_outdated:
        yield "yellow", 0, "The configuration has changed; the next run-rules counts anew."


def _clock(one: "Promise", reader: Reader) -> Iterator[Line]:
    is_over = one.due_at is not None and one.due_at < reader.now
    yield "", 0, ""
    yield ("bold red" if is_over else "bold"), 0, f"-- {one.target.replace('-', ' ')}"
    where = f"working time of {one.calendar} ({one.zone})" if one.calendar else "time, day and night"
    facts = [
        ("promised", f"{span(one.budget)} of {where}" if one.budget else "nothing any more"),
        ("used", _used(one)),
        ("due", _moment(one.due_at, reader) + (", overdue" if is_over else "") if one.due_at else ""),
        (one.state, _since(one, reader)),
        *((("warning", "over")[each.kind == "breach"], _told(each, reader)) for each in one.notified),
    ]
    for name, words in facts:
        if words:
            yield "", INDENT, f"{name + ':':<11}{line(words)}"
    yield from _days(one, reader)


def _used(one: "Promise") -> str:
    """What was used, what is left, and what earlier runs of the clock took of it."""
    if one.state == "ahead":
        return ""
    left = one.budget - one.used
    words = span(one.used)
    if one.state != "met" and one.budget:
        words += (
            f"; {span(left)} left" if left > 0 else f"; {span(-left)} too much" if left else "; all of it"
        )
    return words + (f" ({span(one.used_before)} before it stood)" if one.used_before else "")


def _since(one: "Promise", reader: Reader) -> str:
    if one.state == "ahead":
        return "begins when the client writes again"
    return f"{WHY.get(one.why, '')}, {_moment(one.since, reader)}" if one.since else WHY.get(one.why, "")


def _told(each: "Notified", reader: Reader) -> str:
    """When somebody hears or heard, and who."""
    if each.is_quiet:
        return f"nobody was told: it was over when the level began to hold, {_moment(each.told_at, reader)}"
    to = ", ".join(each.to) or "nobody"
    if each.told_at is not None:
        return f"told {_moment(each.told_at, reader)} to {to}"
    return f"{_moment(each.at, reader)}, to {to}"


def _moment(at: str | None, reader: Reader) -> str:
    """A moment; where people read, in their zone and with how far it is."""
    if at is None or not reader.is_person:
        return at or ""
    far = age(at, reader.now)
    how_far = f"in {far[1:]}" if far.startswith("-") else far if far == "now" else f"{far} ago"
    return f"{local(at, reader.zone)} ({how_far})"


def _days(one: "Promise", reader: Reader) -> Iterator[Line]:
    """The days that lead to the end of a clock's time; of very many the first and the last."""
    shown, left_out = list(one.days), 0
    if len(shown) > MOST_DAYS and not reader.is_all:
        left_out = len(shown) - MOST_DAYS
        shown = [*shown[: MOST_DAYS // 2], *shown[-MOST_DAYS // 2 :]]
    for place, day in enumerate(shown):
        if left_out and place == MOST_DAYS // 2:
            yield "dim", INDENT, f"{'':<11}[{left_out:,} more days; --all shows them]"
        name = "counted:" if place == 0 else ""
        yield ("dim" if not day.spans else ""), INDENT, f"{name:<11}{line(_day(day, one.zone))}"


def _day(day: "Day", where: str) -> str:
    """A day: its hours, how much that is, and why it differs."""
    weekday = WEEKDAYS[datetime.fromisoformat(day.day).weekday()]
    why = {"holiday": f"holiday: {day.name}", "closed": "closed", "open": "open, by hours of its own"}.get(
        day.why, ""
    )
    hours = " ".join(_hours(day.spans, where))
    parts = [f"{weekday} {day.day}", hours, span(day.seconds) if day.spans else "", why]
    return "  ".join(part for part in parts if part)


def _hours(spans: Sequence[tuple[str, str]], where: str) -> Iterator[str]:
    """Spans as the clock of a zone shows them; 24:00 is the end of a day."""
    from zoneinfo import ZoneInfo

    for start, stop in spans:
        first, last = (local(moment, ZoneInfo(where)) for moment in (start, stop))
        end = "24:00" if last.endswith("00:00") and last[:10] != first[:10] else last[11:]
        yield f"{first[11:]}-{end}"


def span(seconds: int) -> str:
    """A time in hours and minutes; days would not say of how many hours."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if seconds < 60:
        return f"{seconds} s" if seconds else "nothing"
    return " ".join([*([f"{hours:,} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])
