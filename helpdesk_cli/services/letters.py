"""Letters as rows: put where no limit stops them; and what is said where one does."""

from collections.abc import Iterator, Sequence

from helpdesk_cli.domain import restless
from helpdesk_cli.domain.hearing import Withheld
from helpdesk_cli.domain.mail import Token, fold, person_of
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.notices import (
    ACKNOWLEDGEMENT,
    LIMITED,
    NOTICE,
    PAGER,
    Notice,
)
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.mail.tokens import signed_message_id
from helpdesk_cli.services.audience import owners
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.settings import Limits, Rate
from helpdesk_cli.store import addresses, outbox, pages, tallies, tickets, untold
from helpdesk_cli.store.engine import Later, Tx

RESTLESS = {
    "limit:mails_per_ticket": "So many mails came to it",
    "limit:reopenings_per_ticket": "It was opened again by mail so often",
}
"""Why nothing automatic goes to a ticket's clients where mails go to and fro on it, and what is said of it."""


def put_letter(
    tx: Tx,
    desk: Desk,
    notice: Notice,
    *,
    at: str,
    ticket: int | None = None,
    department: str = "",
    message: int | None = None,
    subject: str = "",
    is_limited: bool = True,
    hold: int = 0,
) -> int | None:
    """Queue one letter, unless a limit stops it; its id. Its Message-ID is minted here, once and for all.

    ``hold``: so many seconds it waits before it may go.
    """
    if notice.kind == PAGER and ticket is not None:
        from helpdesk_cli.services import ringing

        return ringing.put(
            tx, desk, notice, ticket=ticket, department=department, message=message, subject=subject
        )
    why = _held_back(tx, desk, notice, at, ticket) if is_limited else ""
    if why:
        if ticket is not None:
            withheld = Withheld(event=notice.event or notice.kind, whom=notice.address, why=why)
            untold.note(tx, ticket, at, [withheld])
            if why in RESTLESS:
                _tell_restless(tx, desk, ticket, why, at)
        return None
    token = Token(notice.purpose or "c", ticket or 0, notice.person)
    return outbox.put(
        tx,
        outbox.Letter(
            kind=notice.kind,
            ticket=ticket,
            message=message,
            recipient=notice.address,
            recipient_name=notice.name,
            person=notice.person,
            purpose=notice.purpose,
            department=department,
            subject=subject,
            facts=notice.facts,
            event=notice.event or notice.kind,
            event_at=at,
            why=notice.why,
            message_id=signed_message_id(desk.key, token, desk.dice(5), desk.settings.desk.domain),
            next_attempt_at=later(desk.clock(), hold) if hold else desk.clock(),
            created_at=desk.clock(),
        ),
    )


def _restless(tx: Tx, limits: Limits, number: int, at: str) -> str:
    """By which limit mails go to and fro on a ticket as no people write; "" where they do not."""
    came = tickets.came_at(tx, number, restless.since(limits.mails_per_ticket, at))
    if restless.is_restless(came, limits.mails_per_ticket, at):
        return "limit:mails_per_ticket"
    reopened = tickets.reopened_at(tx, number, restless.since(limits.reopenings_per_ticket, at))
    return (
        "limit:reopenings_per_ticket"
        if restless.is_restless(reopened, limits.reopenings_per_ticket, at)
        else ""
    )


def _tell_restless(tx: Tx, desk: Desk, number: int, why: str, at: str) -> None:
    """Tell once a day who has a ticket that nothing automatic goes to its clients for now."""
    key = str(number)
    ticket = tickets.load(tx, number)
    if ticket is None or tallies.count(tx, "restless", key, later(at, -restless.QUIET_SECONDS)):
        return
    tallies.add(tx, "restless", key, at)
    line = f"{RESTLESS[why]} that machines may be writing: nothing automatic goes to its clients for a day."
    tell_owners(tx, desk, ticket, NOTICE, {"lines": [line]}, at, event="restless")


def tell_owners(
    tx: Tx, desk: Desk, ticket: Ticket, kind: str, facts: dict[str, object], at: str, *, event: str = ""
) -> None:
    """Tell who has a ticket: its assignee, else all who answer for it."""
    for member in owners(tx, ticket):
        notice = Notice(
            kind=kind,
            address=member.email,
            name=member.name,
            person=member.id,
            purpose="s",
            facts=facts,
            event=event,
        )
        put_letter(
            tx,
            desk,
            notice,
            at=at,
            ticket=ticket.number,
            department=ticket.department,
            subject=ticket.subject,
        )


def _held_back(tx: Tx, desk: Desk, notice: Notice, at: str, ticket: int | None) -> str:
    """Which limit holds a letter back; "" where it may go, and it is counted. Windows slide by arrival."""
    limits, address = desk.settings.limits, person_of(notice.address)
    asked: list[tuple[str, str, tuple[Rate, ...]]] = []
    if notice.kind == ACKNOWLEDGEMENT:
        asked.append(("acknowledgement", address, limits.acknowledgements_per_address))
        asked.append(("acknowledgements", "", limits.acknowledgements))
    if notice.kind in LIMITED or notice.by_itself:
        week_ago = later(at, -addresses.FORGOTTEN_AFTER_DAYS * 86400)
        if addresses.is_given_up(tx, fold(notice.address), week_ago):
            return "given-up"
        if ticket is not None and notice.kind != ACKNOWLEDGEMENT:
            restless_by = _restless(tx, limits, ticket, at)
            if restless_by:
                return restless_by
        asked.append(("automatic", address, limits.automatic_per_address))
        asked.append(("automatic-domain", address.rpartition("@")[2], limits.automatic_per_domain))
    used_up = next(_used_up(tx, asked, at)(), None)
    if used_up is not None:
        kind, key = used_up
        tallies.add(tx, f"{kind}-withheld", key, at)
        if kind == "acknowledgements":
            _page_once(tx, desk, at, "Too many new tickets: acknowledgements are off for now")
        return f"limit:{kind}"
    for kind, key, _ in asked:
        tallies.add(tx, kind, key, at)
    return ""


def is_over(tx: Tx, kind: str, key: str, rates: tuple[Rate, ...], at: str) -> bool:
    """Whether one of these rates is used up."""
    return over_asked(tx, kind, key, rates, at)()


def over_asked(tx: Tx, kind: str, key: str, rates: tuple[Rate, ...], at: str) -> Later[bool]:
    """The same, read later."""
    found = _used_up(tx, [(kind, key, rates)], at)
    return lambda: next(found(), None) is not None


def _used_up(
    tx: Tx, asked: Sequence[tuple[str, str, tuple[Rate, ...]]], at: str
) -> Later[Iterator[tuple[str, str]]]:
    """Of some kinds and keys those of whose rates one is used up."""
    # Nearly always the longest window alone tells that none is.
    longest = [(kind, key, later(at, -max(rate.seconds for rate in rates))) for kind, key, rates in asked]
    answer = tallies.counts_asked(tx, longest)

    def read() -> Iterator[tuple[str, str]]:
        for most, (kind, key, rates) in zip(answer(), asked, strict=True):
            if most >= min(rate.count for rate in rates):
                found = tallies.counts(tx, [(kind, key, later(at, -rate.seconds)) for rate in rates])
                if any(count >= rate.count for count, rate in zip(found, rates, strict=True)):
                    yield kind, key

    return read


def page_storm(tx: Tx, desk: Desk, at: str) -> None:
    """Page once that a storm is on, unless its tickets page themselves: then a summary counts them."""
    alerts = desk.settings.alerts
    if alerts.enabled and not pages.moments(tx, fold(alerts.address), later(at, -3600)):
        _page_once(tx, desk, at, "A storm of new tickets: nobody is acknowledged, staff hear by the hour")


def _page_once(tx: Tx, desk: Desk, at: str, text: str) -> None:
    """Say something of the whole desk to its pager, at most once an hour."""
    alerts = desk.settings.alerts
    if not alerts.enabled or tallies.count(tx, "storm-page", "", later(at, -3600)):
        return
    tallies.add(tx, "storm-page", "", at)
    notice = Notice(kind=PAGER, address=alerts.address, facts={"text": text})
    put_letter(tx, desk, notice, at=at, subject=text, is_limited=False)
