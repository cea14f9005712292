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
def open_desk(config: str | None = None, *, login: str | None = None, is_job: bool = False) -> Iterator[Desk]:
    """The desk of a configuration, with the store open and the actor known.

    ``login`` names who acts (``--as``); jobs act as the system. Raises BadConfig, NotAllowed.
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
                actor = acting(tx, settings, login or os.environ.get("HELPDESK_STAFF") or "")
        yield Desk(settings=settings, engine=engine, key=key, actor=actor)
    finally:
        engine.close()


def acting(tx: Tx, settings: Settings, named: str) -> Actor:
    """Who acts: the one who was named, where the caller may name somebody, else the caller.

    Only the store's owner and root may name another. Where no active admin exists, the owner is one, so
    that a new desk can be set up. Raises NotAllowed with what to do.
    """
    caller = caller_login()
    is_owner = owns_store(settings.store.url)
    if named and named != caller and not is_owner:
        raise NotAllowed(f"--as {named}: only the store's owner and root may act as somebody else")
    login = named or caller
    staff = people.staff_by_login(tx, login)
    if staff is not None and staff.retired_at is None:
        return Actor(login=staff.login, is_admin=staff.is_admin, staff=staff)
    if is_owner and not named and not people.has_admin(tx):
        return Actor(login=login, is_admin=True)
    if staff is not None:
        raise NotAllowed(f"{login}: this staff member has retired")
    raise NotAllowed(
        f"{login}: no staff member of this desk has that login; an admin adds one with "
        f"'helpdesk staff new {login} --name … --email …', or name one with --as LOGIN"
    )


def owns_store(url: str) -> bool:
    """Whether the caller owns the store's file, or is root; on systems without owners, yes."""
    if not hasattr(os, "geteuid"):
        return True
    if os.geteuid() == 0:
        return True
    try:
        return os.stat(url.removeprefix("sqlite:")).st_uid == os.geteuid()  # noqa: PTH116
    except OSError:
        return False


def caller_login() -> str:
    """The login of the person at the terminal; under sudo the one who called it."""
    sudo = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER")
    if sudo and hasattr(os, "geteuid"):
        return sudo
    if hasattr(os, "geteuid"):
        import pwd

        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            return str(os.geteuid())
    return os.environ.get("USERNAME", "")
