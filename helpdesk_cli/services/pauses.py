"""What shall not be done for now, and why: jobs and mailboxes that an admin paused."""

from collections.abc import Iterable

from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import pauses
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.pauses import Pause

__all__ = ["Pause", "begin", "boxes", "end", "of_job", "standing", "told"]

ALL = "cron"
JOBS = ("fetch-mail", "notify", "run-rules", ALL)
BOX = "mailbox:"


def standing(desk: Desk) -> list[Pause]:
    """Everything that is paused, the oldest first."""
    with desk.engine.read() as tx:
        return pauses.standing(tx)


def of_job(paused: Iterable[Pause], job: str) -> Pause | None:
    """What keeps a job from running: its own pause, or that of all jobs."""
    return next((pause for pause in paused if pause.what in (job, ALL)), None)


def boxes(paused: Iterable[Pause]) -> frozenset[str]:
    """The mailboxes that are left alone."""
    return frozenset(pause.what.removeprefix(BOX) for pause in paused if pause.what.startswith(BOX))


def told(pause: Pause) -> str:
    """A pause in words."""
    return f"{pause.what} is paused by {pause.paused_by}: {pause.reason}"


def begin(desk: Desk, what: str, reason: str) -> Pause:
    """Pause a job, all jobs or a mailbox. Raises NotAllowed, NotFound, Usage where the reason is empty."""
    _administers(desk)
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise Usage("--reason: say why, for who finds it paused")
    _is_known(desk, what)

    def begun(tx: Tx) -> Pause:
        pauses.begin(tx, Pause(what, reason, desk.clock(), desk.actor.login))
        return next(pause for pause in pauses.standing(tx) if pause.what == what)

    return desk.engine.transact(begun)


def _is_known(desk: Desk, what: str) -> None:
    """Raise NotFound for what is no job and no mailbox."""
    if what.startswith(BOX):
        known = desk.settings.mailbox
        if what.removeprefix(BOX) not in known:
            names = ", ".join(BOX + name for name in known)
            raise NotFound(f"{what}: no such mailbox; there are {names}")
    elif what not in JOBS:
        raise NotFound(f"{what}: cannot be paused; {', '.join(JOBS)} (all of them) and {BOX}NAME can")


def end(desk: Desk, what: str | None = None) -> list[Pause]:
    """Let a job or a mailbox go on, or everything; what was paused. Raises NotAllowed, NotFound, Failed.

    A job that is paused with all others cannot go on alone.
    """
    _administers(desk)

    def ended(tx: Tx) -> list[Pause]:
        found = pauses.standing(tx)
        wanted = [pause for pause in found if what in (None, pause.what)]
        if what is not None and not wanted:
            _is_known(desk, what)  # a mailbox may have left the file since
        for pause in wanted:
            pauses.end(tx, pause.what)
        with_all = of_job(found, ALL)
        if not wanted and with_all is not None and what in JOBS:
            raise Failed(
                f"{what} is paused with all jobs ({with_all.reason}); 'helpdesk resume {ALL}' lets them go on"
            )
        return wanted

    return desk.engine.transact(ended)


def _administers(desk: Desk) -> None:
    if not may_administer(desk.actor):
        raise NotAllowed(f"{desk.actor.login}: only an admin may pause jobs and let them go on")
