"""Which file is the configuration, and whether a file may be trusted.

On POSIX systems, macOS among them, the user's folder is ``$XDG_CONFIG_HOME`` or ``~/.config``, computed
here: that is where people look for the settings of ``git`` and ``gh``, and importing platformdirs to
learn it costs 16 ms, a third of a start. Windows asks platformdirs.
"""

import os

from helpdesk_cli.errors import BadConfig

SYSTEM_FILE = "/etc/helpdesk/helpdesk.toml"


def find(given: str | None = None) -> str:
    """Name the configuration file, as an absolute path.

    The first of: what was given (``--config``), ``HELPDESK_CONFIG``, the user's file if it is there, the
    system's if it is there. Never one of the current directory. Raises BadConfig where there is none; a
    file that was named is returned unseen.
    """
    named = given or os.environ.get("HELPDESK_CONFIG")
    if named:
        return os.path.abspath(named)  # noqa: PTH100 - pathlib costs start-up time
    places = [place for place in (user_file(), SYSTEM_FILE) if place]
    for place in places:
        if os.path.lexists(place):
            return place
    raise BadConfig(
        f"no configuration: looked for {' and '.join(places)}; "
        "write one with `helpdesk init`, or name one with --config FILE or HELPDESK_CONFIG"
    )


def user_file() -> str:
    """Name the user's own file, whether it is there or not; "" for a user without a home.

    Works without HOME, as cron may start us: the password database is asked then. What is not an
    absolute path is passed over, so that the current directory never decides.
    """
    if os.name != "posix":
        from platformdirs import user_config_dir

        return os.path.join(user_config_dir("helpdesk", appauthor=False), "helpdesk.toml")  # noqa: PTH118
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if not folder.startswith("/"):
        home = os.environ.get("HOME", "")
        if not home.startswith("/"):
            home = home_of_user()
        folder = f"{home.rstrip('/')}/.config" if home else ""
    return f"{folder.rstrip('/')}/helpdesk/helpdesk.toml" if folder else ""


def home_of_user() -> str:
    """Ask the password database for our home; "" where it knows us not."""
    from pwd import getpwuid

    try:
        home = getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""
    return home if home.startswith("/") else ""


def read_trusted(path: str, what: str, limit: int) -> tuple[bytes, bool]:
    """Read a file that only we or root could have written; the second value says whether others may read it.

    The open file is examined, not its name, so it cannot be exchanged in between. A file of root's that
    our group may read (0640) does not count as exposed: there is no other way to give a service its secret
    without letting it change the file.

    Raises BadConfig: not there, not readable, a folder, too large, written by others.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            state = os.fstat(file.fileno())
            if os.name == "posix":
                refuse_strangers(path, what, state)
            content = file.read(limit + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadConfig(f"{path}: cannot read {what}: {reason}") from None
    except ValueError:
        raise BadConfig(f"{path!r}: cannot read {what}: not a file name") from None
    if len(content) > limit:
        raise BadConfig(f"{path}: {what} is larger than {limit} bytes")
    return content, is_exposed(state)


def refuse_strangers(path: str, what: str, state: os.stat_result) -> None:
    """Raise BadConfig where somebody else could have put words into this file."""
    ours = os.geteuid()
    if state.st_uid not in (ours, 0):
        owner, we = name_of(state.st_uid), name_of(ours)
        raise BadConfig(
            f"{path}: {what} belongs to {owner}, not to you ({we}) or root, and could make you run "
            f"what {owner} wants; run: sudo -u {owner} helpdesk … or: chown {we} {path}"
        )
    if state.st_mode & 0o022:
        mode = f"{state.st_mode & 0o777:04o}"
        raise BadConfig(f"{path}: {what} may be written by others (mode {mode}); run: chmod go-w {path}")


def name_of(user: int) -> str:
    """Name a user by the login, else by the number as ``sudo -u`` takes it."""
    from pwd import getpwuid

    try:
        return getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"


def is_exposed(state: os.stat_result) -> bool:
    """Say whether others may read the file."""
    if os.name != "posix":
        return False
    if state.st_uid == 0 and os.geteuid() != 0:
        return bool(state.st_mode & 0o007)
    return bool(state.st_mode & 0o077)
