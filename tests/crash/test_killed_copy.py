"""A desk that moves to a server and back, killed at random moments and run again: it is the same desk in the end."""

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import Site
from killing import NO_LIMITS, Program, check_letters, ended, kill_often, mail, markers, seconds_of, subjects
from postgres import PostgresServer
from quarters import wait_until
from stores import on_sqlite

from helpdesk_cli.errors import BadConfig
from helpdesk_cli.store import copying, open_engine
from helpdesk_cli.store.engine import Row

KILLS = 8
MAILS = 150

pytestmark = on_sqlite

New = Callable[[], str]


@pytest.fixture
def program(site: Site) -> Program:
    """Of a desk with letters that were sent and letters that wait."""
    site.configure(NO_LIMITS)
    program = Program(site)
    for part in (range(5), range(5, MAILS)):
        for marker in markers("copy", part):
            site.drop(mail(marker).replace(b"ann@", f"c{marker}@".encode()))
        assert program.whole("fetch-mail") == 0
        if 0 in part:
            assert program.whole("notify") == 0
    return program


def everything(url: str) -> dict[str, list[Row]] | None:
    """All rows of a store; None where there is no whole one."""
    engine = open_engine(url)
    try:
        with engine.read() as tx:
            return {
                table.name: sorted(tx.rows(f"select {', '.join(table.columns)} from {table.name}"), key=repr)
                for table in copying.tables()
            }
    except BadConfig:
        return None
    finally:
        engine.close()


def moved(program: Program, new: New, wanted: dict[str, list[Row]], seed: int) -> str:
    """Copy a desk again and again, killed each time; the address of a copy that was killed and came to its end."""
    whole = new()
    usual = seconds_of(lambda: program.whole("store", "copy", "--to", whole))
    assert everything(whole) == wanted
    targets = [new()]

    def one(after: float) -> int:
        code = program.killed("store", "copy", "--to", targets[-1], after=after)
        if (copied := everything(targets[-1])) is not None:
            assert copied == wanted
            targets.append(new())
        return code

    assert kill_often(one, usual, seed=seed, kills=KILLS) == KILLS
    if everything(targets[-1]) is None:
        done = program.run("store", "copy", "--to", targets[-1])
        assert (done.code, done.err) == (0, ""), done
    assert everything(targets[-1]) == wanted
    return targets[-1]


def test_a_desk_that_moves_to_a_server_and_back_survives_every_kill(
    site: Site, program: Program, postgres: PostgresServer, tmp_path: Path
) -> None:
    numbers = itertools.count()
    names: list[str] = []

    def database() -> str:
        names.append(f"moved_{next(numbers)}")
        return postgres.create_database(names[-1])

    def file() -> str:
        return f"sqlite:{tmp_path}/moved_{next(numbers)}.db"

    before = everything(f"sqlite:{site.store}")
    assert before is not None
    for seed, new in enumerate((database, file)):
        site.url = moved(program, new, before, seed)
        site.configure(NO_LIMITS)
        assert program.run("store", "verify").out == "the store is sound\n"
    for name in names:
        postgres.drop_database(name)
    site.drop(mail("MARK-copy-moved"))
    assert program.whole("fetch-mail") == 0
    assert subjects(site) == sorted([*markers("copy", range(MAILS)), "MARK-copy-moved"])
    check_letters(site, program, uncertain=0)
    assert everything(f"sqlite:{site.store}") == before


def test_a_copy_whose_database_goes_away_goes_on_when_it_is_run_again(
    program: Program, site: Site, new_postgres: Callable[[], PostgresServer]
) -> None:
    server = new_postgres()
    url = server.create_database("desk")
    target = open_engine(url)
    target.receive()
    target.close()
    with contextlib.closing(server.connect("desk")) as holding:
        holding.execute(b"begin; lock table message")
        process = program.start("store", "copy", "--to", url)
        waiting = "select pid from pg_stat_activity where datname = 'desk' and wait_event_type = 'Lock'"
        wait_until(lambda: server.query(waiting) != [], "the copy is in the middle")
        server.kill_backend(server.query(waiting)[0][0])
    server.ready()
    done = ended(process)
    assert (done.code, done.out) == (69, "")
    assert done.err.startswith(f"helpdesk: {url}: ") and done.err.count("\n") == 1, done
    assert done.err.endswith("; run this again: only what differs is copied\n")
    assert program.whole("store", "copy", "--to", url) == 0
    assert everything(url) == everything(f"sqlite:{site.store}")
