"""The rules of stages, and of what a department requires before a ticket is closed."""

from collections.abc import Iterator, Sequence

from helpdesk_cli.domain.stages import usable
from helpdesk_cli.settings import Settings

from .forms import Fault, Key, is_slug


def check_board(settings: Settings) -> Iterator[Fault]:
    """What stages name exists, and each department can begin a ticket and end it."""
    for slug, stage in settings.stage.items():
        here = ("stage", slug)
        for name in stage.departments:
            yield from _known("department", name, list(settings.department), (*here, "departments"))
        for name in stage.next:
            yield from _known("stage", name, list(settings.stage), (*here, "next"))
        if not is_slug(stage.template):
            yield Fault(
                (*here, "template"),
                'must be the name of a template such as "moved": a-z, 0-9 and -, without .txt.j2',
            )
    yield from _ways(settings)
    yield from _required(settings)


def _known(what: str, name: str, known: Sequence[str], key: Key) -> Iterator[Fault]:
    """A fault where there is no such thing, with the nearest that there is."""
    if name in known:
        return
    from .faults import nearest, quoted

    meant = nearest(name, list(known))
    hint = f"did you mean {quoted(meant)}?" if meant else f"there are: {', '.join(known)}"
    yield Fault(key, f"there is no [{what}.{name}]; {hint}")


def _ways(settings: Settings) -> Iterator[Fault]:
    """New tickets begin where every department may; each department may close them somewhere."""
    begin = next((slug for slug, stage in settings.stage.items() if stage.state == "open"), None)
    for department in settings.department:
        stages = usable(settings, department)
        if begin is not None and begin not in stages:
            yield Fault(
                ("stage", begin, "departments"),
                f"new tickets begin here, so every department must be able to use it; {department} is missing",
            )
        closed = [slug for slug, stage in settings.stage.items() if stage.state == "closed"]
        if closed and not set(closed) & set(stages):
            yield Fault(
                ("stage", closed[0], "departments"),
                f"{department} could close no ticket: it may use none of {', '.join(closed)}",
            )


def _required(settings: Settings) -> Iterator[Fault]:
    """What must be set before closing can be set."""
    for slug, department in settings.department.items():
        for name in dict.fromkeys(department.required):
            if name in ("category", "type") and not getattr(settings, name):
                yield Fault(
                    ("department", slug, "required"),
                    f'no ticket could be closed: "{name}" is required, but there is no [{name}.SLUG]',
                )
