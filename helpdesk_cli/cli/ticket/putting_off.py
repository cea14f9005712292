"""``ticket wait``: tickets put off until a moment."""

from contextlib import nullcontext

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import ahead, numbers, text
from helpdesk_cli.cli.output import local, zone
from helpdesk_cli.cli.ticket.bulk import each
from helpdesk_cli.cli.ticket.report import silent, yes
from helpdesk_cli.cli.wording import Wording


@click.command(
    "wait",
    epilog="""\b
Examples:
  helpdesk ticket wait 1024 --until tomorrow
  helpdesk ticket wait 1024 1025 --until "friday 14:00" -m "The new disks come on Friday."
  helpdesk ticket list --category disks --ids | helpdesk ticket wait - --until 2026-12-01

A day begins at midnight in the desk's zone. 'helpdesk ticket move' brings a ticket back before its time.""",
)
@numbers
@click.option(
    "--until",
    required=True,
    metavar="T",
    help="When it comes back: tomorrow, friday, 'in 3 days', 2h, 2026-12-01, '2026-12-01 14:00'.",
)
@text
@click.option(
    "--stage", metavar="STAGE", help="The waiting stage; else its own, else the first that may follow."
)
@silent
@yes
@as_json
@shared
def wait(
    call: Call,
    numbers: tuple[int, ...],
    *,
    until: str,
    wording: Wording,
    stage: str | None,
    silent: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put tickets off until a moment; then they are open again, and their assignees are told.

    An answer of the client brings one back at once. Until then nobody is reminded, and nothing is closed as
    inactive. A text becomes a note, and is told again at that moment.
    """
    from helpdesk_cli.services import putting_off

    with wording.kept() if wording.is_given else nullcontext(), desk(call) as opened:
        moment = ahead(opened, until)
        note = wording.read() if wording.is_given else ""
        told = local(moment, zone(opened.settings.desk.timezone))
        each(
            call,
            opened,
            numbers,
            lambda one: putting_off.wait(opened, one, moment, note, stage=stage, silent=silent),
            asks=f"put off until {told}",
            words=f"waits until {told}",
            sure=yes,
            as_json=as_json,
            after=wording.saved,
        )
