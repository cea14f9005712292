"""From kept to settled: mails are read, decided and carried out, some in each transaction.

Reading takes about as long as all the rest. Where many wait, a second process reads the next batch
while this one settles the one before.
"""

from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field
from msgspec.structs import replace

from helpdesk_cli.domain.mail import Inbound, Outcome
from helpdesk_cli.errors import BadConfig, Busy, DeskError, Failed, Unreachable
from helpdesk_cli.mail.sources.contract import HEAD_LIMIT
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Mailbox
from helpdesk_cli.store import blobs, inbox
from helpdesk_cli.store.engine import Again, Tx, Value
from helpdesk_cli.store.inbox import Kept

if TYPE_CHECKING:
    from helpdesk_cli.mail.ahead import Ahead
    from helpdesk_cli.mail.guard import ParseDefeated
    from helpdesk_cli.services.reading import Ready

ATTEMPTS = 3
"""A message that defeated the parser so often is ``failed``: kept, listed, and tried when somebody asks."""

CHUNK = 50
"""So many mails share one transaction; it keeps the write lock for some tens of milliseconds."""

MANY = 40
"""From that many mails in a batch on a second process pays; it takes about 0.15 s to start."""

Progress = Callable[[int], None]
"""Told how many more messages were settled."""

Batch = list[tuple[Kept, bytes]]
Reading = Callable[[], "Sequence[Inbound | ParseDefeated | None]"]


class MailboxReport(Struct, kw_only=True):
    """What a run did with one mailbox; the outcomes add up to ``fetched``."""

    name: str
    fetched: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    failure: DeskError | None = None  # what ended it
    is_busy: bool = False  # another run is at work on it

    def words(self) -> str:
        """What was done, for people: ``support: 3 fetched: 2 opened, 1 replied``."""
        if self.is_busy:
            return f"{self.name}: another run is fetching it"
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items())
        return f"{self.name}: {self.fetched or 'nothing'} fetched" + (f": {outcomes}" if outcomes else "")

    def count(self, outcome: Outcome) -> None:
        self.outcomes[outcome.value] = self.outcomes.get(outcome.value, 0) + 1


class Line:
    """What was kept goes in at one end and comes out settled; a context manager.

    Leaving it settles what is still inside, also after a failure of the mailbox: those are ours.
    """

    def __init__(self, desk: Desk, report: MailboxReport, progress: Progress | None = None) -> None:
        self._desk, self._report, self._progress = desk, report, progress
        self._ahead: Ahead | None = None
        self._behind: tuple[Batch, Reading] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None or issubclass(kind, Exception):
                self._settle_behind()
        finally:
            if self._ahead is not None:
                self._ahead.close()

    def take(self, batch: Batch, *, suspect: bool = False) -> None:
        """Settle a batch, or begin to read it and settle the one before.

        ``suspect`` mails were left over by a run that died, so they are read by the second process.
        """
        reading = self._begin(batch, suspect=suspect)
        self._settle_behind()
        if reading is None:
            self._settle(batch, [None] * len(batch))
        else:
            self._behind = batch, reading

    def _begin(self, batch: Batch, *, suspect: bool) -> Reading | None:
        if len(batch) < MANY and not (suspect and batch):
            return None
        from helpdesk_cli.mail.ahead import Ahead, pays

        if not pays():
            return None
        if self._ahead is None:
            self._ahead = Ahead()
        return self._ahead.begin([raw for _, raw in batch]).result

    def _settle_behind(self) -> None:
        behind, self._behind = self._behind, None
        if behind is not None:
            batch, reading = behind
            self._settle(batch, reading())

    def _settle(self, batch: Batch, read: "Sequence[Inbound | ParseDefeated | None]") -> None:
        """Decide and carry out, chunk by chunk; what was not read yet is read here, under guard."""
        chunk: list[Ready] = []
        for (kept, raw), inbound in zip(batch, read, strict=True):
            self._report.fetched += 1
            ready = _made_ready(self._desk, kept, raw, inbound, self._report)
            if ready is not None:
                chunk.append(ready)
            if len(chunk) >= CHUNK or len(raw) > 1_000_000:
                _settle_chunk(self._desk, chunk, self._report)
                chunk = []
            if self._progress is not None:
                self._progress(1)
        _settle_chunk(self._desk, chunk, self._report)


def mailbox_of(desk: Desk, name: str) -> Mailbox:
    """The settings of a message's mailbox; what came through one that is gone counts as the default."""
    name = name.removeprefix("import:")
    if name in desk.settings.mailbox:
        return desk.settings.mailbox[name]
    return Mailbox(kind="pipe", department=next(iter(desk.settings.department), ""))


def _made_ready(
    desk: Desk, kept: Kept, raw: bytes, inbound: "Inbound | ParseDefeated | None", report: MailboxReport
) -> "Ready | None":
    """A mail made ready, or None where it defeated us: it stays pending, and the third time it failed."""
    from helpdesk_cli.mail.guard import ParseDefeated
    from helpdesk_cli.services.reading import make_ready

    try:
        if isinstance(inbound, ParseDefeated):
            raise inbound
        return make_ready(desk, kept, raw, mailbox_of(desk, kept.mailbox), inbound)
    except (ParseDefeated, MemoryError, RecursionError) as error:
        _defeated(desk, kept, report, str(error) or type(error).__name__)
        return None


def _settle_chunk(desk: Desk, chunk: "Sequence[Ready]", report: MailboxReport) -> None:
    if not chunk:
        return
    try:
        outcomes, defeats = desk.engine.transact(lambda tx: _settled(tx, desk, chunk))
    except Exception as error:  # one mail never stops the others; it is kept and listed
        if isinstance(error, DeskError) and not isinstance(error, Failed):
            raise
        outcomes, defeats = desk.engine.transact(lambda tx: _settled_apart(tx, desk, chunk))
    if desk.settings.log.to != "none":
        _log(desk, chunk, outcomes, {kept.id for kept, _ in defeats})
    for outcome in outcomes:
        if outcome is None:
            report.fetched -= 1  # another run settled it and counts it
        else:
            report.count(outcome)
    for kept, reason in defeats:
        _defeated(desk, kept, report, reason)


def _log(
    desk: Desk, chunk: "Sequence[Ready]", outcomes: Sequence[Outcome | None], defeated: Collection[int]
) -> None:
    """Leave a line of each mail that we settled."""
    from helpdesk_cli.services import trail

    settled = (ready for ready in chunk if ready.kept.id not in defeated)
    ours = [ready for ready, outcome in zip(settled, outcomes, strict=True) if outcome is not None]
    trail.took(desk, {ready.kept.id: trail.received(ready.inbound) for ready in ours})


Settled = tuple[list[Outcome | None], list[tuple[Kept, str]]]
"""What became of each mail, None where another run settled it; and those that defeated us, with the reason."""


def _settled(tx: Tx, desk: Desk, chunk: "Sequence[Ready]") -> Settled:
    """Settle mails together: none of them, if one cannot be."""
    from helpdesk_cli.services.settling import settle

    pending = inbox.still_pending(tx, [ready.kept.id for ready in chunk])
    return [
        settle(tx, desk, ready, mailbox_of(desk, ready.kept.mailbox)) if ready.kept.id in pending else None
        for ready in chunk
    ], []


def _settled_apart(tx: Tx, desk: Desk, chunk: "Sequence[Ready]") -> Settled:
    """Settle mails each by itself, so that one that cannot be settled leaves the others alone."""
    outcomes: list[Outcome | None] = []
    defeats: list[tuple[Kept, str]] = []
    for ready in chunk:
        try:
            with tx.savepoint():
                (outcome,), _ = _settled(tx, desk, [ready])
        except (Again, Busy, Unreachable, BadConfig):
            raise
        except Exception as error:  # noqa: BLE001 see _settle_chunk
            defeats.append((ready.kept, f"{type(error).__name__}: {error}"))
        else:
            outcomes.append(outcome)  # now that all that was written in this part has arrived
    return outcomes, defeats


def _defeated(desk: Desk, kept: Kept, report: MailboxReport, reason: str) -> None:
    """Note an attempt that came to nothing."""
    is_last = kept.attempts >= ATTEMPTS
    fields: dict[str, Value] = {"note": reason[:1000]}
    if is_last:
        fields |= {
            "outcome": "failed",
            "reason": "defeated",
            "settled_at": desk.clock(),
            **_head_of(desk, kept),
        }
    if not desk.engine.transact(lambda tx: inbox.defeat(tx, kept.id, **fields), alone=False):
        report.fetched -= 1  # another run settled it and counts it
        return
    report.count(Outcome.FAILED if is_last else Outcome.PENDING)
    if is_last:
        if desk.settings.log.to != "none":
            from helpdesk_cli.services import trail

            trail.took(desk, {kept.id: trail.received(_head(desk, kept))})
        report.error = (
            f"message {kept.id} could not be read ({reason[:200]}); see 'helpdesk inbox show {kept.id}'"
        )
        report.failure = DeskError(report.error)


def _head_of(desk: Desk, kept: Kept) -> dict[str, Value]:
    """What lists show of a mail that could not be read."""
    head = _head(desk, kept)
    return {
        "message_id": head.message_id,
        "subject": head.subject,
        "from_address": head.sender.address if head.sender else "",
        "from_name": head.sender.name if head.sender else "",
    }


def _head(desk: Desk, kept: Kept) -> Inbound:
    """The header alone of a mail that could not be read."""
    from helpdesk_cli.mail.parse import headers_only

    with desk.engine.read() as tx:
        raw = blobs.load(tx, kept.sha256)
    return headers_only((raw or b"")[:HEAD_LIMIT])


def settle_pending(
    desk: Desk,
    name: str,
    report: MailboxReport,
    progress: Progress | None,
    *,
    before: str | None = None,
    but: Collection[str] = (),
) -> None:
    """Settle what an earlier run kept and did not finish; with ``before`` of any mailbox ``but`` some, kept earlier.

    Each attempt is counted before it is made: of many at once the first time, for one of them may have
    ended that run; one by one where it would be the last.
    """
    with desk.engine.read() as tx:
        waiting = [kept for kept in inbox.pending(tx, name, before) if kept.mailbox not in but]
    fresh = [kept for kept in waiting if kept.attempts < ATTEMPTS - 1]
    with Line(desk, report, progress) as line:
        for start in range(0, len(fresh), CHUNK):
            line.take(_counted(desk, fresh[start : start + CHUNK]), suspect=True)
    for kept in waiting:
        if kept.attempts >= ATTEMPTS - 1:
            settle_again(desk, kept, report, progress)


def settle_again(desk: Desk, kept: Kept, report: MailboxReport, progress: Progress | None = None) -> None:
    """One more attempt at a kept message, counted before it is made."""
    if kept.attempts >= ATTEMPTS:
        report.fetched += 1
        _defeated(desk, kept, report, "reading it ended the program")
        return
    with Line(desk, report, progress) as line:
        line.take(_counted(desk, [kept]))


def _counted(desk: Desk, waiting: Sequence[Kept]) -> Batch:
    """Kept messages with their bytes, one more attempt counted for each; without what is settled by now."""

    def counted(tx: Tx) -> Batch:
        attempts = inbox.count_attempts(tx, [kept.id for kept in waiting])
        return [
            (replace(kept, attempts=attempts[kept.id]), blobs.load(tx, kept.sha256) or b"")
            for kept in waiting
            if kept.id in attempts
        ]

    return desk.engine.transact(counted, alone=False)
