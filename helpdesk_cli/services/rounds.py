"""``cron``: all jobs in one process, one round a minute, and only what is worth telling.

A failure of one job stops no other. What a round met is judged at its end against what is known already, so
that people hear of a trouble once, over all rounds and hosts.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.trouble import CONFIGURATION, PATIENCE, Met, Trouble
from helpdesk_cli.errors import BadConfig, DeskError, NotAllowed, StoreAway, Unreachable, ranked
from helpdesk_cli.services import host_memory, incoming, outgoing, pauses, troubles
from helpdesk_cli.services import rules as rules_of_time
from helpdesk_cli.services.desk import Desk, host_name, skew_of
from helpdesk_cli.services.troubles import WAY
from helpdesk_cli.store import outbox, tallies
from helpdesk_cli.store.runs import Ran

REST_AFTER, REST_SECONDS = 5, 600
"""After so many rounds that failed at a mailbox it is tried only so often (osTicket's numbers)."""

AWAY = Unreachable.exit_code
WORDS = "letter."
BOX, TRIED = "mailbox.", "mailbox-tried"


class Round(Struct, kw_only=True):
    """What came of a round. ``told`` is for people, ``said`` and ``quiet`` for who asks."""

    told: list[str] = []
    quiet: list[str] = []  # what is wrong and not worth telling, or not yet
    said: list[str] = []  # what the jobs did
    code: int = 0


def work(opened: Callable[[], AbstractContextManager[Desk]], config: str | None) -> Round:
    """Do one round at the desk that ``opened`` opens; ``config`` is what --config says."""
    done = Round()
    try:
        with opened() as desk:
            _alone(desk, config, done)
    except NotAllowed:
        raise  # who calls is at fault, not the desk
    except Exception as failure:  # noqa: BLE001 cron starts us each minute: whatever it is, it is told once
        what = CONFIGURATION if isinstance(failure, BadConfig) else host_memory.STORE
        judged = host_memory.settle(config, [troubles.met(what, what, failure)])
        done.told += judged.told
        done.quiet += judged.quiet
        done.code = ranked([*judged.codes, *filter(None, [done.code])])
    return done


def _alone(desk: Desk, config: str | None, done: Round) -> None:
    """A round, unless another one is at work on this host or all is paused."""
    pause = pauses.of_job(pauses.standing(desk), pauses.ALL)
    if pause is not None:
        done.said.append(pauses.told(pause))
        return
    name = f"cron-{host_name()}" if desk.settings.store.is_postgres() else "cron"
    with desk.engine.lock(name) as is_ours:
        if not is_ours:
            done.said.append("another run is at work")
            return
        _round(desk, config, done)


def _round(desk: Desk, config: str | None, done: Round) -> None:
    began = desk.clock()
    jobs = Jobs(desk)
    for job, step in (("notify", send), ("fetch-mail", fetch), ("run-rules", rules), ("notify", send)):
        jobs.run(job, step)
    look_around(jobs)
    done.said += jobs.said
    judged = troubles.settle(desk, jobs.met, jobs.well, ran=[*jobs.ran.values(), _sum(jobs, began)])
    here = host_memory.settle(config, [], can_write=True)  # not before: the store is back once it was written
    troubles.write(desk, here.written)
    done.told += [*here.told, *judged.told]
    done.quiet += judged.quiet
    done.code = ranked(judged.codes)


def _sum(jobs: "Jobs", began: str) -> Ran:
    """How the whole round fared."""
    at = jobs.desk.clock()
    failed = [run for run in jobs.ran.values() if run.code]
    return Ran(
        job=pauses.ALL,
        host=host_name(),
        began_at=began,
        ended_at=at,
        succeeded_at=None if failed else at,
        code=ranked(run.code for run in failed),
        error=failed[0].error if failed else "",
    )


class Jobs:
    """The jobs of a round: what they met, what they found well, how each fared."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.paused = pauses.standing(desk)
        self.troubles: dict[str, Met] = {}
        self.losses: list[Met] = []
        self.well: set[str] = set()
        self.ran: dict[str, Ran] = {}
        self.said: list[str] = []

    @property
    def met(self) -> list[Met]:
        """All that this round met."""
        return [*self.troubles.values(), *self.losses]

    def run(self, job: str, step: "Callable[[Jobs], None]") -> None:
        """Do a job, unless it is paused; whatever it raises, the next one has its turn.

        But for a store that is away: nothing can be done without it.
        """
        pause = pauses.of_job(self.paused, job)
        if pause is not None:
            words = pauses.told(pause)
            self.said += [] if words in self.said else [words]
            return
        began, before = self.desk.clock(), self.met
        try:
            step(self)
            self.well.add(f"job.{job}")
        except StoreAway:
            raise
        except Exception as failure:  # noqa: BLE001 one job never stops another
            self.meet(troubles.met(f"job.{job}", job, failure))
        self._note(job, began, [each for each in self.met if each not in before])

    def _note(self, job: str, began: str, met: list[Met]) -> None:
        """How a job fared; of two runs in a round the worse."""
        at, earlier = self.desk.clock(), self.ran.get(job)
        if earlier is not None and earlier.code:
            self.ran[job] = replace(earlier, ended_at=at)
            return
        self.ran[job] = Ran(
            job=job,
            host=host_name(),
            began_at=earlier.began_at if earlier else began,
            ended_at=at,
            succeeded_at=None if met else at,
            code=ranked(each.code for each in met),
            error=met[0].text if met else "",
        )

    def meet(self, met: Met) -> None:
        """Note a trouble; the first of its kind in this round counts."""
        self.well.discard(met.what)
        self.troubles.setdefault(met.what, met)

    def found_well(self, what: str) -> None:
        """Note that something works, unless this round met trouble with it."""
        if what not in self.troubles:
            self.well.add(what)

    def lose(self, what: str, text: str) -> None:
        """Note that something is lost for good."""
        self.losses.append(Met(what=what, kind="loss", text=text, code=1))


# The steps


def fetch(jobs: Jobs) -> None:
    """fetch-mail, but for the mailboxes that are paused, or rest because they failed again and again."""
    jobs.said += [pauses.told(each) for each in jobs.paused if each.what.startswith(pauses.BOX)]
    resting = _resting(jobs.desk)
    for name, row in resting.items():
        jobs.said.append(
            f"{name}: it failed {row.times} times, so it is tried each {REST_SECONDS // 60} minutes"
        )
        jobs.meet(Met(what=row.what, kind=row.kind, text=row.text, code=row.code))
    for report in incoming.fetch_mail(jobs.desk, but=pauses.boxes(jobs.paused) | resting.keys()):
        jobs.said.append(report.words())
        what, title = f"{BOX}{report.name}", f"mailbox {report.name}"
        failure = report.failure
        if isinstance(failure, StoreAway):
            raise failure
        if type(failure) is DeskError:  # a message that nobody can read; the mailbox is well
            jobs.lose("messages", f"{title}: {failure}")
        elif failure is not None:
            jobs.meet(troubles.met(what, title, failure))
            _note_failure(jobs.desk, report.name)
            continue
        if not report.is_busy:
            jobs.found_well(what)


def _resting(desk: Desk) -> dict[str, Trouble]:
    """The mailboxes that this host tried in vain lately, after several times: a server that is asked each minute
    with a wrong password may lock the account."""
    host, at = troubles.own_host(desk), desk.clock()
    failing = {
        row.what.removeprefix(BOX): row
        for row in troubles.known(desk)
        if row.what.startswith(BOX)
        and row.over_at is None
        and (row.host, row.code) == (host, AWAY)
        and row.times >= REST_AFTER
    }
    if not failing:
        return {}
    with desk.engine.read() as tx:
        tried = {
            name: tallies.count(tx, TRIED, f"{host} {name}", later(at, -REST_SECONDS)) for name in failing
        }
    return {name: row for name, row in failing.items() if tried[name] and name in desk.settings.mailbox}


def _note_failure(desk: Desk, name: str) -> None:
    """Note that a mailbox was tried in vain."""
    key, at = f"{troubles.own_host(desk)} {name}", desk.clock()
    desk.engine.transact(lambda tx: tallies.add(tx, TRIED, key, at), alone=False)


def send(jobs: Jobs) -> None:
    """notify."""
    report = outgoing.notify(jobs.desk)
    jobs.said.append(report.words())
    for slug, failure in report.ways.items():
        if failure is None:
            jobs.found_well(WAY + slug)
        else:
            jobs.meet(troubles.met(WAY + slug, f"transport {slug}", failure))
    for error, words in report.unwritten.items():
        jobs.meet(Met(what=f"{WORDS}{error}"[:200], kind="broken", text=words, code=1))
    for words in report.lost:
        jobs.lose("letters", words)
    _find_written(jobs)


def _find_written(jobs: Jobs) -> None:
    """See which words of letters are mended: none waits for them any more."""
    for row in troubles.known(jobs.desk):
        if row.what.startswith(WORDS) and row.over_at is None and row.what not in jobs.troubles:
            with jobs.desk.engine.read() as tx:
                if not outbox.waits_with(tx, row.what.removeprefix(WORDS)):
                    jobs.found_well(row.what)


def rules(jobs: Jobs) -> None:
    """run-rules."""
    report = rules_of_time.run(jobs.desk)
    for rule in report.rules:
        what = f"rule.{rule.name}"
        if rule.error:
            jobs.meet(Met(what=what, kind="broken", text=f"rule {rule.name}: {rule.error}", code=1))
        else:
            jobs.found_well(what)
        if rule.fired:
            done, vain = rule.fired - len(rule.refused), len(rule.refused)
            jobs.said.append(
                f"rule {rule.name}: {done} done"
                + (f", {vain} in vain" if vain else "")
                + (f", {rule.left} left" if rule.left else "")
            )


# What no job tells by itself


def look_around(jobs: Jobs) -> None:
    """Try the ways out that were away, see whether letters get anywhere, and whether the clock is right."""
    desk = jobs.desk
    for row in troubles.known(desk):
        slug = row.what.removeprefix(WAY)
        if row.what.startswith(WAY) and row.over_at is None and slug in desk.settings.transport:
            _try(jobs, slug)
    if not any(what.startswith(WAY) for what in jobs.troubles):
        with desk.engine.read() as tx:
            count, error = outbox.stuck(tx, later(desk.clock(), -PATIENCE))
        if count > 1:
            text = f"letters to {count} recipients were put off, and none goes; the last answer: {error}"
            jobs.meet(Met(what="sending", kind="away", text=f"sending: {text}", code=69))
        else:
            jobs.found_well("sending")
    if desk.settings.log.to != "none":
        from helpdesk_cli.services import trail

        if words := trail.outcome(desk.settings.log):
            jobs.meet(Met(what="log", kind="broken", text=words, code=1))
        elif words is not None:
            jobs.found_well("log")
    host = host_name()
    if words := skew_of(desk.engine):
        text = f"{words}; set it; until then the database's is believed"
        jobs.meet(Met(what=f"clock.{host}", kind="broken", text=text, code=1))
    else:
        jobs.found_well(f"clock.{host}")


def _try(jobs: Jobs, slug: str) -> None:
    """Reach a way out that was away, where no letter has tried it in this round."""
    from helpdesk_cli.config.credentials import secret_of
    from helpdesk_cli.mail.transports import open_transport

    what = WAY + slug
    if what in jobs.well or what in jobs.troubles:
        return
    settings = jobs.desk.settings.transport[slug]
    try:
        with open_transport(slug, settings, secret_of(settings, what)) as way:
            way.reach()
    except DeskError as failure:
        jobs.meet(troubles.met(what, f"transport {slug}", failure))
    else:
        jobs.found_well(what)
