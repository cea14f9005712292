"""``run-rules`` and ``rule …``: what the desk does by itself."""

import sys
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import front, output, shapes
from helpdesk_cli.cli.app import Call, Noun, desk, rests, shared
from helpdesk_cli.cli.failures import fail
from helpdesk_cli.cli.lists import as_json, listed
from helpdesk_cli.cli.output import INDENT, Asked, Column, Sheet
from helpdesk_cli.errors import DeskError, Failed, Usage

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.rules import Report, RunReport
    from helpdesk_cli.services.rules.trying import Trial


@click.command(
    "run-rules",
    epilog="""\b
Examples:
  helpdesk run-rules
  helpdesk run-rules --dry-run
  helpdesk run-rules -v""",
)
@click.option(
    "-n", "--dry-run", is_flag=True, help="Say which rule would do what to which ticket; write nothing."
)
@as_json
@shared
def run_rules(call: Call, dry_run: bool, as_json: bool) -> None:
    """Do what time brings: the site's rules of time, then the built-in ones.

    Each rule takes so many tickets at most as tickets_per_rule says; the rest waits for the next run. Where
    another run is at work, this one ends at once. What rules send leaves at the next notify.
    """
    with desk(call, is_job=True) as opened:
        report = _run(call, opened, dry_run)
    if as_json:
        output.show_json(shapes.rules_run(report))
    elif dry_run:
        _show_foreseen(report)
    if call.verbosity > 0:
        _say(report)
    if errors := _errors(report):
        fail(errors)


def _run(call: Call, opened: "Desk", dry_run: bool) -> "RunReport":
    """Do what time brings, or foresee it, unless that job is paused."""
    from helpdesk_cli.services import health, pauses, rules

    if not dry_run and rests(call, pauses.standing(opened), "run-rules"):
        return rules.RunReport()
    began = opened.clock()
    with output.progress("rules") as progress:
        report = rules.run(opened, dry_run=dry_run, progress=progress)
    if not dry_run:
        health.note(opened, "run-rules", began, _errors(report))
    return report


def _errors(report: "RunReport") -> list[DeskError]:
    return [Failed(f"rule {one.name}: {one.error}") for one in report.rules if one.error]


def _show_foreseen(report: "RunReport") -> None:
    """A line for each rule and ticket, and what would be done."""
    for one in report.rules:
        for number in one.tickets:
            output.put("\t".join((output.line(one.name), str(number), output.line(one.then))))
        if one.left:
            output.say(f"{one.name}: {one.left:,} more would wait for the next run")


def _say(report: "RunReport") -> None:
    if report.is_busy:
        output.say("another run is at work")
        return
    if report.renewed:
        output.say(f"service levels: {report.renewed:,} tickets follow the configuration")
    for one in report.rules:
        output.say(run_line(one))


def run_line(one: "Report") -> str:
    """What a rule did: ``urgent: 3 tickets; 12 wait for the next run``."""
    told = f"{one.fired:,} ticket{'' if one.fired == 1 else 's'}" if one.fired else "nothing to do"
    if one.refused:
        told += f", {len(one.refused):,} of them in vain; 'helpdesk ticket log {one.refused[0]}' says why"
    return f"{one.name}: {told}" + (f"; {one.left:,} wait for the next run" if one.left else "")


@click.group("rule", cls=Noun, epilog="Example: helpdesk rule list")
def rule() -> None:
    """Look at the rules by which the desk works by itself."""


RULES = Sheet(
    columns=(
        Column("name", "Rule"),
        Column("builtin", "Built in"),
        Column("enabled", "On"),
        Column("when", "When"),
        Column("if", "If", weight=2),
        Column("then", "Then", weight=2),
        Column("fired", "Fired", "number"),
        Column("fired_at", "Last", "age"),
    ),
    table=("name", "builtin", "enabled", "when", "if", "then", "fired", "fired_at"),
    lines=("name", "builtin", "enabled", "when", "if", "then", "fired", "fired_at"),
    number="name",
)


@rule.command(
    "list",
    epilog="""\b
Examples:
  helpdesk rule list
  helpdesk rule list --json""",
)
@listed
@shared
def list_(call: Call, *, asked: Asked) -> None:
    """List all rules in the order in which they are tried, the built-in ones last.

    With on how many tickets each did its work since it is there, and when last.
    """
    from helpdesk_cli.services import rules

    with desk(call) as opened:
        found = [shapes.rule(row) for row in rules.listing(opened)]
        now = opened.clock()
    output.show_rows(RULES, found[: asked.limit], asked, now=now, total=len(found))


@rule.command(
    "test",
    epilog="""\b
Examples:
  helpdesk rule test mail.eml
  helpdesk rule test - --mailbox support < mail.eml""",
)
@click.argument("file", metavar="FILE|-")
@click.option("--mailbox", metavar="NAME", help="As if it came through this mailbox; else the first.")
@as_json
@shared
def test(call: Call, file: str, *, mailbox: str | None, as_json: bool) -> None:
    """Say which rules would fire on a mail, and of the others which condition did not hold.

    Nothing is written and nothing is sent. 'helpdesk inbox explain' says what else would become of the mail.
    """
    from helpdesk_cli.services.rules import trying

    data = _bytes_of(file)
    with desk(call) as opened:
        trial = trying.tried_on(opened, data, mailbox=mailbox)
    if as_json:
        output.show_json(shapes.rules_tried(trial))
    else:
        output.show_page(_lines(trial))


def _bytes_of(file: str) -> bytes:
    """A mail from a file, or from standard input. Raises Usage."""
    if file == "-":
        return sys.stdin.buffer.read()
    if front.held is not None:
        return front.held.read("mail", file)
    try:
        with open(file, "rb") as opened:  # noqa: PTH123
            return opened.read()
    except OSError as error:
        raise Usage(f"{file}: {error.strerror}; name a file, or -") from None


def _lines(trial: "Trial") -> list[output.Line]:
    decision = trial.found.tried[-1][1]
    outcome = f"{decision.outcome.value} ({decision.reason})" if decision is not None else "nothing"
    lines: list[output.Line] = [("bold", 0, f"-- the mail becomes {outcome}")]
    for one in trial.rules:
        sign, style = ("✓", "bold green") if one.fires else ("–", "dim")
        lines.append((style, INDENT, f"{sign} {output.line(one.name)}: {output.line(one.why)}"))
        if one.fires:
            lines.append(("", 2 * INDENT, f"{one.event}: {output.line(one.then)}"))
    if not trial.rules:
        lines.append(("", INDENT, "there is no rule"))
    hears = [
        ("", INDENT, f"{output.line(one.kind)} to {output.line(one.address)}") for one in trial.found.hears
    ]
    return [
        *lines,
        ("", 0, ""),
        ("bold", 0, "-- who hears, unless a limit stops it"),
        *(hears or [("", INDENT, "nobody")]),
    ]
