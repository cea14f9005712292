"""What a rule does to a ticket, as a part of a change; nothing is saved here."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.people import Actor
from helpdesk_cli.domain.rule_words import action_list, condition_list
from helpdesk_cli.domain.rules import NONE, Action, Rule
from helpdesk_cli.domain.ticket import Change, Event, Telling, edited
from helpdesk_cli.errors import Failed
from helpdesk_cli.services import dispatch, stepping
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import members
from helpdesk_cli.store.engine import Tx

APPLIED, FAILED = "rule-applied", "rule-failed"


class Doing(Struct, frozen=True, kw_only=True):
    """A rule at work: at which desk, on which event, when.

    ``insists``: what it orders is told though nobody hears of the event itself.
    """

    desk: Desk
    rule: Rule
    event: str
    at: str
    insists: bool = False


def carried_out(
    tx: Tx, desk: Desk, rule: Rule, change: Change, *, event: str, at: str, insists: bool
) -> Change:
    """The same change, and all that a rule does in answer to an event. Raises Failed where it cannot.

    A rule is no person: what it does does not count as somebody having touched the ticket.
    """
    actor = Actor(login=rule.actor, is_admin=True)
    doing = Doing(desk=replace(desk, actor=actor), rule=rule, event=event, at=at, insists=insists)
    because = {"event": event, "because": condition_list(rule), "did": action_list(rule)}
    applied = Event(kind=APPLIED, at=at, actor=rule.actor, data={**because})
    after = replace(change, events=(*change.events, applied))
    for action in rule.actions:
        after = _DOERS.get(action.kind, _field)(tx, doing, after, action)
    return replace(after, ticket=replace(after.ticket, touched_at=change.ticket.touched_at))


def failed(rule: Rule, change: Change, why: str, at: str) -> Change:
    """The same change, and a line in the log that says why a rule could not."""
    words = why if change.ticket.number else why.replace("ticket 0", "the ticket")  # it has none yet
    event = Event(kind=FAILED, at=at, actor=rule.actor, data={"why": words[:500]})
    return replace(change, events=(*change.events, event))


def is_refused(change: Change, actor: str) -> bool:
    """Whether a rule could not do on a ticket what it says, and left but a line in its log."""
    return any(event.kind == FAILED and event.actor == actor for event in change.events)


def _field(_: Tx, doing: Doing, change: Change, action: Action) -> Change:
    """Set priority, category, type, department, or the level alone."""
    (value,) = action.values
    given = None if value == NONE and action.kind in ("category", "type") else value
    return edited(change, doing.at, doing.rule.actor, **{action.kind: given})


def _level(tx: Tx, doing: Doing, change: Change, action: Action) -> Change:
    """Another level of support: the ticket goes to somebody of it, unless the rule names who shall have it."""
    change = _field(tx, doing, change, action)
    if any(other.kind == "assignee" for other in doing.rule.actions):
        return change
    return dispatch.levelled(tx, doing.desk, change, doing.at)


def _stage(tx: Tx, doing: Doing, change: Change, action: Action) -> Change:
    return stepping.stepped(tx, doing.desk, change, str(action.values[0]), doing.at)


def _assignee(tx: Tx, doing: Doing, change: Change, action: Action) -> Change:
    (login,) = map(str, action.values)
    if login == "auto":
        return dispatch.auto(tx, doing.desk, change)
    if login != NONE:
        _active(tx, [login])
    return edited(change, doing.at, doing.rule.actor, assignee=None if login == NONE else login)


def _active(tx: Tx, logins: Sequence[str]) -> None:
    """Raises Failed where one of these logins is nobody's who works here now."""
    for login in logins:
        member = members.staff_by_login(tx, login)
        if member is None or member.retired_at is not None:
            raise Failed(f"{login}: no such staff member")


def _tag(_: Tx, __: Doing, change: Change, action: Action) -> Change:
    tags = tuple(map(str, action.values))
    kept = tuple(tag for tag in change.untags if tag not in tags)
    return replace(change, tags=tuple(dict.fromkeys((*change.tags, *tags))), untags=kept)


def _untag(_: Tx, __: Doing, change: Change, action: Action) -> Change:
    tags = tuple(map(str, action.values))
    kept = tuple(tag for tag in change.tags if tag not in tags)
    return replace(change, tags=kept, untags=tuple(dict.fromkeys((*change.untags, *tags))))


def _watch(tx: Tx, _: Doing, change: Change, action: Action) -> Change:
    logins = tuple(map(str, action.values))
    _active(tx, logins)
    return replace(change, watching=tuple(dict.fromkeys((*change.watching, *logins))))


def _notify(tx: Tx, doing: Doing, change: Change, action: Action) -> Change:
    hearers = tuple(map(str, action.values))
    _active(tx, [one for one in hearers if one not in HEARERS])
    facts: dict[str, object] = {"lines": [f"The rule {doing.rule.name}: {condition_list(doing.rule)}."]}
    tellings = [
        _ordered(doing, whom, "pager" if whom == "pager" else "notice", {} if whom == "pager" else facts)
        for whom in hearers
        if whom != "pager" or _may_page(doing, change)
    ]
    return replace(change, tell=(*change.tell, *tellings))


def _page(_: Tx, doing: Doing, change: Change, __: Action) -> Change:
    if not _may_page(doing, change):
        return change
    return replace(change, tell=(*change.tell, _ordered(doing, "pager", "pager", {})))


def _may_page(doing: Doing, change: Change) -> bool:
    """A robot's mail pages nobody, unless the rule asks for just that, as for the mails of a monitoring system; a
    forged one never does."""
    mail = change.brought
    if mail is None or mail.verdict == "fail":
        return mail is None
    return not mail.is_automatic or any(
        condition.field == "mail.is_automatic" for condition in doing.rule.conditions
    )


def _send(_: Tx, doing: Doing, change: Change, action: Action) -> Change:
    facts: dict[str, object] = {"template": action.values[0], "rule": doing.rule.name}
    return replace(change, tell=(*change.tell, _ordered(doing, "client", "rule", facts)))


def _webhook(_: Tx, doing: Doing, change: Change, action: Action) -> Change:
    facts: dict[str, object] = {"event": doing.event, "rule": doing.rule.name, "at": doing.at}
    calls = [
        Telling(whom="webhook", kind="webhook", to=str(slug), facts=facts, always=True)
        for slug in action.values
    ]
    return replace(change, tell=(*change.tell, *calls))


def _ordered(doing: Doing, whom: str, kind: str, facts: dict[str, object]) -> Telling:
    return Telling(whom=whom, kind=kind, facts=facts, always=doing.insists)


HEARERS = ("assignee", "manager", "department", "watchers", "pager")
"""Whom a rule may tell by what they are to the ticket; others by their logins."""

_DOERS: dict[str, Callable[[Tx, Doing, Change, Action], Change]] = {
    "level": _level,
    "stage": _stage,
    "assignee": _assignee,
    "tag": _tag,
    "untag": _untag,
    "watch": _watch,
    "notify": _notify,
    "page": _page,
    "send": _send,
    "webhook": _webhook,
}
