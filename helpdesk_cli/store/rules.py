"""Rules of time: the tickets for which one may hold, and those on which it has done its work.

Conditions become SQL as far as every database compares alike; what it finds is asked again by
``domain.rules``, which alone decides.
"""

from collections.abc import Sequence

from msgspec import Struct

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.rules import (
    FIELDS,
    FLAG,
    MOMENT,
    NONE,
    NUMBER,
    RANK,
    WORD,
    Condition,
    Rule,
    Value,
)
from helpdesk_cli.domain.ticket import CLOSED
from helpdesk_cli.store.engine import Tx, listed
from helpdesk_cli.store.engine import Value as Bind

Binds = dict[str, Bind]


class Part(Struct, frozen=True):
    """A condition in SQL. ``is_exact``: it finds neither more nor less than the condition itself."""

    text: str
    binds: Binds = {}
    is_exact: bool = True


ANY = Part("1 = 1", is_exact=False)
"""Stands for a condition that no database can ask."""


def candidates(
    tx: Tx, rule: Rule, at: str, priorities: Sequence[str], stopping: Sequence[str] = ()
) -> tuple[list[int], bool]:
    """The tickets for which a rule may hold and has not done its work; and whether it surely holds for them.

    Without those at which one of the rules ``stopping`` did its work.
    """
    parts = [_part(one, f"c{place}", at, priorities) for place, one in enumerate(rule.conditions)]
    names, binds = listed("stop", stopping)
    for part in parts:
        binds |= part.binds
    binds["rule"] = rule.name
    done = "f.rule = :rule"
    if rule.again:
        done, binds["since"] = "f.rule = :rule and f.at > :since", later(at, -rule.again)
    if stopping:
        done = f"({done} or f.rule in ({names}))"
    texts = [part.text for part in parts if part is not ANY]
    texts.append(f"not exists (select 1 from fired f where f.ticket = t.number and {done})")
    rows = tx.rows(f"select t.number from ticket t where {' and '.join(texts)} order by t.number", **binds)
    return [int(row[0]) for row in rows], all(part.is_exact for part in parts)  # type: ignore[arg-type]


def _part(condition: Condition, name: str, at: str, priorities: Sequence[str]) -> Part:
    """One condition in SQL; its binds begin with this name."""
    if condition == Condition("state", "is_not", (CLOSED,)):
        return Part("t.is_active = 1")  # the index knows it
    room, _, field = condition.field.rpartition(".")
    kind = FIELDS[condition.field].kind
    if room == "client":
        return _of_client(condition, field, name)
    if condition.field == "tags":
        return _among("ticket_tag x where x.ticket = t.number", "x.tag", condition, name)
    column = "t.is_private" if condition.field == "private" else f"t.{condition.field}"
    if kind == MOMENT:
        return _moment(column, condition, name, at)
    if kind in (NUMBER, FLAG, WORD, RANK):
        return _word(column, condition, name, priorities)
    return _text(column, condition, name)


def _moment(column: str, condition: Condition, name: str, at: str) -> Part:
    if condition.operator == "exists":
        return Part(f"{column} is {'not ' if condition.values[0] else ''}null")
    sign = "<=" if condition.operator == "older_than" else ">"
    return Part(f"{column} {sign} :{name}", {name: later(at, -int(condition.values[0]))})


def _word(column: str, condition: Condition, name: str, priorities: Sequence[str]) -> Part:
    """A word, a number, a rank or a flag."""
    operator, values = condition.operator, condition.values
    kind = FIELDS[condition.field].kind
    if operator == "exists":
        return Part(f"coalesce({column}, '') {'<>' if values[0] else '='} ''")
    if operator in ("at_least", "at_most"):
        if kind != RANK:
            return Part(f"{column} {'>=' if operator == 'at_least' else '<='} :{name}", {name: values[0]})
        place = list(priorities).index(str(values[0]))
        values = tuple(priorities[place:] if operator == "at_least" else priorities[: place + 1])
    text, binds = listed(f"{name}_", [int(value) if isinstance(value, bool) else value for value in values])
    one_of = f"{column} in ({text})"
    if kind == WORD and NONE in values:
        null, joint = (" is not null", "and not") if operator == "is_not" else (" is null", "or")
        return Part(f"({column}{null} {joint} {one_of})", binds)
    return Part(f"({column} is null or not {one_of})" if operator == "is_not" else one_of, binds)


def _text(column: str, condition: Condition, name: str) -> Part:
    """A text that a ticket or a client has once, or not at all."""
    operator = condition.operator
    if operator == "exists":
        return Part(f"coalesce({column}, '') {'<>' if condition.values[0] else '='} ''")
    if operator.endswith("_not"):
        found = _found(column, operator.removesuffix("_not"), condition.values, name)
        return Part(f"({column} is null or not {found.text})", found.binds) if found.is_exact else ANY
    return _found(column, operator, condition.values, name)


def _among(rows: str, column: str, condition: Condition, name: str) -> Part:
    """A text of which there may be several, each a row."""
    operator = condition.operator
    if operator == "exists":
        return Part(f"{'' if condition.values[0] else 'not '}exists (select 1 from {rows})")
    find = _found_domain if condition.field == "client.domain" else _found
    found = find(column, operator.removesuffix("_not"), condition.values, name)
    if found is ANY or (operator.endswith("_not") and not found.is_exact):
        return ANY
    if operator.endswith("_not"):
        return Part(f"not exists (select 1 from {rows} and {found.text})", found.binds)
    return Part(f"exists (select 1 from {rows} and {found.text})", found.binds, found.is_exact)


def _of_client(condition: Condition, field: str, name: str) -> Part:
    if field in ("email", "domain"):
        return _among("client_address x where x.client_id = t.client_id", "x.address", condition, name)
    rows = "client x where x.id = t.client_id"
    if condition.operator == "exists":
        rows += f" and coalesce(x.{field}, '') <> ''"
    return _among(rows, f"x.{field}", condition, name)


def _found(column: str, operator: str, values: Sequence[Value], name: str) -> Part:
    """Whether a text is one of some texts, or holds one of them; both are compared in small letters.

    Databases know only the small letters of ASCII: whatever stands for another one may be there.
    """
    if operator == "matches":
        return ANY
    texts = [str(value) for value in values]
    if operator == "is" and all(text.isascii() for text in texts):
        inside, binds = listed(f"{name}_", texts)
        return Part(f"lower({column}) in ({inside})", binds)
    around = "%" if operator == "contains" else ""
    patterns: Binds = {
        f"{name}_{place}": f"{around}{_pattern(text)}{around}" for place, text in enumerate(texts)
    }
    likes = [f"lower({column}) like :{key} escape '!'" for key in patterns]
    return Part(f"({' or '.join(likes)})", patterns, all(text.isascii() for text in texts))


def _found_domain(column: str, operator: str, values: Sequence[Value], name: str) -> Part:
    """The same of what stands behind the last @ of an address."""
    if operator == "matches":
        return ANY
    texts = [str(value) for value in values]
    before, behind = ("%@%", "%") if operator == "contains" else ("%@", "")
    patterns: Binds = {
        f"{name}_{place}": f"{before}{_pattern(text)}{behind}" for place, text in enumerate(texts)
    }
    likes = [f"lower({column}) like :{key} escape '!'" for key in patterns]
    is_exact = operator == "is" and all(text.isascii() for text in texts)
    return Part(f"({' or '.join(likes)})", patterns, is_exact)


def _pattern(text: str) -> str:
    """A text as ``like`` wants it."""
    quoted = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return "".join(char if char.isascii() else "%" for char in quoted)


# On which tickets a rule has done its work


def fired(tx: Tx, rule: str, numbers: Sequence[int]) -> dict[int, str]:
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


# What time brings by itself

_LAST_WORD_OURS = (
    "t.staff_word_at is not null and (t.client_word_at is null or t.client_word_at <= t.staff_word_at)"
)


def untouched(tx: Tx, border: str) -> list[int]:
    """Open tickets that nobody touched since a moment, and that were not put aside for that already."""
    return _numbers(
        tx,
        "t.state = 'open' and t.is_idle = 0 and t.touched_at <= :border and not exists (select 1 from fired f "
        "where f.rule = 'awaiting' and f.ticket = t.number and f.at > t.touched_at)",
        border=border,
    )


def unreminded(tx: Tx, border: str) -> list[int]:
    """Tickets that wait for their clients' answer to ours of before that moment, and of which nobody reminded."""
    return _numbers(
        tx,
        f"t.state = 'waiting' and t.is_idle = 0 and t.reminded_at is null and {_LAST_WORD_OURS} "
        "and t.staff_word_at <= :border and coalesce(t.stage_since, t.created_at) <= :border",
        border=border,
    )


def inactive(tx: Tx, border: str, *, is_reminded: bool) -> list[int]:
    """Tickets whose clients did not answer since a moment: since the reminder, or since ours and the waiting."""
    since = (
        "t.reminded_at <= :border"
        if is_reminded
        else "t.staff_word_at <= :border and coalesce(t.stage_since, t.created_at) <= :border"
    )
    return _numbers(
        tx,
        f"t.state = 'waiting' and t.is_idle = 0 and {_LAST_WORD_OURS} and {since} and not exists "
        "(select 1 from fired f where f.rule = 'inactive' and f.ticket = t.number and f.at > t.touched_at)",
        border=border,
    )


def _numbers(tx: Tx, condition: str, **binds: Bind) -> list[int]:
    rows = tx.rows(f"select t.number from ticket t where {condition} order by t.number", **binds)
    return [int(row[0]) for row in rows]  # type: ignore[arg-type]
