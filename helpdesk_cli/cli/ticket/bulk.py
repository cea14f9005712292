"""One command on several tickets: each in a transaction of its own, and every failure told in a line."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from helpdesk_cli.cli.app import Call
from helpdesk_cli.cli.failures import Several
from helpdesk_cli.cli.output import progress
from helpdesk_cli.cli.ticket.report import ask, report
from helpdesk_cli.errors import BadConfig, Busy, DeskError, Unreachable, Usage

if TYPE_CHECKING:
    from helpdesk_cli.domain.ticket import Ticket
    from helpdesk_cli.services.desk import Desk

OF_ALL = (Usage, Busy, Unreachable, BadConfig)
"""What keeps one ticket from its change keeps all others from it too."""


def each(
    call: Call,
    desk: "Desk",
    numbers: Sequence[int],
    work: Callable[[int], object],
    *,
    asks: str,
    words: "str | Callable[[Ticket], str]",
    sure: bool,
    as_json: bool,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Do something to each ticket, after a person was asked where they are many; tell what was done and what not.

    ``asks`` and ``words`` say it before and after; ``after`` is called once any ticket was changed. Raises
    what failed of one ticket alone, and else all failures together: 1 where some tickets were changed.
    """
    ask(asks, numbers, sure=sure)
    done: list[int] = []
    failures: dict[str, DeskError] = {}
    with progress(f"{asks}:", len(numbers)) as step:
        for number in numbers:
            try:
                work(number)
            except DeskError as failure:
                failures.setdefault(str(failure), failure)  # what is not of this ticket is told once
                if isinstance(failure, OF_ALL):
                    break
            else:
                done.append(number)
            step()
    if done:
        after()
    if done or not failures:
        report(call, desk, done, words, as_json=as_json, several=len(numbers) > 1)
    if failures:
        raise _told([*failures.values()], is_partly_done=bool(done))


def _told(failures: list[DeskError], *, is_partly_done: bool) -> DeskError:
    """The failures as one."""
    if len(failures) == 1 and not is_partly_done:
        return failures[0]
    several = Several(failures)
    codes = {failure.exit_code for failure in failures}
    several.exit_code = codes.pop() if len(codes) == 1 and not is_partly_done else 1
    return several
