"""``ticket why``: who was told of what happened to a ticket, when and why, and who was not, and why not."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.hearing import CLIENTS, STAFF
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import Participant, Staff
from helpdesk_cli.domain.permissions import may_see
from helpdesk_cli.domain.reasons import Asked, Happened, name_of, of_mail, role, sentence, why_not
from helpdesk_cli.domain.ticket import Event, Message, Ticket
from helpdesk_cli.domain.wishes import KINDS
from helpdesk_cli.errors import NotFound
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.ringing import tickets_of
from helpdesk_cli.services.tickets import load
from helpdesk_cli.store import digests, inbox, members, outbox, pages, people, tickets, untold
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.outbox import Letter

WAITING = "waiting"
"""The state of what waits for a digest, beside the states of letters."""

LONGEST_WAIT = 2 * 3600
"""No page, and no summary, waits longer for further tickets."""


class Told(Struct, frozen=True, kw_only=True):
    """Somebody who heard, or will. ``at`` is when it was sent, or when it is due; ``said`` the server's answer."""

    to: str
    login: str | None
    as_: str
    kind: str
    letter: int | None
    state: str
    at: str | None
    said: str


class NotTold(Struct, frozen=True, kw_only=True):
    """Somebody who did not hear. ``whom`` is an address or a login, ``clients``, ``staff`` or ``nobody``."""

    whom: str
    why: str

    @property
    def text(self) -> str:
        return sentence(self.why)


class News(Struct, kw_only=True):
    """What happened, and who heard of it."""

    at: str
    event: str
    actor: str | None = None
    mail: str = ""
    mark: str = ""
    told: list[Told] = []
    not_told: list[NotTold] = []


class Why(Struct, frozen=True, kw_only=True):
    """The whole answer. ``person`` is whom was asked about."""

    ticket: Ticket
    person: str | None
    news: list[News]


def why(desk: Desk, number: int, person: str | None = None) -> Why:
    """Who heard of what, or what one person heard and why not. Raises NotFound, NotAllowed."""
    with desk.engine.read() as tx:
        ticket = load(tx, desk, number)
        found = _written_down(tx, desk, ticket)
        if person is None:
            return Why(ticket=ticket, person=None, news=[each for each in found if _general(each)])
        asked = _asked(tx, ticket, person, found)
        return Why(ticket=ticket, person=person, news=[_of_person(each, asked, found) for each in found])


def _written_down(tx: Tx, desk: Desk, ticket: Ticket) -> list[News]:
    """What happened, with all that the store says of who heard; oldest first."""
    found: dict[tuple[str, str], News] = {}

    def at(moment: str, event: str) -> News:
        return found.setdefault((moment, event), News(at=moment, event=event))

    mails = _mails(tx, tickets.messages(tx, ticket.number))
    for event in tickets.events(tx, ticket.number):
        news = at(event.at, name_of(event, desk.settings))
        news.actor = news.actor or event.actor
        news.mail, news.mark = mails.get((event.at, _brings(event)), ""), str(event.data.get("mark") or "")
    logins = {fold(one.email): one.login for one in members.all_staff(tx, retired=True)}
    calls = sorted(moment for moment, name in found if name == "paged")
    for letter in reversed(outbox.letters(tx, ticket=ticket.number)):
        moment, name = letter.event_at or letter.created_at, letter.event or letter.kind
        if name == "paged":
            moment = max((call for call in calls if call <= moment), default=moment)
        at(moment, name).told.append(_told(letter, logins))
    for letter in _shared_pages(tx, ticket.number, calls):
        moment = letter.sent_at or letter.next_attempt_at
        at(max((call for call in calls if call <= moment), default=calls[0]), "paged").told.append(
            _told(letter, logins)
        )
    for row in untold.of_ticket(tx, ticket.number):
        moment = (
            max((call for call in calls if call <= row.at), default=row.at)
            if row.event == "paged"
            else row.at
        )
        at(moment, row.event).not_told.append(NotTold(whom=row.whom, why=row.why))
    for kept in digests.of_ticket(tx, ticket.number):
        _digested(tx, at(kept.at, kept.event), kept)
    return sorted(found.values(), key=lambda each: each.at)


def _shared_pages(tx: Tx, number: int, calls: Sequence[str]) -> list[Letter]:
    """The pages of other tickets, and the summaries, by which somebody was called to this one; oldest first."""
    if not calls:
        return []
    found = [outbox.load(tx, each) for each in pages.naming(tx, number, later(calls[0], -LONGEST_WAIT))]
    return [letter for letter in found if letter is not None and number in tickets_of(letter)]


def _brings(event: Event) -> bool:
    """Whether an event tells of words."""
    return event.kind in ("opened", "replied", "answered", "noted", "archived", "auto-replied", "reported")


def _mails(tx: Tx, messages: Iterable[Message]) -> dict[tuple[str, bool], str]:
    """What became of the mails behind a ticket's messages, by the messages' moments."""
    found = {}
    for message in messages:
        entry = inbox.entry(tx, message.inbox_id) if message.inbox_id is not None else None
        if entry is not None:
            found[message.at, True] = entry.outcome
    return found


def _told(letter: Letter, logins: dict[str, str]) -> Told:
    to_staff = letter.purpose != "c"
    waits = letter.state in ("queued", "deferred")
    return Told(
        to=letter.recipient,
        login=logins.get(fold(letter.recipient)) if to_staff else None,
        as_=role(letter.why),
        kind=letter.kind,
        letter=letter.id,
        state=letter.state,
        at=letter.next_attempt_at if waits else letter.sent_at,
        said=letter.error or letter.said,
    )


def _digested(tx: Tx, news: News, kept: digests.News) -> None:
    """Something that somebody wanted to hear by the hour or by the day."""
    member = members.staff_by_id(tx, kept.staff)
    if member is None:
        return
    if kept.dropped:
        news.not_told.append(NotTold(whom=member.email, why=kept.dropped))
        return
    letter = outbox.load(tx, kept.letter) if kept.letter is not None else None
    of_letter = _told(letter, {}) if letter is not None else None
    news.told.append(
        Told(
            to=member.email,
            login=member.login,
            as_=role(kept.why),
            kind=f"{kept.wish} digest",
            letter=kept.letter,
            state=of_letter.state if of_letter else WAITING,
            at=of_letter.at if of_letter else kept.due_at,
            said=of_letter.said if of_letter else "",
        )
    )


def _general(news: News) -> bool:
    """Whether an event is one of which anybody is told; where nobody was, it says why."""
    if news.told or news.not_told:
        return True
    if news.event not in KINDS:
        return False
    happened = Happened(event=news.event, actor=news.actor or "", at=news.at, mail=news.mail, mark=news.mark)
    news.not_told.append(NotTold(whom="nobody", why=of_mail(happened) or "nobody"))
    return True


# One person


class Person(Struct, frozen=True, kw_only=True):
    """Whom is asked about."""

    asked: Asked
    word: str  # what they are called where nothing better is known
    is_client: bool
    is_staff: bool


def _asked(tx: Tx, ticket: Ticket, word: str, found: Sequence[News]) -> Person:
    """Somebody by their login, or by any of their addresses. Raises NotFound."""
    member = members.staff_by_login(tx, word) or members.staff_by_address(tx, word)
    client = people.client_by_address(tx, word)
    addresses = {fold(word), *(client.addresses if client else ())}
    if member is not None:
        addresses.add(fold(member.email))
    part = _part(tickets.participants(tx, ticket.number), addresses)
    known = {fold(each.to) for news in found for each in news.told} | {
        fold(each.whom) for news in found for each in news.not_told
    }
    if member is None and client is None and part is None and fold(word) not in known:
        raise NotFound(
            f"{word}: no staff member, no client, and nobody to whom ticket {ticket.number} was told"
        )
    own = {member.login, fold(member.pager or member.email)} if member is not None else set()
    return Person(
        asked=Asked(
            names=frozenset(addresses | own),
            is_staff=member is not None and part is None,
            sees=member is not None and may_see(member.actor, ticket),
            is_retired=member is not None and member.retired_at is not None,
            is_concerned=member is not None and _is_concerned(tx, ticket, member),
            since_at=part.since_at if part else None,
        ),
        word=member.email if member else word,
        is_client=part is not None,
        is_staff=member is not None,
    )


def _is_concerned(tx: Tx, ticket: Ticket, member: Staff) -> bool:
    """Whether somebody hears, as things are, of what becomes of a ticket."""
    is_nobodys = ticket.assignee is None and ticket.department in member.departments
    watches = member.login in tickets.watchers(tx, ticket.number) or bool(member.every_ticket)
    return is_nobodys or watches or member.login == ticket.assignee


def _part(participants: Iterable[Participant], addresses: set[str]) -> Participant | None:
    return next((one for one in participants if fold(one.address) in addresses), None)


def _of_person(news: News, person: Person, found: Sequence[News]) -> News:
    """What one person heard of an event, or why not."""
    asked = person.asked
    told = [each for each in news.told if fold(each.to) in asked.names]
    not_told = [each for each in news.not_told if fold(each.whom) in asked.names]
    if not told and not not_told:
        not_told = list(_reasons(news, person, found))
    return News(at=news.at, event=news.event, actor=news.actor, told=told, not_told=not_told)


def _reasons(news: News, person: Person, found: Sequence[News]) -> Iterator[NotTold]:
    """Why somebody of whom nothing is written down did not hear: by what holds for many, else worked out."""
    asked = person.asked
    beside = [
        each.event
        for each in found
        if each.at == news.at and each is not news and any(fold(one.to) in asked.names for one in each.told)
    ]
    happened = Happened(
        event=news.event,
        actor=news.actor or "",
        at=news.at,
        mail=news.mail,
        mark=news.mark,
        beside=beside,
    )
    groups = {CLIENTS: person.is_client, STAFF: person.is_staff}
    of_many = [each.why for each in news.not_told if groups.get(each.whom)]
    happened = replace(happened, of_many=of_many[0] if of_many else "")
    yield NotTold(whom=person.word, why=why_not(person.asked, happened))
