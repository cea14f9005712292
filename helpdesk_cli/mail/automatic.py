"""Which kind of machine wrote a mail, told by its headers and structure; words in the subject prove nothing.

Headers as RFC 3834 and the habits of those who ignore it have them. A mail without any mark passes for a
person's: the limits, which count, are what stops such a machine.
"""

import re

from helpdesk_cli.domain.mail import Automatic, Bounced, Mailbox
from helpdesk_cli.mail import bounces
from helpdesk_cli.mail.header import Head
from helpdesk_cli.mail.structure import Skeleton

Judgement = tuple[Automatic, tuple[Bounced, ...], tuple[str, ...]]
"""The kind, the recipients that a bounce speaks of, and the Message-IDs of the mail that it sends back."""

_DELIVERY = frozenset({"delivery-status", *bounces.STATUS_TYPES})
_OTHER_REPORTS = frozenset(
    {
        "disposition-notification",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "feedback-report",
        "message/feedback-report",
    }
)
"""Receipts for reading (RFC 8098) and complaints about abuse (RFC 5965)."""

_VACATION = frozenset({"x-autoreply", "x-autorespond", "x-autoresponder"})
_ROBOT = frozenset({"list-id", "list-unsubscribe", "x-auto-response-suppress", "x-loop", "feedback-id"})
_NO_REPLY = (
    r"(?:[a-z0-9._-]*[._+-])?(?:no|do[._-]?not|dont|never|nicht|kein)[._-]?(?:reply|replies|respond|response|antworte?n?)"
    r"(?:[._+-].*)?\Z|(?:mailer-daemon|bounces?|auto-?(?:reply|confirm|mailer|notify|responder))(?:[._+-].*)?\Z"
)


def judge(raw: bytes, skeleton: Skeleton, sender: Mailbox | None, text: str) -> Judgement:
    """Decide which kind of machine wrote a mail, if any, and read what a bounce or a report says.

    Reports come first: mail servers mark them ``auto-replied`` as well and send them, like receipts for
    reading, with a null return path.
    """
    head = skeleton.head
    reported = _reported(skeleton)
    if not reported.isdisjoint(_DELIVERY):
        return bounces.read(raw, skeleton, text)
    if not reported.isdisjoint(_OTHER_REPORTS):
        return Automatic.REPORT, (), bounces.returned_ids(raw, skeleton, text)
    local = sender.address.rpartition("@")[0].lower() if sender else ""
    if head.first("x-failed-recipients") or local == "mailer-daemon":
        return bounces.read(raw, skeleton, text)
    submitted = [_word(value) for value in head.every("auto-submitted")]
    precedence = [_word(value) for value in head.every("precedence")]
    is_vacation = any(word.startswith("auto-replied") for word in submitted) or "auto_reply" in precedence
    if is_vacation or not _VACATION.isdisjoint(head.named):
        return Automatic.VACATION, (), ()
    if _has_null_path(head):
        return bounces.read(raw, skeleton, text)
    if local == "postmaster" and (found := bounces.guess(head, text)):
        return Automatic.BOUNCE, found, bounces.returned_ids(raw, skeleton, text)
    if (
        any(word not in ("", "no") for word in submitted)
        or not {"bulk", "list", "junk"}.isdisjoint(precedence)
        or not _ROBOT.isdisjoint(head.named)
        or re.match(_NO_REPLY, local)
    ):
        return Automatic.ROBOT, (), ()
    return Automatic.NO, (), ()


def _word(value: str) -> str:
    """The first word of a header, in lower case, without comments and what follows a semicolon."""
    value = re.sub(r"\([^()]*\)", " ", value[:500]).partition(";")[0].strip().lower()
    return value.partition(" ")[0]


def _reported(skeleton: Skeleton) -> set[str]:
    """What a mail reports (RFC 6522): as it says itself, and the types of its report's parts.

    Such a part outside of a ``multipart/report`` proves nothing: people forward bounces.
    """
    found: set[str] = set()
    if skeleton.type.startswith("multipart/"):
        if skeleton.type == "multipart/report":
            found.add(skeleton.params.get("report-type", "").strip().lower())
        for leaf in skeleton.leaves:
            if any(kind == "multipart/report" for _, kind in leaf.within):
                found.add(leaf.type)
    return found


def _has_null_path(head: Head) -> bool:
    """Whether the last mail server noted the null sender, as it is used for bounces."""
    return any(re.fullmatch(r"\s*<\s*>\s*", value) for value in head.every("return-path")[:1])
