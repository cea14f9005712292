"""The board: tickets by their stages, the most urgent first. Reads only."""

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import CLOSED
from helpdesk_cli.domain.urgency import Crowd, Ladder, crowd_of, ladders
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.services.views import seer_of
from helpdesk_cli.store import glance, lists
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.glance import Card

__all__ = ["MANY_CLOSED", "Card", "Pile", "board", "crowd_now", "ladders_now"]

LATEST = 3
"""So many tickets a closed stage shows."""

MANY_CLOSED = 1000
"""Nobody counts further in a closed stage."""


class Pile(Struct, frozen=True, kw_only=True):
    """A column of the board: a stage, how many tickets are in it, and the first of them."""

    stage: str
    name: str
    state: str
    count: int  # of a closed stage at most ``MANY_CLOSED``, which stands for more
    cards: list[Card]


def board(
    desk: Desk, *, department: str | None = None, mine: bool = False, limit: int | None = None
) -> list[Pile]:
    """The stages in the file's order, each with its most urgent tickets; closed ones with their latest few.

    ``limit`` is how many a stage shows. Raises Usage.
    """
    settings = desk.settings
    wanted = lists.Wanted(
        department=slug_of("department", settings.department, department),
        assignee=desk.actor.login if mine else None,
        seer=seer_of(desk.actor),
    )
    with desk.engine.read() as tx:
        where, binds = lists.conditions(tx, wanted)
        counts = {(stage, state): count for stage, state, count in glance.stages(tx, where, binds)}
        columns: list[tuple[str, str, str]] = [
            (slug, stage.name, stage.state) for slug, stage in settings.stage.items()
        ]
        # A ticket may be in a stage that the file does not name any more, or says another state of.
        known = {(slug, state) for slug, _, state in columns}
        columns += [(stage, stage, state) for stage, state in counts if (stage, state) not in known]
        rungs = ladders_now(tx, desk)
        piles = []
        for slug, name, state in columns:
            if state == CLOSED:
                count = glance.count_closed(tx, where, binds, slug, MANY_CLOSED)
                cards = glance.latest_closed(tx, where, binds, slug, min(LATEST, limit or LATEST))
            else:
                count = counts.get((slug, state), 0)
                cards = _most_urgent(tx, wanted, slug, state, rungs, limit) if count else []
            if count or _is_used(desk, slug, wanted.department):
                piles.append(Pile(stage=slug, name=name, state=state, count=count, cards=cards))
    return piles


def _is_used(desk: Desk, stage: str, department: str | None) -> bool:
    """Whether a department may use a stage; None is any of them."""
    users = desk.settings.stage[stage].departments if stage in desk.settings.stage else ()
    return department is None or not users or department in users


def _most_urgent(
    tx: Tx, wanted: lists.Wanted, stage: str, state: str, rungs: tuple[Ladder, ...], limit: int | None
) -> list[Card]:
    where, binds = lists.conditions(tx, replace(wanted, stage=stage, states=(state,)))
    return glance.urgent(tx, where, binds, rungs, limit=limit)


def crowd_now(tx: Tx) -> Crowd:
    """Since when clients wait for an answer, on the whole desk."""
    return crowd_of(glance.waits(tx))


def ladders_now(tx: Tx, desk: Desk) -> tuple[Ladder, ...]:
    """What makes a ticket urgent at this moment."""
    return ladders(desk.clock(), list(desk.settings.priority), crowd_now(tx))
