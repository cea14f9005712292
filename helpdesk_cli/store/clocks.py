"""The clocks of service levels on tickets. Only ``services.clocks`` calls the verbs that write."""

from collections.abc import Sequence

from msgspec import Struct, json

from helpdesk_cli.domain.sla import MOVES, Clock
from helpdesk_cli.domain.ticket import Event, Ticket
from helpdesk_cli.store.engine import Tx, Value, listed

_FIELDS = Clock.__struct_fields__
_CLOCK = ", ".join(f"c.{name}" for name in _FIELDS)
_TICKET = ", ".join(f"t.{name}" for name in Ticket.__struct_fields__)
_SAVE = (
    f"insert into clock ({', '.join(_FIELDS)}) values ({', '.join(':' + name for name in _FIELDS)}) "
    "on conflict (ticket, target) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _FIELDS[2:])
)
FEW = 3
"""So many rows are written one by one: those of one ticket."""

_WAITING = {"warning": "c.warn_at", "breach": "c.breach_at"}
"""The column that holds the moment of what is to be told, by what it is called."""


def of_tickets(tx: Tx, numbers: Sequence[int]) -> dict[int, dict[str, Clock]]:
    """The clocks of tickets, by target."""
    text, binds = listed("number", numbers)
    found: dict[int, dict[str, Clock]] = {}
    for row in tx.rows(f"select {_CLOCK} from clock c where c.ticket in ({text})", **binds):
        clock = _clock_of(row)
        found.setdefault(clock.ticket, {})[clock.target] = clock
    return found


def _clock_of(row: Sequence[Value]) -> Clock:
    return Clock(**dict(zip(_FIELDS, row, strict=True)))  # type: ignore[arg-type]


def save(tx: Tx, clocks: Sequence[Clock]) -> None:
    """Write clocks, new ones and old ones."""
    _write(tx, _SAVE, [{name: getattr(clock, name) for name in _FIELDS} for clock in clocks])


def unmeet(tx: Tx, ticket: int, at: str, *, runs: bool) -> None:
    """Let the clocks that ended at a moment go on, as if they had not: since then, or standing."""
    tx.put(
        "update clock set met_at = null, running_since = :since where ticket = :ticket and met_at = :at",
        since=at if runs else None,
        ticket=ticket,
        at=at,
    )


def note(tx: Tx, tickets: Sequence[Ticket]) -> None:
    """Write beside tickets which level holds and what is due first."""
    _write(
        tx,
        "update ticket set sla = :sla, due_at = :due_at where number = :number",
        [{"number": ticket.number, "sla": ticket.sla, "due_at": ticket.due_at} for ticket in tickets],
    )


def _write(tx: Tx, sql: str, binds: list[dict[str, Value]]) -> None:
    """Write rows: few with whatever else the transaction writes, many at once."""
    if len(binds) > FEW:
        tx.many(sql, binds)
    else:
        for each in binds:
            tx.put(sql, **each)


class Who(Struct, frozen=True):
    """What levels may name of a client: the organization, any address."""

    organization: str | None = None
    addresses: tuple[str, ...] = ()


NOBODY = Who()


def clients(tx: Tx, numbers: Sequence[int]) -> dict[int, Who]:
    """What levels may name of clients."""
    text, binds = listed("client", numbers)
    found: dict[int, Who] = {}
    for client, organization, address in tx.rows(
        "select c.id, c.organization, a.address from client c left join client_address a on a.client_id = c.id "
        f"where c.id in ({text}) order by a.address",
        **binds,
    ):
        number = int(client)  # type: ignore[arg-type]
        known = found.get(number, NOBODY).addresses
        named = str(organization) if organization is not None else None
        found[number] = Who(named, (*known, str(address)) if address is not None else known)
    return found


def active(tx: Tx, *, above: int, limit: int, client: int | None = None) -> list[Ticket]:
    """Tickets that are open or wait, by number; of one client or of all."""
    rows = tx.rows(
        f"select {_TICKET} from ticket t where t.is_active = 1 and t.number > :above"
        + (" and t.client_id = :client" if client is not None else "")
        + " order by t.number limit :limit",
        above=above,
        limit=limit,
        **({"client": client} if client is not None else {}),
    )
    return [_ticket_of(row) for row in rows]


def _ticket_of(row: Sequence[Value]) -> Ticket:
    return Ticket(**dict(zip(Ticket.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]


def count_active(tx: Tx) -> int:
    """How many tickets are open or wait."""
    row = tx.row("select count(*) from ticket where is_active = 1")
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def moves(tx: Tx, numbers: Sequence[int]) -> dict[int, list[Event]]:
    """What the logs of tickets tell of their ways from stage to stage, oldest first."""
    text, binds = listed("number", numbers)
    names, kinds = listed("kind", MOVES)
    found: dict[int, list[Event]] = {}
    for ticket, kind, at, actor, data in tx.rows(
        f"select ticket, kind, at, actor, data from event where ticket in ({text}) and kind in ({names}) "
        "order by id",
        **binds,
        **kinds,
    ):
        event = Event(kind=str(kind), at=str(at), actor=str(actor), data=json.decode(str(data)))
        found.setdefault(int(ticket), []).append(event)  # type: ignore[arg-type]
    return found


def due(
    tx: Tx, what: str, at: str, limit: int | None = None, among: Sequence[int] | None = None
) -> list[Clock]:
    """Clocks of which a ``warning`` or a ``breach`` waits to be told, the oldest first; of some tickets alone.

    No warning comes after the time is over: that is told alone.
    """
    column = _WAITING[what]
    text, binds = listed("number", among or ())
    if limit is not None:
        binds["limit"] = limit
    rows = tx.rows(
        f"select {_CLOCK} from clock c where {column} <= :at"
        + (" and c.due_at > :at" if what == "warning" else "")
        + (f" and c.ticket in ({text})" if among is not None else "")
        + f" order by {column}, c.ticket, c.target"
        + (" limit :limit" if limit is not None else ""),
        at=at,
        **binds,
    )
    return [_clock_of(row) for row in rows]


def count_due(tx: Tx, what: str, at: str) -> int:
    """How many of these there are."""
    column = _WAITING[what]
    row = tx.row(
        f"select count(*) from clock c where {column} <= :at"
        + (" and c.due_at > :at" if what == "warning" else ""),
        at=at,
    )
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def told(tx: Tx, what: str, clocks: Sequence[tuple[int, str]], at: str) -> None:
    """Note that this was told of clocks, by ticket and target; who heard of a breach needs no warning more."""
    change = {
        "warning": "warned_at = :at, warn_at = null",
        "breach": "breached_at = :at, breach_at = null, warn_at = null",
    }
    tx.many(
        f"update clock set {change[what]} where ticket = :ticket and target = :target",
        ({"ticket": ticket, "target": target, "at": at} for ticket, target in clocks),
    )


def fingerprint(tx: Tx) -> int | None:
    """That of the configuration by which all clocks were last brought in line."""
    row = tx.row("select value from counter where name = 'levels'")
    return int(row[0]) if row else None  # type: ignore[arg-type]


def note_fingerprint(tx: Tx, mark: int) -> None:
    """Note that all clocks are in line with a configuration."""
    tx.put(
        "insert into counter (name, value) values ('levels', :mark) "
        "on conflict (name) do update set value = excluded.value",
        mark=mark,
    )
