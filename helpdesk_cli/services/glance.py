"""The whole desk at a glance: what is open and whose, how mail flows, how the jobs fare. Reads only."""

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.permissions import sees_all, works_in
from helpdesk_cli.domain.trouble import Trouble
from helpdesk_cli.domain.urgency import high_priorities
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.services.views import seer_of
from helpdesk_cli.store import glance, lists, mailboxes, pauses, runs, troubles
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.glance import Tally
from helpdesk_cli.store.pauses import Pause

__all__ = ["Dashboard", "Health", "Mail", "Pause", "Sum", "dashboard"]

DAY = 86400
STALE = 3600
"""Seconds after which a job or a mailbox that did not succeed is not well."""

JOBS = ("fetch-mail", "notify")
"""The jobs that every desk needs; the others are told of where they ever ran."""

UNREAD = ("pending", "held", "failed")
"""Outcomes of messages that wait for a run or for a person."""

TO_GO = ("queued", "deferred", "sending")
NEED_A_PERSON = ("uncertain", "failed", "held")
"""States of letters."""


class Sum(Struct, kw_only=True):
    """How many active tickets are what; unassigned and those below it are among open and waiting."""

    open: int = 0
    waiting: int = 0
    unassigned: int = 0
    unanswered: int = 0
    high: int = 0
    overdue: int = 0

    @property
    def active(self) -> int:
        return self.open + self.waiting

    def add(self, tally: Tally) -> None:
        self.open += tally.open
        self.waiting += tally.waiting
        self.unassigned += tally.open + tally.waiting if tally.assignee is None else 0
        self.unanswered += tally.unanswered
        self.high += tally.high
        self.overdue += tally.overdue


class Mail(Struct, frozen=True, kw_only=True):
    """The flow of mail: what came and went since a moment, and what stands now."""

    since: str
    came: dict[str, int]  # by outcome
    sent: int
    bounced: int
    unread: dict[str, int]  # messages that wait for a run or for a person, by outcome
    waiting: int  # letters that are still to go
    unsent: dict[str, int]  # letters that wait for a person, by state


FOR_ADMINS = "an admin sees what"


class Health(Struct, frozen=True, kw_only=True):
    """How a job on a host, or a mailbox, fares. ``error`` is of its last run, "" where that was well."""

    name: str
    host: str | None = None
    succeeded_at: str | None
    error: str = ""
    pause: Pause | None = None

    def is_well(self, at: str) -> bool:
        """Whether it did lately all it should; who is paused need not."""
        if self.pause is not None:
            return True
        return not self.error and self.succeeded_at is not None and self.succeeded_at >= later(at, -STALE)


class Dashboard(Struct, frozen=True, kw_only=True):
    """What a dashboard shows. Departments and people are in the order of how much they have to do."""

    at: str
    department: str | None
    total: Sum
    departments: dict[str, Sum]
    people: dict[str, Sum]
    mail: Mail
    mailboxes: list[Health]
    jobs: list[Health]
    paused: Pause | None  # of all jobs
    troubles: list[str]


def dashboard(desk: Desk, *, department: str | None = None) -> Dashboard:
    """The desk's state, of the tickets that the actor may see; mail and jobs are the whole desk's. Raises Usage."""
    at, settings = desk.clock(), desk.settings
    slug = slug_of("department", settings.department, department)
    wanted = lists.Wanted(department=slug, seer=seer_of(desk.actor))
    with desk.engine.read() as tx:
        where, binds = lists.conditions(tx, wanted)
        tallies = glance.tallies(tx, where, binds, at=at, high=high_priorities(list(settings.priority)))
        paused = {pause.what: pause for pause in pauses.standing(tx)}
        return Dashboard(
            at=at,
            department=slug,
            total=_total(tallies),
            departments=_sums(tallies, lambda tally: tally.department, _own_departments(desk, slug)),
            people=_sums(tallies, lambda tally: tally.assignee),
            mail=_mail(tx, later(at, -DAY)),
            mailboxes=_mailboxes(tx, desk, paused),
            jobs=[_shown(desk, job) for job in _jobs(tx, paused)],
            paused=paused.get("cron"),
            troubles=[_told(desk, one) for one in troubles.known(tx) if one.over_at is None],
        )


def _shown(desk: Desk, job: Health) -> Health:
    """A job as the actor may see it: what failed may name letters of others' tickets."""
    return job if sees_all(desk.actor) or not job.error else replace(job, error=FOR_ADMINS)


def _told(desk: Desk, trouble: Trouble) -> str:
    """A trouble in the words that the actor may read: those about servers are for everybody."""
    if sees_all(desk.actor) or trouble.what.startswith(("mailbox.", "transport.", "clock.", "the ")):
        return trouble.text
    return f"{trouble.what.partition('.')[0]}: {FOR_ADMINS}"


def _own_departments(desk: Desk, chosen: str | None) -> list[str]:
    """The departments that a dashboard names though nothing is to do there."""
    if chosen is not None:
        return [chosen]
    return [slug for slug in desk.settings.department if works_in(desk.actor, slug)]


def _total(tallies: Iterable[Tally]) -> Sum:
    total = Sum()
    for tally in tallies:
        total.add(tally)
    return total


def _sums(
    tallies: Iterable[Tally],
    name_of: Callable[[Tally], str | None],
    named: Iterable[str] = (),
) -> dict[str, Sum]:
    """Tallies added up by a name, who has most to do first; those without a name are left out."""
    found = {name: Sum() for name in named}
    for tally in sorted(tallies, key=lambda tally: name_of(tally) or ""):
        if name := name_of(tally):
            found.setdefault(name, Sum()).add(tally)
    return dict(sorted(found.items(), key=lambda each: -each[1].active))


def _mail(tx: Tx, since: str) -> Mail:
    went, letters = glance.went(tx, since), glance.standing_letters(tx, (*TO_GO, *NEED_A_PERSON))
    unread = glance.standing_mail(tx, UNREAD)
    return Mail(
        since=since,
        came=dict(sorted(glance.came(tx, since).items(), key=lambda each: (-each[1], each[0]))),
        sent=sum(went.values()),
        bounced=went.get("bounced", 0),
        unread={outcome: unread.get(outcome, 0) for outcome in UNREAD},
        waiting=sum(letters.get(state, 0) for state in TO_GO),
        unsent={state: letters.get(state, 0) for state in NEED_A_PERSON},
    )


def _mailboxes(tx: Tx, desk: Desk, paused: dict[str, Pause]) -> list[Health]:
    """The mailboxes that are fetched."""
    found = []
    for name, settings in desk.settings.mailbox.items():
        if settings.kind == "pipe":
            continue
        noted = mailboxes.remembered(tx, name)
        found.append(
            Health(
                name=name,
                succeeded_at=noted.succeeded_at if noted else None,
                error=noted.error if noted and noted.failed_at else "",
                pause=paused.get(f"mailbox:{name}"),
            )
        )
    return found


def _jobs(tx: Tx, paused: dict[str, Pause]) -> list[Health]:
    """Each job on each host where it ran; those that every desk needs also where they never did."""
    found = [
        Health(
            name=ran.job,
            host=ran.host,
            succeeded_at=ran.succeeded_at,
            error=ran.error if ran.code else "",
            pause=paused.get(ran.job),
        )
        for ran in runs.all_of(tx)
    ]
    there = {one.name for one in found}
    wanted = [*JOBS, *(job for job in runs.JOBS if job in paused)]
    never = [job for job in dict.fromkeys(wanted) if job not in there]
    found += [Health(name=job, succeeded_at=None, pause=paused.get(job)) for job in never]
    return sorted(
        found, key=lambda one: (runs.JOBS.index(one.name) if one.name in runs.JOBS else 9, one.host or "")
    )
