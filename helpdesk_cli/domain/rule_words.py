"""Rules in words: what one asks, what it does, and which condition did not hold and why."""

from collections.abc import Sequence

from helpdesk_cli.domain.rules import TIME, Action, Condition, Rule, Seen, Value, values_in

SAID = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "contains_not": "does not contain",
    "matches": "matches",
    "older_than": "is older than",
    "younger_than": "is younger than",
    "at_least": "is at least",
    "at_most": "is at most",
}

SPANS = (("d", 86400), ("h", 3600), ("m", 60))


def when_words(rule: Rule) -> str:
    """What a rule answers: ``opened or replied``, ``time``."""
    again = f", again after {span(rule.again)}" if rule.again and TIME in rule.when else ""
    return " or ".join(rule.when) + again


def condition_words(condition: Condition) -> str:
    """A condition: ``subject contains "down" or "broken"``."""
    name, operator, values = condition.field, condition.operator, condition.values
    if operator == "exists":
        return f"{name} is set" if values[0] else f"{name} is not set"
    if operator in ("older_than", "younger_than"):
        return f"{name} {SAID[operator]} {span(int(values[0]))}"
    return f"{name} {SAID[operator]} {listed(values)}"


def condition_list(rule: Rule) -> str:
    """All conditions of a rule; ``always`` where it has none."""
    return ", and ".join(condition_words(one) for one in rule.conditions) or "always"


def not_held(condition: Condition, seen: Seen) -> str:
    """Why a condition does not hold: what is there instead."""
    if condition.field.startswith("mail.") and seen.mail is None:
        return f"{condition_words(condition)}: no mail brought it"
    there = values_in(seen, condition.field)
    return f"{condition_words(condition)}: it is {listed(there) if there else 'not set'}"


def action_words(action: Action) -> str:
    """What is done: ``priority becomes urgent``."""
    kind, values = action.kind, action.values
    shown = ", ".join(str(each) for each in values)
    if kind == "assignee":
        return {"auto": "is given to whose turn it is", "none": "is given to nobody"}.get(
            shown, f"is given to {shown}"
        )
    if kind == "page":
        return "the pager rings"
    words = {
        "stage": f"moves to {shown}",
        "tag": f"is tagged {shown}",
        "untag": f"loses the tag {shown}",
        "watch": f"is watched by {shown}",
        "notify": f"is told to {shown}",
        "send": f"the client gets the mail {shown}",
        "webhook": f"the web hook {shown} is called",
    }
    return words.get(kind, f"{kind} becomes {shown}")


def action_list(rule: Rule) -> str:
    """All that a rule does, in its order."""
    return ", ".join(action_words(one) for one in rule.actions)


def listed(values: Sequence[Value]) -> str:
    """Some values, any of which is meant; texts in quotes, and each cut."""
    shown = [quoted(each) for each in values[:10]]
    return " or ".join(shown) + (" or …" if len(values) > 10 else "")


def quoted(value: Value) -> str:
    """A value as it would be written; a long text is cut, and stays on its line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    line = " ".join(value.split())
    return f'"{line}"' if len(line) <= 60 else f'"{line[:59]}…"'


def span(seconds: int) -> str:
    """A span as it is written in the configuration: ``3d``, ``90m``."""
    for unit, size in SPANS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
