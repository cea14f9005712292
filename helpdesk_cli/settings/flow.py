"""How tickets go their way: stages, kinds, working time, service levels, rules."""

from typing import Any, Literal

from msgspec import field

from .forms import Span, Table, Words


class Stage(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[stage.SLUG]``: where a ticket stands; the file's order is the board's."""

    name: str
    state: Literal["open", "waiting", "closed"]
    notify: tuple[
        Literal["client", "staff"], ...
    ] = ()  # who is told when a ticket gets here, or is given here
    template: str = "moved"  # the mail template that tells the client
    departments: tuple[str, ...] = ()  # who may use it; empty: all
    next: tuple[str, ...] = ()  # the stages to which a ticket may go from here; empty: any
    formerly: tuple[str, ...] = ()


class Priority(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[priority.SLUG]``: the file's order is from the least to the most urgent."""

    name: str
    formerly: tuple[str, ...] = ()


class Category(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[category.SLUG]``: what a ticket is about."""

    name: str
    formerly: tuple[str, ...] = ()


class Type(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[type.SLUG]``: what kind of thing a ticket is, beside its category."""

    name: str
    formerly: tuple[str, ...] = ()


class Calendar(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[calendar.SLUG]``: when somebody works."""

    timezone: str = ""  # empty: the desk's
    hours: tuple[str, ...] = ("mon-fri 09:00-17:00",)
    holidays: tuple[str, ...] = ()  # countries or their parts whose public holidays are kept
    closed: tuple[str, ...] = ()  # own days without work: 2026-12-24, or 12-24 each year
    open: tuple[str, ...] = ()  # days with hours of their own, whatever else is said


class Sla(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[sla.SLUG]``: a service level, for whom it holds, and its times in working hours of a calendar."""

    name: str
    calendar: str = ""  # empty: day and night
    clients: tuple[str, ...] = ()  # any of their addresses, or domains with all below them
    organizations: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()  # none of these four: for everybody for whom no other holds
    first_response: dict[str, Span] = field(default_factory=dict)  # per priority; "else" for the others
    next_response: dict[str, Span] = field(default_factory=dict)
    resolution: dict[str, Span] = field(default_factory=dict)
    warn_at: int = 75  # a share of the time, in percent; 0: no warning
    warning: tuple[str, ...] = ("assignee",)  # who is warned
    breach: tuple[str, ...] = ("assignee", "manager")  # who hears that it is over


ELSE = "else"
"""The key of a level's time for every priority that is not named."""


Ringing = Literal["opened", "replied", "reopened", "escalated", "warned", "breached"]
"""The events of which whoever is on call may hear."""


class Oncall(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[oncall.SLUG]``: who is paged, one after the other, until somebody acknowledges it."""

    people: tuple[str, ...]  # logins, or addresses of pagers
    order: Literal["turn", "all"] = "turn"
    after: Span = Span(900)  # nobody acknowledged for so long: the next one
    repeat: int = 3  # so many rounds
    every: Span = Span(4 * 3600)  # and after them; 0: no more
    calendar: str = ""  # when it is in force; empty: day and night
    events: tuple[Ringing, ...] = ("opened",)
    from_priority: str = ""  # and the more urgent ones; empty: any
    departments: tuple[str, ...] = ()  # empty: all


class Rule(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[rule.NAME]``: what the desk does by itself when something happens, or when time passes."""

    when: Words  # opened, replied, answered, … or time
    if_: dict[str, Any] = field(name="if", default_factory=dict)
    then: dict[str, Any]
    again: Span = Span(0)  # of a rule of time: after so long once more; 0: once while its conditions hold
    stop: bool = False  # no later rule looks at the ticket then
    enabled: bool = True


STAGES = {
    "new": Stage(name="New", state="open", notify=("staff",)),
    "in-progress": Stage(name="In progress", state="open", notify=("staff",)),
    "awaiting": Stage(name="Awaiting", state="waiting"),
    "done": Stage(name="Done", state="closed", notify=("client",)),
    "cancelled": Stage(name="Cancelled", state="closed", notify=("client",)),
    "rejected": Stage(name="Rejected", state="closed", notify=("client",)),
}
PRIORITIES = {slug: Priority(name=slug.capitalize()) for slug in ("low", "normal", "high", "urgent")}
