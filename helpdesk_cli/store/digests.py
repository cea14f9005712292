"""What staff hear of by the hour or by the day: kept with the change, told together."""

from collections.abc import Sequence

from msgspec import Struct, json

from helpdesk_cli.store.engine import Tx, listed

OFF, HIDDEN, RETIRED = "off", "hidden", "retired"
"""Why something that waited is not told."""


class News(Struct, frozen=True, kw_only=True):
    """A row: something that a staff member wants to hear of, but not at once."""

    id: int = 0
    staff: int
    ticket: int
    message: int | None = None
    event: str
    why: str = ""
    facts: dict[str, object] = {}
    at: str
    wish: str
    due_at: str | None = None
    letter: int | None = None
    dropped: str = ""


_NEWS = ", ".join(News.__struct_fields__)


def _news(row: Sequence[object]) -> News:
    values = dict(zip(News.__struct_fields__, row, strict=True))
    values["facts"] = json.decode(str(values["facts"]))
    return News(**values)  # type: ignore[arg-type]


def keep(tx: Tx, news: News) -> None:
    """Let somebody hear of something when its time comes."""
    tx.put(
        "insert into digest (staff, ticket, message, event, why, facts, at, wish, due_at) values (:staff, :ticket, "
        ":message, :event, :why, :facts, :at, :wish, :due_at)",
        staff=news.staff,
        ticket=news.ticket,
        message=news.message,
        event=news.event,
        why=news.why,
        facts=json.encode(news.facts).decode(),
        at=news.at,
        wish=news.wish,
        due_at=news.due_at,
    )


def is_due(tx: Tx, at: str) -> bool:
    """Whether something's time has come."""
    return tx.row("select 1 from digest where due_at <= :at limit 1", at=at) is not None


def who_is_due(tx: Tx, at: str) -> list[int]:
    """The ids of the staff members for whom something's time has come."""
    rows = tx.rows("select distinct staff from digest where due_at <= :at order by staff", at=at)
    return [int(row[0]) for row in rows]  # type: ignore[arg-type]


def due(tx: Tx, staff: int, at: str) -> list[News]:
    """What a staff member is to hear now, oldest first."""
    rows = tx.rows(
        f"select {_NEWS} from digest where due_at <= :at and staff = :staff order by at, id",
        at=at,
        staff=staff,
    )
    return [_news(row) for row in rows]


def waiting(tx: Tx, staff: int) -> list[News]:
    """What waits for a staff member, whether its time has come or not."""
    rows = tx.rows(
        f"select {_NEWS} from digest where due_at is not null and staff = :staff order by id", staff=staff
    )
    return [_news(row) for row in rows]


def of_ticket(tx: Tx, ticket: int) -> list[News]:
    """All that waits or waited of a ticket."""
    rows = tx.rows(f"select {_NEWS} from digest where ticket = :ticket order by id", ticket=ticket)
    return [_news(row) for row in rows]


def told(tx: Tx, news: Sequence[int], letter: int) -> None:
    """Note which letter tells of something."""
    _end(tx, news, "letter = :letter", letter=letter)


def drop(tx: Tx, news: Sequence[int], why: str) -> None:
    """Let something never be told."""
    _end(tx, news, "dropped = :why", why=why)


def put_off(tx: Tx, news: int, wish: str, due_at: str) -> None:
    """Let something be told at another time."""
    tx.put(
        "update digest set wish = :wish, due_at = :due_at where id = :news and due_at is not null",
        wish=wish,
        due_at=due_at,
        news=news,
    )


def _end(tx: Tx, news: Sequence[int], how: str, **binds: str | int) -> None:
    for start in range(0, len(news), 500):
        text, ids = listed("id", list(news[start : start + 500]))
        tx.put(f"update digest set due_at = null, {how} where id in ({text})", **binds, **ids)
