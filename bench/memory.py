"""Peak memory of fetching: a mailbox of 20,000 mails (below 150 MB), one mail of 50 MB (below six times it).

    .venv/bin/python bench/memory.py [--count 20000] [--size 50000000]

From a Maildir and from Dovecot; the largest process of the command counts, since large mails are parsed in
a child. The Maildir of 20,000 takes 1.1 GB below bench/.work.
"""

import argparse
import sys

import corpus
import work
from dovecot import PASSWORD, Dovecot, fill, running


def imap(server: Dovecot, user: str) -> str:
    """The lines of a mailbox table for this user of the server."""
    return (
        f'kind = "imap"\nhost = "127.0.0.1"\nport = {server.imap}\nsecurity = "none"\n'
        f'username = "{user}"\npassword = "{PASSWORD}"\nafter = "keep"\nmax_size = "100 MB"'
    )


def main() -> None:
    """Measure the four cases and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=50_000_000)
    chosen = parser.parse_args()
    many, one = work.fresh("mails-many"), work.fresh("mails-one")
    corpus.into_maildir(many, corpus.messages(chosen.count))
    corpus.into_maildir(one, [corpus.big(chosen.size)])
    cases = {f"{chosen.count} mails": many, f"one mail of {chosen.size / 1e6:.0f} MB": one}
    print("| fetched | from | peak MB | seconds |\n|---|---|---|---|")
    with running() as server:
        for user, (name, maildir) in enumerate(cases.items()):
            fill(server, f"user{user}", maildir)
            ways = {
                "Dovecot": imap(server, f"user{user}"),
                "Maildir": f'kind = "maildir"\npath = "{maildir}"\nmax_size = "100 MB"',
            }
            for way, mailbox in ways.items():
                start = work.desk("desk-memory", mailbox)
                seconds, most = work.peak([*start, "fetch-mail"])
                became = work.outcomes(start)
                if became["opened"] + became["replied"] != (chosen.count if maildir is many else 1):
                    sys.exit(f"{name} from {way}: not all became tickets and replies: {became}")
                print(f"| {name} | {way} | {most / 1e6:.0f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
