"""Lists of tickets: a page is the beginning of the whole list, and is found without looking at every ticket."""

import re
from random import Random
from typing import Any

import pytest
from factories import NOW, a_message, a_ticket
from stores import on_both, on_sqlite

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.ticket import Author
from helpdesk_cli.store import lists, people, sqlite_tx, tickets
from helpdesk_cli.store.engine import Engine, Row, Tx
from helpdesk_cli.store.lists import ORDERS, Wanted

STAGES = {"new": "open", "in-progress": "open", "awaiting": "waiting", "done": "closed", "rejected": "closed"}
ACTIVE = ("open", "waiting")

FILTERS: dict[str, dict[str, Any]] = {
    "default": {"states": ACTIVE},
    "all": {},
    "open": {"states": ("open",)},
    "waiting": {"states": ("waiting",)},
    "closed": {"states": ("closed",)},
    "stage": {"stage": "in-progress"},
    "closed stage": {"stage": "rejected"},
    "department": {"states": ACTIVE, "department": "sales"},
    "seer": {"states": ACTIVE, "seer": lists.Seer("bob", ("sales", "support"))},
    "type": {"states": ACTIVE, "type": "incident"},
    "level": {"states": ACTIVE, "level": 2},
    "tag": {"tag": "Vip"},
    "assignee": {"states": ACTIVE, "assignee": "bob"},
    "nobody": {"states": ACTIVE, "assignee": ""},
    "client": {"client": 2},
    "priority": {"states": ACTIVE, "priority": "urgent"},
    "category": {"category": "billing"},
    "overdue": {"states": ACTIVE, "overdue_at": NOW},
    "unanswered": {"states": ACTIVE, "unanswered": True},
    "since": {"since": later(NOW, -20 * 3600)},
    "until": {"until": later(NOW, -20 * 3600)},
    "search": {"search": "fire"},
    "several": {"states": ACTIVE, "priority": "normal", "unanswered": True, "assignee": "", "search": "fire"},
}


def some_tickets(tx: Tx) -> None:
    dice = Random(5)
    clients = [
        people.add_client(tx, name, f"{name}@client.example", NOW).id for name in ("ann", "Ben", "carl")
    ]
    for number in range(1, 121):
        stage = dice.choice(list(STAGES))
        is_closed = STAGES[stage] == "closed"
        at = later(NOW, -number // 3 * 3600)
        tickets.insert(
            tx,
            a_ticket(
                number=number,
                subject=dice.choice(("Printer", "Tap", "invoice")),
                stage=stage,
                state=STAGES[stage],
                priority=dice.choice(("normal", "urgent")),
                department=dice.choice(("support", "sales", "network")),
                category=dice.choice((None, "billing")),
                type=dice.choice((None, "incident")),
                level=dice.choice((1, 2)),
                client_id=dice.choice((None, *clients)),
                assignee=dice.choice((None, "bob", "carla")),
                created_at=at,
                updated_at=dice.choice((at, NOW)),
                due_at=dice.choice((None, later(NOW, dice.randrange(-9, 9) * 3600))),
                unanswered_since=None if is_closed else dice.choice((None, at)),
            ),
        )
        if number % 9 == 0:
            tickets.tag(tx, number, "vip")
        words = dice.choice(("on fire", "on ice"))
        tickets.add_message(
            tx, number, a_message(subject="Printer", new_text=words, author=Author(role="client"))
        )


@pytest.fixture
def desk(engine: Engine) -> Engine:
    engine.transact(some_tickets)
    return engine


@on_both
@pytest.mark.parametrize("order", ORDERS)
def test_a_page_is_the_beginning_of_the_whole_list(desk: Engine, order: str) -> None:
    with desk.read() as tx:
        for name, wanted in FILTERS.items():
            whole = lists.tickets(tx, Wanted(**wanted, order=order))
            assert whole, name
            assert lists.tickets(tx, Wanted(**wanted, order=order, limit=7)) == whole[:7], name
            assert lists.count(tx, Wanted(**wanted)) == len(whole), name


@on_both
def test_common_words_and_rare_ones_find_the_same(desk: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for most in (1, 5000):
        monkeypatch.setattr(sqlite_tx, "COMMON_WORD", most)
        with desk.read() as tx:
            found.append(
                [
                    [one.ticket.number for one in lists.tickets(tx, Wanted(search=words, limit=20))]
                    for words in ("fire", "ice", "fire printer", "fir*", "fire ice", "fire nothing")
                ]
            )
    assert found[0] == found[1]
    assert [len(numbers) for numbers in found[0]] == [20, 20, 20, 20, 0, 0]


@on_both
def test_nobody_counts_further_than_there_is_need(desk: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MANY", 30)
    with desk.read() as tx:
        assert lists.count(tx, Wanted()) == 30
        assert lists.count(tx, Wanted(client=2, states=ACTIVE, assignee="bob")) < 30


@on_sqlite
@pytest.mark.parametrize("order", ORDERS)
def test_no_page_reads_the_rows_that_it_does_not_show(
    desk: Engine, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.read() as tx:
        asked: list[tuple[str, dict[str, Any]]] = []
        rows = tx.rows

        def noted(sql: str, **binds: Any) -> list[Row]:
            asked.append((sql, binds))
            return rows(sql, **binds)

        monkeypatch.setattr(tx, "rows", noted)
        for wanted in FILTERS.values():
            lists.tickets(tx, Wanted(**wanted, order=order, limit=50))
        pages = [(sql, binds) for sql, binds in asked if "limit :limit" in sql]
        assert len(pages) == len(FILTERS)
        for sql, binds in pages:
            inner = sql[sql.index("(select t.number") + 1 :].partition(" limit :limit")[0]
            binds.pop("limit")
            plan = [str(row[3]) for row in rows(f"explain query plan {inner}", **binds)]
            scans = [step for step in plan if re.match(r"SCAN t\b", step)]
            is_by_number = order in ("subject", "client", "number")  # subjects are in no index
            assert is_by_number or all("USING COVERING INDEX" in step for step in scans), plan
