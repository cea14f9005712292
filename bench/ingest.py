"""Messages a second: this program and its peers on the same mails, one after the other, as whole commands.

    .venv/bin/python bench/ingest.py [--count 2000] [--rounds 3] [--only WORD ...]

Everything is committed to disk when a command ends; a contestant that did not take in every message is
told. Figures are medians over the rounds; ratios are the peer's to this program's over the same way in
(files for Roundup and django-helpdesk, IMAP for getmail6). The processor's time, without Dovecot's, changes
less than the clock's where a machine has other work.
"""

import argparse
from statistics import median
from typing import Any

import corpus
import work
from dovecot import running
from peers import DjangoHelpdesk, Getmail, Helpdesk, HelpdeskImap, Mails, Roundup


def mails(count: int, seed: int) -> Mails:
    """The same mails as a Maildir and as an mbox file, made once."""
    home = work.WORK / f"mails-{count}-{seed}"
    if not (home / "mbox").exists():
        home = work.fresh(home.name)
        corpus.into_maildir(home / "Maildir", corpus.messages(count, seed))
        corpus.into_mbox(home / "mbox", corpus.messages(count, seed))
    return Mails(home / "Maildir", home / "mbox")


def measure(contestant: Any, boxes: Mails, count: int) -> work.Took:
    """One round of one contestant."""
    contestant.prepare(boxes)
    took: work.Took = contestant.run()
    taken = contestant.taken()
    short = "" if taken == count else f"   took in {taken} of {count}!"
    rate = f"{count / took.wall:8.1f} messages/s"
    print(
        f"{contestant.name:40} {took.wall:8.2f} s {took.cpu:8.2f} s of the processor {rate}{short}",
        flush=True,
    )
    return took


def table(rounds: dict[str, list[work.Took]], count: int) -> list[str]:
    """The medians, and how many times longer a peer takes for the same way in."""
    wall = {name: median(took.wall for took in measured) for name, measured in rounds.items()}
    cpu = {name: median(took.cpu for took in measured) for name, measured in rounds.items()}
    lines = [
        "| contestant | messages/s | takes longer by | processor, ms a message | by |",
        "|---|---|---|---|---|",
    ]
    for name in rounds:
        ours = HelpdeskImap.name if "IMAP" in name else Helpdesk.name
        is_peer = name != ours and ours in rounds
        longer = f"{wall[name] / wall[ours]:.1f}x" if is_peer else ""
        more = f"{cpu[name] / cpu[ours]:.1f}x" if is_peer else ""
        cost = cpu[name] / count * 1000
        lines.append(f"| {name} | {count / wall[name]:.0f} | {longer} | {cost:.1f} | {more} |")
    return lines


def main() -> None:
    """Run the rounds and print the medians and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="contestants whose name has one of these words")
    chosen = parser.parse_args()
    boxes = mails(chosen.count, chosen.seed)
    rounds: dict[str, list[work.Took]] = {}
    for _ in range(chosen.rounds):
        with running() as server:
            for contestant in (
                Helpdesk(),
                Roundup(),
                DjangoHelpdesk(),
                HelpdeskImap(server),
                Getmail(server),
            ):
                if not chosen.only or any(word in contestant.name for word in chosen.only):
                    took = measure(contestant, boxes, chosen.count)
                    rounds.setdefault(contestant.name, []).append(took)
    print("", *table(rounds, chosen.count), sep="\n")


if __name__ == "__main__":
    main()
