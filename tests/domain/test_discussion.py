"""How much of the earlier discussion goes into a mail."""

import pytest
from factories import a_message

from helpdesk_cli.domain.discussion import discussion
from helpdesk_cli.domain.ticket import Message


def said(*numbers: int) -> list[Message]:
    return [a_message(id=number, at=f"2026-11-{number:02}T00:00:00Z") for number in numbers]


@pytest.mark.parametrize(
    ("count", "limit", "shown", "left_out"),
    [
        (0, 3, [], 0),
        (1, 3, [1], 0),
        (4, 3, [1, 2, 3, 4], 0),
        (5, 3, [1, 3, 4, 5], 1),
        (9, 3, [1, 7, 8, 9], 5),
        (5, 0, [1], 4),
        (9, None, [1, 2, 3, 4, 5, 6, 7, 8, 9], 0),
    ],
)
def test_the_request_and_so_many_of_the_newest(
    count: int, limit: int | None, shown: list[int], left_out: int
) -> None:
    kept, rest = discussion(said(*range(1, count + 1)), limit=limit)
    assert ([message.id for message in kept], rest) == (shown, left_out)


def test_what_only_staff_see_is_never_repeated() -> None:
    earlier = [*said(1, 2), a_message(id=3, kind="note", is_public=False), a_message(id=4, is_public=False)]
    kept, left_out = discussion(earlier, limit=None)
    assert ([message.id for message in kept], left_out) == ([1, 2], 0)


def test_who_joined_later_sees_nothing_older() -> None:
    kept, left_out = discussion(said(1, 2, 3, 4, 5, 6), limit=2, since="2026-11-03T12:00:00Z")
    assert ([message.id for message in kept], left_out) == ([5, 6], 1)
    assert discussion(said(1, 2), limit=3, since="2026-11-09T00:00:00Z") == ([], 0)
