"""Which rules would fire on a mail, and why the others would not."""

from collections.abc import Iterator

from msgspec import Struct

from helpdesk_cli.domain.rule_words import action_list, condition_list
from helpdesk_cli.domain.rules import Rule, read
from helpdesk_cli.domain.ticket import Change
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.effects import APPLIED, FAILED
from helpdesk_cli.services.explaining import Explained, explained
from helpdesk_cli.services.reacting import names_of


class Tried(Struct, frozen=True, kw_only=True):
    """One rule: whether it would fire, on which event, and why or why not; ``then`` is what it would do."""

    name: str
    fires: bool
    event: str | None = None
    why: str
    then: str


class Trial(Struct, frozen=True, kw_only=True):
    """What would become of a mail by the rules; ``events`` is what would happen to its ticket, the rules' deeds too."""

    found: Explained
    events: tuple[str, ...]
    rules: list[Tried]


def tried_on(desk: Desk, data: bytes, *, mailbox: str | None = None) -> Trial:
    """Let all rules look at a mail; nothing is written. Raises NotFound for a mailbox."""
    found = explained(desk, data, mailbox=mailbox)
    change = found.change
    events = change.events if change is not None else ()
    happened = dict.fromkeys(name for event in events for name in names_of(event, desk.settings))
    names = tuple(name for name in happened if name not in (APPLIED, FAILED))
    rules = [read(name, written) for name, written in desk.settings.rule.items()]
    return Trial(
        found=found,
        events=names,
        rules=[_tried(rule, found, change, names, rules) for rule in rules],
    )


def _tried(
    rule: Rule, found: Explained, change: Change | None, names: tuple[str, ...], rules: list[Rule]
) -> Tried:
    events = [event for event in change.events if event.actor == rule.actor] if change is not None else []
    applied = next((event for event in events if event.kind == APPLIED), None)
    refused = next((event for event in events if event.kind == FAILED), None)
    if applied is not None:
        event = str(applied.data["event"])
        return Tried(
            name=rule.name, fires=True, event=event, why=condition_list(rule), then=action_list(rule)
        )
    why = next(filter(None, _whys(rule, found, names, rules, change)), "")
    if refused is not None:
        why = f"it could not: {refused.data['why']}"
    return Tried(name=rule.name, fires=False, why=why, then=action_list(rule))


def _whys(
    rule: Rule, found: Explained, names: tuple[str, ...], rules: list[Rule], change: Change | None
) -> Iterator[str]:
    """Why a rule does not fire; the first that is not empty counts."""
    decision = found.tried[-1][1]
    yield "it is not enabled" if not rule.enabled else ""
    yield "it is a rule of time: 'helpdesk run-rules --dry-run' shows it" if rule.is_of_time else ""
    if change is None:
        outcome = f"{decision.outcome.value} ({decision.reason})" if decision is not None else "nothing"
        yield f"rules are not asked: the mail becomes {outcome}"
    if not set(rule.when) & set(names):
        yield f"it answers {' or '.join(rule.when)}; what happens is {', '.join(names) or 'nothing'}"
    yield found.trial.not_held.get(rule.name, "")
    done = {event.actor for event in change.events} if change is not None else set()
    stops = next((other.name for other in rules if other.stop and other.actor in done), "")
    yield f"the rule {stops} stops before it" if stops else "what it answers happens only behind it"
