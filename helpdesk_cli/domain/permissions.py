"""Who may do what. Asked in one place, answered by pure functions."""

from helpdesk_cli.domain.people import Actor
from helpdesk_cli.domain.ticket import Ticket


def may_see(actor: Actor, ticket: Ticket) -> bool:
    """Staff see the tickets of their departments, and those that were given to them; an admin all.

    A private one is its assignee's and the admins' alone.
    """
    if actor.is_admin:
        return True
    if actor.staff is None or ticket.is_private:
        return actor.staff is not None and ticket.assignee == actor.login
    return ticket.department in actor.staff.departments or ticket.assignee == actor.login


def hidden(actor: Actor, ticket: Ticket) -> str:
    """Why somebody may not see a ticket."""
    if ticket.is_private:
        return f"ticket {ticket.number} is private: only its assignee and admins see it"
    return f"ticket {ticket.number} belongs to {ticket.department}, and {actor.login} does not"


def may_administer(actor: Actor) -> bool:
    """Only an admin changes staff, configuration and the store."""
    return actor.is_admin
