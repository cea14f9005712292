"""What time brings: the site's rules of time in the order of the file, then the built-in ones.

Of each rule the tickets that are due are found by a query, then changed some hundred in a transaction, in
which is also noted that it was done: who is killed in between begins where they stopped.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from msgspec import Struct, field
from msgspec.structs import replace

from helpdesk_cli.domain.rules import BUILT_IN, read
from helpdesk_cli.errors import BadConfig, Busy, Failed, Unreachable
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.rules.contract import Report, Row, Task
from helpdesk_cli.services.rules.site import SiteRule, row_of
from helpdesk_cli.services.rules.survey import Survey
from helpdesk_cli.services.rules.waiting import Awaiting, Inactive, Reminder
from helpdesk_cli.services.rules.wake import Wake
from helpdesk_cli.store import fired
from helpdesk_cli.store.engine import Again, Tx

__all__ = ["Report", "Row", "RunReport", "listing", "run"]

CHUNK = 100
"""So many tickets share one transaction."""

Progress = Callable[[int], None]


class RunReport(Struct, kw_only=True):
    """What a run did. ``renewed`` is how many tickets' clocks follow a changed configuration now."""

    rules: list[Report] = field(default_factory=list)
    renewed: int = 0
    is_busy: bool = False  # another run is at work


def listing(desk: Desk) -> list[Row]:
    """All rules in their order: those of the site, then the built-in ones."""
    with desk.engine.read() as tx:
        counts = fired.counts(tx)
    found = [
        *(row_of(read(name, written)) for name, written in desk.settings.rule.items()),
        *(task.row for task in _built_in(desk)),
    ]
    return [_counted(row, *counts.get(row.name, (0, None))) for row in found]


def _counted(row: Row, count: int, at: str | None) -> Row:
    return replace(row, fired=count, fired_at=at)


def run(desk: Desk, *, dry_run: bool = False, progress: Progress | None = None) -> RunReport:
    """Do what is due. With ``dry_run`` nothing is written, and each rule is looked at as if it were alone."""
    report = RunReport()
    if dry_run:
        with desk.engine.read() as tx:
            report.rules = [_foreseen(desk, task, tx) for task in _tasks(desk)]
        return report
    with desk.engine.lock("run-rules") as is_ours:
        if not is_ours:
            report.is_busy = True
            return report
        report.renewed = _renewed(desk, progress)
        tasks = list(_tasks(desk))
        _let_again(desk, tasks)
        report.rules = [_done(desk, task, progress) for task in tasks]
    return report


def _tasks(desk: Desk) -> Iterator[Task]:
    """The rules of this run, in their order."""
    site: list[SiteRule] = []
    for name, written in desk.settings.rule.items():
        rule = read(name, written)
        if rule.enabled and rule.is_of_time:
            site.append(SiteRule(desk, rule, tuple(site)))
    yield from site
    yield from (task for task in _built_in(desk) if task.row.enabled)


def _built_in(desk: Desk) -> list[Task]:
    """The built-in rules in their order; those of service levels where there are some."""
    found: list[Task] = [Wake(desk), Awaiting(desk), Reminder(desk), Inactive(desk)]
    if desk.settings.sla:
        from helpdesk_cli.services.clocks import BREACH, WARNING
        from helpdesk_cli.services.rules.levels import Told

        found += [Told(desk, WARNING), Told(desk, BREACH)]
    if desk.settings.oncall:
        from helpdesk_cli.services.rules.calling import Calling

        found.append(Calling(desk))
    return [*found, Survey(desk)]


def _renewed(desk: Desk, progress: Progress | None) -> int:
    """Let all clocks follow the configuration where it changed; of how many tickets."""
    from helpdesk_cli.services import clocks

    def bar(_: str, __: int) -> AbstractContextManager[Callable[[int], object]]:
        return nullcontext(progress or (lambda _: None))

    return clocks.renew(desk, bar)


def _foreseen(desk: Desk, task: Task, tx: Tx) -> Report:
    """What a rule would do."""
    report = _report(task)
    found = task.due(tx, desk.clock())
    report.tickets = found[: desk.settings.operation.tickets_per_rule]
    report.fired, report.left = len(report.tickets), len(found) - len(report.tickets)
    report.error = "; ".join(task.complaints()) or None
    if isinstance(task, SiteRule) and task.stops:
        task.foreseen.update(report.tickets)
    return report


def _done(desk: Desk, task: Task, progress: Progress | None) -> Report:
    """Let a rule do its work, on so many tickets as a run may take."""
    report, at = _report(task), desk.clock()
    errors: list[str] = []
    with desk.engine.read() as tx:
        found = task.due(tx, at)
    most = desk.settings.operation.tickets_per_rule
    report.left = max(0, len(found) - most)
    for start in range(0, len(found[:most]), CHUNK):
        chunk = found[start : min(start + CHUNK, most)]
        report.tickets += _fired(desk, task, chunk, at, errors)
        if progress is not None:
            progress(len(chunk))
    report.fired = len(report.tickets)
    report.error = "; ".join([*errors[:3], *task.complaints()]) or None
    return report


def _report(task: Task) -> Report:
    return Report(name=task.row.name, builtin=task.row.builtin, then=task.row.then, tickets=[])


def _fired(desk: Desk, task: Task, chunk: list[int], at: str, errors: list[str]) -> list[int]:
    """Change some tickets together, or each by itself where one cannot be changed."""
    try:
        return desk.engine.transact(lambda tx: task.fire(tx, chunk, at))
    except (Busy, Unreachable, BadConfig):
        raise
    except Exception:  # noqa: BLE001 one ticket never stops the others
        done, failures = desk.engine.transact(lambda tx: _fired_apart(tx, task, chunk, at))
        errors += failures
        return done


def _fired_apart(tx: Tx, task: Task, chunk: list[int], at: str) -> tuple[list[int], list[str]]:
    done: list[int] = []
    failures: list[str] = []
    for number in chunk:
        try:
            with tx.savepoint():
                hit = task.fire(tx, [number], at)
        except (Again, Busy, Unreachable, BadConfig):
            raise
        except Exception as error:  # noqa: BLE001 see _fired
            failures.append(f"ticket {number}: {error if isinstance(error, Failed) else repr(error)}")
        else:
            done += hit
    return done, failures


def _let_again(desk: Desk, tasks: list[Task]) -> None:
    """Let rules do their work once more on tickets for which they ceased to hold since.

    Somebody must have touched the ticket in between: what one rule undoes of another's is no reason, else the
    two would go on for ever.
    """
    ours = {task.row.name: task for task in tasks if isinstance(task, SiteRule)}
    known = [*desk.settings.rule, *BUILT_IN]

    def looked(tx: Tx) -> None:
        for name in fired.gone(tx, known):
            fired.forget_rule(tx, name)
        by_rule: dict[str, list[int]] = {}
        for name, number in fired.touched(tx, fired.looked(tx)):
            by_rule.setdefault(name, []).append(number)
        for name, numbers in by_rule.items():
            if name in ours:
                held = set(ours[name].holds(tx, numbers, desk.clock()))
                fired.forget(tx, name, [number for number in numbers if number not in held])
        fired.note_look(tx)

    if ours:
        desk.engine.transact(looked)
