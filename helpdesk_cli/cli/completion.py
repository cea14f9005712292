"""``completion``, and what it makes the shell ask: which words may stand here. ``__main__`` answers by ``answer``.

The shell's part and the finding of the place are click's. What may stand there is told by the parameter's
name, so that every command that has such a parameter completes it.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli import front
from helpdesk_cli.cli.app import Call, shared

if TYPE_CHECKING:
    from threading import Timer

ASKED = "_HELPDESK_COMPLETE"
"""The variable by which the shell asks."""

SECONDS = 2.0
"""Nobody waits longer for a word: a store that is away offers none."""

OWNER_SECONDS = 8.0
"""But where sudo starts the owner's side, two programs begin, which takes its time on a busy machine."""

KINDS = {
    "number": "tickets",
    "numbers": "tickets",
    "into": "tickets",
    "others": "tickets",
    "stage": "stage",
    "department": "department",
    "priority": "priority",
    "category": "category",
    "type": "type",
    "login": "logins",
    "assignee": "logins",
    "deputy": "logins",
    "mailbox": "mailboxes",
    "names": "mailboxes",
    "job": "jobs",
    "template": "replies",
    "saved": "filters",
    "sort": "orders",
}
"""By a parameter's name: what ``services.completing`` offers."""

METAVARS = {
    "N": "tickets",
    "LOGIN": "logins",
    "STAGE": "stage",
    "DEPARTMENT": "department",
    "MAILBOX": "mailboxes",
}
"""And by what its help calls it, where the name says nothing."""

OF_STORE = ("tickets", "closed tickets", "logins", "replies")
"""What only the store's owner can tell, or may have in a folder of their own."""

PLACES = {"FILE": "file", "PATH": "file", "DIR": "dir"}
"""Of these the shell knows more than we do."""


@click.command(
    "completion",
    epilog="""\b
Examples:
  helpdesk completion bash > ~/.local/share/bash-completion/completions/helpdesk
  helpdesk completion zsh > ~/.zfunc/_helpdesk
  helpdesk completion fish > ~/.config/fish/completions/helpdesk.fish""",
)
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(("bash", "zsh", "fish")))
@shared
def completion(call: Call, shell: str) -> None:  # noqa: ARG001 every command has it
    """Print what makes a shell complete commands and numbers.

    Put it where your shell looks for completions, and begin a new one.
    """
    asker = _asker(shell, click.get_current_context().find_root().command)
    click.echo(asker.source_template % asker.source_vars(), nl=False)


def _asker(shell: str, root: click.Command) -> Any:
    """click's part for a shell, with our answers."""
    from click.shell_completion import get_completion_class

    base: Any = get_completion_class(shell)

    class Asker(base):  # type: ignore[misc]
        def get_completions(self, args: list[str], incomplete: str) -> list[Any]:
            return offered(self.cli, args, incomplete)

    return Asker(root, {"obj": Call()}, "helpdesk", ASKED)


def answer(root: click.Command) -> int:
    """Answer the shell; nothing where anything fails, and 0 in any case."""
    wait(SECONDS)
    told, nowhere = sys.stdout, open(os.devnull, "r+")  # noqa: SIM115, PTH123
    sys.stdin = sys.stdout = sys.stderr = nowhere
    try:
        text = _asker(os.environ[ASKED].partition("_")[0], root).complete()
    except BaseException:  # noqa: BLE001 somebody is typing
        return 0
    finally:
        sys.stdout = told
    try:
        told.buffer.write(text.encode("utf-8", "replace") + b"\n")
        told.flush()
    except (OSError, AttributeError):
        pass  # nobody listens any more
    return 0


_waiting: "Timer | None" = None


def wait(seconds: float) -> None:
    """Let this process end in so many seconds from now, with nothing offered, whatever was said before."""
    global _waiting
    from threading import Timer

    if _waiting is not None:
        _waiting.cancel()
    _waiting = Timer(seconds, os._exit, (0,))
    _waiting.daemon = True
    _waiting.start()


def offered(cli: click.Command, args: list[str], incomplete: str) -> list[Any]:
    """What may stand at the end of these words."""
    from click.shell_completion import _resolve_context, _resolve_incomplete

    ctx = _resolve_context(cli, {"obj": Call()}, "helpdesk", args)
    place, incomplete = _resolve_incomplete(ctx, args, incomplete)
    if isinstance(place, click.Group) and not incomplete.startswith("-"):
        return _commands(place, incomplete)
    if not isinstance(place, click.Parameter):
        return place.shell_complete(ctx, incomplete)
    found = _values(ctx, place, incomplete)
    if place.nargs == -1:
        # Behind any number of tickets a stage may stand, or a login: the word may be either.
        behind = ctx.command.params[ctx.command.params.index(place) + 1 :] if args[-1:] else []
        for each in behind:
            found += _values(ctx, each, incomplete) if isinstance(each, click.Argument) else []
        return [item for item in found if item.value not in args]
    return found


def _commands(group: click.Group, incomplete: str) -> list[Any]:
    """The commands of a group; those that are loaded late from the group's own table."""
    from click.shell_completion import CompletionItem

    table = getattr(sys.modules[type(group).__module__], "COMMANDS", None)
    if table is None:
        table = {name: ("", each.get_short_help_str(60)) for name, each in group.commands.items()}
    return [
        CompletionItem(name, help=words) for name, (_, words) in table.items() if name.startswith(incomplete)
    ]


def kind_of(ctx: click.Context, param: click.Parameter) -> str:
    """What a parameter takes: a kind of ``services.completing``, ``file``, ``dir``, or ""."""
    metavar = (param.metavar or "").strip("[]").partition("|")[0].partition(" ")[0]
    if param.name == "name" and ctx.command_path.endswith("mailbox test"):
        return "mailboxes"
    kind = KINDS.get(param.name or "") or METAVARS.get(metavar) or PLACES.get(metavar, "")
    return "closed tickets" if kind == "tickets" and ctx.info_name == "reopen" else kind


def _values(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The values of a parameter; click knows those of a choice."""
    from click.shell_completion import CompletionItem

    kind = kind_of(ctx, param)
    if kind in PLACES.values():
        return [CompletionItem(incomplete, type=kind)]
    if not kind:
        return param.shell_complete(ctx, incomplete)
    call = ctx.find_object(Call) or Call()
    found = _choices(call, kind, incomplete)
    if kind == "tickets" and "LOGIN" in (param.metavar or ""):  # N … [LOGIN]
        found += _choices(call, "logins", incomplete)
    known = {value for value, _ in found}
    # LOGIN|none|auto: behind the first stand words of their own.
    others = (param.metavar or "").strip("[]").split("|")[1:]
    found += [(word, "") for word in others if word.startswith(incomplete) and word not in known]
    return [CompletionItem(value, help=words) for value, words in found]


def _choices(call: Call, kind: str, typed: str) -> list[tuple[str, str]]:
    """What may stand here; what is in the store the owner tells, where another account owns it."""
    from helpdesk_cli.services.completing import choices, may_be_ticket

    if kind in ("tickets", "closed tickets") and not may_be_ticket(typed):
        return []
    if kind in OF_STORE and (path := front.run_for_others(call.config, "")):
        from helpdesk_cli.cli.behalf import caller

        if owner := caller.owner_named(path):
            wait(OWNER_SECONDS)
            return caller.complete(path, owner, kind, typed)
    return choices(kind, typed, config=call.config, login=call.login)
