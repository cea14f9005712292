"""What every command shares: its options, its way to the desk, and how the program begins and ends."""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from helpdesk_cli.cli import front
from helpdesk_cli.cli.failures import log_failure, told
from helpdesk_cli.errors import NotAllowed

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.pauses import Pause

SAID_ELSEWHERE = {
    "view": ("show",),
    "get": ("show",),
    "ls": ("list",),
    "create": ("new",),
    "open": ("new", "reopen"),
    "comment": ("note", "reply"),
    "answer": ("reply",),
    "delete": ("spam", "drop", "retire"),
    "rm": ("spam", "drop", "retire"),
    "remove": ("drop", "retire"),
    "update": ("edit",),
    "set": ("edit",),
}
"""What other programs call our commands."""


class Call(Struct):
    """What a call said outside of its command's own options."""

    config: str | None = None  # --config
    login: str | None = None  # --as
    verbosity: int = 0  # how many -v, less the -q
    receipt: Callable[[], None] | None = None  # told by ``receive`` once the bytes are safe
    typed: bytes | None = None  # what its options took from standard input, which is at its end since
    hand_over: "HandOver | None" = None  # lets the store's owner do the work


HandOver = Callable[[Call, str, Mapping[str, Any]], int | None]
"""Takes a call, its configuration and its command's arguments to whom the configuration names: the exit code.

None where that is this process's own account.
"""


# Options of every command


def _set_config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        _refuse_borrowers("--config")
        ctx.ensure_object(Call).config = value


def _set_login(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        _refuse_borrowers("--as")
        ctx.ensure_object(Call).login = value


def _refuse_borrowers(option: str) -> None:
    """Raise NotAllowed for who works with the borrowed account of the store's owner."""
    if front.held is not None:
        raise NotAllowed(f"{option}: only the store's owner and root choose the configuration and who acts")


def _louder(ctx: click.Context, _: click.Parameter, value: int) -> None:
    ctx.ensure_object(Call).verbosity += value


def _quieter(ctx: click.Context, _: click.Parameter, value: int) -> None:
    ctx.ensure_object(Call).verbosity -= value


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from helpdesk_cli import __version__

        click.echo(f"helpdesk {__version__}")
        ctx.exit()


SHARED: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--config",),
        {
            "metavar": "FILE",
            "callback": _set_config,
            "help": "The configuration file; else $HELPDESK_CONFIG, yours, the system's.",
        },
    ),
    (
        ("--as",),
        {"metavar": "LOGIN", "callback": _set_login, "help": "Who acts; else $HELPDESK_STAFF, else you."},
    ),
    (("-v", "--verbose"), {"count": True, "callback": _louder, "help": "Say more."}),
    (("-q", "--quiet"), {"count": True, "callback": _quieter, "help": "Say less."}),
    (
        ("-V", "--version"),
        {"is_flag": True, "is_eager": True, "callback": _version, "help": "Show the version."},
    ),
)
"""The options that stand before or after the command alike, each time it is built anew."""

pass_call = click.make_pass_decorator(Call, ensure=True)


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of every command, and its function the ``Call`` as first argument.

    Stands directly above the function, below the command's own options.
    """
    wrapped: Callable[..., Any] = pass_call(_by_its_owner(function))
    for names, more in reversed(SHARED):
        wrapped = click.option(*names, expose_value=False, **more)(wrapped)
    return wrapped


def _by_its_owner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the store's owner do the work where the configuration says so (``[store] run_as``)."""

    @wraps(function)
    def called(call: Call, /, *args: Any, **arguments: Any) -> Any:
        place = click.get_current_context().command_path.partition(" ")[2]
        if call.hand_over is not None and (path := front.run_for_others(call.config, place)):
            code = call.hand_over(call, path, arguments)
            if code is not None:
                raise click.exceptions.Exit(code)
        return function(call, *args, **arguments)

    return called


class Noun(click.Group):
    """A group that takes the shared options before its command, and helps with a wrong word.

    ``add`` is ``new``'s other name wherever there is no ``add``. ``later`` names, in one text, the
    commands of a later version.
    """

    def __init__(self, *args: Any, later: str = "", **more: Any) -> None:
        options = [click.Option([*names], expose_value=False, **each) for names, each in SHARED]
        more["params"] = [*(more.get("params") or []), *options]
        super().__init__(*args, **more)
        self.later = frozenset(later.split())

    def own_command(self, name: str) -> click.Command | None:
        """The command of exactly that name."""
        return self.commands.get(name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return self.own_command(cmd_name) or (self.own_command("new") if cmd_name == "add" else None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        found = self.get_command(ctx, name)
        if found is not None:
            return found.name, found, args[1:]
        if name in self.later:
            raise click.UsageError(f"'{name}' comes in a later version", ctx)
        raise click.UsageError(f"'{name}' is no command{self._hint(ctx, name)}", ctx)

    def _hint(self, ctx: click.Context, name: str) -> str:
        """Which command somebody may have meant."""
        from difflib import get_close_matches

        known = self.list_commands(ctx)
        near = [each for each in SAID_ELSEWHERE.get(name, ()) if each in known]
        near = near or get_close_matches(name, known, n=1, cutoff=0.5)
        return f"; did you mean {' or '.join(repr(each) for each in near)}?" if near else ""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            # An option without its value does not say whose it is.
            if error.ctx is None and ctx.invoked_subcommand is not None:
                command = self.get_command(ctx, ctx.invoked_subcommand)
                if command is not None:
                    error.ctx = click.Context(command, info_name=command.name, parent=ctx)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


# The desk


@contextmanager
def desk(call: Call, *, is_job: bool = False, is_upkeep: bool = False) -> "Iterator[Desk]":
    """The desk that this call names; jobs act as the system, and in upkeep the store's owner as an admin."""
    from helpdesk_cli.services.desk import open_desk

    with open_desk(call.config, login=call.login, is_job=is_job, is_upkeep=is_upkeep) as opened:
        gc.freeze()  # what start-up made stays; from here on there is garbage, and jobs may be long
        gc.enable()
        yield opened


def rests(call: Call, paused: "Sequence[Pause]", job: str) -> bool:
    """Whether a job is paused; with ``-v`` say what is and why."""
    from helpdesk_cli.services import pauses

    pause = pauses.of_job(paused, job)
    if call.verbosity > 0:
        from helpdesk_cli.cli.output import say

        for each in [pause] if pause else paused:
            if each is pause or each.what.startswith(pauses.BOX):
                say(pauses.told(each))
    return pause is not None


# From the words to an exit code


def run(command: click.Command, words: Sequence[str], hand_over: HandOver | None = None) -> int:
    """Run the program and return its exit code; every failure has been told by then."""
    _fill_gaps()
    try:
        _refuse_bytes(words)
        with command.make_context("helpdesk", list(words), obj=Call(hand_over=hand_over)) as ctx:
            command.invoke(ctx)
        sys.stdout.flush()
        return 0
    except BaseException as error:  # noqa: BLE001 the one place where all of them end
        return told(error)


def _refuse_bytes(words: Sequence[str]) -> None:
    """Raise Usage for a word that is no text; only the name of a file may be such bytes."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            if not any(os.path.lexists(name) for name in (word, word.partition("=")[2])):
                raise click.UsageError(f"{word}: is not written in UTF-8") from None


def run_silently(command: click.Command, words: Sequence[str], receipt: Callable[[], None]) -> None:
    """Run ``receive``; what fails goes to the system's log, as nobody reads a mail server's pipe."""
    try:
        with command.make_context("helpdesk", list(words), obj=Call(receipt=receipt)) as ctx:
            command.invoke(ctx)
    except BaseException as error:
        log_failure(error)
        raise


def _fill_gaps() -> None:
    """Open closed standard streams on nothing, so that no file of ours gets their numbers.

    And what cannot be written in the terminal's character set is written as an escape.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            try:
                os.fstat(number)
            except OSError:
                os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
