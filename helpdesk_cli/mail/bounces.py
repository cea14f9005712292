"""What a bounce says: which recipients, for good or for now, and about which of our letters.

Delivery reports are read by their standard (RFC 3464). What other servers write in prose is left to the
bounce library, which is fed a small and harmless copy.
"""

import re

from helpdesk_cli.domain.characters import storable
from helpdesk_cli.domain.mail import Automatic, Bounced
from helpdesk_cli.mail.address_list import read_addresses
from helpdesk_cli.mail.decode import one_line
from helpdesk_cli.mail.header import Head, read_head
from helpdesk_cli.mail.structure import Leaf, Skeleton
from helpdesk_cli.mail.transfer import decode_range

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
RECIPIENTS = 1_000
_REPORT = 1_000_000  # bytes of a report that are read
_TEXT = 500  # characters of a diagnosis
_PROSE = 200_000  # characters that the library is given
_RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)

Reading = tuple[Automatic, tuple[Bounced, ...], tuple[str, ...]]


def read(raw: bytes, skeleton: Skeleton, text: str) -> Reading:
    """Read a bounce: a delivery report's fields, else a header that names recipients, else its prose."""
    found: dict[str, Bounced] = {}
    has_fields = False
    for leaf in skeleton.leaves:
        if leaf.type in STATUS_TYPES:
            for group in _groups(_leaf_bytes(raw, leaf)):
                has_fields = has_fields or "action" in group.named
                bounced = _recipient(group)
                if bounced and len(found) < RECIPIENTS:
                    found.setdefault(bounced.address.lower(), bounced)
    recipients = tuple(found.values())
    if not has_fields and not recipients:
        recipients = _failed_recipients(skeleton.head, text) or guess(skeleton.head, text)
    return Automatic.BOUNCE, recipients, returned_ids(raw, skeleton, text)


def _leaf_bytes(raw: bytes, leaf: Leaf) -> bytes:
    """The decoded beginning of a part."""
    return decode_range(raw, leaf.start, min(leaf.end, leaf.start + _REPORT), leaf.encoding)


def _groups(data: bytes) -> list[Head]:
    """The groups of fields of a delivery report: first of the message, then one a recipient."""
    groups: list[Head] = []
    position = 0
    while position < len(data) and len(groups) <= RECIPIENTS:
        head = read_head(data, position, len(data), 64_000)
        if head.fields:
            groups.append(head)
        if head.body <= position:
            newline = data.find(b"\n", position)  # a line that is no field
            if newline < 0:
                break
            position = newline + 1
        else:
            position = head.body
    return groups


def _recipient(group: Head) -> Bounced | None:
    """What a group of fields says of one recipient; None where it is not about a failure.

    The original recipient is the address that we wrote to, the final one what aliases made of it.
    """
    action = group.first("action").strip().lower().partition(" ")[0]
    if action in ("delivered", "relayed", "expanded"):
        return None
    address = _typed_address(group.first("original-recipient")) or _typed_address(
        group.first("final-recipient")
    )
    if not address:
        return None
    match = re.search(r"\b([245]\.\d{1,3}\.\d{1,3})\b", group.first("status"))
    status = match[1] if match else ""
    diagnosis = group.first("diagnostic-code").strip()
    kind, semicolon, rest = diagnosis.partition(";")
    if semicolon and re.fullmatch(r"[A-Za-z0-9_-]{1,30}\s*", kind):
        diagnosis = rest.strip()
    if not status and (code := re.match(r"[245]\d\d[ -](?:#?([245]\.\d{1,3}\.\d{1,3}))?", diagnosis)):
        status = code[1] or f"{code[0][0]}.0.0"
    hard = action != "delayed" and (
        status.startswith("5") or (action == "failed" and not status.startswith("4"))
    )
    return Bounced(address, hard, status, one_line(diagnosis, _TEXT))


def _typed_address(value: str) -> str:
    """The address in ``rfc822; user@example.com``, with the escapes of RFC 3461 undone."""
    kind, semicolon, rest = value.partition(";")
    address = (rest if semicolon else kind).strip().strip("<>")
    if kind.strip().lower() in ("rfc822", "utf-8") and re.search(r"\+[0-9A-F]{2}", address):
        plain = re.sub(r"\+([2-7][0-9A-F])", lambda match: chr(int(match[1], 16)), address)
        address = plain if plain.count("@") == 1 and "+3D" in address else address
    found, _ = read_addresses(address[:1000], 1)
    return found[0].address if found else ""


def _failed_recipients(head: Head, text: str) -> tuple[Bounced, ...]:
    """The recipients that Exim and Gmail name in a header of their own: they are given up."""
    found: dict[str, Bounced] = {}
    for value in head.every("x-failed-recipients"):
        for box in read_addresses(value, RECIPIENTS)[0]:
            found.setdefault(box.address.lower(), Bounced(box.address, True, "", _diagnosis(text)))
    return tuple(found.values())[:RECIPIENTS]


def _diagnosis(text: str) -> str:
    """The first line of a bounce's prose that bears a reply code of SMTP."""
    match = re.search(r"(?m)^.{0,200}?\b[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b)?.{0,300}$", text[:20_000])
    return one_line(match[0], _TEXT) if match else ""


def guess(head: Head, text: str) -> tuple[Bounced, ...]:
    """Ask the bounce library whom a server's prose names.

    It is given a flat copy in plain ASCII of bounded size: single detectors of it raise on mails that are
    malformed, and it prints tracebacks.
    """
    import contextlib
    import io
    import logging

    copy = _harmless_copy(head, text)
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            logging.getLogger("flufl.bounce").disabled = True
            from flufl.bounce import all_failures

            temporary, permanent = all_failures(copy)
    except Exception:  # noqa: BLE001  a stranger's code on a stranger's mail
        return ()
    found: dict[str, Bounced] = {}
    for addresses, hard in ((permanent, True), (temporary, False)):
        for data in sorted(addresses):
            word = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
            box = read_addresses(storable(word)[:1000], 1)[0]
            if box:
                found.setdefault(box[0].address.lower(), Bounced(box[0].address, hard, "", _diagnosis(text)))
    return tuple(found.values())[:RECIPIENTS]


def _harmless_copy(head: Head, text: str) -> object:
    """A message of one plain part that says the same."""
    from email.message import Message

    copy = Message()
    for name in ("from", "to", "subject", "return-path", "x-mailer", "message-id"):
        if value := head.first(name):
            copy[name] = one_line(value, 500).encode("ascii", "replace").decode()
    copy["content-type"] = "text/plain; charset=us-ascii"
    copy.set_payload(text[:_PROSE].encode("ascii", "replace").decode())
    return copy


def returned_ids(raw: bytes, skeleton: Skeleton, text: str) -> tuple[str, ...]:
    """The Message-IDs of the mails that a bounce or report is about, as far as it tells.

    From the mail sent back, else from the report's own fields, else from the copy in its prose, else from
    In-Reply-To and References.
    """
    found: list[str] = []
    for leaf in skeleton.leaves[:100]:
        data = _leaf_bytes(raw, leaf) if leaf.type in _RETURNED or leaf.type in _TOLD else b""
        if leaf.type in _RETURNED:
            found += _ids(read_head(data, 0, len(data)).first("message-id"))
        elif data:
            for group in _groups(data):
                found += _ids(group.first("original-message-id") or group.first("x-original-message-id"))
    if not found:
        for match in re.finditer(r"(?im)^[> \t]{0,20}message-id:[ \t]*(<[^<>\s]{1,990}>)", text[:_REPORT]):
            found.append(match[1])
    if not found:
        found += _ids(skeleton.head.first("in-reply-to"))
        found += _ids(skeleton.head.first("references"))[-1:]
    return tuple(dict.fromkeys(found))[:100]


_TOLD = (
    *STATUS_TYPES,
    "message/disposition-notification",
    "message/global-disposition-notification",
    "message/feedback-report",
)


def _ids(value: str) -> list[str]:
    """The Message-IDs in a header's value."""
    return [storable(found) for found in re.findall(r"<[^<>\s]{1,990}>", value)]
