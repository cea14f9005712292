"""Write the man pages: one for the program, one for each of its commands, from the program itself.

    .venv/bin/python scripts/manpages.py DIR        helpdesk.1, helpdesk-ticket.1 … in that folder

It is also a hook of the build: the wheel carries them to share/man/man1 of wherever it is installed.
"""

import inspect
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

import click  # noqa: E402

from helpdesk_cli import __version__  # noqa: E402
from helpdesk_cli.cli import COMMANDS, SECTIONS, root  # noqa: E402
from helpdesk_cli.cli.app import SHARED  # noqa: E402

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, where nothing is built
    BuildHookInterface = object  # type: ignore[assignment,misc]

FILES = {
    "~/.config/helpdesk/helpdesk.toml": "the configuration of a user, below $XDG_CONFIG_HOME where that is set",
    "/etc/helpdesk/helpdesk.toml": "the configuration of the system",
}
ENVIRONMENT = {
    "HELPDESK_CONFIG": "the configuration file, where --config names none",
    "HELPDESK_STAFF": "who acts, where --as names nobody",
    "VISUAL, EDITOR, PAGER, NO_COLOR": "as everywhere",
}


def escaped(text: str) -> str:
    """A text as roff reads it: every character itself, no line a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in text)
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.M)


def bold(text: str) -> str:
    return f"\\fB{escaped(text)}\\fR"


def paragraphs(text: str | None) -> Iterator[str]:
    """A help text; examples stay as they are written."""
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text or "").strip()):
        examples = re.match(r"(?:\x08\n)?Examples?:\s+(.*)", part, re.S)
        if examples:
            lines = (escaped(line.strip()) for line in examples[1].splitlines())
            yield "\n".join([".PP", ".RS 4", ".nf", *lines, ".fi", ".RE"])
        elif part:
            yield f".PP\n{escaped(' '.join(part.split()))}"


def options(ctx: click.Context, *, shared: bool = False) -> Iterator[str]:
    """The options of a command, or those of every command."""
    names = {name for each, _ in SHARED for name in each}
    for param in ctx.command.params:
        if isinstance(param, click.Option) and names.isdisjoint(param.opts) is not shared:
            value = "" if param.is_flag or param.count else f" \\fI{escaped(param.make_metavar(ctx))}\\fR"
            yield f".TP\n{', '.join(map(bold, param.opts))}{value}\n{escaped(param.help or '')}"


def usage(ctx: click.Context) -> str:
    words = " ".join(ctx.command.collect_usage_pieces(ctx))
    return f"{bold(ctx.command_path)} {escaped(words)}"


def head(name: str, line: str) -> Iterator[str]:
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    yield f'.TH "{escaped(name.upper())}" "1" "{day}" "helpdesk {__version__}" "Help desk"'
    yield f".SH NAME\n{escaped(name)} \\- {escaped(line[:1].lower() + line[1:].rstrip('.'))}"


def own_page(name: str, ctx: click.Context) -> Iterator[str]:
    """The page of a command, with what is below it."""
    inner = [ctx]
    if isinstance(ctx.command, click.Group):
        found = ((each, ctx.command.get_command(ctx, each)) for each in ctx.command.list_commands(ctx))
        inner = [click.Context(each, parent=ctx, info_name=word) for word, each in found if each]
        groups = [one for one in inner if isinstance(one.command, click.Group)]
        for group in groups:  # client address add
            inner.remove(group)
            for word, each in group.command.commands.items():  # type: ignore[attr-defined]
                inner.append(click.Context(each, parent=group, info_name=word))
    yield from head(f"helpdesk-{name}", COMMANDS[name][1])
    yield ".SH SYNOPSIS\n" + "\n.br\n".join(map(usage, inner))
    yield ".SH DESCRIPTION"
    yield from paragraphs(ctx.command.help)
    if inner == [ctx]:
        rows = list(options(ctx))
        yield from [".SH OPTIONS", *rows] if rows else []
        yield ".SH EXAMPLES"
        yield from paragraphs(ctx.command.epilog)
    else:
        yield ".SH COMMANDS"
        for each in inner:
            yield f".SS {escaped(each.command_path)}"
            yield from (*paragraphs(each.command.help), *options(each), *paragraphs(each.command.epilog))
    yield ".SH SEE ALSO\n.BR helpdesk (1),\nwhich tells the options of every command, and the exit codes."


def first_page(ctx: click.Context) -> Iterator[str]:
    """The page of the program."""
    yield from head("helpdesk", root.help or "")
    yield f".SH SYNOPSIS\n{bold('helpdesk')} [\\fIoptions\\fR] \\fIcommand\\fR …".replace("…", "\\[u2026]")
    yield ".SH DESCRIPTION"
    yield from paragraphs(root.help)
    for title, names in SECTIONS.items():
        yield f".SS {escaped(title)}"
        for name in names:
            yield f".TP\n.BR {escaped(f'helpdesk-{name}')} (1)\n{escaped(COMMANDS[name][1])}"
    yield ".SH OPTIONS\nThey may stand before or after the command."
    yield from options(ctx, shared=True)
    yield ".SH EXIT STATUS"
    codes = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for code, words in re.findall(r"^\| (\d+) \| (.*) \|$", codes, re.M):
        yield f".TP\n{bold(code)}\n{escaped(words.replace('`', '').replace(chr(92) + '|', '|'))}"
    for title, rows in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        yield f".SH {title}"
        yield from (f".TP\n{bold(name)}\n{escaped(words)}" for name, words in rows.items())


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    ctx = click.Context(root, info_name="helpdesk")
    found = {"helpdesk.1": first_page(ctx)}
    for name in root.list_commands(ctx):
        command = root.get_command(ctx, name)
        assert command is not None
        found[f"helpdesk-{name}.1"] = own_page(name, click.Context(command, parent=ctx, info_name=name))
    return {
        name: re.sub(r"(\.S[HS] .*\n)\.PP\n", r"\1", "\n".join(page) + "\n") for name, page in found.items()
    }


def write(folder: Path) -> list[Path]:
    """Write every page into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="ascii")
    return sorted(folder / name for name in pages())


class Pages(BuildHookInterface):
    """Hatch's hook: the pages become data of the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 hatch's signature
        for path in write(Path(mkdtemp(prefix="helpdesk-man-"))):
            build_data["shared_data"][str(path)] = f"share/man/man1/{path.name}"


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: scripts/manpages.py DIR")
    write(Path(sys.argv[1]))
