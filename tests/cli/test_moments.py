"""Ages, times and sizes for people."""

import pytest

from helpdesk_cli.cli.output import age, local, size, zone

NOW = "2026-11-22T09:30:00Z"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-22T09:29:31Z", "now"),
        ("2026-11-22T09:29:00Z", "1 min"),
        ("2026-11-22T08:01:00Z", "89 min"),
        ("2026-11-22T07:30:00Z", "2 h"),
        ("2026-11-20T09:31:00Z", "47 h"),
        ("2026-11-19T09:30:00Z", "3 d"),
        ("2026-06-01T00:00:00Z", "5 mo"),
        ("2020-01-01T00:00:00Z", "6 y"),
        ("2026-11-22T12:30:00Z", "-3 h"),
    ],
)
def test_an_age_has_its_largest_sensible_unit(at: str, shown: str) -> None:
    assert age(at, NOW) == shown


def test_people_read_times_in_the_zone_of_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    assert local(NOW, zone("Europe/Berlin")) == "2026-11-22 10:30"


def test_their_own_zone_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert zone("Europe/Berlin") is None


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (24_300, "24 kB"),
        (999_600, "1.0 MB"),
        (5_000_000_000, "5.0 GB"),
    ],
)
def test_a_size_is_short(count: int, shown: str) -> None:
    assert size(count) == shown
