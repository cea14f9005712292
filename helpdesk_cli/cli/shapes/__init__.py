"""The promised JSON, one function a shape. Every key is always there; null stands where there is nothing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from helpdesk_cli.cli.shapes.mail import decision as decision
from helpdesk_cli.cli.shapes.mail import explained as explained
from helpdesk_cli.cli.shapes.mail import fetched as fetched
from helpdesk_cli.cli.shapes.mail import inbox as inbox
from helpdesk_cli.cli.shapes.mail import inbox_whole as inbox_whole
from helpdesk_cli.cli.shapes.mail import notified as notified
from helpdesk_cli.cli.shapes.mail import outbox as outbox
from helpdesk_cli.cli.shapes.mail import outbox_whole as outbox_whole
from helpdesk_cli.services.promised import ticket as ticket

if TYPE_CHECKING:
    from helpdesk_cli.domain.links import Link
    from helpdesk_cli.domain.people import Client, Staff
    from helpdesk_cli.domain.ticket import Event, Message
    from helpdesk_cli.services.moving import Moved, TableSize
    from helpdesk_cli.services.pauses import Pause
    from helpdesk_cli.services.rules import Row, RunReport
    from helpdesk_cli.services.rules.trying import Trial
    from helpdesk_cli.services.views import File, Whole
    from helpdesk_cli.services.why import Why

Shape = dict[str, object]


def whole(found: "Whole", html: Mapping[int, str], now: str) -> Shape:
    """A ticket with all that was said on it and happened to it; ``html`` by message id."""
    first, messages = 1, []
    for one in found.messages:
        shape = message(one, html.get(one.id), first, found.sent_as.get(one.id))
        messages.append({**shape, "ticket": found.merged.get(one.id, found.listed.ticket.number)})
        first += len(one.attachments)
    return {
        **ticket(found.listed, now),
        "messages": messages,
        "events": [event(one) for one in found.events],
        "participants": [person.address for person in found.participants],
        "suggested": list(found.suggested),
        "links": [_link(one) for one in found.links],
        "watchers": list(found.watchers),
        "writing": [{"staff": one.login, "since_at": one.since_at} for one in found.writing],
        "pages": [
            {
                "oncall": one.oncall or None,
                "event": one.event,
                "called": one.called.split(", ") if one.called else [],
                "calls": one.calls,
                "began_at": one.began_at,
                "next_at": one.next_at,
                "acknowledged_at": one.acknowledged_at,
                "acknowledged_by": one.acknowledged_by,
            }
            for one in found.calls
        ],
    }


def _link(one: "Link") -> Shape:
    """A tie to another ticket: what its kind says is said of this one ("to" the other), or of the other."""
    return {"ticket": one.ticket, "kind": one.kind, "direction": "to" if one.is_ours else "from"}


def message(one: "Message", html: str | None, first: int, sent_as: str | None = None) -> Shape:
    """One thing said. Its attachments have the numbers that they have on their ticket, from ``first`` on.

    ``sent_as`` is the Message-ID of the letter that carries it.
    """
    return {
        "id": one.id,
        "kind": one.kind,
        "author": {
            "role": one.author.role,
            "name": one.author.name or None,
            "email": one.author.email or None,
        },
        "at": one.at,
        "date_header": one.date_header or None,
        "subject": one.subject,
        "text": one.new_text if one.text is None else one.text,
        "new_text": one.new_text,
        "html": html,
        "attachments": [
            {"id": place, "name": part.name, "type": part.type, "size": part.size, "sha256": part.sha256}
            for place, part in enumerate(one.attachments, first)
        ],
        "message_id": one.message_id or sent_as,
        "in_reply_to": one.in_reply_to or None,
        "public": one.is_public,
        "mark": one.mark or None,
    }


def event(one: "Event") -> Shape:
    """A line of the activity log."""
    return {"at": one.at, "actor": one.actor, "kind": one.kind, "data": one.data}


def why(found: "Why") -> Shape:
    """Who was told of what happened to a ticket, and who was not."""
    return {
        "number": found.ticket.number,
        "person": found.person,
        "events": [
            {
                "at": each.at,
                "event": each.event,
                "actor": each.actor,
                "told": [
                    {
                        "to": one.to,
                        "login": one.login,
                        "as": one.as_ or None,
                        "kind": one.kind,
                        "letter": one.letter,
                        "state": one.state,
                        "at": one.at,
                        "said": one.said or None,
                    }
                    for one in each.told
                ],
                "not_told": [{"whom": one.whom, "why": one.why, "text": one.text} for one in each.not_told],
            }
            for each in found.news
        ],
    }


def attachment(file: "File") -> Shape:
    """A file of a ticket; ``message`` is the id of the message that brought it."""
    return {
        "id": file.id,
        "message": file.message,
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "sha256": file.sha256,
    }


def client(one: "Client") -> Shape:
    """A client."""
    return {
        "id": one.id,
        "name": one.name,
        "email": one.email,
        "addresses": list(one.addresses),
        "organization": one.organization,
        "note": one.note or None,
        "created_at": one.created_at,
    }


def staff(one: "Staff") -> Shape:
    """A staff member."""
    return {
        "id": one.id,
        "login": one.login,
        "name": one.name,
        "email": one.email,
        "role": one.role,
        "departments": list(one.departments),
        "created_at": one.created_at,
        "retired_at": one.retired_at,
        "level": one.level,
        "away_from": one.away_from,
        "away_to": one.away_to,
        "deputy": one.deputy,
        "notices": {"all": one.wishes.every, **one.wishes.named},
        "every_ticket": bool(one.every_ticket),
        "pager": one.pager or None,
    }


def block(pattern: str, at: str, by: str) -> Shape:
    """An address or a domain that is not heard."""
    return {"pattern": pattern, "blocked_at": at, "blocked_by": by}


def pause(one: "Pause") -> Shape:
    """What shall not be done for now, and why."""
    return {
        "what": one.what,
        "reason": one.reason,
        "paused_at": one.paused_at,
        "paused_by": one.paused_by,
    }


def rules_run(report: "RunReport") -> Shape:
    """What a run of run-rules did, or would do."""
    return {
        "rules": [
            {
                "name": one.name,
                "builtin": one.builtin,
                "fired": one.fired,
                "left": one.left,
                "error": one.error,
                "tickets": one.tickets,
                "refused": one.refused,
            }
            for one in report.rules
        ],
        "renewed": report.renewed,
    }


def rule(row: "Row") -> Shape:
    """A rule, in words."""
    return {
        "name": row.name,
        "builtin": row.builtin,
        "enabled": row.enabled,
        "when": row.when,
        "if": row.if_,
        "then": row.then,
        "fired": row.fired,
        "fired_at": row.fired_at,
    }


def rules_tried(trial: "Trial") -> Shape:
    """Which rules would fire on a mail, and why the others would not."""
    verdict = trial.found.tried[-1][1]
    return {
        "verdict": decision(verdict),
        "events": list(trial.events),
        "rules": [
            {"name": one.name, "fires": one.fires, "event": one.event, "why": one.why, "then": one.then}
            for one in trial.rules
        ],
        "hears": [{"kind": notice.kind, "to": notice.address} for notice in trial.found.hears],
    }


def to_copy(source: str, target: str, sizes: "Sequence[TableSize]") -> Shape:
    """What would be copied to another store."""
    tables = [_copied(one.name, one.rows, size=one.weight) for one in sizes]
    return {"from": source, "to": target, "complete": False, "damaged": [], "tables": tables}


def moved(done: "Moved") -> Shape:
    """What was copied to another store, and how it compares."""
    tables = [
        _copied(
            one.name,
            one.rows,
            digest=one.digest,
            target_rows=one.target_rows,
            target_digest=one.target_digest,
            written=one.written,
            removed=one.removed,
        )
        for one in done.tables
    ]
    return {
        "from": done.source,
        "to": done.target,
        "complete": done.failure is None,
        "damaged": done.damaged,
        "tables": tables,
    }


def _copied(name: str, rows: int, **known: object) -> Shape:
    keys = ("size", "digest", "target_rows", "target_digest", "written", "removed")
    return {"name": name, "rows": rows, **{key: known.get(key) for key in keys}}
