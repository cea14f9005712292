"""The promised JSON of what leaves the desk by more doors than the terminal: web hooks tell it too."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpdesk_cli.services.promises import Explained, Promise
    from helpdesk_cli.store.lists import Listed


def ticket(listed: "Listed", now: str) -> dict[str, object]:
    """A ticket as lists show it."""
    row = listed.ticket
    return {
        "number": row.number,
        "subject": row.subject,
        "stage": row.stage,
        "state": row.state,
        "priority": row.priority,
        "department": row.department,
        "category": row.category,
        "type": row.type,
        "private": bool(row.is_private),
        "level": row.level,
        "channel": row.channel,
        "tags": list(listed.tags),
        "client": {
            "id": row.client_id,
            "name": listed.client_name,
            "email": listed.client_email,
            "organization": listed.organization,
        },
        "assignee": row.assignee,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "closed_at": row.closed_at,
        "sla": row.sla,
        "due_at": row.due_at,
        "overdue": row.due_at is not None and row.due_at < now and row.state != "closed",
        "merged_into": row.merged_into,
        "message_count": row.message_count,
        "rating": row.rating,
        "waits_until": row.waits_until,
    }


def explained(found: "Explained", now: str) -> dict[str, object]:
    """What is promised on a ticket, and how its moments were counted."""
    row, choice = found.listed.ticket, found.choice
    level = choice and {
        "slug": choice.slug,
        "name": found.level.name if found.level else None,
        "by": choice.by or None,
        "value": choice.value or None,
    }
    return {
        "number": row.number,
        "level": level,
        "outdated": found.is_outdated,
        "due_at": row.due_at,
        "clocks": [promise(one, now) for one in found.promises],
    }


def promise(one: "Promise", now: str) -> dict[str, object]:
    """A clock of a ticket; times are in seconds."""
    return {
        "target": one.target,
        "state": one.state,
        "since": one.since,
        "why": one.why or None,
        "budget": one.budget or None,
        "used": one.used,
        "used_before": one.used_before,
        "calendar": one.calendar or None,
        "zone": one.zone,
        "due_at": one.due_at,
        "overdue": one.due_at is not None and one.due_at < now,
        "days": [
            {
                "day": day.day,
                "spans": [{"from": start, "to": stop} for start, stop in day.spans],
                "seconds": day.seconds,
                "why": day.why or None,
                "name": day.name or None,
            }
            for day in one.days
        ],
        "notified": [
            {
                "kind": each.kind,
                "at": each.at,
                "told_at": each.told_at,
                "to": list(each.to),
                "quiet": each.is_quiet,
            }
            for each in one.notified
        ],
    }
