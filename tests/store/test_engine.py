"""The contract of an engine: what the rest of the program may count on, whatever the database."""

import subprocess
import sys
import threading
from typing import Any

import pytest
from stores import insert, names

from helpdesk_cli.errors import BadConfig, Busy, Failed
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Again, Engine, Tx, statements

# Transactions


def test_what_is_committed_stays_and_what_failed_does_not(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "kept")
    with pytest.raises(ZeroDivisionError), engine.write() as tx:
        insert(tx, "lost")
        _ = 1 / 0
    assert names(engine) == ["kept"]


def test_a_unit_tells_its_result_and_what_failed_in_it_is_undone(engine: Engine) -> None:
    def unit(tx: Tx) -> str:
        insert(tx, "kept")
        return "done"

    def failing(tx: Tx) -> None:
        insert(tx, "lost")
        raise LookupError("ours")

    for alone in (True, False):
        with pytest.raises(LookupError, match="ours"):
            engine.transact(failing, alone=alone)
    assert engine.transact(unit) == "done"
    assert names(engine) == ["kept"]


def test_a_savepoint_is_undone_alone(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "a")
        with pytest.raises(ZeroDivisionError), tx.savepoint():
            insert(tx, "b")
            _ = 1 / 0
        with tx.savepoint():
            insert(tx, "c")
    assert names(engine) == ["a", "c"]


def test_a_savepoint_in_another_is_undone_alone(engine: Engine) -> None:
    with engine.write() as tx, tx.savepoint():
        insert(tx, "a")
        with pytest.raises(ZeroDivisionError), tx.savepoint():
            insert(tx, "b")
            _ = 1 / 0
        insert(tx, "c")
    assert names(engine) == ["a", "c"]


@pytest.mark.parametrize("verb", ["run", "row", "rows", "put", "many"])
def test_a_statement_that_fails_in_a_savepoint_leaves_the_rest_to_go_on(engine: Engine, verb: str) -> None:
    text = "insert into counter (name, value) values (:name, 1)"
    with engine.write() as tx:
        insert(tx, "a")
        with pytest.raises(Exception, match=r"(?i)unique"), tx.savepoint():
            insert(tx, "b")
            if verb == "many":
                tx.many(text, iter([{"name": "c"}, {"name": "a"}, {"name": "d"}]))
            else:
                getattr(tx, verb)(text, name="a")
        with tx.savepoint():
            tx.put(text, name="e")
        insert(tx, "f")
    assert names(engine) == ["a", "e", "f"]


@pytest.mark.parametrize("verb", ["run", "row", "rows", "put", "many"])
def test_a_statement_that_fails_undoes_the_whole_and_the_engine_goes_on(engine: Engine, verb: str) -> None:
    text = "insert into counter (name, value) values (:name, 1)"
    with pytest.raises(Failed, match=r"(?i)unique"), engine.write() as tx:
        insert(tx, "a")
        tx.put(text, name="b")
        if verb == "many":
            tx.many(text, iter([{"name": "a"}]))
        else:
            getattr(tx, verb)(text, name="a")
    with engine.write() as tx:
        insert(tx, "c")
    assert names(engine) == ["c"]


def test_what_was_put_is_there_for_the_next_statement_and_after_the_end(engine: Engine) -> None:
    with engine.write() as tx:
        for number in range(1200):
            tx.put("insert into counter (name, value) values (:name, 0)", name=f"n{number:04}")
        assert tx.row("select count(*) from counter") == (1200,)
        tx.put("update counter set value = 5")
    with engine.read() as tx:
        assert tx.row("select count(*) from counter where value = 5") == (1200,)


def test_what_is_asked_together_is_read_in_any_order_and_as_often_as_one_likes(engine: Engine) -> None:
    with engine.write() as tx:
        tx.put("insert into counter (name, value) values ('a', 1)")
        first = tx.ask("select name from counter where value = :value", value=1)
        none = tx.ask("select name from counter where value = :value", value=7)
        second = tx.ask("select name, value from counter")
        assert second() == second() == [("a", 1)]
        assert (first(), none()) == ([("a",)], [])


def test_what_is_asked_among_many_statements_gets_its_own_answer(engine: Engine) -> None:
    with engine.write() as tx:
        answers = []
        for number in range(1200):
            tx.put("insert into counter (name, value) values (:name, :value)", name=f"{number}", value=number)
            answers.append(tx.ask("select value from counter where name = :name", name=f"{number}"))
        assert [answer() for answer in answers] == [[(number,)] for number in range(1200)]


def test_a_fresh_id_is_above_all_and_may_be_left_unused(engine: Engine) -> None:
    text = "insert into client (id, name, email, note, created_at) values (:id, 'a', 'a@b.example', '', '')"
    drawn: list[int] = []
    for several in (1, 1, 10, 200):
        with engine.write() as tx:
            for _ in range(several):
                drawn.append(tx.fresh("client"))
                tx.put(text, id=drawn[-1])
            tx.fresh("client")
    with engine.write() as tx, pytest.raises(ZeroDivisionError), tx.savepoint():
        drawn.append(tx.fresh("client"))
        tx.put(text, id=drawn[-1])
        _ = 1 / 0
    drawn.pop()
    with engine.write() as tx:
        drawn.append(tx.fresh("client"))
        tx.put(text, id=drawn[-1])
    assert drawn == sorted(set(drawn))
    with engine.read() as tx:
        assert [row[0] for row in tx.rows("select id from client order by id")] == drawn


def test_many_rows_are_written_by_one_statement_each(engine: Engine) -> None:
    with engine.write() as tx:
        tx.many("delete from counter where name = :name", [])
        tx.many(
            "insert into counter (name, value) values (:name, :value)",
            ({"name": f"n{number:04}", "value": number} for number in range(1200)),
        )
    with engine.read() as tx:
        assert tx.row("select count(*), min(value), max(value) from counter") == (1200, 0, 1199)


def test_a_returned_row_is_committed(engine: Engine) -> None:
    with engine.write() as tx:
        assert tx.row("insert into counter (name, value) values ('a', 1) returning value") == (1,)
    assert names(engine) == ["a"]


def test_how_many_rows_a_statement_touched(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "a")
        insert(tx, "b")
        ignoring = "insert into counter (name, value) values (:name, 1) on conflict do nothing"
        assert [tx.run(ignoring, name=name) for name in ("a", "c")] == [0, 1]
        assert tx.run("update counter set value = value + 1") == 3
        assert tx.run("delete from counter where name > :name", name="a") == 2
        assert tx.run("delete from counter where name > :name", name="a") == 0


def test_a_reader_sees_one_moment(engine: Engine, other: Engine) -> None:
    with engine.read() as tx:
        assert tx.rows("select name from counter") == []
        with other.write() as there:
            insert(there, "a")
        assert tx.rows("select name from counter") == []
    assert names(engine) == ["a"]


# Values


VALUES = [
    "",
    "it's",
    "Zoë, Łukasz, 田中, 👩‍👩‍👧",
    "a\\b\\",
    "\x01\x1f\x7f",
    "'; drop table counter; --",
    ":name $1 %s ?",
    "x" * 300_000,
    0,
    -1,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_value_comes_back_as_it_went(engine: Engine, value: Any) -> None:
    column = "note" if isinstance(value, str) else "id"
    text = f"insert into client (name, email, created_at, {column}) values ('', '', '', :value)"
    with engine.write() as tx:
        tx.run(text, value=value)
        rows = tx.rows(f"select {column} from client where {column} = :value", value=value)
        assert rows == [(value,)]
        assert type(rows[0][0]) is type(value)


def test_bytes_real_numbers_and_nothing_come_back_as_they_went(engine: Engine) -> None:
    data = bytes(range(256)) * 5000
    with engine.write() as tx:
        tx.run("insert into blob (sha256, size, codec, data) values ('a', 1, '', :data)", data=data)
        tx.run("insert into blob (sha256, size, codec, data) values ('b', 1, '', :data)", data=b"")
        rows = tx.rows("select data from blob order by sha256")
        assert rows == [(data,), (b"",)]
        assert all(type(row[0]) is bytes for row in rows)
        tx.run("insert into client (id, name, email, created_at) values (1, 'A', 'a@b', '')")
        for number, score in enumerate((0.5, 0.1 + 0.2, 3, 1e-300)):
            tx.run(
                "insert into client_address (address, client_id, shown, bounce_score, added_at) "
                "values (:address, 1, '', :score, '')",
                address=str(number),
                score=score,
            )
        scores = tx.rows("select bounce_score, bounced_at from client_address order by address")
        assert scores == [(0.5, None), (0.1 + 0.2, None), (3.0, None), (1e-300, None)]
        assert type(scores[2][0]) is float
        assert tx.row("select id from client where organization is null and note = ''") == (1,)


def test_a_comparison_is_one_or_nought(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "a", 5)
        row = tx.row("select value > 4, value > 5, value is null, count(*) from counter group by value")
        assert row == (1, 0, 0, 1)
        assert [type(value) for value in row or ()] == [int, int, int, int]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\0b", "a�b"), ("\udc80", "�"), ("\ud83d\ude00", "😀"), ("ä\udfff", "ä�"), ("\0", "�")],
    ids=range(5),
)
def test_what_no_store_keeps_is_kept_as_the_same_on_each(engine: Engine, text: str, kept: str) -> None:
    with engine.write() as tx:
        insert(tx, text)
        tx.put("insert into counter (name, value) values (:name, 1)", name=f"put {text}")
        tx.many("insert into counter (name, value) values (:name, 1)", [{"name": f"many {text}"}])
        assert tx.rows("select name from counter where name = :name", name=text) == [(kept,)]
    assert sorted(map(str, names(engine))) == sorted([kept, f"put {kept}", f"many {kept}"])


def test_texts_have_the_order_of_their_characters(engine: Engine) -> None:
    given = ["b", "B", "a", "Ä", "ä", "Z", "10", "9", "é", "_", "-", "", "ab", "a b", "田", "😀", "\uffff"]
    with engine.write() as tx:
        for name in given:
            insert(tx, name)
    assert names(engine) == sorted(given)
    with engine.read() as tx:
        low = tx.rows("select name from counter where name < :name order by name desc", name="a")
        assert [row[0] for row in low] == sorted((name for name in given if name < "a"), reverse=True)


# Writers and locks


def test_writing_waits_for_the_other_writer_and_then_sees_its_work(engine: Engine, store_url: str) -> None:
    started = threading.Event()

    def hold() -> None:
        other = open_engine(store_url)
        with other.write() as tx:
            insert(tx, "first")
            started.set()
            threading.Event().wait(0.3)
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait()
    with engine.write() as tx:
        assert tx.rows("select name from counter") == [("first",)]
    thread.join()


def test_a_lock_that_is_never_free_is_busy(
    engine: Engine, other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk_cli.store.sqlite.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("helpdesk_cli.store.postgres.BUSY_SECONDS", 0.2)
    with engine.write():
        with pytest.raises(Busy, match="try again"), other.write():
            pass
        with pytest.raises(Busy, match="try again"):
            other.transact(lambda tx: insert(tx, "late"))
    with other.write() as tx:
        insert(tx, "later")
    assert names(engine) == ["later"]


def test_eight_writers_count_without_losing_one(store_url: str, engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "n", 0)

    def add() -> None:
        mine = open_engine(store_url)

        def one_more(tx: Tx) -> None:
            row = tx.row("select value from counter where name = 'n'")
            assert row is not None
            tx.run("update counter set value = :value where name = 'n'", value=int(str(row[0])) + 1)

        for _ in range(5):
            mine.transact(one_more)
        mine.close()

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.read() as tx:
        assert tx.row("select value from counter") == (40,)


def test_what_asks_to_be_done_again_leaves_a_savepoint(engine: Engine) -> None:
    with engine.write() as tx, pytest.raises(Again), tx.savepoint():
        raise Again("another was quicker")


def test_a_named_lock_is_held_by_one_and_freed_when_its_holder_is_killed(
    engine: Engine, store_url: str
) -> None:
    code = (
        "import time\nfrom helpdesk_cli.store import open_engine\n"
        f"with open_engine({store_url!r}).lock('mailbox-a') as got:\n"
        "    print(got, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        with engine.lock("mailbox-a") as got:
            assert not got
        with engine.lock("mailbox-b") as got:
            assert got
        holder.kill()
        holder.wait()
        assert got_in_the_end(engine, "mailbox-a")


def got_in_the_end(engine: Engine, name: str) -> bool:
    """Whether a lock is free, perhaps after the moment that a server takes to see that somebody is gone."""
    for _ in range(600):
        with engine.lock(name) as got:
            if got:
                return True
        threading.Event().wait(0.05)
    return False


def test_a_lock_is_held_across_transactions_and_hinders_none(engine: Engine, other: Engine) -> None:
    with engine.lock("fetch: a/b\\c'd é"):
        for name, writer in (("engine", engine), ("other", other)):
            writer.transact(lambda tx, name=name: insert(tx, name))
            with engine.lock("fetch: a/b\\c'd é") as again, other.lock("fetch: a/b\\c'd é") as got:
                assert not again
                assert not got
    with other.lock("fetch: a/b\\c'd é") as got:
        assert got
    assert len(names(engine)) == 2


def test_a_lock_is_freed_by_what_fails_under_it(engine: Engine, other: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.lock("a") as got:
        assert got
        _ = 1 / 0
    assert got_in_the_end(other, "a")


# The store


def test_a_missing_store_says_what_to_do(empty_url: str) -> None:
    engine = open_engine(empty_url)
    assert not engine.exists()
    with pytest.raises(BadConfig, match="there is no store yet; 'helpdesk init' makes one"), engine.read():
        pass
    with pytest.raises(BadConfig, match="helpdesk init"):
        engine.transact(lambda tx: None)
    engine.close()


def test_a_store_is_built_once(empty_url: str) -> None:
    engine = open_engine(empty_url)
    engine.build()
    assert engine.exists()
    with engine.write() as tx:
        insert(tx, "a")
    with pytest.raises(Failed, match="there is a store already; nothing was changed"):
        engine.build()
    assert names(engine) == ["a"]
    assert engine.verify() == []
    engine.close()


def test_a_store_is_opened_again_after_it_was_closed(engine: Engine) -> None:
    with engine.write() as tx:
        insert(tx, "a")
    engine.close()
    engine.close()
    assert names(engine) == ["a"]


def test_foreign_keys_hold(engine: Engine) -> None:
    with pytest.raises(Failed, match=r"(?i)foreign key"), engine.write() as tx:
        tx.run("insert into event (ticket, at, actor, kind) values (1, '', '', '')")
    assert engine.verify() == []


def test_ids_grow_and_begin_with_one(engine: Engine) -> None:
    text = "insert into client (name, email, created_at) values ('', '', '') returning id"
    with engine.write() as tx:
        assert [tx.row(text) for _ in range(3)] == [(1,), (2,), (3,)]
    with pytest.raises(ZeroDivisionError), engine.write() as tx:
        tx.row(text)
        _ = 1 / 0
    with engine.write() as tx:
        assert (tx.row(text) or (0,)) > (3,)


def test_what_an_engine_tells_of_itself(engine: Engine) -> None:
    facts = engine.facts()
    name, version = facts["engine"].split()[:2]
    assert name in ("SQLite", "PostgreSQL")
    assert version.replace(".", "").isdecimal()
    assert facts["version"] == "1"
    assert facts["store"] == engine.place
    assert abs(engine.ahead()) < 5


def test_statements_are_split_without_their_comments() -> None:
    assert statements("-- a;\ncreate table a (b text -- c\n);\n\ncreate index d on a (b);\n") == [
        "create table a (b text\n)",
        "create index d on a (b)",
    ]
