"""Saved filters: each rule has a case that breaks it, and what is allowed is told."""

from collections.abc import Callable

import pytest

from helpdesk_cli.config.read import read
from helpdesk_cli.settings import Filter
from helpdesk_cli.settings.glance import SORTS
from helpdesk_cli.store.lists import ORDERS

Told = Callable[..., list[str]]
MORE = '[category.billing]\nname = "Billing and money"\n'

RIGHT = """
[filter.all-of-it]
state = "closed"
stage = "Done"
department = "SUPPORT"
assignee = "none"
client = "ann@example.com"
priority = "Urgent"
category = "billing and money"
tag = "vip"
level = 3
overdue = true
unanswered = true
watched = true
search = "invoice* paid"
since = "last month"
until = "2026-11"
sort = "due"
limit = 7

[filter.mine]

[filter.any]
stage = "done"
state = "all"
"""


def test_a_filter_may_ask_for_all_that_a_list_has(told: Told, sound: str, write: Callable[..., str]) -> None:
    assert told(sound + MORE + RIGHT) == []
    settings = read(write(sound + MORE + RIGHT))
    assert settings.filter["mine"] == Filter()
    assert (settings.filter["all-of-it"].limit, settings.filter["all-of-it"].overdue) == (7, True)


def test_what_a_filter_sorts_by_is_what_lists_sort_by() -> None:
    assert tuple(ORDERS) == SORTS


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ('state = "opne"', "filter.x.state", '"opne" will not do; one of open, waiting, closed, all'),
        ('state = "opne"', "filter.x.state", 'did you mean "open"?'),
        ('stage = "neu"', "filter.x.stage", '"neu" is no stage; there are: new, in-progress'),
        ('stage = "neu"', "filter.x.stage", 'did you mean "new"?'),
        ('department = "sales"', "filter.x.department", "there are: support"),
        ('priority = "hihg"', "filter.x.priority", 'did you mean "high"?'),
        ('category = "bill"', "filter.x.category", "there is no [category.SLUG] at all"),
        ('type = "incident"', "filter.x.type", "there is no [type.SLUG] at all"),
        ('assignee = "auto"', "filter.x.assignee", 'a login, "me" or "none"'),
        ('assignee = "a\\nb"', "filter.x.assignee", "control character"),
        ('client = "ann"', "filter.x.client", "not an address such as ann@example.com"),
        ('since = "some day"', "filter.x.since", '"some day" is no moment; a date'),
        ('until = "2026-13-01"', "filter.x.until", "is no moment"),
        ('search = "a\\u0007"', "filter.x.search", "control character"),
        (
            'sort = "age"',
            "filter.x.sort",
            "one of updated, created, number, due, subject, client, unanswered",
        ),
        ("level = 4", "filter.x.level", "1, 2 or 3"),
        ("limit = -1", "filter.x.limit", "1 or more"),
        (
            'stage = "done"\nstate = "open"',
            "filter.x.state",
            "nothing is open in stage done, which is closed",
        ),
        ('overdue = "yes"', "filter.x.overdue", "must be true or false"),
        ('limit = "many"', "filter.x.limit", "must be a whole number"),
        ('asignee = "me"', "filter.x.asignee", 'did you mean "assignee"?'),
    ],
)
def test_a_fault_is_told_with_its_key_and_what_is_allowed(
    told: Told, sound: str, line: str, key: str, words: str
) -> None:
    faults = told(f"{sound}\n[filter.x]\n{line}\n")
    assert len(faults) == 1
    assert f": {key}: " in faults[0]
    assert words in faults[0]


def test_a_filter_has_a_name_like_any_other_table(told: Told, sound: str) -> None:
    (fault,) = told(f'{sound}\n[filter."My list"]\nstage = "new"\n')
    assert 'filter."My list": a filter\'s name is made of a-z, 0-9 and -' in fault
