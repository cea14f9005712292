"""The fields of tickets, set by staff."""

from collections.abc import Sequence

from msgspec import Struct

from helpdesk_cli.domain.tags import LONGEST, tag_of, tagged
from helpdesk_cli.domain.ticket import Change, edited
from helpdesk_cli.errors import Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.services.tickets import alter
from helpdesk_cli.store import tickets
from helpdesk_cli.store.engine import Tx


class Edit(Struct, frozen=True, kw_only=True):
    """What shall be different; what is None stays. An empty category or type is none."""

    subject: str | None = None
    priority: str | None = None
    department: str | None = None
    category: str | None = None
    type: str | None = None
    private: bool | None = None
    level: int | None = None  # of support
    tags: tuple[str, ...] = ()
    untags: tuple[str, ...] = ()


def edit(desk: Desk, numbers: Sequence[int], wish: Edit, *, silent: bool = False) -> None:
    """Set fields of tickets. Raises Usage for a slug or a tag that there cannot be, and where nothing is wished."""
    fields = _fields(desk, wish)
    add, remove = _tags(wish.tags, "--tag"), _tags(wish.untags, "--untag")
    if not fields and not add and not remove:
        raise Usage(
            "nothing to change: name --priority, --department, --category, --type, --subject, --tag, --untag, "
            "--level, --private or --public"
        )
    at, actor = desk.clock(), desk.actor.login

    def altered(tx: Tx, change: Change) -> Change:
        after = edited(change, at, actor, **fields)
        if add or remove:
            after = tagged(after, tickets.tags(tx, change.ticket.number), add, remove, at, actor)
        return after

    alter(desk, numbers, altered, silent=silent)


def _fields(desk: Desk, wish: Edit) -> dict[str, str | int | None]:
    """The ticket's fields that are to be set, by name."""
    settings = desk.settings
    fields: dict[str, str | int | None] = {}
    if wish.subject is not None:
        if not wish.subject.strip():
            raise Usage("--subject: must not be empty")
        fields["subject"] = " ".join(wish.subject.split())
    if wish.priority is not None:
        fields["priority"] = slug_of("priority", settings.priority, wish.priority)
    if wish.department is not None:
        fields["department"] = slug_of("department", settings.department, wish.department)
    if wish.category is not None:
        fields["category"] = slug_of("category", settings.category, wish.category) if wish.category else None
    if wish.type is not None:
        fields["type"] = slug_of("type", settings.type, wish.type) if wish.type else None
    if wish.private is not None:
        fields["is_private"] = int(wish.private)
    if wish.level is not None:
        fields["level"] = wish.level
    return fields


def _tags(words: Sequence[str], option: str) -> tuple[str, ...]:
    """Words as tags."""
    found = []
    for word in words:
        tag = tag_of(word)
        if not tag:
            raise Usage(
                f"{option} {word}: a tag is one word of letters, digits and - _ . : / +, at most {LONGEST} of them"
            )
        found.append(tag)
    return tuple(found)
