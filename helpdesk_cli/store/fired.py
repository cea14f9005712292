"""On which tickets rules of time have done their work, as long as their conditions hold; how often all of them did."""

from collections.abc import Sequence

from helpdesk_cli.store.engine import Tx, listed


def those(tx: Tx, rule: str, numbers: Sequence[int]) -> dict[int, str]:
    """Those of some tickets on which a rule has done its work, and when."""
    text, binds = listed("number", numbers)
    rows = tx.rows(
        f"select ticket, at from fired where rule = :rule and ticket in ({text})", rule=rule, **binds
    )
    return {int(row[0]): str(row[1]) for row in rows}  # type: ignore[arg-type]


def note(tx: Tx, rule: str, ticket: int, at: str) -> None:
    """Note that a rule has done its work on a ticket."""
    tx.put(
        "insert into fired (rule, ticket, at) values (:rule, :ticket, :at) "
        "on conflict (rule, ticket) do update set at = excluded.at",
        rule=rule,
        ticket=ticket,
        at=at,
    )


def count(tx: Tx, rule: str, at: str) -> None:
    """Count that a rule did its work once more."""
    tx.put(
        "insert into rule_count (rule, fired, last_at) values (:rule, 1, :at) on conflict (rule) do update set "
        "fired = rule_count.fired + 1, last_at = case when rule_count.last_at > excluded.last_at "
        "then rule_count.last_at else excluded.last_at end",
        rule=rule,
        at=at,
    )


def counts(tx: Tx) -> dict[str, tuple[int, str]]:
    """How often each rule did its work, and when last."""
    rows = tx.rows("select rule, fired, last_at from rule_count")
    return {str(row[0]): (int(row[1]), str(row[2])) for row in rows}  # type: ignore[arg-type]


def touched(tx: Tx, since: int) -> list[tuple[str, int]]:
    """Rules that did their work on tickets to which somebody did something behind that event in the log."""
    rows = tx.rows(
        "select distinct f.rule, f.ticket from event e join fired f on f.ticket = e.ticket "
        "where e.id > :since and e.actor not like 'rule:%' and e.actor <> 'system' order by f.rule, f.ticket",
        since=since,
    )
    return [(str(row[0]), int(row[1])) for row in rows]  # type: ignore[arg-type]


def looked(tx: Tx) -> int:
    """Up to which event a run has looked for tickets that somebody touched."""
    row = tx.row("select value from counter where name = 'rules'")
    return int(row[0]) if row else 0  # type: ignore[arg-type]


def note_look(tx: Tx) -> None:
    """Note that a run has looked at all events that there are."""
    tx.put(
        "insert into counter (name, value) select 'rules', coalesce(max(id), 0) from event where 1 = 1 "
        "on conflict (name) do update set value = excluded.value"
    )


def forget(tx: Tx, rule: str, tickets: Sequence[int]) -> None:
    """Let a rule do its work on tickets once more."""
    tx.many(
        "delete from fired where rule = :rule and ticket = :ticket",
        ({"rule": rule, "ticket": ticket} for ticket in tickets),
    )


def gone(tx: Tx, known: Sequence[str]) -> list[str]:
    """Rules that did their work and are none of these any more."""
    names: list[str] = []
    row = tx.row("select min(rule) from fired")
    while row is not None and row[0] is not None:  # from name to name, for there may be many rows of each
        names.append(str(row[0]))
        row = tx.row("select min(rule) from fired where rule > :last", last=names[-1])
    return [name for name in names if name not in known]


def forget_rule(tx: Tx, rule: str) -> None:
    """Forget all that a rule did."""
    tx.put("delete from fired where rule = :rule", rule=rule)
