"""What stages name exists; every ticket can begin and end; what is required can be there."""

from collections.abc import Callable

import pytest

Told = Callable[..., list[str]]

BOARD = """
[stage.new]
name = "New"
state = "open"
next = ["waits", "done"]
notify = ["client", "staff"]

[stage.waits]
name = "Waits"
state = "waiting"
departments = ["support"]

[stage.done]
name = "Done"
state = "closed"
template = "done-and-dusted"
next = ["new"]

[department.sales]
name = "Sales"
address = "sales@example.com"
"""

SPOILT = [
    # what stands in the board, what is put for it, the fault
    (
        '["waits", "done"]',
        '["wait", "done"]',
        'stage.new.next: there is no [stage.wait]; did you mean "waits"?',
    ),
    ('["new"]', '["xyz"]', "stage.done.next: there is no [stage.xyz]; there are: new, waits, done"),
    (
        'departments = ["support"]',
        'departments = ["suport"]',
        'stage.waits.departments: there is no [department.suport]; did you mean "support"?',
    ),
    (
        'state = "open"',
        'state = "open"\ndepartments = ["support"]',
        "stage.new.departments: new tickets begin here, so every department must be able to use it; "
        "sales is missing",
    ),
    (
        'state = "closed"',
        'state = "closed"\ndepartments = ["support"]',
        "stage.done.departments: sales could close no ticket: it may use none of done",
    ),
    (
        '"done-and-dusted"',
        '"../moved.txt.j2"',
        'stage.done.template: must be the name of a template such as "moved": a-z, 0-9 and -, without .txt.j2',
    ),
    (
        '["client", "staff"]',
        '["client", "boss"]',
        'stage.new.notify: must be a list of some of "client", "staff"',
    ),
    (
        'address = "sales@example.com"',
        'address = "sales@example.com"\nrequired = ["category", "type"]',
        'department.sales.required: no ticket could be closed: "category" is required, '
        "but there is no [category.SLUG]\n"
        'department.sales.required: no ticket could be closed: "type" is required, but there is no [type.SLUG]',
    ),
]


def test_a_sound_board_has_no_fault(told: Told, sound: str) -> None:
    assert told(sound + BOARD) == []
    required = 'required = ["category", "type", "assignee", "organization"]\n'
    known = '[category.billing]\nname = "Billing"\n[type.bug]\nname = "Bug"\n'
    assert told(f"{sound}{BOARD}{required}{known}") == []


@pytest.mark.parametrize(("before", "after", "fault"), SPOILT)
def test_a_spoilt_board_is_told(told: Told, sound: str, before: str, after: str, fault: str) -> None:
    assert BOARD.count(before) >= 1
    faults = told(sound + BOARD.replace(before, after))
    assert [one.partition(": ")[2] for one in faults] == fault.splitlines()


def test_the_default_stages_with_something_required_are_looked_at_too(told: Told, sound: str) -> None:
    (fault,) = told(f'{sound}required = ["type"]\n')
    assert fault.endswith('"type" is required, but there is no [type.SLUG]')
