"""Mail goes out, and calls of web hooks: claim a letter, write it, hand it over, note what became of it.

A letter is claimed in a committed transaction before anything is sent, so a run that dies leaves it in
``sending``. The next run queues it again where its text was not handed over yet, and else calls it
uncertain rather than sending it blindly once more.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from msgspec import Struct

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.moments import later, seconds_between
from helpdesk_cli.domain.notices import HELD, LIMITED, PAGER
from helpdesk_cli.errors import BadConfig, Busy, DeskError, Failed, StoreAway, Unreachable
from helpdesk_cli.mail.transports.contract import Receipt, Sent
from helpdesk_cli.services import bounces
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.ways import Ways, written
from helpdesk_cli.services.writing import Written
from helpdesk_cli.store import addresses, digests, outbox, tallies
from helpdesk_cli.store.engine import Result, Tx
from helpdesk_cli.store.outbox import Claim, Letter

FIRST_WAIT, LONGEST_WAIT, LIFETIME = 300, 4000, 5 * 86400
"""Seconds: the wait doubles from five minutes to about an hour, for five days (Postfix's schedule)."""

PAGE_LIFETIME = 3600
"""A page that could not be sent for an hour helps nobody any more."""

WARNED_AFTER = 4 * 3600
"""Staff hear of an answer that was put off for so long (as Postfix users set delay_warning_time)."""

CLAIMED_AT_ONCE = 20
"""So many letters are claimed in one transaction; what was not handed over is let go again."""

PATIENCE, PATIENCE_HANDED_OVER = 600, 3600
"""Seconds after which a claim of another host counts as a dead one's. The first may be short: whoever comes
late finds, before anything is handed over, that the letter is no longer theirs."""

INTERRUPTED = "the run that sent it was interrupted; it may have gone"

LONGEST_TALLY = 2 * 86400
"""Counters older than the longest window that limits may name are forgotten."""


class SendReport(Struct, kw_only=True):
    """What a run did; ``queued`` is what still waits at its end, whether due or not, None where nobody knows.

    ``problems`` are those letters of which a person should know: the ``lost`` ones, and the ``unwritten``, which
    wait, by what is wrong. ``ways`` are the ways out that were used, with what ended each, if anything did.
    """

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    queued: int | None = 0
    failures: list[DeskError] = []
    problems: list[str] = []
    lost: list[str] = []
    unwritten: dict[str, str] = {}
    ways: dict[str, DeskError | None] = {}

    def words(self) -> str:
        """What was done, for people: ``2 sent, 1 deferred; 1 waiting``."""
        counts = [(self.sent, "sent"), (self.deferred, "deferred"), (self.failed, "failed")]
        counts.append((self.uncertain, "uncertain"))
        told = ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing to send"
        return told + (f"; {self.queued} waiting" if self.queued else "")


def notify(
    desk: Desk, *, limit: int | None = None, progress: Callable[[int], None] | None = None
) -> SendReport:
    """Send what is due. A transport that is away ends its own letters' run, not the others'.

    A store that is away ends the run, and what was to tell until then is told all the same.
    """
    report = SendReport()
    try:
        _put_digests(desk)
        _take_back(desk, report)
        _send_due(desk, report, limit, progress)
    except (Busy, StoreAway) as error:
        report.failures.append(error)
        report.queued = None
    return report


def _put_digests(desk: Desk) -> None:
    """Put what staff wanted to hear by the hour or by the day, where it is time."""
    with desk.engine.read() as tx:
        is_due = digests.is_due(tx, desk.clock())
    if is_due:
        from helpdesk_cli.services.digests import put_due

        put_due(desk)


def _send_due(
    desk: Desk, report: SendReport, limit: int | None, progress: Callable[[int], None] | None
) -> None:
    start = desk.clock()
    with desk.engine.read() as tx:
        due = outbox.count_due(tx, start)
    left = due if limit is None else min(due, limit)
    with ExitStack() as stack:
        run = Run(desk, Ways(desk, stack), report, start)
        while left > 0 and (done := run.send(min(left, CLAIMED_AT_ONCE))):
            left -= done
            if progress is not None:
                progress(done)
    with desk.engine.read() as tx:
        report.queued = outbox.waiting(tx)
        border = later(desk.clock(), -_longest_window(desk))
        stale = tallies.has_before(tx, border)
    if stale:
        desk.engine.transact(lambda tx: tallies.forget(tx, border), alone=False)


def _longest_window(desk: Desk) -> float:
    """For so many seconds what limits count must be kept."""
    limits = desk.settings.limits
    spans: list[float] = [rate.seconds for name in limits.__struct_fields__ for rate in getattr(limits, name)]
    return max(LONGEST_TALLY, *spans)


def waiting(desk: Desk) -> int:
    """How many letters wait to be sent."""
    with desk.engine.read() as tx:
        return outbox.waiting(tx)


class Run:
    """Letters on their way. What became of one is noted together with the next one's handing over."""

    def __init__(self, desk: Desk, ways: Ways, report: SendReport, start: str) -> None:
        self._desk, self._ways, self._report, self._start = desk, ways, report, start
        self._by = claimant()
        self._to_note: list[Callable[[Tx], None]] = []
        self._in_hand: int | None = None  # the letter that the transport has now

    def send(self, count: int) -> int:
        """Claim the next letters in one transaction, then write and hand over each; how many there were.

        What was due when the run began is sent: a letter that it deferred is due later.
        """
        claimed = self._desk.engine.transact(
            lambda tx: outbox.claim(
                tx, self._start, self._by, self._desk.clock(), count=count, but=self._ways.left_out
            ),
            alone=False,
        )
        done = 0
        try:
            for letter in claimed:
                self._one(letter)
                done += 1
        except BaseException:
            self._leave(claimed[done:])
            raise
        try:
            self._leave([])
        except StoreAway:
            self._leave([])  # the connection may be lost and the server back since the last letter was begun
        return len(claimed)

    def _leave(self, letters: Sequence[Letter]) -> None:
        """Note what is still to be noted, and let go of these."""
        if letters or self._to_note:
            self._with_notes(lambda tx: self._let_go(tx, letters))

    def _let_go(self, tx: Tx, letters: Sequence[Letter]) -> None:
        for letter in letters:
            if letter.id == self._in_hand:
                outbox.take_back(tx, letter.id, self._by, INTERRUPTED)
            else:
                outbox.let_go(tx, letter.id, self._by)

    def _one(self, letter: Letter) -> None:
        slug = self._ways.slug(letter.department)
        if slug in self._ways.away:
            self._ways.left_out.add(letter.department)  # which may be one that the settings no longer name
            self._with_notes(lambda tx: self._let_go(tx, [letter]))
            return
        if letter.kind == PAGER:
            if seconds_between(letter.created_at, self._desk.clock()) > lifetime(letter):
                self._give_up(letter, letter.error or "no run of notify was there to send it within the hour")
                return
            letter = self._still_to_say(letter)
        try:
            words = written(self._desk, letter)
            way = self._ways.to(slug)
        except (Failed, BadConfig, ValueError) as error:
            # A broken template or an impossible address: the letter waits, and a person is told.
            problem = f"letter {letter.id} to {letter.recipient}: {error}"
            self._report.problems.append(problem)
            self._report.unwritten.setdefault(str(error), problem)
            self._defer(letter, str(error))
            return
        if not self._with_notes(lambda tx: self._begun(tx, letter), alone=letter.kind == PAGER):
            return  # held back; or it took so long to get here that another run took us for dead
        self._in_hand = letter.id
        try:
            receipt = way.send(letter, words)
        except (Unreachable, BadConfig) as error:
            self._ways.lose(slug)
            self._report.failures.append(error)
            self._report.ways[slug] = error
            self._defer(letter, str(error))
        else:
            if receipt.outcome in (Sent.SENT, Sent.FAILED):
                self._report.ways.setdefault(slug, None)
            self._became(letter, words, receipt)
        self._in_hand = None  # not before it is known what to note

    def _still_to_say(self, letter: Letter) -> Letter:
        """A page without what was acknowledged while it waited."""
        from helpdesk_cli.services import ringing

        return self._with_notes(lambda tx: ringing.narrowed(tx, letter, self._desk.clock()), alone=True)

    def _begun(self, tx: Tx, letter: Letter) -> bool:
        """Note that a letter is handed over from now on; false where it must not go."""
        if letter.kind == PAGER:
            from helpdesk_cli.services import ringing

            if not ringing.may_go(tx, self._desk, letter, self._by):
                return False
        elif letter.kind in LIMITED and letter.purpose == "c":
            week_ago = later(self._desk.clock(), -addresses.FORGOTTEN_AFTER_DAYS * 86400)
            if addresses.is_given_up(tx, fold(letter.recipient), week_ago):
                outbox.became(
                    tx, letter.id, self._by, "dropped", error="too much mail to that address came back"
                )
                return False
        return outbox.handing_over(tx, letter.id, self._by, self._desk.clock())

    def _became(self, letter: Letter, written: Written, receipt: Receipt) -> None:
        if receipt.outcome is Sent.SENT:
            self._report.sent += 1
            self._note(letter, "sent", said=receipt.text, subject=written.subject)
        elif receipt.outcome is Sent.FAILED:
            self._report.failed += 1
            self._lose(f"letter {letter.id} to {letter.recipient} was refused: {receipt.text}")
            self._note(letter, "failed", receipt.text, subject=written.subject)
        elif receipt.outcome is Sent.UNCERTAIN:
            self._report.uncertain += 1
            self._lose(_uncertain(letter, receipt.text))
            self._note(letter, "uncertain", receipt.text, subject=written.subject)
        else:
            self._defer(letter, receipt.text)
            self._warn(letter, receipt.text)

    def _warn(self, letter: Letter, text: str) -> None:
        """Tell staff once that what they wrote has not left for hours: a client waits meanwhile."""
        at = self._desk.clock()
        if letter.kind in HELD and WARNED_AFTER < seconds_between(letter.created_at, at) <= LIFETIME:
            self._with_notes(lambda tx: bounces.late(tx, self._desk, letter, text, at), alone=True)

    def _defer(self, letter: Letter, text: str) -> None:
        """Try again later, or give up when the letter is too old."""
        now = self._desk.clock()
        if seconds_between(letter.created_at, now) > lifetime(letter):
            self._give_up(letter, text)
            return
        self._report.deferred += 1
        self._note(
            letter, "deferred", text, next_attempt_at=later(now, wait(letter.attempts + 1, self._desk.dice))
        )

    def _give_up(self, letter: Letter, text: str) -> None:
        """Let a letter that is too old go no more."""
        self._report.failed += 1
        self._lose(f"letter {letter.id} to {letter.recipient} was given up: {text}")
        self._note(letter, "failed", f"given up: {text}")

    def _lose(self, words: str) -> None:
        self._report.problems.append(words)
        self._report.lost.append(words)

    def _note(
        self,
        letter: Letter,
        state: str,
        text: str = "",
        *,
        said: str | None = None,
        subject: str | None = None,
        next_attempt_at: str | None = None,
    ) -> None:
        sent_at = self._desk.clock() if state == "sent" else None
        if self._desk.settings.log.to != "none":
            from helpdesk_cli.services import trail

            slug = self._ways.slug(letter.department)
            trail.sent(self._desk, letter, transport=slug, status=state, said=said or text)

        def noted(tx: Tx) -> None:
            outbox.became(
                tx,
                letter.id,
                self._by,
                state,
                error=text[:500],
                said=said if said is None else said[:500],
                sent_at=sent_at,
                subject=subject,
                next_attempt_at=next_attempt_at,
            )

        self._to_note.append(noted)
        if state in ("failed", "uncertain") and letter.ticket is not None:
            at = self._desk.clock()
            # A ticket changes, so this unit holds the lock of those who read before they write.
            self._with_notes(lambda tx: bounces.not_sent(tx, self._desk, letter, text, at), alone=True)

    def _with_notes(self, work: Callable[[Tx], Result], *, alone: bool = False) -> Result:
        """Do a small unit of work, together with what is still to be noted."""

        def noted(tx: Tx) -> Result:
            for note in self._to_note:
                note(tx)
            return work(tx)

        done = self._desk.engine.transact(noted, alone=alone)
        self._to_note.clear()  # not before: the unit may have been done twice
        return done


def lifetime(letter: Letter) -> int:
    """For so many seconds a letter is tried; a sum of pages waits for its turn before it is, and always goes."""
    return PAGE_LIFETIME if letter.kind == PAGER and letter.ticket is not None else LIFETIME


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


def is_alive(claim: Claim, now: str) -> bool:
    """Whether the process that claimed a letter still works on it; one on another host has some time."""
    import platform

    rest, _, started = claim.by.rpartition(":")
    host, _, pid = rest.rpartition(":")
    if host != platform.node() or not pid.isdigit() or not started:
        patience = PATIENCE_HANDED_OVER if claim.is_handed_over else PATIENCE
        return seconds_between(claim.at, now) < patience
    return _started(int(pid)) == started


def _take_back(desk: Desk, report: SendReport) -> None:
    """Letters whose run died between claiming and noting: nobody knows whether those handed over went."""
    with desk.engine.read() as tx:
        claims = outbox.claims(tx)
    dead = [claim for claim in claims if not is_alive(claim, desk.clock())]

    def taken_back(tx: Tx) -> list[Letter]:
        for claim in dead:
            outbox.take_back(tx, claim.letter, claim.by, INTERRUPTED)
        found = [outbox.load(tx, claim.letter) for claim in dead if claim.is_handed_over]
        uncertain = [letter for letter in found if letter is not None and letter.state == "uncertain"]
        for letter in uncertain:
            bounces.not_sent(tx, desk, letter, INTERRUPTED, desk.clock())
        return uncertain

    for letter in desk.engine.transact(taken_back) if dead else ():
        report.uncertain += 1
        report.problems.append(_uncertain(letter, INTERRUPTED))
        report.lost.append(report.problems[-1])


def _uncertain(letter: Letter, text: str) -> str:
    """What to say of a letter that may have gone."""
    return (
        f"letter {letter.id} to {letter.recipient} may have gone or not: {text}; "
        f"'helpdesk outbox retry {letter.id}' sends it once more, 'drop' lets it be"
    )
