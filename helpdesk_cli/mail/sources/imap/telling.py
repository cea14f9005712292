"""What ``after`` asks for, done to messages that are ours: seen, deleted or moved, and nothing else's mail.

Without UIDPLUS (RFC 4315) a message cannot be expunged alone: EXPUNGE would take along what other readers
flagged ``\\Deleted``, and taking their flags away for a moment, as that RFC describes, loses a race against
a reader who flags one more just then. So there we only flag, which hides a message in most readers, and
leave the expunging to them.
"""

from collections.abc import Callable, Sequence

from helpdesk_cli.mail.sources.imap.folder import Folder, Refused
from helpdesk_cli.mail.sources.imap.progress import Progress

Verb = Callable[[Sequence[int]], None]
Told = Callable[[int, str], None]
"""Hears of a message that could not be told, and why."""


def tell(folder: Folder, progress: Progress, uids: Sequence[int], failed: Told) -> None:
    """Tell the server that these are ours, and note each as finished for which it worked.

    A refusal for one message does not keep the others from being told. Raises Unreachable when the line
    breaks; what was copied until then is noted, so that no later run copies it again.
    """
    if not uids:
        return
    word, _, target = progress.after.partition(":")
    if word == "keep":
        progress.finish(uids)
        return
    folder.check_identity()
    if word == "seen":
        told = _each(lambda some: folder.flag(some, rb"\Seen"), uids, failed)
    elif word == "move" and folder.can_move:
        told = _each(lambda some: folder.move(some, target), uids, failed)
    else:
        if word == "move":
            uids = _copied(folder, progress, uids, target, failed)
        told = _each(lambda some: _remove(folder, some), uids, failed)
    progress.finish(told)


def _copied(
    folder: Folder, progress: Progress, uids: Sequence[int], target: str, failed: Told
) -> Sequence[int]:
    """Copy those that are not there yet; all that may be removed here now."""

    def copy(some: Sequence[int]) -> None:
        folder.copy(some, target)
        progress.copied.update(some)

    _each(copy, [uid for uid in uids if uid not in progress.copied], failed)
    return [uid for uid in uids if uid in progress.copied]


def _remove(folder: Folder, uids: Sequence[int]) -> None:
    folder.flag(uids, rb"\Deleted")
    if folder.can_expunge_uids:
        folder.expunge(uids)


def _each(verb: Verb, uids: Sequence[int], failed: Told) -> Sequence[int]:
    """Do it to all at once; where that is refused, one by one. Returns those for which it worked."""
    if not uids:
        return []
    try:
        verb(uids)
    except Refused as error:
        if len(uids) == 1:
            failed(uids[0], f"could not be marked as ours ({error})")
            return []
        return [uid for one in uids for uid in _each(verb, [one], failed)]
    return uids
