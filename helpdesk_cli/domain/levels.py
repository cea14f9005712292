"""Which service level holds for a ticket, and why: by its client, else organization, category, department, else all."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.settings import Sla

CLIENTS, ORGANIZATIONS, CATEGORIES, DEPARTMENTS = "clients", "organizations", "categories", "departments"

KINDS = (CLIENTS, ORGANIZATIONS, CATEGORIES, DEPARTMENTS)
"""What a level may name, in the order in which it is asked for."""


class Concerned(Struct, frozen=True):
    """Whom and what a ticket concerns, as far as levels may name it.

    ``addresses`` are all of its client's, folded.
    """

    addresses: tuple[str, ...] = ()
    organization: str | None = None
    category: str | None = None
    department: str = ""


class Choice(Struct, frozen=True):
    """The level that holds, and what of the ticket it names; ``by`` is "" for a level that names nothing."""

    slug: str
    by: str = ""
    value: str = ""


class Levels(Struct, frozen=True, kw_only=True):
    """The levels of a configuration by what they name: of each kind a word and the first level that names it."""

    named: Mapping[str, Mapping[str, tuple[int, str]]]
    rest: str = ""  # the first that names nothing

    @property
    def ask_clients(self) -> bool:
        """Whether it matters who the client is."""
        return bool(self.named[CLIENTS] or self.named[ORGANIZATIONS])


def levels_of(sla: Mapping[str, Sla]) -> Levels:
    """The levels of a configuration, ready to be asked."""
    named: dict[str, dict[str, tuple[int, str]]] = {kind: {} for kind in KINDS}
    rest = ""
    for place, (slug, level) in enumerate(sla.items()):
        words = {kind: getattr(level, kind) for kind in KINDS}
        if not any(words.values()):
            rest = rest or slug
        for kind in KINDS:
            for word in words[kind]:
                named[kind].setdefault(_key(kind, word), (place, slug))
    return Levels(named=named, rest=rest)


def chosen(levels: Levels, concerned: Concerned) -> Choice | None:
    """The level that holds; None where none does."""
    for kind in KINDS:
        known = levels.named[kind]
        found = _first(known, _words(kind, concerned)) if known else None
        if found is not None:
            return Choice(found[0], kind, found[1])
    return Choice(levels.rest) if levels.rest else None


def _first(known: Mapping[str, tuple[int, str]], words: Iterable[str]) -> tuple[str, str] | None:
    """Of the levels that these words name the first in the file's order, with the word."""
    found = [(known[word], word) for word in words if word in known]
    if not found:
        return None
    (_, slug), word = min(found)
    return slug, word


def _key(kind: str, word: str) -> str:
    """A word as it is compared."""
    if kind == CLIENTS:
        return fold(word.strip())
    return " ".join(word.split()).casefold() if kind == ORGANIZATIONS else word


def _words(kind: str, concerned: Concerned) -> Iterable[str]:
    """What of a ticket a level may name of a kind, as it is compared."""
    if kind == CLIENTS:
        return (word for address in concerned.addresses for word in _patterns(address))
    if kind == ORGANIZATIONS:
        return [_key(kind, concerned.organization)] if concerned.organization else []
    word = concerned.category if kind == CATEGORIES else concerned.department
    return [word] if word else []


def _patterns(address: str) -> Iterator[str]:
    """What may name an address: itself, its domain, and each domain above."""
    yield address
    labels = address.rpartition("@")[2].split(".")
    for start in range(min(len(labels), 20)):
        yield ".".join(labels[start:])
