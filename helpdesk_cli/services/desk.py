"""The desk that every service works at: its settings, store, clock, dice, key and who acts."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from helpdesk_cli.domain.people import SYSTEM_ACTOR, Actor
from helpdesk_cli.errors import BadConfig, NotAllowed
from helpdesk_cli.settings import Settings
from helpdesk_cli.store import open_engine, people
from helpdesk_cli.store.engine import Engine, Tx


def now() -> str:
    """This moment, as the store writes it."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Desk(Struct, frozen=True, kw_only=True):
    """What a service needs to do its work; the clock and the dice are told so that tests can tell them."""

    settings: Settings
    engine: Engine
    key: bytes
    actor: Actor = SYSTEM_ACTOR
    clock: Callable[[], str] = now
    dice: Callable[[int], bytes] = os.urandom

    def message_tags(self) -> tuple[str, ...]:
        """The subject tags that lead to a ticket, today's first."""
        return (self.settings.desk.subject_tag, *self.settings.desk.old_subject_tags)


@contextmanager
def open_desk(
    config: str | None = None, *, login: str | None = None, is_job: bool = False, is_upkeep: bool = False
) -> Iterator[Desk]:
    """The desk of a configuration, with the store open and the actor known.

    ``login`` names who acts (``--as``); jobs act as the system. With ``is_upkeep`` the store's owner, whom
    nobody named, acts as an admin whoever they are on the desk. Raises BadConfig, NotAllowed.
    """
    from helpdesk_cli.config import load
    from helpdesk_cli.config.credentials import read_key

    settings = load(config)
    key = read_key(settings.desk.secret_file)
    engine = open_engine(settings.store.url)
    if not engine.exists():
        raise BadConfig(
            f"{settings.source}: store.url: there is no store at {settings.store.url}; 'helpdesk init' makes one"
        )
    try:
        if is_job:
            actor = SYSTEM_ACTOR
        else:
            with engine.read() as tx:
                named = login or os.environ.get("HELPDESK_STAFF") or ""
                actor = acting(tx, settings, named, is_upkeep=is_upkeep)
        yield Desk(settings=settings, engine=engine, key=key, actor=actor)
    finally:
        engine.close()


def acting(tx: Tx, settings: Settings, named: str, *, is_upkeep: bool = False) -> Actor:
    """Who acts: the one who was named, where the caller may name somebody, else the caller.

    Only the store's owner and root may name another, and not who borrows the owner's account by sudo.
    Where no active admin exists, the owner is one, so that a desk can be set up. Raises NotAllowed with
    what to do.
    """
    is_owner = owns_store(settings.store.url)
    lent = lent_to() if is_owner else ""
    caller = lent or own_login()
    if named and named != caller and (not is_owner or (lent and not is_root())):
        raise NotAllowed(f"--as {named}: only the store's owner and root may act as somebody else")
    login = named or caller
    is_admin = (
        is_owner
        and login == caller
        and ((is_upkeep and not named and (not lent or is_root())) or not people.has_admin(tx))
    )
    staff = people.staff_by_login(tx, login)
    if staff is not None and staff.retired_at is None:
        return Actor(login=staff.login, is_admin=staff.is_admin or is_admin, staff=staff)
    if is_admin:
        return Actor(login=login, is_admin=True)
    if staff is not None:
        raise NotAllowed(f"{login}: this staff member has retired")
    raise NotAllowed(
        f"{login}: no staff member of this desk has that login; an admin adds one with "
        f"'helpdesk staff new {login} --name … --email …', or name one with --as LOGIN"
    )


def owns_store(url: str) -> bool:
    """Whether this process runs as the owner of the store's file, or as root; without owners, yes."""
    if not hasattr(os, "geteuid") or is_root():
        return True
    try:
        return os.stat(url.removeprefix("sqlite:")).st_uid == os.geteuid()  # noqa: PTH116
    except OSError:
        return False


def is_root() -> bool:
    """Whether this process may do anything."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def lent_to() -> str:
    """The login of who borrows this account by sudo or doas; "" for its own user and for root.

    Anybody can set these variables: believe them only where this account has more power than the caller's.
    """
    login = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER") or ""
    return "" if not hasattr(os, "geteuid") or login in ("root", own_login()) else login


def own_login() -> str:
    """The login of the account that this process belongs to."""
    if not hasattr(os, "getuid"):
        return os.environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
