"""The same work on SQLite and on PostgreSQL, and on PostgreSQL by one process and by two.

    .venv/bin/python bench/hosts.py [--count 2000] [--letters 1000] [--rounds 3]

A PostgreSQL of this script's own on loopback, with everything flushed to disk, as is SQLite's. One process is
``helpdesk fetch-mail`` over two mailboxes and ``helpdesk notify``; two are one for each mailbox, and two
``notify`` at once. Whole commands; what was taken in or sent is counted afterwards, and told if it is not all.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import corpus
import work

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

import quarters
from postgres import PostgresServer

BOX = """\
[mailbox.{name}]
kind = "maildir"
path = "{path}"
department = "support"
acknowledge = "{acknowledge}"
backlog = "answer"
"""
DESK = """\
[desk]
domain = "desk.example"

[store]
url = "{url}"

[transport.default]
kind = "maildir"
path = "sent"

[department.support]
name = "Support"
address = "support@desk.example"

[limits]
new_tickets_per_sender = ["1000000/10m"]
acknowledgements_per_address = ["1000000/10m"]
acknowledgements = ["1000000/10m"]
automatic_per_address = ["1000000/10m"]
automatic_per_domain = ["1000000/10m"]
storm = ["1000000/10m"]

"""


@contextmanager
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL whose files lie on the same disk as SQLite's."""
    work.WORK.mkdir(exist_ok=True)
    quarters.roomy = lambda: str(work.WORK)
    made = PostgresServer(fsync="on", full_page_writes="on", max_wal_size="1GB", shared_buffers="128MB")
    try:
        made.start()
        yield made
    finally:
        made.end()


def desk(name: str, url: str, boxes: Sequence[Sequence[bytes]], acknowledge: str = "never") -> list[str]:
    """A new desk with a Maildir for each of these heaps of mails; the command's first words."""
    home = work.fresh(name)
    tables = []
    for number, mails in enumerate(boxes):
        path = home / f"box{number}"
        corpus.into_maildir(path, mails)
        tables.append(BOX.format(name=f"box{number}", path=path, acknowledge=acknowledge))
    config = home / "helpdesk.toml"
    config.write_text(DESK.format(url=url) + "\n".join(tables), encoding="utf-8")
    config.chmod(0o600)
    start = [str(work.HELPDESK), "--config", str(config)]
    work.quietly([*start, "init"])
    return start


def together(commands: Sequence[Sequence[str]]) -> float:
    """Seconds until the last of some commands that are started at once ends."""
    import time

    began = time.perf_counter()
    running = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for command in commands
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        sys.exit(f"{' and '.join(map(' '.join, commands))}: exit {codes}")
    return time.perf_counter() - began


def strangers(count: int) -> list[bytes]:
    """Short mails, each of somebody else, so that each is acknowledged."""
    return [
        f"From: c{number}@client{number}.example\nTo: support@desk.example\nSubject: {number}\n"
        f"Message-ID: <{number}@client.example>\n\nPlease help with {number}.\n".encode()
        for number in range(count)
    ]


class Run:
    """What is measured, each kind of work once a round."""

    def __init__(self, postgres: PostgresServer, count: int, letters: int) -> None:
        self.postgres, self.count, self.letters = postgres, count, letters
        self.mails = list(corpus.messages(count))
        self.took: dict[str, list[float]] = {}
        self._databases = 0

    def database(self) -> str:
        self._databases += 1
        return self.postgres.create_database(f"bench{self._databases}")

    def note(self, what: str, seconds: float, done: int, wanted: int) -> None:
        short = "" if done == wanted else f"   {done} of {wanted}!"
        print(f"{what:44} {seconds:7.2f} s {wanted / seconds:8.1f}/s{short}", flush=True)
        self.took.setdefault(what, []).append(seconds)

    def fetch(self, what: str, url: str, boxes: Sequence[Sequence[bytes]], *, apart: bool = False) -> None:
        start = desk("hosts", url, boxes)
        names = [[f"box{number}"] for number in range(len(boxes))] if apart else [[]]
        seconds = together([[*start, "fetch-mail", *name] for name in names])
        became = work.outcomes(start)
        self.note(what, seconds, became["opened"] + became["replied"], self.count)

    def send(self, what: str, url: str, processes: int) -> None:
        start = desk("hosts", url, [strangers(self.letters)], acknowledge="always")
        work.quietly([*start, "fetch-mail"])
        seconds = together([[*start, "notify"]] * processes)
        sent = len(list((work.WORK / "hosts" / "sent" / "new").iterdir()))
        self.note(what, seconds, sent, self.letters)

    def round(self) -> None:
        halves = self.mails[::2], self.mails[1::2]
        sqlite = "sqlite:helpdesk.db"
        self.fetch("fetch, SQLite", sqlite, [self.mails])
        self.fetch("fetch, PostgreSQL", self.database(), [self.mails])
        self.fetch("fetch two mailboxes, one process", self.database(), halves)
        self.fetch("fetch two mailboxes, two processes", self.database(), halves, apart=True)
        self.send("notify, SQLite", sqlite, 1)
        self.send("notify, PostgreSQL, one process", self.database(), 1)
        self.send("notify, PostgreSQL, two processes", self.database(), 2)

    def table(self) -> list[str]:
        middle = {what: median(took) for what, took in self.took.items()}
        pairs = [
            ("fetch, PostgreSQL", "fetch, SQLite"),
            ("fetch two mailboxes, two processes", "fetch two mailboxes, one process"),
            ("notify, PostgreSQL, one process", "notify, SQLite"),
            ("notify, PostgreSQL, two processes", "notify, PostgreSQL, one process"),
        ]
        lines = ["| work | a second | compared with | as fast |", "|---|---|---|---|"]
        for what, other in pairs:
            many = self.letters if "notify" in what else self.count
            ratio = f"{middle[other] / middle[what]:.2f}x"
            lines.append(
                f"| {what} | {many / middle[what]:.0f} | {other}: {many / middle[other]:.0f} | {ratio} |"
            )
        return lines


def main() -> None:
    """Run the rounds and print the medians and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--letters", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    with server() as postgres:
        run = Run(postgres, chosen.count, chosen.letters)
        for _ in range(chosen.rounds):
            run.round()
    print("", *run.table(), sep="\n")


if __name__ == "__main__":
    main()
