"""A whole desk moved to another store: copied, proved to be the same, and only then made a store of its own."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.errors import Busy, Failed, NotAllowed, Unreachable, Usage
from helpdesk_cli.services.desk import Desk, engine_of
from helpdesk_cli.store import blobs, copying
from helpdesk_cli.store.copying import Bar, TableReport, unwatched
from helpdesk_cli.store.copying import TableSize as TableSize
from helpdesk_cli.store.engine import Engine, Row

ALLOWED = "--to takes sqlite:FILE or postgresql://USER@HOST/DATABASE"
SECRET = (
    "--to: a password on the command line is seen by everybody on this machine; leave it out of the address, "
    "and give it by [store] password_command, PGPASSWORD, ~/.pgpass or a service file"
)
AGAIN = "run this again: only what differs is copied"


class Moved(Struct, frozen=True, kw_only=True):
    """How a copy ended. ``failure`` is why the target is no store yet; None where it is one."""

    source: str
    target: str
    tables: list[TableReport]
    damaged: list[str]  # digests of mails and files that are not what they were, in both stores
    failure: Failed | None = None


def target_url(text: str) -> str:
    """The address of a store as somebody typed it, with an absolute path. Raises Usage."""
    from helpdesk_cli.config.check import check_store
    from helpdesk_cli.config.read import place_of_store
    from helpdesk_cli.domain.store_url import read
    from helpdesk_cli.settings import Store

    if not text.startswith("sqlite:") and not Store(url=text).is_postgres():
        is_file = text and text.isprintable() and not any(sign in text for sign in ":=?")
        raise Usage(f"--to {text}: for a file write --to sqlite:{text}" if is_file else ALLOWED)
    url = place_of_store(text, os.getcwd())  # noqa: PTH109
    store = Store(url=url)
    for fault in check_store(store, exposed=False):
        raise Usage(f"--to: {fault.text}")
    if store.is_postgres() and read(url).has_secret():
        raise Usage(SECRET)
    return url


def survey(desk: Desk, url: str) -> list[TableSize]:
    """How much would be copied. Raises Usage, NotAllowed, Failed as ``move`` does; changes nothing."""
    with _target(desk, url) as target:
        if not target.is_free():
            raise Failed(f"{target.place}: there is something already; name another")
        with desk.engine.read() as tx:
            return copying.survey(tx)


def move(desk: Desk, url: str, *, bar: Bar = unwatched) -> Moved:
    """Copy the desk to the store at an address of ``target_url``, or go on with a copy that did not end.

    Raises Usage where it is the same store, Failed where there is something else already, Busy where another
    copy is running, and what the databases answer. What differs in the end is told by the result.
    """
    with _target(desk, url) as target, desk.engine.lock("store copy") as is_first:
        if not is_first:
            raise Busy("another 'helpdesk store copy' of this desk is running")
        target.receive()
        with _going_on():
            damaged: list[str] = []

            def look(table: str, rows: Sequence[Row]) -> None:
                if table == "blob":
                    damaged.extend(_damaged(rows))

            tables = copying.copy(desk.engine, target, bar=bar, look=look)
            failure = _differing(tables) or _changed(desk, tables, bar)
            if failure is None:
                target.seal()
    return Moved(
        source=desk.engine.place, target=target.place, tables=tables, damaged=damaged, failure=failure
    )


@contextmanager
def _target(desk: Desk, url: str) -> Iterator[Engine]:
    """The store to copy to. Raises NotAllowed, Usage, and Failed where a desk is there already."""
    if not may_administer(desk.actor):
        raise NotAllowed("only an admin or the store's owner may copy the store, for it holds everything")
    if _is_same_file(desk.settings.store.url, url):
        raise Usage("--to names the desk's own store; name another")
    target = engine_of(desk.settings, url)
    try:
        yield target
    finally:
        target.close()


def _is_same_file(one: str, other: str) -> bool:
    """Whether two addresses lead to one file, whatever they call it."""
    if not one.startswith("sqlite:") or not other.startswith("sqlite:"):
        return False
    one, other = one.removeprefix("sqlite:"), other.removeprefix("sqlite:")
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except OSError:
        return False  # there is none


def _damaged(rows: Sequence[Row]) -> Iterator[str]:
    """Which of the rows of kept bytes are not what their name says."""
    for name, _, codec, data in rows:
        assert isinstance(data, bytes)
        if not blobs.is_sound(str(name), str(codec), data):
            yield str(name)


@contextmanager
def _going_on() -> Iterator[None]:
    """Say of what ended a copy in the middle that nothing is lost."""
    try:
        yield
    except (Busy, Unreachable) as error:
        raise type(error)(f"{error}; {AGAIN}") from None


def _differing(tables: Sequence[TableReport]) -> Failed | None:
    """What to say of a copy that is not the same."""
    told = [
        f"{one.name} has {one.rows:,} rows here and {one.target_rows:,} there"
        if one.rows != one.target_rows
        else f"{one.name} has other values"
        for one in tables
        if not one.agrees
    ]
    return Failed(f"the copy differs: {', '.join(told)}; {AGAIN}") if told else None


def _changed(desk: Desk, tables: Sequence[TableReport], bar: Bar) -> Failed | None:
    """What to say where the desk went on while it was copied."""
    names = copying.changed(desk.engine, tables, bar=bar)
    if not names:
        return None
    return Failed(
        f"the desk changed while it was copied ({', '.join(names)}); stop its crontab, on every host, and {AGAIN}"
    )
