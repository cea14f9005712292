"""The body of a web hook's call: what happened, by which rule, and the ticket as it was then."""

from msgspec import json

from helpdesk_cli.domain.ticket import Message
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.writing import Written
from helpdesk_cli.store import tickets
from helpdesk_cli.store.outbox import Letter


def called(desk: Desk, letter: Letter) -> Written:
    """A call ready to be handed over; the same bytes each time."""
    with desk.engine.read() as tx:
        message = tickets.message(tx, letter.message) if letter.message else None
    facts = letter.facts
    body = {
        "event": facts.get("event"),
        "rule": facts.get("rule"),
        "at": facts.get("at"),
        "ticket": facts.get("ticket"),
        "message": said(message) if message is not None else None,
    }
    return Written(raw=json.encode(body), sender="", subject=letter.subject)


def said(message: Message) -> dict[str, object]:
    """The message that brought an event, as a call tells it: what it adds, without its files."""
    author = message.author
    return {
        "id": message.id,
        "kind": message.kind,
        "public": message.is_public,
        "author": {"role": author.role, "name": author.name or None, "email": author.email or None},
        "at": message.at,
        "subject": message.subject,
        "text": message.new_text or message.text or "",
        "attachments": [part.name for part in message.attachments],
    }
