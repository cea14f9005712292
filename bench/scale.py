"""What grows with the store: matching replies, listing the newest 50, showing a ticket.

    .venv/bin/python bench/scale.py [--small 1000] [--large 100000] [--runs 15]

Compares 1,000 with 100,000 tickets. The stores are filled through the program's own functions (a ticket,
its mail in the inbox, its events, the search index) and kept in bench/.work for the next time. Replies are
matched by a whole ``fetch-mail`` of 300 answers to tickets drawn by chance, each round on a copy of the
store. Lists and pages are whole commands; the same queries without the program's start stand beside them.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import corpus
import work

if TYPE_CHECKING:
    from helpdesk_cli.domain.ticket import Ticket
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.store.engine import Tx

REPLIES = 300
WORDS = corpus.WORDS["en"].split()
FIRST_NUMBER = 1000


def filled(tickets: int) -> Path:
    """The folder of a desk with so many tickets, made once."""
    name = f"desk-{tickets}"
    home = work.WORK / name
    if not work.is_filled(home):
        box = work.WORK / f"mails-{name}/Maildir"
        work.desk(name, f'kind = "maildir"\npath = "{box}"')
        fill(home, tickets)
        work.note_filled(home)
    return home


def fill(home: Path, tickets: int) -> None:
    """Enter the tickets, a thousand in a transaction."""
    from helpdesk_cli.config import load
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.store import open_engine

    settings = load(str(home / "helpdesk.toml"))
    desk = Desk(settings=settings, engine=open_engine(settings.store.url), key=b"k" * 32)
    dice = Random(7)
    began = time.perf_counter()
    clients: list[int] = []
    for start in range(0, tickets, 1000):
        with desk.engine.write() as tx:
            for number in range(start, min(start + 1000, tickets)):
                enter(tx, desk, dice, number, clients)
    desk.engine.close()
    print(f"{tickets} tickets entered in {time.perf_counter() - began:.0f} s", flush=True)


def enter(tx: "Tx", desk: "Desk", dice: Random, number: int, clients: list[int]) -> None:
    """One ticket as a settled mail leaves it: up to 2,000 clients, nine of ten closed."""
    from msgspec.structs import replace

    from helpdesk_cli.domain.ticket import CLIENT, INBOUND, Author, Joining, Message, opened
    from helpdesk_cli.services.changes import record
    from helpdesk_cli.store import inbox, people

    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(corpus.FIRST_DAY + number * 60))
    who = asker(number)
    name, email = f"person{who}", f"person{who}@client.example"
    if who == len(clients):
        clients.append(people.add_client(tx, name, email, at).id)
    client = clients[who]
    item = keep(tx, number, at)
    ticket = a_ticket(" ".join(dice.choices(WORDS, k=5)), client, at, is_closed=number % 10 != 0)
    message = Message(
        kind=INBOUND,
        author=Author(role=CLIENT, name=name, email=email, client_id=client),
        at=at,
        subject=ticket.subject,
        new_text=" ".join(dice.choices(WORDS, k=60)),
        message_id=message_id(number),
        inbox_id=item,
    )
    change = opened(ticket, message, "system", (Joining(address=email, client_id=client),))
    entered = record(tx, desk, replace(change, silent=True)).ticket.number
    inbox.settle(
        tx, item, outcome="opened", ticket=entered, core=digest(number), settled_at=at, from_address=email
    )


def a_ticket(subject: str, client: int, at: str, *, is_closed: bool) -> "Ticket":
    """A new or a closed ticket."""
    from helpdesk_cli.domain.ticket import Ticket

    return Ticket(
        subject=subject,
        stage="done" if is_closed else "new",
        state="closed" if is_closed else "open",
        priority="normal",
        department="support",
        client_id=client,
        created_at=at,
        updated_at=at,
        closed_at=at if is_closed else None,
    )


def keep(tx: "Tx", number: int, at: str) -> int:
    """A mail's row in the inbox, without its bytes; its id."""
    from helpdesk_cli.store import inbox

    key = f"filled{number}"
    kept = inbox.Kept(
        mailbox="support", source_key=key, arrived_at=at, kept_at=at, sha256=digest(number), size=4000
    )
    (item,) = inbox.keep(tx, [kept])
    if item is None:
        raise SystemExit(f"{key} is in the store already; remove bench/.work and try again")
    return item


def digest(number: int) -> str:
    """What stands for the digest of a filled mail's bytes."""
    return sha256(str(number).encode()).hexdigest()


def asker(number: int) -> int:
    """Which client entered a ticket: every fifth ticket brings a new one, until there are 2,000."""
    known = number // 5
    return known if number % 5 == 0 and known < 2000 else number * 7919 % min(known + 1, 2000)


def message_id(number: int) -> str:
    """The Message-ID of a filled ticket's mail."""
    return f"<filled{number}@client.example>"


def answers(tickets: int) -> list[bytes]:
    """Replies to open tickets drawn by chance, each from the client who asked."""
    dice = Random(11)
    mails = []
    for turn in range(REPLIES):
        number = dice.randrange(tickets // 10) * 10  # the open ones
        text = " ".join(dice.choices(WORDS, k=60))
        mails.append(
            f"From: person{asker(number)}@client.example\r\nTo: {corpus.ADDRESS}\r\nSubject: Re: it\r\n"
            f"Message-ID: <answer{turn}@client.example>\r\nIn-Reply-To: {message_id(number)}\r\n"
            f"Date: Mon, 21 Sep 2026 14:18:11 +0000\r\n\r\n{text}\r\n".encode()
        )
    return mails


def match(home: Path, tickets: int) -> float:
    """Milliseconds a reply, of a whole fetch on a copy of the store."""
    copy = work.WORK / f"{home.name}-copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy)
    box = work.fresh(f"mails-{home.name}")
    corpus.into_maildir(box / "Maildir", answers(tickets))
    start = [str(work.HELPDESK), "--config", str(copy / "helpdesk.toml")]
    took = work.timed([*start, "fetch-mail"])
    if work.outcomes(start)["replied"] != REPLIES:
        sys.exit(f"of {REPLIES} replies some did not find their ticket: {work.outcomes(start)}")
    return took.wall / REPLIES * 1000


def whole(command: list[str]) -> float:
    """Milliseconds of a whole command."""
    began = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def queries(home: Path, tickets: int, runs: int) -> dict[str, float]:
    """Microseconds of the queries alone, medians."""
    from helpdesk_cli.config import load
    from helpdesk_cli.store import facts, lists, open_engine
    from helpdesk_cli.store import tickets as store

    engine = open_engine(load(str(home / "helpdesk.toml")).store.url)
    dice = Random(13)
    with engine.read() as tx:

        def show() -> None:
            number = FIRST_NUMBER + dice.randrange(tickets)
            lists.ticket(tx, number)
            store.messages(tx, number)
            store.events(tx, number)

        cases: dict[str, Callable[[], object]] = {
            "match a reply": lambda: facts.by_message_ids(tx, [message_id(dice.randrange(tickets))]),
            "list the newest 50": lambda: lists.tickets(
                tx, lists.Wanted(states=("open", "waiting"), limit=50)
            ),
            "show a ticket": show,
        }
        found = {}
        for name, case in cases.items():
            times = []
            for _ in range(runs * 10):
                began = time.perf_counter()
                case()
                times.append((time.perf_counter() - began) * 1e6)
            found[name] = median(times)
    engine.close()
    return found


def main() -> None:
    """Fill, measure by turns, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=15)
    chosen = parser.parse_args()
    sizes = (chosen.small, chosen.large)
    homes = {size: filled(size) for size in sizes}
    took: dict[str, dict[int, list[float]]] = {}

    def note(name: str, size: int, value: float) -> None:
        took.setdefault(name, {}).setdefault(size, []).append(value)

    for turn in range(chosen.runs):
        for size, home in homes.items():
            start = [str(work.HELPDESK), "--config", str(home / "helpdesk.toml"), "ticket"]
            number = str(FIRST_NUMBER + Random(turn).randrange(size))
            note(
                "list the newest 50, whole command, ms",
                size,
                whole([*start, "list", "--limit", "50", "--json"]),
            )
            note("show a ticket, whole command, ms", size, whole([*start, "show", number, "--json"]))
            if turn < 5:
                note(f"match a reply, of a fetch of {REPLIES}, ms", size, match(home, size))
    for size, home in homes.items():
        for name, value in queries(home, size, chosen.runs).items():
            note(f"{name}, the query alone, µs", size, value)
    print(f"| | {sizes[0]} tickets | {sizes[1]} tickets | ratio |\n|---|---|---|---|")
    for name, values in took.items():
        small, large = (median(values[size]) for size in sizes)
        print(f"| {name} | {small:.1f} | {large:.1f} | {large / small:.2f} |")


if __name__ == "__main__":
    main()
