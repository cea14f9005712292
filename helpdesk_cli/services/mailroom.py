"""The inbox and the outbox as people handle them: look, release, retry, drop, explain."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from helpdesk_cli.domain.mail import Inbound, Outcome
from helpdesk_cli.domain.mail import Mailbox as Address
from helpdesk_cli.domain.notices import DIGEST, WEBHOOK
from helpdesk_cli.domain.permissions import may_see, may_see_letter, may_see_mail, sees_all
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.line import MailboxReport, mailbox_of, settle_again
from helpdesk_cli.services.reading import make_ready
from helpdesk_cli.services.settling import Release, settle
from helpdesk_cli.store import blobs, inbox, outbox, people, tickets
from helpdesk_cli.store.engine import Tx
from helpdesk_cli.store.inbox import Entry, Kept
from helpdesk_cli.store.outbox import Letter

__all__ = [
    "Entry",
    "Letter",
    "drop",
    "drop_letters",
    "entries",
    "entry",
    "letter",
    "letter_raw",
    "letter_read",
    "letters",
    "raw",
    "read_again",
    "release",
    "retry",
    "retry_letters",
]

Mail = TypeVar("Mail", Entry, Letter)

PAGE = 500
"""So many rows are read at a time where some of them are not for the actor."""

ON_A_TICKET = ("opened", "replied", "archived", "command")
"""Outcomes that cannot be undone from the inbox."""

NOTED_ON_A_TICKET = (Outcome.AUTO_REPLY, Outcome.IGNORED, Outcome.BOUNCE)
"""Neither can these, where they name a ticket."""


def entries(
    desk: Desk,
    *,
    outcome: str | None = None,
    mailbox: str | None = None,
    everything: bool = False,
    since: str | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """The inbox as a list, newest first; unless asked otherwise what needs a person. Raises Usage."""
    if outcome is not None and outcome not in set(Outcome):
        raise Usage(f"--outcome {outcome}: must be one of {', '.join(Outcome)}")
    wanted = (outcome,) if outcome else (() if everything else inbox.NEEDS_A_PERSON)
    with desk.engine.read() as tx:

        def older(below: int | None, count: int | None) -> list[Entry]:
            return inbox.entries(tx, outcomes=wanted, mailbox=mailbox, since=since, limit=count, below=below)

        return _visible(tx, desk, older, _is_another_departments, limit)


def _visible(
    tx: Tx,
    desk: Desk,
    older: Callable[[int | None, int | None], list[Mail]],
    is_closed: Callable[[Desk, Mail], bool],
    limit: int | None,
) -> list[Mail]:
    """Those of a list that the actor may see, so many of them as are asked for.

    ``older`` reads rows below an id; ``is_closed`` says of a row on no ticket whether it is others' alone.
    """
    count = limit if sees_all(desk.actor) else PAGE
    found: list[Mail] = []
    below = None
    while True:
        page = older(below, count)
        hidden = _hidden(tx, desk, [one.ticket for one in page])
        found += [one for one in page if one.ticket not in hidden and not is_closed(desk, one)]
        if count is None or len(page) < count or (limit is not None and len(found) >= limit):
            return found[:limit]
        below = page[-1].id


def _hidden(tx: Tx, desk: Desk, numbers: Iterable[int | None]) -> set[int | None]:
    """Those of these tickets that the actor may not see; mail on them is as private as they are."""
    if sees_all(desk.actor):
        return set()
    found = {number: tickets.load(tx, number) for number in set(numbers) if number is not None}
    return {number for number, ticket in found.items() if ticket and not may_see(desk.actor, ticket)}


def _seen(tx: Tx, desk: Desk, what: str, ticket: int | None) -> None:
    """Raises NotAllowed where a mail is on a ticket that the actor may not see."""
    if _hidden(tx, desk, [ticket]):
        raise NotAllowed(f"{what} is on ticket {ticket}, which {desk.actor.login} may not see")


def entry(desk: Desk, item: int) -> Entry:
    """One message of the inbox. Raises NotFound, NotAllowed."""
    with desk.engine.read() as tx:
        return _entry(tx, desk, item)


def _entry(tx: Tx, desk: Desk, item: int) -> Entry:
    found = inbox.entry(tx, item)
    if found is None:
        raise NotFound(f"{item}: no such message; 'helpdesk inbox list --all' shows them")
    _seen(tx, desk, f"message {item}", found.ticket)
    if _is_another_departments(desk, found):
        department = _department(desk, found)
        raise NotAllowed(
            f"message {item} came for {department}, and {desk.actor.login} does not belong to it"
        )
    return found


def _is_another_departments(desk: Desk, entry: Entry) -> bool:
    """Whether a message on no ticket came for a department that is not the actor's."""
    return entry.ticket is None and not may_see_mail(desk.actor, _department(desk, entry))


def _department(desk: Desk, entry: Entry) -> str:
    """For which department a message came: its recipients say so, else its mailbox."""
    return entry.department or mailbox_of(desk, entry.mailbox).department


def raw(desk: Desk, item: int) -> bytes:
    """The bytes of a message as they came."""
    entry(desk, item)
    with desk.engine.read() as tx:
        kept = inbox.load(tx, item)
        data = blobs.load(tx, kept.sha256) if kept else None
    if data is None:
        raise Failed(f"{item}: its bytes are not in the store; run 'helpdesk doctor'")
    return data


def read_again(data: bytes) -> Inbound | None:
    """A mail's bytes as people read them; None where they defeat the parser."""
    from helpdesk_cli.mail.guard import ParseDefeated, parse_guarded

    try:
        return parse_guarded(data)
    except ParseDefeated:
        return None


def _kept(desk: Desk, item: int) -> Kept:
    with desk.engine.read() as tx:
        kept = inbox.load(tx, item)
    if kept is None:
        raise NotFound(f"{item}: no such message; 'helpdesk inbox list --all' shows them")
    return kept


def release(desk: Desk, item: int, *, client: str | None = None, department: str | None = None) -> Entry:
    """Let a message in that was held, rejected, ignored or taken for spam: a person vouches for it.

    ``client`` gives a sender to a mail without one. Raises Failed where it is on a ticket already, or
    something is still missing, NotFound.
    """
    from helpdesk_cli.services.slugs import slug_of

    settled = (*ON_A_TICKET, Outcome.DUPLICATE)
    _refuse(entry(desk, item), settled)
    slug = slug_of("department", desk.settings.department, department) or ""
    kept = _kept(desk, item)
    ready = make_ready(desk, kept, raw(desk, item), mailbox_of(desk, kept.mailbox))
    if client is not None:
        with desk.engine.read() as tx:
            known = people.client_by_address(tx, client)
        sender = Address(client, known.name if known else "")
        ready = replace(ready, inbound=replace(ready.inbound, sender=sender))
    if ready.inbound.sender is None:
        raise Failed(f"message {item} has no sender; name the client with --client ADDRESS")

    def let_in(tx: Tx) -> None:
        _refuse(_entry(tx, desk, item), settled)  # somebody else may have been quicker
        inbox.reopen(tx, item)
        outcome = settle(tx, desk, ready, mailbox_of(desk, kept.mailbox), Release(department=slug))
        if outcome is Outcome.HELD:
            after = inbox.entry(tx, item)
            why = f" ({after.reason})" if after else ""
            raise Failed(
                f"message {item} would be held again{why}: name a --department or a --client where one is missing"
            )

    desk.engine.transact(let_in)
    if desk.settings.log.to != "none":
        from helpdesk_cli.services import trail

        trail.took(desk, {item: trail.received(ready.inbound)})
    return _settled(desk, item)


def _settled(desk: Desk, item: int) -> Entry:
    """A message that the actor dealt with: they are told what became of it, though its ticket may be another's now."""
    with desk.engine.read() as tx:
        found = inbox.entry(tx, item)
    assert found is not None
    return found


def _refuse(found: Entry, settled: Sequence[str]) -> None:
    """Raises Failed where a message is on a ticket, or has one of these outcomes."""
    if found.outcome in settled:
        raise Failed(
            f"message {found.id} is {found.outcome} already (ticket {found.ticket}); nothing was changed"
        )
    if found.ticket is not None and found.outcome in NOTED_ON_A_TICKET:
        raise Failed(
            f"message {found.id} is a note on ticket {found.ticket} already; "
            f"'helpdesk ticket show {found.ticket}'"
        )


def retry(desk: Desk, item: int) -> Entry:
    """Read and decide a message once more, by today's rules: failed, held, rejected, spam, ignored ones.

    Raises Failed where it is on a ticket already, NotFound.
    """

    def reopened(tx: Tx) -> Entry:
        found = _entry(tx, desk, item)
        _refuse(found, ON_A_TICKET)
        inbox.reopen(tx, item)
        return found

    found = desk.engine.transact(reopened)
    settle_again(desk, _kept(desk, item), MailboxReport(name=found.mailbox))
    return _settled(desk, item)


def drop(desk: Desk, items: Sequence[int]) -> None:
    """Put messages aside as dealt with; their bytes stay."""

    def put_aside(tx: Tx) -> None:
        for item in items:
            found = _entry(tx, desk, item)
            if found.outcome in ON_A_TICKET:
                raise Failed(f"message {item} is on ticket {found.ticket}; nothing was changed")
            inbox.settle(
                tx, item, outcome="dropped", reason=f"by {desk.actor.login}", settled_at=desk.clock()
            )

    desk.engine.transact(put_aside)


def letters(
    desk: Desk,
    *,
    state: str | None = None,
    everything: bool = False,
    since: str | None = None,
    ticket: int | None = None,
    limit: int | None = None,
) -> list[Letter]:
    """The outbox as a list, newest first; unless asked otherwise what is not sent."""
    known = (*outbox.NOT_SENT, "sent", "dropped")
    if state is not None and state not in known:
        raise Usage(f"--state {state}: must be one of {', '.join(known)}")
    states = (state,) if state else (() if everything else outbox.NOT_SENT)
    with desk.engine.read() as tx:

        def older(below: int | None, count: int | None) -> list[Letter]:
            return outbox.letters(tx, states=states, ticket=ticket, since=since, limit=count, below=below)

        return _visible(tx, desk, older, _is_anothers, limit)


def _is_anothers(desk: Desk, letter: Letter) -> bool:
    """Whether a letter on no ticket is somebody else's, a digest or another department's."""
    return letter.ticket is None and not may_see_letter(
        desk.actor, letter.person, letter.department, is_digest=letter.kind == DIGEST
    )


def letter(desk: Desk, number: int) -> Letter:
    """One letter. Raises NotFound, NotAllowed."""
    with desk.engine.read() as tx:
        return _letter(tx, desk, number)


def _letter(tx: Tx, desk: Desk, number: int) -> Letter:
    found = outbox.load(tx, number)
    if found is None:
        raise NotFound(f"{number}: no such letter; 'helpdesk outbox list --all' shows them")
    _seen(tx, desk, f"letter {number}", found.ticket)
    if _is_anothers(desk, found):
        if found.kind == DIGEST:
            raise NotAllowed(f"letter {number} is a digest of {found.recipient}: only they and admins see it")
        raise NotAllowed(
            f"letter {number} is on no ticket, and neither to {desk.actor.login} nor their department's"
        )
    return found


def letter_raw(desk: Desk, number: int) -> bytes:
    """A letter's bytes as they would be handed over now; of a web hook's call its body."""
    from helpdesk_cli.services.ways import written

    return written(desk, letter(desk, number)).raw


def letter_read(desk: Desk, number: int) -> Inbound | None:
    """A letter as its reader sees it; None where it cannot be read. Raises as ``letter_raw`` does."""
    raw = letter_raw(desk, number)
    if letter(desk, number).kind == WEBHOOK:
        return Inbound(text=raw.decode())
    return read_again(raw)


def retry_letters(desk: Desk, numbers: Sequence[int]) -> list[Letter]:
    """Let letters go at the next notify, whatever came of them so far.

    Raises NotFound, Failed for one that is sent or being sent.
    """
    return _restate(desk, numbers, "queued")


def drop_letters(desk: Desk, numbers: Sequence[int]) -> list[Letter]:
    """Never send letters; they stay listed. Raises NotFound, Failed as ``retry_letters``."""
    return _restate(desk, numbers, "dropped")


def _restate(desk: Desk, numbers: Sequence[int], state: str) -> list[Letter]:
    """Put letters into a state, all of them or none."""
    error = "" if state == "queued" else f"dropped by {desk.actor.login}"

    def restated(tx: Tx) -> list[Letter]:
        for number in numbers:
            _letter(tx, desk, number)
            if not outbox.decide(tx, number, state, desk.clock(), error):
                raise Failed(f"letter {number} is {_letter(tx, desk, number).state}; nothing was changed")
        return [_letter(tx, desk, number) for number in numbers]

    return desk.engine.transact(restated)
