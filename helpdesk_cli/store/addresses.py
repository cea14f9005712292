"""How well a client's address takes mail: bounces count against it and are forgotten after quiet days."""

from helpdesk_cli.domain.moments import seconds_between
from helpdesk_cli.store.engine import Tx

GIVEN_UP = 5.0
"""From that score on nothing automatic goes to an address (Mailman's threshold)."""

FORGOTTEN_AFTER_DAYS = 7


def count_bounce(tx: Tx, address: str, score: float, at: str) -> bool:
    """Count a bounce, at most one a day; a week without one starts anew. Whether it is the one too many."""
    day = at[:10]
    row = tx.row(
        "select bounce_score, bounced_at from client_address where address = :address", address=address
    )
    if row is None or (row[1] and str(row[1])[:10] == day):
        return False
    stale = row[1] is not None and seconds_between(str(row[1]), at) > FORGOTTEN_AFTER_DAYS * 86400
    before = 0.0 if stale else float(row[0] or 0)
    tx.put(
        "update client_address set bounce_score = :score, bounced_at = :at where address = :address",
        score=before + score,
        at=at,
        address=address,
    )
    return before < GIVEN_UP <= before + score


def is_given_up(tx: Tx, address: str, week_ago: str) -> bool:
    """Whether an address bounced so often that automatic mail to it is off."""
    row = tx.row(
        "select 1 from client_address where address = :address and bounce_score >= :limit and bounced_at >= :since",
        address=address,
        limit=GIVEN_UP,
        since=week_ago,
    )
    return row is not None
