"""Rules of time: the tickets for which one may hold.

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
    """A condition in SQL. ``is_exact``: it finds neither more nor less than the condition itself.

    ``cost`` is how long a database takes for it, beside the others.
    """

    text: str
    binds: Binds = {}
    is_exact: bool = True
    cost: int = 0


TEXTS, ROWS = 1, 2
"""Costs: to compare a text, to look at other rows."""

ANY = Part("1 = 1", is_exact=False)
"""Stands for a condition that no database can ask."""

ONE_TEXT = {
    "subject": "t.subject",
    **{
        f"client.{name}": f"(select x.{name} from client x where x.id = t.client_id)"
        for name in ("name", "organization", "note")
    },
}
"""The fields that are one text, and where that is found."""

DENSE = 4
"""Where one ticket in so many is active, all tickets are looked through one after the other: by an index each would
be looked up, which takes three times as long."""


class Found(Struct, frozen=True):
    """Tickets for which a rule may hold. ``texts`` are what ``asked`` of its conditions are still to be asked of.

    ``is_sure``: beside these all conditions hold.
    """

    numbers: list[int]
    asked: tuple[Condition, ...] = ()
    texts: list[tuple[Bind, ...]] = []
    is_sure: bool = True


def candidates(tx: Tx, rule: Rule, at: str, priorities: Sequence[str], stopping: Sequence[str] = ()) -> Found:
    """The tickets for which a rule may hold and has not done its work.

    Without those at which one of the rules ``stopping`` did its work.
    """
    parts = [_part(one, f"c{place}", at, priorities) for place, one in enumerate(rule.conditions)]
    loose = [one for one, part in zip(rule.conditions, parts, strict=True) if not part.is_exact]
    asked = tuple(one for one in loose if one.field in ONE_TEXT)
    names, binds = listed("stop", stopping)
    for part in parts:
        binds |= part.binds
    binds["rule"] = rule.name
    done = "f.rule = :rule"
    if rule.again:
        done, binds["since"] = "f.rule = :rule and f.at > :since", later(at, -rule.again)
    if stopping:
        done = f"({done} or f.rule in ({names}))"
    texts = [part.text for part in sorted(parts, key=lambda part: part.cost) if part is not ANY]
    if ACTIVE.text in texts and _is_dense(tx):
        texts[texts.index(ACTIVE.text)] = f"+{ACTIVE.text}"  # without its index
    texts.append(f"not exists (select 1 from fired f where f.ticket = t.number and {done})")
    texts.append("t.merged_into is null")  # what leads to another ticket is done with
    columns = ", ".join(("t.number", *(ONE_TEXT[one.field] for one in asked)))
    rows = tx.rows(f"select {columns} from ticket t where {' and '.join(texts)} order by t.number", **binds)
    return Found(
        numbers=[int(row[0]) for row in rows],  # type: ignore[arg-type]
        asked=asked,
        texts=[row[1:] for row in rows] if asked else [],
        is_sure=len(asked) == len(loose),
    )


def _is_dense(tx: Tx) -> bool:
    """Whether so many tickets are active that their index would only cost time; counted once in a transaction."""
    found = tx.memo.get("dense")
    if found is None:
        active = tx.row("select count(*) from ticket where is_active = 1")
        all_ = tx.row("select coalesce(max(number) - min(number), 0) from ticket")
        assert active is not None and all_ is not None
        found = tx.memo["dense"] = int(active[0]) * DENSE > int(all_[0])  # type: ignore[arg-type]
    return bool(found)


ACTIVE = Part("t.is_active = 1")
"""What is open or waits; there is an index of it."""


def _part(condition: Condition, name: str, at: str, priorities: Sequence[str]) -> Part:
    """One condition in SQL; its binds begin with this name."""
    if condition == Condition("state", "is_not", (CLOSED,)):
        return ACTIVE
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
        if not found.is_exact:
            return ANY
        return Part(f"({column} is null or not {found.text})", found.binds, cost=TEXTS)
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
        return Part(f"not exists (select 1 from {rows} and {found.text})", found.binds, cost=ROWS)
    return Part(f"exists (select 1 from {rows} and {found.text})", found.binds, found.is_exact, ROWS)


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
        return Part(f"lower({column}) in ({inside})", binds, cost=TEXTS)
    around = "%" if operator == "contains" else ""
    patterns: Binds = {
        f"{name}_{place}": f"{around}{_pattern(text)}{around}" for place, text in enumerate(texts)
    }
    likes = [f"lower({column}) like :{key} escape '!'" for key in patterns]
    return Part(f"({' or '.join(likes)})", patterns, all(text.isascii() for text in texts), TEXTS)


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
