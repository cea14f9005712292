"""What a new desk needs: its configuration, its key, its store. Nothing that is there is touched."""

import os
from pathlib import Path

from msgspec import Struct

from helpdesk_cli.errors import BadConfig, Failed, Usage

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

    A key is made only together with a store: where one has a store and no key, the key was lost, and a
    new one would know no answer to any mail that was sent. Raises BadConfig for that and for a
    configuration that is there and wrong, Failed where a file cannot be written.
    """
    from helpdesk_cli.config import load
    from helpdesk_cli.config.credentials import new_key, read_key
    from helpdesk_cli.store import open_engine

    pieces = [Piece("configuration", str(file), write_new(file, text or example()))]
    settings = load(str(file))
    key = settings.desk.secret_file
    engine = open_engine(settings.store.url)
    store = settings.store.url.removeprefix("sqlite:")
    has_store = engine.exists() and os.path.getsize(store) > 0  # noqa: PTH202
    has_key = os.path.lexists(key)
    if has_key or has_store:
        read_key(key)  # raises where it is missing or damaged
    else:
        new_key(key)
    pieces.append(Piece("key", key, not has_key))
    try:
        if has_store:
            with engine.read():
                pass
        else:
            engine.build()
    finally:
        engine.close()
    pieces.append(Piece("store", store, not has_store))
    return pieces


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
