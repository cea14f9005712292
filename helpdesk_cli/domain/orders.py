"""The letters that a rule or a service level orders, and how a letter to one of them is begun."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from helpdesk_cli.domain import wishes
from helpdesk_cli.domain.hearers import (
    ASSIGNEE,
    DEPARTMENT,
    DESK_ADMIN,
    EVERY,
    MANAGER,
    NAMED,
    NOTICE,
    PAGER,
    PARTICIPANT,
    REQUESTER,
    WATCHER,
    WEBHOOK,
    Audience,
    Notice,
)
from helpdesk_cli.domain.people import Participant, Staff
from helpdesk_cli.domain.ticket import Change, Telling
from helpdesk_cli.settings import Department, Settings


def ordered(telling: Telling, change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters that somebody ordered."""
    event, by = _order_of(telling, change)
    found = [*_to_whom(telling, change, audience, settings)]
    return [replace(each, event=event, why=", ".join(filter(None, (each.why, by)))) for each in found]


def _order_of(telling: Telling, change: Change) -> tuple[str, str]:
    """What an order tells of, and by whose order."""
    event = str(telling.facts.get("event") or "")
    rule = str(telling.facts.get("rule") or "") or next(
        (each.actor.removeprefix("rule:") for each in reversed(change.events) if each.actor[:5] == "rule:"),
        "",
    )
    if event in wishes.URGENT:
        return event, "by the service level"
    if telling.kind in (NOTICE, PAGER, WEBHOOK):
        return wishes.RULE, f"by rule {rule}" if rule else ""
    return telling.kind, f"by rule {rule}" if rule else ""


def _to_whom(telling: Telling, change: Change, audience: Audience, settings: Settings) -> Iterable[Notice]:
    facts: dict[str, object] = {"lines": [], **telling.facts}
    if telling.whom == "client":
        return [to_client(telling.kind, person, audience, facts) for person in audience.participants[:1]]
    if telling.whom == "pager":
        return [replace(page, facts={**page.facts, **telling.facts}) for page in pages_of(change, settings)]
    if telling.whom == "webhook":
        message = 0 if change.messages else None
        return [Notice(kind=WEBHOOK, address=telling.to, facts=telling.facts, message=message, why=WEBHOOK)]
    department = settings.department.get(change.ticket.department)
    if telling.whom == MANAGER and (department is None or department.manager not in audience.named):
        return [
            Notice(kind=telling.kind, address=address, facts=facts, why=DESK_ADMIN)
            for address in settings.desk.admin
        ]
    return [
        replace(to_staff(telling.kind, member, facts), why=why)
        for member, why in _meant(telling.whom, change, audience, department)
    ]


def _meant(
    whom: str, change: Change, audience: Audience, department: Department | None
) -> Iterator[tuple[Staff, str]]:
    """The staff whom an order means, and as what."""
    logins = {ASSIGNEE: change.ticket.assignee or "", MANAGER: department.manager if department else ""}
    if whom == "watchers":
        yield from ((member, WATCHER) for member in audience.watchers)
        yield from ((member, EVERY) for member in audience.every)
        return
    member = audience.named.get(logins.get(whom, whom))
    if whom != DEPARTMENT and member is not None:
        yield member, whom if whom in logins else NAMED
    elif whom in (DEPARTMENT, ASSIGNEE):
        yield from ((each, DEPARTMENT) for each in audience.staff)


def to_staff(kind: str, member: Staff, facts: dict[str, object]) -> Notice:
    return Notice(
        kind=kind, address=member.email, name=member.name, person=member.id, purpose="s", facts=facts
    )


def to_client(
    kind: str, person: Participant, audience: Audience, facts: dict[str, object] | None = None
) -> Notice:
    return Notice(
        kind=kind,
        address=person.address,
        name=person.name,
        person=person.id,
        purpose="c",
        facts=facts or {},
        why=REQUESTER if person is audience.participants[0] else PARTICIPANT,
    )


def pages_of(change: Change, settings: Settings) -> list[Notice]:
    department = settings.department.get(change.ticket.department)
    if change.ticket.is_private:
        return []  # whoever reads these pagers may not see it
    addresses = [settings.alerts.address] if settings.alerts.enabled else []
    if department is not None and department.pager:
        addresses.append(department.pager)
    message = 0 if change.messages else None
    return [
        Notice(kind=PAGER, address=address, message=message, event="opened", why=PAGER)
        for address in dict.fromkeys(addresses)
        if address
    ]
