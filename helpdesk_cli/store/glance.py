"""What one sees at a glance: counts, and the most urgent tickets. Of what is closed only the latest are read.

Which tickets are meant is a condition of ``lists``; their table is ``t``.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from helpdesk_cli.domain.urgency import Ladder
from helpdesk_cli.store.engine import Tx, Value, listed

Binds = Mapping[str, Value]


class Tally(Struct, frozen=True, kw_only=True):
    """How many active tickets there are of a department and an assignee."""

    department: str
    assignee: str | None
    open: int
    waiting: int
    unanswered: int
    high: int
    overdue: int


class Card(Struct, frozen=True, kw_only=True):
    """What a board shows of a ticket."""

    number: int
    stage: str
    state: str
    priority: str
    department: str
    assignee: str | None
    created_at: str
    updated_at: str
    due_at: str | None
    unanswered_since: str | None
    subject: str


_CARD = ", ".join(f"t.{name}" for name in Card.__struct_fields__)


def tallies(tx: Tx, where: str, binds: Binds, *, at: str, high: tuple[str, ...]) -> list[Tally]:
    """Of each department and assignee, how many active tickets are what; ``high`` are priorities."""
    text, priorities = listed("high", high)
    # Not by the bare column: its own index would be gone through, with all that is closed.
    rows = tx.rows(
        "select t.department, coalesce(t.assignee, ''), count(case when t.state = 'open' then 1 end), "
        "count(case when t.state = 'waiting' then 1 end), count(t.unanswered_since), "
        f"count(case when t.priority in ({text}) then 1 end), count(case when t.due_at < :at then 1 end) "
        f"from ticket t where t.is_active = 1 and {where} group by t.department, coalesce(t.assignee, '')",
        at=at,
        **priorities,
        **binds,
    )
    return [
        Tally(**dict(zip(Tally.__struct_fields__, (department, assignee or None, *counts), strict=True)))  # type: ignore[arg-type]
        for department, assignee, *counts in rows
    ]


def stages(tx: Tx, where: str, binds: Binds) -> list[tuple[str, str, int]]:
    """The stages in which active tickets are: stage, state, how many."""
    rows = tx.rows(
        "select t.stage, t.state, count(*) from ticket t "
        f"where t.is_active = 1 and {where} group by t.stage, t.state order by t.stage, t.state",
        **binds,
    )
    return [(str(row[0]), str(row[1]), int(row[2])) for row in rows]  # type: ignore[arg-type]


def count_closed(tx: Tx, where: str, binds: Binds, stage: str, most: int) -> int:
    """How many tickets are closed in a stage; ``most`` where they are so many or more."""
    row = tx.row(
        "select count(*) from (select 1 from ticket t "
        f"where t.is_active = 0 and t.stage = :in_stage and {where} limit {most}) as found",
        in_stage=stage,
        **binds,
    )
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def latest_closed(tx: Tx, where: str, binds: Binds, stage: str, limit: int) -> list[Card]:
    """The tickets of a stage that were closed, or changed after that, last."""
    rows = tx.rows(
        f"select {_CARD} from ticket t where t.is_active = 0 and t.stage = :in_stage and {where} "
        "order by t.updated_at desc, t.number desc limit :limit",
        in_stage=stage,
        limit=limit,
        **binds,
    )
    return _cards(rows)


def urgent(
    tx: Tx,
    where: str,
    binds: Binds,
    ladders: Iterable[Ladder],
    *,
    limit: int | None = None,
    to_do_at: str | None = None,
) -> list[Card]:
    """Active tickets, the most urgent first; of equal ones that which is due first, or waits longest.

    ``to_do_at`` leaves those for which somebody could do something at that moment: not what only waits, nor what
    was put off until later and is not overdue.
    """
    points, steps = _points(ladders)
    last = "t.due_at is null, t.due_at, t.unanswered_since is null, t.unanswered_since, t.number"
    order = f"order by {points} desc, {last}"
    where = f"t.is_active = 1 and {where}"
    if to_do_at is not None:
        put_off = "select number from ticket where waits_until > :to_do_at and state = 'waiting'"
        where += (
            " and (t.state = 'open' or t.unanswered_since is not null or t.due_at < :to_do_at) "
            f"and (t.due_at < :to_do_at or t.number not in ({put_off}))"
        )
        binds = {**binds, "to_do_at": to_do_at}
    if limit is not None:
        # Which they are is answered by an index alone; only their rows are read.
        where = f"t.number in (select t.number from ticket t where {where} {order} limit :limit)"
        binds = {**binds, "limit": limit}
    return _cards(tx.rows(f"select {_CARD} from ticket t where {where} {order}", **binds, **steps))


def _cards(rows: Iterable[tuple[Value, ...]]) -> list[Card]:
    return [Card(**dict(zip(Card.__struct_fields__, row, strict=True))) for row in rows]  # type: ignore[arg-type]


def _points(ladders: Iterable[Ladder]) -> tuple[str, dict[str, Value]]:
    """The sum of what each ladder gives, and its binds."""
    texts: list[str] = []
    binds: dict[str, Value] = {}
    for ladder in ladders:
        steps = ""
        for place, rung in enumerate(ladder.rungs):
            name = f"{ladder.name}{place}"
            binds[name] = rung.value
            steps += f"when t.{ladder.field} {'<' if rung.is_before else '='} :{name} then {rung.points} "
        if steps:
            texts.append(f"case {steps}else 0 end")
    return f"({' + '.join(texts) or '0'})", binds


def waits(tx: Tx) -> list[str]:
    """Since when each client waits who waits for an answer, the longest first."""
    rows = tx.rows(
        "select t.unanswered_since from ticket t where t.is_active = 1 and t.unanswered_since is not null "
        "order by t.unanswered_since"
    )
    return [str(row[0]) for row in rows]


# Mail


def came(tx: Tx, since: str) -> dict[str, int]:
    """How many messages were kept since a moment, by what became of them; the newest are at the table's end."""
    return _counts(
        tx,
        # Not by the bare column, lest its index be gone through from its beginning.
        "select coalesce(outcome, ''), count(*) from inbox "
        "where id > coalesce((select max(id) from inbox where kept_at < :since), 0) group by coalesce(outcome, '')",
        since=since,
    )


def went(tx: Tx, since: str) -> dict[str, int]:
    """How many letters were sent since a moment: those that stayed so, and those that came back."""
    return _counts(
        tx,
        "select state, count(*) from letter where state in ('sent', 'bounced') and sent_at >= :since group by state",
        since=since,
    )


def standing_mail(tx: Tx, outcomes: tuple[str, ...]) -> dict[str, int]:
    """How many messages have these outcomes now."""
    text, binds = listed("outcome", outcomes)
    return _counts(
        tx, f"select outcome, count(*) from inbox where outcome in ({text}) group by outcome", **binds
    )


def standing_letters(tx: Tx, states: tuple[str, ...]) -> dict[str, int]:
    """How many letters are in these states now."""
    text, binds = listed("state", states)
    return _counts(tx, f"select state, count(*) from letter where state in ({text}) group by state", **binds)


def _counts(tx: Tx, text: str, **binds: Value) -> dict[str, int]:
    return {str(row[0]): int(row[1]) for row in tx.rows(text, **binds)}  # type: ignore[arg-type]
