"""Units that are done again, connections that are lost, a server that dies in the middle."""

import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from postgres import PostgresServer, first_cluster
from quarters import wait_until
from stores import POSTGRESQL, insert, names

from helpdesk_cli.errors import Busy, StoreAway
from helpdesk_cli.store import open_engine
from helpdesk_cli.store.engine import Again, Engine, Tx

NewPostgres = Callable[..., PostgresServer]


@pytest.fixture
def engine_kind() -> str:
    return POSTGRESQL


@pytest.fixture
def name(store_url: str) -> str:
    """Of the store's database."""
    return store_url.rpartition("/")[2]


def refuse(server: PostgresServer, name: str, state: str, times: int, *, at_commit: bool = False) -> None:
    """Let so many inserts fail with an error of this number; a sequence counts, for no rollback undoes it."""
    server.query("create sequence refusals", name)
    server.query(
        "create function refusing() returns trigger language plpgsql as $$ begin "
        f"if nextval('refusals') <= {times} then raise exception 'somebody was quicker' using errcode = '{state}'; "
        "end if; return new; end $$",
        name,
    )
    when = "constraint trigger refused after" if at_commit else "trigger refused before"
    deferred = "deferrable initially deferred " if at_commit else ""
    server.query(f"create {when} insert on counter {deferred}for each row execute function refusing()", name)


def attempts_of(server: PostgresServer, name: str) -> int:
    """How many inserts there were."""
    ((count,),) = server.query("select last_value from refusals", name)
    return int(count)


# Units that are done again


@pytest.mark.parametrize("at_commit", [False, True], ids=["at once", "at the end"])
@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("verb", ["run", "put", "savepoint"])
def test_a_unit_is_done_anew_where_another_was_quicker(
    engine: Engine, name: str, postgres: PostgresServer, state: str, at_commit: bool, verb: str
) -> None:
    refuse(postgres, name, state, 2, at_commit=at_commit)
    begun: list[int] = []

    def unit(tx: Tx) -> str:
        begun.append(len(begun))
        text = "insert into counter (name, value) values ('a', 1)"
        if verb == "put":
            tx.put(text)
        elif verb == "run":
            tx.run(text)
        else:
            with tx.savepoint():
                tx.put(text)
        return f"after {len(begun)}"

    assert engine.transact(unit, alone=False) == "after 3"
    assert begun == [0, 1, 2]
    assert names(engine) == ["a"]


def test_who_catches_what_is_wrong_with_a_part_does_not_catch_that(
    engine: Engine, name: str, postgres: PostgresServer
) -> None:
    refuse(postgres, name, "40001", 1)
    caught: list[Exception] = []

    def unit(tx: Tx) -> None:
        try:
            with tx.savepoint():
                insert(tx, "a")
        except Again:
            raise
        except Exception as error:
            caught.append(error)

    engine.transact(unit)
    assert (names(engine), caught) == (["a"], [])


def test_a_unit_that_never_comes_through_is_given_up_as_busy(
    engine: Engine, name: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk_cli.store.postgres.ATTEMPTS", 4)
    refuse(postgres, name, "40001", 1000)
    with pytest.raises(Busy, match="somebody was quicker; tried 4 times; try again"):
        engine.transact(lambda tx: insert(tx, "a"))
    assert attempts_of(postgres, name) == 4
    with pytest.raises(Busy, match="somebody was quicker; try again"), engine.write() as tx:
        insert(tx, "a")
    assert names(engine) == []


def test_who_is_caught_in_a_deadlock_does_its_unit_again(
    engine: Engine, name: str, postgres: PostgresServer
) -> None:
    with engine.write() as tx:
        insert(tx, "a")
        insert(tx, "b")
    postgres.query(f"alter database {name} set deadlock_timeout = '50ms'")
    engine.close()
    begun: list[int] = []
    change = "update counter set value = value + 1 where name = '{}'"
    with postgres.connect(name) as against:
        against.execute("set deadlock_timeout = '10min'")  # so that it is not the victim
        against.execute("begin")
        against.execute(change.format("b").encode())
        waiting = threading.Thread(target=lambda: against.execute(change.format("a").encode()))

        def unit(tx: Tx) -> None:
            begun.append(len(begun))
            if len(begun) == 2:
                waiting.join()
                against.execute("commit")
            tx.run(change.format("a"))
            if len(begun) == 1:
                waiting.start()
                wait_until(lambda: is_waiting(postgres, against.info.backend_pid), "the other waits for us")
            tx.run(change.format("b"))

        engine.transact(unit, alone=False)
    assert begun == [0, 1]
    with engine.read() as tx:
        assert tx.rows("select value from counter") == [(3,), (3,)]


def is_waiting(server: PostgresServer, backend: int) -> bool:
    rows = server.query(
        "select 1 from pg_stat_activity where pid = %(pid)s and wait_event_type = 'Lock'", pid=backend
    )
    return bool(rows)


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "55P03", "57014"])
def test_a_server_that_has_no_room_or_no_time_is_busy(
    engine: Engine, name: str, postgres: PostgresServer, state: str
) -> None:
    refuse(postgres, name, state, 1)
    with pytest.raises(Busy, match="try again"):
        engine.transact(lambda tx: insert(tx, "a"))
    engine.transact(lambda tx: insert(tx, "b"))
    assert names(engine) == ["b"]


def test_a_part_for_which_there_is_no_room_is_nobody_s_fault_inside_it(
    engine: Engine, name: str, postgres: PostgresServer
) -> None:
    refuse(postgres, name, "53100", 1)
    with engine.write() as tx, pytest.raises(Busy, match="try again"), tx.savepoint():
        insert(tx, "a")


# Connections that are lost


def end_others(server: PostgresServer, name: str) -> None:
    """End all connections to a database."""
    for pid in server.backends(name):
        server.query("select pg_terminate_backend(%(pid)s, 10000)", pid=pid)


def in_a_unit(engine: Engine, lose: Callable[[], None]) -> None:
    def unit(tx: Tx) -> None:
        insert(tx, "lost")
        lose()
        insert(tx, "never")

    engine.transact(unit)


def in_a_batch(engine: Engine, lose: Callable[[], None]) -> None:
    def unit(tx: Tx) -> None:
        insert(tx, "lost")
        lose()
        tx.many("insert into counter (name, value) values (:name, 1)", [{"name": str(n)} for n in range(800)])

    engine.transact(unit)


def in_a_part(engine: Engine, lose: Callable[[], None]) -> None:
    def unit(tx: Tx) -> None:
        with tx.savepoint():
            insert(tx, "lost")
            lose()
            insert(tx, "never")

    engine.transact(unit)


def before_the_end(engine: Engine, lose: Callable[[], None]) -> None:
    def unit(tx: Tx) -> None:
        insert(tx, "lost")
        lose()

    engine.transact(unit)


def before_the_end_with_more_to_send(engine: Engine, lose: Callable[[], None]) -> None:
    def unit(tx: Tx) -> None:
        insert(tx, "lost")
        lose()
        tx.put("insert into counter (name, value) values ('never', 1)")

    engine.transact(unit)


def while_reading(engine: Engine, lose: Callable[[], None]) -> None:
    with engine.read() as tx:
        tx.rows("select name from counter")
        lose()
        tx.rows("select name from counter")


def between_two_units(engine: Engine, lose: Callable[[], None]) -> None:
    names(engine)
    lose()
    engine.transact(lambda tx: insert(tx, "lost"))


MOMENTS = [
    in_a_unit,
    in_a_batch,
    in_a_part,
    before_the_end,
    before_the_end_with_more_to_send,
    while_reading,
    between_two_units,
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_connection_that_is_ended_is_told_and_the_engine_goes_on(
    engine: Engine, name: str, postgres: PostgresServer, moment: Callable[..., None]
) -> None:
    with pytest.raises(StoreAway) as told:
        moment(engine, lambda: end_others(postgres, name))
    assert told.value.exit_code == 69
    assert "\n" not in str(told.value)
    assert ("it may be saved or not" in str(told.value)) is moment.__name__.startswith("before_the_end")
    engine.transact(lambda tx: insert(tx, "after"))
    assert names(engine) == ["after"]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that may be killed."""
    server = PostgresServer(first_cluster(tmp_path_factory))
    server.start()
    yield server
    server.end()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_server_whose_backend_was_killed_is_away_until_it_recovered(
    mortal: PostgresServer, moment: Callable[..., None]
) -> None:
    database = f"desk_{moment.__name__}"
    engine = open_engine(mortal.create_database(database))
    engine.build()

    def kill() -> None:
        for pid in mortal.backends(database):
            mortal.kill_backend(pid)

    with pytest.raises(StoreAway):
        moment(engine, kill)
    mortal.ready()
    engine.transact(lambda tx: insert(tx, "after"))
    assert names(engine) == ["after"]
    engine.close()
    mortal.drop_database(database)


def test_a_lost_commit_may_be_saved_or_not(engine: Engine, name: str, postgres: PostgresServer) -> None:
    postgres.query(
        "create function waiting() returns trigger language plpgsql as $$ "
        "begin perform pg_sleep(600); return new; end $$",
        name,
    )
    postgres.query(
        "create constraint trigger waits after insert on counter deferrable initially deferred for each row "
        "execute function waiting()",
        name,
    )

    def is_committing() -> bool:
        return bool(
            postgres.query(
                "select 1 from pg_stat_activity where datname = %(name)s and wait_event = 'PgSleep'",
                name=name,
            )
        )

    def end() -> None:
        wait_until(is_committing, "the commit has begun")
        end_others(postgres, name)

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(StoreAway, match="it may be saved or not: look before you do it again"):
        engine.transact(lambda tx: insert(tx, "a"))
    ending.join()
    assert names(engine) == []


def test_a_host_that_stops_in_the_middle_keeps_the_others_waiting_no_longer_than_allowed(
    engine: Engine,
) -> None:
    with pytest.raises(StoreAway, match="idle-in-transaction"), engine.write() as tx:
        assert tx.row("show idle_in_transaction_session_timeout") == ("2min",)
        tx.run("set local idle_in_transaction_session_timeout = '10ms'")
        threading.Event().wait(0.3)
        tx.rows("select 1")
    assert names(engine) == []


def test_who_waits_for_a_standby_that_is_away_hears_signals(mortal: PostgresServer) -> None:
    url = mortal.create_database("waits")
    engine = open_engine(url)
    engine.build()

    def order(standbys: str) -> None:
        mortal.query(f"alter system set synchronous_standby_names = '{standbys}'")
        mortal.query("select pg_reload_conf()")
        wait_until(
            lambda: mortal.query("show synchronous_standby_names") == [(standbys,)],
            "PostgreSQL read its settings",
        )
        mortal.query("checkpoint")  # the checkpointer tells all backends, after it obeyed itself

    def heard(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, heard)
    order("nobody")
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
        with pytest.raises(KeyboardInterrupt), engine.write() as tx:
            insert(tx, "late")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        order("")
        engine.close()
    mortal.drop_database("waits")


# Locks


@pytest.mark.parametrize("how", ["terminated", "killed"])
def test_a_lock_is_free_when_its_holder_s_backend_is_gone(mortal: PostgresServer, how: str) -> None:
    database = f"locks_{how}"
    url = mortal.create_database(database)
    engine, other = open_engine(url), open_engine(url)
    engine.build()
    with engine.lock("mailbox") as got:
        assert got
        with other.lock("mailbox") as again:
            assert not again
        if how == "terminated":
            end_others(mortal, database)
        else:
            mortal.kill_backend(mortal.backends(database)[-1])
            mortal.ready()
        for opened in (engine, other):
            opened.close()
        with other.lock("mailbox") as again:
            assert again
    for opened in (engine, other):
        opened.close()
    mortal.drop_database(database)


def test_a_lock_keeps_nothing_from_being_tidied_up(
    engine: Engine, name: str, postgres: PostgresServer
) -> None:
    with engine.lock("mailbox") as got:
        assert got
        rows = postgres.query(
            "select state, backend_xid, backend_xmin from pg_stat_activity where datname = %(name)s "
            "and state = 'idle in transaction'",
            name=name,
        )
        assert rows == [("idle in transaction", None, None)]
