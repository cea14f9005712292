"""What is remembered of the jobs: how each fares, what is paused, what is wrong and who knows of it."""

from factories import NOW
from stores import on_both

from helpdesk_cli.domain.trouble import Trouble
from helpdesk_cli.store import pauses, runs, troubles
from helpdesk_cli.store.engine import Engine
from helpdesk_cli.store.pauses import Pause
from helpdesk_cli.store.runs import Ran

LATER = "2026-11-22T09:31:00Z"


def a_run(**fields: object) -> Ran:
    given = {"job": "notify", "host": "one", "began_at": NOW, "ended_at": NOW, "succeeded_at": NOW}
    return Ran(**{**given, **fields})  # type: ignore[arg-type]


def a_trouble(**fields: object) -> Trouble:
    given = {
        "what": "mailbox.support",
        "kind": "away",
        "code": 69,
        "text": "no",
        "since": NOW,
        "seen_at": NOW,
    }
    return Trouble(**{**given, "patience": 900, **fields})  # type: ignore[arg-type]


@on_both
def test_a_run_that_failed_leaves_the_last_success_standing(engine: Engine) -> None:
    bad = a_run(began_at=LATER, ended_at=LATER, succeeded_at=None, code=69, error="away")
    engine.transact(lambda tx: runs.note(tx, [a_run(), a_run(host="two")]))
    engine.transact(lambda tx: runs.note(tx, [bad]))
    with engine.read() as tx:
        found = runs.all_of(tx)
    assert found == [
        a_run(began_at=LATER, ended_at=LATER, succeeded_at=NOW, code=69, error="away"),
        a_run(host="two"),
    ]


@on_both
def test_a_pause_is_one_row_whose_reason_may_change(engine: Engine) -> None:
    engine.transact(lambda tx: pauses.begin(tx, Pause("notify", "moving", NOW, "bob")))
    engine.transact(lambda tx: pauses.begin(tx, Pause("notify", "still moving", LATER, "ann")))
    with engine.read() as tx:
        assert pauses.standing(tx) == [Pause("notify", "still moving", NOW, "bob")]
    assert engine.transact(lambda tx: pauses.end(tx, "notify")) is True
    assert engine.transact(lambda tx: pauses.end(tx, "notify")) is False
    with engine.read() as tx:
        assert pauses.standing(tx) == []


@on_both
def test_troubles_are_kept_as_they_are_and_forgotten(engine: Engine) -> None:
    second = a_trouble(what="transport.default", since=LATER, told_at=LATER, host="one", times=3)
    engine.transact(lambda tx: troubles.keep(tx, [second, a_trouble()], []))
    with engine.read() as tx:
        assert troubles.known(tx) == [a_trouble(), second]
    engine.transact(lambda tx: troubles.keep(tx, [a_trouble(times=2)], ["transport.default", "nothing"]))
    with engine.read() as tx:
        assert troubles.known(tx) == [a_trouble(times=2)]
