"""What a night on call is made of: tickets that call somebody, the runs of cron, pages and their answers."""

from email import message_from_bytes
from typing import Any

from helpdesk_cli.mail.tokens import page_code
from helpdesk_cli.services import mailroom, outgoing, rules, tickets
from helpdesk_cli.services.tickets import NewTicket


def mail(number: int, sender: str = "ann@client.example", **headers: str) -> str:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"From: {sender}\r\nTo: support@desk.example\r\nSubject: Down {number}\r\n"
        f"Message-ID: <{number}@client.example>\r\n{more}\r\nIt is down.\r\n"
    )


def entered(office: Any, subject: str = "Down", **fields: Any) -> int:
    wish = NewTicket(
        client="ann@client.example", subject=subject, text="It is down.", department="support", **fields
    )
    return int(tickets.new(office.desk, wish))


def paged(office: Any) -> list[str]:
    """To whom pages went or go, oldest first."""
    return [letter.recipient.partition("@")[0] for letter in office.letters(kind="pager")]


def runs(office: Any) -> None:
    rules.run(office.desk)
    outgoing.notify(office.desk)


def answer(office: Any, letter: Any, **fields: str) -> Any:
    """A pager's answer, which keeps nothing but the subject."""
    sender = fields.get("sender", letter.recipient)
    code = fields.get("code") or page_code(office.desk.key, letter.id)
    return office.mail(
        f"From: {sender}\r\nTo: support@desk.example\r\nSubject: re: hd-{letter.ticket} {code.upper()}\r\n"
        f"Message-ID: <{office.now}-{sender}>\r\n{fields.get('more', '')}\r\nI go\r\n"
    )


def words(office: Any, letter: Any) -> str:
    """What a page says."""
    text = message_from_bytes(mailroom.letter_raw(office.desk, letter.id)).get_payload(decode=True)
    return text.decode() if isinstance(text, bytes) else ""
