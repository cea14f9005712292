"""What a run would do, without writing: fetch-mail and notify with ``--dry-run``."""

import time
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.cases import Decision
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.triage import triage
from helpdesk_cli.errors import DeskError
from helpdesk_cli.mail.sources.contract import Delivery
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.incoming import RUN_SECONDS, named_mailboxes
from helpdesk_cli.services.line import MailboxReport
from helpdesk_cli.services.reading import Ready, make_ready
from helpdesk_cli.services.settling import BACKLOG_SECONDS, make_case
from helpdesk_cli.store import blobs, inbox, mailboxes, outbox
from helpdesk_cli.store.inbox import Kept
from helpdesk_cli.store.outbox import Letter


class Foreseen(Struct, frozen=True, kw_only=True):
    """One message that waits, and what would become of it."""

    mailbox: str
    sender: str
    subject: str
    size: int
    outcome: str
    reason: str
    ticket: int | None


def fetch(
    desk: Desk, names: Sequence[str] = (), *, limit: int | None = None
) -> list[tuple[MailboxReport, list[Foreseen]]]:
    """What fetch-mail would bring now. Each message is decided as if it came alone.

    Nothing is written here nor told to a server; a POP3 server may mark by itself what it hands out.
    Raises NotFound for a mailbox that is not configured.
    """
    end = time.monotonic() + RUN_SECONDS
    return [_mailbox(desk, name, limit, end) for name in named_mailboxes(desk, names)]


def _mailbox(desk: Desk, name: str, limit: int | None, end: float) -> tuple[MailboxReport, list[Foreseen]]:
    from helpdesk_cli.config.credentials import secret_of
    from helpdesk_cli.mail.sources import open_source

    report = MailboxReport(name=name)
    foreseen: list[Foreseen] = []
    # With "keep" a source tells its server nothing, not even what an earlier run left untold.
    mailbox = replace(desk.settings.mailbox[name], after="keep")
    with desk.engine.read() as tx:
        noted = mailboxes.remembered(tx, name)

    def known(keys: Sequence[str]) -> frozenset[str]:
        with desk.engine.read() as tx:
            return inbox.known(tx, name, keys)

    try:
        source = open_source(
            name, mailbox, secret_of(mailbox, f"mailbox.{name}"), deadline=lambda: end - time.monotonic()
        )
        with source:
            for batch in source.waiting(known, noted.memory if noted else ""):
                for delivery in batch if limit is None else batch[: limit - len(foreseen)]:
                    foreseen.append(_decided(desk, name, delivery))
                    report.fetched += 1
                    report.outcomes[foreseen[-1].outcome] = report.outcomes.get(foreseen[-1].outcome, 0) + 1
                if limit is not None and len(foreseen) >= limit:
                    break
    except DeskError as failure:
        report.failure, report.error = failure, str(failure)
    return report, foreseen


def _decided(desk: Desk, name: str, delivery: Delivery) -> Foreseen:
    from helpdesk_cli.mail.guard import ParseDefeated

    now = desk.clock()
    kept = Kept(
        mailbox=name,
        source_key=delivery.key,
        arrived_at=min(delivery.arrived_at, now) if delivery.arrived_at else now,
        kept_at=now,
        sha256=blobs.digest(delivery.raw),
        size=delivery.size or len(delivery.raw),
        is_whole=delivery.whole,
        envelope_sender=delivery.sender,
        envelope_recipients=delivery.recipients,
    )
    try:
        ready = make_ready(desk, kept, delivery.raw, desk.settings.mailbox[name])
    except (ParseDefeated, MemoryError, RecursionError) as error:
        return Foreseen(
            mailbox=name,
            sender="",
            subject="",
            size=kept.size,
            outcome="pending",
            reason=str(error) or type(error).__name__,
            ticket=None,
        )
    decision = _decide(desk, ready)
    sender = ready.inbound.sender
    return Foreseen(
        mailbox=name,
        sender=sender.address if sender else "",
        subject=ready.inbound.subject,
        size=kept.size,
        outcome=decision.outcome.value,
        reason=decision.reason,
        ticket=decision.ticket,
    )


def _decide(desk: Desk, ready: Ready) -> Decision:
    mailbox = ready.kept.mailbox
    with desk.engine.read() as tx:
        case = make_case(tx, desk, ready, desk.settings.mailbox[mailbox])
        is_first = mailboxes.remembered(tx, mailbox) is None
    if is_first:  # the run that fetches it begins the mailbox's history now
        border = later(desk.clock(), -BACKLOG_SECONDS)
        case = replace(case, is_old=ready.kept.arrived_at < border)
    return triage(case)


def due(desk: Desk, *, limit: int | None = None) -> list[Letter]:
    """The letters that notify would send now; of a digest, which is put only then, there is no number yet."""
    from helpdesk_cli.services import digests

    with desk.engine.read() as tx:
        found = [outbox.load(tx, number) for number, _ in outbox.due(tx, desk.clock())[:limit]]
        found += digests.foreseen(tx, desk)
    return [letter for letter in found if letter is not None][:limit]
