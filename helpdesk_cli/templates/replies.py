"""Prepared answers: ``replies/SLUG.txt.j2`` in the site's folder of templates, or in one of a department below it.

Their facts are desk, department and ticket as of every letter, and client {name, email}, staff {name, login}
(who answers). A first line ``{# … #}`` is their title in lists.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from helpdesk_cli.errors import BadConfig

FOLDER = "replies"
_END = ".txt.j2"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
_TITLE = re.compile(r"\{#-?\s*(.*?)\s*-?#\}")


class Canned(Struct, frozen=True, kw_only=True):
    """A prepared answer: of one department, or of all where that is ""."""

    slug: str
    department: str
    title: str
    path: str


def canned(folder: str, language: str, department: str | None = None) -> list[Canned]:
    """The prepared answers of a site, by their slugs; with a department those that it may use, its own first.

    Raises BadConfig for what cannot be read.
    """
    found: dict[tuple[str, str], Canned] = {}
    for place in _places(folder, language):
        for one in _of(place):
            found.setdefault((one.slug, one.department), one)
    rows = sorted(found.values(), key=lambda one: (one.slug, not one.department, one.department))
    if department is None:
        return rows
    usable: dict[str, Canned] = {}
    for one in rows:
        if one.department in ("", department):
            usable.setdefault(one.slug, one)
    return [*usable.values()]


def _places(folder: str, language: str) -> Iterator[Path]:
    """The folders in which prepared answers may be, those of the language first."""
    if not folder:
        return
    found = re.match(r"[a-z]{2,3}", language.lower())
    yield Path(folder, found.group() if found else "en", FOLDER)
    yield Path(folder, FOLDER)


def _of(place: Path) -> Iterator[Canned]:
    try:
        below = sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
        for where in (place, *below):
            for path in sorted(where.glob(f"*{_END}")) if where.is_dir() else ():
                slug = path.name.removesuffix(_END)
                if _SLUG.fullmatch(slug):
                    department = "" if where == place else where.name
                    yield Canned(slug=slug, department=department, title=_title(path), path=str(path))
    except OSError as error:
        raise BadConfig(f"{error.filename or place} cannot be read: {error.strerror}") from None


def _title(path: Path) -> str:
    """What its first line calls it; what cannot be read says so when it is used, and disturbs no other."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _TITLE.match(file.readline(500))
    except OSError:
        return ""
    return found[1] if found else ""


def prepared(slug: str, facts: Mapping[str, object], *, department: str, folder: str, language: str) -> str:
    """The words of a prepared answer: the department's own, else everybody's.

    Raises Failed, with file and line, where it is broken, and BadConfig where others may write it.
    """
    from helpdesk_cli.templates.engine import fill
    from helpdesk_cli.templates.facts import plain

    usable = {one.slug: one for one in canned(folder, language, department)}
    one = usable.get(slug)
    name = f"{FOLDER}/{department}/{slug}" if one is not None and one.department else f"{FOLDER}/{slug}"
    return fill(name, "txt", plain(facts), folder, language).strip("\n")
