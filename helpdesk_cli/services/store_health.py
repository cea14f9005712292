"""How the store is: there, sound, as safe as can be, and the same desk's as its key."""

import os
from collections.abc import Generator, Iterator

from helpdesk_cli.errors import Busy, DeskError
from helpdesk_cli.services.desk import Desk, skew_of
from helpdesk_cli.services.findings import FAIL, Check, failed, warning
from helpdesk_cli.settings import Settings
from helpdesk_cli.store.engine import Engine


def of_store(settings: Settings, engine: Engine) -> Generator[Check, None, bool]:
    """The store: there, sound, as safe as can be; the generator's value says whether it can be used."""
    try:
        if not engine.exists():
            hint = "helpdesk init makes it"
            text = f"{engine.place}: there is no store"
            yield Check(name="store", level=FAIL, text=text, hint=hint, code=78)
            return False
        faults = engine.verify()
        facts = engine.facts()
    except DeskError as failure:
        yield from failed("store", failure)
        return False
    for fault in faults:
        hint = "keep a copy, then put the last backup back"
        yield Check(name="store", level=FAIL, text=f"{engine.place}: {fault}", hint=hint, code=1)
    if not faults:
        yield Check(name="store", text=f"{engine.place}: sound; {in_words(facts)}")
    if settings.store.is_postgres():
        yield from of_server(settings.store.url, facts)
    else:
        yield from of_file(settings, engine)
    return not faults


def in_words(facts: dict[str, str]) -> str:
    """What an engine tells of itself: ``PostgreSQL 15.13; database desk; user desk``."""
    others = [f"{name} {value}" for name, value in facts.items() if name not in ("engine", "store")]
    return "; ".join((facts["engine"], *others))


def of_file(settings: Settings, engine: Engine) -> Iterator[Check]:
    """What a store in a file needs beside itself: that nobody else reads it, and room."""
    from helpdesk_cli.services.headroom import check_headroom

    path = settings.store.file()
    if os.name == "posix":
        from helpdesk_cli.config.find import name_of

        state = os.stat(path)  # noqa: PTH116
        if state.st_mode & 0o077:
            yield warning("store", f"{path}: others may read it", f"chmod 600 {path}*")
        if state.st_uid != os.geteuid():
            owner = name_of(state.st_uid)
            text = f"{path} belongs to {owner}; what you write beside it {owner} may not read"
            yield warning("store", text, f"sudo -u {owner} helpdesk …")
    try:
        check_headroom(Desk(settings=settings, engine=engine, key=b""))
    except Busy as failure:
        yield from failed("disk", failure, "make room")


def of_server(url: str, facts: dict[str, str]) -> Iterator[Check]:
    """What of a server and the way to it works, but not as safely as it could."""
    from helpdesk_cli.config.databases import doubts, is_near

    for text, hint in doubts(url):
        yield warning("store", text, hint)
    server = facts.get("server", "").rpartition(":")[0]
    if facts.get("tls") == "no" and not is_near(server):
        text = f"what goes to {server} and comes from it is not encrypted"
        yield warning("store", text, "add sslmode=verify-full to store.url, and sslrootcert=FILE if need be")
    if facts.get("role") == "standby":
        hint = "name all servers in store.url, with target_session_attrs=read-write"
        yield warning("store", f"{server} is a standby: nothing can be written there", hint)


def of_hosts(desk: Desk) -> Iterator[Check]:
    """What all hosts of a desk must agree on: the key, and what time it is."""
    from helpdesk_cli.services.first_run import foreign_key
    from helpdesk_cli.store import keys

    with desk.engine.read() as tx:
        is_foreign = bool(desk.key) and keys.agrees(tx, desk.key) is False
    if is_foreign:
        text = foreign_key(desk.settings.desk.secret_file, desk.engine.place)
        yield Check(name="key", level=FAIL, text=text, code=78)
    if skew := skew_of(desk.engine):
        hint = "let it follow a time server (NTP, chrony)"
        yield Check(name="clock", level=FAIL, text=skew, hint=hint, code=1)
