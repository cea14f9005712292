"""The jobs: what cron and a mail server's administrator run. Silent on success unless asked with ``-v``.

Most runs find nothing to do and have nothing to say, so that what speaks is imported where it is needed.
"""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli.app import Call, desk, rests, shared
from helpdesk_cli.cli.failures import about, fail
from helpdesk_cli.errors import DeskError, Failed, StoreAway

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk
    from helpdesk_cli.services.first_run import Piece
    from helpdesk_cli.services.line import MailboxReport
    from helpdesk_cli.services.outgoing import SendReport

LIMIT = click.IntRange(min=1)

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of words.")


@click.command(
    "init",
    epilog="""\b
Examples:
  helpdesk init
  helpdesk init /srv/helpdesk""",
)
@click.argument("folder", metavar="[DIR]", required=False)
@as_json
@shared
def init(call: Call, folder: str | None, as_json: bool) -> None:
    """Write the configuration, the key and the store.

    The configuration is the file that --config names, else DIR/helpdesk.toml, else your own; the key and
    the store lie beside it, or where it says. What is there is left as it is.
    """
    from helpdesk_cli.cli import output
    from helpdesk_cli.cli.front import only_here
    from helpdesk_cli.services.first_run import place_for, set_up

    only_here("init")
    pieces = set_up(place_for(call.config, folder))
    if as_json:
        output.show_json({piece.what: {"path": piece.path, "new": piece.is_new} for piece in pieces})
        return
    if call.verbosity < 0:
        return
    for piece in pieces:
        output.put(output.line(f"{'made' if piece.is_new else 'kept'}  {piece.what:13}  {piece.path}"))
    output.put(output.safe(next_steps(pieces)))


def next_steps(pieces: "list[Piece]") -> str:
    """What somebody does after ``init``, as they type it."""
    from shlex import join, quote

    from helpdesk_cli.config.find import user_file
    from helpdesk_cli.services.placing import program

    file = pieces[0].path
    with_config = "" if file == user_file() else f" --config {quote(file)}"
    cron = f"{join(program())}{with_config} cron".replace("%", r"\%")  # cron looks in few places for programs
    edit = f"write your mail server into {file}, at the lines marked >>>" if pieces[0].is_new else ""
    steps = [
        edit,
        f"helpdesk{with_config} staff new LOGIN --name NAME --email ADDRESS --role admin",
        f"helpdesk{with_config} staff join LOGIN support",
        f"helpdesk{with_config} doctor",
        f"crontab -e:  * * * * * {cron}",
    ]
    if pieces[-1].path.startswith("postgres"):
        steps.append("on each other host: a copy of the configuration and the key, and the same crontab")
    lines = [f"  {number}. {step}" for number, step in enumerate(filter(None, steps), 1)]
    return "\n".join(
        ["", "Next:", *lines, "", "Keep a copy of the key: answers to your mails are known by it."]
    )


@click.command(
    "fetch-mail",
    epilog="""\b
Examples:
  helpdesk fetch-mail
  helpdesk fetch-mail support -v
  helpdesk fetch-mail --dry-run --limit 20""",
)
@click.argument("names", metavar="[MAILBOX …]", nargs=-1)
@click.option("-L", "--limit", metavar="N", type=LIMIT, help="At most so many messages of each mailbox.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be fetched and decided; write nothing.")
@as_json
@shared
def fetch_mail(call: Call, names: tuple[str, ...], limit: int | None, dry_run: bool, as_json: bool) -> None:
    """Fetch the mail of every mailbox, or of those named.

    Each message is kept before the server is told, and becomes a ticket, an answer on one, or what
    'helpdesk inbox list' shows. A mailbox that another run is fetching is left to that run.
    """
    with desk(call, is_job=True) as opened:
        reports = (
            _foresee(opened, names, limit, as_json=as_json) if dry_run else _fetch(call, opened, names, limit)
        )
    if as_json and not dry_run:
        from helpdesk_cli.cli import output, shapes

        output.show_json(shapes.fetched(reports))
    _end(call, reports)


def _fetch(call: Call, opened: "Desk", names: tuple[str, ...], limit: int | None) -> "list[MailboxReport]":
    """Fetch but what is paused."""
    from helpdesk_cli.services import health, incoming, pauses

    paused = pauses.standing(opened)
    if rests(call, paused, "fetch-mail"):
        return []
    tell_skew(opened)
    began, but = opened.clock(), pauses.boxes(paused)
    with bar("fetching") as progress:
        reports = incoming.fetch_mail(opened, names, but=but, limit=limit, progress=progress)
    health.note(opened, "fetch-mail", began, _failures(reports))
    tell_log(opened)
    return reports


def _failures(reports: "list[MailboxReport]") -> list[DeskError]:
    """What failed, with the mailbox it failed on. That the store is away is no mailbox's fault, and told once."""
    failed = [(report.name, report.failure) for report in reports if report.failure is not None]
    away = [why for _, why in failed if isinstance(why, StoreAway)]
    return [about(name, why) for name, why in failed if not isinstance(why, StoreAway)] + away[:1]


def tell_skew(opened: "Desk") -> None:
    """Say once a day that this host's clock is wrong: cron mails it to somebody. The job goes on all the same."""
    from helpdesk_cli.services.desk import skew_to_tell

    if words := skew_to_tell(opened):
        from helpdesk_cli.cli import output

        output.warn(f"{words}; set it; until then the database's is believed")


def tell_log(opened: "Desk") -> None:
    """Say once a day that the log cannot be written. The job goes on all the same."""
    if opened.settings.log.to == "none":
        return
    from helpdesk_cli.services import trail

    if words := trail.to_tell(opened):
        from helpdesk_cli.cli import output

        output.warn(words)


def bar(label: str) -> Any:
    """A progress bar where somebody watches, else nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext()
    from helpdesk_cli.cli import output

    return output.progress(label)


def _foresee(
    opened: "Desk", names: tuple[str, ...], limit: int | None, *, as_json: bool
) -> "list[MailboxReport]":
    """Show what a run would bring: the promised shape with the messages, or a line a message."""
    from helpdesk_cli.cli import output, shapes
    from helpdesk_cli.services import preview

    foreseen = preview.fetch(opened, names, limit=limit)
    reports = [report for report, _ in foreseen]
    rows = [
        {
            "mailbox": one.mailbox,
            "outcome": one.outcome,
            "reason": one.reason or None,
            "ticket": one.ticket,
            "from": one.sender or None,
            "subject": one.subject,
            "size": one.size,
        }
        for _, messages in foreseen
        for one in messages
    ]
    if as_json:
        output.show_json({**shapes.fetched(reports), "messages": rows})
        return reports
    for row in rows:
        output.put("\t".join("" if value is None else output.line(str(value)) for value in row.values()))
    return reports


def _end(call: Call, reports: "list[MailboxReport]", refused: Sequence[DeskError] = ()) -> None:
    """Tell what was done, where that was asked for, and what failed; ``refused`` is what was not even begun."""
    if call.verbosity > 0:
        from helpdesk_cli.cli import output

        for report in reports:
            output.say(report.words())
    if failures := [*refused, *_failures(reports)]:
        fail(failures)


@click.command(
    "import",
    epilog="""\b
Examples:
  helpdesk import ~/Maildir
  helpdesk import old.mbox more.mbox letter.eml --mailbox support -v""",
)
@click.argument("paths", metavar="PATH …", nargs=-1, required=True)
@click.option("--mailbox", metavar="NAME", help="The mailbox whose rules hold; else the first one.")
@as_json
@shared
def import_(call: Call, paths: tuple[str, ...], mailbox: str | None, as_json: bool) -> None:
    """Take in Maildirs, mbox files and .eml files as history.

    They become closed tickets, and nobody is answered. The same mail is never taken in twice, so an
    import may be repeated. The files stay as they are.
    """
    from pathlib import Path

    from helpdesk_cli.cli.front import only_here
    from helpdesk_cli.services import incoming

    with desk(call, is_job=True) as opened, bar("importing") as progress:
        only_here(f"import {paths[0]}")
        incoming.named_mailboxes(opened, [mailbox] if mailbox else [])
        name = mailbox or next(iter(opened.settings.mailbox))
        places, refused = [], []
        for path in paths:
            try:
                places += [Path(path)] if holds_mail(path) else []
            except Failed as error:
                refused.append(error)
        report = incoming.import_mail(opened, places, mailbox=name, progress=progress)
    if as_json:
        from helpdesk_cli.cli import output, shapes

        output.show_json(shapes.fetched([report]))
    _end(call, [report], refused)


def holds_mail(path: str) -> bool:
    """Whether a path leads to mail; an empty file is an empty mbox.

    Raises Failed for what is not there, and for a file that does not begin as a mail or an mbox does.
    """
    import os
    import re
    import stat

    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
        if stat.S_ISDIR(mode):
            return True
        begin = b"?"
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:  # noqa: PTH123
                begin = file.read(4096)
    except FileNotFoundError:
        raise Failed(f"{path}: no such file or directory") from None
    except OSError:
        return True  # told by who opens it
    if begin and not re.match(rb"(\xef\xbb\xbf)?\s*(>?From |[A-Za-z][A-Za-z0-9_.-]*[ \t]*:)", begin):
        raise Failed(f"{path}: is no mail; name Maildirs, mbox files and .eml files")
    return bool(begin)


@click.command(
    "notify",
    epilog="""\b
Examples:
  helpdesk notify
  helpdesk notify --dry-run""",
)
@click.option("-L", "--limit", metavar="N", type=LIMIT, help="At most so many letters.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be sent; send nothing.")
@as_json
@shared
def notify(call: Call, limit: int | None, dry_run: bool, as_json: bool) -> None:
    """Send what is due.

    A letter that a server does not take for now is tried again later, for five days; one that it refuses
    is told here and listed by 'helpdesk outbox list'.
    """
    from helpdesk_cli.services import health, outgoing, pauses

    with desk(call, is_job=True) as opened:
        if dry_run:
            _show_due(opened, limit, as_json=as_json)
            return
        if rests(call, pauses.standing(opened), "notify"):
            report = outgoing.SendReport(queued=outgoing.waiting(opened))
        else:
            tell_skew(opened)
            began = opened.clock()
            with bar("sending") as progress:
                report = outgoing.notify(opened, limit=limit, progress=progress)
            health.note(opened, "notify", began, _problems(report))
            tell_log(opened)
    if as_json:
        from helpdesk_cli.cli import output, shapes

        output.show_json(shapes.notified(report))
    if call.verbosity > 0:
        from helpdesk_cli.cli import output

        output.say(report.words())
    if failures := _problems(report):
        fail(failures)


def _problems(report: "SendReport") -> list[DeskError]:
    return [*report.failures, *(Failed(problem) for problem in report.problems)]


def _show_due(opened: "Desk", limit: int | None, *, as_json: bool) -> None:
    """Show what would be sent: the promised shape with the letters, or a line a letter."""
    from helpdesk_cli.cli import output, shapes
    from helpdesk_cli.services import outgoing, preview

    letters = preview.due(opened, limit=limit)
    if as_json:
        shape = shapes.notified(outgoing.SendReport(queued=len(letters)))
        output.show_json({**shape, "letters": [shapes.outbox(letter) for letter in letters]})
        return
    for letter in letters:
        words = (letter.id or "", letter.kind, letter.recipient, letter.subject)
        output.put("\t".join(output.line(str(word)) for word in words))
