"""The rules across fields, and those of form. Cheap: they hold at every start."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from helpdesk_cli.domain.wishes import is_hour
from helpdesk_cli.settings import STAGES, Department, Limits, Settings, Store

from .forms import Fault, Key, is_address, is_host, is_slug
from .logs import check_log
from .servers import check_mailboxes, check_transports, names_no_program
from .shared_host import check_shared_host
from .zones import is_zone

NEEDED = ("transport", "mailbox", "department", "priority")
TABLES = (*NEEDED, "stage", "category", "type", "calendar", "sla", "rule", "webhook")
SHELL = ("password_command", "oauth2_command", "secret_command")
"""Texts that may span lines."""


def check(settings: Settings, *, exposed: bool = False) -> list[Fault]:
    """Hold the settings against every rule and return what breaks one.

    ``exposed`` says that others may read the file.
    """
    return [
        *check_slugs(settings),
        *check_texts(settings),
        *check_desk(settings),
        *check_store(settings.store, exposed),
        *check_shared_host(settings),
        *check_operation(settings),
        *check_transports(settings, exposed),
        *check_mailboxes(settings, exposed),
        *check_departments(settings),
        *check_addresses(settings),
        *check_stages(settings),
        *check_what_it_does_by_itself(settings, exposed),
        *check_saved(settings),
        *check_limits(settings.limits),
        *check_log(settings.log),
    ]


def check_slugs(settings: Settings) -> Iterator[Fault]:
    """Slugs have one form; a former slug leads to one table; the desk has one of each that it needs."""
    for table in TABLES:
        present: dict[str, Any] = getattr(settings, table)
        former: set[str] = set()
        if not present and table in NEEDED:
            yield Fault((table,), f"there is none; add a [{table}.SLUG]")
        for slug, each in present.items():
            if not is_slug(slug):
                yield Fault((table, slug), "a slug is made of a-z, 0-9 and -, and does not begin with -")
            if not getattr(each, "name", "-").strip():
                yield Fault((table, slug, "name"), "must not be empty")
            for old in getattr(each, "formerly", ()):
                if not is_slug(old):
                    yield Fault((table, slug, "formerly"), f'"{old}" is not a slug: a-z, 0-9 and -')
                elif old in present or old in former:
                    yield Fault(
                        (table, slug, "formerly"), f'"{old}" is taken; a former slug leads to one {table}'
                    )
                former.add(old)


def check_texts(settings: Settings) -> Iterator[Fault]:
    """No text holds a control character: they end in headers and in commands to mail servers."""
    tables: list[tuple[Key, Struct]] = [
        ((name,), getattr(settings, name)) for name in ("desk", "store", "alerts", "log")
    ]
    tables += [((table, slug), each) for table in TABLES for slug, each in getattr(settings, table).items()]
    for key, table in tables:
        for name in table.__struct_fields__:
            value = getattr(table, name)
            texts = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
            if name not in SHELL and not all(map(str.isprintable, texts)) and any(map(has_control, texts)):
                yield Fault((*key, name), "holds a control character or a line break; take it out")


def has_control(text: str) -> bool:
    """Say whether a text holds a control character or a line break of any kind."""
    return any(char < " " or "\x7f" <= char < "\xa0" or char in "\u2028\u2029" for char in text)


def check_desk(settings: Settings) -> Iterator[Fault]:
    """What the desk is called, and in which zone it reads times."""
    desk = settings.desk
    if not desk.name.strip():
        yield Fault(("desk", "name"), "must not be empty")
    if not is_host(desk.domain):
        yield Fault(("desk", "domain"), f'"{desk.domain}" is not a domain such as example.com')
    if not is_tag(desk.subject_tag):
        yield Fault(("desk", "subject_tag"), "1 to 20 letters, digits and -, such as HD")
    for tag in desk.old_subject_tags:
        if not is_tag(tag):
            yield Fault(("desk", "old_subject_tags"), f'"{tag}" is none: 1 to 20 letters, digits and -')
    if not 1 <= desk.first_number <= 10**9:
        yield Fault(("desk", "first_number"), f"{desk.first_number} will not do; from 1 to 1000000000")
    if not is_zone(desk.timezone):
        yield Fault(
            ("desk", "timezone"), f'"{desk.timezone}" is not known; a name such as UTC or Europe/Berlin'
        )
    if not (desk.language.replace("-", "").isalnum() and desk.language.isascii()):
        yield Fault(("desk", "language"), f'"{desk.language}" is not a language tag such as en or pt-BR')
    if not desk.secret_file:
        yield Fault(("desk", "secret_file"), "must name a file")
    for name in ("secret_file", "templates"):
        if getattr(desk, name).startswith("~"):
            yield Fault(("desk", name), "names a user without a home")


def is_tag(tag: str) -> bool:
    """Say whether this may stand before the number in ``[HD-1024]``."""
    return 0 < len(tag) <= 20 and tag.isascii() and tag.replace("-", "x").isalnum()


def check_store(store: Store, exposed: bool) -> Iterator[Fault]:
    """Records live in a SQLite file or on a PostgreSQL server."""
    if names_no_program(store.password_command):
        yield Fault(("store", "password_command"), "names no program")
    if store.is_postgres():
        from .databases import check_address

        yield from check_address(store.url, exposed=exposed)
        return
    key, path = ("store", "url"), store.file()
    if path == ":memory:":
        yield Fault(key, 'a store in memory forgets every mail; name a file: "sqlite:helpdesk.db"')
    elif not path or path.startswith(("//", "~")) or "?" in path:
        yield Fault(
            key,
            'must be "sqlite:FILE", "sqlite:///absolute/FILE" or "postgresql://USER@HOST/DATABASE"',
        )


def check_operation(settings: Settings) -> Iterator[Fault]:
    """Numbers that are counts, and an alert that has somewhere to go."""
    for name in ("email_messages_limit", "reopen_days"):
        number = getattr(settings.operation, name)
        if not 0 <= number <= 100_000:
            yield Fault(("operation", name), f"{number} will not do; 0 or more")
    if settings.operation.survey_after >= 7 * 86400:
        yield Fault(("operation", "survey_after"), "must be less than 7d; later nobody is asked any more")
    if not 0 <= settings.operation.hold_answers <= 86400:
        yield Fault(("operation", "hold_answers"), "from 0 to 1d; nobody's answer waits longer")
    if not is_hour(settings.operation.digest_at):
        hour = settings.operation.digest_at
        yield Fault(("operation", "digest_at"), f'"{hour}" is no hour of the day such as 08:00')
    if settings.alerts.enabled and not settings.alerts.address:
        yield Fault(("alerts", "address"), "is missing, but alerts are enabled")


def check_departments(settings: Settings) -> Iterator[Fault]:
    """A department's transport exists, its reply address can carry a token, its addresses are its own."""
    owners: dict[str, str] = {}
    for slug, department in settings.department.items():
        here = ("department", slug)
        if settings.transport and department.transport not in settings.transport:
            known = ", ".join(settings.transport)
            yield Fault(
                (*here, "transport"), f"there is no [transport.{department.transport}]; there are: {known}"
            )
        if not is_reply_address(department.reply_address):
            yield Fault(
                (*here, "reply_address"),
                f'"{department.reply_address}" will not do; '
                '"plain", or an address such as "support+{token}@example.com"',
            )
        for name, address in addresses_of(department):
            if not is_address(address):
                yield Fault((*here, name), f'"{address}" is not an address such as support@example.com')
            owner = owners.setdefault(address.lower(), slug)
            if owner != slug:
                yield Fault((*here, name), f"{address} belongs to department {owner} already")


def addresses_of(department: Department) -> Iterator[tuple[str, str]]:
    """Yield the addresses that are a department's own, with their keys."""
    yield "address", department.address
    for alias in department.aliases:
        yield "aliases", alias


def is_reply_address(pattern: str) -> bool:
    """Say whether answers can be asked for at this address; a token takes up to 32 characters."""
    if pattern == "plain":
        return True
    local, _, domain = pattern.rpartition("@")
    return local.count("{token}") == 1 and is_address(f"{local.replace('{token}', 'x' * 32)}@{domain}")


def check_addresses(settings: Settings) -> Iterator[Fault]:
    """Where we write to is an address, and none of our own: such a mail would come back to us."""
    ours = settings.own_addresses()
    for key, address in foreign_addresses(settings):
        if not is_address(address):
            yield Fault(key, f'"{address}" is not an address such as name@example.com')
        elif address.lower() in ours:
            yield Fault(key, f"{address} is a department's own address; the mail would come back to us")


def foreign_addresses(settings: Settings) -> Iterable[tuple[Key, str]]:
    """Yield the addresses of people and pagers, with their keys."""
    for address in settings.desk.admin:
        yield ("desk", "admin"), address
    if settings.alerts.address:
        yield ("alerts", "address"), settings.alerts.address
    for slug, table in settings.oncall.items():
        for person in table.people:
            if "@" in person:
                yield ("oncall", slug, "people"), person
    for slug, department in settings.department.items():
        if department.pager:
            yield ("department", slug, "pager"), department.pager


def check_stages(settings: Settings) -> Iterator[Fault]:
    """A ticket can be open, wait and be closed."""
    states = {stage.state for stage in settings.stage.values()}
    for state in ("open", "waiting", "closed"):
        if state not in states:
            yield Fault(
                ("stage",), f'no stage has state = "{state}"; one of each is needed: open, waiting, closed'
            )
    if settings.stage != STAGES or any(each.required for each in settings.department.values()):
        from .stages import check_board

        yield from check_board(settings)


def check_what_it_does_by_itself(settings: Settings, exposed: bool) -> Iterator[Fault]:
    """Service levels, rules and web hooks, whose checks are loaded where there are some."""
    if not 1 <= settings.operation.tickets_per_rule <= 1_000_000:
        yield Fault(("operation", "tickets_per_rule"), "from 1 to 1000000")
    if settings.sla or settings.calendar:
        from .service_levels import check_calendars, check_levels

        yield from check_calendars(settings)
        yield from check_levels(settings)
    if settings.oncall:
        from .oncall import check_oncall

        yield from check_oncall(settings)
    if settings.rule:
        from .rules import check_rules

        yield from check_rules(settings)
    if settings.webhook:
        from .webhooks import check_webhooks

        yield from check_webhooks(settings, exposed)


def check_saved(settings: Settings) -> Iterator[Fault]:
    """Saved filters ask for what there is."""
    if settings.filter:  # nearly nobody's start need know more
        from .filters import check_filters

        yield from check_filters(settings)


def check_limits(limits: Limits) -> Iterator[Fault]:
    """A limit limits something: at least one rate, none of it zero."""
    for name in limits.__struct_fields__:
        rates = getattr(limits, name)
        if not rates:
            yield Fault(("limits", name), 'needs at least one rate such as "20/1h"')
        for rate in rates:
            if not (1 <= rate.count <= 10**9 and 1 <= rate.seconds <= 366 * 86400):
                yield Fault(
                    ("limits", name),
                    f"{rate.count} in {rate.seconds}s will not do; at least 1, within 1s to 366d",
                )
