"""What becomes of one mail: its facts looked up, its decision carried out, in one transaction."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.cases import Case, Decision, Facts, Known, Page
from helpdesk_cli.domain.intake import take_in
from helpdesk_cli.domain.mail import STAFF_PURPOSES, Automatic, Inbound, Outcome, fold, person_of
from helpdesk_cli.domain.mail import Mailbox as Address
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import Notice
from helpdesk_cli.domain.people import Client
from helpdesk_cli.domain.ticket import Brought, Change, Event, Ticket
from helpdesk_cli.domain.triage import CROWD, triage
from helpdesk_cli.mail.tokens import REPLY_LENGTH
from helpdesk_cli.services import bounces
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.letters import is_over, over_asked, put_letter
from helpdesk_cli.services.reading import Ready, department_for
from helpdesk_cli.settings import Mailbox, Rate
from helpdesk_cli.store import facts as store_facts
from helpdesk_cli.store import inbox, mailboxes, members, people, tallies, tickets, ties
from helpdesk_cli.store.engine import Tx

BACKLOG_SECONDS = 86400
"""Mail that arrived so long before the first fetch of its mailbox belongs to the backlog."""

MOST_OTHERS = 20
"""So many people to whom a mail went, too, are shown, or join."""

NOT_ON_TICKETS = frozenset(
    {Outcome.DUPLICATE, Outcome.LOOP, Outcome.BOUNCE, Outcome.HELD, Outcome.REJECTED, Outcome.SPAM}
)
"""What is kept in the inbox alone."""


class Release(Struct, frozen=True, kw_only=True):
    """What a person adds to a mail that they let in: their own word for whatever was missing."""

    department: str = ""


def make_case(tx: Tx, desk: Desk, ready: Ready, mailbox: Mailbox, release: Release | None = None) -> Case:
    """All that the decision is made of; reads only."""
    inbound, claims, kept = ready.inbound, ready.claims, ready.kept
    sender = inbound.sender.address if inbound.sender else ""
    # All these are asked together, before the first is read.
    twin_asked = store_facts.duplicate(tx, kept.id, kept.mailbox, kept.sha256, ready.core)
    claimed = store_facts.claimed(tx, claims)
    client = people.client_asked(tx, sender) if sender else None
    rates = desk.settings.limits.new_tickets_per_sender
    # Limits count arrivals; what is old must not be counted with what comes now.
    flood = over_asked(tx, "new-ticket", person_of(sender), rates, kept.arrived_at) if sender else None
    twin, flooding = twin_asked(), flood is not None and flood()
    known = claimed()
    asked = store_facts.surveys(tx, known, inbound.in_reply_to) if ready.rating else (frozenset(), None)
    staff_token = next((token for token in claims.tokens if token.purpose in STAFF_PURPOSES), None)
    remembered = mailboxes.remembered(tx, kept.mailbox)
    border = later(remembered.first_fetch_at, -BACKLOG_SECONDS) if remembered else ""
    facts = Facts(
        duplicate=twin[0] if twin else None,
        duplicate_ticket=twin[1] if twin else None,
        is_own=bool(sender) and is_own(desk, sender),
        is_blocked=bool(sender) and people.is_blocked(tx, sender),
        staff=members.staff_by_address(tx, sender) if sender else None,
        client=client() if client is not None else None,
        staff_person=staff_token.person if staff_token else 0,
        staff_purpose=staff_token.purpose if staff_token else "",
        asked=store_facts.asked(tx, claims),
        department=(release.department if release else "")
        or department_for(desk.settings, ready.recipients, mailbox.department),
        surveyed=asked[0],
        survey=asked[1],
        page=_page(tx, claims.pages) if claims.pages else None,
        is_flooding=flooding,
        flood_ticket=_flooded(tx, sender) if flooding else None,
        **known,
    )
    return Case(
        inbound=inbound,
        claims=claims,
        facts=facts,
        mailbox=mailbox,
        operation=desk.settings.operation,
        verdict=ready.verdict,
        arrived_at=kept.arrived_at,
        is_old=bool(border) and kept.arrived_at < border,
        is_imported=kept.is_imported,
        is_released=release is not None,
        is_whole=kept.is_whole,
        is_thanks=ready.is_thanks,
        rating=ready.rating,
        comment=ready.comment,
        staff_words=ready.staff_words,
        staff_files=ready.staff_files,
        brings_files=ready.brings_files,
        others=_others(desk, inbound),
    )


def _others(desk: Desk, inbound: Inbound) -> tuple[Address, ...]:
    """To whom else a mail went: none of the desk's own addresses, nor its sender; nobody where they are a crowd."""
    if inbound.recipients_total > CROWD:
        return ()
    sender = fold(inbound.sender.address) if inbound.sender else ""
    people = {fold(one.address): one for one in (*inbound.to, *inbound.cc)}
    return tuple(one for folded, one in people.items() if folded != sender and not is_own(desk, folded))[
        :MOST_OTHERS
    ]


def _page(tx: Tx, letters: Sequence[int]) -> Page | None:
    """The first of these letters that was a page."""
    from helpdesk_cli.services import acknowledging

    return next(filter(None, (acknowledging.answered(tx, letter) for letter in letters)), None)


def _flooded(tx: Tx, sender: str) -> Known | None:
    """The ticket that takes what a sender writes beyond their limit: the last that they opened."""
    number = tallies.last_ticket(tx, "new-ticket", person_of(sender))
    return store_facts.known(tx, number) if number is not None else None


def is_own(desk: Desk, address: str) -> bool:
    """Whether an address is one of the desk's own, its reply addresses among them."""
    folded = fold(address)
    if folded in desk.settings.own_addresses():
        return True
    for department in desk.settings.department.values():
        before, mark, after = department.reply_address.lower().partition("{token}")
        if mark and folded.startswith(before) and folded.endswith(after):
            return len(folded) - len(before) - len(after) == REPLY_LENGTH
    return False


def settle(tx: Tx, desk: Desk, ready: Ready, mailbox: Mailbox, release: Release | None = None) -> Outcome:
    """Decide a mail that is still pending, and carry that out."""
    kept = ready.kept
    case = make_case(tx, desk, ready, mailbox, release)
    decision = triage(case)
    ticket = decision.ticket
    if decision.outcome is Outcome.BOUNCE:
        ticket = _take_bounce(tx, desk, case, decision, ready)
    elif decision.outcome is Outcome.DUPLICATE:
        _note_department(tx, desk, case, ready)
    elif decision.outcome is Outcome.COMMAND:
        _acknowledge(tx, desk, case, decision, ready)
    elif decision.outcome not in NOT_ON_TICKETS and _goes_on_ticket(decision):
        ticket = _carry_out(tx, desk, case, decision, ready)
    _send_warnings(tx, desk, case, decision, kept.id)
    sender = case.inbound.sender
    inbox.settle(
        tx,
        kept.id,
        outcome=decision.outcome.value,
        reason=decision.reason,
        ticket=ticket,
        duplicate_of=case.facts.duplicate,
        core=ready.core,
        message_id=case.inbound.message_id,
        from_address=sender.address if sender else "",
        from_name=sender.name if sender else "",
        subject=case.inbound.subject,
        note=_note(case, kept),
        department=case.facts.department or "",
        settled_at=desk.clock(),
    )
    return decision.outcome


def _acknowledge(tx: Tx, desk: Desk, case: Case, decision: Decision, ready: Ready) -> None:
    """Whoever was paged answered: their words go to the log, to nobody else."""
    from helpdesk_cli.services import acknowledging

    staff, page = case.facts.staff, case.facts.page
    assert page is not None
    said: dict[str, object] = {"by": "mail", "inbox": ready.kept.id}
    if words := " ".join(case.inbound.new_text.split())[:200]:
        said["said"] = words
    who = staff.login if staff is not None else page.who
    acknowledging.acknowledge(tx, desk, decision.acknowledged, who, case.arrived_at, staff=staff, said=said)


def _take_bounce(tx: Tx, desk: Desk, case: Case, decision: Decision, ready: Ready) -> int | None:
    """Write a bounce where it belongs; its ticket. What is old or imported speaks of the past and changes nothing.

    One that names no address which failed is mostly an out-of-office note with a null sender: it is a note
    on the ticket that it answers, and nothing counts against anybody.
    """
    if case.is_imported or (case.is_old and case.mailbox.backlog != "answer"):
        return None
    if case.inbound.bounced:
        return bounces.take_in(tx, desk, case.inbound, ready.kept.arrived_at)
    return _carry_out(tx, desk, case, decision, ready) if decision.ticket is not None else None


def _goes_on_ticket(decision: Decision) -> bool:
    """Whether there is a ticket to write to: automatic notes need one that a proof names."""
    if decision.outcome in (Outcome.AUTO_REPLY, Outcome.IGNORED):
        return decision.ticket is not None
    return True


def _carry_out(tx: Tx, desk: Desk, case: Case, decision: Decision, ready: Ready) -> int:
    """Write a mail to its ticket, or to a new one; the ticket's number."""
    ticket = _ticket_of(tx, case, decision.ticket) if decision.ticket is not None else None
    client = case.facts.client
    if ticket is None and client is None and case.inbound.sender is not None:
        client = _new_client(tx, desk, case)
    department = case.facts.department or next(iter(desk.settings.department))
    change = take_in(
        case, decision, desk.settings, ticket=ticket, department=department, client=client, item=ready.kept.id
    )
    change = replace(change, brought=brought_by(ready))
    if decision.mark == "flood" and ticket is not None:
        change = replace(change, silent=True)
    recorded = record(tx, desk, change)
    if decision.outcome is Outcome.OPENED and case.sender:
        tallies.add(tx, "new-ticket", person_of(case.sender), case.arrived_at, recorded.ticket.number)
    return recorded.ticket.number


def brought_by(ready: Ready) -> Brought:
    """Of a mail what rules may ask and its message does not say."""
    return Brought(
        mailbox=ready.kept.mailbox.removeprefix("import:"),
        to=ready.recipients,
        verdict=ready.verdict.value,
        is_automatic=ready.inbound.automatic is not Automatic.NO,
    )


def _ticket_of(tx: Tx, case: Case, number: int) -> Ticket | None:
    """A decision's ticket; mostly it was looked up already with the claims."""
    facts = case.facts
    for known in (
        facts.client_ticket,
        facts.staff_ticket,
        facts.third_ticket,
        facts.reference,
        facts.tag,
        facts.flood_ticket,
    ):
        if known is not None and known.number == number and known.ticket is not None:
            return known.ticket
    return tickets.load(tx, number)


def _new_client(tx: Tx, desk: Desk, case: Case) -> Client:
    """A client whom we meet for the first time; they are called as they call themselves."""
    sender = case.inbound.sender
    assert sender is not None
    name = " ".join(sender.name.split())[:200] or sender.address.partition("@")[0]
    return people.add_client(tx, name, sender.address, desk.clock())


def _note_department(tx: Tx, desk: Desk, case: Case, ready: Ready) -> None:
    """A second copy went to another department: its ticket says so, for nobody else would."""
    twin, department = case.facts.duplicate_ticket, case.facts.department
    number = ties.end(tx, twin) if twin is not None else None
    ticket = tickets.load(tx, number) if number is not None else None
    if ticket is None or not department or department == ticket.department:
        return
    data: dict[str, object] = {"department": department, "mailbox": ready.kept.mailbox}
    event = Event(kind="also-received", at=case.arrived_at, actor="system", data=data)
    record(tx, desk, Change(ticket=ticket, events=(event,), silent=True))


def _send_warnings(tx: Tx, desk: Desk, case: Case, decision: Decision, item: int) -> None:
    """The letters that a decision asks for beside its change."""
    sender = case.inbound.sender
    at = case.arrived_at
    if "rejection" in decision.warnings and sender is not None:
        once_a_day = (Rate(1, 86400),)
        if not is_over(tx, "rejection", person_of(case.sender), once_a_day, at):
            tallies.add(tx, "rejection", person_of(case.sender), at)
            # No name: its sender was not asked to prove that it is theirs.
            notice = Notice(kind="rejection", address=sender.address)
            department = case.facts.department or next(iter(desk.settings.department))
            put_letter(tx, desk, notice, at=at, department=department, subject=case.inbound.subject)
    if "unclear-answer" in decision.warnings and decision.ticket is not None and case.facts.staff:
        notice = Notice(
            kind="unclear-answer",
            address=case.facts.staff.email,
            name=case.facts.staff.name,
            facts={"inbox_id": item, "allowed": decision.reason != "staff-not-allowed"},
        )
        put_letter(tx, desk, notice, at=at, ticket=decision.ticket, department=case.facts.department)
    if "spoof-warning" in decision.warnings and decision.ticket is not None:
        for notice in spoof_warnings(tx, desk, case, item):
            put_letter(tx, desk, notice, at=at, ticket=decision.ticket, department=case.facts.department)


def spoof_warnings(tx: Tx, desk: Desk, case: Case, item: int) -> list[Notice]:
    """The letters to whom a mail claims to be, and to the desk's admins."""
    sender = case.inbound.sender
    page = case.facts.page if case.facts.staff_ticket is None else None
    member = members.staff_by_id(tx, page.person if page is not None else case.facts.staff_person)
    heard = [(member.email, member.name)] if member and member.retired_at is None else []
    heard += [(address, "") for address in desk.settings.desk.admin]
    address = page.address if page is not None else member.email if member else ""
    facts: dict[str, object] = {
        "sender": sender.address if sender else "",
        "staff": {"name": member.name if member else "", "address": address},
        "message": {"at": case.arrived_at},
        "inbox_id": item,
        "page": page is not None,
        "retired": member is not None and member.retired_at is not None and fold(member.email) == case.sender,
    }
    return [
        Notice(kind="spoof-warning", address=address, name=name, facts=facts)
        for address, name in dict(heard).items()
    ]


def _note(case: Case, kept: inbox.Kept) -> str:
    """What a person should know of a mail beside its outcome."""
    notes = list(case.inbound.notes[:5])
    if not kept.is_whole:
        notes.append(
            f"{kept.size:,} bytes are above max_size: only its head is here, the mail stays on the server"
        )
    if case.claims.forged:
        notes.append(f"{case.claims.forged} forged or cut token{'s' if case.claims.forged > 1 else ''}")
    return "; ".join(notes)[:1000]
