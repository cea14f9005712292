"""The host of the database dies under load and its synchronous standby takes over: nothing is lost or doubled."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from desks import Site
from killing import NO_LIMITS, Program, check_letters, is_orderly, mail, markers, subjects
from postgres import PostgresServer
from program import Done
from quarters import wait_until

DATABASE = "desk"
ROUNDS = 3


class Load:
    """Mails that keep arriving, and what cron would run, again and again."""

    def __init__(self, site: Site) -> None:
        self.site, self.program = site, Program(site)
        self.sent: list[str] = []
        self.runs: list[Done] = []
        self._numbers = itertools.count()

    def arrive(self, count: int = 1) -> None:
        for marker in markers("failover", [next(self._numbers) for _ in range(count)]):
            self.sent.append(marker)
            self.site.drop(mail(marker).replace(b"ann@", f"c{marker}@".encode()))
        time.sleep(0.15)

    def waiting(self) -> int:
        """How many mails wait in the mailbox."""
        return len(list((self.site.inbox / "new").iterdir()))

    def gone(self) -> int:
        """How many letters have gone out."""
        return len(list((self.site.out / "new").iterdir()))

    def fetch(self) -> None:
        self.runs.append(self.program.run("fetch-mail"))

    def send(self) -> None:
        self.runs.append(self.program.run("notify"))

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Two hosts fetch and one sends until the end."""
        is_over = threading.Event()

        def repeat(work: Callable[[], None]) -> None:
            while not is_over.is_set():
                work()

        with ThreadPoolExecutor() as pool:
            loops = [pool.submit(repeat, work) for work in (self.arrive, self.fetch, self.fetch, self.send)]
            try:
                yield
            finally:
                is_over.set()
        for loop in loops:
            loop.result()


def test_a_standby_takes_over_under_load(
    new_postgres: Callable[[], PostgresServer], site_at: Callable[[str], Site]
) -> None:
    primary = new_postgres()
    site = site_at(primary.create_database(DATABASE))
    load, dice = Load(site), random.Random(8)
    for _ in range(ROUNDS):
        standby = primary.standby()
        primary.synchronous()
        site.url = primary.url(DATABASE, standby, target_session_attrs="read-write")
        site.configure(NO_LIMITS)
        with load.going_on():
            go_on(load)
            be_at_work(load)
            time.sleep(dice.uniform(0, 0.2))
            primary.kill()
            standby.promote()
            go_on(load)
        primary = standby
    assert [done for done in load.runs if not is_orderly(done)] == []
    assert sum(done.code == 69 for done in load.runs) >= ROUNDS
    assert load.program.whole("fetch-mail") == 0
    assert subjects(site) == sorted(load.sent)
    check_letters(site, load.program, uncertain=ROUNDS)


def be_at_work(load: Load) -> None:
    """Let many mails arrive at once; back when a run has begun to fetch them."""
    many = load.waiting() + 60  # counted before: a run may be quicker than we look
    load.arrive(60)
    wait_until(lambda: load.waiting() < many, "they are being fetched")


def go_on(load: Load) -> None:
    """Wait until mails are fetched and letters sent."""
    before = load.gone()
    wait_until(lambda: load.gone() > before + 5, "mails are fetched and letters sent")
