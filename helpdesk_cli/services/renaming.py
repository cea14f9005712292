"""Slugs that the configuration calls otherwise than before: what stands in the store follows, once."""

from zlib import crc32

from msgspec import json

from helpdesk_cli.settings import Settings
from helpdesk_cli.store import renaming as rows
from helpdesk_cli.store.engine import Engine, Tx


def former(settings: Settings) -> list[tuple[str, str, str]]:
    """Each former slug: of which table, what it was, what it is."""
    return [
        (what, old, slug)
        for what in rows.ON_TICKETS
        for slug, entry in getattr(settings, what).items()
        for old in entry.formerly
    ]


def follow(settings: Settings, engine: Engine, at: str) -> int:
    """Let tickets, letters and staff follow a configuration with former slugs; how many tickets were renamed.

    Looked for once after each change of the former slugs, so that a command has but a number to compare. All of it is
    one transaction: nobody sees a desk that is half renamed.
    """
    names = former(settings)
    if not names:
        return 0
    mark = crc32(json.encode(sorted(names)))
    with engine.read() as tx:
        if rows.mark(tx) == mark:
            return 0

    def renamed(tx: Tx) -> int:
        count = sum(rows.rename(tx, what, old, new, at) for what, old, new in names)
        rows.note(tx, mark)
        return count

    return engine.transact(renamed)
