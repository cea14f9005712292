"""How much of the earlier discussion goes into a mail."""

from collections.abc import Sequence

from helpdesk_cli.domain.ticket import Message


def heard(messages: Sequence[Message], since: str = "") -> list[Message]:
    """Of some messages those that a client may see who joined at a moment; whoever was there first sees all."""
    public = [message for message in messages if message.is_public and message.kind != "note"]
    if since and public and since > public[0].at:
        return [message for message in public if message.at >= since]
    return public


def discussion(
    earlier: Sequence[Message], *, limit: int | None, since: str = ""
) -> tuple[list[Message], int]:
    """The messages to repeat, the original request first and the newest last, and how many are left out.

    ``earlier`` is what was said before, in its order. With a ``limit`` it is the request and so many of the
    newest; with None all. What only staff may see never counts, nor what is older than ``since``, the
    moment at which the reader joined.
    """
    public = heard(earlier)
    if since and public and since > public[0].at:
        public = heard(earlier, since)
        kept = public if limit is None else public[-limit:] if limit else []
        return kept, len(public) - len(kept)
    if limit is None or len(public) <= limit + 1:
        return public, 0
    kept = [public[0], *(public[-limit:] if limit else [])]
    return kept, len(public) - len(kept)
