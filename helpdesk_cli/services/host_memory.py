"""What this host remembers by itself: the troubles that keep it from the store, or from its configuration.

A small file in the user's folder for the state of programs. Where nothing can be written nothing is
remembered, and everything is told: to hear too much is better than nothing.
"""

import os
from collections.abc import Collection, Sequence

from msgspec import MsgspecError, json

from helpdesk_cli.domain.trouble import CONFIGURATION, Judged, Met, Trouble, judge
from helpdesk_cli.errors import BadConfig
from helpdesk_cli.services.desk import now

STORE = "the store"


def settle(config: str | None, met: Sequence[Met], *, can_write: bool = False) -> Judged:
    """End a run that could not get at the store for what it ``met``; with nothing, one that could."""
    path = _place(config)
    if not met and not (path and os.path.lexists(path)):
        return Judged()
    well: Collection[str] = () if met else (STORE, CONFIGURATION)
    rows = {row.what: row for row in _read(path)}
    judged = judge(rows.values(), met, well, now(), can_write=can_write)
    for what in judged.gone:
        rows.pop(what, None)
    rows |= {row.what: row for row in judged.rows}
    if not _keep(path, list(rows.values())):
        judged.told += judged.quiet
        judged.codes += [each.code for each in met]
        judged.quiet = []
    return judged


def _place(config: str | None) -> str:
    """The file of this desk; "" where there is no folder for it. No module for digests is loaded for its name."""
    from zlib import crc32

    from helpdesk_cli.config.find import find

    try:
        name = find(config)
    except BadConfig:
        name = ""
    folder = _folder()
    return os.path.join(folder, f"trouble-{crc32(os.fsencode(name)):08x}.json") if folder else ""  # noqa: PTH118


def _folder() -> str:
    if os.name != "posix":
        from platformdirs import user_state_dir

        return user_state_dir("helpdesk", appauthor=False)
    from helpdesk_cli.config.find import home_of_user

    folder = os.environ.get("XDG_STATE_HOME", "")
    if folder.startswith("/"):
        return f"{folder.rstrip('/')}/helpdesk"
    home = os.environ.get("HOME", "")
    home = home if home.startswith("/") else home_of_user()
    return f"{home.rstrip('/')}/.local/state/helpdesk" if home else ""


def _read(path: str) -> list[Trouble]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return json.decode(file.read(1_000_000), type=list[Trouble])
    except (OSError, ValueError, MsgspecError):
        return []  # never written, or not by us


def _keep(path: str, rows: list[Trouble]) -> bool:
    """Write what is remembered, whole or not at all; with nothing to remember, no file."""
    try:
        if not path:
            return False
        if not rows:
            if os.path.lexists(path):
                os.unlink(path)  # noqa: PTH108
            return True
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        handle = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.encode(rows))
        os.replace(f"{path}.new", path)  # noqa: PTH105
    except OSError:
        return False
    return True
