"""In whose hands a call's files, editor, pager and questions are: this process's, or those of somebody else.

Who works with the borrowed account of the store's owner must not reach what that account may read. So
whatever opens a file, an editor or a pager asks here first.
"""

import os
from typing import Protocol

from helpdesk_cli.errors import BadConfig, NotAllowed


class Front(Protocol):
    """The person at whose terminal a call was typed, where this process is not theirs."""

    def read(self, option: str, path: str) -> bytes:
        """The bytes of a file that the call names. Raises NotAllowed."""

    def edited(self, begun: str, about: str) -> str:
        """What the person writes in their editor."""

    def confirm(self, question: str) -> bool | None:
        """Whether the person says yes; None where they are asked on this process's own terminal."""

    def keep(self, text: str) -> str:
        """Keep a text that could not be saved; the remark that says where it is."""

    def page(self, text: str) -> bool:
        """Show a page that is longer than their screen; False where it goes to standard output, without a pager."""

    def save(self, name: str, kind: str, data: bytes) -> str:
        """Write a file into the folder that the call names; the path that it got."""


held: Front | None = None
"""Who is in front; None for this process's own person, as almost always."""


def only_here(what: str) -> None:
    """Hold that what reads or writes files by name is done with one's own rights. Raises NotAllowed."""
    if held is not None:
        raise NotAllowed(
            f"{what}: no file is opened for you with the rights of the store's owner; "
            "root or that account itself runs this"
        )


class Lent:
    """Somebody who called the program by sudo or doas themselves: nothing is opened for them by name."""

    def read(self, option: str, path: str) -> bytes:
        raise NotAllowed(
            f"{option} {path}: would be read with the rights of the store's owner; let [store] run_as read it "
            "with yours, or hand a text over on standard input (-F -)"
        )

    def edited(self, begun: str, about: str) -> str:  # noqa: ARG002
        raise NotAllowed("the editor would run as the store's owner, not as you; use -m TEXT or -F -")

    def confirm(self, question: str) -> None:  # noqa: ARG002
        return None

    def keep(self, text: str) -> str:
        return f"your text was not saved: {text[:4096]}"

    def page(self, text: str) -> bool:  # noqa: ARG002
        return False

    def save(self, name: str, kind: str, data: bytes) -> str:  # noqa: ARG002
        raise NotAllowed(
            "--save: would be written with the rights of the store's owner; let [store] run_as write it with yours"
        )


OWN_WORK = ("init", "demo", "completion", "schedule", "config path", "doctor", "receive")
"""Commands that need no store, or only the caller's own view of it."""


def run_for_others(config: str | None, place: str) -> str:
    """The configuration that may let another account run this command; "" almost always, which must cost nothing."""
    if place in OWN_WORK or not hasattr(os, "geteuid") or os.geteuid() == 0:
        return ""
    from helpdesk_cli.config.find import find

    try:
        path = find(config)
        with open(path, "rb") as file:  # noqa: PTH123
            return path if b"run_as" in file.read(1_000_000) else ""
    except (OSError, ValueError, BadConfig):
        return ""  # told by who needs it
