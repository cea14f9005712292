"""A word that a person typed as a slug of the configuration."""

from collections.abc import Mapping

from helpdesk_cli.errors import Usage


def slug_of(what: str, known: Mapping[str, object], wanted: str | None) -> str | None:
    """A slug of the configuration, by itself, by its name in any case, or by what it was called before.

    Raises Usage with what there is.
    """
    if wanted is None:
        return None
    for slug, entry in known.items():
        names = (slug.casefold(), str(getattr(entry, "name", "")).casefold())
        if wanted == slug or wanted.casefold() in names:
            return slug
    for slug, entry in known.items():
        if wanted in getattr(entry, "formerly", ()):
            return slug
    raise Usage(f"{wanted}: no such {what}; there {'are' if known else 'is'} {', '.join(known) or 'none'}")
