"""What would become of a mail, and why: read, decided, answered by the rules, and nothing of it written."""

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.cases import Case, Decision
from helpdesk_cli.domain.hearing import hearing
from helpdesk_cli.domain.intake import take_in
from helpdesk_cli.domain.mail import Outcome
from helpdesk_cli.domain.notices import PAGER, Notice
from helpdesk_cli.domain.people import Client, Participant
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.ticket import Change
from helpdesk_cli.domain.triage import Row, explain
from helpdesk_cli.errors import NotAllowed, NotFound
from helpdesk_cli.services import paging
from helpdesk_cli.services.audience import audience_of
from helpdesk_cli.services.changes import completed
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.line import mailbox_of
from helpdesk_cli.services.reacting import Trial
from helpdesk_cli.services.reading import Ready, department_for, make_ready
from helpdesk_cli.services.settling import brought_by, make_case, spoof_warnings
from helpdesk_cli.store import blobs, inbox, tickets
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.inbox import Kept

TICKETS = ("client_ticket", "staff_ticket", "third_ticket", "reference", "tag", "flood_ticket")
"""The facts of a mail that name a ticket; ``NUMBERS`` give its number alone."""

NUMBERS = ("duplicate_ticket", "survey")


class Explained(Struct, frozen=True, kw_only=True):
    """Why a mail becomes what it becomes: every row that was tried, the facts, the verdict, who would hear.

    ``change`` is what would happen to a ticket, by the mail and by the rules, whose ``trial`` says more; None where
    nothing would.
    """

    case: Case
    tried: list[tuple[Row, Decision | None]]
    ready: Ready
    hears: list[Notice]
    named_by: str  # the recipient that named the department, or the mailbox
    change: Change | None = None
    trial: Trial


def explained(
    desk: Desk, data: bytes, *, mailbox: str | None = None, item: int = 0, recipient: str = ""
) -> Explained:
    """What would become of a message, and why; writes nothing. Raises NotFound."""
    name = mailbox or next(iter(desk.settings.mailbox), "")
    if mailbox is not None and mailbox not in desk.settings.mailbox:
        raise NotFound(f"{mailbox}: no such mailbox")
    kept = _kept(desk, item) if item else _as_if_kept(desk, name, data, recipient)
    settings = mailbox_of(desk, kept.mailbox)
    ready = make_ready(desk, kept, data, settings)
    trial = Trial()
    with desk.engine.read() as tx:
        case = make_case(tx, desk, ready, settings)
        tried = explain(case)
        change = _change(tx, desk, ready, case, tried[-1][1], trial)
        hears = _hears(tx, desk, case, tried[-1][1], change)
        _seen(tx, desk, case)
    named = (one for one in ready.recipients if department_for(desk.settings, (one,), ""))
    by = next(named, f"the mailbox {kept.mailbox}" if settings.department else "")
    return Explained(
        case=case, tried=tried, ready=ready, hears=hears, named_by=by, change=change, trial=trial
    )


def _seen(tx: Tx, desk: Desk, case: Case) -> None:
    """Raises NotAllowed where a mail leads to a ticket that the actor may not see."""
    named = [getattr(case.facts, name) for name in TICKETS]
    numbers = [known.number for known in named if known is not None]
    numbers += [number for name in NUMBERS if (number := getattr(case.facts, name)) is not None]
    numbers += case.facts.page.tickets if case.facts.page is not None else ()
    for number in dict.fromkeys(numbers):
        ticket = tickets.load(tx, number)
        if ticket is not None and not may_see(desk.actor, ticket):
            raise NotAllowed(
                f"the mail leads to ticket {ticket.number}, which {desk.actor.login} may not see"
            )


def _kept(desk: Desk, item: int) -> Kept:
    with desk.engine.read() as tx:
        kept = inbox.load(tx, item)
    if kept is None:
        raise NotFound(f"{item}: no such message; 'helpdesk inbox list --all' shows them")
    return kept


def _as_if_kept(desk: Desk, mailbox: str, data: bytes, recipient: str) -> Kept:
    """A message as if it came now through a mailbox."""
    now = desk.clock()
    return Kept(
        mailbox=mailbox,
        source_key="",
        arrived_at=now,
        kept_at=now,
        sha256=blobs.digest(data),
        size=len(data),
        envelope_recipients=(recipient,) if recipient else (),
    )


def _change(
    tx: Tx, desk: Desk, ready: Ready, case: Case, decision: Decision | None, trial: Trial
) -> Change | None:
    """What would happen to a ticket; None for a mail that does not get to one."""
    sender = case.inbound.sender
    if decision is None or decision.outcome not in (Outcome.OPENED, Outcome.REPLIED) or sender is None:
        return None
    ticket = tickets.load(tx, decision.ticket) if decision.ticket is not None else None
    client = case.facts.client
    if client is None:
        client = Client(id=0, name=sender.name, email=sender.address)
        trial.client = client if ticket is None else None
    department = case.facts.department or next(iter(desk.settings.department))
    change = take_in(
        case, decision, desk.settings, ticket=ticket, department=department, client=client, item=None
    )
    change = completed(tx, desk, replace(change, brought=brought_by(ready)), trial)
    return paging.planned(tx, desk, change) if desk.settings.oncall else change


def _hears(tx: Tx, desk: Desk, case: Case, decision: Decision | None, change: Change | None) -> list[Notice]:
    """Whom a decision would send a letter, but for limits, which count only what goes."""
    sender = case.inbound.sender
    if decision is not None and "rejection" in decision.warnings and sender is not None:
        return [Notice(kind="rejection", address=sender.address, name=sender.name)]
    if decision is not None and "spoof-warning" in decision.warnings:
        return spoof_warnings(tx, desk, case, item=0)
    if change is None:
        return []
    there = tickets.participants(tx, change.ticket.number) if change.ticket.number else []
    joining = [
        Participant(id=0, ticket=0, address=one.address, name=one.name, client_id=one.client_id)
        for one in change.joining
        if one.client_id not in {person.client_id for person in there}
    ]
    audience = audience_of(tx, desk, change, desk.clock())
    found = hearing(change, replace(audience, participants=(*there, *joining)), desk.settings)
    waiting = (replace(each.notice, kind=f"{each.wish} digest") for each in found.waiting)
    called = [Notice(kind=PAGER, address=one.address) for call in change.calls for one in call.to]
    return [*found.letters, *waiting, *called]
