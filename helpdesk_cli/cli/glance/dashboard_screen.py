"""A dashboard drawn for a terminal: as wide and as high as it is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from helpdesk_cli.cli.output import Spans, age, fit, screen_room

if TYPE_CHECKING:
    from helpdesk_cli.services.glance import Dashboard, Health, Pause, Sum

COLUMNS = (
    ("open", 5, ""),
    ("waiting", 8, ""),
    ("unassigned", 11, "yellow"),
    ("unanswered", 11, "yellow"),
    ("high", 5, "yellow"),
    ("overdue", 8, "bold red"),
)
"""What is counted: its title, how wide it is, and the colour of what is not zero."""

DISPENSABLE = ("waiting", "high", "unassigned", "unanswered")
"""What a narrow terminal goes without, in this order."""

WIDEST = 90
"""Numbers that are further from their names are hard to read."""

NARROWEST = 14
LABEL = 12
MOST_TROUBLES = 6

Lines = list[Spans]


class Screen:
    """A dashboard drawn for a terminal's size."""

    def __init__(self, found: "Dashboard", title: str) -> None:
        self.found, self.title = found, title
        columns, self.height = screen_room()
        self.width = min(columns, WIDEST)
        self.columns = list(COLUMNS)
        for name in DISPENSABLE:
            if self.width - self._counts_width() < NARROWEST:
                self.columns = [column for column in self.columns if column[0] != name]
        self.name_width = max(self.width - self._counts_width(), 1)

    def _counts_width(self) -> int:
        return sum(width for _, width, _ in self.columns)

    def lines(self) -> Lines:
        """All of it; departments and people have the room that is left."""
        found = self.found
        foot = [[], *self._mail(), [], *self._health()]
        departments = {} if len(found.departments) == 1 else found.departments
        head = [
            [("bold", fit(self.title, self.width))],
            self._titles(),
            self._row("all", found.total, "bold"),
        ]
        left = self.height - len(head) - len(foot) - (2 if found.people else 0)
        rooms = shared_room(left, len(departments), len(found.people))
        head += self._rows(departments, rooms[0], "departments")
        if found.people:
            title: Spans = [("dim", fit("given to", self.width))]
            head += [[], title, *self._rows(found.people, rooms[1], "people", but="unassigned")]
        return [*head, *foot]

    # Counts

    def _titles(self) -> Spans:
        titles = "".join(fit(title, width, right=True) for title, width, _ in self.columns)
        return [("dim", " " * self.name_width + titles)]

    def _row(self, name: str, each: "Sum", style: str = "", *, but: str = "") -> Spans:
        """A name and its counts, ``but`` one of them."""
        spans = [(style, fit(name, self.name_width))]
        for title, width, colour in self.columns:
            count = getattr(each, title)
            if title == but:
                spans.append(("", " " * width))
                continue
            spans.append((colour if count else "dim", fit(f"{count:,}", width, right=True)))
        return spans

    def _rows(self, sums: "Mapping[str, Sum]", room: int, what: str, *, but: str = "") -> Lines:
        names = list(sums)
        if len(names) > room:
            names = names[: max(room - 1, 1)]
        lines = [self._row(name, sums[name], but=but) for name in names]
        more = len(sums) - len(names)
        return [*lines, [("dim", fit(f"  {more} more {what}", self.width))]] if more else lines

    # Mail

    def _mail(self) -> Lines:
        mail = self.found.mail
        outcomes = [(outcome, count, outcome in mail.unread) for outcome, count in mail.came.items()]
        came = self._words("came in 24 h", sum(mail.came.values()), outcomes)
        sent = self._words(
            "sent in 24 h", mail.sent, [("came back", mail.bounced, True)] if mail.bounced else []
        )
        unread = [("held", mail.unread["held"], True), ("failed", mail.unread["failed"], True)]
        inbox = self._words("to be read", mail.unread["pending"], [each for each in unread if each[1]])
        unsent = [(state, count, True) for state, count in mail.unsent.items() if count]
        return [came, inbox, sent, self._words("to be sent", mail.waiting, unsent)]

    def _words(self, label: str, count: int, parts: Sequence[tuple[str, int, bool]]) -> Spans:
        """A line of counts: what it is, how many, and how many of what; True for what is not well."""
        is_bad = any(bad and each for _, each, bad in parts)
        words = ", ".join(f"{name} {each:,}" for name, each, _ in parts)
        text = f"{count:>7,}" + (f"   {words}" if words else "")
        width = self.width - LABEL - 2
        return [("bold red", "! " if is_bad else "  "), ("dim", fit(label, LABEL)), ("", fit(text, width))]

    # Jobs

    def _health(self) -> Lines:
        """What is well in a line, what is not in a line each."""
        found = self.found
        lines, bad = [], []
        if found.paused is not None:
            bad.append(("yellow", f"all jobs: {paused(found.paused)}"))
        for kind, label, every in (("job", "jobs", found.jobs), ("mailbox", "mailboxes", found.mailboxes)):
            well = [
                f"{self._name(one)} {ago(one.succeeded_at, found.at)}" for one in every if self._is_well(one)
            ]
            if well:
                words = fit(", ".join(well), self.width - LABEL - 2)
                lines.append([("", "  "), ("dim", fit(label, LABEL)), ("", words)])
            bad += [
                (
                    "yellow" if one.pause else "bold red",
                    f"{kind} {self._name(one)}: {paused(one.pause) if one.pause else told(one, found.at)}",
                )
                for one in every
                if not self._is_well(one)
            ]
        bad += [("bold red", f"trouble: {words}") for words in found.troubles]
        if len(bad) > MOST_TROUBLES:
            more = len(bad) - MOST_TROUBLES + 1
            bad = [*bad[: MOST_TROUBLES - 1], ("bold red", f"{more} more; 'helpdesk doctor'")]
        return [*lines, *([(style, fit(f"! {words}", self.width))] for style, words in bad)]

    def _is_well(self, one: "Health") -> bool:
        return one.pause is None and one.is_well(self.found.at)

    def _name(self, one: "Health") -> str:
        """A job's name, with its host where jobs run on several."""
        is_one = len({job.host for job in self.found.jobs if job.host}) < 2
        return one.name if is_one or not one.host else f"{one.name} on {one.host}"


def paused(pause: "Pause") -> str:
    """Who paused something, and why."""
    return f"paused by {pause.paused_by}: {pause.reason}"


def told(one: "Health", at: str) -> str:
    """What is not well with a job or a mailbox."""
    when = f"last done {ago(one.succeeded_at, at)}" if one.succeeded_at else "never done"
    return f"{when}; {one.error}" if one.error else when


def ago(moment: str | None, at: str) -> str:
    """How long ago something was: ``3 min ago``."""
    words = age(moment or at, at)
    return "just now" if words == "now" else f"{words} ago"


def shared_room(room: int, first: int, second: int) -> tuple[int, int]:
    """How many rows each of two tables has: what it needs, else half, and what the other leaves."""
    if first + second <= room:
        return first, second
    half = room // 2
    if first <= half:
        return first, max(room - first, 1)
    if second <= room - half:
        return max(room - second, 1), second
    return max(half, 1), max(room - half, 1)
