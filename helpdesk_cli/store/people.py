"""Clients, and whom we do not hear."""

from collections.abc import Sequence

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import Client
from helpdesk_cli.store.engine import Later, Tx, Value, listed

FEW_BLOCKS = 1000
"""So many blocked patterns are read at once rather than asked for one by one."""

_CLIENT = "c.id, c.name, c.email, c.organization, c.note, c.created_at"


def _one_client(tx: Tx, which: str, value: Value) -> Later[Client | None]:
    """The client of a condition, with all addresses, the primary one first."""
    answer = tx.ask(
        f"select {_CLIENT}, b.address from client c left join client_address b on b.client_id = c.id where {which} "
        "order by b.added_at, b.address",
        value=value,
    )
    return lambda: _client_of(answer()) if answer() else None


def _client_of(rows: Sequence[Sequence[Value]]) -> Client:
    first = fold(str(rows[0][2]))
    addresses = sorted((str(row[-1]) for row in rows if row[-1] is not None), key=lambda one: one != first)
    fields = dict(zip(Client.__struct_fields__, rows[0][:-1], strict=False))
    return Client(**fields, addresses=tuple(addresses))  # type: ignore[arg-type]


def client_by_address(tx: Tx, address: str) -> Client | None:
    """The client whom any of their addresses names; compared folded."""
    return client_asked(tx, address)()


def client_asked(tx: Tx, address: str) -> Later[Client | None]:
    """The same, read later."""
    which = "c.id = (select client_id from client_address where address = :value)"
    return _one_client(tx, which, fold(address))


def client_by_id(tx: Tx, identity: int) -> Client | None:
    """One client."""
    return _one_client(tx, "c.id = :value", identity)()


def clients_by_id(tx: Tx, identities: Sequence[int]) -> dict[int, Client]:
    """Some clients by their ids."""
    text, binds = listed("id", identities)
    found: dict[Value, list[Sequence[Value]]] = {}
    for row in tx.rows(
        f"select {_CLIENT}, b.address from client c left join client_address b on b.client_id = c.id "
        f"where c.id in ({text}) order by c.id, b.added_at, b.address",
        **binds,
    ):
        found.setdefault(row[0], []).append(row)
    return {client.id: client for client in map(_client_of, found.values())}


def clients(tx: Tx, *, search: str = "", limit: int | None = None) -> list[Client]:
    """Clients by name; ``search`` is a part of a name, an address or an organization.

    Case counts in no address, and elsewhere only beyond ASCII, whose letters alone ``lower`` knows.
    """
    binds: dict[str, Value] = {}
    where = ""
    if search:
        binds["word"] = _containing("".join(one.lower() if one.isascii() else one for one in search))
        binds["address"] = _containing(search.lower())
        where = (
            "where lower(c.name) like :word escape '!' or lower(coalesce(c.organization, '')) like :word escape '!' "
            "or exists (select 1 from client_address a where a.client_id = c.id and a.address like :address escape '!')"
        )
    if limit is not None:
        binds["limit"] = limit
    rows = tx.rows(
        f"select {_CLIENT} from client c {where} order by lower(c.name), c.id"
        + (" limit :limit" if limit is not None else ""),
        **binds,
    )
    known = _addresses(tx, [row[0] for row in rows])
    return [_client_of([(*row, address) for address in known.get(row[0], [None])]) for row in rows]


def _addresses(tx: Tx, clients: Sequence[Value]) -> dict[Value, list[Value]]:
    found: dict[Value, list[Value]] = {}
    for start in range(0, len(clients), 500):
        text, binds = listed("id", clients[start : start + 500])
        for client, address in tx.rows(
            f"select client_id, address from client_address where client_id in ({text}) order by added_at, address",
            **binds,
        ):
            found.setdefault(client, []).append(address)
    return found


def _containing(text: str) -> str:
    """The pattern of what contains a text, whose own ``%`` and ``_`` are plain signs."""
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return f"%{text}%"


def add_client(
    tx: Tx, name: str, email: str, at: str, organization: str | None = None, note: str = ""
) -> Client:
    """Make a client with their primary address."""
    row = tx.row(
        "insert into client (name, email, organization, note, created_at) values (:name, :email, :organization, "
        ":note, :at) returning id",
        name=name,
        email=email,
        organization=organization,
        note=note,
        at=at,
    )
    assert row is not None
    identity = int(row[0])  # type: ignore[arg-type]
    add_address(tx, identity, email, at)
    return Client(
        id=identity,
        name=name,
        email=email,
        organization=organization,
        note=note,
        created_at=at,
        addresses=(fold(email),),
    )


def save_client(tx: Tx, client: Client) -> None:
    """Write a client's fields; their addresses have verbs of their own."""
    tx.put(
        "update client set name = :name, email = :email, organization = :organization, note = :note where id = :id",
        id=client.id,
        name=client.name,
        email=client.email,
        organization=client.organization,
        note=client.note,
    )


def add_address(tx: Tx, client: int, address: str, at: str) -> None:
    """Let a client be known by one more address. The caller made sure that it is nobody else's."""
    tx.put(
        "insert into client_address (address, client_id, shown, added_at) values (:address, :client, :shown, :at)",
        address=fold(address),
        client=client,
        shown=address,
        at=at,
    )


def remove_address(tx: Tx, client: int, address: str) -> bool:
    """Forget an address of a client; whether there was one. Where they wrote from it they are answered at their
    primary address from now on, and it has no right on their tickets any more.
    """
    row = tx.row("select email from client where id = :client", client=client)
    if row is not None:
        tx.put(
            "update participant set address = :primary, shown = :shown where client_id = :client and "
            "address = :address and not exists (select 1 from participant o where o.ticket = participant.ticket "
            "and o.address = :primary)",
            primary=fold(str(row[0])),
            shown=row[0],
            client=client,
            address=fold(address),
        )
    tx.put(
        "delete from participant where client_id = :client and address = :address",
        client=client,
        address=fold(address),
    )
    return bool(
        tx.run(
            "delete from client_address where client_id = :client and address = :address",
            client=client,
            address=fold(address),
        )
    )


def patterns(address: str) -> list[str]:
    """What would block an address: itself, its domain, and each domain above."""
    folded = fold(address)
    labels = folded.rpartition("@")[2].split(".")
    return [folded, *(".".join(labels[start:]) for start in range(min(len(labels), 20)))]


def is_blocked(tx: Tx, address: str) -> bool:
    """Whether an address, or a domain that it is in, is blocked."""
    known = tx.memo.get("blocks")
    if known is None:
        rows = tx.rows("select pattern from block limit :limit", limit=FEW_BLOCKS + 1)
        known = tx.memo["blocks"] = frozenset(row[0] for row in rows)
    if len(known) <= FEW_BLOCKS:
        return not known.isdisjoint(patterns(address))
    text, binds = listed("pattern", patterns(address))
    return tx.row(f"select 1 from block where pattern in ({text}) limit 1", **binds) is not None


def block(tx: Tx, pattern: str, by: str, at: str) -> None:
    """Hear nothing more from an address or a domain."""
    tx.memo.pop("blocks", None)
    tx.put(
        "insert into block (pattern, blocked_at, blocked_by) values (:pattern, :at, :by) on conflict do nothing",
        pattern=pattern,
        at=at,
        by=by,
    )


def unblock(tx: Tx, pattern: str) -> bool:
    """Hear it again; whether it was blocked."""
    tx.memo.pop("blocks", None)
    return bool(tx.run("delete from block where pattern = :pattern", pattern=pattern))


def blocks(tx: Tx) -> list[tuple[str, str, str]]:
    """All blocked patterns, with when and by whom."""
    rows = tx.rows("select pattern, blocked_at, blocked_by from block order by pattern")
    return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]
