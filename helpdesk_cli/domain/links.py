"""How tickets are tied to each other, in words."""

from msgspec import Struct

RELATED, DUPLICATE, BLOCKS, PARENT = "related", "duplicate", "blocks", "parent"

KINDS = (RELATED, DUPLICATE, BLOCKS, PARENT)
"""The links that people make; the others are the desk's."""

CONTINUES, CLAIMS, SPLIT = "continues", "claims", "split"
"""A mail came too late to reopen the other one; claims it without a proof; its words were said on it."""

_WORDS = {
    RELATED: (RELATED, RELATED),
    DUPLICATE: ("duplicate of", "has duplicate"),
    BLOCKS: (BLOCKS, "blocked by"),
    PARENT: ("parent of", "child of"),
    CONTINUES: (CONTINUES, "continued by"),
    CLAIMS: (CLAIMS, "claimed by"),
    SPLIT: ("split from", "split into"),
}


class Link(Struct, frozen=True):
    """A tie to another ticket. ``is_ours``: the kind is said of this one ("blocks it"), else of the other."""

    ticket: int
    kind: str
    is_ours: bool = True

    def words(self) -> str:
        """What to say of it on this ticket's page: ``1001 (blocked by)``."""
        ours, theirs = _WORDS.get(self.kind, (self.kind, self.kind))
        return f"{self.ticket} ({ours if self.is_ours else theirs})"
