"""What the store knows about a mail before it is decided."""

from collections.abc import Sequence

from helpdesk_cli.domain.cases import Known
from helpdesk_cli.domain.mail import Claims
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.store.engine import Tx, listed

_TICKET = ", ".join(Ticket.__struct_fields__)


def duplicate(tx: Tx, item: int, mailbox: str, sha256: str, core: str) -> tuple[int, int | None] | None:
    """An earlier message with the same bytes in this mailbox, or one on a ticket or held that is the same but
    for trace fields; and its ticket.

    A copy of what was held, rejected or taken for spam elsewhere is decided by itself: else somebody who got
    the mail too could send a marked copy first, and nobody would ever see the true one.
    """
    row = tx.row(
        "select id, ticket from inbox where (sha256 = :sha256 or core = :core) and core is not null and id <> :item "
        "and (outcome in ('opened', 'replied', 'archived', 'command') "
        "or (outcome in ('auto-reply', 'ignored') and ticket is not null) "
        "or (mailbox in (:mailbox, :imported) and (outcome = 'held' or (sha256 = :sha256 "
        "and outcome not in ('pending', 'duplicate', 'failed'))))) order by ticket is null, id limit 1",
        sha256=sha256,
        core=core,
        item=item,
        mailbox=mailbox,
        imported=f"import:{mailbox}",
    )
    return (int(row[0]), row[1]) if row else None  # type: ignore[arg-type,return-value]


def known(tx: Tx, number: int) -> Known | None:
    """A ticket with everybody who takes part in it; a merged one leads to its target."""
    seen: set[int] = set()
    while True:
        row = tx.row(f"select {_TICKET} from ticket where number = :number", number=number)
        if row is None or number in seen:
            return None  # a circle leads nowhere
        ticket = Ticket(**dict(zip(Ticket.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]
        if ticket.merged_into is None:
            break
        seen.add(number)
        number = ticket.merged_into
    # An address that was taken from a client has no right left, so a client's are those that are theirs today.
    people = tx.rows(
        "select p.address, p.id from participant p where p.ticket = :number and p.client_id is null union "
        "select a.address, p.id from participant p join client_address a on a.client_id = p.client_id "
        "where p.ticket = :number order by 1, 2",
        number=number,
    )
    return Known(
        number=ticket.number,
        state=ticket.state,
        closed_at=ticket.closed_at,
        department=ticket.department,
        client_id=ticket.client_id,
        ticket=ticket,
        people={str(address): int(person) for address, person in people},  # type: ignore[arg-type]
    )


def by_message_ids(tx: Tx, message_ids: Sequence[str]) -> int | None:
    """The ticket of the first of these Message-IDs that we know, in the order given."""
    if not message_ids:
        return None
    text, binds = listed("id", message_ids)
    rows = tx.rows(
        f"select message_id, ticket from message where message_id in ({text}) order by id", **binds
    )
    found: dict[str, int] = {}
    for message_id, ticket in rows:
        found.setdefault(str(message_id), int(ticket))  # type: ignore[arg-type]
    return next((found[message_id] for message_id in message_ids if message_id in found), None)


def by_own_ids(tx: Tx, message_ids: Sequence[str]) -> int | None:
    """The ticket of a letter of ours that one of these Message-IDs names."""
    text, binds = listed("id", message_ids)
    row = tx.row(
        f"select ticket from letter where message_id in ({text}) and ticket is not null order by id limit 1",
        **binds,
    )
    return int(row[0]) if row else None  # type: ignore[arg-type]


def claimed(tx: Tx, claims: Claims) -> dict[str, Known | None]:
    """The tickets that a mail's claims lead to, by the kind of claim."""
    client = next((token for token in claims.tokens if token.purpose == "c"), None)
    staff = next((token for token in claims.tokens if token.purpose != "c"), None)
    reference = by_message_ids(tx, claims.message_ids)
    tag = claims.tags[0] if claims.tags else None
    return {
        "client_ticket": known(tx, client.ticket) if client else None,
        "staff_ticket": known(tx, staff.ticket) if staff else None,
        "reference": known(tx, reference) if reference is not None else None,
        "tag": known(tx, tag) if tag is not None else None,
    }
