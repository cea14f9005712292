"""To which tickets somebody is called, how often already, and who acknowledged it; and the pages that go for it."""

from collections.abc import Sequence

from msgspec import Struct, json

from helpdesk_cli.domain.oncall import Calling
from helpdesk_cli.store.engine import Tx, listed


class Waiting(Struct, frozen=True):
    """A page, or a summary, that still waits."""

    id: int
    ticket: int | None
    facts: dict[str, object]
    created_at: str = ""


_FIELDS = ", ".join(Calling.__struct_fields__)


def _calling(row: Sequence[object]) -> Calling:
    return Calling(**dict(zip(Calling.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]


def of_ticket(tx: Tx, ticket: int) -> list[Calling]:
    """All calls about a ticket."""
    rows = tx.rows(f"select {_FIELDS} from page where ticket = :ticket order by oncall", ticket=ticket)
    return [_calling(row) for row in rows]


def of_tickets(tx: Tx, tickets: Sequence[int]) -> list[Calling]:
    """The same of some tickets."""
    text, binds = listed("ticket", list(tickets))
    return [_calling(row) for row in tx.rows(f"select {_FIELDS} from page where ticket in ({text})", **binds)]


def due(tx: Tx, at: str) -> list[tuple[int, str]]:
    """The tickets and tables whose next call is due, who waits longest first."""
    rows = tx.rows(
        "select ticket, oncall from page where next_at is not null and next_at <= :at order by next_at, ticket",
        at=at,
    )
    return [(int(row[0]), str(row[1])) for row in rows]  # type: ignore[arg-type]


def note(
    tx: Tx, ticket: int, oncall: str, event: str, *, step: int, at: str, next_at: str | None, to: str
) -> None:
    """Note that somebody was called; after an acknowledgement it begins anew."""
    tx.put(
        "insert into page (ticket, oncall, event, step, began_at, next_at, called, calls) "
        "values (:ticket, :oncall, :event, :step, :at, :next_at, :called, :count) "
        "on conflict (ticket, oncall) do update set event = excluded.event, step = excluded.step, "
        "next_at = excluded.next_at, called = case when excluded.called = '' then page.called "
        "when page.oncall = '' and page.began_at = excluded.began_at and page.called <> excluded.called "
        "then page.called || ', ' || excluded.called else excluded.called end, "
        "began_at = case when page.acknowledged_at is null then page.began_at else excluded.began_at end, "
        "calls = excluded.calls + case when page.acknowledged_at is null then page.calls else 0 end, "
        "acknowledged_at = null, acknowledged_by = null",
        ticket=ticket,
        oncall=oncall,
        event=event,
        step=step,
        at=at,
        next_at=next_at,
        called=to,
        count=1 if to else 0,
    )


def end(tx: Tx, ticket: int, by: str, at: str) -> None:
    """Let nobody be called to a ticket any more."""
    tx.put(
        "update page set acknowledged_at = :at, acknowledged_by = :by, next_at = null "
        "where ticket = :ticket and acknowledged_at is null",
        ticket=ticket,
        by=by,
        at=at,
    )


def drop(tx: Tx, ticket: int, oncall: str) -> None:
    """Let a table call nobody more, though nobody acknowledged it."""
    tx.put(
        "update page set next_at = null where ticket = :ticket and oncall = :oncall",
        ticket=ticket,
        oncall=oncall,
    )


def waiting(tx: Tx, key: str, *, is_summary: bool) -> Waiting | None:
    """The newest page to an address that still waits; or the summary of what was held back."""
    which = "is null" if is_summary else "is not null"
    row = tx.row(
        "select id, ticket, facts, created_at from letter "
        f"where kind = 'pager' and recipient_key = :key and ticket {which} "
        f"and state in ('queued', 'deferred'){_SUMMARY if is_summary else ''} order by id desc limit 1",
        key=key,
    )
    return _waiting(row) if row else None


def _waiting(row: Sequence[object]) -> Waiting:
    return Waiting(int(row[0]), row[1], json.decode(str(row[2])), str(row[3] or ""))  # type: ignore[arg-type, call-overload]


def underway(tx: Tx, since: str) -> list[tuple[Waiting, bool]]:
    """The pages of tickets that still wait, and those that went since a moment: which, and whether it went.

    Of one that went ``created_at`` is when it did.
    """
    found = [
        (_waiting(row), False)
        for row in tx.rows(
            "select id, ticket, facts, created_at from letter where state in ('queued', 'deferred', 'sending') "
            "and kind = 'pager' and ticket is not null"
        )
    ]
    went = tx.rows(
        "select id, ticket, facts, sent_at from letter where state = 'sent' and sent_at > :since and kind = 'pager' "
        "and ticket is not null order by sent_at",
        since=since,
    )
    return [*((_waiting(row), True) for row in went), *found]


_SUMMARY = " and facts like '%\"held\":%'"


def last_summary(tx: Tx, key: str, since: str) -> str | None:
    """When the last summary to an address went or will go, if since a moment."""
    row = tx.row(
        "select max(coalesce(handed_at, next_attempt_at)) from letter where kind = 'pager' and recipient_key = :key "
        f"and ticket is null and created_at > :since and state <> 'dropped'{_SUMMARY}",
        key=key,
        since=since,
    )
    return str(row[0]) if row and row[0] is not None else None


def moments(tx: Tx, key: str, since: str, but: int = 0) -> list[str]:
    """When pages to an address were handed over since a moment, or will be; what was held back does not count."""
    rows = tx.rows(
        "select coalesce(handed_at, next_attempt_at) from letter where kind = 'pager' and recipient_key = :key "
        "and ticket is not null and state not in ('dropped', 'failed', 'held') and id <> :but "
        "and coalesce(handed_at, next_attempt_at) > :since order by 1",
        key=key,
        since=since,
        but=but,
    )
    return [str(row[0]) for row in rows]


def handed(tx: Tx, key: str, since: str, but: int) -> list[str]:
    """When pages to an address were handed over since a moment."""
    rows = tx.rows(
        "select handed_at from letter where kind = 'pager' and recipient_key = :key and ticket is not null "
        "and state in ('sending', 'sent', 'uncertain', 'bounced') and id <> :but and handed_at > :since order by 1",
        key=key,
        since=since,
        but=but,
    )
    return [str(row[0]) for row in rows]


def naming(tx: Tx, ticket: int, since: str) -> list[int]:
    """Pages of other tickets, and summaries, since a moment whose facts may name a ticket; oldest first."""
    rows = tx.rows(
        "select id from letter where kind = 'pager' and created_at >= :since and (ticket is null or ticket <> :ticket) "
        "and facts like :part order by id",
        since=since,
        ticket=ticket,
        part=f"%{ticket}%",
    )
    return [int(row[0]) for row in rows]  # type: ignore[arg-type]


def set_facts(tx: Tx, letter: int, facts: dict[str, object]) -> None:
    """What a page that waits says besides."""
    tx.put(
        "update letter set facts = :facts where id = :letter",
        facts=json.encode(facts).decode(),
        letter=letter,
    )


def set_ticket(tx: Tx, letter: int, ticket: int, message: int | None, subject: str) -> None:
    """Which of its tickets a page is first of all about."""
    tx.put(
        "update letter set ticket = :ticket, message = :message, subject = :subject where id = :letter",
        ticket=ticket,
        message=message,
        subject=subject,
        letter=letter,
    )


def rename(tx: Tx, letter: int, message_id: str) -> None:
    """A page's Message-ID names the letter itself, which has its number only once it is put."""
    tx.put(
        "update letter set message_id = :message_id where id = :letter", message_id=message_id, letter=letter
    )


def put_off(tx: Tx, letter: int, by: str, at: str) -> None:
    """Let a page that somebody has claimed wait until a moment."""
    tx.put(
        "update letter set state = case when attempts > 0 then 'deferred' else 'queued' end, next_attempt_at = :at, "
        "claimed_by = null where id = :letter and state = 'sending' and claimed_by = :by",
        letter=letter,
        by=by,
        at=at,
    )
