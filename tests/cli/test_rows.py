"""How a list says that there is more."""

import sys

import pytest
from terminal import on_terminal

SHOW = """
from helpdesk_cli.cli.output import Asked, Column, Sheet, show_rows
sheet = Sheet(columns=(Column("id"),), table=("id",), lines=("id",))
show_rows(sheet, [{"id": 1}, {"id": 2}], Asked(), total=%d, counted=10_000)
"""


@pytest.mark.parametrize(
    ("total", "told"),
    [
        (2, []),
        (9_999, ["9,997 more; --limit 9999 shows them all"]),
        (10_000, ["over 9,998 more; a larger --limit shows more"]),
    ],
)
def test_a_table_says_how_many_more_there_are_as_far_as_they_were_counted(
    total: int, told: list[str]
) -> None:
    _, output = on_terminal("-c", SHOW % total, env={"NO_COLOR": "1"}, program=(sys.executable,))
    assert output.decode().split("\n")[3:-1] == told
