"""Who must hear of a change: the letters that its events call for."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import SYSTEM, Participant, Staff
from helpdesk_cli.domain.ticket import CLOSED, Change, Event, Message, Telling
from helpdesk_cli.settings import Settings, Stage

ACKNOWLEDGEMENT, REPLY, ALERT, PAGER = "acknowledgement", "reply", "alert", "pager"
MOVED, REMINDER, INACTIVE, SURVEY = "moved", "reminder", "inactive", "survey"
NOTICE, RULE, WEBHOOK = "notice", "rule", "webhook"

LIMITED = frozenset(
    {
        *(ACKNOWLEDGEMENT, REMINDER, INACTIVE, SURVEY, RULE),
        *("rejection", "spoof-warning", "unclear-answer", "bounced"),
    }
)
"""The kinds that count as automatic mail to an address; what staff ask to be told is not among them."""

STEPS = ("escalated", "assigned", "handed-over", "moved", "reopened")
"""Of what a stage says who is told: staff hear of the first of these that happened, clients of the last."""


class Notice(Struct, frozen=True, kw_only=True):
    """A letter that is called for. ``person`` is the participant or staff member behind its token."""

    kind: str
    address: str
    name: str = ""
    person: int = 0
    purpose: str = ""
    message: int | None = None  # which of the change's messages it carries, by position
    facts: dict[str, object] = {}


class Audience(Struct, frozen=True, kw_only=True):
    """Who could hear, all of them active and allowed to see the ticket.

    ``staff`` are the department's, the assignee and the ticket's watchers; ``participants`` begin with the
    requester; ``named`` are further staff by login, the assignee, the manager and who did it among them;
    ``deputies`` stand in for who is away, by that login.
    """

    staff: tuple[Staff, ...] = ()
    participants: tuple[Participant, ...] = ()
    watchers: tuple[Staff, ...] = ()
    named: dict[str, Staff] = {}
    deputies: dict[str, Staff] = {}


def is_heard(change: Change) -> bool:
    """Whether a change may call for letters at all; else nobody need be looked up."""
    if change.silent:
        return any(telling.always for telling in change.tell)
    return bool(change.messages or change.tell) or any(_step(event) in STEPS for event in change.events)


def notices(change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters of a change, each person at most once; never to the one who did it."""
    found = [] if change.silent else [*_of_words(change, audience, settings)]
    for telling in change.tell:
        if telling.always or not change.silent:
            found += _ordered(telling, change, audience, settings)
    if not change.silent:
        found += _of_steps(change, audience, settings)
    return _once([*found, *_to_deputies(found, change, audience)])


def _once(found: Iterable[Notice]) -> list[Notice]:
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
    message = change.messages[0]
    if "opened" in kinds:
        # Where a rule closed it at once, its stage says who is told.
        is_open = change.ticket.state != CLOSED
        if change.acknowledge and is_open and audience.participants:
            yield _acknowledgement(change, audience.participants[0])
        yield from _alerts(message, audience, "opened")
        if change.page and is_open:
            yield from _pages(change, settings)
    elif kinds & {"replied", "rated"}:
        yield from _alerts(message, audience, "replied")
    if "answered" in kinds:
        yield from _replies(message, audience)


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
    )


def _alerts(message: Message, audience: Audience, event: str) -> list[Notice]:
    writer = fold(message.author.email)
    return [
        replace(_to_staff(ALERT, member, {"event": event}), message=0)
        for member in audience.staff
        if member.login != message.author.staff and fold(member.email) != writer
    ]


def _pages(change: Change, settings: Settings) -> list[Notice]:
    department = settings.department.get(change.ticket.department)
    addresses = [settings.alerts.address] if settings.alerts.enabled else []
    if department is not None and department.pager:
        addresses.append(department.pager)
    message = 0 if change.messages else None
    return [
        Notice(kind=PAGER, address=address, message=message)
        for address in dict.fromkeys(addresses)
        if address
    ]


def _replies(message: Message, audience: Audience) -> list[Notice]:
    writer = fold(message.author.email)
    return [
        replace(_to_client(REPLY, person), message=0)
        for person in audience.participants
        if fold(person.address) != writer
    ]


def _of_steps(change: Change, audience: Audience, settings: Settings) -> Iterator[Notice]:
    """The letters of a move or an assignment, as the stage in which the ticket is now says.

    Who wrote or is written to in the same change hears of it by that. Who takes over from another level of
    support hears always.
    """
    steps = {_step(event): event for event in change.events}
    if "handed-over" in steps and change.ticket.assignee is None:
        steps.pop("assigned", None)  # nobody has it, for others shall
    kinds = [kind for kind in STEPS if kind in steps]
    stage = settings.stage.get(change.ticket.stage)
    if not kinds or stage is None or ("opened" in steps and change.ticket.state != CLOSED):
        return
    if "staff" in stage.notify or "escalated" in kinds:
        yield from _to_concerned(kinds[0], steps[kinds[0]], change, audience, stage)
    # Which department has it, and that nobody has, is ours alone.
    ours = {"handed-over"} if change.ticket.assignee else {"handed-over", "assigned"}
    open_kinds = [kind for kind in kinds if kind not in ours]
    if "client" in stage.notify and "replied" not in steps and open_kinds:
        kind = open_kinds[-1]
        yield from _to_participants(kind, steps[kind], change, audience, stage)


def _step(event: Event) -> str:
    """An event as one of ``STEPS``, or by its own name."""
    if event.kind == "edited" and event.data.get("field") == "department":
        return "handed-over"
    return event.kind


def _name_of(kind: str, change: Change) -> str:
    """What templates call a step."""
    return "closed" if kind == "moved" and change.ticket.state == CLOSED else kind


def _to_concerned(
    kind: str, event: Event, change: Change, audience: Audience, stage: Stage
) -> Iterator[Notice]:
    """What staff hear of a step: the assignee, else the department, or of it the level; and who watches."""
    facts: dict[str, object] = {
        "event": _name_of(kind, change),
        "by": _doer(event.actor),
        "stage": stage.name,
        "lines": [f"{why}."] if (why := event.data.get("why")) else [],
    }
    assignee = audience.named.get(change.ticket.assignee or "")
    found = [assignee] if assignee is not None else list(audience.staff)
    if assignee is None and kind == "escalated":
        found = [member for member in found if member.level >= change.ticket.level] or found
    for member in (*found, *audience.watchers):
        if member.login != event.actor:
            yield _to_staff(NOTICE, member, facts)


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
        "event": _name_of(kind, change),
        "stage": stage.name,
        "template": stage.template,
    }
    for person in audience.participants:
        if fold(person.address) not in own:
            yield _to_client(MOVED, person, facts)


def _ordered(telling: Telling, change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters that somebody ordered."""
    facts: dict[str, object] = {"lines": [], **telling.facts}
    if telling.whom == "client":
        return [_to_client(telling.kind, person, facts) for person in audience.participants[:1]]
    if telling.whom == "pager":
        return [replace(page, facts={**page.facts, **telling.facts}) for page in _pages(change, settings)]
    if telling.whom == "webhook":
        message = 0 if change.messages else None
        return [Notice(kind=WEBHOOK, address=telling.to, facts=telling.facts, message=message)]
    actor = change.events[0].actor if change.events else ""  # rules that answer it stand behind
    department = settings.department.get(change.ticket.department)
    if telling.whom == "manager" and (department is None or department.manager not in audience.named):
        return [Notice(kind=telling.kind, address=address, facts=facts) for address in settings.desk.admin]
    logins = {
        "assignee": change.ticket.assignee or "",
        "manager": department.manager if department else "",
    }
    members: Iterable[Staff]
    if telling.whom == "department":
        members = audience.staff
    elif telling.whom == "watchers":
        members = audience.watchers
    else:
        member = audience.named.get(logins.get(telling.whom, telling.whom))
        members = [member] if member is not None else audience.staff if telling.whom == "assignee" else ()
    return [_to_staff(telling.kind, member, facts) for member in members if member.login != actor]


def _to_staff(kind: str, member: Staff, facts: dict[str, object]) -> Notice:
    return Notice(
        kind=kind, address=member.email, name=member.name, person=member.id, purpose="s", facts=facts
    )


def _to_client(kind: str, person: Participant, facts: dict[str, object] | None = None) -> Notice:
    return Notice(
        kind=kind,
        address=person.address,
        name=person.name,
        person=person.id,
        purpose="c",
        facts=facts or {},
    )


def _to_deputies(found: Iterable[Notice], change: Change, audience: Audience) -> Iterator[Notice]:
    """The same for who stands in for somebody that is away, unless they did it themselves."""
    absent = {member.id: member for member in _everybody(audience) if member.login in audience.deputies}
    doers = {event.actor for event in change.events} | {each.author.staff for each in change.messages}
    writers = {fold(each.author.email) for each in change.messages}
    for notice in found:
        member = absent.get(notice.person) if notice.purpose == "s" else None
        deputy = audience.deputies[member.login] if member is not None else None
        if member is None or deputy is None or deputy.login in doers or fold(deputy.email) in writers:
            continue
        yield replace(
            notice,
            address=deputy.email,
            name=deputy.name,
            person=deputy.id,
            facts={**notice.facts, "instead_of": member.name},
        )


def _everybody(audience: Audience) -> Iterator[Staff]:
    yield from audience.staff
    yield from audience.watchers
    yield from audience.named.values()
