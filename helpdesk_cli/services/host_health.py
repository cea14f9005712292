"""How a shared host is (``[store] run_as``): whether staff are let through, and kept from what is the owner's."""

import os
from collections.abc import Iterator

from helpdesk_cli.errors import BadConfig
from helpdesk_cli.services.findings import FAIL, Check, failed, warning
from helpdesk_cli.services.lending import is_root
from helpdesk_cli.settings import Settings

ON_BEHALF = "--on-behalf"
"""The one word with which the owner's side is started, so that sudo can allow exactly that."""

ANSWER = "the request on standard input"
"""How the owner's side begins its answer where nothing was sent."""

GUIDE = "see the manual, how-to/shared-host.md"

TRY_SECONDS = 20.0


def way_to(owner: str) -> list[str]:
    """The words that start the owner's side. Raises BadConfig where neither sudo nor doas is there."""
    from shutil import which

    from helpdesk_cli.services.placing import program

    gate = which("sudo") or which("doas")
    if gate is None:
        raise BadConfig(f"store.run_as: neither sudo nor doas is installed; {GUIDE}")
    words = program()
    if len(words) > 1:
        raise BadConfig("store.run_as: call helpdesk by the path of its script, which sudo can allow")
    return [gate, "-n", "-u", owner, "--", *words, ON_BEHALF]


def is_served(settings: Settings) -> bool:
    """Whether another account runs the commands of who asks."""
    login = settings.store.run_as
    return bool(login) and hasattr(os, "geteuid") and not is_root() and _number(login) != os.geteuid()


def of_shared_host(settings: Settings) -> Iterator[Check]:
    """What can be known of the host from where the caller stands: as one of staff, as the owner, or as root."""
    login = settings.store.run_as
    if not login or not hasattr(os, "geteuid"):
        return
    if _number(login) is None:
        text = f"there is no account {login!r} on this machine"
        yield Check(name="run_as", level=FAIL, text=text, hint=f"useradd --system {login}", code=78)
    elif is_served(settings):
        yield from _let_through(login)
        yield from _kept_away(settings)
    else:
        yield from _read_by_staff(settings.source)
        yield from _owned(settings, login)
        yield from _not_theirs()


# As one of staff


def _let_through(login: str) -> Iterator[Check]:
    """Whether sudo or doas starts the owner's side for us. It gets no request, and says so."""
    import subprocess

    try:
        words = way_to(login)
    except BadConfig as failure:
        yield from failed("run_as", failure)
        return
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=TRY_SECONDS, check=False, cwd="/"
        )
        said = done.stderr.decode("utf-8", "replace").strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        said = f"{words[0]}: {error}"
    if ANSWER in said:
        yield Check(name="run_as", text=f"{login} runs your commands")
        return
    text = (said.splitlines() or ["it ended without a word"])[-1]
    yield Check(name="run_as", level=FAIL, text=text, hint=_rule_of(words, login), code=3)


def _rule_of(words: list[str], login: str) -> str:
    """What root writes so that sudo or doas, whichever we call, lets us through."""
    gate, (script, word) = os.path.basename(words[0]), words[-2:]  # noqa: PTH119
    if gate == "doas":
        return f"root allows it in /etc/doas.conf: permit nopass :GROUP as {login} cmd {script} args {word}"
    return f"root allows it in sudo's file: %GROUP ALL=({login}) NOPASSWD: {script} {word}"


def _kept_away(settings: Settings) -> Iterator[Check]:
    """Whether what is the owner's is closed to us."""
    for name, path in _secrets(settings):
        if os.access(path, os.R_OK):
            text = f"{path}: you can read it"
            hint = f"chown {settings.store.run_as} {path}; chmod 600 {path}"
            yield Check(name=name, level=FAIL, text=text, hint=hint, code=1)
    hint = f"root looks at the rest: sudo -u {settings.store.run_as} helpdesk doctor"
    yield Check(name="store", text="is the owner's; you cannot look at it from here", hint=hint)


# As the owner, or root


def _read_by_staff(path: str) -> Iterator[Check]:
    """Whether staff can read the configuration, and believe it: it is root's, and nobody else writes it."""
    state = os.stat(path)  # noqa: PTH116
    if state.st_uid != 0:
        text = f"{path}: is not root's, so the program of staff refuses it"
        yield warning("run_as", text, f"chown root {path}; chmod 644 {path}")
    elif not state.st_mode & 0o044:
        yield warning("run_as", f"{path}: staff cannot read it", f"chmod 644 {path}")
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    while True:
        if not os.stat(folder).st_mode & 0o011:  # noqa: PTH116
            text = f"{path}: staff cannot reach it, for {folder} is closed to them"
            yield warning("run_as", text, "let it be /etc/helpdesk/helpdesk.toml")
        if folder == os.path.dirname(folder):  # noqa: PTH120
            return
        folder = os.path.dirname(folder)  # noqa: PTH120


def _owned(settings: Settings, login: str) -> Iterator[Check]:
    """Whether key and store are that account's. That others cannot read them is looked at elsewhere."""
    for name, path in _secrets(settings):
        try:
            owner = os.stat(path).st_uid  # noqa: PTH116
        except OSError:
            continue
        if owner != _number(login):
            text = f"{path}: does not belong to {login}, who shall work with it"
            yield Check(name=name, level=FAIL, text=text, hint=f"chown {login} {path}", code=78)


def _not_theirs() -> Iterator[Check]:
    """Whether only root writes the program that sudo starts."""
    from helpdesk_cli.services.placing import program

    words = program()
    if len(words) > 1:
        text = "sudo can allow a script alone, not python -m helpdesk_cli"
        yield warning("run_as", text, "install helpdesk, and call it by its path")
        return
    script = os.path.realpath(words[0])
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    for place in dict.fromkeys((script, os.path.dirname(script), ours)):  # noqa: PTH120
        state = os.stat(place)  # noqa: PTH116
        if state.st_uid != 0 or state.st_mode & 0o022:
            text = f"{place}: somebody else than root may change the program that sudo starts"
            yield warning("run_as", text, f"chown root {place}; chmod go-w {place}")


def _secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    """The files that staff must not read, each with its name among the checks."""
    yield "key", settings.desk.secret_file
    if path := settings.store.file():
        yield "store", path
    for table in ("transport", "mailbox"):
        for slug, server in getattr(settings, table).items():
            if server.password_file:
                yield f"{table}.{slug}", server.password_file


def _number(login: str) -> int | None:
    import pwd

    try:
        return pwd.getpwnam(login).pw_uid
    except (KeyError, ValueError):
        return None
