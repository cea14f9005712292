"""Mail comes in: three doors (fetch, receive, import), one road.

The road keeps the bytes in a first transaction, tells the server, and settles in a second one. A crash
between any two lines leaves a message either "not here, still on the server" or "here, not yet settled".
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from helpdesk_cli.domain.mail import Outcome
from helpdesk_cli.domain.moments import later
from helpdesk_cli.errors import DeskError, NotFound, Unreachable
from helpdesk_cli.mail.sources.contract import HEAD_LIMIT, Delivery, Source
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.headroom import check_headroom
from helpdesk_cli.settings import Mailbox
from helpdesk_cli.store import blobs, inbox, mailboxes
from helpdesk_cli.store.inbox import Kept

if TYPE_CHECKING:
    from pathlib import Path

    from helpdesk_cli.services.reading import Ready

RUN_SECONDS = 240.0
"""A run of fetch-mail ends by then, whatever the servers do; cron starts the next one anyway."""

ATTEMPTS = 3
"""A message that defeated the parser so often is ``failed``: kept, listed, and tried when somebody asks."""

LEFT_OVER_SECONDS = 600
"""What another way in kept and did not settle for so long was left over by a run that died."""

CHUNK = 25
"""So many mails share one transaction; it keeps the write lock for some tens of milliseconds."""

Progress = Callable[[int], None]
"""Told how many more messages were settled."""


class MailboxReport(Struct, kw_only=True):
    """What a run did with one mailbox; the outcomes add up to ``fetched``."""

    name: str
    fetched: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    failure: DeskError | None = None  # what ended it
    is_busy: bool = False  # another run is at work on it

    def count(self, outcome: Outcome) -> None:
        self.outcomes[outcome.value] = self.outcomes.get(outcome.value, 0) + 1


def fetch_mail(
    desk: Desk,
    names: Sequence[str] = (),
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    seconds: float = RUN_SECONDS,
) -> list[MailboxReport]:
    """Fetch every mailbox, or those named; a failure is a value in its report and stops no other.

    Mailboxes on servers are fetched side by side, so that a dead one keeps nobody waiting. Raises
    NotFound for a mailbox that the configuration does not name, Busy where the disk is nearly full.
    """
    known = desk.settings.mailbox
    wanted = named_mailboxes(desk, names)
    check_headroom(desk)
    end = time.monotonic() + seconds
    remote = [name for name in wanted if known[name].kind in ("imap", "pop3")]

    def one(name: str, own: Desk) -> MailboxReport:
        return _fetch(own, name, limit=limit, progress=progress, left=lambda: end - time.monotonic())

    alone = len(remote) < 2
    reports = [one(name, desk) for name in wanted] if alone else _side_by_side(desk, wanted, one)
    if not names:
        reports += [report for report in [_left_over(desk, progress)] if report.fetched]
    return reports


def named_mailboxes(desk: Desk, names: Sequence[str] = ()) -> list[str]:
    """The mailboxes of these names, else all; without pipes, which nobody fetches. Raises NotFound."""
    known = desk.settings.mailbox
    for name in names:
        if name not in known:
            raise NotFound(f"{name}: no such mailbox; the configuration has {', '.join(known) or 'none'}")
    return [name for name in dict.fromkeys(names or known) if known[name].kind != "pipe"]


def _side_by_side(
    desk: Desk, names: Sequence[str], one: Callable[[str, Desk], MailboxReport]
) -> list[MailboxReport]:
    """Each mailbox in a thread with a store connection of its own; in the order of the names."""
    from concurrent.futures import ThreadPoolExecutor

    from helpdesk_cli.store import open_engine

    def work(name: str) -> MailboxReport:
        engine = open_engine(desk.settings.store.url)
        try:
            return one(name, replace(desk, engine=engine))
        finally:
            engine.close()

    with ThreadPoolExecutor(max_workers=min(8, len(names))) as pool:
        return list(pool.map(work, names))


def _fetch(
    desk: Desk, name: str, *, limit: int | None, progress: Progress | None, left: Callable[[], float]
) -> MailboxReport:
    """Fetch one mailbox; its report."""
    from helpdesk_cli.config.credentials import secret_of
    from helpdesk_cli.mail.sources import open_source

    report = MailboxReport(name=name)
    mailbox = desk.settings.mailbox[name]
    try:
        with desk.engine.lock(f"mailbox-{name}") as is_ours:
            if not is_ours:
                report.is_busy = True
                return report
            _settle_pending(desk, name, report, progress)
            source = open_source(name, mailbox, secret_of(mailbox, f"mailbox.{name}"), deadline=left)
            _drain(desk, name, source, report, limit=limit, progress=progress)
            with desk.engine.write() as tx:
                mailboxes.succeeded(tx, name, desk.clock())
    except DeskError as failure:
        report.failure, report.error = failure, str(failure)
        if isinstance(failure, Unreachable):
            with desk.engine.write() as tx:
                mailboxes.begin(tx, name, desk.clock())
                mailboxes.failed(tx, name, desk.clock(), str(failure)[:500])
    return report


def _drain(
    desk: Desk,
    name: str,
    source: Source,
    report: MailboxReport,
    *,
    limit: int | None,
    progress: Progress | None,
    is_imported: bool = False,
) -> None:
    """Take in what waits in a mailbox, batch by batch."""
    with desk.engine.read() as tx:
        noted = mailboxes.remembered(tx, name)
    if noted is None:
        with desk.engine.write() as tx:
            mailboxes.begin(tx, name, desk.clock())
    memory = noted.memory if noted else ""

    def known(keys: Sequence[str]) -> frozenset[str]:
        with desk.engine.read() as tx:
            return inbox.known(tx, name, keys)

    taken, was_reached = 0, False
    try:
        with source:
            was_reached = True
            for waiting in source.waiting(known, memory):
                batch = waiting if limit is None else waiting[: limit - taken]
                if not batch:
                    break
                kept = keep(desk, name, batch, is_imported=is_imported)
                source.done([delivery.key for delivery in batch])
                settle_all(desk, kept, report, progress)
                taken += len(batch)
                if limit is not None and taken >= limit:
                    break
                check_headroom(desk)
    finally:
        after = source.memory() if was_reached else memory
        if after != memory:
            with desk.engine.write() as tx:
                mailboxes.remember(tx, name, after)
    if failures := source.failures():
        raise Unreachable("; ".join(f"{failure.key}: {failure.text}" for failure in failures[:5]))


def keep(
    desk: Desk, name: str, batch: Sequence[Delivery], *, is_imported: bool = False
) -> list[tuple[Kept, bytes]]:
    """Transaction 1: the bytes are ours. What another run kept meanwhile is left to that run."""
    at = desk.clock()
    packed = [(blobs.digest(delivery.raw), *blobs.packed(delivery.raw)) for delivery in batch]
    kept = []
    with desk.engine.write() as tx:
        for delivery, (sha256, codec, data) in zip(batch, packed, strict=True):
            item = Kept(
                mailbox=name,
                source_key=delivery.key,
                arrived_at=_arrival(delivery.arrived_at, at),
                kept_at=at,
                sha256=sha256,
                size=delivery.size or len(delivery.raw),
                is_whole=delivery.whole,
                is_imported=is_imported,
                envelope_sender=delivery.sender,
                envelope_recipients=delivery.recipients,
                attempts=1,
            )
            identity = inbox.keep(tx, item)
            if identity is not None:
                blobs.keep(tx, sha256, len(delivery.raw), codec, data)
                kept.append((replace(item, id=identity), delivery.raw))
    return kept


def _arrival(claimed: str, now: str) -> str:
    """When a message came: the server's word, but never in the future, for it orders and feeds limits."""
    return min(claimed, now) if claimed else now


def settle_all(
    desk: Desk, items: Iterable[tuple[Kept, bytes]], report: MailboxReport, progress: Progress | None = None
) -> None:
    """Transaction 2, some mails each: read them outside of it, decide and carry out inside."""
    chunk: list[Ready] = []
    for kept, raw in items:
        report.fetched += 1
        ready = _read(desk, kept, raw, report)
        if ready is not None:
            chunk.append(ready)
        if len(chunk) >= CHUNK or len(raw) > 1_000_000:
            _settle_chunk(desk, chunk, report)
            chunk = []
        if progress is not None:
            progress(1)
    _settle_chunk(desk, chunk, report)


def mailbox_of(desk: Desk, name: str) -> Mailbox:
    """The settings of a message's mailbox; what came through one that is gone counts as the default."""
    name = name.removeprefix("import:")
    if name in desk.settings.mailbox:
        return desk.settings.mailbox[name]
    return Mailbox(kind="pipe", department=next(iter(desk.settings.department), ""))


def _read(desk: Desk, kept: Kept, raw: bytes, report: MailboxReport) -> "Ready | None":
    """A mail made ready, or None where it defeated us: it stays pending, and the third time it failed."""
    from helpdesk_cli.mail.guard import ParseDefeated
    from helpdesk_cli.services.reading import make_ready

    try:
        return make_ready(desk, kept, raw, mailbox_of(desk, kept.mailbox))
    except (ParseDefeated, MemoryError, RecursionError) as error:
        _defeated(desk, kept, report, str(error) or type(error).__name__)
        return None


def _settle_chunk(desk: Desk, chunk: "Sequence[Ready]", report: MailboxReport) -> None:
    if not chunk:
        return
    from helpdesk_cli.services.settling import settle

    defeated: list[tuple[Kept, str]] = []
    outcomes: list[Outcome] = []
    with desk.engine.write() as tx:
        for ready in chunk:
            try:
                with tx.savepoint():
                    outcome = settle(tx, desk, ready, mailbox_of(desk, ready.kept.mailbox))
            except DeskError:
                raise
            except Exception as error:  # noqa: BLE001 one mail never stops the others; it is kept and listed
                defeated.append((ready.kept, f"{type(error).__name__}: {error}"))
                continue
            if outcome is None:
                report.fetched -= 1  # another run settled it and counts it
            else:
                outcomes.append(outcome)
    for outcome in outcomes:
        report.count(outcome)
    for kept, reason in defeated:
        _defeated(desk, kept, report, reason)


def _defeated(desk: Desk, kept: Kept, report: MailboxReport, reason: str) -> None:
    """Note an attempt that came to nothing."""
    is_last = kept.attempts >= ATTEMPTS
    shown = _head_of(desk, kept) if is_last else {}
    with desk.engine.write() as tx:
        inbox.settle(tx, kept.id, note=reason[:1000])
        if is_last:
            inbox.settle(tx, kept.id, outcome="failed", reason="defeated", settled_at=desk.clock(), **shown)
    report.count(Outcome.FAILED if is_last else Outcome.PENDING)
    if is_last:
        report.error = (
            f"message {kept.id} could not be read ({reason[:200]}); see 'helpdesk inbox show {kept.id}'"
        )
        report.failure = DeskError(report.error)


def _head_of(desk: Desk, kept: Kept) -> dict[str, str]:
    """What lists show of a mail that could not be read: its header alone."""
    from helpdesk_cli.mail.parse import headers_only

    with desk.engine.read() as tx:
        raw = blobs.load(tx, kept.sha256)
    head = headers_only((raw or b"")[:HEAD_LIMIT])
    return {
        "message_id": head.message_id,
        "subject": head.subject,
        "from_address": head.sender.address if head.sender else "",
        "from_name": head.sender.name if head.sender else "",
    }


def _settle_pending(
    desk: Desk, name: str, report: MailboxReport, progress: Progress | None, *, before: str | None = None
) -> None:
    """Settle what an earlier run kept and did not finish, one by one, each attempt counted first."""
    with desk.engine.read() as tx:
        waiting = inbox.pending(tx, name, before)
    for kept in waiting:
        settle_again(desk, kept, report)
        if progress is not None:
            progress(1)


def settle_again(desk: Desk, kept: Kept, report: MailboxReport) -> None:
    """One more attempt at a kept message, counted before it is made."""
    if kept.attempts >= ATTEMPTS:
        report.fetched += 1
        _defeated(desk, kept, report, "reading it ended the program")
        return
    with desk.engine.write() as tx:
        inbox.count_attempt(tx, kept.id)
        raw = blobs.load(tx, kept.sha256)
    settle_all(desk, [(replace(kept, attempts=kept.attempts + 1), raw or b"")], report)


def _left_over(desk: Desk, progress: Progress | None) -> MailboxReport:
    """What other ways in (a pipe, an import) left over long ago."""
    report = MailboxReport(name="(left over)")
    with desk.engine.lock("left-over") as is_ours:
        if is_ours:
            _settle_pending(desk, "", report, progress, before=later(desk.clock(), -LEFT_OVER_SECONDS))
    return report


def receive(
    desk: Desk, delivery: Delivery, *, mailbox: str, told: Callable[[], None] | None = None
) -> MailboxReport:
    """Take in one message that a mail server hands over; ``told`` hears when its bytes are safe."""
    report = MailboxReport(name=mailbox)
    check_headroom(desk)
    kept = keep(desk, mailbox, [delivery])
    if told is not None:
        told()
    settle_all(desk, kept, report)
    return report


def import_mail(
    desk: Desk, paths: "Sequence[Path]", *, mailbox: str, progress: Progress | None = None
) -> MailboxReport:
    """Take in Maildirs, mbox files and ``.eml`` files as history: closed tickets, and no mail goes out."""
    from helpdesk_cli.mail.sources import open_paths

    report = MailboxReport(name=mailbox)
    check_headroom(desk)
    with desk.engine.lock(f"import-{mailbox}") as is_ours:
        if not is_ours:
            report.is_busy = True
            return report
        _settle_pending(desk, f"import:{mailbox}", report, progress)
        size = mailbox_of(desk, mailbox).max_size
        source = open_paths(paths, max_size=size, deadline=lambda: 1e9)
        _drain(desk, f"import:{mailbox}", source, report, limit=None, progress=progress, is_imported=True)
    return report
