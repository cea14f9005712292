"""What a half-typed word may become: ticket numbers, logins, and the names that the configuration gives."""

import re
from collections.abc import Iterable

from helpdesk_cli.settings import Settings

MOST = 200
"""So many tickets are offered, the last changed first."""

_VALUE = re.compile(r"[\w.@:+#-]+")
_HELP = " .-+_@()/#!?"

Choices = list[tuple[str, str]]
"""Words, each with what is said beside it."""


def choices(kind: str, typed: str, *, config: str | None, login: str | None) -> Choices:
    """What may stand where ``typed`` does; for whoever presses the key. Raises DeskError."""
    if kind in ("tickets", "closed tickets"):
        found = _tickets(typed, kind, config, login)
    elif kind == "logins":
        found = _logins(config, login)
    else:
        from helpdesk_cli.config import load

        found = _names(kind, load(config))
    return [
        (value, harmless(text))
        for value, text in found
        if value.startswith(typed) and _VALUE.fullmatch(value)
    ]


def may_be_ticket(typed: str) -> bool:
    """Whether a ticket's number may be written so: ``10``, ``#10``, ``HD-10``."""
    tag = typed.rstrip("0123456789").strip("#[")
    return not tag or tag.endswith("-")


def harmless(text: str) -> str:
    """What is said beside a word: letters, digits, few marks. A shell may obey, or cut at, any other."""
    bare = "".join(char if char.isalnum() or char in _HELP else " " for char in text)
    return " ".join(bare.split())[:60]


def _names(kind: str, settings: Settings) -> Iterable[tuple[str, str]]:
    if kind == "mailboxes":
        return [(name, each.username or each.path or each.kind) for name, each in settings.mailbox.items()]
    if kind == "replies":
        from helpdesk_cli.templates.replies import canned

        return [(each.slug, each.title) for each in canned(settings.desk.templates, settings.desk.language)]
    if kind == "filters":
        from helpdesk_cli.services.saved import filters

        return [(f"@{name}", "") for name in filters(settings)]
    if kind == "orders":
        from helpdesk_cli.services.views import ORDERS

        return [(order, "") for order in ORDERS]
    if kind == "jobs":
        from helpdesk_cli.services.pauses import BOX, JOBS

        return [*((job, "") for job in JOBS), *((BOX + name, "") for name in settings.mailbox)]
    return [(slug, each.name) for slug, each in getattr(settings, kind).items()]


def _logins(config: str | None, login: str | None) -> Iterable[tuple[str, str]]:
    from helpdesk_cli.services.desk import open_desk
    from helpdesk_cli.services.members import staff

    with open_desk(config, login=login) as desk:
        return [*((each.login, each.name) for each in staff(desk)), ("me", "you"), ("none", "nobody")]


def _tickets(typed: str, kind: str, config: str | None, login: str | None) -> Iterable[tuple[str, str]]:
    """Tickets whom the actor may see; as they are typed: ``10…``, ``HD-10…``."""
    from helpdesk_cli.services.desk import open_desk
    from helpdesk_cli.services.views import listing

    tag = typed.rstrip("0123456789")
    states = ("closed",) if kind == "closed tickets" else ("open", "waiting")
    with open_desk(config, login=login) as desk:
        found = listing(desk, states=states, limit=MOST)
    return [
        (f"{tag}{one.ticket.number}", f"{one.ticket.subject} ({one.client_name or one.client_email or '-'})")
        for one in found
    ]
