"""The rows of triage for mail of staff: answers to alerts and to pages, and what only claims to be one."""

from helpdesk_cli.domain.cases import Case, Decision, Page
from helpdesk_cli.domain.mail import Outcome
from helpdesk_cli.domain.permissions import may_see


def page_answer(case: Case) -> Decision | None:
    """Whoever was called answers, at the address that was called, or a staff member who has the page."""
    page = _answered_page(case)
    if page is None or not (case.is_accepted and case.inbound.strict_sender):
        return None
    if case.facts.staff is None and case.sender != page.address and not case.is_released:
        return None
    number = page.tickets[0] if page.tickets else None
    if case.is_robot or _says_automatic(case):
        # That a gateway passed it on is no answer.
        return Decision(
            outcome=Outcome.AUTO_REPLY, reason="page-robot", ticket=number, is_public=False, alerts=False
        )
    return Decision(
        outcome=Outcome.COMMAND, ticket=number, is_public=False, alerts=False, acknowledged=page.tickets
    )


def _answered_page(case: Case) -> Page | None:
    """The page that a mail answers; whoever answers an alert in which a page is quoted does not."""
    facts = case.facts
    return facts.page if facts.staff_ticket is None and facts.client_ticket is None else None


def spoofed_page(case: Case) -> Decision | None:
    page = _answered_page(case)
    if page is None:
        return None
    number = page.tickets[0] if page.tickets else None
    return Decision(outcome=Outcome.HELD, ticket=number, warnings=("spoof-warning",))


def staff_reply(case: Case) -> Decision | None:
    facts = case.facts
    if facts.staff_ticket is None or facts.staff is None or not case.is_accepted:
        return None
    if facts.staff.id != facts.staff_person or not case.inbound.strict_sender:
        return None
    number = facts.staff_ticket.number
    if _says_automatic(case):
        return Decision(
            outcome=Outcome.AUTO_REPLY, reason="staff-robot", ticket=number, is_public=False, alerts=False
        )
    ticket, actor = facts.staff_ticket.ticket, facts.staff.actor
    if ticket is not None and not case.is_released and not may_see(actor, ticket):
        return Decision(
            outcome=Outcome.HELD, reason="staff-not-allowed", ticket=number, warnings=("unclear-answer",)
        )
    if not case.staff_words and (case.staff_words is None or not case.brings_files):
        # Sent on, the client would get our own alert back, with what only staff should read.
        if case.is_released:
            return Decision(
                outcome=Outcome.REPLIED, ticket=number, is_public=False, as_staff=True, alerts=False
            )
        return Decision(
            outcome=Outcome.HELD, reason="unclear-answer", ticket=number, warnings=("unclear-answer",)
        )
    return Decision(
        outcome=Outcome.REPLIED,
        ticket=facts.staff_ticket.number,
        is_public=facts.staff_purpose != "n",
        as_staff=True,
        alerts=False,
    )


def _says_automatic(case: Case) -> bool:
    """Whether a mail says of itself that a machine wrote it; what relays add to everybody's mail is no proof
    against a person's own token."""
    for name, value in case.inbound.headers:
        word = value.partition(";")[0].strip().lower()
        if name == "auto-submitted" and word != "no":
            return True
        if name == "precedence" and word in ("bulk", "junk", "list", "auto_reply"):
            return True
    return False


def spoofed_staff(case: Case) -> Decision | None:
    if case.facts.staff_ticket is None:
        return None
    return Decision(outcome=Outcome.HELD, ticket=case.facts.staff_ticket.number, warnings=("spoof-warning",))
