"""Mail comes in: three doors (fetch, receive, import), one road.

The road keeps the bytes in a first transaction, tells the server, and settles in a second one. A crash
between any two lines leaves a message either "not here, still on the server" or "here, not yet settled".
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.errors import Busy, DeskError, NotFound, StoreAway, Unreachable
from helpdesk_cli.mail.sources.contract import Delivery, Source
from helpdesk_cli.services import pauses
from helpdesk_cli.services.desk import Desk, engine_of
from helpdesk_cli.services.headroom import check_headroom
from helpdesk_cli.services.line import Line, MailboxReport, Progress, mailbox_of, settle_pending
from helpdesk_cli.store import blobs, inbox, mailboxes
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.inbox import Kept

if TYPE_CHECKING:
    from pathlib import Path

RUN_SECONDS = 240.0
"""A run of fetch-mail ends by then, whatever the servers do; cron starts the next one anyway."""

MOST_SIDE_BY_SIDE = 32
"""So many mailboxes are waited for at once: slow servers, for the work itself is done one after the other."""

LEFT_OVER_SECONDS = 600
"""What another way in kept and did not settle for so long was left over by a run that died."""


def fetch_mail(
    desk: Desk,
    names: Sequence[str] = (),
    *,
    but: Collection[str] = (),
    limit: int | None = None,
    progress: Progress | None = None,
    seconds: float = RUN_SECONDS,
) -> list[MailboxReport]:
    """Fetch every mailbox, or those named; a failure is a value in its report and stops no other.

    ``but`` are left alone, with what came through them. Mailboxes on servers are fetched side by side, so
    that a dead one keeps nobody waiting. Raises NotFound for a mailbox that the configuration does not name,
    Busy where the disk is nearly full.
    """
    known = desk.settings.mailbox
    wanted = [name for name in named_mailboxes(desk, names) if name not in but]
    check_headroom(desk)
    end = time.monotonic() + seconds
    remote = [name for name in wanted if known[name].kind in ("imap", "pop3")]

    def one(name: str, own: Desk) -> MailboxReport:
        return _fetch(own, name, limit=limit, progress=progress, left=lambda: end - time.monotonic())

    # What lies on this machine comes first: it waits for no server.
    local = {name: one(name, desk) for name in wanted if name not in remote}
    away = [one(name, desk) for name in remote] if len(remote) < 2 else _side_by_side(desk, remote, one)
    done = local | dict(zip(remote, away, strict=True))
    reports = [done[name] for name in wanted]
    if not names and not any(isinstance(report.failure, StoreAway) for report in reports):
        left_over = _left_over(desk, progress, but)
        reports += [left_over] if left_over.fetched or left_over.failure else []
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

    def work(name: str) -> MailboxReport:
        engine = engine_of(desk.settings)
        try:
            return one(name, replace(desk, engine=engine))
        finally:
            engine.close()

    with ThreadPoolExecutor(max_workers=min(MOST_SIDE_BY_SIDE, len(names))) as pool:
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
            settle_pending(desk, name, report, progress)
            source = open_source(name, mailbox, secret_of(mailbox, f"mailbox.{name}"), deadline=left)
            _drain(desk, name, source, report, limit=limit, progress=progress)
            desk.engine.transact(lambda tx: mailboxes.succeeded(tx, name, desk.clock()), alone=False)
    except DeskError as failure:
        report.failure, report.error = failure, str(failure)
        if isinstance(failure, Unreachable) and not isinstance(failure, StoreAway):
            _note_failure(desk, name, str(failure)[:500])
    return report


def _note_failure(desk: Desk, name: str, error: str) -> None:
    def noted(tx: Tx) -> None:
        mailboxes.begin(tx, name, desk.clock())
        mailboxes.failed(tx, name, desk.clock(), error)

    try:
        desk.engine.transact(noted, alone=False)
    except (Busy, StoreAway):
        pass  # it is told all the same, and the next run that fails notes it


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
        desk.engine.transact(lambda tx: mailboxes.begin(tx, name, desk.clock()), alone=False)
    memory = noted.memory if noted else ""

    def known(keys: Sequence[str]) -> frozenset[str]:
        with desk.engine.read() as tx:
            return inbox.known(tx, name, keys)

    taken, was_reached = 0, False
    try:
        with Line(desk, report, progress) as line, source:
            was_reached = True
            for waiting in source.waiting(known, memory):
                batch = waiting if limit is None else waiting[: limit - taken]
                if not batch:
                    break
                kept = keep(desk, name, batch, is_imported=is_imported)
                source.done([delivery.key for delivery in batch])
                line.take(kept)
                taken += len(batch)
                if limit is not None and taken >= limit:
                    break
                check_headroom(desk)
    finally:
        after = source.memory() if was_reached else memory
        if after != memory:
            desk.engine.transact(lambda tx: mailboxes.remember(tx, name, after), alone=False)
    if failures := source.failures():
        raise Unreachable("; ".join(f"{failure.key}: {failure.text}" for failure in failures[:5]))


def keep(
    desk: Desk, name: str, batch: Sequence[Delivery], *, is_imported: bool = False
) -> list[tuple[Kept, bytes]]:
    """Transaction 1: the bytes are ours. What another run kept meanwhile is left to that run."""
    at = desk.clock()
    packed = [(blobs.digest(delivery.raw), *blobs.packed(delivery.raw)) for delivery in batch]
    items = [
        Kept(
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
        for delivery, (sha256, _, _) in zip(batch, packed, strict=True)
    ]

    def ours(tx: Tx) -> list[int | None]:
        numbers = inbox.keep(tx, items)
        for number, delivery, (sha256, codec, data) in zip(numbers, batch, packed, strict=True):
            if number is not None:
                blobs.keep(tx, sha256, len(delivery.raw), codec, data)
        return numbers

    numbers = desk.engine.transact(ours, alone=False)
    return [
        (replace(item, id=number), delivery.raw)
        for number, item, delivery in zip(numbers, items, batch, strict=True)
        if number is not None
    ]


def _arrival(claimed: str, now: str) -> str:
    """When a message came: the server's word, but never in the future, for it orders and feeds limits."""
    return min(claimed, now) if claimed else now


def _left_over(desk: Desk, progress: Progress | None, but: Collection[str]) -> MailboxReport:
    """What other ways in (a pipe, an import) left over long ago."""
    report = MailboxReport(name="(left over)")
    try:
        with desk.engine.lock("left-over") as is_ours:
            if is_ours:
                before = later(desk.clock(), -LEFT_OVER_SECONDS)
                settle_pending(desk, "", report, progress, before=before, but=but)
    except DeskError as failure:
        report.failure, report.error = failure, str(failure)
    return report


def receive(
    desk: Desk, delivery: Delivery, *, mailbox: str, told: Callable[[], None] | None = None
) -> MailboxReport:
    """Take in one message that a mail server hands over; ``told`` hears when its bytes are safe.

    While fetch-mail or the mailbox is paused it is kept only: the first fetch-mail after that settles it.
    """
    report = MailboxReport(name=mailbox)
    check_headroom(desk)
    kept = keep(desk, mailbox, [delivery])
    if told is not None:
        told()
    paused = pauses.standing(desk)
    if pauses.of_job(paused, "fetch-mail") or mailbox in pauses.boxes(paused):
        return report
    with Line(desk, report) as line:
        line.take(kept)
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
        settle_pending(desk, f"import:{mailbox}", report, progress)
        size = mailbox_of(desk, mailbox).max_size
        source = open_paths(paths, max_size=size, deadline=lambda: 1e9)
        _drain(desk, f"import:{mailbox}", source, report, limit=None, progress=progress, is_imported=True)
    return report
