"""Whether service levels can be kept: somebody hears of them, and cron looks at them."""

from collections.abc import Iterator

from helpdesk_cli.config.service_levels import RECIPIENTS
from helpdesk_cli.domain.moments import later
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.findings import Check, warning
from helpdesk_cli.settings import Settings
from helpdesk_cli.store import clocks, members

SILENT_SECONDS = 3600
"""What waits to be told for so long: cron does not run our rules."""


def of_levels(desk: Desk) -> Iterator[Check]:
    """Who is named is staff; what is due was told."""
    settings = desk.settings
    with desk.engine.read() as tx:
        active = {member.login for member in members.all_staff(tx)}
        limit = later(desk.clock(), -SILENT_SECONDS)
        untold = sum(clocks.count_due(tx, kind, limit) for kind in ("warning", "breach"))
    for where, login in _named(settings):
        if login not in active:
            hint = f"correct it, or: helpdesk staff new {login} --name NAME --email ADDRESS"
            yield warning(where, f"{login}: no active staff member has that login, so nobody hears", hint)
    if untold:
        text = f"{untold} warnings and breaches should have been told an hour ago"
        yield warning(
            "sla", text, "put 'helpdesk cron' into your crontab ('helpdesk schedule crontab' prints it)"
        )


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """The logins that the configuration names, and where."""
    for slug, level in settings.sla.items():
        for name in ("warning", "breach"):
            for word in getattr(level, name):
                if word not in RECIPIENTS:
                    yield f"sla.{slug}.{name}", word
    for slug, department in settings.department.items():
        if department.manager:
            yield f"department.{slug}.manager", department.manager
    for name, rule in settings.rule.items():
        for key in ("assignee", "watch", "notify"):
            value = rule.then.get(key, ())
            for word in [value] if isinstance(value, str) else value:
                if word not in (*RECIPIENTS, "none", "auto") and "@" not in word:
                    yield f"rule.{name}.then.{key}", word
