"""Parameter types and options that several commands share: ticket numbers, moments, texts, files.

What a person types is read here, so that it means the same in every command.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli import front
from helpdesk_cli.cli.app import Call
from helpdesk_cli.cli.wording import Wording
from helpdesk_cli.errors import Usage

if TYPE_CHECKING:
    from datetime import date

    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.files import File
    from helpdesk_cli.services.members import Away

# Ticket numbers


class TicketNumber(click.ParamType[int]):
    """``1024``, ``#1024``, ``HD-1024``, ``[HD-1024]``; the tag may be any, as old ones lead to tickets too."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        number = ticket_number(value)
        if number is None:
            self.fail(f"{value}: must be a ticket's number, such as 1024 or HD-1024", param, ctx)
        return number


TICKET = TicketNumber()


def ticket_number(text: str) -> int | None:
    """The number that a word names; None where it names none."""
    bare = text.strip().removeprefix("[").removesuffix("]").removeprefix("#")
    tag, dash, digits = bare.rpartition("-")
    if (dash and not tag) or not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        return None
    return int(digits)


class Spent(click.ParamType[int]):
    """So much work: ``15m``, ``1h``, ``1h30m``, or a number of minutes; in seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        import re

        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(?:(\d{1,3})h)?\s*(?:(\d{1,5})m?)?", value.strip().lower(), re.ASCII)
        seconds = int(found[1] or 0) * 3600 + int(found[2] or 0) * 60 if found else 0
        if not 0 < seconds <= 1000 * 3600:
            self.fail(f"{value}: must be a time such as 15m, 1h or 1h30m", param, ctx)
        return seconds


spent = click.option(
    "--time", "spent", metavar="TIME", type=Spent(), default=0, help="The work it took: 15m, 1h30m."
)
"""``--time 15m``: how much work went into what is written, as ``spent`` in seconds."""


def several(ctx: click.Context, param: click.Parameter | None, values: Sequence[str]) -> tuple[int, ...]:
    """The tickets that these words name, each once; ``-`` stands for those on standard input."""
    words: list[str] = []
    for value in values:
        words += _typed(ctx).split() if value == "-" else [value]
    return tuple(dict.fromkeys(TICKET.convert(word, param, ctx) for word in words))


def _typed(ctx: click.Context) -> str:
    """All of standard input, kept for whoever does the work of this call."""
    call = ctx.ensure_object(Call)
    text = sys.stdin.read()
    call.typed = (call.typed or b"") + text.encode("utf-8", "replace")
    return text


def numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """``N …``: one or more tickets as ``numbers``; ``-`` reads them from standard input."""
    return click.argument("numbers", metavar="N …", nargs=-1, required=True, callback=several)(function)


def number(function: Callable[..., Any]) -> Callable[..., Any]:
    """``N``: one ticket as ``number``."""
    return click.argument("number", metavar="N", type=TICKET)(function)


# Moments


def moment(desk: "Desk", text: str | None) -> str | None:
    """The moment that a person names, in UTC as the store writes it; None for None.

    Dates and RFC 3339, ``2026-11``, ``now``, ``today``, ``yesterday``, ``monday`` (the last one), ``last
    monday``, ``this`` or ``last`` ``week``, ``month``, ``year``, ``3 days ago``, ``1y``, ``2h`` (so long
    ago). A day, week, month or year stands for its first moment in the desk's time zone: ``--since``
    includes it, ``--until`` does not. Raises Usage.
    """
    if text is None:
        return None
    from zoneinfo import ZoneInfo

    from helpdesk_cli.domain.moments import at, read
    from helpdesk_cli.domain.spoken import moment_named

    now = read(desk.clock()).astimezone(ZoneInfo(desk.settings.desk.timezone))
    try:
        return at(moment_named(text, now))
    except (ValueError, OverflowError):
        raise Usage(
            f"{text}: is no moment; write a date (2026-11-22), 2026-11-22T09:30:00Z, yesterday, last month, "
            "3 days ago, 2h"
        ) from None


def ahead(desk: "Desk", text: str) -> str:
    """The moment of ``--until`` to which a person looks ahead, in UTC; a day is its first moment. Raises Usage."""
    from zoneinfo import ZoneInfo

    from helpdesk_cli.domain.moments import at, read
    from helpdesk_cli.domain.spoken import moment_ahead

    now = read(desk.clock()).astimezone(ZoneInfo(desk.settings.desk.timezone))
    try:
        found = moment_ahead(text, now)
    except (ValueError, OverflowError):
        raise Usage(
            f"--until {text}: is no moment; write tomorrow, friday, 'friday 14:00', 'in 3 days', 2h, a date "
            "(2026-12-01) or 2026-12-01T09:30:00Z"
        ) from None
    if found <= now:
        raise Usage(f"--until {text}: that is over; name a moment to come")
    return at(found)


def days_away(desk: "Desk", words: "tuple[str, str] | None") -> "Away | None":
    """The days of ``--away FROM TO``, the last one included; TO may be ``-``, for without end; None for None.

    Days are named as moments are, but ``friday`` is the next one, and TO is counted from FROM. Raises Usage.
    """
    if words is None:
        return None
    from zoneinfo import ZoneInfo

    from helpdesk_cli.domain.moments import read
    from helpdesk_cli.services.members import Away

    today = read(desk.clock()).astimezone(ZoneInfo(desk.settings.desk.timezone)).date()
    first = _day(desk, words[0], today)
    last = None if words[1] == "-" else _day(desk, words[1], max(first, today))
    if last is not None and last < first:
        raise Usage(f"--away {words[0]} {words[1]}: {last} is before {first}; the last day comes second")
    if last is not None and last < today:
        raise Usage(f"--away {words[0]} {words[1]}: {last} is over; name days to come, or --back")
    return Away(str(first), None if last is None else str(last))


def _day(desk: "Desk", text: str, start: "date") -> "date":
    """A day that a person names, counted from another one where that matters."""
    from zoneinfo import ZoneInfo

    from helpdesk_cli.domain.moments import read
    from helpdesk_cli.domain.spoken import day_ahead

    found = day_ahead(text, start)
    if found is None:
        try:
            found = read(moment(desk, text) or "").astimezone(ZoneInfo(desk.settings.desk.timezone)).date()
        except Usage:
            raise Usage(
                f"--away {text}: is no day; write a date (2026-12-24), today, tomorrow, friday, in 2 weeks"
            ) from None
    return found


def since_until(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--since`` and ``--until`` as typed; hand them to ``moment``."""
    function = click.option("--until", metavar="TIME", help="Before that moment.")(function)
    return click.option(
        "--since", metavar="TIME", help="From then on: a date, 'yesterday', 'last month', '2h'."
    )(function)


# Texts


def text(function: Callable[..., Any]) -> Callable[..., Any]:
    """``-m``, ``-F`` and ``-e``, together as ``wording``."""
    from functools import wraps

    @wraps(function)
    def gathered(*args: Any, message: str | None, file: str | None, edit: bool, **more: Any) -> Any:
        if message is not None and file is not None:
            raise click.UsageError("--message and --file exclude each other", click.get_current_context())
        return function(*args, wording=Wording(message=message, file=file, edit=edit), **more)

    for option in (
        click.option("-e", "--edit", is_flag=True, help="Write, or go on writing, in the editor."),
        click.option("-F", "--file", metavar="FILE", help="The text from a file; - is standard input."),
        click.option("-m", "--message", metavar="TEXT", help="The text itself."),
    ):
        gathered = option(gathered)
    return gathered


# Files


def attach(function: Callable[..., Any]) -> Callable[..., Any]:
    """``-a FILE``, again and again, as ``attach``; hand them to ``files``."""
    return click.option(
        "-a", "--attach", metavar="FILE", multiple=True, help="Attach a file; may be given again."
    )(function)


def files(desk: "Desk", paths: Sequence[str]) -> "tuple[File, ...]":
    """The files to attach, read whole; their type is guessed by their name.

    Raises Usage for what is no readable file, and where they are together too large for every transport.
    """
    if not paths:
        return ()
    from mimetypes import guess_type

    from helpdesk_cli.services.files import File

    found = []
    left = max((way.max_size for way in desk.settings.transport.values()), default=25_000_000)
    for path in paths:
        data = _bytes_of(path, left + 1)
        left -= len(data) * 78 // 57  # base64 as mail writes it: 57 bytes a line of 78
        if left < 0:
            raise Usage(f"--attach {path}: too large to be mailed; the transports' max_size forbids it")
        kind, packing = guess_type(path)
        kind = "application/octet-stream" if packing or kind is None else kind
        found.append(File(os.path.basename(path), kind, data))  # noqa: PTH119
    return tuple(found)


def _bytes_of(path: str, most: int) -> bytes:
    """A file's bytes, not more than so many. Raises Usage, NotAllowed."""
    if front.held is not None:
        return front.held.read("--attach", path)[:most]
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read(most)
    except OSError as error:
        raise Usage(f"--attach {path}: {error.strerror}") from None
