"""What is wrong with a table of who is on call."""

from collections.abc import Callable

import pytest

from helpdesk_cli.config import load

CALENDAR = '[calendar.office]\nhours = ["mon-fri 09:00-17:00"]\n'
PEOPLE = '[oncall.x]\npeople = ["alice"]\n'

FAULTS = [
    ("[oncall.x]", "oncall.x.people", "is missing"),
    ("[oncall.x]\npeople = []", "oncall.x.people", "names nobody"),
    ('[oncall.x]\npeople = ["me"]', "oncall.x.people", "must be a login"),
    ('[oncall.x]\npeople = ["a b"]', "oncall.x.people", "must be a login"),
    ('[oncall.x]\npeople = ["a", "a"]', "oncall.x.people", "more than once"),
    ('[oncall.x]\npeople = ["a@"]', "oncall.x.people", "not an address"),
    ('[oncall.x]\npeople = ["support@example.com"]', "oncall.x.people", "come back to us"),
    (f'{CALENDAR}{PEOPLE}calendar = "offise"', "oncall.x.calendar", 'did you mean "office"?'),
    (f'{PEOPLE}from_priority = "hihg"', "oncall.x.from_priority", 'did you mean "high"?'),
    (f'{PEOPLE}departments = ["suport"]', "oncall.x.departments", 'did you mean "support"?'),
    (f"{PEOPLE}events = []", "oncall.x.events", "there are none"),
    (f'{PEOPLE}events = ["moved"]', "oncall.x.events", "some of"),
    (f'{PEOPLE}order = "both"', "oncall.x.order", '"turn", "all"'),
    (f"{PEOPLE}repeat = 0", "oncall.x.repeat", "from 1 to 100"),
    (f'{PEOPLE}after = "1s"', "oncall.x.after", "from 1m to 7d"),
    (f'{PEOPLE}every = "30d"', "oncall.x.every", "from 1m to 7d"),
]


@pytest.mark.parametrize(("added", "key", "words"), FAULTS)
def test_a_fault_is_told_with_its_key(
    told: Callable[[str], list[str]], sound: str, added: str, key: str, words: str
) -> None:
    faults = told(f"{sound}\n{added}\n")
    assert any(f": {key}: " in f": {fault}" and words in fault for fault in faults), faults


def test_a_table_with_all_that_it_may_say_is_right(write: Callable[..., str], sound: str) -> None:
    table = (
        '[oncall.x]\npeople = ["alice", "x@pager.example"]\norder = "all"\nafter = "5m"\nrepeat = 2\nevery = 0\n'
        'calendar = "office"\nevents = ["opened", "breached"]\nfrom_priority = "high"\ndepartments = ["support"]\n'
    )
    found = load(write(f"{sound}\n{CALENDAR}{table}")).oncall["x"]
    assert (found.people, found.after, found.every) == (("alice", "x@pager.example"), 300, 0)
