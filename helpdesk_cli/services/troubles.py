"""What a run met, carried out: what to tell, letters to the admins, and the memory of it in the store."""

from collections.abc import Collection, Iterable, Sequence

from helpdesk_cli.domain.trouble import Judged, Kind, Met, Trouble, judge
from helpdesk_cli.errors import BadConfig, Busy, DeskError, Refused, Unreachable, is_of_no_room
from helpdesk_cli.services.desk import Desk, host_name
from helpdesk_cli.store import outbox, runs, troubles
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.runs import Ran

WAY = "transport."


def met(what: str, title: str, failure: BaseException) -> Met:
    """A failure as a run's end tells it; ``title`` is its place for people."""
    if isinstance(failure, OSError) and failure.strerror:
        place = f"{failure.filename}: " if failure.filename else ""
        code = 75 if is_of_no_room(failure) else 1
        return Met(what=what, kind="away", text=f"{title}: {place}{failure.strerror}", code=code)
    if not isinstance(failure, DeskError):
        text = f"internal error: {type(failure).__name__}: {failure}; please report it"
        return Met(what=what, kind="broken", text=f"{title}: {text}", code=1)
    comes_back = isinstance(failure, Unreachable | Busy) and not isinstance(failure, Refused)
    kind: Kind = "away" if comes_back else "broken"
    faults = failure.faults if isinstance(failure, BadConfig) else (str(failure),)
    text = "\n".join(f"{title}: {fault.removeprefix(f'{what}: ')}" for fault in faults)
    return Met(what=what, kind=kind, text=text, code=failure.exit_code)


def known(desk: Desk) -> list[Trouble]:
    """All that is known of troubles."""
    with desk.engine.read() as tx:
        return troubles.known(tx)


def own_host(desk: Desk) -> str:
    """Whose troubles this host's are; "" where there is one host."""
    return host_name() if desk.settings.store.is_postgres() else ""


def settle(desk: Desk, found: Sequence[Met], well: Collection[str], *, ran: Iterable[Ran] = ()) -> Judged:
    """End a run: note how its jobs fared, judge what it met, put the letters; what is to be told."""
    host, noted = own_host(desk), list(ran)

    def settled(tx: Tx) -> Judged:
        at = desk.clock()
        rows = troubles.known(tx)
        over = {row.what for row in rows if row.what in well and row.host == host}
        lasting = {row.what for row in rows if row.over_at is None} - over | {each.what for each in found}
        department = _way_to_admins(desk, lasting)
        judged = judge(rows, found, well, at, host=host, can_write=department is not None)
        troubles.keep(tx, judged.rows, judged.gone)
        runs.note(tx, noted)
        if department is not None:
            _write(tx, desk, judged.written, department)
        back = [what.removeprefix(WAY) for what in judged.back if what.startswith(WAY)]
        if back:
            outbox.hurry(tx, _users_of(desk, back), at)
        return judged

    return desk.engine.transact(settled)


def write(desk: Desk, lines: Sequence[str]) -> None:
    """Write lines to the admins, whatever is known of the ways out."""
    department = _way_to_admins(desk, ())
    if lines and department is not None:
        desk.engine.transact(lambda tx: _write(tx, desk, lines, department))


def _way_to_admins(desk: Desk, lasting: Collection[str]) -> str | None:
    """A department whose mail goes out; None where none does, or there is no admin to write to."""
    if not desk.settings.desk.admin:
        return None
    for slug, department in desk.settings.department.items():
        if WAY + department.transport not in lasting:
            return slug
    return None


def _users_of(desk: Desk, transports: Collection[str]) -> list[str]:
    """The departments whose mail takes one of these ways."""
    departments = desk.settings.department.items()
    users = [slug for slug, department in departments if department.transport in transports]
    return [*users, ""] if "default" in transports else users


def _write(tx: Tx, desk: Desk, lines: Sequence[str], department: str) -> None:
    """Write to each admin what was told; no limit stops it, for it is seldom by itself."""
    if not lines:
        return
    from helpdesk_cli.domain.notices import Notice
    from helpdesk_cli.services.letters import put_letter

    apart = [line for text in lines for line in text.splitlines()]
    for address in dict.fromkeys(desk.settings.desk.admin):
        notice = Notice(kind="trouble", address=address, facts={"lines": apart})
        put_letter(tx, desk, notice, at=desk.clock(), department=department, is_limited=False)
