"""A wrong rule is told with its key, with what is allowed, and with the nearest word."""

from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk_cli.config import load
from helpdesk_cli.config.credentials import new_key
from helpdesk_cli.config.rules import ACTIONS, check_rules, with_spans
from helpdesk_cli.domain.rules import BUILT_IN, EVENTS, FIELDS, OPERATORS
from helpdesk_cli.settings import Rule, Settings, Span

Told = Callable[..., list[str]]

MORE = """
[category.billing]
name = "Billing"

[type.incident]
name = "Incident"

[sla.gold]
name = "Gold"
resolution = { else = "5d" }

[webhook.chat]
url = "https://chat.example.com/hooks/desk"
secret = "s"
"""

SOUND_RULES = [
    'when = "opened"\nthen = { priority = "high" }',
    'when = ["opened", "replied"]\nif = {}\nthen = { page = true }',
    'when = "opened"\nif = { subject = "down" }\nthen = { tag = "vip" }',
    'when = "opened"\nif = { subject = ["down", "broken"] }\nthen = { tag = ["a", "b"] }',
    'when = "opened"\nif = { subject = { contains = ["down", "up"], contains_not = "test" } }\n'
    'then = { untag = "a" }',
    'when = "opened"\nif = { subject = { matches = "^(a|b)" }, mail.text = { matches = "x" } }\n'
    'then = { webhook = "chat" }',
    'when = "opened"\nif = { priority = { at_least = "normal", at_most = "high" } }\n'
    'then = { webhook = ["chat"] }',
    'when = "closed"\nif = { category = "none", type = ["none", "incident"], sla = "gold" }\n'
    'then = { category = "billing", type = "incident" }',
    'when = "time"\nif = { created_at = { older_than = "3d" }, due_at = { younger_than = 3600, exists = true } }\n'
    'then = { assignee = "auto" }\nagain = "1d"',
    'when = "time"\nif = { "client.domain" = "example.org", client = { note = { contains = "vip" } } }\n'
    'then = { assignee = "none", level = 2 }',
    'when = "replied"\nif = { mail = { from = { is_not = "a@example.org" }, is_automatic = false, '
    'verdict = "pass", mailbox = "support", attachments = { exists = true } } }\n'
    'then = { notify = ["assignee", "manager", "department", "watchers", "pager", "paige"], watch = "carol" }',
    'when = "assigned"\nif = { number = [1000, 1001], level = { at_least = 2 }, private = true }\n'
    'then = { stage = "done", department = "support", send = "moved" }\nstop = true\nenabled = false',
]


@pytest.mark.parametrize("rule", SOUND_RULES)
def test_what_a_rule_may_say(told: Told, sound: str, rule: str) -> None:
    assert told(f"{sound}{MORE}\n[rule.one]\n{rule}") == []


def asking(condition: str, when: str = "opened") -> str:
    return f'when = "{when}"\nif = {{ {condition} }}\nthen = {{ page = true }}'


def doing(action: str) -> str:
    return f'when = "opened"\nthen = {{ {action} }}'


WRONG_RULES = [
    # the rule, the key that is told, words of the sentence
    ('when = "open"\nthen = { page = true }', "when", 'did you mean "opened"?'),
    ('when = ["opened", "xyzzy"]\nthen = { page = true }', "when", "known here: opened, replied"),
    ("when = []\nthen = { page = true }", "when", "names nothing"),
    ("when = 5\nthen = { page = true }", "when", "must be a text, or a list of texts"),
    ('when = ["opened", "time"]\nthen = { page = true }', "when", "time stands alone"),
    ('when = "opened"\nagain = "1d"\nthen = { page = true }', "again", "means nothing to an event"),
    ('when = "opened"\nthen = {}', "then", "does nothing"),
    ('when = "opened"', "then", "is missing"),
    (asking('subjekt = "x"'), "if.subjekt", 'did you mean "subject"?'),
    (asking('client.domian = "x"'), "if.client.domian", 'did you mean "client.domain"?'),
    (asking('client = "x"'), "if.client", "unknown field"),
    (asking('subject = { contain = "x" }'), "if.subject.contain", 'did you mean "contains"?'),
    (asking('subject = { older_than = "1d" }'), "if.subject.older_than", "means nothing to subject"),
    (asking('stage = { contains = "new" }'), "if.stage.contains", "known here: is, is_not, exists"),
    (asking("subject = {}"), "if.subject", "asks nothing"),
    (asking("subject = []"), "if.subject", "at least one value"),
    (asking("subject = 5"), "if.subject", "must be a text in quotes"),
    (asking('subject = ["x", ""]'), "if.subject", "must be a text in quotes"),
    (asking('stage = "nwe"'), "if.stage", 'did you mean "new"?'),
    (asking('stage = { is_not = ["new", "gone"] }'), "if.stage.is_not", "there is no [stage.gone]"),
    (asking('state = "opened"'), "if.state", 'did you mean "open"?'),
    (asking('priority = { at_least = "hihg" }'), "if.priority.at_least", 'did you mean "high"?'),
    (asking('priority = { at_least = ["high"] }'), "if.priority.at_least", "one value"),
    (asking('priority = "none"'), "if.priority", "there is no [priority.none]"),
    (asking('category = "bill"'), "if.category", "there is no [category.bill]"),
    (asking('number = "1000"'), "if.number", "whole number"),
    (asking("number = true"), "if.number", "whole number"),
    (asking("rating = { at_least = 9 }"), "if.rating.at_least", "must be from 1 to 5"),
    (asking("level = 4"), "if.level", "must be from 1 to 3"),
    (asking('private = "yes"'), "if.private", "true or false"),
    (asking('category = { exists = "yes" }'), "if.category.exists", "true or false"),
    (asking('created_at = { older_than = "3 days" }'), "if.created_at.older_than", '"3d"'),
    (asking('created_at = { older_than = ["3d"] }'), "if.created_at.older_than", "one value"),
    (asking('created_at = "2026-11-22"'), "if.created_at", "known here: older_than, younger_than, exists"),
    (asking('mail.verdict = "passed"'), "if.mail.verdict", 'did you mean "pass"?'),
    (asking('mail.mailbox = "suport"'), "if.mail.mailbox", 'did you mean "support"?'),
    (asking('mail.subject = "x"', "time"), "if.mail.subject", "sees no mail"),
    (doing('priorty = "high"'), "then.priorty", 'did you mean "priority"?'),
    (doing('priority = "hihg"'), "then.priority", 'did you mean "high"?'),
    (doing('priority = ["high"]'), "then.priority", "slug of a priority"),
    (doing('stage = "none"'), "then.stage", "there is no [stage.none]"),
    (doing('department = "sales"'), "then.department", "there is no [department.sales]"),
    (doing("assignee = 5"), "then.assignee", '"none" or "auto"'),
    (doing("level = 4"), "then.level", "1, 2 or 3"),
    (doing("level = true"), "then.level", "1, 2 or 3"),
    (doing("page = false"), "then.page", "must be true"),
    (doing("tag = 5"), "then.tag", "a list of texts"),
    (doing("watch = []"), "then.watch", "a list of texts"),
    (doing('tag = "a\\nb"'), "then.tag", "is no tag"),
    (doing('tag = ["a", "b c"]'), "then.tag", "one word of letters"),
    (doing('untag = "a,b"'), "then.untag", "one word of letters"),
    (doing('watch = "a\\nb"'), "then.watch", "without line breaks"),
    (asking('subject = { matches = "x" }', "time"), "if", "search every active ticket"),
    (doing('notify = "client"'), "then.notify", "send ="),
    (doing('notify = "asignee"'), "then.notify", 'did you mean "assignee"?'),
    (doing('send = "../etc"'), "then.send", "name of a template"),
    (doing('webhook = "caht"'), "then.webhook", 'did you mean "chat"?'),
]


@pytest.mark.parametrize(("rule", "key", "words"), WRONG_RULES)
def test_what_a_rule_may_not_say(told: Told, sound: str, rule: str, key: str, words: str) -> None:
    faults = told(f"{sound}{MORE}\n[rule.one]\n{rule}")
    assert len(faults) == 1, faults
    assert f"rule.one.{key}: " in faults[0] and words in faults[0]
    assert faults[0].startswith("line ")


def test_all_that_is_wrong_is_told_at_once(told: Told, sound: str) -> None:
    faults = told(
        f'{sound}\n[rule.one]\nwhen = "open"\nif = {{ a = 1, state = 5 }}\nthen = {{ b = 1, level = 9 }}'
    )
    assert len(faults) == 5


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_of_built_in_rules_are_taken(told: Told, sound: str, name: str) -> None:
    (fault,) = told(f'{sound}\n[rule.{name}]\nwhen = "opened"\nthen = {{ page = true }}')
    assert f"rule.{name}: " in fault and "built-in" in fault


def test_how_many_tickets_a_rule_may_take(told: Told, sound: str) -> None:
    (fault,) = told(f"{sound}\n[operation]\ntickets_per_rule = 0")
    assert "operation.tickets_per_rule: from 1" in fault


def test_every_field_has_its_operators_and_every_action_its_fault() -> None:
    settings = Settings()
    for name, field in FIELDS.items():
        assert OPERATORS[field.kind]
        rule = Rule(when="opened", if_={name: {"nonsense": 1}}, then={"page": True})
        (fault,) = check_rules(_with(settings, rule))
        assert fault.key == ("rule", "one", "if", name, "nonsense")
    for action in ACTIONS:
        rule = Rule(when=EVENTS[0], then={action: {}})
        faults = list(check_rules(_with(settings, rule)))
        assert [fault.key for fault in faults] == [("rule", "one", "then", action)], action


def _with(settings: Settings, rule: Rule) -> Settings:
    from msgspec.structs import replace

    return replace(settings, rule={"one": rule})


def test_spans_are_read_once_and_shown_as_they_are_written(write: Callable[..., str], sound: str) -> None:
    from helpdesk_cli.config.shown import shown

    rule = asking('created_at = { older_than = "3d" }', "time")
    text = f"{sound}\n[rule.one]\n{rule}"
    settings = load(write(text))
    assert settings.rule["one"].if_ == {"created_at": {"older_than": Span(3 * 86400)}}
    assert shown(settings)["rule"]["one"]["if"] == {"created_at": {"older_than": "3d"}}
    assert with_spans(settings.rule["one"]) == settings.rule["one"]


@pytest.mark.parametrize(
    ("rule", "key", "words"),
    [
        (asking('subject = { matches = "(a" }'), "if.subject.matches", "no regular expression"),
        (asking('mail.text = { matches = ["a", "*"] }'), "if.mail.text.matches", "no regular expression"),
        (doing('send = "welcome"'), "then.send", "no template welcome.subject.j2"),
    ],
)
def test_what_is_looked_at_by_config_check_alone(
    told: Told, sound: str, tmp_path: Path, rule: str, key: str, words: str
) -> None:
    new_key(str(tmp_path / "secret.key"))
    text = f"{sound}\n[rule.one]\n{rule}"
    assert told(text) == []
    faults = told(text, thoroughly=True)
    assert faults and f"rule.one.{key}: " in faults[0] and words in faults[0]


def test_a_template_of_the_site_is_found(told: Told, sound: str, tmp_path: Path) -> None:
    new_key(str(tmp_path / "secret.key"))
    folder = tmp_path / "words" / "de"
    folder.mkdir(parents=True)
    for part in ("subject", "txt"):
        (folder / f"welcome.{part}.j2").write_text("Hallo")
    rule = doing('send = "welcome"')
    text = f'{sound}\n[desk]\ntemplates = "words"\nlanguage = "de"\n[rule.one]\n{rule}'
    assert told(text, thoroughly=True) == []
