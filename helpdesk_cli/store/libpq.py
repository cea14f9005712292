"""The way to a PostgreSQL server: how it is dialled, what its refusals mean, what it is like."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from helpdesk_cli.errors import BadConfig, Busy, DeskError, Failed, StoreAway
from helpdesk_cli.store.engine import Again, Value

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

Password = Callable[[], str]

PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""How long a silent server is waited for (seconds; the last in ms), unless the address says otherwise."""

NO_LIBPQ = (
    "the driver psycopg finds no libpq; this brings one: pip install 'psycopg[binary]' "
    "(pipx inject helpdesk-cli 'psycopg[binary]')"
)

OK_STATES = (1, 2, 10)  # of results: a command, rows, the end of a batch
SYNCED = 10
SKIPPED = 11  # a statement of a batch after one that failed
BAD = 1  # of a connection

_LOST = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04")
_FULL = ("53", "55P03", "57014")


class Found(Struct, frozen=True, kw_only=True):
    """What is at the other end of a connection."""

    version: str
    schema: str
    encoding: str
    synchronous_commit: str
    is_standby: bool
    is_pooled: bool  # somebody stands between us and the server, so a session is no session
    has_store: bool
    ahead: float  # seconds by which our clock is ahead of the server's


def dial(url: str, password: Password | None, place: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """Open a connection. Raises StoreAway, BadConfig, Busy.

    Passwords come from the address, else from ``password``, else from where libpq looks for them itself.
    """
    import os

    try:
        import psycopg
    except ImportError:  # it is there, but finds no libpq
        raise BadConfig(f"store.url: {NO_LIBPQ}") from None
    from psycopg.conninfo import conninfo_to_dict

    try:
        said = conninfo_to_dict(url)
        more: dict[str, Any] = {key: value for key, value in PATIENCE.items() if key not in said}
        if os.environ.get("PGCONNECT_TIMEOUT"):
            more.pop("connect_timeout", None)
        if password is not None and "password" not in said:
            more["password"] = password()
        more.setdefault("application_name", said.get("application_name", "helpdesk"))
        connection = psycopg.connect(
            url, autocommit=True, client_encoding="UTF8", cursor_factory=psycopg.RawCursor, **more
        )
    except psycopg.ProgrammingError as error:
        # What libpq quotes may be a password, or the whole address.
        raise BadConfig(f"store.url: {first_line(error).partition(chr(34))[0].rstrip(': ')}") from None
    except psycopg.Error as error:
        raise refused(error, place) from None
    return connection


def look(connection: "psycopg.Connection[tuple[Any, ...]]") -> Found:
    """Ask in one go what matters later."""
    import time

    before = time.time()
    row = connection.execute(
        "select current_setting('server_version'), coalesce(current_schema(), ''), "
        "current_setting('server_encoding'), current_setting('synchronous_commit'), pg_is_in_recovery(), "
        "pg_backend_pid(), to_regclass('desk_store') is not null, "
        "extract(epoch from clock_timestamp())::float8"
    ).fetchone()
    assert row is not None
    here = (before + time.time()) / 2
    version, schema, encoding, commit, is_standby, backend, has_store, there = row
    return Found(
        version=version,
        schema=schema,
        encoding=encoding,
        synchronous_commit=commit,
        is_standby=is_standby,
        # A pooler tells a number of its own, to whom a cancelling is to be sent.
        is_pooled=backend != connection.info.backend_pid,
        has_store=has_store,
        ahead=here - there,
    )


def checked(pgconn: "PGconn", result: "PGresult | None") -> "PGresult":
    """A statement's result. Raises the driver's error that it stands for."""
    if result is not None and result.status in OK_STATES:
        return result
    import psycopg

    if pgconn.status == BAD or result is None:
        raise psycopg.OperationalError(pgconn.get_error_message() or "the connection was lost")
    raise psycopg.errors.error_from_result(result, "utf-8")


def wait(pgconn: "PGconn") -> None:
    """Wait for an answer, and hear Ctrl-C and SIGTERM meanwhile; libpq's own way of waiting is deaf.

    A commit waits as long as a synchronous standby is away.
    """
    from select import select

    while pgconn.is_busy():
        select([pgconn.socket], [], [])
        pgconn.consume_input()


def rows_of(result: "PGresult") -> list[tuple[Value, ...]]:
    """The rows of a result in binary form."""
    width, value = result.nfields, result.get_value
    readers = [_READERS[result.ftype(column)] for column in range(width)]
    return [
        tuple(
            None if (data := value(number, column)) is None else read(data)
            for column, read in enumerate(readers)
        )
        for number in range(result.ntuples)
    ]


def _whole(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _text(data: bytes) -> str:
    return data.decode()


def _real(data: bytes) -> float:
    from struct import unpack

    return float(unpack(">d", data)[0])


def _decimal(data: bytes) -> int | float:
    """PostgreSQL's numeric: digits to the base of ten thousand; the first one's weight is ``weight``."""
    from struct import unpack

    count, weight, sign, scale = unpack(">HhHH", data[:8])
    digits = unpack(f">{count}H", data[8 : 8 + 2 * count])
    value = sum(digit * 10000 ** (weight - place) for place, digit in enumerate(digits))
    return (-1 if sign == 0x4000 else 1) * (value if scale else int(value))


_READERS: dict[int, Callable[[bytes], Value]] = {
    16: lambda data: int(data != b"\0"),  # boolean
    17: bytes,
    19: _text,  # name
    20: _whole,
    21: _whole,
    23: _whole,
    25: _text,
    701: _real,
    705: _text,  # a literal
    1043: _text,
    1700: _decimal,  # what sum gives of whole numbers
    2205: _whole,  # what to_regclass gives
}
"""How values come, by the number that PostgreSQL gives to their type (pg_type.oid)."""


def refused(error: Exception, place: str) -> DeskError:
    """Why no connection came about: with several servers what each of them said."""
    import re

    text = " ".join(str(error).split())
    if " All failures were: - host: " in text:  # before it stands the last one, a second time
        _, *each = re.split(r" - host: ", text.partition(" All failures were:")[2])
        text = "; ".join(re.sub(r"^'?(.*?)'?, port: .*?, hostaddr: .*?: ", r"\1: ", one) for one in each)
    text = re.sub(r"connection failed: (?=connection to server)| Is the server running .*?\?", "", text)
    if re.search(r'FATAL: database ".*" does not exist', text):
        return BadConfig(f"{place}: {text}; an administrator of the server makes it: createdb -O USER NAME")
    if "too many c" in text or "remaining connection slots" in text:  # clients; connections for somebody
        return Busy(f"{place}: {text}; try again")
    return StoreAway(f"{place}: {text}")


def first_line(error: Exception) -> str:
    """The first line of what a driver says; the rest repeats our statement or shows rows."""
    diag = getattr(error, "diag", None)
    text = (diag.message_primary if diag is not None else None) or str(error)
    return " ".join(text.strip().partition("\n")[0].split())


def told(error: Exception, place: str, *, committing: bool = False) -> DeskError | Again:
    """The failure of ours that a driver's error stands for."""
    state: str = getattr(error, "sqlstate", None) or ""
    text = first_line(error)
    if state in ("40001", "40P01"):
        return Again(f"{place}: {text}")
    if state.startswith(_LOST) or (not state and _is_lost(error)) or state == "40003":
        if committing:
            text += "; it may be saved or not: look before you do it again"
        return StoreAway(f"{place}: {text}")
    if state.startswith("28"):
        return StoreAway(f"{place}: {text}")
    if state == "25006":
        return only_reads(place)
    if state.startswith(_FULL):
        return Busy(f"{place}: {text}; try again")
    if state == "42501":
        return Failed(f"{place}: {text}; the database, and the store's tables, must belong to our user")
    return Failed(f"{place}: {text}")


def only_reads(place: str) -> StoreAway:
    """What to say where somebody wants to write to a standby."""
    return StoreAway(
        f"{place}: this server only reads (a standby?); name all servers in store.url, "
        "with ?target_session_attrs=read-write"
    )


def meant(error: Exception, place: str, *, committing: bool = False) -> DeskError | Again | None:
    """What a driver's error stands for; None for an error that is not the driver's."""
    import psycopg

    if isinstance(error, psycopg.Error):
        return told(error, place, committing=committing)
    return error if isinstance(error, DeskError | Again) else None


def _is_lost(error: Exception) -> bool:
    import psycopg

    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
