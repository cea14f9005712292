"""The promised JSON of mail that comes and goes, one function a shape."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpdesk_cli.domain.cases import Decision
    from helpdesk_cli.services.explaining import Explained
    from helpdesk_cli.services.line import MailboxReport
    from helpdesk_cli.services.mailroom import Entry, Letter
    from helpdesk_cli.services.outgoing import SendReport

Shape = dict[str, object]

WAITING_TO_GO = ("queued", "deferred", "uncertain")
"""The states of a letter that has a next attempt."""


def inbox(entry: "Entry") -> Shape:
    """A message that came."""
    return {
        "id": entry.id,
        "mailbox": entry.mailbox,
        "at": entry.at,
        "message_id": entry.message_id or None,
        "from": entry.from_address or None,
        "subject": entry.subject,
        "size": entry.size,
        "sha256": entry.sha256,
        "outcome": entry.outcome,
        "reason": entry.reason or None,
        "ticket": entry.ticket,
    }


def inbox_whole(entry: "Entry") -> Shape:
    """A message that came, with what is known of its reading."""
    return {
        **inbox(entry),
        "note": entry.note or None,
        "attempts": entry.attempts,
        "whole": entry.is_whole,
        "duplicate_of": entry.duplicate_of,
    }


def outbox(letter: "Letter") -> Shape:
    """A letter to send or sent."""
    return {
        "id": letter.id or None,
        "kind": letter.kind,
        "to": letter.recipient,
        "subject": letter.subject,
        "state": letter.state,
        "attempts": letter.attempts,
        "next_attempt_at": letter.next_attempt_at if letter.state in WAITING_TO_GO else None,
        "error": letter.error or None,
        "ticket": letter.ticket,
        "message_id": letter.message_id or None,
    }


def outbox_whole(letter: "Letter") -> Shape:
    """A letter, with when it was put and when it went."""
    return {
        **outbox(letter),
        "department": letter.department or None,
        "created_at": letter.created_at,
        "sent_at": letter.sent_at,
        "said": letter.said or None,
    }


def fetched(reports: "Sequence[MailboxReport]") -> Shape:
    """What a run of fetch-mail did; the outcomes of a mailbox add up to ``fetched``."""
    return {
        "mailboxes": [
            {
                "name": report.name,
                "fetched": report.fetched,
                "outcomes": dict(report.outcomes),
                "error": report.error,
            }
            for report in reports
        ]
    }


def notified(report: "SendReport") -> Shape:
    """What a run of notify did."""
    return {
        "sent": report.sent,
        "deferred": report.deferred,
        "failed": report.failed,
        "uncertain": report.uncertain,
        "queued": report.queued,
    }


def explained(found: "Explained") -> Shape:
    """Why a mail becomes what it becomes; ``hears`` is who would get a letter."""
    case = found.case
    inbound, claims, facts = case.inbound, case.claims, case.facts
    tickets = ("client_ticket", "staff_ticket", "third_ticket", "reference", "tag")
    return {
        "facts": {
            "from": inbound.sender.address if inbound.sender else None,
            "name": (inbound.sender.name or None) if inbound.sender else None,
            "one_sender": inbound.strict_sender,
            "verdict": case.verdict.value,
            "accepted": case.is_accepted,
            "automatic": inbound.automatic.value,
            "subject": inbound.subject,
            "message_id": inbound.message_id or None,
            "arrived_at": case.arrived_at,
            "recipients": list(found.ready.recipients),
            "department": facts.department or None,
            "department_by": found.named_by or None,
            "tokens": [
                {"purpose": token.purpose, "ticket": token.ticket, "person": token.person}
                for token in claims.tokens
            ],
            "forged_tokens": claims.forged,
            "message_ids": list(claims.message_ids),
            "tags": list(claims.tags),
            "tickets": {
                name: known.number if (known := getattr(facts, name)) is not None else None
                for name in tickets
            },
            "client": facts.client.email if facts.client else None,
            "staff": facts.staff.login if facts.staff else None,
            "duplicate_of": facts.duplicate,
            "own": facts.is_own or claims.is_ours,
            "blocked": facts.is_blocked,
            "old": case.is_old,
            "flooding": facts.is_flooding,
            "thanks": case.is_thanks,
            "rating": case.rating or None,
            "notes": list(inbound.notes),
        },
        "tried": [
            {"rule": row.name, "sentence": row.sentence, "matched": said is not None}
            for row, said in found.tried
        ],
        "verdict": decision(found.tried[-1][1]),
        "hears": [{"kind": notice.kind, "to": notice.address} for notice in found.hears],
    }


def decision(one: "Decision | None") -> Shape | None:
    """What shall become of a mail."""
    if one is None:
        return None
    return {
        "outcome": one.outcome.value,
        "reason": one.reason,
        "ticket": one.ticket,
        "public": one.is_public,
        "mark": one.mark or None,
        "reopens": one.reopens,
        "rating": one.rating or None,
        "acknowledges": one.acknowledges,
        "pages": one.pages,
        "as_staff": one.as_staff,
        "links": [{"ticket": number, "kind": kind} for number, kind in one.links],
    }
