"""Letters in the hands of several: who may do what with one is decided by the statement that does it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import NOW
from stores import on_both, on_postgres

from helpdesk_cli.store import outbox
from helpdesk_cli.store.engine import Engine, Tx
from helpdesk_cli.store.outbox import Letter

SOON, LATER = "2026-11-22T09:31:00Z", "2026-11-23T09:30:00Z"


def put(tx: Tx, number: int, at: str = NOW, department: str = "support") -> int:
    letter = Letter(
        kind="reply",
        recipient="ann@client.example",
        department=department,
        message_id=f"<{number}@desk.example>",
        next_attempt_at=at,
        created_at=NOW,
    )
    return outbox.put(tx, letter)


def claim(tx: Tx, by: str = "me", count: int = 10, but: tuple[str, ...] = ()) -> list[int]:
    return [letter.id for letter in outbox.claim(tx, SOON, by, SOON, count=count, but=but)]


def state(engine: Engine, letter: int = 1) -> str:
    with engine.read() as tx:
        found = outbox.load(tx, letter)
    assert found is not None
    return found.state


@on_both
def test_the_oldest_letters_that_are_due_are_claimed_first_and_once(engine: Engine) -> None:
    def work(tx: Tx) -> list[list[int]]:
        for number, at in enumerate((SOON, LATER, NOW, SOON, NOW)):
            put(tx, number, at)
        assert outbox.count_due(tx, SOON) == 4
        return [claim(tx, count=3), claim(tx, count=3), claim(tx)]

    assert engine.transact(work, alone=False) == [[3, 5, 1], [4], []]


@on_both
def test_departments_may_be_left_out(engine: Engine) -> None:
    def work(tx: Tx) -> list[int]:
        for number, department in enumerate(("support", "sales", "", "support")):
            put(tx, number, department=department)
        return claim(tx, but=("support", ""))

    assert engine.transact(work, alone=False) == [2]


@on_postgres
def test_two_who_claim_at_one_moment_get_different_letters_and_do_not_wait(
    engine: Engine, other: Engine
) -> None:
    engine.transact(lambda tx: [put(tx, number) for number in range(5)])

    def work(tx: Tx) -> tuple[list[int], list[int]]:
        mine = claim(tx, count=3)
        return mine, other.transact(lambda tx: claim(tx, "other", count=3), alone=False)

    assert engine.transact(work, alone=False) == ([1, 2, 3], [4, 5])


@on_postgres
@pytest.mark.parametrize("decision", ["queued", "dropped"])
def test_who_decides_on_a_letter_that_is_just_claimed_comes_too_late(
    engine: Engine, other: Engine, decision: str
) -> None:
    engine.transact(lambda tx: put(tx, 1))

    with ThreadPoolExecutor() as pool:

        def work(tx: Tx) -> object:
            assert claim(tx) == [1]
            return pool.submit(
                other.transact, lambda tx: outbox.decide(tx, 1, decision, LATER, "dropped by ann")
            )

        decided = engine.transact(work, alone=False)
        assert decided.result() is False  # type: ignore[attr-defined]
    assert state(engine) == "sending"


@on_both
def test_a_claim_that_was_taken_back_gives_no_right_to_the_letter_any_more(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        put(tx, 1)
        claim(tx, "slow")
        outbox.take_back(tx, 1, "slow", "interrupted")
        assert claim(tx, "quick") == [1]
        assert not outbox.handing_over(tx, 1, "slow", SOON)
        outbox.became(tx, 1, "slow", "deferred")
        outbox.take_back(tx, 1, "slow", "interrupted")
        assert outbox.handing_over(tx, 1, "quick", SOON)

    engine.transact(work, alone=False)
    assert state(engine) == "sending"


@on_both
def test_who_handed_a_letter_over_knows_better_than_who_took_them_for_dead(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        put(tx, 1)
        claim(tx, "slow")
        outbox.handing_over(tx, 1, "slow", SOON)
        outbox.take_back(tx, 1, "slow", "interrupted")

    engine.transact(work, alone=False)
    assert state(engine) == "uncertain"
    engine.transact(lambda tx: outbox.became(tx, 1, "slow", "sent", sent_at=SOON), alone=False)
    assert state(engine) == "sent"


@on_both
def test_a_bounce_that_is_quicker_than_the_note_stays(engine: Engine) -> None:
    def work(tx: Tx) -> None:
        put(tx, 1)
        claim(tx)
        outbox.handing_over(tx, 1, "me", SOON)
        outbox.bounced(tx, 1, "no such user")
        outbox.became(tx, 1, "me", "sent", sent_at=SOON)

    engine.transact(work, alone=False)
    assert state(engine) == "bounced"


@on_both
def test_an_old_bounce_takes_no_letter_from_who_sends_it_once_more(engine: Engine) -> None:
    def work(tx: Tx) -> bool:
        put(tx, 1)
        claim(tx)
        outbox.bounced(tx, 1, "no such user")
        return outbox.handing_over(tx, 1, "me", SOON)

    assert engine.transact(work, alone=False)


def deferred(tx: Tx, letter: int, error: str = "not now") -> None:
    assert claim(tx, count=1) == [letter]
    outbox.became(tx, letter, "me", "deferred", error=error, next_attempt_at=LATER)


@on_both
def test_letters_that_were_put_off_are_due_once_their_way_out_is_back(engine: Engine) -> None:
    def work(tx: Tx) -> list[int]:
        for number, department in enumerate(("support", "sales", "support"), 1):
            put(tx, number, department=department)
            deferred(tx, number)
        put(tx, 4, LATER)
        assert claim(tx) == []
        outbox.hurry(tx, ["support"], SOON)
        return claim(tx)

    assert engine.transact(work, alone=False) == [1, 3]


@on_both
def test_sending_is_stuck_where_letters_to_several_were_put_off_and_none_went(engine: Engine) -> None:
    def work(tx: Tx) -> list[tuple[int, str]]:
        found = [outbox.stuck(tx, NOW)]
        put(tx, 1)
        deferred(tx, 1, "451 not now")
        found.append(outbox.stuck(tx, NOW))
        put(tx, 2)
        deferred(tx, 2, "452 full")
        found.append(outbox.stuck(tx, NOW))
        put(tx, 3)
        claim(tx)
        outbox.became(tx, 3, "me", "sent", said="250 ok", sent_at=SOON)
        found += [outbox.stuck(tx, NOW), outbox.stuck(tx, SOON)]
        return found

    found = engine.transact(work, alone=False)
    assert found == [(0, ""), (1, "451 not now"), (1, "452 full"), (0, ""), (1, "452 full")]
