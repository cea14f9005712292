"""What a new desk needs: its configuration, its key, its store. Nothing that is there is touched."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from helpdesk_cli.errors import BadConfig, Failed, Usage

if TYPE_CHECKING:
    from helpdesk_cli.store.engine import Engine

FILE = "helpdesk.toml"


class Piece(Struct, frozen=True):
    """A piece of a desk: what it is, where it lies, and whether it was made just now."""

    what: str
    path: str
    is_new: bool


def place_for(config: str | None, folder: str | None) -> Path:
    """The configuration file that ``init`` writes: the one that was named, one in the folder, the user's.

    Raises Usage for a user without a home.
    """
    from helpdesk_cli.config.find import user_file

    named = config or (None if folder else os.environ.get("HELPDESK_CONFIG"))
    if named:
        return Path(named).absolute()
    if folder:
        return Path(folder).absolute() / FILE
    own = user_file()
    if not own:
        raise Usage("this user has no home; name a folder: helpdesk init DIR")
    return Path(own)


def set_up(file: Path, text: str | None = None) -> list[Piece]:
    """Make what is missing of a desk: the configuration from the example (or ``text``), the key, the store.

    A key is made only together with a store: where one has a store and no key, the key was lost or lies on
    another host, and a new one would know no answer to any mail that was sent. Raises BadConfig for that and
    for a configuration that is there and wrong, Failed where a file cannot be written, and what a server
    answers that keeps the store.
    """
    from helpdesk_cli.config import load
    from helpdesk_cli.config.credentials import new_key, read_key
    from helpdesk_cli.services.desk import engine_of

    pieces = [Piece("configuration", str(file), write_new(file, text or example()))]
    settings = load(str(file))
    path, records = settings.desk.secret_file, settings.store.file()
    engine = engine_of(settings)
    try:
        has_store = engine.exists() and (not records or os.path.getsize(records) > 0)  # noqa: PTH202
        has_key = os.path.lexists(path)
        key = read_key(path) if has_key or has_store else new_key(path)
        pieces.append(Piece("key", path, not has_key))
        if not has_store:
            build(engine, "" if has_key or records else path)
        check_key(engine, key, path)
    finally:
        engine.close()
    pieces.append(Piece("store", engine.place, not has_store))
    return pieces


def build(engine: "Engine", key: str) -> None:
    """Build the store. Where another host was quicker, the ``key`` that was made for it goes: raises Failed."""
    try:
        engine.build()
    except Failed:
        engine.close()  # what it knows is from before
        if not (key and engine.exists()):
            raise
        os.unlink(key)  # noqa: PTH108
        raise Failed(
            f"{engine.place}: another host has just made the store; copy its key to {key}, then do this again"
        ) from None


def check_key(engine: "Engine", key: bytes, path: str) -> None:
    """Let a store remember the desk's key. Raises BadConfig where it knows another one."""
    from helpdesk_cli.store import keys

    with engine.read() as tx:
        agrees = keys.agrees(tx, key)
    if agrees is None:
        engine.transact(lambda tx: keys.remember(tx, key))
    elif not agrees:
        raise BadConfig(foreign_key(path, engine.place))


def foreign_key(path: str, place: str) -> str:
    """What to say of a key with which another desk signs."""
    return (
        f"{path}: desk.secret_file is not the key of the desk at {place}; put it back from a backup, or copy "
        "it from another host of this desk"
    )


def write_new(file: Path, text: str) -> bool:
    """Write a file that nobody else may read; False, and nothing done, where there is one already."""
    if os.path.lexists(file):
        return False
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failed(f"{error.filename}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        file.unlink()
        raise Failed(f"{file}: {error.strerror}") from None
    return True


def example() -> str:
    """The example configuration: the wheel carries it in the package, a checkout at its top."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "config.example.toml"
    outside = package.parent / "config.example.toml"
    for path in (inside, outside):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise BadConfig(f"{inside}: the example configuration is missing; install helpdesk again")
