"""A progress bar, for people who wait longer than a second."""

import time
from typing import TYPE_CHECKING

from . import door

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
"""Seconds after which a bar appears; what is quicker needs none."""


class Bar:
    """Counts what is done. Called with how much more; draws on a terminal alone, and not at once."""

    def __init__(self, label: str, total: int | None = None) -> None:
        self._label, self._total, self._done = label, total, 0
        self._since = time.monotonic()
        self._is_wanted = door.has_people()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Bar":
        return self

    def __call__(self, count: int = 1) -> None:
        self._done += count
        if not self._is_wanted or time.monotonic() - self._since < PATIENCE:
            return
        if self._bar is None:
            self._begin()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns: list[ProgressColumn] = [
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        ]
        if self._total is not None:
            columns += [TextColumn("left:"), TimeRemainingColumn()]
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = bar.add_task(self._label, total=self._total)
        bar.start()
        self._bar = bar

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def progress(label: str, total: int | None = None) -> Bar:
    """A bar to enter and to call with how many more are done; nothing where nobody watches."""
    return Bar(label, total)
