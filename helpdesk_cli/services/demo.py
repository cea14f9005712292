"""A story on embedded parts: a desk with a Maildir in and a Maildir out, and clients who write to it.

Each step is a command to be typed. What clients write back is made of the mails that the desk really sent.
"""

import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime, make_msgid
from pathlib import Path

from msgspec import Struct

from helpdesk_cli.errors import Failed
from helpdesk_cli.services.desk import now
from helpdesk_cli.services.first_run import FILE, write_new

DESK = "support@desk.example"
SETTINGS = """\
[desk]
name = "Example Hosting"
domain = "desk.example"

[alerts]                       # each new ticket goes to a pager too
enabled = true
address = "oncall@pager.example"

[transport.default]            # mail that we send lies in sent/
kind = "maildir"
path = "sent"

[mailbox.support]              # mail that we get lies in inbox/
kind = "maildir"
path = "inbox"
department = "support"

[department.support]
name = "Support"
address = "support@desk.example"
"""


class Step(Struct, frozen=True, kw_only=True):
    """What is said, and the words of a command that is run then."""

    text: str = ""
    words: tuple[str, ...] = ()
    config: str = ""
    login: str = ""
    is_last: bool = False


def story(place: str | None) -> Iterator[Step]:
    """Play the story in a folder, a new one where none is named; each step must be done before the next.

    Raises Failed where the folder has a desk already.
    """
    folder = _folder(place)
    config = str(folder / FILE)
    inbox, sent = folder / "inbox", folder / "sent"
    login = "alice"

    def typed(*words: str, by: str = login) -> Step:
        return Step(words=words, config=config, login=by)

    yield Step(text=f"A help desk in {folder}: mail comes in by a Maildir and goes out into another one.")
    yield typed("--config", config, "init", "-q", by="")
    alice = ("--name", "Alice Admin", "--email", "alice@desk.example", "--role", "admin")
    yield typed("staff", "new", login, *alice, by="")  # the store's owner may, as there is no admin yet
    yield typed("staff", "join", login, "support")

    for mail in first_mails():
        deliver(inbox, mail)
    yield Step(text="\nThree clients write: plain text, HTML, and with an attachment. Cron would run this:")
    yield typed("fetch-mail", "-v")
    yield typed("ticket", "list")
    yield Step(text="\nEach client gets an acknowledgement, the staff a mail, the pager a short one:")
    yield typed("notify", "-v")
    yield typed("outbox", "list", "--all")

    yield Step(text="\nAlice answers, and the next notify sends it:")
    yield typed("ticket", "reply", "1000", "-m", ANSWER)
    yield typed("notify", "-v")
    letter = last_to(sent, "ann@client.example")
    yield Step(text=f"\nWhat Ann gets:\n\n{shown(letter)}")

    deliver(inbox, answer_to(letter))
    deliver(inbox, vacation_note(last_to(sent, "ben@client.example")))
    deliver(inbox, bounce(last_to(sent, "carla@client.exampel")))
    yield Step(
        text="\nAnn answers that mail; Ben's mailbox says that he is away; Carla's address has a slip in it, "
        "so our mail to her comes back:"
    )
    yield typed("fetch-mail", "-v")
    yield typed("inbox", "list", "--all")
    yield Step(text="\nAnn's answer is on her ticket, without what she quoted:")
    yield typed("ticket", "show", "1000")
    yield Step(text=_ending(folder, config), is_last=True)


def _folder(place: str | None) -> Path:
    if place is None:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="helpdesk-demo-"))
    else:
        folder = Path(place).absolute()
    if not write_new(folder / FILE, SETTINGS):
        raise Failed(f"{folder / FILE}: there is a desk already; name another folder")
    for box in ("inbox", "sent"):
        for part in ("tmp", "new", "cur"):
            (folder / box / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


ANSWER = "Thank you, a disk of that server was full. Does it work for you now?"


def first_mails() -> list[EmailMessage]:
    """What three clients write of their own."""
    plain = written("Ann Ashe <ann@client.example>", "The web shop answers with an error")
    plain.set_content(
        'Hello,\n\nsince this morning our shop at www.client.example shows "500" to everybody.\n\nAnn\n'
    )
    page = written("Ben Bolt <ben@client.example>", "Invoice 4711")
    page.set_content("Please send invoice 4711 again.\n")
    page.add_alternative(
        "<html><body><p>Please send <b>invoice 4711</b> again:</p><ul><li>to me</li>"
        "<li>and to books@client.example</li></ul><p>Ben</p></body></html>",
        subtype="html",
    )
    files = written("Carla Cole <carla@client.exampel>", "Log of the failed backup")
    files.set_content("The backup stopped at night, the log is attached.\n\nCarla\n")
    files.add_attachment(
        b"02:00:01 start\n02:13:37 no space left on device\n", "text", "plain", filename="backup.log"
    )
    return [plain, page, files]


def written(sender: str, subject: str) -> EmailMessage:
    """A mail to the desk, without its text."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = DESK
    mail["Subject"] = subject
    mail["Date"] = _date()
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    return mail


def _date() -> str:
    from datetime import datetime

    return format_datetime(datetime.fromisoformat(now()))


def answer_to(letter: EmailMessage) -> EmailMessage:
    """A client's answer to a letter, as a mail program makes it: its ids, its Reply-To, its text quoted."""
    mail = EmailMessage()
    mail["From"] = str(letter["To"])
    mail["To"] = str(letter["Reply-To"] or letter["From"])
    mail["Subject"] = f"Re: {letter['Subject']}"
    mail["Date"] = _date()
    mail["Message-ID"] = make_msgid(domain="client.example")
    mail["In-Reply-To"] = str(letter["Message-ID"])
    mail["References"] = f"{letter['References'] or ''} {letter['Message-ID']}".strip()
    quoted = "\n".join(f"> {line}".rstrip() for line in text_of(letter).splitlines())
    mail.set_content(f"Yes, it works again. Thank you!\n\nAnn\n\nSupport <{DESK}> wrote:\n{quoted}\n")
    return mail


def vacation_note(letter: EmailMessage) -> EmailMessage:
    """What a mailbox answers by itself (RFC 3834)."""
    mail = written(str(letter["To"]), f"Out of office: {letter['Subject']}")
    mail["Auto-Submitted"] = "auto-replied (vacation)"
    mail["In-Reply-To"] = str(letter["Message-ID"])
    mail.set_content("I am away until Monday and will read your mail then.\n")
    return mail


def bounce(letter: EmailMessage) -> bytes:
    """A delivery status notification (RFC 3464): the next mail server knows no such address."""
    recipient = str(letter["To"].addresses[0].addr_spec)
    head = "".join(f"{name}: {letter[name]}\r\n" for name in ("From", "To", "Subject", "Message-ID"))
    parts = [
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"Your mail could not be delivered to <{recipient}>: the domain is unknown.\r\n",
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.desk.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.2\r\n"
        "Diagnostic-Code: smtp; 550 5.1.2 no such domain\r\n",
        f"Content-Type: text/rfc822-headers\r\n\r\n{head}",
    ]
    body = "".join(f"--cut\r\n{part}\r\n" for part in parts)
    return (
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.desk.example>\r\n"
        f"To: {DESK}\r\nSubject: Undelivered Mail Returned to Sender\r\nDate: {_date()}\r\n"
        f"Message-ID: {make_msgid(domain='mx.desk.example')}\r\nAuto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"\r\n\r\n'
        f"{body}--cut--\r\n"
    ).encode()


def deliver(box: Path, mail: EmailMessage | bytes) -> None:
    """Put a mail into a Maildir, complete before it is seen."""
    raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
    name = f"{time.time_ns()}.demo"
    (box / "tmp" / name).write_bytes(raw)
    (box / "tmp" / name).rename(box / "new" / name)


def last_to(box: Path, address: str) -> EmailMessage:
    """The last letter to somebody that lies in a Maildir."""
    from email import message_from_bytes

    found = sorted((box / "new").iterdir(), key=lambda path: (path.stat().st_mtime_ns, path.name))
    for path in reversed(found):
        letter = message_from_bytes(path.read_bytes(), policy=default)
        if letter["Delivered-To"] == address:
            assert isinstance(letter, EmailMessage)
            return letter
    raise Failed(f"{box}: holds no letter to {address}")


def text_of(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def shown(letter: EmailMessage) -> str:
    """A letter as its reader sees it, indented."""
    head = [f"{name}: {letter[name]}" for name in ("From", "To", "Reply-To", "Subject") if letter[name]]
    lines = [*head, "", *text_of(letter).rstrip().splitlines()]
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _ending(folder: Path, config: str) -> str:
    from shlex import quote

    return f"""
That was the whole way. The desk stays in {folder}; go on with it:

    export HELPDESK_CONFIG={quote(config)} HELPDESK_STAFF=alice
    helpdesk ticket list                  # what waits for an answer
    helpdesk ticket reply 1001 -m "Done." # then: helpdesk notify; ls {quote(str(folder / "sent/new"))}
    helpdesk inbox explain 4              # why a mail became what it became
    helpdesk doctor                       # is everything in order?

Your own desk begins with: helpdesk init"""
