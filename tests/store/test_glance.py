"""Counts and the most urgent tickets: the database says what the domain says, and reads what is open alone."""

import re
from random import Random
from typing import Any

import pytest
from factories import NOW, a_ticket
from stores import on_both, on_sqlite

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.domain.urgency import crowd_of, high_priorities, ladders, urgency
from helpdesk_cli.store import glance, inbox, lists, outbox, tickets
from helpdesk_cli.store.engine import Engine, Row, Tx

PRIORITIES = ("low", "normal", "high", "urgent")
STAGES = {"new": "open", "in-progress": "open", "awaiting": "waiting", "done": "closed", "rejected": "closed"}
HIGH = high_priorities(PRIORITIES)


def some_tickets() -> list[Ticket]:
    dice = Random(11)
    found = []
    for number in range(1, 201):
        stage = dice.choice(list(STAGES))
        is_closed = STAGES[stage] == "closed"
        spans = (-9 * 86400, -86400, -3600, -1, 0, 1, 3600, 86400, 9 * 86400)
        found.append(
            a_ticket(
                number=number,
                client_id=None,
                stage=stage,
                state=STAGES[stage],
                priority=dice.choice(PRIORITIES),
                department=dice.choice(("support", "sales")),
                assignee=dice.choice((None, "bob", "carla")),
                updated_at=later(NOW, -dice.randrange(9) * 3600),
                due_at=dice.choice((None, later(NOW, dice.choice(spans)))),
                unanswered_since=None
                if is_closed
                else dice.choice((None, later(NOW, min(dice.choice(spans), 0)))),
            )
        )
    return found


TICKETS = some_tickets()
ACTIVE = [ticket for ticket in TICKETS if ticket.state != "closed"]
CROWD = crowd_of([ticket.unanswered_since for ticket in ACTIVE if ticket.unanswered_since])
LADDERS = ladders(NOW, PRIORITIES, CROWD)


def by_urgency(ticket: Ticket) -> tuple[object, ...]:
    points = urgency(ticket, NOW, PRIORITIES, CROWD).points
    return (-points, ticket.due_at or "9999", ticket.unanswered_since or "9999", ticket.number)


@pytest.fixture
def desk(engine: Engine) -> Engine:
    def put(tx: Tx) -> None:
        for ticket in TICKETS:
            tickets.insert(tx, ticket)

    engine.transact(put)
    return engine


def asked(tx: Tx, **wanted: Any) -> tuple[str, dict[str, Any]]:
    return lists.conditions(tx, lists.Wanted(**wanted))


@on_both
def test_the_order_is_that_of_the_reasons(desk: Engine) -> None:
    expected = [ticket.number for ticket in sorted(ACTIVE, key=by_urgency)]
    with desk.read() as tx:
        assert [card.number for card in glance.urgent(tx, *asked(tx), LADDERS)] == expected
        for limit in (1, 20):
            found = glance.urgent(tx, *asked(tx), LADDERS, limit=limit)
            assert [card.number for card in found] == expected[:limit]
        mine = [number for number in expected if TICKETS[number - 1].assignee == "bob"]
        assert [card.number for card in glance.urgent(tx, *asked(tx, assignee="bob"), LADDERS)] == mine


@on_both
def test_a_card_says_of_its_ticket_what_is_so(desk: Engine) -> None:
    with desk.read() as tx:
        for card in glance.urgent(tx, *asked(tx), LADDERS):
            ticket = TICKETS[card.number - 1]
            assert [getattr(card, name) for name in card.__struct_fields__] == [
                getattr(ticket, name) for name in card.__struct_fields__
            ]


@on_both
def test_each_ticket_counts_where_it_belongs(desk: Engine) -> None:
    with desk.read() as tx:
        found = glance.tallies(tx, *asked(tx, department="sales"), at=NOW, high=HIGH)
    assert {(tally.department, tally.assignee) for tally in found} == {
        ("sales", None),
        ("sales", "bob"),
        ("sales", "carla"),
    }
    for tally in found:
        those = [one for one in ACTIVE if (one.department, one.assignee) == ("sales", tally.assignee)]
        assert tally.open == sum(one.state == "open" for one in those)
        assert tally.waiting == sum(one.state == "waiting" for one in those)
        assert tally.unanswered == sum(one.unanswered_since is not None for one in those)
        assert tally.high == sum(one.priority in HIGH for one in those)
        assert tally.overdue == sum(one.due_at is not None and one.due_at < NOW for one in those)


@on_both
def test_stages_are_counted_and_of_closed_ones_the_latest_come_first(desk: Engine) -> None:
    with desk.read() as tx:
        stages = glance.stages(tx, *asked(tx))
        assert {stage: count for stage, _, count in stages} == {
            stage: sum(one.stage == stage for one in ACTIVE) for stage in ("new", "in-progress", "awaiting")
        }
        done = [one for one in TICKETS if one.stage == "done"]
        done.sort(key=lambda one: (one.updated_at, one.number), reverse=True)
        assert glance.count_closed(tx, *asked(tx), "done", 1000) == len(done)
        assert glance.count_closed(tx, *asked(tx), "done", 7) == 7
        latest = glance.latest_closed(tx, *asked(tx), "done", 5)
        assert [card.number for card in latest] == [one.number for one in done[:5]]
        of_bob = [one.number for one in done if one.assignee == "bob"]
        assert [
            card.number for card in glance.latest_closed(tx, *asked(tx, assignee="bob"), "done", 99)
        ] == of_bob


@on_both
def test_those_who_wait_are_told_the_longest_first(desk: Engine) -> None:
    with desk.read() as tx:
        assert glance.waits(tx) == sorted(one.unanswered_since for one in ACTIVE if one.unanswered_since)


@on_sqlite
def test_of_what_is_closed_nothing_is_read_but_the_latest(
    desk: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.read() as tx:
        rows, row = tx.rows, tx.row
        seen: list[tuple[str, dict[str, Any]]] = []

        def noted(sql: str, **binds: Any) -> list[Row]:
            seen.append((sql, binds))
            return rows(sql, **binds)

        def noted_one(sql: str, **binds: Any) -> Row | None:
            seen.append((sql, binds))
            return row(sql, **binds)

        monkeypatch.setattr(tx, "rows", noted)
        monkeypatch.setattr(tx, "row", noted_one)
        for wanted in ({}, {"department": "sales"}, {"seer": lists.Seer("bob", ("sales",))}):
            where, binds = asked(tx, **wanted)
            glance.tallies(tx, where, binds, at=NOW, high=HIGH)
            glance.stages(tx, where, binds)
            glance.urgent(tx, where, binds, LADDERS, limit=5)
            glance.count_closed(tx, where, binds, "done", 9)
            glance.latest_closed(tx, where, binds, "done", 3)
        glance.waits(tx)
        glance.came(tx, NOW)
        glance.went(tx, NOW)
        glance.standing_mail(tx, ("held",))
        glance.standing_letters(tx, ("queued",))
        plans = [[str(step[3]) for step in rows(f"explain query plan {sql}", **binds)] for sql, binds in seen]
    assert len(plans) == 20
    allowed = (
        "SCAN t USING COVERING INDEX ticket_active|SCAN found|SEARCH|LIST SUBQUERY|USE TEMP|SCALAR|CO-ROUTINE"
    )
    for plan in plans:
        assert [step for step in plan if not re.match(allowed, step)] == [], plan
        assert not any("SEARCH inbox" in step and "kept_at" in step for step in plan)


# Mail


@on_both
def test_mail_is_counted_by_when_it_was_kept_and_by_what_became_of_it(engine: Engine) -> None:
    since = later(NOW, -86400)

    def keep(tx: Tx) -> None:
        for place, seconds in enumerate((-90000, -86401, -86400, -5, -4, -3)):
            at = later(NOW, seconds)
            kept = inbox.Kept(
                mailbox="support",
                source_key=f"{place}",
                arrived_at="2020",
                kept_at=at,
                sha256=f"{place}",
                size=1,
            )
            (item,) = inbox.keep(tx, [kept])
            assert item is not None
            if place != 5:
                inbox.settle(tx, item, outcome="held" if place in (0, 3) else "opened")

    engine.transact(keep)
    with engine.read() as tx:
        assert glance.came(tx, since) == {"opened": 2, "held": 1, "pending": 1}
        assert glance.came(tx, "2020") == {"opened": 3, "held": 2, "pending": 1}
        assert glance.standing_mail(tx, ("held", "failed")) == {"held": 2}


@on_both
def test_letters_are_counted_by_when_they_were_sent_and_by_their_state(engine: Engine) -> None:
    states = ("sent", "sent", "sent", "bounced", "queued", "failed", "failed")

    def put(tx: Tx) -> None:
        for place, state in enumerate(states):
            letter = outbox.put(
                tx,
                outbox.Letter(
                    kind="reply",
                    state=state,
                    recipient="ann@client.example",
                    message_id=f"<{place}@desk.example>",
                    next_attempt_at=NOW,
                    created_at=NOW,
                ),
            )
            sent_at = {0: later(NOW, -90000), 1: later(NOW, -86400), 2: NOW, 3: NOW}.get(place)
            tx.run("update letter set sent_at = :at where id = :letter", at=sent_at, letter=letter)

    engine.transact(put)
    with engine.read() as tx:
        assert glance.went(tx, later(NOW, -86400)) == {"sent": 2, "bounced": 1}
        assert glance.standing_letters(tx, ("queued", "failed", "held")) == {"queued": 1, "failed": 2}
