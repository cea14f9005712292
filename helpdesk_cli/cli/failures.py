"""The one place where a failure is told: one line a fault on standard error, and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from helpdesk_cli.errors import BadConfig, DeskError, Failed, is_of_no_room, ranked

INTERRUPTED, CLOSED_PIPE = 130, 141
"""128 and the signal's number, as shells count: SIGINT, SIGPIPE."""


class Several(DeskError):
    """More than one failure, of a job that went on with the rest."""

    def __init__(self, failures: Sequence[DeskError]) -> None:
        super().__init__("; ".join(str(failure) for failure in failures))
        self.failures = tuple(failures)
        self.exit_code = ranked(failure.exit_code for failure in failures)


def log_failure(error: BaseException) -> None:
    """Leave a line of a failure in the system's mail log, where there is one."""
    try:
        import syslog
    except ImportError:  # Windows
        return
    syslog.openlog("helpdesk", syslog.LOG_PID, syslog.LOG_MAIL)
    for line in lines_of(error):
        syslog.syslog(syslog.LOG_ERR, f"receive: {line}")


def told(error: BaseException) -> int:
    """Tell a failure on standard error, a line a fault; its exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        return CLOSED_PIPE
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _say(error.ctx.get_help() if error.ctx else "")
        return 2
    for line in lines_of(error):
        _say(f"helpdesk: {line}")
    if os.environ.get("HELPDESK_DEBUG"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, OSError):
        _silence_stdout()
    return code_of(error)


def code_of(error: BaseException) -> int:
    """The exit code of a failure."""
    if isinstance(error, DeskError):
        return error.exit_code
    if isinstance(error, click.ClickException):
        return error.exit_code
    if isinstance(error, OSError) and is_of_no_room(error):
        return 75
    return 1


def lines_of(error: BaseException) -> list[str]:
    """What to say of a failure, a line a fault, harmless on a terminal."""
    if isinstance(error, Several):
        return [line for failure in error.failures for line in lines_of(failure)]
    if isinstance(error, BadConfig):
        return [one_line(fault) for fault in error.faults]
    if isinstance(error, DeskError):
        return [one_line(str(error))]
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "helpdesk"
        message = one_line(error.format_message()).rstrip(".")
        return [f"{message}; see '{path} --help'"]
    if isinstance(error, click.Abort):
        return ["nothing was changed"]
    if isinstance(error, click.ClickException):
        return [one_line(error.format_message())]
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return [one_line(f"{place}{error.strerror}")]
    return [one_line(f"internal error: {type(error).__name__}: {error}; please report it")]


def one_line(text: str) -> str:
    """A text that came from anywhere as one line that cannot steer a terminal."""
    from helpdesk_cli.cli.output import line

    return " ".join(line(text).split())


def about(place: str, failure: DeskError) -> DeskError:
    """The same failure with the place where it happened before its words."""
    told: DeskError
    if isinstance(failure, BadConfig):
        told = BadConfig(*(f"{place}: {fault}" for fault in failure.faults))
    else:
        told = Failed(f"{place}: {failure}")
    told.exit_code = failure.exit_code
    return told


def fail(failures: Sequence[DeskError]) -> NoReturn:
    """End a job of which some parts failed."""
    raise failures[0] if len(failures) == 1 else Several(failures)


def _say(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # nobody listens


def _silence_stdout() -> None:
    """Let what is still buffered go nowhere, so that the interpreter's end does not complain."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:
        pass
