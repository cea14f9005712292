"""The desk that every service works at: its settings, store, clock, dice, key and who acts."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from helpdesk_cli.domain.people import SYSTEM_ACTOR, Actor
from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.errors import BadConfig, NotAllowed
from helpdesk_cli.services.lending import is_root, lent_to, own_login
from helpdesk_cli.settings import Settings
from helpdesk_cli.store import members, open_engine
from helpdesk_cli.store.engine import Engine, Tx

RENAMED = ("department", "stage", "priority", "category", "type")
"""The tables whose slugs may have had other names before."""

SKEW_SECONDS = 60
"""By more than that no host's clock may differ from the store's without somebody being told."""


def now(ahead: float = 0.0) -> str:
    """This moment, as the store writes it, by a clock that is so many seconds ahead of the one that counts."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ahead))


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

    ``login`` names who acts (``--as``); jobs act as the system, for those who may administer. With
    ``is_upkeep`` the store's owner, whom nobody named, acts as an admin whoever they are on the desk.
    Raises BadConfig, NotAllowed.
    """
    from helpdesk_cli.config import load
    from helpdesk_cli.config.credentials import read_key

    settings = load(config)
    key = read_key(settings.desk.secret_file)
    engine = engine_of(settings)
    try:
        if not engine.exists():
            raise BadConfig(
                f"{settings.source}: store.url: there is no store at {engine.place}; 'helpdesk init' makes one"
            )
        clock = clock_of(engine)
        if any(entry.formerly for table in RENAMED for entry in getattr(settings, table).values()):
            from helpdesk_cli.services import renaming

            renaming.follow(settings, engine, clock())
        if is_job and not login and not lent_to():
            actor = SYSTEM_ACTOR
        else:
            with engine.read() as tx:
                named = login or os.environ.get("HELPDESK_STAFF") or ""
                actor = acting(tx, settings, named, is_upkeep=is_upkeep or is_job)
            if is_job:
                actor = _of_jobs(actor)
        yield Desk(settings=settings, engine=engine, key=key, actor=actor, clock=clock)
    finally:
        engine.close()


def _of_jobs(actor: Actor) -> Actor:
    """Who a job acts as that somebody runs under their own name. Raises NotAllowed."""
    if not may_administer(actor):
        raise NotAllowed(f"{actor.login}: only an admin, the store's owner and root run the desk's jobs")
    return SYSTEM_ACTOR


def engine_of(settings: Settings, url: str = "") -> Engine:
    """The store of a configuration, or one at another address with the same command for its password.

    Opens nothing yet. Raises BadConfig where PostgreSQL's driver is not installed.
    """
    from msgspec.structs import replace

    store = replace(settings.store, url=url) if url else settings.store
    if not store.is_postgres():
        return open_engine(store.url)
    from helpdesk_cli.config.credentials import store_password
    from helpdesk_cli.config.databases import EXTRA, lacks_driver

    if lacks_driver():
        raise BadConfig(f"{settings.source}: store.url: {EXTRA}")
    return open_engine(store.url, store_password(store))


def clock_of(engine: Engine) -> Callable[[], str]:
    """The clock that all hosts of a desk share: the store's, by ours and by how much they differ now."""
    ahead = engine.ahead()
    return (lambda: now(ahead)) if ahead else now


def skew_of(engine: Engine) -> str:
    """What to say of this host's clock where it differs too much from the store's; else ""."""
    ahead = engine.ahead()
    if abs(ahead) <= SKEW_SECONDS:
        return ""
    how = "ahead of" if ahead > 0 else "behind"
    return f"the clock of {host_name()} is {abs(ahead):,.0f} seconds {how} the database's"


def skew_to_tell(desk: Desk) -> str:
    """The same for a job, which cron runs each minute: at most once a day and host, else "".

    Where there is something to tell, it is noted in the store that it was told.
    """
    words = skew_of(desk.engine)
    return words if words and once_a_day(desk, "clock-skew") else ""


def once_a_day(desk: Desk, kind: str) -> bool:
    """Whether this host told no such thing within a day; if so it is noted that it does now."""
    from helpdesk_cli.domain.moments import later
    from helpdesk_cli.store import tallies

    at, host = desk.clock(), host_name()

    def note(tx: Tx) -> bool:
        is_told = tallies.count(tx, kind, host, later(at, -86400)) > 0
        if not is_told:
            tallies.add(tx, kind, host, at)
        return not is_told

    return desk.engine.transact(note)


def host_name() -> str:
    """The name of this host."""
    import platform

    return platform.node()


def acting(tx: Tx, settings: Settings, named: str, *, is_upkeep: bool = False) -> Actor:
    """Who acts: the one who was named, where the caller may name somebody, else the caller.

    Only the store's owner and root may name another, and not who borrows the owner's account by sudo.
    Where no active admin exists, the owner is one, so that a desk can be set up. Raises NotAllowed with
    what to do.
    """
    is_owner = owns_store(settings)
    lent = lent_to() if is_owner else ""
    caller = lent or own_login()
    if named and named != caller and (not is_owner or (lent and not is_root())):
        owned = "store" if settings.store.file() else "key"
        raise NotAllowed(f"--as {named}: only the {owned}'s owner and root may act as somebody else")
    login = named or caller
    is_admin = (
        is_owner
        and login == caller
        and (not lent or is_root())
        and ((is_upkeep and not named) or not members.has_admin(tx))
    )
    staff = members.staff_by_login(tx, login)
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


def owns_store(settings: Settings) -> bool:
    """Whether this process runs as the owner of the store's file, or as root; without owners, yes.

    On a server no record belongs to an account of this host: there it is the owner of the desk's key.
    """
    if not hasattr(os, "geteuid") or is_root():
        return True
    try:
        owned = settings.store.file() or settings.desk.secret_file
        return os.stat(owned).st_uid == os.geteuid()  # noqa: PTH116
    except OSError:
        return False
