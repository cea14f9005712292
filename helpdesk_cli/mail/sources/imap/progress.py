"""How far a folder has been worked through: what a run tells the next one."""

from collections.abc import Iterable, Sequence

import msgspec


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the memory text; sets of UIDs are written as ``1:50,60``."""

    uidvalidity: int
    next: int  # lower UIDs are finished, or named in ``open``
    open: str = ""
    copied: str = ""  # copied to the target, but not yet gone from the folder
    lengths: dict[int, int] = {}  # bodies that came shorter or longer than the server had said
    breaks: dict[int, int] = {}  # how often the line broke while a message was being fetched
    after: str = ""
    max_size: int = 0


class Progress:
    """Which UIDs of a folder are finished.

    A UID below ``next`` is finished unless it is in ``open``, so that one message which always fails
    does not make every run look at all that came after it. Flags play no part. A message at which the line
    broke (a server that miscounts it, a size that no run has time for) is fetched alone and after the
    others next time, the one that broke it most often last, so that it keeps none of them back.
    """

    def __init__(self, uidvalidity: int, after: str, max_size: int) -> None:
        self.uidvalidity = uidvalidity
        self.after = after
        self.max_size = max_size
        self.next = 1
        self.open: set[int] = set()
        self.copied: set[int] = set()
        self.lengths: dict[int, int] = {}
        self.breaks: dict[int, int] = {}
        self.at_risk: Sequence[int] = ()  # being fetched just now

    def recall(self, memory: str) -> None:
        """Take up what the last run left; nothing of it where the folder was renumbered.

        Where ``after`` changed or ``max_size`` grew, every message is looked at again: some may have to be
        told differently, or be fetched whole now.
        """
        try:
            notes = msgspec.json.decode(memory, type=Notes)
            opened, copied = read_ranges(notes.open), read_ranges(notes.copied)
        except (msgspec.MsgspecError, UnicodeError, ValueError):
            return
        if notes.uidvalidity != self.uidvalidity:
            return
        self.lengths, self.breaks = dict(notes.lengths), dict(notes.breaks)
        if notes.after != self.after:
            return
        self.copied = copied
        if self.max_size <= notes.max_size:
            self.next, self.open = max(1, notes.next), opened

    def note(self) -> str:
        """The memory for the next run."""
        breaks = {uid: times for uid, times in self.breaks.items() if uid in self.open}
        breaks |= {uid: breaks.get(uid, 0) + 1 for uid in self.at_risk if uid in self.open}
        notes = Notes(
            uidvalidity=self.uidvalidity,
            next=self.next,
            open=write_ranges(self.open),
            copied=write_ranges(self.copied),
            lengths={uid: length for uid, length in self.lengths.items() if uid in self.open},
            breaks=breaks,
            after=self.after,
            max_size=self.max_size,
        )
        return msgspec.json.encode(notes).decode()

    def begin(self, uids: Iterable[int]) -> None:
        """These are being worked on: open until finished."""
        self.open.update(uids)
        self.next = max(self.next, max(self.open, default=0) + 1)

    def finish(self, uids: Iterable[int]) -> None:
        """These need no more work, ever."""
        self.open.difference_update(uids)
        self.copied.difference_update(uids)


def write_ranges(uids: Iterable[int]) -> str:
    """``{1, 2, 3, 7}`` as ``1:3,7``."""
    spans: list[list[int]] = []
    for uid in sorted(uids):
        if spans and uid == spans[-1][1] + 1:
            spans[-1][1] = uid
        else:
            spans.append([uid, uid])
    return ",".join(f"{low}:{high}" if high > low else str(low) for low, high in spans)


def read_ranges(text: str) -> set[int]:
    """``1:3,7`` as ``{1, 2, 3, 7}``; raises ValueError for what is none, or names over a million."""
    uids: set[int] = set()
    for span in filter(None, text.split(",")):
        low, _, high = span.partition(":")
        first, last = int(low), int(high or low)
        if not 0 < first <= last < first + 1_000_000:
            raise ValueError(f"no range of UIDs: {span}")
        uids.update(range(first, last + 1))
    return uids
