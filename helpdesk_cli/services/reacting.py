"""Rules that answer an event, within the transaction in which it happens."""

from collections.abc import Callable
from typing import TypeVar

from helpdesk_cli.domain.ticket import Change
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store.engine import Tx

Recorded = TypeVar("Recorded")


def answered(
    tx: Tx,  # noqa: ARG001
    desk: Desk,  # noqa: ARG001
    change: Change,  # noqa: ARG001
    recorded: Recorded,
    save: Callable[[Tx, Desk, Change], Recorded],  # noqa: ARG001
) -> Recorded:
    """What the rules make of a change that was just recorded; the ticket as it is then."""
    return recorded
