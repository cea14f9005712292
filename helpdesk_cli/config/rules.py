"""What is wrong with rules: fields, operators, actions and values that there are not, each with its key.

Loaded where a file has rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from helpdesk_cli.domain.rules import (
    ADDRESS,
    BUILT_IN,
    EVENTS,
    FIELDS,
    FLAG,
    MOMENT,
    NONE,
    NUMBER,
    ONE,
    OPERATORS,
    TEXT,
    TIME,
    WORD,
    Field,
    asked_of,
    operators_of,
    values_of,
)
from helpdesk_cli.domain.tags import LONGEST, tag_of
from helpdesk_cli.settings import Rule, Settings, Span

from .forms import Fault, Key, is_slug, span_of

ACTIONS = (
    *("priority", "category", "type", "department", "assignee", "stage", "level", "tag", "untag"),
    *("watch", "notify", "page", "send", "webhook"),
)
HEARERS = ("assignee", "manager", "department", "watchers", "pager")
"""Whom ``notify`` may name beside logins."""

SPANS = ("older_than", "younger_than")


def with_spans(rule: Rule) -> Rule:
    """A rule whose spans are read; what is none stays as it is, for ``check_rules`` to name."""
    return replace(rule, if_=_with_spans(rule.if_))


def _with_spans(table: Mapping[str, Any]) -> dict[str, Any]:
    made = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            value = _with_spans(value)
        elif key in SPANS:
            try:
                value = span_of(value)
            except ValueError:
                pass
        made[key] = value
    return made


def check_rules(settings: Settings) -> Iterator[Fault]:
    """Rules answer what happens, ask for what there is and do what can be done."""
    for name, rule in settings.rule.items():
        here = ("rule", name)
        if name in BUILT_IN:
            yield Fault(here, f'"{name}" is the name of a built-in rule; give it another')
        yield from _when(rule, here)
        for path, asked in asked_of(rule.if_):
            yield from _asked(settings, rule, path, asked, (*here, "if"))
        yield from _costly(rule, (*here, "if"))
        if not rule.then:
            yield Fault((*here, "then"), f"does nothing; one or more of {', '.join(ACTIONS)}")
        for kind, value in rule.then.items():
            yield from _action(settings, kind, value, (*here, "then", kind))


def _when(rule: Rule, here: Key) -> Iterator[Fault]:
    """What a rule answers: events, or time alone."""
    key = (*here, "when")
    when = values_of(rule.when)
    known = (*EVENTS, TIME)
    for event in when:
        if event not in known:
            yield Fault(key, _unknown("event", str(event), known))
    if not when:
        yield Fault(key, f"names nothing; one or more of {', '.join(known)}")
    if TIME in when and len(when) > 1:
        yield Fault(key, 'time stands alone; make a second rule for "time"')
    if rule.again and TIME not in when:
        yield Fault((*here, "again"), 'means nothing to an event; it needs when = "time"')


def _costly(rule: Rule, here: Key) -> Iterator[Fault]:
    """A rule of time that only searches texts would search those of every active ticket in each run."""
    asked = [operator for _, value in asked_of(rule.if_) for operator, _ in operators_of(value)]
    if TIME in values_of(rule.when) and asked and set(asked) == {"matches"}:
        yield Fault(
            here,
            'would search every active ticket in each run; add a condition that is no "matches", such as '
            'created_at = { younger_than = "1d" }, or answer an event: when = ["opened", "edited"]',
        )


# Conditions


def _asked(
    settings: Settings, rule: Rule, path: tuple[str, ...], asked: object, here: Key
) -> Iterator[Fault]:
    """One field of ``if``."""
    name, key = ".".join(path), (*here, *path)
    if name not in FIELDS:
        yield Fault(key, _unknown("field", name, tuple(FIELDS)))
        return
    if name.startswith("mail.") and TIME in values_of(rule.when):
        yield Fault(key, "a rule of time sees no mail; take it out")
        return
    if isinstance(asked, Mapping) and not asked:
        yield Fault(key, f"asks nothing; one or more of {', '.join(OPERATORS[FIELDS[name].kind])}")
    for operator, value in operators_of(asked):
        place = (*key, operator) if isinstance(asked, Mapping) else key
        yield from _operator(settings, name, operator, value, place)


def _operator(settings: Settings, name: str, operator: str, value: object, key: Key) -> Iterator[Fault]:
    """An operator of a field with its value."""
    kind = FIELDS[name].kind
    known = OPERATORS[kind]
    if operator not in known:
        if any(operator in others for others in OPERATORS.values()):
            yield Fault(key, f"means nothing to {name}; known here: {', '.join(known)}")
        else:
            yield Fault(key, _unknown("operator", operator, known))
        return
    values = values_of(value)
    if (operator in ONE and isinstance(value, list | tuple)) or not values:
        yield Fault(key, "must be one value" if operator in ONE else "must name at least one value")
        return
    for each in values:
        yield from _value(settings, FIELDS[name], operator, each, key)


def _value(settings: Settings, field: Field, operator: str, value: object, key: Key) -> Iterator[Fault]:
    """One value that a field is compared with."""
    if operator == "exists" or field.kind == FLAG:
        if not isinstance(value, bool):
            yield Fault(key, "must be true or false")
    elif field.kind == MOMENT:
        if not isinstance(value, Span):
            yield Fault(key, 'must be a time such as "30m", "4h", "3d" or a number of seconds')
    elif field.kind == NUMBER:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Fault(key, "must be a whole number")
        elif field.numbers is not None and not field.numbers[0] <= value <= field.numbers[1]:
            yield Fault(key, "must be from {} to {}".format(*field.numbers))
    elif not isinstance(value, str) or not value.strip():
        yield Fault(key, "must be a text in quotes, or a list of texts")
    elif field.kind not in (TEXT, ADDRESS):
        if field.among:
            if value not in field.among:
                yield Fault(key, _unknown("word", value, field.among))
        elif field.table and not (value == NONE and field.kind == WORD):
            yield from _slug(settings, field.table, value, key)


# Actions


def _action(settings: Settings, kind: str, value: object, key: Key) -> Iterator[Fault]:
    """One entry of ``then``."""
    if kind not in ACTIONS:
        yield Fault(key, _unknown("action", kind, ACTIONS))
    elif kind in ("priority", "category", "type", "department", "stage"):
        if not isinstance(value, str):
            yield Fault(
                key, f'must be the slug of a {kind}, such as "{next(iter(getattr(settings, kind)), "x")}"'
            )
        elif not (value == NONE and kind in ("category", "type")):
            yield from _slug(settings, kind, value, key)
    elif kind == "level":
        if value not in (1, 2, 3) or isinstance(value, bool):
            yield Fault(key, "must be 1, 2 or 3")
    elif kind == "page":
        if value is not True:
            yield Fault(key, "must be true; to ring no pager, take it out")
    elif kind in ("assignee", "send"):
        yield from _word(kind, value, key)
    else:
        yield from _words(settings, kind, value, key)


def _word(kind: str, value: object, key: Key) -> Iterator[Fault]:
    """An action that takes one word."""
    if kind == "assignee" and (not isinstance(value, str) or not value.strip()):
        yield Fault(key, 'must be a login, "none" or "auto"')
    elif kind == "send" and (not isinstance(value, str) or not is_slug(value)):
        yield Fault(key, 'must be the name of a template such as "welcome": a-z, 0-9 and -, without .txt.j2')


def _words(settings: Settings, kind: str, value: object, key: Key) -> Iterator[Fault]:
    """An action that takes one word or several."""
    values = values_of(value)
    if not values or not all(isinstance(each, str) and each.strip() for each in values):
        yield Fault(key, "must be a text in quotes, or a list of texts")
        return
    for each in map(str, values):
        if kind == "webhook":
            yield from _slug(settings, "webhook", each, key)
        elif kind == "notify" and each == "client":
            yield Fault(key, 'the client gets a mail of your own words: send = "TEMPLATE"')
        elif kind == "notify" and each not in HEARERS and (meant := _mistyped(each)):
            yield Fault(key, f'"{each}" will not do; did you mean "{meant}"?')
        elif kind in ("tag", "untag"):
            if not tag_of(each):
                what = f"one word of letters, digits and - _ . : / +, at most {LONGEST} of them"
                yield Fault(key, f'"{each}" is no tag, which is {what}')
        elif not each.isprintable() or len(each) > 100:
            yield Fault(key, "must be short, without line breaks")


def _mistyped(login: str) -> str:
    """The word that was surely meant by what looks like a login; "" for one that may be somebody's."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(login, HEARERS, 1, cutoff=0.85)), "")


def _slug(settings: Settings, table: str, value: str, key: Key) -> Iterator[Fault]:
    """A slug must be that of a table of the file."""
    known: Mapping[str, object] = getattr(settings, table)
    if value not in known:
        from .faults import quoted

        meant = _near(value, known)
        there = f"there are: {', '.join(known)}" if known else "there is none"
        hint = f"did you mean {quoted(meant)}?" if meant else there
        yield Fault(key, f"there is no [{table}.{value}]; {hint}")


def _unknown(what: str, word: str, known: Sequence[str]) -> str:
    """What to say of a word that there is not."""
    from .faults import quoted

    meant = _near(word, known)
    hint = f"did you mean {quoted(meant)}?" if meant else f"known here: {', '.join(known)}"
    return f"unknown {what} {quoted(word)}; {hint}"


def _near(word: str, known: Iterable[str]) -> str:
    from .faults import nearest

    return nearest(word, list(known))


# What is looked at by `config check` alone


def look_at_rules(settings: Settings) -> Iterator[Fault]:
    """Expressions compile, and templates are there; where the rest is sound."""
    for name, rule in settings.rule.items():
        for path, asked in asked_of(rule.if_):
            for operator, value in operators_of(asked):
                if operator == "matches":
                    for expression in values_of(value):
                        yield from _expression(expression, ("rule", name, "if", *path, operator))
        send = rule.then.get("send")
        if isinstance(send, str) and is_slug(send):
            yield from _template(settings, send, ("rule", name, "then", "send"))


def _expression(expression: object, key: Key) -> Iterator[Fault]:
    """An expression can be used."""
    if not isinstance(expression, str):
        return
    import regex

    try:
        regex.compile(expression)
    except regex.error as error:
        yield Fault(key, f"is no regular expression: {error}")


def _template(settings: Settings, name: str, key: Key) -> Iterator[Fault]:
    """A template is among the site's own, or ours."""
    from pathlib import Path

    ours = Path(__file__).parent.parent / "templates" / "mail"
    folders = [Path(settings.desk.templates)] if settings.desk.templates else []
    language = settings.desk.language.lower().partition("-")[0]
    places = [place for folder in (*folders, ours) for place in (folder / language, folder)]
    for part in ("subject", "txt"):
        if not any((place / f"{name}.{part}.j2").is_file() for place in places):
            where = (
                f"in {settings.desk.templates}"
                if settings.desk.templates
                else "(desk.templates names no folder)"
            )
            yield Fault(key, f"there is no template {name}.{part}.j2 {where}")
