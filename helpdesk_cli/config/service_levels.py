"""The rules of calendars and service levels; loaded where there are some.

Whether a country has holidays that we know is looked at by ``config check`` alone: that loads their library.
"""

from collections.abc import Callable, Iterator, Sequence

from helpdesk_cli.domain.hours import read_day, read_hours, read_open_day, read_week
from helpdesk_cli.domain.people import RESERVED_LOGINS
from helpdesk_cli.domain.public_holidays import is_region, unknown
from helpdesk_cli.settings import Calendar, Settings, Sla
from helpdesk_cli.settings.flow import ELSE

from .forms import Fault, Key, ascii_address, is_address, is_host
from .zones import is_zone

TIMES = ("first_response", "next_response", "resolution")

RECIPIENTS = ("assignee", "manager", "department", "watchers", "pager")
"""Who may hear of a time that runs out; any other word is a login."""

YEARS = 4
"""What is promised must be over within so many years, holidays and all."""


def check_calendars(settings: Settings) -> Iterator[Fault]:
    """A calendar has hours, and days that there are."""
    for slug, calendar in settings.calendar.items():
        here = ("calendar", slug)
        if calendar.timezone and not is_zone(calendar.timezone):
            text = f'"{calendar.timezone}" is not known; a name such as UTC or Europe/Berlin'
            yield Fault((*here, "timezone"), text)
        if not calendar.hours:
            yield Fault((*here, "hours"), 'there are none; such as ["mon-fri 09:00-17:00"]')
        for line in calendar.hours:
            yield from _refused(read_hours, line, (*here, "hours"))
        for day in calendar.closed:
            yield from _refused(read_day, day, (*here, "closed"))
        for day in calendar.open:
            yield from _refused(read_open_day, day, (*here, "open"))
        for region in calendar.holidays:
            if not is_region(region):
                yield Fault(
                    (*here, "holidays"),
                    f'"{region}" must be a country, such as "DE", or a part of one, such as "DE-BY"',
                )


def check_levels(settings: Settings) -> Iterator[Fault]:
    """A level promises something that can be kept, to somebody, and tells somebody."""
    general = ""
    for slug, level in settings.sla.items():
        here = ("sla", slug)
        if level.calendar:
            yield from a_known("calendar", level.calendar, list(settings.calendar), (*here, "calendar"))
        for name in level.categories:
            yield from a_known("category", name, list(settings.category), (*here, "categories"))
        for name in level.departments:
            yield from a_known("department", name, list(settings.department), (*here, "departments"))
        yield from _people(level, here)
        yield from _times(settings, level, here)
        yield from _told(level, here)
        if not (level.clients or level.organizations or level.categories or level.departments):
            if general:
                yield Fault(
                    here,
                    f"never holds, for [sla.{general}] is for everybody already; "
                    "name clients, organizations, categories or departments",
                )
            general = general or slug


def look_at_holidays(settings: Settings) -> Iterator[Fault]:
    """Regions of which we know the holidays."""
    for slug, calendar in settings.calendar.items():
        for region in calendar.holidays:
            text = unknown(region) if is_region(region) else ""
            if text:
                yield Fault(("calendar", slug, "holidays"), text)


def _refused(read: Callable[[str], object], text: str, key: Key) -> Iterator[Fault]:
    """A fault where a text has not the form that is read."""
    try:
        read(text)
    except ValueError as error:
        yield Fault(key, str(error))


def a_known(what: str, name: str, known: Sequence[str], key: Key) -> Iterator[Fault]:
    """A fault where there is no such thing, with the nearest that there is."""
    if name in known:
        return
    from .faults import nearest, quoted

    meant = nearest(name, list(known))
    there_are = f"there are: {', '.join(known)}" if known else "there is none"
    hint = f"did you mean {quoted(meant)}?" if meant else there_are
    yield Fault(key, f"there is no [{what}.{name}]; {hint}")


def _people(level: Sla, here: Key) -> Iterator[Fault]:
    """Clients are addresses or domains; an organization has a name."""
    for client in level.clients:
        bare = ascii_address(client.strip()) if "@" in client else ascii_address(f"x@{client.strip()}")[2:]
        if not (is_address(bare) or (is_host(bare) and "." in bare)):
            text = f'"{client}" must be an address such as ann@example.com or a domain such as example.com'
            yield Fault((*here, "clients"), text)
    if not all(name.strip() for name in level.organizations):
        yield Fault((*here, "organizations"), "must not be empty")


def _times(settings: Settings, level: Sla, here: Key) -> Iterator[Fault]:
    """At least one time is promised; each is of a priority that there is, and some day over."""
    if not any(getattr(level, name) for name in TIMES):
        yield Fault(here, f'promises nothing; add {", ".join(TIMES)}, such as {{ else = "4h" }}')
    most = YEARS * 52 * _weekly(settings.calendar.get(level.calendar))
    for name in TIMES:
        for priority, seconds in getattr(level, name).items():
            key = (*here, name, priority)
            if priority != ELSE and priority not in settings.priority:
                yield from a_known("priority", priority, [*settings.priority, ELSE], key)
            if seconds <= 0:
                yield Fault(key, 'must be more than nothing, such as "4h"; or leave it out')
            elif seconds > most > 0:
                text = f"its calendar has not so much working time in {YEARS} years; 1d is 24 hours of it"
                yield Fault(key, text)


def _weekly(calendar: Calendar | None) -> int:
    """The seconds of a calendar's week; 0 where they cannot be told, which is told elsewhere."""
    if calendar is None:
        return 7 * 86400
    try:
        return sum(60 * (stop - start) for spans in read_week(calendar.hours) for start, stop in spans)
    except ValueError:
        return 0


def _told(level: Sla, here: Key) -> Iterator[Fault]:
    """Who is warned and when; a word that is none of ours is a login."""
    if not 0 <= level.warn_at <= 99:
        yield Fault(
            (*here, "warn_at"), f"{level.warn_at} will not do; a share in percent, from 1 to 99, or 0"
        )
    for name in ("warning", "breach"):
        for word in getattr(level, name):
            bare = word.replace("-", "").replace("_", "").replace(".", "")
            if word not in RECIPIENTS and (word.lower() in RESERVED_LOGINS or not bare.isalnum()):
                text = f'"{word}" is nobody; must be one of {", ".join(RECIPIENTS)}, or a login'
                yield Fault((*here, name), text)
