"""Rules that answer what happens to a ticket, as a part of the same change.

They run once, in the order of the file; what one does is seen by those behind it, and never by those before:
so nothing goes round.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from helpdesk_cli.domain.people import Client
from helpdesk_cli.domain.rule_words import not_held
from helpdesk_cli.domain.rules import Condition, Mail, Rule, Seen, failing, read
from helpdesk_cli.domain.ticket import CLOSED, Change, Event
from helpdesk_cli.errors import BadConfig, Busy, Unreachable
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.effects import APPLIED, FAILED, carried_out, failed
from helpdesk_cli.services.expressions import Search
from helpdesk_cli.settings import Settings
from helpdesk_cli.store import people, tickets
from helpdesk_cli.store.engine import Again, Tx


class Trial(Struct, kw_only=True):
    """What a walk through the rules shows to who tries them: by rule, which condition did not hold and why.

    ``client`` stands for one who would be made for a mail.
    """

    client: Client | None = None
    not_held: dict[str, str] = {}


def answered(tx: Tx, desk: Desk, change: Change, since: int = 0, trial: Trial | None = None) -> Change:
    """The same change, and what the rules make of its events from that position on.

    A rule that cannot do what it should leaves the change as it was, and a line in the log.
    """
    if is_of_the_past(change):
        return change
    rules = rules_of(tx, desk.settings)
    done = {event.actor for event in change.events if event.kind in (APPLIED, FAILED)}
    sight = Sight(tx, desk, change, trial)
    for rule in rules:
        event = first_of(rule, change.events[since:], desk.settings)
        if event is not None and rule.actor not in done:
            change = tried(tx, desk, rule, sight, change, event)
        if rule.stop and any(each.kind == APPLIED and each.actor == rule.actor for each in change.events):
            break
    return change


def is_of_the_past(change: Change) -> bool:
    """Whether a change only takes in what is long over: an archive fires no rules."""
    kinds = {event.kind for event in change.events}
    return "archived" in kinds or ("opened" in kinds and change.ticket.state == CLOSED)


def rules_of(tx: Tx, settings: Settings) -> Sequence[Rule]:
    """The enabled rules that answer events, in the order of the file."""
    found = tx.memo.get("rules")
    if found is None:
        rules = (read(name, written) for name, written in settings.rule.items() if written.enabled)
        found = tx.memo["rules"] = [rule for rule in rules if not rule.is_of_time]
    assert isinstance(found, list)
    return found


def first_of(rule: Rule, events: Iterable[Event], settings: Settings) -> str | None:
    """The first event that a rule answers, as it names it; None for none."""
    for event in events:
        for name in names_of(event, settings):
            if name in rule.when:
                return name
    return None


def names_of(event: Event, settings: Settings) -> tuple[str, ...]:
    """An event as rules name it: a move into a closed stage has two names."""
    stage = settings.stage.get(str(event.data.get("to"))) if event.kind == "moved" else None
    return (event.kind, "closed") if stage is not None and stage.state == CLOSED else (event.kind,)


def tried(tx: Tx, desk: Desk, rule: Rule, sight: "Sight", change: Change, event: str) -> Change:
    """The same change, and what one rule makes of it where its conditions hold."""
    at = change.events[-1].at
    search: Search = tx.memo.setdefault(("search", rule.name), Search())
    before = sum(search.given_up.values())
    try:
        seen = sight.seen(change, rule)
        condition = failing(rule, seen, at, search)
        if condition is not None:
            sight.note(rule, condition, seen)
            is_late = sum(search.given_up.values()) > before
            return failed(rule, change, "; ".join(search.complaints()), at) if is_late else change
        return carried_out(tx, desk, rule, change, event=event, at=at, insists=sight.insists)
    except (Again, Busy, Unreachable, BadConfig):
        raise  # nobody's fault here; the whole change is done again, or not at all
    except Exception as error:  # noqa: BLE001 a rule that cannot never costs a mail
        return failed(rule, change, str(error) or type(error).__name__, at)


class Sight:
    """What rules see of a change; looked up when the first of them asks for it.

    ``insists``: nobody hears of the change, which came by mail, but of what rules order all the same.
    """

    def __init__(self, tx: Tx, desk: Desk, change: Change, trial: Trial | None) -> None:
        self._tx, self._priorities, self._trial = tx, tuple(desk.settings.priority), trial
        self._tags: tuple[str, ...] | None = None
        self._client = trial.client if trial is not None else None
        self._has_client = self._client is not None
        is_flood = any(event.data.get("mark") == "flood" for event in change.events)
        self.insists = change.silent and bool(change.messages) and not is_flood

    def seen(self, change: Change, rule: Rule) -> Seen:
        """What a rule sees of a ticket as the change leaves it so far."""
        asked = {condition.field for condition in rule.conditions}
        mail = None
        if change.brought is not None and change.messages:
            mail = Mail(message=change.messages[0], brought=change.brought)
        return Seen(
            ticket=change.ticket,
            tags=self._tags_of(change) if "tags" in asked else (),
            client=self._client_of(change) if any(name.startswith("client.") for name in asked) else None,
            mail=mail,
            priorities=self._priorities,
        )

    def note(self, rule: Rule, condition: Condition, seen: Seen) -> None:
        """Tell who tries the rules why one does not hold."""
        if self._trial is not None:
            self._trial.not_held[rule.name] = not_held(condition, seen)

    def _tags_of(self, change: Change) -> tuple[str, ...]:
        if self._tags is None:
            self._tags = tickets.tags(self._tx, change.ticket.number) if change.ticket.number else ()
        there = dict.fromkeys((*self._tags, *change.tags))
        return tuple(tag for tag in there if tag not in change.untags)

    def _client_of(self, change: Change) -> Client | None:
        if not self._has_client and change.ticket.client_id is not None:
            self._client = people.client_by_id(self._tx, change.ticket.client_id)
        self._has_client = True
        return self._client
