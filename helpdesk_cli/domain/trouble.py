"""What keeps the desk from its work, and when people are told of it.

cron runs us each minute, so a failure is a state and no news. A server that is away is told when it has been
so for a quarter of an hour, what only a person can mend at once; then each day; and once when it is over.
What comes back within the hour goes on, and is told anew only if it lasts an hour. What is lost for good, such
as a letter that was refused, is told at once, and what follows is summed up each hour.

Pure: the moment is an argument.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.moments import seconds_between

Kind = Literal["away", "broken", "loss"]

PATIENCE, HOUR, DAY = 900, 3600, 86400

FORGOTTEN_AFTER = 2 * DAY
"""What no run met for so long, and none found well: its mailbox was renamed, its host switched off."""

LEEWAY = 30
"""A run may begin some seconds earlier in its minute than the one before."""

CONFIGURATION = "the configuration"
"""Other faults of it are news: somebody wrote it anew."""

MOST_LINES = 10
"""So many losses of a kind are told one by one."""


class Met(Struct, frozen=True, kw_only=True):
    """What a run met. ``text`` is the whole line for people, ``code`` the exit code that it calls for."""

    what: str  # mailbox.support, transport.default; of losses what they are: letters, messages
    kind: Kind
    text: str
    code: int


class Trouble(Struct, frozen=True, kw_only=True):
    """What is known of a trouble. ``times`` counts the runs that met it; of losses those that are not told yet."""

    what: str
    kind: Kind
    code: int
    host: str = ""  # whose runs meet it; "" where there is one host
    text: str
    since: str
    seen_at: str
    times: int = 1
    patience: int  # seconds that it must last before it is told
    told_at: str | None = None  # on standard error
    written_at: str | None = None  # in letters
    over_at: str | None = None


class Judged(Struct, kw_only=True):
    """What follows from a run. ``codes`` are those of what people know of and what is not over."""

    rows: list[Trouble] = []  # as they are from now on; what is in neither list stays as it is
    gone: list[str] = []
    told: list[str] = []
    written: list[str] = []  # in letters
    quiet: list[str] = []  # what is not told, or not yet
    codes: list[int] = []
    back: list[str] = []  # what this run found well again


def judge(
    known: Iterable[Trouble],
    met: Sequence[Met],
    well: Collection[str],
    at: str,
    *,
    host: str = "",
    can_write: bool = True,
) -> Judged:
    """Say what the end of a run means: ``well`` is what was tried and works, ``can_write`` whether letters can go.

    What another host met is over when that host finds it well: it may be alone in not getting there.
    """
    rows = {each.what: each for each in known}
    ending = _Ending(at, host, can_write)
    losses: dict[str, list[Met]] = {}
    for each in met:
        if each.kind == "loss":
            losses.setdefault(each.what, []).append(each)
        else:
            ending.lasts(rows.pop(each.what, None), each)
    for what, row in rows.items():
        if row.kind == "loss":
            ending.more_lost(row, losses.pop(what, []))
        elif what in well and row.host == host and row.over_at is None:
            ending.is_over(row)
        else:
            ending.rests(row)
    for new in losses.values():
        ending.lost(new)
    return ending.judged


class _Ending:
    """The end of a run, gathered trouble by trouble."""

    def __init__(self, at: str, host: str, can_write: bool) -> None:
        self._at, self._host, self._can_write = at, host, can_write
        self.judged = Judged()

    def _is_past(self, moment: str | None, seconds: float) -> bool:
        return moment is not None and seconds_between(moment, self._at) + LEEWAY >= seconds

    def _new(self, met: Met, patience: int) -> Trouble:
        return Trouble(
            what=met.what,
            kind=met.kind,
            code=met.code,
            host=self._host,
            text=met.text,
            since=self._at,
            seen_at=self._at,
            patience=patience,
        )

    # What lasts

    def lasts(self, before: Trouble | None, met: Met) -> None:
        """A run met it, for the first time or again."""
        row = self._again(before, met)
        lasted = seconds_between(row.since, self._at)
        is_news = before is not None and before.kind != row.kind
        words = f"{row.text} (for {spell(lasted)})" if lasted + LEEWAY >= 60 and not is_news else row.text
        if self._is_past(row.told_at, DAY):
            self.judged.told.append(f"still: {words}")
            row = replace(row, told_at=self._at)
        elif row.told_at is None and self._is_past(row.since, row.patience):
            self.judged.told.append(words)
            row = replace(row, told_at=self._at)
        if row.told_at is None:
            self.judged.quiet.append(words)
        else:
            self.judged.codes.append(row.code)
            if self._can_write and (row.written_at is None or self._is_past(row.written_at, DAY)):
                self.judged.written.append(f"still: {words}" if row.written_at else words)
                row = replace(row, written_at=self._at)
        self.judged.rows.append(row)

    def _again(self, row: Trouble | None, met: Met) -> Trouble:
        """The row with this run counted; a new one where there was none, or that was over."""
        patience = PATIENCE if met.kind == "away" else 0
        is_another = row is not None and met.what == CONFIGURATION and row.text != met.text
        if row is None or is_another or self._is_past(row.over_at, HOUR):
            return self._new(met, patience)
        if row.over_at is not None:
            return self._new(met, HOUR)
        row = replace(row, code=met.code, text=met.text, seen_at=self._at, times=row.times + 1)
        if row.kind == "away" and met.kind == "broken":  # news; it stays so, or each change were news again
            return replace(row, kind="broken", patience=0, told_at=None, written_at=None)
        return row

    # What is over

    def is_over(self, row: Trouble) -> None:
        """A run found it well: told once, where anybody had heard of it."""
        self.judged.back.append(row.what)
        if row.told_at is not None:
            self.judged.told.append(self._return_of(row))
            self._write_return(replace(row, told_at=self._at, over_at=self._at))
        elif row.patience == HOUR:  # it comes and goes
            self.judged.rows.append(replace(row, written_at=self._at, over_at=self._at))
        else:
            self.judged.gone.append(row.what)

    def _return_of(self, row: Trouble) -> str:
        lasted = seconds_between(row.since, row.over_at or self._at)
        if row.what.startswith("letter."):
            return f"letters can be written again after {spell(lasted)}"
        return f"{named(row.what)} is back after {spell(lasted)}"

    def _write_return(self, row: Trouble) -> None:
        """Write that it is over; and what it was, where no letter could say so."""
        if self._can_write:
            if row.written_at is None:
                self.judged.written.append(row.text)
            self.judged.written.append(self._return_of(row))
            row = replace(row, written_at=self._at)
        self.judged.rows.append(row)

    def rests(self, row: Trouble) -> None:
        """No run looked at it, or it is over: something may be left to write; at last it is forgotten."""
        if row.over_at is None:
            if self._is_past(row.seen_at, FORGOTTEN_AFTER):
                self.judged.gone.append(row.what)
        elif self._can_write and (row.written_at is None or row.written_at < row.over_at):
            self._write_return(row)
        elif self._is_past(row.over_at, HOUR if self._can_write else FORGOTTEN_AFTER):
            self.judged.gone.append(row.what)

    # What is lost

    def lost(self, new: Sequence[Met]) -> None:
        """Things that are lost for good, the first for an hour: told one by one."""
        told = [met.text for met in new[:MOST_LINES]]
        if len(new) > MOST_LINES:
            told.append(f"and {more_of(len(new) - MOST_LINES, new[0].what)}")
        self._tell_loss(new[-1], told)

    def more_lost(self, row: Trouble, new: Sequence[Met]) -> None:
        """What is lost within the hour after that is counted, and told in one line when the hour is over."""
        count = row.times + len(new)
        last = new[-1] if new else Met(what=row.what, kind="loss", text=row.text, code=row.code)
        if not self._is_past(row.told_at, HOUR):
            self.judged.codes += [met.code for met in new]
            self.judged.quiet += [met.text for met in new]
            if new:
                self.judged.rows.append(replace(row, text=last.text, times=count, seen_at=self._at))
        elif row.times:
            more = (
                f"{more_of(count, row.what)} in {spell(seconds_between(row.told_at or self._at, self._at))}"
            )
            self._tell_loss(last, [f"{more}; the last: {last.text}"])
        elif new:
            self.lost(new)
        else:
            self.judged.gone.append(row.what)

    def _tell_loss(self, last: Met, told: Sequence[str]) -> None:
        self.judged.told += told
        self.judged.codes.append(last.code)
        if self._can_write:
            self.judged.written += told
        self.judged.rows.append(replace(self._new(last, 0), times=0, told_at=self._at))


def named(what: str) -> str:
    """A trouble's place as people read it: ``mailbox support`` for ``mailbox.support``."""
    return what.replace(".", " ", 1)


def more_of(count: int, what: str) -> str:
    """How many more were lost: ``2 more letters``."""
    return f"{count} more {what if count != 1 else what.removesuffix('s')}"


def spell(seconds: float) -> str:
    """A time in words: ``15 min``, ``3 h``, ``2 days``."""
    seconds += LEEWAY
    for unit, size, least in (("days", DAY, 2 * DAY), ("h", HOUR, 2 * HOUR), ("min", 60, 60)):
        if seconds >= least:
            return f"{seconds // size:.0f} {unit}"
    return "a moment"
