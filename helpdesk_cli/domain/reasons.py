"""Why somebody heard of an event, or did not: worked out from what is written down, and said in sentences."""

from collections.abc import Collection

from msgspec import Struct

from helpdesk_cli.domain.hearers import (
    ASSIGNEE,
    DEPARTMENT,
    EVERY,
    NAMED,
    PARTICIPANT,
    REQUESTER,
    THIRD_PARTY,
    WATCHER,
)
from helpdesk_cli.domain.ticket import Event
from helpdesk_cli.domain.wishes import BREACH, KINDS, RULE, WARNING
from helpdesk_cli.settings import Settings

SENTENCES = {
    "off": "chose off",
    "silent": "it was done silently",
    "stage": "the stage in which the ticket then was does not tell them",
    "robot": "a robot wrote the mail, and nothing automatic answers robots",
    "failed": "the mail's authentication failed",
    "crowd": "the mail went to very many addresses",
    "mailbox": "the mailbox's acknowledge does not let such mail be acknowledged",
    "closed": "a rule closed the ticket at once",
    "takes-part": "notes are mailed to nobody who takes part as a client",
    "given-up": "too much mail to that address came back",
    "limit": "a limit was reached",
    "hidden": "they may not see the ticket any more",
    "retired": "they had retired",
    "self": "did it themselves",
    "with": "heard of it with something else of the same moment",
    "history": "it came as history, of which nobody is told",
    "flood": "it came in a flood of mails from one sender",
    "automatic": "a machine wrote it, of which nobody is told",
    "note": "notes are for staff alone",
    "client-word": "of what a client writes staff are told",
    "later": "took part only later",
    "stranger": "takes no part in the ticket",
    "acknowledged": "somebody looked at it before the page went",
    "ours": "only staff hear of that",
    "never": "nobody is told of that",
    "unconcerned": "was neither its assignee nor watched it when that happened, as far as is known",
    "uncalled": "others were called, whose turn it was",
    "unnamed": "the rule or the service level does not name them",
    "nobody": "there was nobody else whom it concerned",
}
"""The words for why somebody did not hear, and what they say to people."""

AS = {
    REQUESTER: "as the one who asked",
    PARTICIPANT: "as somebody who takes part",
    THIRD_PARTY: "as somebody to whom it was forwarded",
    ASSIGNEE: "as its assignee",
    WATCHER: "as somebody who watches it",
    DEPARTMENT: "as one of its department",
    EVERY: "as an admin who wants to hear of every ticket",
    NAMED: "by name",
}

_NAMES = {"warned": WARNING, "breached": BREACH, "reminded": "reminder"}


def name_of(event: Event, settings: Settings) -> str:
    """An event of the log as letters and wishes call it."""
    if event.kind == "edited" and event.data.get("field") == "department":
        return "handed-over"
    if event.kind == "moved":
        stage = settings.stage.get(str(event.data.get("to")))
        return "closed" if stage is not None and stage.state == "closed" else "moved"
    return _NAMES.get(event.kind, event.kind)


def sentence(why: str) -> str:
    """Why somebody did not hear; of a limit, which one."""
    code, _, more = why.partition(":")
    words = SENTENCES.get(code, code)
    return f"{words}: {more}" if more else words


def role(why: str) -> str:
    """As what somebody heard, and by whose order."""
    first, _, by = why.partition(", ")
    words = AS.get(first, f"as {first}" if first and not first.startswith("by ") else first)
    return ", ".join(filter(None, (words, by)))


class Asked(Struct, frozen=True, kw_only=True):
    """Somebody of whom it is asked why they did not hear. ``names`` are folded addresses, and a login."""

    names: Collection[str]
    is_staff: bool = False
    sees: bool = True
    is_retired: bool = False
    is_concerned: bool = False  # as its assignee, or somebody else who hears of what becomes of it
    since_at: str | None = None  # since when they take part


class Happened(Struct, frozen=True, kw_only=True):
    """An event as far as it decides who hears. ``mail`` is what became of the mail behind it, ``beside`` what
    else of the same moment they heard of, ``of_many`` why all staff, or all clients, did not hear."""

    event: str
    actor: str
    at: str
    mail: str = ""
    mark: str = ""
    beside: Collection[str] = ()
    of_many: str = ""


def why_not(asked: Asked, happened: Happened) -> str:
    """The word for why somebody was not told of an event of which nothing is written down for them."""
    if happened.actor in asked.names:
        return "self"
    if happened.event == "paged":
        return "uncalled"
    if happened.event not in KINDS and happened.event != "reminder":
        return "never"
    if happened.beside:
        return "with"
    if general := of_mail(happened):
        return general
    if asked.is_staff and not asked.is_retired and asked.sees:
        if happened.event in (RULE, WARNING, BREACH):
            return "unnamed"
        if not asked.is_concerned:
            return "unconcerned"
    if happened.of_many and (not asked.is_staff or asked.is_concerned):
        return happened.of_many
    return _why_not_staff(asked) if asked.is_staff else _why_not_client(asked, happened)


def of_mail(happened: Happened) -> str:
    """Why nobody is told of what a mail brought; "" where they are."""
    if happened.mark == "flood":
        return "flood"
    if happened.mail == "archived":
        return "history"
    return "automatic" if happened.mail in ("auto-reply", "ignored", "bounce") else ""


def _why_not_staff(asked: Asked) -> str:
    if asked.is_retired:
        return "retired"
    if not asked.sees:
        return "hidden"
    return "unconcerned"


def _why_not_client(asked: Asked, happened: Happened) -> str:
    if asked.since_at is None:
        return "unnamed" if happened.event in (RULE, WARNING, BREACH) else "stranger"
    if asked.since_at > happened.at:
        return "later"
    if happened.event == "noted":
        return "note"
    if happened.event == "replied":
        return "client-word"
    return "ours" if happened.event in (RULE, WARNING, BREACH, "handed-over", DEPARTMENT) else "unconcerned"
