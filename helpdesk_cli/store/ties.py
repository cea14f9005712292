"""What ties tickets to each other and to people: merges, splits, links, watchers.

Only ``services.changes`` calls the verbs that write.
"""

from msgspec import Struct

from helpdesk_cli.domain.links import Link
from helpdesk_cli.domain.ticket import Taking
from helpdesk_cli.store.engine import Tx, listed

# Merged tickets


def end(tx: Tx, number: int) -> int | None:
    """The ticket to which a number leads, over any chain of merges; None where there is none, or a circle."""
    seen: set[int] = set()
    while number not in seen:
        seen.add(number)
        row = tx.row("select merged_into from ticket where number = :number", number=number)
        if row is None or row[0] is None:
            return number if row is not None else None
        number = int(row[0])
    return None


def family(tx: Tx, number: int) -> tuple[int, ...]:
    """The tickets that lead to one, directly or over others; not itself."""
    rows = tx.rows(
        "with recursive family (number) as (select number from ticket where merged_into = :number "
        "union select t.number from ticket t join family f on t.merged_into = f.number) "
        "select number from family where number <> :number order by number",
        number=number,
    )
    return tuple(int(row[0]) for row in rows)  # type: ignore[arg-type]


# People


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who takes part in a ticket. ``client_id`` is today's, whose the address is."""

    id: int
    ticket: int
    address: str  # folded
    shown: str
    name: str
    client_id: int | None
    since_at: str

    @property
    def key(self) -> tuple[str, str]:
        """The same for whoever is the same on two tickets: a client by any address, else an address."""
        return ("client", str(self.client_id)) if self.client_id is not None else ("address", self.address)


def people(tx: Tx, number: int) -> list[Person]:
    """Who takes part in a ticket, the requester first."""
    rows = tx.rows(
        "select p.id, p.ticket, p.address, p.shown, p.name, coalesce(p.client_id, a.client_id), p.since_at "
        "from participant p left join client_address a on a.address = p.address "
        "where p.ticket = :number order by p.id",
        number=number,
    )
    return [Person(**dict(zip(Person.__struct_fields__, row, strict=True))) for row in rows]  # type: ignore[arg-type]


def part(tx: Tx, ticket: int, address: str) -> None:
    """Let somebody take part no more."""
    tx.put(
        "delete from participant where ticket = :ticket and address = :address",
        ticket=ticket,
        address=address,
    )


def unwatch(tx: Tx, ticket: int, login: str) -> None:
    """Let a staff member hear of a ticket no more, unless it is theirs."""
    tx.put("delete from watcher where ticket = :ticket and staff = :login", ticket=ticket, login=login)


# Messages


def take(tx: Tx, ticket: int, taking: Taking) -> None:
    """Let messages belong to this ticket, and the mails that brought them with them."""
    text, binds = listed("message", taking.messages)
    tx.put(
        "update inbox set ticket = :ticket where id in "
        f"(select inbox_id from message where id in ({text}) and inbox_id is not null)",
        ticket=ticket,
        **binds,
    )
    public = ", is_public = 1" if taking.is_public else ""
    tx.put(f"update message set ticket = :ticket{public} where id in ({text})", ticket=ticket, **binds)


# Links


def links(tx: Tx, ticket: int) -> list[Link]:
    """The tickets that one is tied to, either way round."""
    rows = tx.rows(
        "select other, kind, 1 from link where ticket = :ticket "
        "union all select ticket, kind, 0 from link where other = :ticket order by 1, 2, 3 desc",
        ticket=ticket,
    )
    return [Link(int(row[0]), str(row[1]), bool(row[2])) for row in rows]  # type: ignore[arg-type]


def unlink(tx: Tx, ticket: int, other: int, kind: str) -> None:
    """Untie two tickets, whichever of them was tied to the other."""
    tx.put(
        "delete from link where kind = :kind and ((ticket = :ticket and other = :other) "
        "or (ticket = :other and other = :ticket))",
        ticket=ticket,
        other=other,
        kind=kind,
    )


def blockers(tx: Tx, ticket: int) -> list[int]:
    """The tickets that block one and are not closed yet; of merged ones those in which they go on."""
    rows = tx.rows("select ticket from link where other = :ticket and kind = 'blocks'", ticket=ticket)
    numbers = {end(tx, int(row[0])) for row in rows} - {ticket}  # type: ignore[arg-type]
    text, binds = listed("number", sorted(number for number in numbers if number is not None))
    active = tx.rows(
        f"select number from ticket where number in ({text}) and is_active = 1 order by number", **binds
    )
    return [int(row[0]) for row in active]  # type: ignore[arg-type]
