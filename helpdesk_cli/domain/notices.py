"""Who must hear of a change: the letters that its events call for."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.hearers import (
    ACKNOWLEDGEMENT,
    ALERT,
    DIGEST,
    FORWARD,
    INACTIVE,
    MOVED,
    NOTICE,
    PAGER,
    REMINDER,
    REPLY,
    REQUESTER,
    RULE,
    SURVEY,
    THIRD_PARTY,
    WEBHOOK,
    Audience,
    Notice,
    doers_of,
    everybody,
    role_of,
    to_deputies,
)
from helpdesk_cli.domain.mail import STAFF_PURPOSES, fold
from helpdesk_cli.domain.orders import ordered, pages_of, to_client, to_staff
from helpdesk_cli.domain.people import SYSTEM, Participant, Staff
from helpdesk_cli.domain.ticket import CLOSED, Change, Event
from helpdesk_cli.settings import Settings, Stage

__all__ = [
    "ACKNOWLEDGEMENT",
    "ALERT",
    "DIGEST",
    "FORWARD",
    "HELD",
    "INACTIVE",
    "LIMITED",
    "MOVED",
    "NOTICE",
    "PAGER",
    "REMINDER",
    "REPLY",
    "RULE",
    "STEPS",
    "SURVEY",
    "WEBHOOK",
    "Audience",
    "Notice",
    "Steps",
    "called_for",
    "everybody",
    "is_heard",
    "kinds_of_steps",
    "name_of",
    "notices",
    "once",
    "steps_of",
    "to_deputies",
]

HELD = frozenset({REPLY, FORWARD})
"""The kinds that wait a little where the desk holds answers: what staff write to people outside."""

LIMITED = frozenset(
    {
        *(ACKNOWLEDGEMENT, REMINDER, INACTIVE, SURVEY, RULE),
        *("rejection", "spoof-warning", "unclear-answer", "bounced"),
    }
)
"""The kinds that count as automatic mail to an address; what staff ask to be told is not among them."""

STEPS = ("escalated", "assigned", "handed-over", "moved", "reopened")
"""Of what a stage says who is told: staff hear of the first of these that happened, clients of the last."""


def is_heard(change: Change) -> bool:
    """Whether a change may call for letters, or for a word why there is none; else nobody need be looked up."""
    if change.silent and change.brought is not None:
        return any(telling.always for telling in change.tell)
    return bool(change.messages or change.tell) or any(_step(event) in STEPS for event in change.events)


def notices(change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters of a change, each person at most once; never to the one who did it."""
    found = called_for(change, audience, settings)
    return once([*found, *to_deputies(found, change, audience)])


def called_for(change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """What is to be told, whether anybody wants to hear it or not; somebody may be meant more than once."""
    found = [] if change.silent else [*_of_words(change, audience, settings)]
    for telling in change.tell:
        if telling.always or not change.silent:
            found += ordered(telling, change, audience, settings)
    doers = doers_of(change, audience)
    found = [each for each in found if each.purpose not in STAFF_PURPOSES or fold(each.address) not in doers]
    if not change.silent:
        found += _of_steps(change, audience, settings)
    return found


def once(found: Iterable[Notice]) -> list[Notice]:
    """One letter a person: the first. A pager and a mailbox are not the same person.

    What a rule sends or calls stands beside all other letters.
    """
    kept: dict[tuple[str, ...], Notice] = {}
    for notice in found:
        apart: tuple[str, ...] = (notice.kind,) if notice.kind == PAGER else ()
        if notice.kind in (RULE, WEBHOOK):
            apart = (notice.kind, str(notice.facts.get("rule")), str(notice.facts.get("template")))
        kept.setdefault((fold(notice.address), *apart), notice)
    return list(kept.values())


def _of_words(change: Change, audience: Audience, settings: Settings) -> Iterator[Notice]:
    """The letters that carry what was said."""
    if not change.messages:
        return
    kinds = {event.kind for event in change.events}
    if "opened" in kinds:
        # Where a rule closed it at once, its stage says who is told.
        is_open = change.ticket.state != CLOSED
        if change.acknowledge and is_open and audience.participants:
            yield _acknowledgement(change, audience.participants[0])
        yield from _alerts(change, audience, "opened", audience.staff)
        if change.page and is_open:
            yield from pages_of(change, settings)
    elif kinds & {"replied", "rated"}:
        yield from _alerts(change, audience, "replied", _whose(change, audience))
    if "answered" in kinds:
        yield from _replies(change, audience)
        yield from _to_colleagues(change, audience, "answered")
    elif "noted" in kinds:
        yield from _to_colleagues(change, audience, "noted")
    if "forwarded" in kinds:
        yield from _forwards(next(event for event in change.events if event.kind == "forwarded"))


def _acknowledgement(change: Change, requester: Participant) -> Notice:
    """The letter to a sender; who is not proved may have named himself to write to somebody else by us."""
    return Notice(
        kind=ACKNOWLEDGEMENT,
        address=requester.address,
        name=requester.name if change.repeat_subject else "",
        person=requester.id,
        purpose="c",
        message=0,
        facts={"repeat_subject": change.repeat_subject},
        event="opened",
        why=REQUESTER,
    )


def _alerts(change: Change, audience: Audience, event: str, to: Iterable[Staff]) -> list[Notice]:
    """What those whose ticket it is, and who watches it, hear of its client's words."""
    return [_alert(change, audience, member, event) for member in (*to, *audience.watching)]


def _whose(change: Change, audience: Audience) -> list[Staff]:
    """Whose a ticket is: its assignee's, or, where neither they nor a deputy are there, all theirs who answer
    for it."""
    assignee = audience.named.get(change.ticket.assignee or "")
    return list(audience.staff) if assignee is None or audience.is_unattended else [assignee]


def _to_colleagues(change: Change, audience: Audience, event: str) -> Iterator[Notice]:
    """What others hear of a staff member's words: the assignee and who watches.

    A note is never mailed to who takes part as a client, be it a colleague.
    """
    assignee = audience.named.get(change.ticket.assignee or "")
    clients = {fold(person.address) for person in audience.participants} if event == "noted" else set()
    for member in (*([assignee] if assignee else ()), *audience.watching):
        if fold(member.email) not in clients:
            yield _alert(change, audience, member, event)


def _alert(change: Change, audience: Audience, member: Staff, event: str) -> Notice:
    is_internal = not change.messages[0].is_public
    return Notice(
        kind=ALERT,
        address=member.email,
        name=member.name,
        person=member.id,
        # An answer to what the client does not see must not reach the client: it is a note.
        purpose="n" if is_internal else "s",
        message=0,
        facts={"event": event, "internal": is_internal, **_beside(change)},
        event=event,
        why=role_of(member, change, audience),
    )


def _beside(change: Change) -> dict[str, object]:
    """To whom else a client's mail went, and how they rate."""
    data = change.events[0].data if change.events else {}
    return {name: data[name] for name in ("cc", "rating") if data.get(name)}


def _replies(change: Change, audience: Audience) -> list[Notice]:
    writer = fold(change.messages[0].author.email)
    return [
        replace(to_client(REPLY, person, audience), message=0, event="answered")
        for person in audience.participants
        if fold(person.address) != writer
    ]


def _forwards(event: Event) -> list[Notice]:
    """The letters to third parties; whose token they bear is the message's, which is not written yet."""
    facts = {name: event.data[name] for name in ("messages", "files")}
    addresses = event.data["to"]
    assert isinstance(addresses, list)
    return [
        Notice(
            kind=FORWARD,
            address=address,
            purpose="t",
            message=0,
            facts=facts,
            event="forwarded",
            why=THIRD_PARTY,
        )
        for address in addresses
    ]


class Steps(Struct, frozen=True):
    """Of which step staff hear, and of which clients, None of none."""

    staff: str
    client: str | None


def kinds_of_steps(change: Change, settings: Settings) -> Steps | None:
    """Which steps of a change are to be told, if the stage says so; None where none is.

    Who wrote or is written to in the same change hears of it by that.
    """
    steps = steps_of(change)
    kinds = [kind for kind in STEPS if kind in steps]
    is_new = "opened" in steps and change.ticket.state != CLOSED
    if not kinds or change.ticket.stage not in settings.stage or is_new:
        return None
    # Which department has it, and that nobody has, is ours alone.
    ours = {"handed-over"} if change.ticket.assignee else {"handed-over", "assigned"}
    open_kinds = [kind for kind in kinds if kind not in ours and "replied" not in steps]
    return Steps(kinds[0], open_kinds[-1] if open_kinds else None)


def steps_of(change: Change) -> dict[str, Event]:
    """The events of a change, by their names as steps."""
    steps = {_step(event): event for event in change.events}
    if "handed-over" in steps and change.ticket.assignee is None:
        steps.pop("assigned", None)  # nobody has it, for others shall
    return steps


def _of_steps(change: Change, audience: Audience, settings: Settings) -> Iterator[Notice]:
    """The letters of a move or an assignment, as the stage in which the ticket is now says.

    Who takes over from another level of support hears always.
    """
    steps, found = steps_of(change), kinds_of_steps(change, settings)
    if found is None:
        return
    stage = settings.stage[change.ticket.stage]
    if "staff" in stage.notify or found.staff == "escalated":
        yield from _to_concerned(found.staff, steps[found.staff], change, audience, stage)
    if found.client is not None and "client" in stage.notify:
        yield from _to_participants(found.client, steps[found.client], change, audience, stage)


def _step(event: Event) -> str:
    """An event as one of ``STEPS``, or by its own name."""
    if event.kind == "edited" and event.data.get("field") == "department":
        return "handed-over"
    return event.kind


def name_of(kind: str, change: Change) -> str:
    """What templates call a step."""
    return "closed" if kind == "moved" and change.ticket.state == CLOSED else kind


def _to_concerned(
    kind: str, event: Event, change: Change, audience: Audience, stage: Stage
) -> Iterator[Notice]:
    """What staff hear of a step: the assignee, else the department, or of it the level; and who watches."""
    facts: dict[str, object] = {
        "event": name_of(kind, change),
        "by": _doer(event.actor),
        "stage": stage.name,
        "lines": [f"{why}."] if (why := event.data.get("why")) else [],
    }
    assignee = audience.named.get(change.ticket.assignee or "")
    found = [assignee] if assignee is not None else list(audience.staff)
    if assignee is None and kind == "escalated":
        found = [member for member in found if member.level >= change.ticket.level] or found
    for member in (*found, *audience.watching):
        if event.actor == member.login or fold(event.actor) == fold(member.email):
            continue
        why = role_of(member, change, audience)
        yield replace(to_staff(NOTICE, member, facts), event=name_of(kind, change), why=why)


def _is_machine(actor: str) -> bool:
    """Whether no person did a thing."""
    return actor == SYSTEM or actor.startswith("rule:")


def _doer(actor: str) -> str:
    """Who did a thing, as a sentence begins."""
    name = actor.removeprefix("rule:")
    return f"The rule {name}" if name != actor else "The desk" if actor == SYSTEM else actor


def _to_participants(
    kind: str, event: Event, change: Change, audience: Audience, stage: Stage
) -> Iterator[Notice]:
    """What clients hear of a step."""
    doer = audience.named.get(event.actor)
    own = {fold(event.actor), fold(doer.email) if doer is not None else ""}
    facts: dict[str, object] = {
        "event": name_of(kind, change),
        "stage": stage.name,
        "template": stage.template,
    }
    for person in audience.participants:
        if fold(person.address) not in own:
            found = to_client(MOVED, person, audience, facts)
            yield replace(found, event=name_of(kind, change), by_itself=_is_machine(event.actor))
