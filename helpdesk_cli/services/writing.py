"""A letter's words: its facts gathered from the store, rendered, composed into bytes."""

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.discussion import discussion, heard
from helpdesk_cli.domain.mail import Mailbox, Token, fold
from helpdesk_cli.domain.notices import HELD, PAGER
from helpdesk_cli.domain.ticket import Message, Ticket
from helpdesk_cli.mail import tokens
from helpdesk_cli.mail.compose import Letter as Mail
from helpdesk_cli.mail.compose import compose
from helpdesk_cli.mail.text import REPLY_LINE
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.earlier import earlier
from helpdesk_cli.services.files import attachment_bytes
from helpdesk_cli.settings import Department
from helpdesk_cli.store import inbox, lists, members, outbox, tickets, ties
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

AUTOMATIC = {
    "acknowledgement": "auto-replied",
    "rejection": "auto-replied",
    "reply": "",
    "forward": "",
}
"""RFC 3834; every other kind is auto-generated."""

ANSWERED_ABOVE = frozenset(
    {
        *("acknowledgement", "reply", "forward", "alert", "bounced", "moved"),
        *("reminder", "inactive", "survey", "rule", "notice"),
    }
)
"""The kinds that people answer by mail."""


_EMPTY: dict[str, dict[str, object]] = {
    "alert": {"internal": False, "cc": [], "rating": 0},
    "unclear-answer": {"allowed": True},
    "notice": {"event": "", "by": "", "stage": "", "lines": []},
    "reminder": {"closes_in": ""},
    "inactive": {"reopen_days": 0},
}
"""What a template may ask for where a letter says nothing else."""


class Written(Struct, frozen=True, kw_only=True):
    """A letter ready to be handed over. ``sender`` is the envelope's."""

    raw: bytes
    sender: str
    subject: str


def write(desk: Desk, letter: Letter) -> Written:
    """The bytes of a letter. Raises Failed for a broken template, ValueError for an impossible address."""
    from helpdesk_cli.templates import render
    from helpdesk_cli.templates.facts import one_line

    with desk.engine.read() as tx:
        ticket = tickets.load(tx, letter.ticket) if letter.ticket else None
        message = tickets.message(tx, letter.message) if letter.message else None
        facts = _facts(tx, desk, letter, ticket, message)
        references = _references(tx, letter)
        attachments = _attachments(tx, letter, message)
    department = _department(desk, letter.department)
    words = render(
        str(letter.facts.get("template") or letter.kind),
        facts,
        folder=desk.settings.desk.templates,
        language=desk.settings.desk.language,
    )
    transport = desk.settings.transport.get(department.transport)
    sender = Mailbox(department.address, _from_name(desk, department, letter, message))
    mail = Mail(
        message_id=letter.message_id,
        sender=sender,
        recipient=Mailbox(letter.recipient, one_line(letter.recipient_name)),
        date=desk.clock(),
        reply_to=_reply_to(desk, department, letter),
        subject=words.subject,
        text=words.text,
        html=words.html,
        in_reply_to=references[-1] if references else "",
        references=references,
        automatic=AUTOMATIC.get(letter.kind, "auto-generated"),
        loop_mark=tokens.loop_mark(desk.key, desk.settings.desk.domain),
        attachments=attachments,
    )
    raw = compose(mail)
    if transport is not None and attachments and len(raw) > transport.max_size:
        raw = compose(_without_files(mail, attachments))
    # Nobody's machine may answer what our machine wrote: the null sender (RFC 3834 section 3.3).
    envelope = (transport.envelope_from if transport else "") or department.address
    is_answer = AUTOMATIC.get(letter.kind) == "auto-replied"
    return Written(raw=raw, sender="" if is_answer else envelope, subject=words.subject)


def _department(desk: Desk, slug: str) -> Department:
    known = desk.settings.department
    return known.get(slug) or next(iter(known.values()))


def _from_name(desk: Desk, department: Department, letter: Letter, message: Message | None) -> str:
    """Under whose name a mail goes: the writer's where identity is revealed, else the department's."""
    if letter.kind in HELD and message is not None and desk.settings.operation.reveal_staff_identity:
        return message.author.name or department.name
    return department.name


def _reply_to(desk: Desk, department: Department, letter: Letter) -> Mailbox | None:
    """Where an answer goes: the department, or its signed address for this person and ticket."""
    if letter.kind not in ANSWERED_ABOVE and letter.kind != PAGER:
        return None
    if letter.kind == PAGER and department.reply_address != "plain":
        word = tokens.reply_token(desk.key, Token("p", letter.ticket or 0, letter.id))
        return Mailbox(department.reply_address.replace("{token}", word), department.name)
    if department.reply_address == "plain" or not letter.ticket:
        return Mailbox(department.address, department.name)
    token = tokens.reply_token(desk.key, Token(letter.purpose, letter.ticket, letter.person))
    return Mailbox(department.reply_address.replace("{token}", token), department.name)


def _references(tx: Tx, letter: Letter) -> tuple[str, ...]:
    """The ids that put a letter into its thread: the mail it answers last, and our first one to that person."""
    if letter.ticket is None or letter.kind == PAGER:
        return ()  # by the ids of alerts an answer to a page would be one to them
    merged = ties.family(tx, letter.ticket)
    letters = sorted(
        (other.id, other.message_id)
        for number in (letter.ticket, *merged)
        for other in outbox.letters(tx, ticket=number, limit=20)
        if other.recipient == letter.recipient and other.id < letter.id and other.kind != PAGER
    )
    found = [message_id for _, message_id in letters]
    if letter.purpose == "c":
        # Of what was said while they were not there nobody is told even the ids.
        said = heard(*earlier(tx, letter.ticket, letter.person))
        inbound = [one.message_id for one in said if one.kind == "inbound"]
        found = [*found, *inbound[:1], *inbound[-1:]]
    if letter.purpose == "t":
        found += [
            one.message_id
            for one in tickets.messages(tx, letter.ticket)
            if one.kind == "inbound"
            and not one.is_public
            and fold(one.author.email) == fold(letter.recipient)
        ][-1:]
    return tuple(dict.fromkeys(one for one in found if one))


def _attachments(tx: Tx, letter: Letter, message: Message | None) -> tuple[tuple[str, str, bytes], ...]:
    """The files that staff sent with an answer, and those that they forward; no other letter carries files."""
    if letter.kind not in HELD or message is None:
        return ()
    sources = [message, *(_forwarded(tx, letter) if letter.facts.get("files") else ())]
    return tuple(
        (part.name, part.type, attachment_bytes(tx, part, kept))
        for source in sources
        for kept in [inbox.entry_of_message(tx, source.id)]
        for part in source.attachments
    )


def _forwarded(tx: Tx, letter: Letter) -> list[Message]:
    """What a third party is given to read; what is not public never, whatever was ordered."""
    wanted = letter.facts.get("messages")
    assert isinstance(wanted, list)
    found = [tickets.message(tx, int(one)) for one in wanted]
    return [one for one in found if one is not None and one.is_public]


def _without_files(mail: Mail, attachments: tuple[tuple[str, str, bytes], ...]) -> Mail:
    """The same letter with its files named instead of carried; plain text, so that nobody misses that."""
    names = ", ".join(f"{name} ({len(data):,} bytes)" for name, _, data in attachments)
    note = f"[Too large to be sent by mail: {names}. Please ask us for another way.]"
    return replace(mail, attachments=(), html="", text=f"{mail.text}\n{note}\n")


def _facts(
    tx: Tx, desk: Desk, letter: Letter, ticket: Ticket | None, message: Message | None
) -> dict[str, object]:
    department = _department(desk, letter.department)
    facts: dict[str, object] = {
        "desk": {"name": desk.settings.desk.name},
        "department": {"name": department.name, "address": department.address},
        "recipient": {"name": letter.recipient_name, "address": letter.recipient},
        "reply_line": REPLY_LINE if letter.kind in ANSWERED_ABOVE else "",
        "instead_of": "",
        **_EMPTY.get(letter.kind, {}),
        **letter.facts,
    }
    if letter.kind == PAGER:
        facts["code"] = tokens.page_code(desk.key, letter.id)
    if letter.kind in ("moved", "acknowledgement") and ticket is not None:
        facts["assigned_to"] = _shown_assignee(tx, desk, ticket)
    if ticket is not None:
        facts["ticket"] = ticket_facts(tx, desk, ticket)
    if message is not None:
        facts["message"] = _message_facts(desk, message)
        facts["author"] = {"name": _author(desk, message, letter, department), "email": message.author.email}
        facts["warnings"] = [message.mark] if message.mark else []
    if letter.kind == "forward":
        facts["forwarded"] = [
            {
                "author": _author(desk, one, letter, department),
                "role": one.author.role,
                "at": people_time(desk, one.at),
                "text": one.new_text or one.text or "",
                "attachments": [{"name": part.name, "size": part.size} for part in one.attachments],
            }
            for one in _forwarded(tx, letter)
        ]
    if ticket is not None and letter.kind == "reply" and message is not None:
        operation = desk.settings.operation
        limit = operation.email_messages_limit if operation.limit_messages_sent else None
        said, since = earlier(tx, ticket.number, letter.person)
        before = [one for one in said if one.id < message.id]
        shown, left_out = discussion(before, limit=limit, since=since)
        facts["discussion"] = [
            {
                "author": _author(desk, one, letter, department),
                "role": one.author.role,
                "at": people_time(desk, one.at),
                "text": one.new_text or one.text or "",
            }
            for one in shown
        ]
        facts["left_out"] = left_out
    return facts


def ticket_facts(tx: Tx, desk: Desk, ticket: Ticket) -> dict[str, object]:
    """What templates may know of a ticket."""
    listed = lists.ticket(tx, ticket.number)
    settings = desk.settings
    stage, priority = settings.stage.get(ticket.stage), settings.priority.get(ticket.priority)
    category = settings.category.get(ticket.category or "")
    tag = f"{settings.desk.subject_tag}-{ticket.number}"
    return {
        "number": ticket.number,
        "tag": tag,
        "subject": ticket.subject,
        "stage": stage.name if stage else ticket.stage,
        "priority": priority.name if priority else ticket.priority,
        "category": category.name if category else (ticket.category or ""),
        "assignee": ticket.assignee or "",
        "client": {
            "name": (listed.client_name if listed else "") or "",
            "email": (listed.client_email if listed else "") or "",
        },
    }


def _shown_assignee(tx: Tx, desk: Desk, ticket: Ticket) -> str:
    """The assignee's name as a client may know it."""
    if not desk.settings.operation.reveal_staff_identity or not ticket.assignee:
        return ""
    member = members.staff_by_login(tx, ticket.assignee)
    return member.name if member else ""


def _message_facts(desk: Desk, message: Message) -> dict[str, object]:
    return {
        "text": message.new_text or message.text or "",
        "at": people_time(desk, message.at),
        "attachments": [{"name": part.name, "size": part.size} for part in message.attachments],
    }


def _author(desk: Desk, message: Message, letter: Letter, department: Department) -> str:
    """A writer's name as the reader may know it: to people outside, staff are their department unless revealed."""
    if letter.purpose == "t" and message.author.role == "client":
        return message.author.name or "The client"  # a third party need not know their address
    hidden = message.author.role == "staff" and letter.purpose in ("c", "t")
    if hidden and not desk.settings.operation.reveal_staff_identity:
        return department.name
    return message.author.name or message.author.email


def people_time(desk: Desk, at: str) -> str:
    """A moment for people, in the desk's time zone: ``2026-11-22 10:30``."""
    from zoneinfo import ZoneInfo

    from helpdesk_cli.domain.moments import read

    return read(at).astimezone(ZoneInfo(desk.settings.desk.timezone)).strftime("%Y-%m-%d %H:%M")
