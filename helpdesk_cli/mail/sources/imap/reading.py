"""From a list of UIDs to messages: sizes first, small ones many at once, big ones in pieces.

A body is believed only when it is as long as the server said (RFC822.SIZE). Exchange announces a message
before it has its body, and gives an empty one then; other servers count wrongly for good, so a body that
is not empty and comes with the same length in a later run is taken.
"""

from collections.abc import Callable, Iterator, Sequence

from helpdesk_cli.mail.sources.contract import HEAD_LIMIT, Delivery, Known, cut_head, head_key
from helpdesk_cli.mail.sources.imap.folder import Fact, Folder, Refused
from helpdesk_cli.mail.sources.imap.progress import Progress

LOOKED_AT_ONCE = 500
FETCHED_AT_ONCE = 50
FETCHED_BYTES = 4_000_000
"""Of one FETCH; a message above that comes in pieces, so that memory holds it once and not thrice."""

Told = Callable[[int, str], None]


class Reader:
    """One run's way through a folder. ``key`` names a UID, ``failed`` hears of a message that fails,
    ``tell`` is given what a former run committed but did not tell."""

    def __init__(
        self,
        folder: Folder,
        progress: Progress,
        key: Callable[[int], str],
        failed: Told,
        tell: Callable[[Sequence[int]], None],
    ) -> None:
        self.folder = folder
        self.progress = progress
        self.key = key
        self.failed = failed
        self.tell = tell
        self.max_size = progress.max_size

    def deliveries(self, known: Known) -> Iterator[Delivery | None]:
        """What is not known, by UID, the order of arrival in this folder; at last what broke the line before."""
        uids = sorted(self.progress.open.union(self.folder.uids_from(self.progress.next)))
        breaks = self.progress.breaks
        suspects = sorted((uid for uid in uids if uid in breaks), key=lambda uid: (breaks[uid], uid))
        yield from self._looked_at([uid for uid in uids if uid not in breaks], known)
        for uid in suspects:
            yield None
            yield from self._looked_at([uid], known)

    def _looked_at(self, uids: Sequence[int], known: Known) -> Iterator[Delivery]:
        for start in range(0, len(uids), LOOKED_AT_ONCE):
            chunk = uids[start : start + LOOKED_AT_ONCE]
            self.progress.begin(chunk)
            ours = known([self.key(uid) for uid in chunk])
            self.tell([uid for uid in chunk if self.key(uid) in ours])
            fresh = [uid for uid in chunk if self.key(uid) not in ours]
            if fresh:
                facts = self._facts(fresh)
                yield from self._read(self._without_heads(facts, known))

    def _facts(self, uids: Sequence[int]) -> dict[int, Fact]:
        """Size and arrival by UID, in order; messages that others expunged meanwhile are finished."""
        facts = self._facts_of(uids)
        missing = [uid for uid in uids if uid not in facts]
        if missing:
            try:
                there = self.folder.which_exist(missing)
            except Refused:
                there = set(missing)
            self.progress.finish(uid for uid in missing if uid not in there)
            for uid in there:
                self.failed(uid, "came without its size")
        return {uid: facts[uid] for uid in uids if uid in facts}

    def _facts_of(self, uids: Sequence[int]) -> dict[int, Fact]:
        try:
            return self.folder.facts(uids)
        except Refused as error:
            if len(uids) == 1:
                self.failed(uids[0], f"its size did not come ({error})")
                return {}
            half = len(uids) // 2
            return self._facts_of(uids[:half]) | self._facts_of(uids[half:])

    def _without_heads(self, facts: dict[int, Fact], known: Known) -> dict[int, Fact]:
        """Leave out those above ``max_size`` of which we have the beginning already."""
        large = {head_key(self.key(uid)): uid for uid, fact in facts.items() if fact.size > self.max_size}
        ours = {large[key] for key in known(list(large))} if large else set()
        self.progress.finish(ours)
        return {uid: fact for uid, fact in facts.items() if uid not in ours}

    def _read(self, facts: dict[int, Fact]) -> Iterator[Delivery]:
        group: list[int] = []
        held = 0
        for uid, fact in facts.items():
            is_small = fact.size <= min(FETCHED_BYTES, self.max_size)
            if group and (not is_small or held + fact.size > FETCHED_BYTES or len(group) >= FETCHED_AT_ONCE):
                yield from self._small(group, facts)
                group, held = [], 0
            if is_small:
                group.append(uid)
                held += fact.size
            else:
                yield from self._big(uid, facts[uid])
        if group:
            yield from self._small(group, facts)

    def _small(self, uids: Sequence[int], facts: dict[int, Fact]) -> Iterator[Delivery]:
        self.progress.at_risk = uids
        try:
            bodies = self.folder.bodies(uids)
        except Refused as error:
            self.progress.at_risk = ()
            if len(uids) == 1:
                self.failed(uids[0], f"its body did not come ({error})")
                return
            for uid in uids:
                yield from self._small([uid], facts)
            return
        self.progress.at_risk = ()
        for uid in uids:
            if uid in bodies:  # else somebody expunged it meanwhile; the next run makes sure
                yield from self._checked(uid, facts[uid], bodies[uid])

    def _big(self, uid: int, fact: Fact) -> Iterator[Delivery]:
        is_too_big = fact.size > self.max_size
        self.progress.at_risk = (uid,)
        try:
            raw = self.folder.beginning(uid, HEAD_LIMIT if is_too_big else self.max_size + 1)
        except Refused as error:
            self.progress.at_risk = ()
            self.failed(uid, f"its body did not come ({error})")
            return
        self.progress.at_risk = ()
        if raw and (is_too_big or len(raw) > self.max_size):
            yield Delivery(
                key=head_key(self.key(uid)),
                raw=cut_head(raw[:HEAD_LIMIT]),
                arrived_at=fact.arrived_at,
                size=max(fact.size, len(raw)),
                whole=False,
            )
        else:
            yield from self._checked(uid, fact, raw)

    def _checked(self, uid: int, fact: Fact, raw: bytes | None) -> Iterator[Delivery]:
        came = len(raw or b"")
        is_as_before = self.progress.lengths.get(uid) == came
        if raw is None or (came != fact.size and not (came and is_as_before)):
            self.progress.lengths[uid] = came
            self.failed(uid, f"came with {came} bytes where the server said {fact.size}")
        else:
            yield Delivery(key=self.key(uid), raw=raw, arrived_at=fact.arrived_at, size=came)
