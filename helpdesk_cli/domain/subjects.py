"""The subject of a ticket's mails: its tag once, then the client's words without old prefixes."""

import re

LONGEST = 200
"""So many characters of a subject are repeated; more is cut at a blank, with an ellipsis."""

_ANSWER = (
    "re|aw|antw|ha|betr|antwort|sv|vs|rif|r|res|resp|odp|ynt|vá|atb|bls|απ|σχετ|отв|ответ|відп|"
    "רה|השב|回复|回覆|回復|回信|答复|答覆|返信|답장|回"
)
_FORWARD = "fwd|fw|wg|tr|rv|enc|i|vb|vl|pd|pfd|ilt|i̇lt|doorst|továbbítás|πρθ|пересл|転送|转发|轉寄|轉發|전달"
_PREFIX = re.compile(
    rf"\s*(?:(?P<answer>{_ANSWER})|(?P<forward>{_FORWARD}))"
    r"\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s?[:：]",
    re.IGNORECASE,
)
_MOST_PREFIXES = 50
_TAG = re.compile(r"\[[A-Za-z0-9][A-Za-z0-9-]{0,19}-\d{1,18}\]")


def is_prefixed(subject: str) -> bool:
    """Tell whether a subject begins as those of answers and forwarded mails do, maybe behind a list's tag."""
    rest = subject[:300].lstrip()
    if rest.startswith("["):
        rest = rest.partition("]")[2]
    return _PREFIX.match(rest) is not None


def has_tag(subject: str) -> bool:
    """Tell whether a subject holds what looks like a ticket's tag, ours or another desk's."""
    return _TAG.search(subject[:1000]) is not None


def tagged_subject(subject: str, tag: str) -> str:
    """``[HD-1024] Printer on fire`` from ``Re: AW: [HD-1024] Re: Printer on fire``."""
    return f"[{tag}] {bare_subject(subject, tag)}".rstrip()


def bare_subject(subject: str, tag: str) -> str:
    """The client's words: ``Printer on fire`` from ``Re: AW: [HD-1024] Re: Printer on fire``.

    Words for "reply" of many languages go; of words for "forwarded" the first one stays, since it says
    something. Every tag of the desk that ``tag`` belongs to goes.
    """
    rest = re.sub(rf"\[{re.escape(tag.rpartition('-')[0])}-\d{{1,18}}\]", " ", subject, flags=re.IGNORECASE)
    forward = ""
    for _ in range(_MOST_PREFIXES):
        found = _PREFIX.match(rest)
        if not found:
            break
        if found["forward"] and not forward:
            forward = f"{found['forward']}: "
        rest = rest[found.end() :]
    words = " ".join(f"{forward}{rest}".split())
    if len(words) > LONGEST:
        words = (words[:LONGEST].rpartition(" ")[0] or words[:LONGEST]) + " …"
    return words
