"""Tickets on which mails go to and fro as no two people write: nothing automatic answers on them for a day."""

from collections.abc import Sequence

from helpdesk_cli.domain.moments import later
from helpdesk_cli.settings import Rate

QUIET_SECONDS = 86400
"""For so long after the mail that was too much (as long as RFC 3834 lets a responder wait at least)."""


def since(rates: Sequence[Rate], at: str) -> str:
    """From when on mails matter."""
    return later(at, -QUIET_SECONDS - max((rate.seconds for rate in rates), default=0))


def is_restless(came: Sequence[str], rates: Sequence[Rate], at: str) -> bool:
    """Whether within the last day more mails came to a ticket in the time of a rate than the rate allows.

    ``came`` are the moments of its mails in the order of time.
    """
    lately = later(at, -QUIET_SECONDS)
    return any(
        came[place] >= lately and came[place - rate.count] > later(came[place], -rate.seconds)
        for rate in rates
        for place in range(rate.count, len(came))
    )
