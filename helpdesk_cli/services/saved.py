"""Lists of tickets that have a name: ``ticket list @NAME``."""

from helpdesk_cli.errors import Usage
from helpdesk_cli.settings import Filter, Settings

BUILT_IN = {
    "mine": Filter(assignee="me"),
    "unanswered": Filter(unanswered=True, sort="unanswered"),
    "overdue": Filter(overdue=True, sort="due"),
    "unassigned": Filter(assignee="none"),
    "watched": Filter(watched=True),
}
"""Those that every desk has; one of the same name in the configuration takes its place."""


def filters(settings: Settings) -> dict[str, Filter]:
    """Every saved filter by its name."""
    return {**BUILT_IN, **settings.filter}


def named(settings: Settings, word: str) -> Filter:
    """The filter that a word names: ``@mine``. Raises Usage with what there is."""
    name = word.removeprefix("@")
    known = filters(settings)
    if name in known and name != word:
        return known[name]
    from helpdesk_cli.config.faults import nearest

    near = nearest(name, list(known))
    hint = f"did you mean @{near}? There are " if near else "there are "
    raise Usage(f"{word}: no such saved filter; {hint}{', '.join('@' + each for each in known)}")


def options(wanted: Filter) -> dict[str, str | int | bool]:
    """What a filter asks for, by the names of the options."""
    asked = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return {name: value for name, value in asked.items() if value}
