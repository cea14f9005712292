"""Messages a second: this program and its peers on the same mails, one after the other, as whole commands.

    .venv/bin/python bench/ingest.py [--count 2000] [--rounds 3] [--only WORD ...]

Everything is committed to disk when a command ends; a contestant that did not take in every message is
told. The figure is the median over the rounds; the ratio is this program's to the peer's, over the
same way in (files for Roundup and django-helpdesk, IMAP for getmail6).
"""

import argparse
from contextlib import ExitStack
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


def measure(contestant: Any, boxes: Mails, count: int) -> float:
    """Messages a second of one round."""
    contestant.prepare(boxes)
    took = contestant.run()
    taken = contestant.taken()
    short = "" if taken == count else f"   took in {taken} of {count}!"
    print(f"{contestant.name:40} {took:8.2f} s {count / took:8.1f} messages/s{short}", flush=True)
    return float(count / took)


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
    rates: dict[str, list[float]] = {}
    for _ in range(chosen.rounds):
        with ExitStack() as stack:
            server = stack.enter_context(running())
            for contestant in (
                Helpdesk(),
                Roundup(),
                DjangoHelpdesk(),
                HelpdeskImap(server),
                Getmail(server),
            ):
                if not chosen.only or any(word in contestant.name for word in chosen.only):
                    rate = measure(contestant, boxes, chosen.count)
                    rates.setdefault(contestant.name, []).append(rate)
    print(f"\n| contestant | messages/s, median of {chosen.rounds} | helpdesk is faster by |\n|---|---|---|")
    for name, measured in rates.items():
        ours = rates.get(HelpdeskImap.name if "IMAP" in name else Helpdesk.name)
        ratio = f"{median(ours) / median(measured):.1f}x" if ours else ""
        print(f"| {name} | {median(measured):.0f} | {'' if name.startswith('helpdesk') else ratio} |")


if __name__ == "__main__":
    main()
