"""What every rule of time promises, the site's own and the built-in ones."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from helpdesk_cli.store.engine import Tx


class Row(Struct, frozen=True, kw_only=True):
    """A rule as lists show it, in words; how often it did its work, on a ticket each, and when last."""

    name: str
    builtin: bool
    enabled: bool
    when: str
    if_: str
    then: str
    fired: int = 0
    fired_at: str | None = None


class Report(Struct, kw_only=True):
    """What a run did with one rule. ``left`` are tickets that wait for the next run; ``then`` says what is done."""

    name: str
    builtin: bool
    then: str
    fired: int = 0
    left: int = 0
    error: str | None = None
    tickets: list[int] = []


class Task(Protocol):
    """A rule of time at work in one run."""

    row: Row

    def due(self, tx: Tx, at: str) -> list[int]:
        """The tickets on which it would do its work at a moment, in the order in which it does it."""
        ...

    def fire(self, tx: Tx, numbers: Sequence[int], at: str) -> list[int]:
        """Do the work on some of these, as far as it is still to be done, and note that; on which it was done.

        May be called more than once for the same tickets, where a unit of work is done anew.
        """
        ...

    def complaints(self) -> list[str]:
        """What somebody should know of the run, a line each."""
        ...
