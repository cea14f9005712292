"""A digit in the first line, and what is said below it."""

import pytest

from helpdesk_cli.mail.text import rating_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5", (5, "")),
        ("\n\n 1\t\n", (1, "")),
        ("3\xa0\r\nFair.", (3, "Fair.")),
        ("4\n\nThank you very much!\n\nBest regards\nAnn", (4, "")),
        ("4\nThanks, but it took a week.", (4, "Thanks, but it took a week.")),
        ("", (0, "")),
        ("0", (0, "")),
        ("6", (0, "")),
        ("45", (0, "")),
        ("4/5", (0, "")),
        ("\u0664", (0, "")),
        ("Good:\n4", (0, "")),
        ("-1", (0, "")),
    ],
)
def test_a_rating_is_one_digit_alone_in_the_first_line(text: str, found: tuple[int, str]) -> None:
    assert rating_of(text) == found


def test_a_long_comment_is_cut() -> None:
    rating, comment = rating_of("1\n" + "bad " * 100_000)
    assert rating == 1
    assert len(comment) < 2001
