"""Mail goes out: claim a letter, write its words, hand it over, note what became of it.

A letter is claimed in a committed transaction before anything is sent, so a run that dies leaves it in
``sending``. The next run queues it again where its text was not handed over yet, and else calls it
uncertain rather than sending it blindly once more.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from msgspec import Struct

from helpdesk_cli.domain.moments import later, seconds_between
from helpdesk_cli.errors import BadConfig, DeskError, Failed, Unreachable
from helpdesk_cli.mail.transports.contract import Receipt, Sent, Transport
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.writing import Written, write
from helpdesk_cli.store import outbox, tallies
from helpdesk_cli.store.engine import Result, Tx
from helpdesk_cli.store.outbox import Letter

FIRST_WAIT, LONGEST_WAIT, LIFETIME = 300, 4000, 5 * 86400
"""Seconds: the wait doubles from five minutes to about an hour, for five days (Postfix's schedule)."""

PAGE_LIFETIME = 3600
"""A page that could not be sent for an hour helps nobody any more."""

CLAIMED_AT_ONCE = 20
"""So many letters are claimed in one transaction; what was not handed over is let go again."""

INTERRUPTED = "the run that sent it was interrupted; it may have gone"

LONGEST_TALLY = 2 * 86400
"""Counters older than the longest window that limits may name are forgotten."""


class SendReport(Struct, kw_only=True):
    """What a run did; ``queued`` is what still waits at its end, whether due or not."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    queued: int = 0
    failures: list[DeskError] = []
    problems: list[str] = []


def notify(
    desk: Desk, *, limit: int | None = None, progress: Callable[[int], None] | None = None
) -> SendReport:
    """Send what is due. A transport that is away ends its own letters' run, not the others'."""
    report = SendReport()
    _take_back(desk)
    with desk.engine.read() as tx:
        due = outbox.due(tx, desk.clock())[:limit]
    if due:
        with ExitStack() as stack:
            run = Run(desk, Ways(desk, stack), report)
            for start in range(0, len(due), CLAIMED_AT_ONCE):
                run.send(due[start : start + CLAIMED_AT_ONCE])
                if progress is not None:
                    progress(len(due[start : start + CLAIMED_AT_ONCE]))
    with desk.engine.read() as tx:
        report.queued = outbox.waiting(tx)
        stale = tallies.has_before(tx, later(desk.clock(), -LONGEST_TALLY))
    if stale:
        desk.engine.transact(lambda tx: tallies.forget(tx, later(desk.clock(), -LONGEST_TALLY)), alone=False)
    return report


class Ways:
    """The transports of this run, each opened at its first letter and closed with the run.

    One that was out of reach is not asked again in this run.
    """

    def __init__(self, desk: Desk, stack: ExitStack) -> None:
        self._desk, self._stack = desk, stack
        self._open: dict[str, Transport] = {}
        self.away: dict[str, DeskError] = {}

    def slug(self, department: str) -> str:
        """The transport that a department's letters take."""
        known = self._desk.settings.department.get(department)
        return known.transport if known else "default"

    def to(self, slug: str) -> Transport:
        """An open transport. Raises BadConfig, Unreachable."""
        from helpdesk_cli.config.credentials import secret_of
        from helpdesk_cli.mail.transports import open_transport

        if slug not in self._open:
            settings = self._desk.settings.transport.get(slug) or next(
                iter(self._desk.settings.transport.values())
            )
            way = open_transport(slug, settings, secret_of(settings, f"transport.{slug}"))
            self._open[slug] = self._stack.enter_context(way)
        return self._open[slug]


class Run:
    """Letters on their way. What became of one is noted together with the next one's handing over."""

    def __init__(self, desk: Desk, ways: Ways, report: SendReport) -> None:
        self._desk, self._ways, self._report = desk, ways, report
        self._to_note: list[Callable[[Tx], None]] = []

    def send(self, due: Sequence[tuple[int, str]]) -> None:
        """Claim these letters in one transaction, then write and hand over each."""
        desk, by = self._desk, claimant()
        wanted = [letter for letter, department in due if self._ways.slug(department) not in self._ways.away]

        def claims(tx: Tx) -> list[Letter]:
            return [letter for number in wanted if (letter := outbox.claim(tx, number, desk.clock(), by))]

        claimed = desk.engine.transact(claims, alone=False)
        done = 0
        try:
            for letter in claimed:
                self._one(letter)
                done += 1
        finally:
            left = claimed[done:]
            self._with_notes(lambda tx: _let_go(tx, [letter.id for letter in left], INTERRUPTED))

    def _one(self, letter: Letter) -> None:
        slug = self._ways.slug(letter.department)
        if slug in self._ways.away:
            self._with_notes(lambda tx: outbox.take_back(tx, letter.id, ""))
            return
        try:
            written = write(self._desk, letter)
            way = self._ways.to(slug)
        except (Failed, BadConfig, ValueError) as error:
            # A broken template or an impossible address: the letter waits, and a person is told.
            self._report.problems.append(f"letter {letter.id} to {letter.recipient}: {error}")
            self._defer(letter, str(error))
            return
        self._with_notes(lambda tx: outbox.handing_over(tx, letter.id, self._desk.clock()))
        try:
            receipt = way.send(written.sender, letter.recipient, written.raw)
        except (Unreachable, BadConfig) as error:
            self._ways.away[slug] = error
            self._report.failures.append(error)
            self._defer(letter, str(error))
            return
        self._became(letter, written, receipt)

    def _became(self, letter: Letter, written: Written, receipt: Receipt) -> None:
        if receipt.outcome is Sent.SENT:
            self._report.sent += 1
            self._note(letter, "sent", subject=written.subject)
        elif receipt.outcome is Sent.FAILED:
            self._report.failed += 1
            self._report.problems.append(
                f"letter {letter.id} to {letter.recipient} was refused: {receipt.text}"
            )
            self._note(letter, "failed", receipt.text, subject=written.subject)
        elif receipt.outcome is Sent.UNCERTAIN:
            self._report.uncertain += 1
            self._report.problems.append(
                f"letter {letter.id} to {letter.recipient} may have gone or not: {receipt.text}; "
                f"'helpdesk outbox retry {letter.id}' sends it once more, 'drop' lets it be"
            )
            self._note(letter, "uncertain", receipt.text, subject=written.subject)
        else:
            self._defer(letter, receipt.text)

    def _defer(self, letter: Letter, text: str) -> None:
        """Try again later, or give up when the letter is too old."""
        now = self._desk.clock()
        if seconds_between(letter.created_at, now) > (PAGE_LIFETIME if letter.kind == "pager" else LIFETIME):
            self._report.failed += 1
            self._report.problems.append(f"letter {letter.id} to {letter.recipient} was given up: {text}")
            self._note(letter, "failed", text)
            return
        self._report.deferred += 1
        self._note(
            letter, "deferred", text, next_attempt_at=later(now, wait(letter.attempts + 1, self._desk.dice))
        )

    def _note(
        self,
        letter: Letter,
        state: str,
        text: str = "",
        *,
        subject: str | None = None,
        next_attempt_at: str | None = None,
    ) -> None:
        sent_at = self._desk.clock() if state == "sent" else None

        def noted(tx: Tx) -> None:
            outbox.put_state(
                tx,
                letter.id,
                state,
                error=text[:500],
                sent_at=sent_at,
                subject=subject,
                next_attempt_at=next_attempt_at,
            )

        self._to_note.append(noted)

    def _with_notes(self, work: Callable[[Tx], Result]) -> Result:
        """Do a small unit of work, together with what is still to be noted."""

        def noted(tx: Tx) -> Result:
            for note in self._to_note:
                note(tx)
            return work(tx)

        done = self._desk.engine.transact(noted, alone=False)
        self._to_note.clear()  # not before: the unit may have been done twice
        return done


def wait(attempts: int, dice: Callable[[int], bytes]) -> float:
    """Seconds until the next attempt after so many: 5 min, doubled each time, at most 4000 s, ±20 %."""
    base: float = min(FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 10), LONGEST_WAIT)
    return base * (0.8 + 0.4 * dice(1)[0] / 255)


def claimant() -> str:
    """Who claims a letter: this process, named so that others can see whether it lives."""
    import platform

    return f"{platform.node()}:{os.getpid()}:{_started(os.getpid())}"


def _started(pid: int) -> str:
    """A process's start time as the kernel counts it, for process numbers are used again; "" elsewhere."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 pathlib is not needed for one read
            return stat.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""


def is_alive(claimed_by: str, claimed_at: str, now: str) -> bool:
    """Whether the process that claimed a letter still works on it; one on another host has an hour."""
    import platform

    host, _, rest = claimed_by.rpartition(":")[0].rpartition(":")
    pid, started = rest, claimed_by.rpartition(":")[2]
    if host != platform.node() or not pid.isdigit() or not started:
        return seconds_between(claimed_at, now) < 3600
    return _started(int(pid)) == started


def _take_back(desk: Desk) -> None:
    """Letters whose run died between claiming and noting: nobody knows whether they went."""
    with desk.engine.read() as tx:
        claimed = outbox.abandoned(tx)
    dead = [letter for letter, at, by in claimed if not is_alive(by, at, desk.clock())]
    if not dead:
        return
    desk.engine.transact(lambda tx: _let_go(tx, dead, INTERRUPTED), alone=False)


def _let_go(tx: Tx, letters: Sequence[int], error: str) -> None:
    for letter in letters:
        outbox.take_back(tx, letter, error)


def retry(desk: Desk, letters: Sequence[int]) -> None:
    """Queue letters once more, at once: failed, uncertain, bounced, deferred, held or dropped ones.

    Raises NotFound for an unknown one, Failed for one that was sent or is being sent.
    """
    _set_states(desk, letters, "queued", forbidden=("sent", "sending"))


def drop(desk: Desk, letters: Sequence[int]) -> None:
    """Give letters up; they stay listed. Raises NotFound, Failed as ``retry``."""
    _set_states(desk, letters, "dropped", forbidden=("sent", "sending"))


def _set_states(desk: Desk, letters: Sequence[int], state: str, *, forbidden: Sequence[str]) -> None:
    from helpdesk_cli.errors import NotFound

    def restated(tx: Tx) -> None:
        for number in letters:
            letter = outbox.load(tx, number)
            if letter is None:
                raise NotFound(f"{number}: no such letter; 'helpdesk outbox list --all' shows them")
            if letter.state in forbidden:
                raise Failed(f"letter {number} is {letter.state}; nothing was changed")
            outbox.put_state(tx, number, state, next_attempt_at=desk.clock())

    desk.engine.transact(restated)
