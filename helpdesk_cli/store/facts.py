"""What the store knows about a mail before it is decided.

What is asked here is read later, so that all that concerns one mail goes to a server together.
"""

from collections.abc import Mapping, Sequence

from helpdesk_cli.domain.cases import Known
from helpdesk_cli.domain.mail import STAFF_PURPOSES, Claims, Token
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.store.engine import Later, Row, Tx, listed

_TICKET = ", ".join(Ticket.__struct_fields__)


def duplicate(
    tx: Tx, item: int, mailbox: str, sha256: str, core: str
) -> Later[tuple[int, int | None] | None]:
    """An earlier message with the same bytes in this mailbox, or one on a ticket or held that is the same but
    for trace fields; and its ticket.

    A copy of what was held, rejected or taken for spam elsewhere is decided by itself: else somebody who got
    the mail too could send a marked copy first, and nobody would ever see the true one.
    """
    answer = tx.ask(
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

    def read() -> tuple[int, int | None] | None:
        rows = answer()
        return (int(rows[0][0]), rows[0][1]) if rows else None  # type: ignore[arg-type,return-value]

    return read


def known(tx: Tx, number: int) -> Known | None:
    """A ticket with everybody who takes part in it; a merged one leads to its target."""
    seen: set[int] = set()
    while True:
        one = tx.ask(f"select {_TICKET} from ticket where number = :number", number=number)
        people = _people(tx, number)
        if not one() or number in seen:
            return None  # a circle leads nowhere
        ticket = Ticket(**dict(zip(Ticket.__struct_fields__, one()[0], strict=True)))  # type: ignore[arg-type]
        if ticket.merged_into is None:
            break
        seen.add(number)
        number = ticket.merged_into
    return Known(
        number=ticket.number,
        state=ticket.state,
        closed_at=ticket.closed_at,
        department=ticket.department,
        client_id=ticket.client_id,
        ticket=ticket,
        people={str(address): int(person) for address, person in people()},  # type: ignore[arg-type]
    )


def _people(tx: Tx, number: int) -> Later[list[Row]]:
    """Everybody who takes part in a ticket: address and participant."""
    # An address that was taken from a client has no right left, so a client's are those that are theirs today.
    return tx.ask(
        "select p.address, p.id from participant p where p.ticket = :number and p.client_id is null union "
        "select a.address, p.id from participant p join client_address a on a.client_id = p.client_id "
        "where p.ticket = :number order by 1, 2",
        number=number,
    )


def by_message_ids(tx: Tx, message_ids: Sequence[str]) -> Later[int | None]:
    """The ticket of the first of these Message-IDs that we know, in the order given."""
    if not message_ids:
        return lambda: None
    text, binds = listed("id", message_ids)
    answer = tx.ask(
        f"select message_id, ticket from message where message_id in ({text}) order by id", **binds
    )

    def read() -> int | None:
        found: dict[str, int] = {}
        for message_id, ticket in answer():
            found.setdefault(str(message_id), int(ticket))  # type: ignore[arg-type]
        return next((found[message_id] for message_id in message_ids if message_id in found), None)

    return read


def by_own_ids(tx: Tx, message_ids: Sequence[str]) -> int | None:
    """The ticket of a letter of ours that one of these Message-IDs names."""
    text, binds = listed("id", message_ids)
    row = tx.row(
        f"select ticket from letter where message_id in ({text}) and ticket is not null order by id limit 1",
        **binds,
    )
    return int(row[0]) if row else None  # type: ignore[arg-type]


def third_token(claims: Claims) -> Token | None:
    """The first token of a third party."""
    return next((token for token in claims.tokens if token.purpose == "t"), None)


def asked(tx: Tx, claims: Claims) -> tuple[str, ...]:
    """To whom the message was forwarded that a third party's token names; folded."""
    token = third_token(claims)
    if token is None:
        return ()
    rows = tx.rows(
        "select distinct recipient_key from letter where message = :message and kind = 'forward' "
        "and (ticket = :ticket or ticket = (select merged_into from ticket where number = :ticket)) order by 1",
        message=token.person,
        ticket=token.ticket,
    )
    return tuple(str(row[0]) for row in rows)


def claimed(tx: Tx, claims: Claims) -> Later[dict[str, Known | None]]:
    """The tickets that a mail's claims lead to, by the kind of claim."""
    client = next((token for token in claims.tokens if token.purpose == "c"), None)
    staff = next((token for token in claims.tokens if token.purpose in STAFF_PURPOSES), None)
    third = third_token(claims)
    tag = claims.tags[0] if claims.tags else None
    answer = by_message_ids(tx, claims.message_ids)

    def read() -> dict[str, Known | None]:
        reference = answer()
        return {
            "client_ticket": known(tx, client.ticket) if client else None,
            "staff_ticket": known(tx, staff.ticket) if staff else None,
            "third_ticket": known(tx, third.ticket) if third else None,
            "reference": known(tx, reference) if reference is not None else None,
            "tag": known(tx, tag) if tag is not None else None,
        }

    return read


def surveys(
    tx: Tx, claimed: Mapping[str, Known | None], answered: Sequence[str]
) -> tuple[frozenset[int], int | None]:
    """Of the tickets that a mail claims those for which a survey was put, and the one whose survey it answers."""
    numbers = sorted({known.number for known in claimed.values() if known is not None})
    if not numbers:
        return frozenset(), None
    text, binds = listed("number", numbers)
    rows = tx.rows(
        f"select ticket, message_id from letter where kind = 'survey' and ticket in ({text}) order by id",
        **binds,
    )
    return (
        frozenset(int(row[0]) for row in rows),  # type: ignore[arg-type]
        next((int(row[0]) for row in rows if row[1] in answered), None),  # type: ignore[arg-type]
    )
