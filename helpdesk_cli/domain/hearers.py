"""Who could hear of a change, what each of them is to its ticket, and who stands in for whom."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import STAFF_PURPOSES, fold
from helpdesk_cli.domain.people import Participant, Staff
from helpdesk_cli.domain.ticket import Change

REQUESTER, PARTICIPANT, ASSIGNEE, WATCHER = "requester", "participant", "assignee", "watcher"
THIRD_PARTY = "third party"
DEPARTMENT, MANAGER, EVERY, NAMED, DESK_ADMIN = (
    "department",
    "manager",
    "admin of every ticket",
    "named",
    "the desk's admin",
)
"""What the reader of a letter is to its ticket."""

ACKNOWLEDGEMENT, REPLY, ALERT, PAGER = "acknowledgement", "reply", "alert", "pager"
MOVED, REMINDER, INACTIVE, SURVEY = "moved", "reminder", "inactive", "survey"
NOTICE, RULE, WEBHOOK, FORWARD, DIGEST = "notice", "rule", "webhook", "forward", "digest"
"""The kinds of letters."""


class Notice(Struct, frozen=True, kw_only=True):
    """A letter that is called for. ``person`` is the participant or staff member behind its token.

    ``event`` is what it tells of, ``why`` what its reader is to the ticket.
    """

    kind: str
    address: str
    name: str = ""
    person: int = 0
    purpose: str = ""
    message: int | None = None  # which of the change's messages it carries, by position
    facts: dict[str, object] = {}
    event: str = ""
    why: str = ""
    by_itself: bool = False  # no person did what it tells of, so that it counts as automatic mail


class Audience(Struct, frozen=True, kw_only=True):
    """Who could hear, all of them active and allowed to see the ticket.

    ``staff`` are the department's, the assignee and the ticket's watchers; ``every`` are the admins who want
    to hear of every ticket; ``participants`` begin with the requester; ``named`` are further staff by login, the
    assignee, the manager and who did it among them; ``deputies`` stand in for who is away, by that login;
    ``is_unattended``: no assignee is there, nor somebody who stands in.
    """

    staff: tuple[Staff, ...] = ()
    participants: tuple[Participant, ...] = ()
    watchers: tuple[Staff, ...] = ()
    every: tuple[Staff, ...] = ()
    named: dict[str, Staff] = {}
    deputies: dict[str, Staff] = {}
    is_unattended: bool = False

    @property
    def watching(self) -> tuple[Staff, ...]:
        """Who watches the ticket, or all tickets."""
        return (*self.watchers, *self.every)


def doers_of(change: Change, audience: Audience) -> set[str]:
    """The folded addresses of who did and said what a change is made of."""
    names = {event.actor for event in change.events} | {each.author.staff for each in change.messages}
    known = {fold(member.email) for member in everybody(audience) if member.login in names}
    return (
        known | {fold(each.author.email) for each in change.messages} | {fold(each or "") for each in names}
    )


def role_of(member: Staff, change: Change, audience: Audience) -> str:
    """What a staff member is to a ticket: the first of several."""
    if member.login == change.ticket.assignee:
        return ASSIGNEE
    if member in audience.watchers:
        return WATCHER
    return EVERY if member in audience.every and member not in audience.staff else DEPARTMENT


def everybody(audience: Audience) -> Iterator[Staff]:
    """All staff whom an audience names; some more than once."""
    yield from audience.staff
    yield from audience.watching
    yield from audience.named.values()
    yield from audience.deputies.values()


def to_deputies(found: Iterable[Notice], change: Change, audience: Audience) -> Iterator[Notice]:
    """The same for who stands in for somebody that is away, unless they did it themselves."""
    if not audience.deputies:
        return
    absent = {member.id: member for member in everybody(audience) if member.login in audience.deputies}
    doers = doers_of(change, audience)
    clients = {fold(person.address) for person in audience.participants}
    for notice in found:
        member = absent.get(notice.person) if notice.purpose in STAFF_PURPOSES else None
        deputy = audience.deputies[member.login] if member is not None else None
        if member is None or deputy is None or fold(deputy.email) in doers:
            continue
        if notice.purpose == "n" and fold(deputy.email) in clients:
            continue
        yield replace(
            notice,
            address=deputy.email,
            name=deputy.name,
            person=deputy.id,
            facts={**notice.facts, "instead_of": member.name},
            why=f"deputy of {member.login}",
        )
