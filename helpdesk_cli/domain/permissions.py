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


def may_name(ticket: Ticket, other: Ticket) -> bool:
    """Whether what is written on a ticket may name another's subject: its department sees that one too."""
    return ticket.department == other.department and not other.is_private


def hidden(actor: Actor, ticket: Ticket) -> str:
    """Why somebody may not see a ticket."""
    if ticket.is_private:
        return f"ticket {ticket.number} is private: only its assignee and admins see it"
    return f"ticket {ticket.number} belongs to {ticket.department}, and {actor.login} does not"


def sees_all(actor: Actor) -> bool:
    """Whether nothing is hidden from somebody, so that nobody need look ticket by ticket."""
    return actor.is_admin


def works_in(actor: Actor, department: str) -> bool:
    """Whether what is a department's, and on no ticket, is somebody's to see."""
    return actor.is_admin or (actor.staff is not None and department in actor.staff.departments)


def may_see_mail(actor: Actor, department: str) -> bool:
    """Mail on no ticket is for the department for which it came; what is for none yet, for whoever sorts it."""
    return works_in(actor, department) or (actor.staff is not None and not department)


def may_see_letter(actor: Actor, person: int, department: str, *, is_digest: bool) -> bool:
    """A letter on no ticket is seen by whom it is to, and unless it is a digest by its department; an admin sees all.

    A digest tells of tickets that another may not see.
    """
    if actor.is_admin:
        return True
    if actor.staff is not None and actor.staff.id == person:
        return True
    return not is_digest and works_in(actor, department)


def may_administer(actor: Actor) -> bool:
    """Only an admin changes staff, configuration and the store."""
    return actor.is_admin
