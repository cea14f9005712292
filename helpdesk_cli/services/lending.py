"""Who borrows the account that owns the store, by sudo or doas, and whether that can be believed."""

import os
from collections.abc import Mapping

from helpdesk_cli.errors import NotAllowed

SIGNS = ("SUDO_USER", "SUDO_UID", "DOAS_USER")
"""What sudo and doas leave in the environment of what they start."""


def borrower(environ: Mapping[str, str]) -> str:
    """The login of who borrows this account; "" for its own user, and where root lends it.

    Each of the two programs overwrites its own variables, but may pass on what looks like the other's: so
    both must name the same person, and sudo's login and number must be of one account. Raises NotAllowed.
    """
    sudo, number, doas = (environ.get(name, "") for name in SIGNS)
    if is_root():
        login = sudo or doas
    elif sudo or number:
        if (doas and doas != sudo) or number_of(sudo) != number:
            raise NotAllowed(
                "SUDO_USER, SUDO_UID and DOAS_USER do not name one person; call helpdesk by sudo or doas alone"
            )
        login = sudo
    else:
        login = doas
    return "" if login in ("", "root", own_login()) else login


def number_of(login: str) -> str:
    """An account's number, as sudo writes it; "?" where there is no such account."""
    import pwd

    try:
        return str(pwd.getpwnam(login).pw_uid)
    except KeyError:
        return "?"


def is_lent() -> bool:
    """Whether somebody else than root works with this account, which is not root's."""
    return not is_root() and bool(lent_to())


def is_root() -> bool:
    """Whether this process may do anything."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def lent_to() -> str:
    """The login of who borrows this account by sudo or doas; "" for its own user and for root.

    Anybody can set these variables: believe them only where this account has more power than the caller's.
    Raises NotAllowed where they contradict each other.
    """
    if not hasattr(os, "geteuid") or not any(os.environ.get(name) for name in SIGNS):
        return ""
    return borrower(os.environ)


def own_login() -> str:
    """The login of the account that this process belongs to."""
    if not hasattr(os, "getuid"):
        return os.environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
