"""What shall not be done for now: a job, all of them, a mailbox."""

from msgspec import Struct

from helpdesk_cli.store.engine import Tx


class Pause(Struct, frozen=True):
    """``what`` is a job, ``cron`` for all of them, or ``mailbox:NAME``."""

    what: str
    reason: str
    paused_at: str
    paused_by: str


def standing(tx: Tx) -> list[Pause]:
    """All pauses, the oldest first."""
    rows = tx.rows("select what, reason, paused_at, paused_by from pause order by paused_at, what")
    return [Pause(*row) for row in rows]  # type: ignore[arg-type]


def begin(tx: Tx, pause: Pause) -> None:
    """Pause something; what is paused already has the new reason."""
    tx.put(
        "insert into pause (what, reason, paused_at, paused_by) values (:what, :reason, :at, :by) "
        "on conflict (what) do update set reason = excluded.reason",
        what=pause.what,
        reason=pause.reason,
        at=pause.paused_at,
        by=pause.paused_by,
    )


def end(tx: Tx, what: str) -> bool:
    """Let something go on; false where it was not paused."""
    return bool(tx.run("delete from pause where what = :what", what=what))
