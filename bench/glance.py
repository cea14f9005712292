"""What one sees at a glance at 100,000 tickets: dashboard, board, next, and ticket list with each filter.

    .venv/bin/python bench/glance.py [--tickets 100000] [--open 10] [--runs 7]

A store as scale.py fills it, its tickets then spread over departments, people, priorities, stages and the last
weeks; so many of a hundred are open. Whole commands, run in turn, so that a busy moment of the machine meets all of
them; medians, and their ratios to ``python -c pass`` in the same run. Lists are of 50, as on a terminal.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import scale
import work
from startup import PYTHON, on_terminal, piped

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.store.engine import Tx, Value

DEPARTMENTS = ("support", "sales", "billing", "network", "hosting", "orders")
PEOPLE = tuple(f"person{number}" for number in range(20))
CATEGORIES = ("invoice", "password", "domain", "server", "order", "other")
MORE = """
[category.{slug}]
name = "{slug}"
"""
DEPARTMENT = """
[department.{slug}]
name = "{slug}"
address = "{slug}@desk.example"
"""

GLANCES = (
    "dashboard",
    "dashboard --department support",
    "board",
    "board --mine",
    "board --department orders",
    "ticket next",
)
"""What shows the whole desk, or one ticket of it."""

FILTERS = (
    "",
    "--stage in-progress",
    "--stage rejected",
    "--state waiting",
    "--state closed",
    "--state all",
    "--department orders",
    "--assignee person7",
    "--assignee none",
    "--client person123@client.example",
    "--priority urgent",
    "--category other",
    "--overdue",
    "--unanswered",
    "--search certificate",
    "--search certificate --state all",
    "--search invoice*",
    "--search nowhere --state all",
    "--since yesterday",
    "--until 2020-01-01 --state all",
    "--priority urgent --department orders --state closed",
    "--unanswered --overdue --assignee none",
    "--category other --assignee person7 --state all",
)
"""What is asked of ``ticket list``."""

SORTS = ("updated", "created", "number", "due", "subject", "client", "unanswered")


def desk(tickets: int, share: int) -> Path:
    """The folder of a desk with so many varied tickets; times are of today, so it is made anew each time."""
    home = work.WORK / f"glance-{tickets}-{share}"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(scale.filled(tickets), home)
    config = home / "helpdesk.toml"
    more = [DEPARTMENT.format(slug=slug) for slug in DEPARTMENTS[1:]]
    more += [MORE.format(slug=slug) for slug in CATEGORIES]
    config.write_text(config.read_text(encoding="utf-8") + "".join(more), encoding="utf-8")
    from helpdesk_cli.config import load
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.store import open_engine

    settings = load(str(config))
    opened = Desk(settings=settings, engine=open_engine(settings.store.url), key=b"k" * 32)
    hire(opened)
    with opened.engine.write() as tx:
        vary(tx, tickets, share)
    opened.engine.close()
    return home


def hire(opened: "Desk") -> None:
    """Staff, the first an admin, each in two departments."""
    from helpdesk_cli.services import members

    owner = replaced(opened)
    for place, login in enumerate(PEOPLE):
        role = "staff" if place else "admin"
        members.new_staff(owner, login, name=login.title(), email=f"{login}@staff.example", role=role)
        for step in (0, 1):
            members.join(owner, login, DEPARTMENTS[(place + step) % len(DEPARTMENTS)])


def replaced(opened: "Desk") -> "Desk":
    """The same desk with its owner at it."""
    from msgspec.structs import replace

    from helpdesk_cli.domain.people import Actor

    return replace(opened, actor=Actor(login="owner", is_admin=True))


def vary(tx: "Tx", tickets: int, share: int) -> None:
    """Spread the tickets, and let what came be of the last weeks, and what was sent too."""
    rows = list(varied(tickets, share))
    names = ", ".join(f"{name} = :{name}" for name in rows[0] if name != "number")
    tx.many(f"update ticket set {names} where number = :number", rows)
    tx.many(
        "update inbox set kept_at = :at, arrived_at = :at, settled_at = :at, outcome = :outcome where ticket = :ticket",
        ({"at": row["created_at"], "ticket": row["number"], "outcome": outcome(row)} for row in rows),
    )
    tx.many(
        "insert into letter (kind, state, ticket, recipient, recipient_key, message_id, next_attempt_at, created_at, "
        "sent_at) values ('acknowledgement', :state, :ticket, 'a@client.example', 'a@client.example', :id, :at, :at, "
        ":sent)",
        (letter(row) for row in rows),
    )


def outcome(row: "dict[str, Value]") -> str:
    number = int(row["number"])  # type: ignore[arg-type]
    return {0: "held", 1: "spam", 2: "failed"}.get(number % 1000, "replied" if number % 3 else "opened")


def letter(row: "dict[str, Value]") -> "dict[str, Value]":
    number, at = int(row["number"]), row["created_at"]  # type: ignore[arg-type]
    state = {0: "failed", 1: "uncertain", 2: "deferred"}.get(number % 1000, "sent")
    sent = at if state == "sent" else None
    return {"state": state, "ticket": number, "id": f"<letter{number}@desk.example>", "at": at, "sent": sent}


def varied(tickets: int, share: int) -> "Iterator[dict[str, Value]]":
    """What each ticket becomes, the newest of this minute."""
    dice, now = Random(17), time.time()

    def moment(seconds: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + seconds))

    for place in range(tickets):
        age = (tickets - place) * 60
        is_active = place % 100 < share
        stage = dice.choices(("new", "in-progress", "awaiting"), (5, 4, 1))[0]
        if not is_active:
            stage = dice.choices(("done", "cancelled", "rejected"), (980, 19, 1))[0]
        state = "waiting" if stage == "awaiting" else "open" if is_active else "closed"
        touched = moment(-age * dice.random())
        yield {
            "number": scale.FIRST_NUMBER + place,
            "stage": stage,
            "state": state,
            "is_active": int(is_active),
            "priority": dice.choices(("low", "normal", "high", "urgent"), (10, 80, 8, 2))[0],
            "department": dice.choices(DEPARTMENTS, (50, 25, 12, 8, 4, 1))[0],
            "category": dice.choices((*CATEGORIES, None), (20, 20, 20, 10, 5, 1, 24))[0],
            "assignee": None if dice.random() < 0.3 else dice.choice(PEOPLE),
            "created_at": moment(-age),
            "updated_at": touched,
            "closed_at": None if is_active else touched,
            "due_at": moment(dice.uniform(-2, 20) * 86400) if dice.random() < 0.6 else None,
            "unanswered_since": moment(-age) if is_active and dice.random() < 0.5 else None,
        }


def cases(home: Path) -> "dict[str, tuple[object, list[str]]]":
    """What is measured, by its name: how it is run, and its words."""
    start = [str(work.HELPDESK), "--config", str(home / "helpdesk.toml"), "--as", PEOPLE[0]]
    found: dict[str, tuple[object, list[str]]] = {"python -c pass": (piped, [PYTHON, "-c", "pass"])}
    for words in GLANCES:
        found[words] = (on_terminal, [*start, *words.split()])
    listing = [*start, "ticket", "list"]
    for words in FILTERS:
        found[f"ticket list {words}".strip()] = (on_terminal, [*listing, *words.split()])
    for sort in SORTS:
        found[f"ticket list --sort {sort}"] = (on_terminal, [*listing, "--sort", sort])
        name = f"ticket list --state all --sort {sort}"
        found[name] = (on_terminal, [*listing, "--state", "all", "--sort", sort])
    return found


def main() -> None:
    """Fill, measure by turns, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--open", type=int, default=10, help="of a hundred")
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    measured = cases(desk(chosen.tickets, chosen.open))
    took: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(chosen.runs + 1):
        for name, (run, command) in measured.items():
            took[name].append(run(command))  # type: ignore[operator]
    # The first round warms the caches and does not count.
    medians = {name: median(times[1:]) for name, times in took.items()}
    bare = medians["python -c pass"]
    print(f"| command, median of {chosen.runs} | ms | to python -c pass |\n|---|---|---|")
    for name, middle in medians.items():
        print(f"| {name} | {middle * 1000:.0f} | {middle / bare:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
