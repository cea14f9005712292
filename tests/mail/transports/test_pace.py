"""The rate that a transport may be given."""

import pytest
from transport_contract import paced


def test_without_a_rate_nobody_waits() -> None:
    assert paced(0, 5) == [1000.0] * 5


def test_letters_are_spaced_evenly() -> None:
    assert paced(30, 4) == [1000.0, 1002.0, 1004.0, 1006.0]


def test_the_time_that_sending_takes_counts() -> None:
    assert paced(60, 3, each_takes=0.4) == pytest.approx([1000.0, 1001.0, 1002.0])
    assert paced(60, 3, each_takes=5.0) == pytest.approx([1000.0, 1005.0, 1010.0])
