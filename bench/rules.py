"""What run-rules takes with 100,000 open tickets, 20 rules of time and 5 service levels.

    .venv/bin/python bench/rules.py [--tickets 100000] [--runs 7]

The store is filled through the program's own functions, as bench/scale.py fills it, but every ticket is open: entered
one a minute until now, of three departments, four priorities and 2,000 clients, every third one answered. Then whole
commands: the first run, which begins the clocks of all tickets and does what 20 rules and the built-in ones have to do;
and runs after it, which look through all of it and find nothing due. What fired is counted, and told if it is nothing.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

import scale
import work

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.store.engine import Tx

DEPARTMENTS, PRIORITIES = ("support", "sales", "billing"), ("low", "normal", "high", "urgent")
TOPICS = ("down", "invoice", "password", "printer", "Rückerstattung", "order", "delivery", "contract")

DESK = """\
[desk]
domain = "desk.example"

[operation]
awaiting_after = "{awaiting}d"
reminder_after = "400d"
inactive_after = "400d"

[transport.default]
kind = "null"

[mailbox.support]
kind = "pipe"
department = "support"

[department.support]
name = "Support"
address = "support@desk.example"
assignment = "off"
manager = "person0"

[department.sales]
name = "Sales"
address = "sales@desk.example"
assignment = "off"

[department.billing]
name = "Billing"
address = "billing@desk.example"
assignment = "off"

[category.topic]
name = "Topic"

[calendar.office]
timezone = "Europe/Berlin"
hours = ["mon-fri 08:00-12:00 13:00-17:00"]
holidays = ["DE-BY"]

[sla.gold]
name = "Gold"
calendar = "office"
clients = ["gold.example"]
first_response = {{ urgent = "1h", else = "4h" }}
next_response = {{ else = "8h" }}
resolution = {{ else = "5d" }}

[sla.organization]
name = "Organization"
calendar = "office"
organizations = ["Example Ltd"]
first_response = {{ else = "8h" }}
resolution = {{ else = "10d" }}

[sla.topic]
name = "Topic"
calendar = "office"
categories = ["topic"]
first_response = {{ else = "8h" }}

[sla.sales]
name = "Sales"
calendar = "office"
departments = ["sales"]
first_response = {{ else = "16h" }}
next_response = {{ else = "16h" }}

[sla.all]
name = "All"
first_response = {{ urgent = "4h", else = "2d" }}
resolution = {{ else = "100d" }}
"""


def rules() -> str:
    """Twenty rules of time: most ask for a text, an age and something more, one for an expression."""
    made = []
    for number, topic in enumerate(TOPICS):
        made.append(
            f'if = {{ subject = {{ contains = "{topic}" }}, priority = "{PRIORITIES[number % 4]}", '
            f'created_at = {{ older_than = "25d" }} }}\nthen = {{ priority = "{PRIORITIES[(number + 1) % 4]}" }}'
        )
    for number, department in enumerate(DEPARTMENTS):
        made.append(
            f'if = {{ department = "{department}", unanswered_since = {{ older_than = "3d" }}, '
            f'priority = "urgent", client.domain = "gold.example" }}\nthen = {{ notify = "department" }}'
        )
        made.append(
            f'if = {{ department = "{department}", tags = "t{number}", client_word_at = {{ older_than = "5d" }} }}\n'
            f'then = {{ tag = "cold", untag = "t{number}" }}'
        )
        made.append(
            f'if = {{ department = "{department}", assignee = "none", '
            f'created_at = {{ older_than = "{60 + number}d" }} }}\nthen = {{ assignee = "person{number}" }}'
        )
    made.append(
        'if = { client.organization = "Example Ltd", created_at = { older_than = "5d" } }\n'
        'then = { category = "topic" }'
    )
    made.append(
        'if = { subject = { matches = "^\\\\w+ \\\\w+ down$" }, priority = "low" }\nthen = { level = 2 }'
    )
    made.append(
        'if = { stage_since = { older_than = "68d" }, priority = { at_least = "normal" } }\n'
        'then = { stage = "in-progress" }'
    )
    assert len(made) == 20
    return "\n".join(f'[rule.r{place}]\nwhen = "time"\n{text}\n' for place, text in enumerate(made))


def filled(tickets: int) -> Path:
    """The folder of a desk with so many open tickets, made once."""
    home = work.WORK / f"rules-{tickets}"
    if not work.is_filled(home):
        work.fresh(home.name)
        days = tickets // 1440
        configure(home, DESK.format(awaiting=max(days, 1)))
        work.quietly([str(work.HELPDESK), "--config", str(home / "helpdesk.toml"), "init"])
        fill(home, tickets)
        configure(home, DESK.format(awaiting=max(days, 1)) + rules())
        work.note_filled(home)
    return home


def configure(home: Path, text: str) -> None:
    """Write a desk's configuration."""
    config = home / "helpdesk.toml"
    config.write_text(text, encoding="utf-8")
    config.chmod(0o600)


def fill(home: Path, tickets: int) -> None:
    """Enter the tickets, a thousand in a transaction; no level holds yet."""
    from msgspec.structs import replace

    from helpdesk_cli.config import load
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.members import join, new_staff
    from helpdesk_cli.store import open_engine

    settings = replace(load(str(home / "helpdesk.toml")), sla={}, rule={})
    desk = Desk(settings=settings, engine=open_engine(settings.store.url), key=b"k" * 32)
    for number in range(10):
        new_staff(
            desk,
            f"person{number}",
            name=f"Person {number}",
            email=f"person{number}@desk.example",
            role="staff",
        )
        join(desk, f"person{number}", DEPARTMENTS[number % 3])
    dice, began = Random(7), time.perf_counter()
    clients: list[int] = []
    for start in range(0, tickets, 1000):
        with desk.engine.write() as tx:
            for number in range(start, min(start + 1000, tickets)):
                enter(tx, desk, dice, number, tickets, clients)
    desk.engine.close()
    print(f"{tickets} tickets entered in {time.perf_counter() - began:.0f} s", flush=True)


def enter(tx: "Tx", desk: "Desk", dice: Random, number: int, tickets: int, clients: list[int]) -> None:
    """One open ticket; every third was answered, and has a second message."""
    from msgspec.structs import replace

    from helpdesk_cli.domain.ticket import (
        CLIENT,
        INBOUND,
        OUTBOUND,
        STAFF,
        Author,
        Joining,
        Message,
        opened,
        said,
    )
    from helpdesk_cli.services.changes import record
    from helpdesk_cli.store import people

    at = moment(number - tickets)
    who = scale.asker(number)
    name, email = f"client{who}", f"client{who}@{'gold' if who % 20 == 0 else 'client'}.example"
    if who == len(clients):
        organization = "Example Ltd" if who % 50 == 1 else None
        clients.append(people.add_client(tx, name, email, at, organization).id)
    client = clients[who]
    subject = f"{' '.join(dice.choices(scale.WORDS, k=2))} {dice.choice(TOPICS) if number % 3 else 'else'}"
    ticket = replace(
        scale.a_ticket(subject, client, at, is_closed=False),
        priority=dice.choice(PRIORITIES),
        department=dice.choice(DEPARTMENTS),
        assignee=None if number % 20 == 0 else f"person{number % 10}",
    )
    author = Author(role=CLIENT, name=name, email=email, client_id=client)
    words = Message(
        kind=INBOUND,
        author=author,
        at=at,
        subject=subject,
        new_text=" ".join(dice.choices(scale.WORDS, k=60)),
    )
    change = opened(ticket, words, "system", (Joining(address=email, client_id=client),))
    tags = (f"t{number % 3}",) if number % 10 == 0 else ()
    entered = record(tx, desk, replace(change, silent=True, tags=tags)).ticket
    if number % 3 == 0:
        staff = Author(role=STAFF, name="Person", staff="person1")
        answer = Message(kind=OUTBOUND, author=staff, at=moment(number - tickets, 600), new_text="Which one?")
        record(tx, desk, replace(said(entered, answer, "person1", "answered"), silent=True))


def moment(minutes: int, seconds: int = 0) -> str:
    """So many minutes from now, which is before it."""
    then = min(time.time() + minutes * 60 + seconds, time.time())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then))


def main() -> None:
    """Fill, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    home = filled(chosen.tickets)
    copy = work.WORK / f"{home.name}-copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy)
    start = [str(work.HELPDESK), "--config", str(copy / "helpdesk.toml")]
    first, report = run(start)
    run(start)  # what the rules made due for each other
    idle = []
    for _ in range(chosen.runs):
        took, again = run(start)
        idle.append(took)
        late = {rule["name"]: rule["fired"] for rule in again["rules"] if rule["fired"]}
        if late:
            print(f"something was due after all: {late}", file=sys.stderr)
    for rule in report["rules"]:
        print(f"{rule['name']}: {rule['fired']} ({rule['left']} left)", file=sys.stderr)
    fired = sum(rule["fired"] for rule in report["rules"])
    if not fired or not report["renewed"]:
        sys.exit(f"the first run did nothing: {report}")
    print("| run-rules, whole command | s | of the processor |\n|---|---|---|")
    what = f"the first: {report['renewed']:,} tickets get clocks, rules change {fired:,}"
    print(f"| {what} | {first.wall:.1f} | {first.cpu:.1f} |")
    walls, cpus = median(took.wall for took in idle), median(took.cpu for took in idle)
    print(f"| nothing due, median of {chosen.runs} | {walls:.2f} | {cpus:.2f} |")


def run(start: list[str]) -> tuple[work.Took, Any]:
    """One run, and its report."""
    took = work.timed([*start, "run-rules", "--json"])
    return took, json.loads((work.WORK / "last-output.txt").read_text())


if __name__ == "__main__":
    main()
