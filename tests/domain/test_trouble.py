"""When people are told of a trouble: at once or after a while, each day, and once when it is over."""

from collections.abc import Iterable
from itertools import pairwise

from factories import NOW
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.trouble import Judged, Kind, Met, Trouble, judge, spell

BOX = "mailbox.support"


def met(kind: Kind = "away", text: str = "nothing listens", what: str = BOX, code: int = 69) -> Met:
    place = "" if kind == "loss" else f"{what.replace('.', ' ')}: "
    return Met(what=what, kind=kind, text=place + text, code=code)


class Desk:
    """Runs, one after the other, and the rows between them."""

    def __init__(self) -> None:
        self.rows: dict[str, Trouble] = {}
        self.minute = 0

    def run(
        self,
        *found: Met,
        minute: float,
        well: Iterable[str] = (),
        can_write: bool = True,
        host: str = "",
    ) -> Judged:
        judged = judge(
            self.rows.values(),
            found,
            set(well),
            later(NOW, minute * 60),
            host=host,
            can_write=can_write,
        )
        self.rows = {what: row for what, row in self.rows.items() if what not in judged.gone}
        self.rows |= {row.what: row for row in judged.rows}
        return judged

    def told(self, *found: Met, minute: float, **more: object) -> list[str]:
        return self.run(*found, minute=minute, **more).told  # type: ignore[arg-type]


def test_a_server_that_is_away_is_told_after_a_quarter_of_an_hour_then_daily_and_once_when_it_is_back() -> (
    None
):
    desk = Desk()
    told = {}
    for minute in range(3 * 1440):
        if words := desk.told(met(), minute=minute):
            told[minute] = words
    assert told == {
        15: ["mailbox support: nothing listens (for 15 min)"],
        15 + 1440: ["still: mailbox support: nothing listens (for 24 h)"],
        15 + 2880: ["still: mailbox support: nothing listens (for 2 days)"],
    }
    assert desk.told(minute=4320, well=[BOX]) == ["mailbox support is back after 3 days"]
    assert desk.told(minute=4321, well=[BOX]) == []


def test_seconds_do_not_matter() -> None:
    desk = Desk()
    desk.told(met(), minute=0.4)
    assert desk.told(met(), minute=14.4) == []
    assert desk.told(met(), minute=15) == ["mailbox support: nothing listens (for 15 min)"]
    assert desk.told(met(), minute=1454) == []
    assert desk.told(met(), minute=1454.8) == ["still: mailbox support: nothing listens (for 24 h)"]


def test_what_only_a_person_can_mend_is_told_at_once_then_daily() -> None:
    desk = Desk()
    told = {}
    for minute in range(1500):
        if words := desk.told(met("broken", "it refused the password"), minute=minute):
            told[minute] = words
    assert told == {
        0: ["mailbox support: it refused the password"],
        1440: ["still: mailbox support: it refused the password (for 24 h)"],
    }


def test_minutes_without_a_server_are_told_to_nobody() -> None:
    desk = Desk()
    for minute in range(14):
        judged = desk.run(met(), minute=minute)
        assert (judged.told, judged.written, judged.codes) == ([], [], [])
        assert len(judged.quiet) == 1
    judged = desk.run(minute=14, well=[BOX])
    assert (judged.told, judged.back) == ([], [BOX])
    assert desk.rows == {}


def test_the_code_is_that_of_what_people_know_of_as_long_as_it_lasts() -> None:
    desk = Desk()
    codes = [desk.run(met(), minute=minute).codes for minute in (0, 14, 15, 16, 600)]
    assert codes == [[], [], [69], [69], [69]]
    assert desk.run(minute=601, well=[BOX]).codes == []


def test_what_comes_back_within_the_hour_goes_on_and_is_told_when_it_lasts_an_hour() -> None:
    desk = Desk()
    told = {}
    for minute in range(600):  # away for twenty minutes, well for ten, and so on
        away = minute % 30 < 20
        words = desk.told(*([met()] if away else []), minute=minute, well=[] if away else [BOX])
        if words:
            told[minute] = words
    assert told == {
        15: ["mailbox support: nothing listens (for 15 min)"],
        20: ["mailbox support is back after 20 min"],
    }
    assert desk.told(met(), minute=600) == []
    assert desk.told(met(), minute=659) == []
    assert desk.told(met(), minute=660) == ["mailbox support: nothing listens (for 60 min)"]
    assert desk.told(minute=700, well=[BOX]) == ["mailbox support is back after 100 min"]


def test_what_comes_back_after_more_than_an_hour_is_news() -> None:
    desk = Desk()
    desk.told(met("broken", "no"), minute=0)
    desk.told(minute=5, well=[BOX])
    desk.told(minute=66, well=[BOX])
    assert desk.rows == {}
    assert desk.told(met("broken", "no"), minute=67) == ["mailbox support: no"]


def test_a_server_that_comes_back_with_another_trouble_is_news_once() -> None:
    desk = Desk()
    assert desk.told(met(), minute=0) == []
    assert desk.told(met("broken", "no"), minute=1) == ["mailbox support: no"]
    assert desk.told(met(), minute=2) == desk.told(met("broken", "no"), minute=3) == []
    told = Desk()
    told.told(met(), minute=0)
    told.told(met(), minute=15)
    assert told.told(met("broken", "no"), minute=20) == ["mailbox support: no"]


def test_what_one_host_alone_meets_is_over_when_that_host_finds_it_well() -> None:
    desk = Desk()
    for minute in range(15):
        assert desk.told(met(), minute=minute, host="far") == []
        assert desk.told(minute=minute, host="near", well=[BOX]) == []
    assert len(desk.told(met(), minute=15, host="far")) == 1
    assert desk.told(minute=15, host="near", well=[BOX]) == []
    assert desk.told(minute=16, host="far", well=[BOX]) == ["mailbox support is back after 16 min"]


def test_two_hosts_tell_once() -> None:
    desk = Desk()
    told = []
    for minute in range(30):
        for host in ("one", "two"):
            told += desk.told(met(), minute=minute, host=host)
    assert told == ["mailbox support: nothing listens (for 15 min)"]


def test_letters_say_the_same_when_they_can_go() -> None:
    desk = Desk()
    desk.run(met(), minute=0)
    assert desk.run(met(), minute=15).written == ["mailbox support: nothing listens (for 15 min)"]
    assert desk.run(met(), minute=16).written == []
    assert desk.run(minute=60, well=[BOX]).written == ["mailbox support is back after 60 min"]


def test_a_letter_that_could_not_go_goes_when_the_way_out_is_back() -> None:
    desk, way = Desk(), "transport.default"
    away = met(what=way, text="it refused the connection")
    for minute in range(180):
        judged = desk.run(away, minute=minute, can_write=False)
        assert judged.written == []
    judged = desk.run(minute=180, well=[way])
    assert judged.told == ["transport default is back after 3 h"]
    assert judged.written == [
        "transport default: it refused the connection",
        "transport default is back after 3 h",
    ]
    assert desk.run(minute=181, well=[way]).written == []


def test_what_was_over_before_letters_could_go_is_written_later() -> None:
    desk = Desk()
    desk.run(met("broken", "no"), minute=0, can_write=False)
    assert desk.run(minute=10, well=[BOX], can_write=False).told == ["mailbox support is back after 10 min"]
    desk.run(minute=200, well=[BOX], can_write=False)
    judged = desk.run(minute=300, well=[BOX])
    assert (judged.told, judged.written) == (
        [],
        ["mailbox support: no", "mailbox support is back after 10 min"],
    )
    desk.run(minute=301, well=[BOX])
    assert desk.rows == {}


def test_what_goes_on_when_letters_can_go_again_is_written_then() -> None:
    desk = Desk()
    desk.run(met("broken", "no"), minute=0, can_write=False)
    assert desk.run(met("broken", "no"), minute=5, can_write=False).written == []
    assert desk.run(met("broken", "no"), minute=6).written == ["mailbox support: no (for 6 min)"]
    assert desk.run(met("broken", "no"), minute=7).written == []


def test_what_nobody_meets_any_more_is_forgotten_in_silence() -> None:
    desk = Desk()
    desk.run(met("broken", "no"), minute=0)
    judged = desk.run(minute=2 * 1440 - 1)
    assert (judged.told, list(desk.rows)) == ([], [BOX])
    assert desk.run(minute=2 * 1440).told == []
    assert desk.rows == {}


# Losses


def lost(*numbers: int) -> list[Met]:
    return [met("loss", f"letter {number} was refused", what="letters", code=1) for number in numbers]


def test_losses_are_told_at_once_and_what_follows_is_summed_up_each_hour() -> None:
    desk = Desk()
    assert desk.told(*lost(1, 2), minute=0) == ["letter 1 was refused", "letter 2 was refused"]
    told = {}
    for minute in range(1, 121):
        if words := desk.told(*lost(2 * minute + 1, 2 * minute + 2), minute=minute):
            told[minute] = words
    assert told == {
        60: ["120 more letters in 60 min; the last: letter 122 was refused"],
        120: ["120 more letters in 60 min; the last: letter 242 was refused"],
    }


def test_the_sum_comes_though_nothing_more_is_lost() -> None:
    desk = Desk()
    desk.told(*lost(1), minute=0)
    desk.told(*lost(2), minute=1)
    assert desk.told(minute=59) == []
    assert desk.told(minute=60) == ["1 more letter in 60 min; the last: letter 2 was refused"]
    assert desk.told(minute=120) == []
    assert desk.rows == {}


def test_many_losses_at_once_are_few_lines() -> None:
    told = Desk().told(*lost(*range(1, 501)), minute=0)
    assert told[9:] == ["letter 10 was refused", "and 490 more letters"]


def test_the_code_of_a_loss_is_that_of_its_run() -> None:
    desk = Desk()
    assert desk.run(*lost(1), minute=0).codes == [1]
    assert desk.run(minute=1).codes == []
    assert desk.run(*lost(2), minute=2).codes == [1]


# In words


def test_spans_are_as_short_as_people_say_them() -> None:
    spans = {5: "a moment", 59: "1 min", 901: "15 min", 7140: "119 min", 7199: "2 h", 10_800: "3 h"}
    spans |= {172_000: "47 h", 172_799: "2 days"}
    assert {seconds: spell(seconds) for seconds in spans} == spans


# Whatever happens

runs = st.lists(
    st.tuples(st.integers(1, 600), st.sampled_from(["away", "broken", "well", "unseen"]), st.booleans()),
    max_size=60,
)


@given(runs)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_never_twice_within_the_hour_and_never_back_unless_it_was_told(
    runs: list[tuple[int, str, bool]],
) -> None:
    desk, minute = Desk(), 0
    told: list[tuple[int, str]] = []
    for passed, how, can_write in runs:
        minute += passed
        found = [met("away" if how == "away" else "broken", how)] if how in ("away", "broken") else []
        judged = desk.run(*found, minute=minute, well=[BOX] if how == "well" else [], can_write=can_write)
        told += [(minute, "back" if "is back" in words else "bad") for words in judged.told]
        assert len(judged.told) <= 1
        assert len(judged.written) <= 2
        assert can_write or not judged.written
        assert bool(judged.codes) <= bool(found)
    for (_, one), (_, other) in pairwise(told):
        assert (one, other) != ("back", "back")
    assert [how for _, how in told][:1] in ([], ["bad"])
    news = [at for at, how in told if how == "bad"]
    # The one exception: a server that was away comes back and refuses us.
    close = [late - early for early, late in pairwise(news) if late - early < 60]
    assert len(close) <= sum(1 for _, how, _ in runs if how == "broken")
