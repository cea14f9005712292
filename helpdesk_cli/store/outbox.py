"""Every mail to send or sent, from the moment it is put until somebody took it."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct, json

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.store.engine import Tx, Value, listed, newest

NOT_SENT = ("queued", "deferred", "sending", "uncertain", "failed", "bounced", "held")
"""The states that ``outbox list`` shows unless asked for all."""


class Letter(Struct, frozen=True, kw_only=True):
    """A letter as a row. ``facts`` is what its template needs beside the ticket."""

    id: int = 0
    kind: str
    state: str = "queued"
    ticket: int | None = None
    message: int | None = None
    recipient: str
    recipient_name: str = ""
    person: int = 0
    purpose: str = ""
    department: str = ""
    subject: str = ""
    facts: dict[str, object] = {}
    event: str = ""  # what it tells of
    event_at: str = ""
    why: str = ""  # what its reader is to the ticket, or by whose order
    message_id: str
    attempts: int = 0
    next_attempt_at: str
    created_at: str
    sent_at: str | None = None
    said: str = ""  # what the server answered that took it
    error: str = ""


_LETTER = ", ".join(Letter.__struct_fields__)


def _letter(row: Sequence[Value]) -> Letter:
    values: dict[str, object] = dict(zip(Letter.__struct_fields__, row, strict=True))
    values["facts"] = json.decode(str(values["facts"]))
    return Letter(**values)  # type: ignore[arg-type]


def put(tx: Tx, letter: Letter) -> int:
    """Queue a letter; it becomes mail in ``notify``. Its id."""
    row = tx.row(
        "insert into letter (kind, state, ticket, message, recipient, recipient_key, recipient_name, person, purpose, "
        "department, subject, facts, event, event_at, why, message_id, next_attempt_at, created_at, error) values ("
        ":kind, :state, :ticket, :message, :recipient, :recipient_key, :recipient_name, :person, :purpose, "
        ":department, :subject, :facts, :event, :event_at, :why, :message_id, :next_attempt_at, :created_at, :error) "
        "returning id",
        kind=letter.kind,
        state=letter.state,
        ticket=letter.ticket,
        message=letter.message,
        recipient=letter.recipient,
        recipient_key=fold(letter.recipient),
        recipient_name=letter.recipient_name,
        person=letter.person,
        purpose=letter.purpose,
        department=letter.department,
        subject=letter.subject,
        facts=json.encode(letter.facts).decode(),
        event=letter.event,
        event_at=letter.event_at,
        why=letter.why,
        message_id=letter.message_id,
        next_attempt_at=letter.next_attempt_at,
        created_at=letter.created_at,
        error=letter.error,
    )
    assert row is not None
    return int(row[0])  # type: ignore[arg-type]


def due(tx: Tx, at: str) -> list[tuple[int, str]]:
    """The letters whose time has come, oldest first: their ids and departments."""
    rows = tx.rows(
        "select id, department from letter where state in ('queued', 'deferred') and next_attempt_at <= :at "
        "order by next_attempt_at, id",
        at=at,
    )
    return [(int(row[0]), str(row[1])) for row in rows]  # type: ignore[arg-type]


def count_due(tx: Tx, at: str) -> int:
    """How many letters' time has come."""
    row = tx.row(
        "select count(*) from letter where state in ('queued', 'deferred') and next_attempt_at <= :at", at=at
    )
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def claim(tx: Tx, due_at: str, by: str, at: str, *, count: int, but: Collection[str] = ()) -> list[Letter]:
    """Take letters that were due at a moment for sending, for this process alone; the oldest first.

    At most ``count``, and none of the departments ``but``. What another process takes just now is left to it.
    """
    text, binds = listed("department", sorted(but))
    aside = f" and department not in ({text})" if but else ""
    due = tx.skipping(
        "select id from letter where state in ('queued', 'deferred') and next_attempt_at <= :due_at"
        f"{aside} order by next_attempt_at, id limit :count"
    )
    rows = tx.rows(
        # Named before it is used: as a plain subquery it might be asked, and lock, more than once.
        f"with due as ({due}) update letter set state = 'sending', claimed_at = :at, claimed_by = :by, "
        f"handed_at = null where id in (select id from due) returning {_LETTER}",
        due_at=due_at,
        by=by,
        at=at,
        count=count,
        **binds,
    )
    return sorted(map(_letter, rows), key=lambda letter: (letter.next_attempt_at, letter.id))


def handing_over(tx: Tx, letter: int, by: str, at: str) -> bool:
    """Note that a letter's text is handed over from now on: who dies after this leaves it uncertain.

    False where the letter is not its claimant's any more; then it must not go.
    """
    return bool(
        tx.run(
            "update letter set handed_at = :at, attempts = attempts + 1 "
            "where id = :letter and state = 'sending' and claimed_by = :by",
            at=at,
            by=by,
            letter=letter,
        )
    )


class Claim(Struct, frozen=True, kw_only=True):
    """A letter in somebody's hands. ``at`` is their last sign: the claim, or the beginning of handing over."""

    letter: int
    by: str
    at: str
    is_handed_over: bool


def claims(tx: Tx) -> list[Claim]:
    """All letters that somebody has in their hands."""
    rows = tx.rows(
        "select id, claimed_by, coalesce(handed_at, claimed_at), handed_at is not null from letter "
        "where state = 'sending'"
    )
    return [
        Claim(letter=int(row[0]), by=str(row[1]), at=str(row[2]), is_handed_over=bool(row[3]))  # type: ignore[arg-type]
        for row in rows
    ]


def take_back(tx: Tx, letter: int, by: str, error: str) -> None:
    """Let go of a letter that ``by`` has claimed: queued again where nothing was handed over, else uncertain.

    A web hook's call may come twice, so it is never uncertain.
    """
    tx.put(
        "update letter set state = case when handed_at is not null and kind <> 'webhook' then 'uncertain' "
        "when attempts > 0 then 'deferred' else 'queued' end, "
        "error = case when handed_at is not null then :error else error end, claimed_by = null "
        "where id = :letter and state = 'sending' and claimed_by = :by",
        error=error,
        letter=letter,
        by=by,
    )


def let_go(tx: Tx, letter: int, by: str) -> None:
    """Queue a letter again of which its claimant handed over nothing, though that may have been noted.

    Who lost the connection while they noted it cannot know whether it was.
    """
    before = "attempts - case when handed_at is null then 0 else 1 end"
    tx.put(
        f"update letter set state = case when {before} > 0 then 'deferred' else 'queued' end, attempts = {before}, "
        "handed_at = null, claimed_by = null where id = :letter and state = 'sending' and claimed_by = :by",
        letter=letter,
        by=by,
    )


def became(
    tx: Tx,
    letter: int,
    by: str,
    state: str,
    *,
    error: str = "",
    said: str | None = None,
    next_attempt_at: str | None = None,
    sent_at: str | None = None,
    subject: str | None = None,
) -> None:
    """Write what became of a letter in its claimant's hands.

    Also of one that another run took for lost meanwhile: who handed it over knows better. A bounce that was
    quicker than this note stays.
    """
    tx.put(
        "update letter set state = :state, error = :error, said = coalesce(:said, said), "
        "next_attempt_at = coalesce(:next, next_attempt_at), sent_at = coalesce(:sent, sent_at), "
        "subject = coalesce(:subject, subject) where id = :letter "
        "and (state = 'sending' and claimed_by = :by or state = 'uncertain' and claimed_by is null)",
        state=state,
        error=error,
        said=said,
        next=next_attempt_at,
        sent=sent_at,
        subject=subject,
        letter=letter,
        by=by,
    )


def decide(tx: Tx, letter: int, state: str, at: str, error: str = "") -> bool:
    """Put a letter into the state that a person chose; false for one that is sent or being sent."""
    return bool(
        tx.run(
            "update letter set state = :state, error = :error, next_attempt_at = :at "
            "where id = :letter and state not in ('sent', 'sending')",
            state=state,
            error=error,
            at=at,
            letter=letter,
        )
    )


def drop_waiting(tx: Tx, ticket: int, why: str) -> None:
    """Let nothing more of a ticket go that waits; what is being sent just now goes."""
    tx.put(
        "update letter set state = 'dropped', error = :why where ticket = :ticket and state in ('queued', 'deferred')",
        why=why,
        ticket=ticket,
    )


def drop_of_message(tx: Tx, ticket: int, message: int, why: str) -> int:
    """Let no letter go that carries a message and waits; how many did.

    Who claims one at the same time wins, or finds it dropped.
    """
    return tx.run(
        "update letter set state = 'dropped', error = :why where ticket = :ticket and message = :message "
        "and state in ('queued', 'deferred')",
        why=why,
        ticket=ticket,
        message=message,
    )


def of_message(tx: Tx, ticket: int, message: int) -> list[Letter]:
    """The letters that carry a message, the oldest first."""
    rows = tx.rows(
        f"select {_LETTER} from letter where ticket = :ticket and message = :message order by id",
        ticket=ticket,
        message=message,
    )
    return [_letter(row) for row in rows]


def bounced(tx: Tx, letter: int, error: str) -> None:
    """Note that a letter came back; not of one that is about to be handed over once more."""
    tx.put(
        "update letter set state = 'bounced', error = :error "
        "where id = :letter and (state <> 'sending' or handed_at is not null)",
        error=error,
        letter=letter,
    )


def load(tx: Tx, letter: int) -> Letter | None:
    """One letter."""
    row = tx.row(f"select {_LETTER} from letter where id = :letter", letter=letter)
    return _letter(row) if row else None


def by_message_id(tx: Tx, message_ids: Sequence[str]) -> Letter | None:
    """The first letter of ours that one of these Message-IDs names."""
    text, binds = listed("id", list(message_ids))
    row = tx.row(
        f"select {_LETTER} from letter where message_id in ({text}) order by id desc limit 1", **binds
    )
    return _letter(row) if row else None


def letters(
    tx: Tx,
    *,
    states: Iterable[str] = (),
    ticket: int | None = None,
    since: str | None = None,
    limit: int | None = None,
    below: int | None = None,
) -> list[Letter]:
    """The outbox as a list, newest first; ``below`` an id the older ones."""
    rows = newest(
        tx,
        _LETTER,
        "letter",
        among=("state", list(states)),
        equal={"ticket": ticket},
        since=("created_at", since),
        limit=limit,
        below=below,
    )
    return [_letter(row) for row in rows]


def reply_ids(tx: Tx, ticket: int) -> dict[int, str]:
    """The Message-IDs under which a ticket's answers go, by message; the requester's where several hear."""
    rows = tx.rows(
        "select l.message, l.message_id from letter l join ticket t on t.number = l.ticket "
        "where l.ticket = :ticket and l.kind in ('reply', 'forward') and l.message is not null order by l.message, "
        "exists (select 1 from client_address a where a.client_id = t.client_id and a.address = l.recipient_key), "
        "l.id desc",
        ticket=ticket,
    )
    return {int(row[0]): str(row[1]) for row in rows}  # type: ignore[arg-type]


def hurry(tx: Tx, departments: Sequence[str], at: str) -> None:
    """Let what was put off by these departments be due now: their way out is back."""
    text, binds = listed("department", departments)
    tx.put(
        "update letter set next_attempt_at = :at "
        f"where state = 'deferred' and next_attempt_at > :at and department in ({text})",
        at=at,
        **binds,
    )


def stuck(tx: Tx, since: str) -> tuple[int, str]:
    """To how many recipients letters were put off, where none was sent since a moment; and what was said last.

    0 where any was sent.
    """
    row = tx.row("select count(distinct recipient_key), max(id) from letter where state = 'deferred'")
    if row is None or not row[0]:
        return 0, ""
    sent = tx.row("select 1 from letter where sent_at > :since limit 1", since=since)
    last = tx.row("select error from letter where id = :letter", letter=row[1])
    return (0, "") if sent else (int(row[0]), str(last[0]) if last else "")


def waits_with(tx: Tx, error: str) -> bool:
    """Whether a letter is put off for a reason that begins with these words."""
    row = tx.row(
        "select 1 from letter where state = 'deferred' and substr(error, 1, length(:error)) = :error limit 1",
        error=error,
    )
    return row is not None


def waiting(tx: Tx) -> int:
    """How many letters wait to be sent, whether due or not."""
    row = tx.row("select count(*) from letter where state in ('queued', 'deferred')")
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def counts(tx: Tx) -> dict[str, int]:
    """How many letters stand in each state."""
    rows = tx.rows("select state, count(*) from letter group by state order by state")
    return {str(row[0]): int(row[1]) for row in rows}  # type: ignore[arg-type]
