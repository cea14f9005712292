"""Mail goes out: claim a letter, write its words, hand it over, note what became of it.

A letter is claimed in a committed transaction before anything is sent, so a run that dies leaves it in
``sending``; the next run calls such a letter uncertain rather than sending it blindly again.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from msgspec import Struct

from helpdesk_cli.domain.moments import later, seconds_between
from helpdesk_cli.errors import BadConfig, DeskError, Failed, Unreachable
from helpdesk_cli.mail.transports.contract import Sent, Transport
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.writing import Written, write
from helpdesk_cli.store import outbox, tallies
from helpdesk_cli.store.outbox import Letter

FIRST_WAIT, LONGEST_WAIT, LIFETIME = 300, 4000, 5 * 86400
"""Seconds: the wait doubles from five minutes to about an hour, for five days (Postfix's schedule)."""

PAGE_LIFETIME = 3600
"""A page that could not be sent for an hour helps nobody any more."""

UNCERTAIN_WAIT = 900
"""An uncertain letter is tried once more, by itself, after so long; then a person decides."""

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
        due = outbox.due(tx, desk.clock())
    if due:
        with ExitStack() as stack:
            ways = Ways(desk, stack)
            for letter, department in due[:limit]:
                _send_one(desk, ways, letter, department, report)
                if progress is not None:
                    progress(1)
    with desk.engine.read() as tx:
        counts = outbox.counts(tx)
        stale = tallies.has_before(tx, later(desk.clock(), -LONGEST_TALLY))
    if stale:
        with desk.engine.write() as tx:
            tallies.forget(tx, later(desk.clock(), -LONGEST_TALLY))
    report.queued = counts.get("queued", 0) + counts.get("deferred", 0)
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


def _send_one(desk: Desk, ways: Ways, number: int, department: str, report: SendReport) -> None:
    """Claim, write and hand over one letter; what goes wrong is noted on it and ends nothing else."""
    slug = ways.slug(department)
    if slug in ways.away:
        return
    with desk.engine.write() as tx:
        letter = outbox.claim(tx, number, desk.clock(), claimant())
    if letter is None:
        return
    try:
        written = write(desk, letter)
    except (Failed, BadConfig, ValueError) as error:
        # A broken template or an impossible address: the letter waits, and a person is told.
        report.problems.append(f"letter {number} to {letter.recipient}: {error}")
        _defer(desk, letter, str(error), report)
        return
    try:
        receipt = ways.to(slug).send(written.sender, letter.recipient, written.raw)
    except (Unreachable, BadConfig) as error:
        ways.away[slug] = error
        report.failures.append(error)
        _defer(desk, letter, str(error), report)
        return
    if receipt.outcome is Sent.SENT:
        report.sent += 1
        _note(desk, letter, "sent", receipt.text, written)
    elif receipt.outcome is Sent.FAILED:
        report.failed += 1
        report.problems.append(f"letter {number} to {letter.recipient} was refused: {receipt.text}")
        _note(desk, letter, "failed", receipt.text, written)
    elif receipt.outcome is Sent.UNCERTAIN:
        report.uncertain += 1
        _note(desk, letter, "uncertain", receipt.text, written)
    else:
        _defer(desk, letter, receipt.text, report)


def _note(desk: Desk, letter: Letter, state: str, text: str, written: Written | None = None) -> None:
    with desk.engine.write() as tx:
        outbox.put_state(
            tx,
            letter.id,
            state,
            error="" if state == "sent" else text[:500],
            sent_at=desk.clock() if state == "sent" else None,
            subject=written.subject if written else None,
        )


def _defer(desk: Desk, letter: Letter, text: str, report: SendReport) -> None:
    """Try again later, or give up when the letter is too old."""
    age = seconds_between(letter.created_at, desk.clock())
    if age > (PAGE_LIFETIME if letter.kind == "pager" else LIFETIME):
        report.failed += 1
        report.problems.append(f"letter {letter.id} to {letter.recipient} was given up: {text}")
        _note(desk, letter, "failed", text)
        return
    report.deferred += 1
    with desk.engine.write() as tx:
        outbox.put_state(
            tx,
            letter.id,
            "deferred",
            error=text[:500],
            next_attempt_at=later(desk.clock(), wait(letter.attempts, desk.dice)),
        )


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
    with desk.engine.write() as tx:
        for letter in dead:
            outbox.take_back(tx, letter, "the run that sent it was interrupted; it may have gone")


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

    with desk.engine.write() as tx:
        for number in letters:
            letter = outbox.load(tx, number)
            if letter is None:
                raise NotFound(f"{number}: no such letter; 'helpdesk outbox list --all' shows them")
            if letter.state in forbidden:
                raise Failed(f"letter {number} is {letter.state}; nothing was changed")
            outbox.put_state(tx, number, state, next_attempt_at=desk.clock())
