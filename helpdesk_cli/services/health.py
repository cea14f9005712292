"""How the jobs fare: noted at the end of each run, for whoever looks at the desk."""

from collections.abc import Sequence

from helpdesk_cli.errors import Busy, DeskError, StoreAway, ranked
from helpdesk_cli.services.desk import Desk, host_name
from helpdesk_cli.store import runs
from helpdesk_cli.store.runs import Ran

__all__ = ["Ran", "all_runs", "note"]


def note(desk: Desk, job: str, began: str, failures: Sequence[DeskError]) -> None:
    """Note that a job ran on this host, and what kept it from doing all it should; nothing where the store is away."""
    at = desk.clock()
    ran = Ran(
        job=job,
        host=host_name(),
        began_at=began,
        ended_at=at,
        succeeded_at=None if failures else at,
        code=ranked(failure.exit_code for failure in failures),
        error=str(failures[0])[:500] if failures else "",
    )
    try:
        desk.engine.transact(lambda tx: runs.note(tx, [ran]), alone=False)
    except (Busy, StoreAway):
        pass  # whatever the job has to tell matters more


def all_runs(desk: Desk) -> list[Ran]:
    """Every job on every host that ever ran it."""
    with desk.engine.read() as tx:
        return runs.all_of(tx)
