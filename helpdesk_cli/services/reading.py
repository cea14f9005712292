"""A kept mail made ready for its decision: parsed within bounds, its claims checked, its sender judged.

No transaction is open here: this is the part that may take time.
"""

import re
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import STAFF_PURPOSES, Automatic, Claims, Inbound, Part, Verdict, fold
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Mailbox, Settings
from helpdesk_cli.store.inbox import Kept

TRACE = re.compile(
    rb"(?:received|return-path|delivered-to|x-original-to|envelope-to|authentication-results|dkim-signature"
    rb"|arc-[!-9;-~]*|x-spam-[!-9;-~]*)\s*:",
    re.IGNORECASE,
)
"""Header fields that differ between two copies of one mail."""

_HEAD_LIMIT = 1_000_000


class Ready(Struct, frozen=True, kw_only=True):
    """A mail that can be decided."""

    kept: Kept
    core: str
    inbound: Inbound
    claims: Claims
    verdict: Verdict
    recipients: tuple[str, ...]
    is_thanks: bool
    rating: int = 0
    comment: str = ""
    staff_words: str | None
    staff_files: tuple[Part, ...] = ()
    brings_files: bool = False


def core_of(raw: bytes) -> str:
    """The digest of a message without its trace fields: two copies of one mail have the same.

    Line ends count as one kind, for servers differ there as well.
    """
    head_end = raw.find(b"\n\r\n", 0, _HEAD_LIMIT)
    other_end = raw.find(b"\n\n", 0, _HEAD_LIMIT if head_end < 0 else head_end + 1)
    if other_end >= 0:
        head_end = other_end
    if head_end < 0:
        head_end = min(len(raw), _HEAD_LIMIT) - 1
    digest = sha256()
    is_trace = False
    for line in raw[: head_end + 1].split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            is_trace = TRACE.match(line) is not None
        if not is_trace:
            digest.update(line.rstrip(b"\r"))
            digest.update(b"\n")
    body = memoryview(raw)[head_end + 1 :]
    if len(body) < 1_000_000:
        digest.update(bytes(body).replace(b"\r\n", b"\n"))
    else:  # a large one is not copied; its line ends are taken as they are
        digest.update(body)
    return digest.hexdigest()


def make_ready(desk: Desk, kept: Kept, raw: bytes, mailbox: Mailbox, inbound: Inbound | None = None) -> Ready:
    """Read a mail, unless ``inbound`` is what was read of it already.

    Raises mail.guard.ParseDefeated where that cannot be done within bounds.
    """
    from helpdesk_cli.mail.answers import brings_files, files_to_send
    from helpdesk_cli.mail.authenticity import verdict
    from helpdesk_cli.mail.claims import claims
    from helpdesk_cli.mail.guard import parse_guarded
    from helpdesk_cli.mail.text import is_only_thanks, rating_of

    if inbound is None:
        inbound = parse_guarded(raw, suspect=kept.attempts > 1)
    inbound = _with_envelope(inbound, kept)
    departments = desk.settings.department.values()
    found = claims(
        inbound,
        desk.key,
        patterns=[department.reply_address for department in departments],
        tags=desk.message_tags(),
        envelope=kept.envelope_recipients,
    )
    rating, comment = rating_of(inbound.new_text)
    return Ready(
        kept=kept,
        core=core_of(raw),
        inbound=inbound,
        claims=found,
        verdict=verdict(inbound, mailbox.authentication)
        if mailbox.authentication != "none"
        else Verdict.UNKNOWN,
        recipients=recipients_of(inbound, kept, mailbox),
        is_thanks=not inbound.attachments
        and len(inbound.new_text) < 500
        and is_only_thanks(inbound.new_text, inbound.subject),
        rating=rating,
        comment=comment,
        staff_files=files_to_send(inbound.attachments),
        brings_files=brings_files(inbound.attachments),
        staff_words=_staff_words(desk, inbound, found) if _names_staff(found) else "",
    )


def _with_envelope(inbound: Inbound, kept: Kept) -> Inbound:
    """The mail with what the way in knows of its envelope: a null sender is one though no header says so."""
    is_null = kept.envelope_sender is not None and not kept.envelope_sender.strip("<> ")
    if (
        not is_null
        or inbound.return_path is not None
        or inbound.automatic not in (Automatic.NO, Automatic.ROBOT)
    ):
        return inbound
    return replace(inbound, return_path="", automatic=Automatic.BOUNCE)


def _names_staff(claims: Claims) -> bool:
    """Whether a mail bears the token of a staff member."""
    return any(token.purpose in STAFF_PURPOSES for token in claims.tokens)


def _staff_words(desk: Desk, inbound: Inbound, claims: Claims) -> str | None:
    """What a staff member's mail says to the client; None where that cannot be told for sure."""
    from helpdesk_cli.mail.answers import staff_words

    patterns = (department.reply_address for department in desk.settings.department.values())
    beginnings = {pattern.lower().partition("{token}")[0] for pattern in patterns if "{token}" in pattern}
    tags = {f"{tag}-{token.ticket}" for tag in desk.message_tags() for token in claims.tokens}
    return staff_words(inbound.text, (beginnings - {""}) | desk.settings.own_addresses() | tags)


def recipients_of(inbound: Inbound, kept: Kept, mailbox: Mailbox) -> tuple[str, ...]:
    """To whom a mail was sent, folded, the surest first: envelope, delivery headers, To, Cc."""
    more = {name.lower() for name in mailbox.recipient_headers}
    found = (
        *kept.envelope_recipients,
        *inbound.delivered_to,
        *(text for name, text in inbound.headers if name in more),
        *(person.address for person in inbound.to),
        *(person.address for person in inbound.cc),
    )
    return tuple(dict.fromkeys(fold(address.strip("<> ")) for address in found))


def department_for(settings: Settings, recipients: tuple[str, ...], otherwise: str) -> str:
    """The department whose address the first matching recipient is, else ``otherwise``."""
    exact: dict[str, str] = {}
    frames: list[tuple[str, str, str]] = []
    for slug, department in settings.department.items():
        for address in (department.address, *department.aliases):
            exact[fold(address)] = slug
        if "{token}" in department.reply_address:
            before, _, after = department.reply_address.lower().partition("{token}")
            frames.append((before, after, slug))
    for address in recipients:
        if address in exact:
            return exact[address]
        for before, after, slug in frames:
            # Relays may cut the part behind the plus, so the bare address counts as well.
            if address.endswith(after) and (
                address.startswith(before) or address == before.rstrip("+-") + after
            ):
                return slug
    return otherwise
