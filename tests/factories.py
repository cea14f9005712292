"""Things to test with: plain functions with overrides."""

from typing import Any

from helpdesk_cli.domain.cases import Case, Facts, Known
from helpdesk_cli.domain.mail import Automatic, Claims, Inbound, Mailbox, Verdict
from helpdesk_cli.domain.people import Client, Staff
from helpdesk_cli.domain.ticket import Author, Message, Ticket
from helpdesk_cli.settings import Department, Operation, Settings, Transport
from helpdesk_cli.settings import Mailbox as MailboxSettings

NOW = "2026-11-22T09:30:00Z"
KEY = b"k" * 32


def a_mail(**fields: Any) -> Inbound:
    """A client's ordinary mail."""
    sender = fields.pop("sender", Mailbox("ann@client.example", "Ann"))
    text = fields.pop("text", "Hello,\nit does not work.")
    return Inbound(
        **{
            "message_id": "<one@client.example>",
            "sender": sender,
            "strict_sender": True,
            "to": (Mailbox("support@desk.example"),),
            "subject": "Printer on fire",
            "text": text,
            "new_text": text,
            "automatic": Automatic.NO,
            "recipients_total": 1,
            **fields,
        }
    )


def a_client(**fields: Any) -> Client:
    return Client(
        **{
            "id": 1,
            "name": "Ann",
            "email": "ann@client.example",
            "addresses": ("ann@client.example",),
            **fields,
        }
    )


def a_staff(**fields: Any) -> Staff:
    return Staff(
        **{
            "id": 7,
            "login": "bob",
            "name": "Bob",
            "email": "bob@staff.example",
            "departments": ("support",),
            **fields,
        }
    )


def a_known(**fields: Any) -> Known:
    """A ticket as triage sees it, whose only participant is ann."""
    return Known(
        **{
            "number": 1000,
            "state": "open",
            "closed_at": None,
            "department": "support",
            "client_id": 1,
            "people": {"ann@client.example": 5},
            **fields,
        }
    )


def a_ticket(**fields: Any) -> Ticket:
    return Ticket(
        **{
            "number": 1000,
            "subject": "Printer on fire",
            "stage": "new",
            "state": "open",
            "priority": "normal",
            "department": "support",
            "client_id": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "message_count": 1,
            **fields,
        }
    )


def a_message(**fields: Any) -> Message:
    return Message(
        **{
            "kind": "inbound",
            "author": Author(role="client", name="Ann", email="ann@client.example", client_id=1),
            "at": NOW,
            "new_text": "It does not work.",
            **fields,
        }
    )


def a_case(
    *,
    inbound: Inbound | None = None,
    claims: Claims | None = None,
    facts: Facts | dict[str, Any] | None = None,
    mailbox: dict[str, Any] | None = None,
    **fields: Any,
) -> Case:
    """A mail ready for its decision; ``facts`` and ``mailbox`` may be given as what differs."""
    known = facts if isinstance(facts, Facts) else Facts(**{"department": "support", **(facts or {})})
    return Case(
        **{
            "inbound": inbound or a_mail(),
            "claims": claims or Claims(),
            "facts": known,
            "mailbox": MailboxSettings(**{"kind": "maildir", "department": "support", **(mailbox or {})}),
            "operation": Operation(),
            "verdict": Verdict.UNKNOWN,
            "arrived_at": NOW,
            **fields,
        }
    )


def some_settings(**fields: Any) -> Settings:
    """The settings of a small complete desk."""
    return Settings(
        **{
            "transport": {"default": Transport(kind="null")},
            "mailbox": {"support": MailboxSettings(kind="maildir", path="/nowhere", department="support")},
            "department": {
                "support": Department(name="Support", address="support@desk.example", assignment="off"),
                "sales": Department(name="Sales", address="sales@desk.example", assignment="off"),
            },
            **fields,
        }
    )
