"""What one mail becomes, and why: a table of rules, the first match wins.

The name of the rule that won is stored with the message as its reason. Nothing here touches the world:
the facts were looked up before, and what is decided is carried out afterwards.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain import from_staff
from helpdesk_cli.domain.cases import Case, Decision, Known
from helpdesk_cli.domain.mail import Automatic, Outcome, Verdict
from helpdesk_cli.domain.moments import seconds_between
from helpdesk_cli.domain.ticket import CLOSED, OPEN, WAITING

MAX_RECEIVED = 50
"""More hops than that are a loop (Postfix's ``hopcount_limit``)."""

LOOP_MARKS = 3
"""So many loop marks of other desks mean that a mail goes round between them."""

LOOP_HEADERS = frozenset(
    {"x-loop", "x-helpdesk-loop", "x-rt-loop-prevention", "x-roundup-loop", "x-desk-loop"}
)

CROWD = 50
"""A mail to more addresses than that is not acknowledged."""


Test = Callable[[Case], Decision | None]


class Row(Struct, frozen=True):
    """A rule. ``sentence`` says for people when it matches; a released mail passes by those that stop it."""

    name: str
    sentence: str
    test: Test
    stops: bool = False


def triage(case: Case) -> Decision:
    """What this mail becomes; the last row takes whatever is left."""
    return explain(case)[-1][1] or _opened(case)


def explain(case: Case) -> list[tuple[Row, Decision | None]]:
    """Each row that was tried, with what it said; the last one won."""
    tried: list[tuple[Row, Decision | None]] = []
    for row in TABLE:
        decision = None if case.is_released and row.stops else row.test(case)
        if decision is not None:
            decision = replace(decision, reason=decision.reason or row.name)
        tried.append((row, decision))
        if decision is not None:
            break
    return tried


def _duplicate(case: Case) -> Decision | None:
    if case.facts.duplicate is None:
        return None
    return Decision(outcome=Outcome.DUPLICATE, ticket=case.facts.duplicate_ticket)


def _loop(case: Case) -> Decision | None:
    marks = sum(name in LOOP_HEADERS for name, _ in case.inbound.headers)
    if (
        case.claims.is_ours
        # In an archive, mail from our own address is what the desk answered in former times.
        or (case.facts.is_own and not (case.is_imported and case.facts.reference))
        or case.inbound.received > MAX_RECEIVED
        or marks >= LOOP_MARKS
    ):
        return Decision(outcome=Outcome.LOOP)
    return None


def _proved(case: Case) -> Known | None:
    """The ticket that the strongest proof names, whoever sent it; for notes that only staff see."""
    facts = case.facts
    return facts.client_ticket or facts.staff_ticket or facts.third_ticket or facts.reference or facts.tag


def _noted(case: Case, outcome: Outcome) -> Decision:
    known = _proved(case)
    return Decision(outcome=outcome, ticket=known.number if known else None, is_public=False, alerts=False)


def _bounce(case: Case) -> Decision | None:
    return _noted(case, Outcome.BOUNCE) if case.inbound.automatic is Automatic.BOUNCE else None


def _vacation(case: Case) -> Decision | None:
    return _noted(case, Outcome.AUTO_REPLY) if case.inbound.automatic is Automatic.VACATION else None


def _report(case: Case) -> Decision | None:
    return _noted(case, Outcome.IGNORED) if case.inbound.automatic is Automatic.REPORT else None


def _blocked(case: Case) -> Decision | None:
    return Decision(outcome=Outcome.IGNORED) if case.facts.is_blocked else None


def _spam(case: Case) -> Decision | None:
    for wanted in case.mailbox.spam_headers:
        name, _, value = wanted.partition(":")
        name, value = name.strip().lower(), value.strip().lower()
        if any(
            key == name and (not value or text.strip().lower() == value) for key, text in case.inbound.headers
        ):
            return Decision(outcome=Outcome.SPAM)
    return None


def _no_sender(case: Case) -> Decision | None:
    return Decision(outcome=Outcome.HELD) if case.inbound.sender is None else None


def _backlog(case: Case) -> Decision | None:
    if not case.is_imported and (not case.is_old or case.mailbox.backlog == "answer" or case.is_released):
        return None
    if not case.is_imported and case.mailbox.backlog == "skip":
        return Decision(outcome=Outcome.IGNORED)
    facts = case.facts
    known = facts.reference or facts.client_ticket or facts.staff_ticket or facts.third_ticket
    stranger = known is not None and case.sender not in known.people and not case.facts.is_own
    return Decision(
        outcome=Outcome.ARCHIVED,
        ticket=known.number if known else None,
        is_public=not stranger,
        mark="third party" if stranger else "",
        alerts=False,
    )


def _failed_client(case: Case) -> Decision | None:
    known = case.facts.client_ticket or case.facts.third_ticket
    if known is None or case.verdict is not Verdict.FAIL:
        return None
    return Decision(outcome=Outcome.HELD, ticket=known.number)


def _rating(case: Case) -> Decision | None:
    """An answer to a survey. Who wrote below the digit what staff should read is heard."""
    if not case.rating or case.is_robot:
        return None
    facts = case.facts
    claimed = [(facts.client_ticket, "")]
    if case.is_accepted:
        claimed += [(facts.reference, "by reference"), (facts.tag, "by subject")]
    for known, mark in claimed:
        if known is None or case.sender not in known.people:
            continue
        if known.number == facts.survey or (known.state == CLOSED and known.number in facts.surveyed):
            return Decision(
                outcome=Outcome.REPLIED,
                ticket=known.number,
                mark=mark,
                rating=case.rating,
                alerts=bool(case.comment),
            )
    return None


def _client_reply(case: Case) -> Decision | None:
    known = case.facts.client_ticket
    if known is None or case.sender not in known.people:
        return None
    return _taken(case, known, "")


def _third_party_answer(case: Case) -> Decision | None:
    """What somebody says to whom staff forwarded the ticket, from whichever address; never for the client to see.

    It is waited for, so it brings back what waits, and what was closed not long ago.
    """
    known = case.facts.third_ticket
    if known is None:
        return None
    if case.sender in known.people and case.sender not in case.facts.asked and case.is_accepted:
        return _taken(case, known, "by reference")  # it came to the client, who answers
    mark = "third party"
    if case.facts.asked and case.sender not in case.facts.asked:
        mark = f"third party; was asked: {', '.join(case.facts.asked)}"
    answer = Decision(outcome=Outcome.REPLIED, ticket=known.number, is_public=False, mark=mark)
    if known.state == OPEN or case.is_thanks or case.is_robot:
        return answer
    age = seconds_between(known.closed_at or case.arrived_at, case.arrived_at)
    is_over = known.state != WAITING and age > case.operation.reopen_days * 86400
    return replace(answer, reopens=not is_over)


def _third_party(case: Case) -> Decision | None:
    known = case.facts.client_ticket
    return _taken(case, known, "third party", is_public=False) if known else None


def _by_reference(case: Case) -> Decision | None:
    if not case.is_accepted:
        return None
    for known, mark in ((case.facts.reference, "by reference"), (case.facts.tag, "by subject")):
        if known is not None and case.sender in known.people:
            return _taken(case, known, mark)
    return None


def _rejected(case: Case) -> Decision | None:
    if not case.is_stranger or case.mailbox.unknown_senders != "reject":
        return None
    polite = case.is_accepted and not case.is_robot
    return Decision(outcome=Outcome.REJECTED, warnings=("rejection",) if polite else ())


def _unknown_held(case: Case) -> Decision | None:
    if case.is_stranger and case.mailbox.unknown_senders == "hold":
        return Decision(outcome=Outcome.HELD)
    return None


def _no_department(case: Case) -> Decision | None:
    return Decision(outcome=Outcome.HELD) if not case.facts.department else None


def _flood(case: Case) -> Decision | None:
    facts = case.facts
    if not facts.is_flooding or facts.flood_ticket is None:
        return None
    # No letters, but a closed ticket comes back, for the mail has to show somewhere.
    known = facts.flood_ticket
    reopens = known.state != OPEN
    return Decision(
        outcome=Outcome.REPLIED,
        ticket=known.number,
        mark="flood",
        alerts=False,
        reopens=reopens,
        # The limit counts ann+1@ and ann+2@ together, but one must not read what the other wrote.
        is_public=case.sender in known.people,
    )


def _opened(case: Case) -> Decision:
    links = tuple((known.number, "claims") for known in (case.facts.reference, case.facts.tag) if known)
    return _opening(case, links[:1])


def _opening(case: Case, links: tuple[tuple[int, str], ...]) -> Decision:
    """A new ticket, and who hears of it."""
    proved = case.verdict is Verdict.PASS
    wish = {
        "always": case.verdict is not Verdict.FAIL,
        "known": case.facts.client is not None and case.verdict is not Verdict.FAIL,
        "authenticated": proved,
        "never": False,
    }
    why_not = _unacknowledged(case, wished=wish[case.mailbox.acknowledge])
    return Decision(
        outcome=Outcome.OPENED,
        mark="sender not authenticated" if case.verdict is Verdict.FAIL else "",
        acknowledges=not why_not,
        unacknowledged=why_not,
        repeats_subject=proved or case.mailbox.authentication == "none",
        pages=not case.is_robot and case.verdict is not Verdict.FAIL,
        links=links,
    )


def _unacknowledged(case: Case, *, wished: bool) -> str:
    """Why a mail that opens a ticket is not acknowledged; "" where it is."""
    if case.is_robot:
        return "robot"
    if case.inbound.recipients_total > CROWD:
        return "crowd"
    if wished:
        return ""
    return "failed" if case.verdict is Verdict.FAIL else "mailbox"


def _taken(case: Case, known: Known, mark: str, *, is_public: bool = True) -> Decision:
    """A further message of a ticket; a waiting one goes on, a closed one is reopened or gets a linked one."""
    reply = Decision(outcome=Outcome.REPLIED, ticket=known.number, is_public=is_public, mark=mark)
    if known.state == OPEN or case.is_thanks:
        return reply
    if known.state == WAITING:
        return replace(reply, reopens=is_public and not case.is_robot)
    age = seconds_between(known.closed_at or case.arrived_at, case.arrived_at)
    if age > case.operation.reopen_days * 86400:
        if not case.facts.department and not known.department:
            return reply
        later = _opening(case, ((known.number, "continues"),))
        return replace(later, reason="reopen-days", mark=mark or later.mark)
    return replace(reply, reopens=not case.is_robot)


TABLE: tuple[Row, ...] = (
    Row("duplicate", "the same mail is here already", _duplicate),
    Row(
        "loop",
        "we wrote it ourselves, it came over more than 50 hops, or bears three loop marks",
        _loop,
        stops=True,
    ),
    Row("bounce", "it reports that a mail could not be delivered", _bounce, stops=True),
    Row("vacation", "a vacation responder wrote it", _vacation, stops=True),
    Row("report", "it is a read receipt or an abuse report", _report, stops=True),
    Row("blocked", "its sender or their domain is blocked", _blocked, stops=True),
    Row("spam", "one of the mailbox's spam_headers marks it", _spam, stops=True),
    Row("no-sender", "nobody stands in From", _no_sender),
    Row("backlog", "it is older than the backlog's day, or imported", _backlog),
    Row("page-answer", "whoever was paged answers, with the signed word of the page", from_staff.page_answer),
    Row(
        "spoofed-page",
        "the word of a page, but not from whom it called as far as we can tell",
        from_staff.spoofed_page,
        stops=True,
    ),
    Row("staff-reply", "staff answer an alert, with their own token", from_staff.staff_reply),
    Row(
        "spoofed-staff",
        "a staff token, but not from that person as far as we can tell",
        from_staff.spoofed_staff,
        stops=True,
    ),
    Row(
        "client-not-authenticated",
        "a client's or a third party's token, but the sender's authentication failed",
        _failed_client,
        stops=True,
    ),
    Row("rating", "a participant answers a survey with a digit from 1 to 5", _rating),
    Row("client-reply", "a client's token, from a participant", _client_reply),
    Row("third-party-answer", "it answers what staff forwarded to a third party", _third_party_answer),
    Row("third-party", "a client's token, from somebody else", _third_party),
    Row(
        "by-reference",
        "it answers a known mail or names a ticket, and comes from a participant",
        _by_reference,
    ),
    Row("unknown-rejected", "the sender is unknown and the mailbox rejects", _rejected, stops=True),
    Row("unknown-held", "the sender is unknown and the mailbox holds", _unknown_held, stops=True),
    Row("no-department", "no recipient and no mailbox names a department", _no_department),
    Row("flood", "the sender opened more tickets than new_tickets_per_sender", _flood),
    Row("new", "everything else", _opened),
)
