"""Which ticket a mail claims to answer, and how well it can prove that."""

import re
from collections.abc import Iterable, Sequence

from helpdesk_cli.domain.mail import Claims, Inbound, Token
from helpdesk_cli.mail import tokens

_IDS = 20
"""How many of a mail's references are looked at: In-Reply-To, then the last ones."""

_CODE_TEXT = 4000
"""In so much of a mail's text the code of a page is looked for."""

_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{16}(?![A-Za-z0-9])")


def claims(
    inbound: Inbound,
    key: bytes,
    *,
    patterns: Iterable[str],
    tags: Sequence[str],
    envelope: Sequence[str] = (),
) -> Claims:
    """Collect and check every proof that a mail brings.

    ``patterns`` are the departments' ``reply_address`` settings, ``tags`` the subject tags old and new,
    ``envelope`` the recipients that the way in knows.
    """
    found: list[Token] = []
    pages: list[int] = []
    forged = 0
    words = [*_address_words(inbound, patterns, envelope)]
    references = list(dict.fromkeys((*inbound.in_reply_to, *reversed(inbound.references))))[:_IDS]
    others: list[str] = []
    for reference in references:
        local = reference.strip("<>").partition("@")[0]
        if tokens.has_form(local) and len(local) == tokens.ID_LENGTH:
            words.append(local)
        else:
            others.append(reference)
    for word in words:
        token = tokens.read(key, word)
        if token is None:
            forged += 1
        elif token.purpose == "p":
            pages.append(token.person)
        elif token not in found:
            found.append(token)
    own = inbound.message_id.strip("<>").partition("@")[0]
    return Claims(
        tokens=tuple(found),
        pages=tuple(dict.fromkeys((*pages, *_pages_by_code(inbound, key)))),
        forged=forged,
        message_ids=tuple(others),
        tags=_tags(inbound.subject, tags),
        is_ours=tokens.read(key, own) is not None
        or any(tokens.is_loop_mark(key, mark) for mark in inbound.loop_marks),
    )


def _pages_by_code(inbound: Inbound, key: bytes) -> Iterable[int]:
    """The pages whose codes stand in a mail: what carries it to a phone and back may keep nothing else."""
    text = f"{inbound.subject[:1000]}\n{inbound.text[:_CODE_TEXT]}"
    for word in _CODE.findall(text)[:_IDS]:
        letter = tokens.read_page_code(key, word)
        if letter is not None:
            yield letter


def _address_words(inbound: Inbound, patterns: Iterable[str], envelope: Sequence[str]) -> Iterable[str]:
    """The words that stand where a reply address has its token, as written."""
    frames = [pattern.lower().split("{token}") for pattern in patterns if "{token}" in pattern]
    if not frames:
        return
    recipients = (
        *envelope,
        *inbound.delivered_to,
        *(mailbox.address for mailbox in inbound.to),
        *(mailbox.address for mailbox in inbound.cc),
    )
    for address in dict.fromkeys(recipient.strip().lower() for recipient in recipients[:1000]):
        for before, after in frames:
            if (
                address.startswith(before)
                and address.endswith(after)
                and len(address) > len(before) + len(after)
            ):
                yield address[len(before) : len(address) - len(after)]


def _tags(subject: str, tags: Sequence[str]) -> tuple[int, ...]:
    """The ticket numbers that a subject's tags name, ``[HD-1024]``."""
    names = "|".join(re.escape(tag) for tag in tags if tag)
    if "[" not in subject or not names:
        return ()
    numbers = re.findall(rf"\[(?:{names})-#?(\d{{1,9}})\]", subject[:1000], re.IGNORECASE)
    return tuple(dict.fromkeys(int(number) for number in numbers))
