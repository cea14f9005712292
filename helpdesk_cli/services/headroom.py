"""How much room the store's disk has: with too little nothing is taken in."""

import os

from helpdesk_cli.errors import Busy
from helpdesk_cli.services.desk import Desk

HEADROOM = 64_000_000
"""Nothing is taken in with less free space than that; the mail is safer where it is."""


def check_headroom(desk: Desk) -> None:
    """Refuse to take in anything while the store's disk is nearly full. Raises Busy."""
    file = desk.settings.store.file()
    if not file:  # a server's disk is looked after by who runs the server
        return
    folder = os.path.dirname(file)  # noqa: PTH120
    free = free_bytes(folder)
    if free is not None and free < HEADROOM:
        raise Busy(
            f"{folder}: only {free // 1_000_000} MB are free, {HEADROOM // 1_000_000} are needed; nothing was fetched"
        )


def free_bytes(folder: str) -> int | None:
    """What is free on a folder's disk for us; None where the system does not say."""
    if not hasattr(os, "statvfs"):
        return None
    try:
        room = os.statvfs(folder or ".")
    except OSError:
        return None
    return room.f_bavail * room.f_frsize
