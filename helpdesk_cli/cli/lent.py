"""The first steps of a process that somebody started by sudo or doas: nothing of theirs steers it."""

import os
import re
import sys

from helpdesk_cli.cli import front
from helpdesk_cli.errors import NotAllowed
from helpdesk_cli.services.lending import SIGNS, is_lent

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,60}")


def enter() -> None:
    """Forget the caller's environment and folder, and open nothing for them. Raises NotAllowed.

    Nothing is done where root lends the account, as for ``sudo -u helpdesk helpdesk cron``.
    """
    if not is_lent():
        return
    named = next((name for name in os.environ if name.startswith(("HELPDESK_", "_HELPDESK_"))), None)
    if named is not None:
        raise NotAllowed(f"{named}: only the store's owner and root choose the configuration and who acts")
    front.held = front.Lent()
    _forget()
    os.chdir("/")
    os.umask(0o077)
    sys.path[:] = [place for place in sys.path if place.startswith("/")]


def _forget() -> None:
    import pwd

    kept = {name: os.environ[name] for name in SIGNS if name in os.environ}
    for name in ("TERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE"):
        value = os.environ.get(name, "")
        if _PLAIN.fullmatch(value):
            kept[name] = value
    account = pwd.getpwuid(os.geteuid())
    os.environ.clear()
    os.environ.update(kept, PATH=PATH, HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
