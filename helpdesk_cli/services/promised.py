"""The promised JSON of what leaves the desk by more doors than the terminal: web hooks tell it too."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    }
