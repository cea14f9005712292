"""Tickets as lists: filters, order, and the people's names beside them."""

from msgspec import Struct

from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.store.engine import Row, Tx, Value, listed

_TICKET = ", ".join(f"t.{name}" for name in Ticket.__struct_fields__)
_FIELDS = len(Ticket.__struct_fields__)


class Seer(Struct, frozen=True):
    """Who asks, where they do not see everything: the tickets of their departments, but private ones, and their own."""

    login: str
    departments: tuple[str, ...]


class Wanted(Struct, frozen=True, kw_only=True):
    """Which tickets a list shows. A field that is None asks for nothing."""

    states: tuple[str, ...] = ()
    stage: str | None = None
    department: str | None = None
    seer: Seer | None = None  # who asks; None sees all
    assignee: str | None = None  # a login; "" for nobody's
    client: int | None = None
    priority: str | None = None
    category: str | None = None
    type: str | None = None
    level: int | None = None
    tag: str | None = None
    overdue_at: str | None = None
    unanswered: bool = False
    watcher: str | None = None  # a login
    search: str | None = None
    since: str | None = None
    until: str | None = None
    order: str = "updated"
    limit: int | None = None


class Listed(Struct, frozen=True, kw_only=True):
    """A ticket with what lists show beside it."""

    ticket: Ticket
    client_name: str | None
    client_email: str | None
    organization: str | None
    tags: tuple[str, ...] = ()


MANY = 10_000
"""So far tickets are counted; of more it is enough to know that they are more."""

ORDERS = {
    "updated": "t.updated_at desc, t.number desc",
    "created": "t.created_at desc, t.number desc",
    "number": "t.number desc",
    "due": "t.due_at is null, t.due_at, t.number",
    "subject": "lower(t.subject), t.number",
    "client": "c.name is not null, lower(c.name), t.number",
    "unanswered": "t.unanswered_since is null, t.unanswered_since, t.number",
}
"""What ``--sort`` may name: an allow-list, for a name goes into the statement. Where null stands is always said:
databases differ in that."""

_EQUAL = {
    "stage": "t.stage",
    "department": "t.department",
    "priority": "t.priority",
    "category": "t.category",
    "type": "t.type",
    "level": "t.level",
}


def conditions(tx: Tx, wanted: Wanted) -> tuple[str, dict[str, Value]]:
    """What holds of the wanted tickets ``t``, as a condition; without limit and order."""
    where: list[str] = []
    binds: dict[str, Value] = {}

    def ask(condition: str, **values: Value) -> None:
        where.append(condition)
        binds.update(values)

    if wanted.states and "closed" not in wanted.states:
        ask("t.is_active = 1")  # an index is of these alone
    if wanted.states and set(wanted.states) != {"open", "waiting"}:
        names, values = listed("state", wanted.states)
        ask(f"t.state in ({names})", **values)
    for name, column in _EQUAL.items():
        if getattr(wanted, name) is not None:
            ask(f"{column} = :{name}", **{name: getattr(wanted, name)})
    if wanted.seer is not None:
        names, values = listed("visible", wanted.seer.departments)
        seen = f"(t.assignee = :seer or (t.is_private = 0 and t.department in ({names})))"
        ask(seen, seer=wanted.seer.login, **values)
    if wanted.tag is not None:
        ask("t.number in (select ticket from ticket_tag where tag = :tag)", tag=wanted.tag.lower())
    if wanted.assignee is not None:
        ask("t.assignee is null") if not wanted.assignee else ask(
            "t.assignee = :assignee", assignee=wanted.assignee
        )
    if wanted.client is not None:
        ask("t.client_id = :client", client=wanted.client)
    if wanted.overdue_at is not None:
        ask("t.is_active = 1 and t.due_at < :overdue", overdue=wanted.overdue_at)
    if wanted.unanswered:
        ask("t.unanswered_since is not null")
    if wanted.watcher is not None:
        ask("t.number in (select ticket from watcher where staff = :watcher)", watcher=wanted.watcher)
    if wanted.since is not None:
        ask("t.created_at >= :since", since=wanted.since)
    if wanted.until is not None:
        ask("t.created_at < :until", until=wanted.until)
    if wanted.search is not None:
        text, values = tx.matching(wanted.search)
        ask(text, **values)
    return " and ".join(where) or "t.number is not null", binds


def tickets(tx: Tx, wanted: Wanted) -> list[Listed]:
    """The tickets that are wanted, in the order that is wanted."""
    where, binds = conditions(tx, wanted)
    of_clients = "left join client c on c.id = t.client_id"
    order = f"order by {ORDERS[wanted.order]}"
    if wanted.limit is not None:
        # Which they are is answered by an index alone; only their rows are read.
        joined = of_clients if wanted.order == "client" else ""
        where = f"t.number in (select t.number from ticket t {joined} where {where} {order} limit :limit)"
        binds["limit"] = wanted.limit
    rows = tx.rows(
        f"select {_TICKET}, c.name, c.email, c.organization from ticket t {of_clients} where {where} {order}",
        **binds,
    )
    tags = _tags(tx, [row[0] for row in rows])
    return [_listed(row, tags) for row in rows]


def count(tx: Tx, wanted: Wanted) -> int:
    """How many tickets are wanted, without a limit; ``MANY`` where they are so many or more."""
    where, binds = conditions(tx, wanted)
    row = tx.row(
        f"select count(*) from (select t.number from ticket t where {where} limit {MANY}) as found", **binds
    )
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def ticket(tx: Tx, number: int) -> Listed | None:
    """One ticket as lists show it."""
    row = tx.row(
        f"select {_TICKET}, c.name, c.email, c.organization from ticket t "
        "left join client c on c.id = t.client_id where t.number = :number",
        number=number,
    )
    return _listed(row, _tags(tx, [number])) if row else None


def _listed(row: Row, tags: dict[Value, tuple[str, ...]]) -> Listed:
    fields = dict(zip(Ticket.__struct_fields__, row, strict=False))
    name, email, organization = row[_FIELDS:]
    return Listed(
        ticket=Ticket(**fields),  # type: ignore[arg-type]
        client_name=name,  # type: ignore[arg-type]
        client_email=email,  # type: ignore[arg-type]
        organization=organization,  # type: ignore[arg-type]
        tags=tags.get(row[0], ()),
    )


def _tags(tx: Tx, numbers: list[Value]) -> dict[Value, tuple[str, ...]]:
    found: dict[Value, tuple[str, ...]] = {}
    for start in range(0, len(numbers), 500):
        binds = {f"n{index}": number for index, number in enumerate(numbers[start : start + 500])}
        names = ", ".join(f":{name}" for name in binds)
        rows = tx.rows(f"select ticket, tag from ticket_tag where ticket in ({names}) order by tag", **binds)
        for number, tag in rows:
            found[number] = (*found.get(number, ()), str(tag))
    return found
