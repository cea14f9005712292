"""Who must hear of a change: the letters that its events call for."""

from msgspec import Struct

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import Participant, Staff
from helpdesk_cli.domain.ticket import Change, Message
from helpdesk_cli.settings import Settings

ACKNOWLEDGEMENT, REPLY, ALERT, PAGER = "acknowledgement", "reply", "alert", "pager"

LIMITED = frozenset({ACKNOWLEDGEMENT, "rejection", "spoof-warning", "unclear-answer", "bounced"})
"""The kinds that count as automatic mail to an address; what staff ask to be told is not among them."""


class Notice(Struct, frozen=True, kw_only=True):
    """A letter that is called for. ``person`` is the participant or staff member behind its token."""

    kind: str
    address: str
    name: str = ""
    person: int = 0
    purpose: str = ""
    message: int = 0  # which of the change's messages it carries, by position
    facts: dict[str, object] = {}


class Audience(Struct, frozen=True, kw_only=True):
    """Who could hear: the department's active staff, and the ticket's participants, the requester first."""

    staff: tuple[Staff, ...] = ()
    participants: tuple[Participant, ...] = ()


def notices(change: Change, audience: Audience, settings: Settings) -> list[Notice]:
    """The letters of a change, each person at most once; never to the one who did it."""
    if change.silent or not change.messages:
        return []
    found: list[Notice] = []
    kinds = {event.kind for event in change.events}
    message = change.messages[0]
    if "opened" in kinds:
        if change.acknowledge and audience.participants:
            found.append(_acknowledgement(change, audience.participants[0]))
        found += _alerts(message, audience, "opened")
        if change.page:
            found += _pages(change, settings)
    elif "replied" in kinds:
        found += _alerts(message, audience, "replied")
    if "answered" in kinds:
        found += _replies(message, audience)
    return found


def _acknowledgement(change: Change, requester: Participant) -> Notice:
    """The letter to a sender; who is not proved may have named himself to write to somebody else by us."""
    return Notice(
        kind=ACKNOWLEDGEMENT,
        address=requester.address,
        name=requester.name if change.repeat_subject else "",
        person=requester.id,
        purpose="c",
        facts={"repeat_subject": change.repeat_subject},
    )


def _alerts(message: Message, audience: Audience, event: str) -> list[Notice]:
    writer = fold(message.author.email)
    return [
        Notice(
            kind=ALERT,
            address=member.email,
            name=member.name,
            person=member.id,
            purpose="s",
            facts={"event": event},
        )
        for member in audience.staff
        if member.login != message.author.staff and fold(member.email) != writer
    ]


def _pages(change: Change, settings: Settings) -> list[Notice]:
    department = settings.department.get(change.ticket.department)
    addresses = [settings.alerts.address] if settings.alerts.enabled else []
    if department is not None and department.pager:
        addresses.append(department.pager)
    return [Notice(kind=PAGER, address=address) for address in dict.fromkeys(addresses) if address]


def _replies(message: Message, audience: Audience) -> list[Notice]:
    writer = fold(message.author.email)
    return [
        Notice(kind=REPLY, address=person.address, name=person.name, person=person.id, purpose="c")
        for person in audience.participants
        if fold(person.address) != writer
    ]
