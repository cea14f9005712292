"""What the desk's admin looks at: mailboxes, the configuration, and everything at once."""

from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli import output
from helpdesk_cli.cli.app import Call, Noun, desk, shared
from helpdesk_cli.cli.lists import as_json, listed
from helpdesk_cli.cli.output import Asked, Column, Sheet
from helpdesk_cli.errors import ranked

if TYPE_CHECKING:
    from helpdesk_cli.services.findings import Check


@click.group("mailbox", cls=Noun, epilog="Example: helpdesk mailbox test support")
def mailbox() -> None:
    """Look at the mailboxes that are fetched."""


MAILBOXES = Sheet(
    columns=tuple(map(Column, ("name", "kind", "place", "department", "after", "fetched_at", "error"))),
    table=("name", "kind", "place", "department", "after", "fetched_at", "error"),
    lines=("name", "kind", "place", "department", "after", "fetched_at", "error"),
    number="name",
)


@mailbox.command("list", epilog="Example: helpdesk mailbox list")
@listed
@shared
def mailbox_list(call: Call, asked: Asked) -> None:
    """List the mailboxes, when each was fetched and what went wrong."""
    from helpdesk_cli.services.doctor import noted_mailboxes

    with desk(call) as opened:
        rows = [
            {
                "name": name,
                "kind": each.kind,
                "place": each.path or (f"{each.username} at {each.host}" if each.host else None),
                "department": each.department or None,
                "after": each.after,
                "fetched_at": noted.succeeded_at if noted else None,
                "failed_at": noted.failed_at if noted else None,
                "error": (noted.error if noted else "") or None,
            }
            for name, each, noted in noted_mailboxes(opened)
        ]
    output.show_rows(MAILBOXES, rows[: asked.limit], asked, empty="there is no mailbox")


@mailbox.command("test", epilog="Example: helpdesk mailbox test support")
@click.argument("name")
@as_json
@shared
def mailbox_test(call: Call, name: str, as_json: bool) -> None:
    """Open a mailbox, say what is there, and change nothing.

    'helpdesk fetch-mail NAME -n' says what each message would become.
    """
    from helpdesk_cli.services.doctor import try_mailbox

    with desk(call, is_job=True) as opened:
        checks = [try_mailbox(opened, name)]
    _tell(checks, as_json=as_json)


@click.group("config", cls=Noun, epilog="Example: helpdesk config check")
def config() -> None:
    """Look at the configuration."""


@config.command(
    "check",
    epilog="""\b
Examples:
  helpdesk config check
  helpdesk config check --config new.toml""",
)
@as_json
@shared
def config_check(call: Call, as_json: bool) -> None:
    """Say every fault of the configuration and of the files that it names."""
    from helpdesk_cli.config import load
    from helpdesk_cli.errors import BadConfig
    from helpdesk_cli.services.doctor import untranslated
    from helpdesk_cli.services.samples import broken_templates

    try:
        settings = load(call.config, thoroughly=True)
    except BadConfig as failure:
        if as_json:
            output.show_json({"path": None, "faults": list(failure.faults), "warnings": []})
        raise
    warnings, faults = [*filter(None, [untranslated(settings)])], broken_templates(settings)
    for words in warnings:
        output.warn(words)
    if as_json:
        output.show_json({"path": settings.source, "faults": faults, "warnings": warnings})
    if faults:
        raise BadConfig(*faults)
    if not as_json and call.verbosity >= 0:
        output.put(output.line(f"{settings.source}: in order"))


@config.command(
    "show",
    epilog="""\b
Examples:
  helpdesk config show
  helpdesk config show --json""",
)
@as_json
@shared
def config_show(call: Call, as_json: bool) -> None:
    """Show every setting in force, defaults among them, passwords not."""
    from helpdesk_cli.config import load
    from helpdesk_cli.config.shown import shown

    values = shown(load(call.config))
    if as_json:
        output.show_json(values)
    else:
        output.put("\n".join(output.line(line) for line in lines_of(values)))


def lines_of(values: dict[str, Any], before: str = "") -> list[str]:
    """Settings as lines that the file could hold: ``mailbox.support.kind = "imap"``."""
    from msgspec import json

    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, dict):
            lines += lines_of(value, f"{before}{key}.")
        elif value is not None:
            lines.append(f"{before}{key} = {json.encode(value).decode()}")
    return lines


@config.command("path", epilog="Example: helpdesk config path")
@as_json
@shared
def config_path(call: Call, as_json: bool) -> None:
    """Name the configuration file that is used."""
    from helpdesk_cli.config.find import find

    path = find(call.config)
    if as_json:
        output.show_json({"path": path})
    else:
        output.put(output.safe(path))


@click.command(
    "doctor",
    epilog="""\b
Examples:
  helpdesk doctor
  helpdesk doctor --send-test you@example.com""",
)
@click.option("--send-test", metavar="ADDR", help="Send a test mail there by every transport.")
@as_json
@shared
def doctor(call: Call, send_test: str | None, as_json: bool) -> None:
    """Try every server, file and permission; say what to do next.

    Nothing is fetched or changed. Warnings are what works but will surprise somebody; the exit code
    speaks of failures alone.
    """
    from helpdesk_cli.cli import front
    from helpdesk_cli.services.doctor import examine

    if front.held is not None:
        with desk(call, is_job=True):
            pass  # only an admin sees how the owner's side is
    checks = []
    for check in examine(call.config, send_test=send_test):
        checks.append(check)
        if not as_json:
            _show(check, is_quiet=call.verbosity < 0)
    _tell(checks, as_json=as_json, is_shown=True)


def _tell(checks: "list[Check]", *, as_json: bool, is_shown: bool = False) -> None:
    """Show what was found, and end with the exit code of what failed."""
    if as_json:
        output.show_json(
            [
                {"name": each.name, "level": each.level, "text": each.text, "hint": each.hint or None}
                for each in checks
            ]
        )
    elif not is_shown:
        for check in checks:
            _show(check)
    codes = [check.code for check in checks if check.code]
    if codes:
        raise click.exceptions.Exit(ranked(codes))


def _show(check: "Check", *, is_quiet: bool = False) -> None:
    if is_quiet and check.level == "ok":
        return
    output.put(f"{check.level:4}  {check.name}: {output.line(check.text)}")
    if check.hint:
        output.put(f"      → {output.line(check.hint)}")
