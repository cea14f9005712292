"""``pause`` and ``resume``: let jobs and mailboxes rest for a while, with a reason."""

import click

from helpdesk_cli.cli import output, shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.output import Asked, Column, Sheet
from helpdesk_cli.errors import Usage

PAUSES = Sheet(
    columns=(
        Column("what", "What"),
        Column("paused_at", "Since", "age"),
        Column("paused_by", "By"),
        Column("reason", "Why", weight=1),
    ),
    table=("what", "paused_at", "paused_by", "reason"),
    lines=("what", "paused_at", "paused_by", "reason"),
    number="what",
)


@click.command(
    "pause",
    epilog="""\b
Examples:
  helpdesk pause --reason "the store is being moved"
  helpdesk pause fetch-mail --reason "the mail server is being moved"
  helpdesk pause mailbox:support --reason "somebody sorts it by hand"
  helpdesk pause""",
)
@click.argument("job", metavar="[JOB]", required=False)
@click.option("--reason", metavar="R", help="Why, for who finds it paused.")
@as_json
@shared
def pause(call: Call, job: str | None, reason: str | None, as_json: bool) -> None:
    """Let a job or a mailbox rest until 'helpdesk resume'.

    JOB is fetch-mail, notify, run-rules, cron (all jobs) or mailbox:NAME.

    A job that is paused ends at once with 0; with -v it says why. What a mail server hands to 'receive' is
    kept meanwhile, and settled afterwards. With a reason alone all jobs are paused; without anything it shows
    what is.
    """
    from helpdesk_cli.services import pauses

    with desk(call) as opened:
        if job is None and reason is None:
            found = [shapes.pause(one) for one in pauses.standing(opened)]
            asked = Asked(as_json=as_json)
            zone = opened.settings.desk.timezone
            output.show_rows(PAUSES, found, asked, now=opened.clock(), zone=zone, empty="nothing is paused")
            return
        if reason is None:
            raise Usage("--reason: say why, for who finds it paused")
        begun = pauses.begin(opened, job or pauses.ALL, reason)
        if as_json:
            output.show_json(shapes.pause(begun))
        else:
            output.done(f"{begun.what} is paused; 'helpdesk resume {begun.what}' ends that", call.verbosity)


@click.command(
    "resume",
    epilog="""\b
Examples:
  helpdesk resume
  helpdesk resume fetch-mail""",
)
@click.argument("job", metavar="[JOB]", required=False)
@as_json
@shared
def resume(call: Call, job: str | None, as_json: bool) -> None:
    """Let a job or a mailbox go on; without a name everything.

    Names are those of 'helpdesk pause'.
    """
    from helpdesk_cli.services import pauses

    with desk(call) as opened:
        ended = pauses.end(opened, job)
    if as_json:
        output.show_json([shapes.pause(one) for one in ended])
        return
    for one in ended:
        output.done(f"{one.what} goes on", call.verbosity)
    if not ended:
        output.done(f"{job or 'nothing'} was not paused" if job else "nothing was paused", call.verbosity)
