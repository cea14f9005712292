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

_VACATION = ("x-autoreply", "x-autorespond", "x-autoresponder")
_ROBOT = ("list-id", "list-unsubscribe", "x-auto-response-suppress", "x-loop", "feedback-id")
_NO_REPLY = re.compile(
    r"(?:[a-z0-9._-]*[._+-])?(?:no|do[._-]?not|dont|never|nicht|kein)[._-]?(?:reply|replies|respond|response|antworte?n?)"
    r"(?:[._+-].*)?\Z|(?:mailer-daemon|bounces?|auto-?(?:reply|confirm|mailer|notify|responder))(?:[._+-].*)?\Z"
)


def judge(raw: bytes, skeleton: Skeleton, sender: Mailbox | None, text: str) -> Judgement:
    """Decide which kind of machine wrote a mail, if any, and read what a bounce or a report says.

    Reports come first: mail servers mark them ``auto-replied`` as well and send them, like receipts for
    reading, with a null return path.
    """
    head = skeleton.head
    if _is_report(skeleton, bounces.STATUS_TYPES, "delivery-status"):
        return bounces.read(raw, skeleton, text)
    if any(_is_report(skeleton, *other) for other in _OTHER_REPORTS):
        return Automatic.REPORT, (), bounces.returned_ids(raw, skeleton, text)
    local = sender.address.rpartition("@")[0].lower() if sender else ""
    if head.first("x-failed-recipients") or local == "mailer-daemon":
        return bounces.read(raw, skeleton, text)
    submitted = [_word(value) for value in head.every("auto-submitted")]
    precedence = [_word(value) for value in head.every("precedence")]
    is_vacation = any(word.startswith("auto-replied") for word in submitted) or "auto_reply" in precedence
    if is_vacation or any(name in head.named for name in _VACATION):
        return Automatic.VACATION, (), ()
    if _has_null_path(head):
        return bounces.read(raw, skeleton, text)
    if local == "postmaster" and (found := bounces.guess(head, text)):
        return Automatic.BOUNCE, found, bounces.returned_ids(raw, skeleton, text)
    if (
        any(word not in ("", "no") for word in submitted)
        or not {"bulk", "list", "junk"}.isdisjoint(precedence)
        or any(name in head.named for name in _ROBOT)
        or _NO_REPLY.match(local)
    ):
        return Automatic.ROBOT, (), ()
    return Automatic.NO, (), ()


def _word(value: str) -> str:
    """The first word of a header, in lower case, without comments and what follows a semicolon."""
    value = re.sub(r"\([^()]*\)", " ", value[:500]).partition(";")[0].strip().lower()
    return value.partition(" ")[0]


_OTHER_REPORTS = (
    (
        ("message/disposition-notification", "message/global-disposition-notification"),
        "disposition-notification",
    ),
    (("message/feedback-report",), "feedback-report"),
)
"""Receipts for reading (RFC 8098) and complaints about abuse (RFC 5965): parts and report-type."""


def _is_report(skeleton: Skeleton, types: tuple[str, ...], report: str) -> bool:
    """Whether a mail is a report of that kind (RFC 6522), by its parts or by what it calls itself.

    Such a part outside of a ``multipart/report`` proves nothing: people forward bounces.
    """
    if (
        skeleton.type == "multipart/report"
        and skeleton.params.get("report-type", "").strip().lower() == report
    ):
        return True
    return any(
        leaf.type in types and any(kind == "multipart/report" for _, kind in leaf.within)
        for leaf in skeleton.leaves
    )


def _has_null_path(head: Head) -> bool:
    """Whether the last mail server noted the null sender, as it is used for bounces."""
    return any(re.fullmatch(r"\s*<\s*>\s*", value) for value in head.every("return-path")[:1])
