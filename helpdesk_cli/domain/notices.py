"""Who must hear of a change: the letters that its events call for."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import Participant, Staff
from helpdesk_cli.domain.ticket import CLOSED, Change, Event, Message, Telling
from helpdesk_cli.settings import Settings

ACKNOWLEDGEMENT, REPLY, ALERT, PAGER = "acknowledgement", "reply", "alert", "pager"
MOVED, REMINDER, INACTIVE, NOTICE, WEBHOOK = "moved", "reminder", "inactive", "notice", "webhook"

LIMITED = frozenset(
    {ACKNOWLEDGEMENT, REMINDER, INACTIVE, "rule", "rejection", "spoof-warning", "unclear-answer", "bounced"}
)
"""The kinds that count as automatic mail to an address; what staff ask to be told is not among them."""

STEPS = frozenset({"moved", "reopened", "assigned", "escalated"})
"""Events of which a stage says who is told."""


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
    """Who could hear, all of them active.

    ``staff`` are the department's and the ticket's watchers, as far as they may see the ticket;
    ``participants`` begin with the requester; ``named`` are further staff by login, the assignee and the
    manager among them; ``deputies`` stand in for who is away, by that login.
    """

    staff: tuple[Staff, ...] = ()
    participants: tuple[Participant, ...] = ()
    watchers: tuple[Staff, ...] = ()
    named: dict[str, Staff] = {}
    deputies: dict[str, Staff] = {}


def notices(change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters of a change, each person at most once; never to the one who did it."""
    if change.silent:
        return []
    found = [*_of_words(change, audience, settings), *_of_steps(change, audience, settings)]
    for telling in change.tell:
        found += _ordered(telling, change, audience, settings)
    return _once([*found, *_to_deputies(found, audience)])


def _once(found: Iterable[Notice]) -> list[Notice]:
    """One letter a person: the first. A pager, a web hook and a mailbox are not the same person."""
    kept: dict[tuple[str, str], Notice] = {}
    for notice in found:
        apart = notice.kind if notice.kind in (PAGER, WEBHOOK) else ""
        kept.setdefault((fold(notice.address), apart), notice)
    return list(kept.values())


def _of_words(change: Change, audience: Audience, settings: Settings) -> Iterator[Notice]:
    """The letters that carry what was said."""
    if not change.messages:
        return
    kinds = {event.kind for event in change.events}
    message = change.messages[0]
    if "opened" in kinds:
        if change.acknowledge and audience.participants:
            yield _acknowledgement(change, audience.participants[0])
        yield from _alerts(message, audience, "opened")
        if change.page:
            yield from _pages(change, settings)
    elif "replied" in kinds:
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

    Who wrote or is written to in the same change hears of the move by that.
    """
    steps = [event for event in change.events if event.kind in STEPS]
    stage = settings.stage.get(change.ticket.stage)
    if not steps or stage is None or "opened" in {event.kind for event in change.events}:
        return
    step, names = steps[-1], settings.stage
    facts: dict[str, object] = {
        "event": "closed" if step.kind == "moved" and change.ticket.state == CLOSED else step.kind,
        "stage": stage.name,
    }
    before = names.get(str(step.data.get("from")))
    if step.kind in ("moved", "reopened") and before is not None:
        facts["stage_before"] = before.name
    if "staff" in stage.notify:
        for member in _concerned(step, change, audience):
            if member.login != step.actor:
                yield _to_staff(NOTICE, member, {**facts, "by": step.actor, "lines": []})
    is_clients_own = any(event.kind == "replied" for event in change.events)
    if "client" in stage.notify and not is_clients_own:
        for person in audience.participants:
            yield _to_client(MOVED, person, {**facts, "template": stage.template})


def _concerned(step: Event, change: Change, audience: Audience) -> list[Staff]:
    """Whom a step concerns: the assignee, else the department; and who watches."""
    assignee = audience.named.get(change.ticket.assignee or "")
    found = [assignee] if assignee is not None else []
    if not found and step.kind != "assigned":
        found = list(audience.staff)
    return [*found, *audience.watchers]


def _ordered(telling: Telling, change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters that somebody ordered."""
    facts: dict[str, object] = {"lines": [], **telling.facts}
    if telling.whom == "client":
        return [_to_client(telling.kind, person, facts) for person in audience.participants[:1]]
    if telling.whom == "pager":
        return [replace(page, facts={**page.facts, **telling.facts}) for page in _pages(change, settings)]
    if telling.whom == "webhook":
        return [Notice(kind=WEBHOOK, address=telling.to, facts=telling.facts)]
    actor = change.events[-1].actor if change.events else ""
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


def _to_deputies(found: Iterable[Notice], audience: Audience) -> Iterator[Notice]:
    """The same for who stands in for somebody that is away."""
    away = {member.id: audience.deputies.get(member.login) for member in _everybody(audience)}
    for notice in found:
        deputy = away.get(notice.person) if notice.purpose == "s" else None
        if deputy is not None:
            yield replace(notice, address=deputy.email, name=deputy.name, person=deputy.id)


def _everybody(audience: Audience) -> Iterator[Staff]:
    yield from audience.staff
    yield from audience.watchers
    yield from audience.named.values()
