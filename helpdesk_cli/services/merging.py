"""Several tickets made one, and parted again. Nobody outside hears of it, unless that is asked for.

What was said before is shown by mail to nobody who took no part in the ticket on which it was said
(``services.earlier`` sees to that); who comes to a ticket by a merge hears from then on.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain import merging, stages
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.ticket import CLOSED, WAITING, Author, Event, Joining, Telling, Ticket
from helpdesk_cli.errors import Failed
from helpdesk_cli.services import stepping
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.tickets import load
from helpdesk_cli.store import tickets, ties
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.ties import Person


class Merged(Struct, frozen=True):
    """The ticket that goes on, and what whoever merged should know of it."""

    into: int
    warnings: tuple[str, ...] = ()


def merge(
    desk: Desk, numbers: Sequence[int], into: int, *, across_clients: bool = False, tell: bool = False
) -> Merged:
    """Let tickets go on in another one, all of them or none; they are closed, and clients are told only if asked.

    One that is merged itself stands for that in which it goes on. Raises NotFound, NotAllowed; Failed for a
    circle, for what is merged already, and where people would hear of each other who did not until now.
    """
    return desk.engine.transact(lambda tx: _merge(tx, desk, numbers, into, across_clients, tell))


def _merge(tx: Tx, desk: Desk, numbers: Sequence[int], into: int, across_clients: bool, tell: bool) -> Merged:
    end = ties.end(tx, load(tx, desk, into).number)
    if end is None:
        raise Failed(f"ticket {into} leads in a circle; {stepping.NOTHING}")
    target = load(tx, desk, end)
    sources = [_source(tx, desk, number, into, target) for number in dict.fromkeys(numbers)]
    if not across_clients:
        _keep_apart(tx, [*sources, target])
    for source in sources:
        _one(tx, desk, source, target.number, tell=tell)
    return Merged(target.number, _warnings(sources, target))


def _source(tx: Tx, desk: Desk, number: int, into: int, target: Ticket) -> Ticket:
    """A ticket that may be merged into another. Raises Failed."""
    ticket = load(tx, desk, number)
    if ticket.number == target.number:
        what = "itself" if number == into else f"{into}, which is merged into {target.number} already"
        raise Failed(f"ticket {number} cannot be merged into {what}; {stepping.NOTHING}")
    if ticket.merged_into is not None:
        raise Failed(
            f"ticket {number} is merged into {ticket.merged_into} already; "
            f"'helpdesk ticket merge --undo {number}' comes first; {stepping.NOTHING}"
        )
    if ticket.is_private and not target.is_private:
        raise Failed(
            f"ticket {number} is private and {target.number} is not, so all of {target.department} would read it; "
            f"'helpdesk ticket edit {target.number} --private' comes first; {stepping.NOTHING}"
        )
    return ticket


def _keep_apart(tx: Tx, found: Sequence[Ticket]) -> None:
    """Raises Failed where a merge would bring people together who did not hear of each other until now."""
    peoples = [ties.people(tx, ticket.number) for ticket in found]
    clients = [{ticket.client_id} - {None} for ticket in found]
    keys = [{person.key for person in people} for people in peoples]
    if not merging.brings_together(keys) and not merging.brings_together(clients):
        return
    who = "; ".join(
        f"{ticket.number}: {', '.join(person.shown for person in people) or 'nobody'}"
        for ticket, people in zip(found, peoples, strict=True)
    )
    end = found[-1]
    raise Failed(
        f'these tickets have not the same people ({who}); with --across-clients all of them hear of "{end.subject}" '
        f"and of what is said on {end.number} from now on, by whomever, and of nothing earlier that was not said to "
        f"them; {stepping.NOTHING}"
    )


def _one(tx: Tx, desk: Desk, source: Ticket, number: int, *, tell: bool) -> None:
    """Let one ticket lead to another."""
    at, writer = desk.clock(), _writer(desk)
    target = tickets.load(tx, number)
    assert target is not None
    stage = stages.first(desk.settings, source, CLOSED) or desk.settings.first_stage(CLOSED)
    joining = _joining(ties.people(tx, source.number), ties.people(tx, number), at)
    closed = merging.merged(source, target, stage, writer, at)
    record(tx, desk, replace(closed, silent=not tell, tell=_told(desk, source, target)))
    taken = merging.took_in(target, source, joining, writer, at)
    watching = tickets.watchers(tx, source.number)
    record(tx, desk, replace(taken, watching=watching, silent=True))


def _joining(coming: Sequence[Person], there: Sequence[Person], at: str) -> list[Joining]:
    """Who comes along; what was said until now, in this second too, is not for them."""
    known = {person.key for person in there}
    since = later(at, 1)
    return [
        Joining(address=person.shown, name=person.name, client_id=person.client_id, since=since)
        for person in coming
        if person.key not in known
    ]


def _told(desk: Desk, source: Ticket, target: Ticket) -> tuple[Telling, ...]:
    """Who worked on a ticket hears where it goes on, if that was another's deed."""
    if source.assignee is None or source.assignee in (desk.actor.login, target.assignee):
        return ()
    words = f"{desk.actor.login} merged it into {target.number}, {target.subject}: it goes on there."
    return (Telling(whom=source.assignee, kind="notice", facts={"lines": [words]}, always=True),)


def _warnings(sources: Sequence[Ticket], target: Ticket) -> tuple[str, ...]:
    waiting = [str(one.number) for one in sources if one.unanswered_since is not None]
    if not waiting or target.state not in (CLOSED, WAITING):
        return ()
    is_closed = target.state == CLOSED
    how = f"reopen {target.number}" if is_closed else f"move {target.number} STAGE"
    what = "is closed" if is_closed else "waits for its client"
    return (
        f"ticket {target.number} {what}, and nobody answered what was said last on {', '.join(waiting)}; "
        f"'helpdesk ticket {how}' takes it up again",
    )


def _writer(desk: Desk) -> Author:
    staff = desk.actor.staff
    return merging.author_of(desk.actor.login, staff.name if staff else "", staff.email if staff else "")


# Undone


def undo(desk: Desk, numbers: Sequence[int]) -> None:
    """Let merged tickets be by themselves again, as they were before, all of them or none.

    What was said since then stays where it was said. Raises NotFound, NotAllowed; Failed for one that is not
    merged, and where that into which it is was merged itself since then.
    """

    def undone(tx: Tx) -> None:
        for number in dict.fromkeys(numbers):
            _undo(tx, desk, number)

    desk.engine.transact(undone)


def _undo(tx: Tx, desk: Desk, number: int) -> None:
    at, actor = desk.clock(), desk.actor.login
    ticket = load(tx, desk, number)
    if ticket.merged_into is None:
        raise Failed(f"ticket {number} is merged into no other; {stepping.NOTHING}")
    target = load(tx, desk, ticket.merged_into)
    if target.merged_into is not None:
        raise Failed(
            f"ticket {number} is merged into {target.number}, and that into {target.merged_into}; "
            f"'helpdesk ticket merge --undo {target.number}' comes first; {stepping.NOTHING}"
        )
    own, log = tickets.events(tx, number), tickets.events(tx, target.number)
    stage, state = _before(desk, ticket, own)
    kept = tickets.messages(tx, target.number)
    leaving = _leaving(tx, target.number, number, log)
    record(tx, desk, merging.gave_back(target, ticket, kept, leaving, actor, at))
    record(tx, desk, merging.unmerged(ticket, own, stage, state, actor, at))


def _before(desk: Desk, ticket: Ticket, log: Sequence[Event]) -> tuple[str, str]:
    """The stage in which a ticket was before it was merged, and its state; one like it where there is none now."""
    last = next((event for event in reversed(log) if event.kind == merging.MERGED), None)
    stage = str(last.data.get("was")) if last is not None else ticket.stage
    if stage not in stages.usable(desk.settings, ticket.department):
        stage = stages.back(desk.settings, ticket)
    return stage, desk.settings.stage[stage].state


def _leaving(tx: Tx, target: int, number: int, log: Sequence[Event]) -> list[str]:
    """Who came along with a merged ticket and leaves with it, unless they would be there all the same."""
    last = next(
        (event for event in reversed(log) if event.kind == merging.TOOK_IN and event.data["of"] == number),
        None,
    )
    if last is None:
        return []
    since = later(last.at, 1)
    theirs = {person.key for person in ties.people(tx, number)}
    left = set(ties.family(tx, target)) - {number, *ties.family(tx, number)}
    others = {person.key for other in left for person in ties.people(tx, other)}
    return [
        person.address
        for person in ties.people(tx, target)
        if person.since_at == since and person.key in theirs - others
    ]
