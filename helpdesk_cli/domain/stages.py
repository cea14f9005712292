"""Where a ticket may go: which stages its department uses, which moves are allowed, what it needs to be closed."""

from helpdesk_cli.domain.ticket import CLOSED, OPEN, Ticket
from helpdesk_cli.settings import Settings


def usable(settings: Settings, department: str) -> list[str]:
    """The stages that a department may use, in the order of the board."""
    return [
        slug
        for slug, stage in settings.stage.items()
        if not stage.departments or department in stage.departments
    ]


def onward(settings: Settings, ticket: Ticket) -> list[str]:
    """The stages to which a ticket may go from where it stands; any, where its stage is no longer configured."""
    here = settings.stage.get(ticket.stage)
    allowed = here.next if here is not None and here.next else tuple(settings.stage)
    return [slug for slug in usable(settings, ticket.department) if slug in allowed and slug != ticket.stage]


def first(settings: Settings, ticket: Ticket, state: str) -> str | None:
    """The first stage of a state to which a ticket may go, its own where it is of that state; None for none."""
    if ticket.state == state:
        return ticket.stage
    return next((slug for slug in onward(settings, ticket) if settings.stage[slug].state == state), None)


def entry(settings: Settings, department: str, state: str) -> str:
    """Where a new ticket of a department begins: the first stage of that state that it may use."""
    stages = _of(settings, department, state)
    return stages[0] if stages else settings.first_stage(state)


def at_work(settings: Settings, ticket: Ticket) -> str | None:
    """Where a closed ticket may come back to: the second open stage, else another open one; None for none."""
    allowed = onward(settings, ticket)
    return next((slug for slug in _back(settings, ticket) if slug in allowed), None)


def back(settings: Settings, ticket: Ticket) -> str:
    """The same for a client's word, which is never refused: no move is forbidden to it."""
    return at_work(settings, ticket) or next(iter(_back(settings, ticket)), settings.stage_at_work())


def at_home(settings: Settings, ticket: Ticket) -> str:
    """The stage of a ticket that came to another department: its own, where that may use it, else one like it."""
    stages = usable(settings, ticket.department)
    if ticket.stage in stages or not stages:
        return ticket.stage
    alike = [slug for slug in stages if settings.stage[slug].state == ticket.state]
    return alike[0] if alike else entry(settings, ticket.department, OPEN)


def lacking(settings: Settings, ticket: Ticket, *, organization: str | None) -> tuple[str, ...]:
    """What a ticket's department wants of it before it is closed, and it has not."""
    department = settings.department.get(ticket.department)
    if department is None:
        return ()
    there = {
        "category": ticket.category,
        "type": ticket.type,
        "assignee": ticket.assignee,
        # Without a client nobody could name one.
        "organization": organization if ticket.client_id is not None else "-",
    }
    return tuple(name for name in dict.fromkeys(department.required) if not there[name])


def closes(settings: Settings, stage: str) -> bool:
    """Whether what goes to a stage is closed."""
    return settings.stage[stage].state == CLOSED


def _of(settings: Settings, department: str, state: str) -> list[str]:
    return [slug for slug in usable(settings, department) if settings.stage[slug].state == state]


def _back(settings: Settings, ticket: Ticket) -> list[str]:
    """The open stages that a ticket's department may use, the second before the first."""
    stages = _of(settings, ticket.department, OPEN)
    return [*stages[1:2], *stages[:1], *stages[2:]]
