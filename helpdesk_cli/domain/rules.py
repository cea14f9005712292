"""Rules of the site: read from the settings, and asked whether they hold. Pure: time and searches are arguments."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from helpdesk_cli.domain.mail import a_label, fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import Client
from helpdesk_cli.domain.tags import tag_of
from helpdesk_cli.domain.ticket import CLOSED, OPEN, WAITING, Brought, Message, Ticket
from helpdesk_cli.settings import Rule as Written

TIME = "time"

EVENTS = (
    "opened",
    "replied",
    "answered",
    "noted",
    "moved",
    "closed",
    "reopened",
    "assigned",
    "escalated",
    "edited",
    "auto-replied",
    "bounced",
    "rated",
    "reminded",
    "put-off",
    "woken",
    "forwarded",
    "warned",
    "breached",
)
"""What a rule may answer; closed is a move into a closed stage."""

BUILT_IN = ("wake", "awaiting", "reminder", "inactive", "sla-warning", "sla-breach", "survey")
"""What time brings by itself, in the order in which it is done, after the site's own rules."""

TEXT, ADDRESS, WORD, RANK, NUMBER, FLAG, MOMENT = (
    "text",
    "address",
    "word",
    "rank",
    "number",
    "flag",
    "moment",
)

_OF_TEXTS = ("is", "is_not", "contains", "contains_not", "matches", "exists")
OPERATORS = {
    TEXT: _OF_TEXTS,
    ADDRESS: _OF_TEXTS,
    WORD: ("is", "is_not", "exists"),
    RANK: ("is", "is_not", "at_least", "at_most"),
    NUMBER: ("is", "is_not", "at_least", "at_most"),
    FLAG: ("is",),
    MOMENT: ("older_than", "younger_than", "exists"),
}

ONE = frozenset({"exists", "older_than", "younger_than", "at_least", "at_most"})
"""Operators that take one value, no list."""

NONE = "none"
"""Stands for nobody, and for a category, type or level of service that is not set."""


class Field(Struct, frozen=True):
    """What can be asked. ``among`` are the words that it takes, ``table`` the settings whose slugs it takes,
    ``numbers`` the least and the most that it can be.
    """

    kind: str
    table: str = ""
    among: tuple[str, ...] = ()
    numbers: tuple[int, int] | None = None


FIELDS = {
    "number": Field(NUMBER),
    "subject": Field(TEXT),
    "stage": Field(WORD, "stage"),
    "state": Field(WORD, among=(OPEN, WAITING, CLOSED)),
    "priority": Field(RANK, "priority"),
    "department": Field(WORD, "department"),
    "category": Field(WORD, "category"),
    "type": Field(WORD, "type"),
    "channel": Field(WORD, among=("email", "phone", "web", "other")),
    "assignee": Field(WORD),
    "tags": Field(TEXT),
    "level": Field(NUMBER, numbers=(1, 3)),
    "private": Field(FLAG),
    "message_count": Field(NUMBER),
    "rating": Field(NUMBER, numbers=(1, 5)),
    "sla": Field(WORD, "sla"),
    **dict.fromkeys(
        (
            "created_at",
            "updated_at",
            "closed_at",
            "due_at",
            "unanswered_since",
            "stage_since",
            "client_word_at",
            "staff_word_at",
        ),
        Field(MOMENT),
    ),
    "client.name": Field(TEXT),
    "client.email": Field(ADDRESS),
    "client.domain": Field(ADDRESS),
    "client.organization": Field(TEXT),
    "client.note": Field(TEXT),
    "mail.subject": Field(TEXT),
    "mail.text": Field(TEXT),
    "mail.from": Field(ADDRESS),
    "mail.to": Field(ADDRESS),
    "mail.mailbox": Field(WORD, "mailbox"),
    "mail.attachments": Field(TEXT),
    "mail.verdict": Field(WORD, among=("pass", "fail", "unknown")),
    "mail.is_automatic": Field(FLAG),
}

Value = str | int

Search = Callable[[str, str], bool]
"""Whether an expression is found in a text."""


class Condition(Struct, frozen=True):
    """One thing that must be so. ``values`` are made ready to be compared, any of them will do."""

    field: str
    operator: str
    values: tuple[Value, ...]


class Action(Struct, frozen=True):
    """One thing that is done."""

    kind: str
    values: tuple[Value, ...]


class Rule(Struct, frozen=True, kw_only=True):
    """A rule made ready. ``again`` is in seconds; 0: once, while its conditions hold."""

    name: str
    when: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()
    again: int = 0
    stop: bool = False
    enabled: bool = True

    @property
    def is_of_time(self) -> bool:
        return TIME in self.when

    @property
    def actor(self) -> str:
        """Under which name its deeds stand in the log."""
        return f"rule:{self.name}"


class Mail(Struct, frozen=True, kw_only=True):
    """The mail that brought an event."""

    message: Message
    brought: Brought


class Seen(Struct, frozen=True, kw_only=True):
    """What a rule looks at; ``priorities`` are the slugs in the order of the file."""

    ticket: Ticket
    tags: tuple[str, ...] = ()
    client: Client | None = None
    mail: Mail | None = None
    priorities: tuple[str, ...] = ()


# Reading


def read(name: str, written: Written) -> Rule:
    """A rule of the settings, which ``config`` has checked."""
    when = (written.when,) if isinstance(written.when, str) else written.when
    conditions = [
        Condition(".".join(path), operator, ready(".".join(path), operator, value))
        for path, asked in asked_of(written.if_)
        for operator, value in operators_of(asked)
    ]
    if TIME in when and not {"state", "stage", "closed_at"} & {one.field for one in conditions}:
        conditions.insert(0, Condition("state", "is_not", (CLOSED,)))
    return Rule(
        name=name,
        when=when,
        # An expression is asked last, for it takes longest.
        conditions=tuple(sorted(conditions, key=lambda one: one.operator == "matches")),
        actions=tuple(Action(kind, _done_with(kind, value)) for kind, value in written.then.items()),
        again=written.again,
        stop=written.stop,
        enabled=written.enabled,
    )


def _done_with(kind: str, value: object) -> tuple[Value, ...]:
    """The values of an action; tags as tickets have them."""
    values = values_of(value)
    return tuple(tag_of(str(each)) or each for each in values) if kind in ("tag", "untag") else values


def asked_of(
    table: Mapping[str, object], before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object]]:
    """The fields that a table asks for, by their path: ``client.domain`` may be one key, or two."""
    for key, value in table.items():
        if not before and key in ("client", "mail") and isinstance(value, Mapping):
            yield from asked_of(value, (key,))
        else:
            yield (*before, key), value


def operators_of(asked: object) -> Iterator[tuple[str, object]]:
    """The operators of a condition with their values; a value by itself is what the field must be."""
    if isinstance(asked, Mapping):
        yield from asked.items()
    else:
        yield "is", asked


def values_of(value: object) -> tuple[Value, ...]:
    """One value, or those of a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)  # type: ignore[return-value]


def ready(field: str, operator: str, value: object) -> tuple[Value, ...]:
    """The values of a condition as they are compared."""
    kind, values = FIELDS[field].kind, values_of(value)
    if operator in ("exists", "matches", "older_than", "younger_than"):
        return values
    if kind == ADDRESS and operator in ("is", "is_not"):
        return tuple(_address(str(each)) for each in values)
    if kind in (TEXT, ADDRESS):
        return tuple(folded(str(each)) for each in values)
    return values


def _address(text: str) -> str:
    """An address or a domain as those of mails are compared."""
    if "@" in text:
        return fold(text)
    try:
        return a_label(text)
    except ValueError:
        return text.lower()


_KEPT = {0x130: "\ue130", 0x212A: "\ue131"}
"""Letters whose small ones are in ASCII; databases, which fold ASCII alone, would not find them."""


def folded(text: str) -> str:
    """The form in which texts are compared: in small letters."""
    return text.lower() if text.isascii() else text.translate(_KEPT).lower()


# Asking


def failing(rule: Rule, seen: Seen, at: str, search: Search) -> Condition | None:
    """The first condition of a rule that does not hold; None where all do."""
    return next((one for one in rule.conditions if not holds(one, seen, at, search)), None)


def holds(condition: Condition, seen: Seen, at: str, search: Search) -> bool:
    """Whether a condition holds at a moment."""
    there = values_in(seen, condition.field)
    if condition.field.startswith("mail.") and seen.mail is None and condition.operator != "exists":
        return False
    if condition.operator in ("older_than", "younger_than", "at_least", "at_most"):
        return any(
            _reaches(condition.field, condition.operator, each, condition.values[0], seen, at)
            for each in there
        )
    return fits(condition, there, search)


def fits(condition: Condition, there: Sequence[Value], search: Search) -> bool:
    """Whether what a field holds is as a condition asks; of several values one will do.

    Of operators that do not measure: those of texts and words.
    """
    name, operator, wanted = condition.field, condition.operator, condition.values
    if operator == "exists":
        return bool(there) == wanted[0]
    if operator in ("is_not", "contains_not"):
        return not fits(Condition(name, operator.removesuffix("_not"), wanted), there, search)
    if operator == "is":
        return any(each in wanted for each in _compared(name, there)) or (
            not there and NONE in wanted and FIELDS[name].kind == WORD
        )
    if operator == "contains":
        return any(str(part) in str(text) for text in _compared(name, there) for part in wanted)
    return any(search(str(expression), str(text)) for text in there for expression in wanted)


def _compared(name: str, there: Sequence[Value]) -> Sequence[Value]:
    """The values of a field as they are compared."""
    return [folded(str(each)) for each in there] if FIELDS[name].kind in (TEXT, ADDRESS) else there


def _reaches(name: str, operator: str, value: Value, wanted: Value, seen: Seen, at: str) -> bool:
    """Whether a value is as far as is asked."""
    if operator in ("older_than", "younger_than"):
        return (str(value) <= later(at, -int(wanted))) is (operator == "older_than")
    if FIELDS[name].kind == RANK:
        if value not in seen.priorities:
            return False  # a slug of former times
        value, wanted = seen.priorities.index(str(value)), seen.priorities.index(str(wanted))
    assert isinstance(value, int) and isinstance(wanted, int)
    return value >= wanted if operator == "at_least" else value <= wanted


def values_in(seen: Seen, name: str) -> tuple[Value, ...]:
    """What a field holds; nothing where it is not set."""
    room, _, rest = name.rpartition(".")
    if room == "mail":
        return _of_mail(seen.mail, rest) if seen.mail is not None else ()
    if room == "client":
        return _of_client(seen.client, rest) if seen.client is not None else ()
    if name == "tags":
        return seen.tags
    if name == "private":
        return (bool(seen.ticket.is_private),)
    value: Value | None = getattr(seen.ticket, name)
    return () if value is None or value == "" else (value,)


def _of_client(client: Client, name: str) -> tuple[Value, ...]:
    if name == "email":
        return client.addresses or (fold(client.email),)
    if name == "domain":
        addresses = client.addresses or (fold(client.email),)
        return tuple(dict.fromkeys(address.rpartition("@")[2] for address in addresses))
    value = getattr(client, name)
    return (value,) if value else ()


def _of_mail(mail: Mail, name: str) -> tuple[Value, ...]:
    message, brought = mail.message, mail.brought
    values: dict[str, tuple[Value, ...]] = {
        "subject": (message.subject,),
        "text": (message.new_text or message.text or "",),
        "from": (fold(message.author.email),),
        "to": brought.to,
        "mailbox": (brought.mailbox,),
        "attachments": tuple(part.name for part in message.attachments),
        "verdict": (brought.verdict,),
        "is_automatic": (brought.is_automatic,),
    }
    return tuple(value for value in values[name] if value != "")
