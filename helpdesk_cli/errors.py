"""Every failure that a person may meet, each with its sentence and its exit code.

The codes are those of the public face: 1 could not do it, 2 wrong usage, 3 not allowed, 4 no such
record, 69 a server was out of reach, 75 busy or disk full, 78 the configuration is wrong (69, 75 and
78 as in BSD's sysexits). One place catches these (``cli.app``); everything else only raises.
"""

from collections.abc import Iterable

RANKING = (78, 1, 75, 69)
"""Of several failures the first of these codes is the exit code."""


def ranked(codes: Iterable[int]) -> int:
    """The exit code of several failures."""
    known = list(codes)
    return next((code for code in RANKING if code in known), known[0] if known else 0)


def is_of_no_room(failure: OSError) -> bool:
    """Whether the disk is full, or somebody's share of it."""
    import errno

    return failure.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))  # Windows knows no shares


class DeskError(Exception):
    """A failure that can be told in one line; the text says what was wrong, where, and what is allowed."""

    exit_code = 1


class Failed(DeskError):
    """It could not be done, or not all of it."""


class Usage(DeskError):
    """The call's words are wrong: an empty text, two options that exclude each other."""

    exit_code = 2


class NotAllowed(DeskError):
    """This staff member may not do that."""

    exit_code = 3


class NotFound(DeskError):
    """No such ticket, client, staff member, message."""

    exit_code = 4


class Unreachable(DeskError):
    """A server could not be reached, or refused us (password, certificate); the next run tries again."""

    exit_code = 69


class Refused(Unreachable):
    """A server is there and does not let us in: credentials, certificate. Only a person can mend that."""


class StoreAway(Unreachable):
    """The database that keeps the records could not be reached, or the connection was lost."""


class Busy(DeskError):
    """The store is locked by another process, or the disk is full; try again later."""

    exit_code = 75


class BadConfig(DeskError):
    """The configuration is wrong. Holds every fault at once, a line each, with file and key."""

    exit_code = 78

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
