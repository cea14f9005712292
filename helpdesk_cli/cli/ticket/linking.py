"""``ticket link`` and ``watch``: what ties tickets to each other, and people to tickets."""

from collections.abc import Sequence

import click

from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.options import number, several, ticket_number
from helpdesk_cli.cli.ticket.bulk import each
from helpdesk_cli.cli.ticket.report import report, yes
from helpdesk_cli.domain.links import KINDS, RELATED

Numbers = tuple[int, ...]


@click.command(
    "link",
    epilog="""\b
Examples:
  helpdesk ticket link 1024 1025
  helpdesk ticket link 1024 1025 1026 --kind blocks
  helpdesk ticket link 1024 1025 --remove""",
)
@number
@click.argument("others", metavar="M …", nargs=-1, required=True, callback=several)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    help="What N is to M: related (else), its duplicate, what blocks it, its parent.",
)
@click.option("--remove", is_flag=True, help="Take the link away, of that kind, or all between them.")
@as_json
@shared
def link(call: Call, number: int, others: Numbers, *, kind: str | None, remove: bool, as_json: bool) -> None:
    """Link ticket N to each M; both pages show it.

    Who closes a ticket while one that blocks it is open is warned.
    """
    from helpdesk_cli.services import linking

    names = ", ".join(map(str, others))
    with desk(call) as opened:
        if remove:
            linking.unlink(opened, number, others, kind)
            report(call, opened, [number], f"no longer linked to {names}", as_json=as_json)
            return
        kind = kind or RELATED
        linking.link(opened, number, others, kind)
        report(call, opened, [number], f"linked to {names} ({kind})", as_json=as_json)


@click.command(
    "watch",
    epilog="""\b
Examples:
  helpdesk ticket watch 1024 1025
  helpdesk ticket watch 1024 carla
  helpdesk ticket watch 1024 --off""",
)
@click.argument("numbers", metavar="N … [LOGIN]", nargs=-1, required=True)
@click.option("--off", is_flag=True, help="Hear of them no more, unless they are yours.")
@yes
@as_json
@shared
def watch(call: Call, numbers: Sequence[str], *, off: bool, yes: bool, as_json: bool) -> None:
    """Hear of tickets from now on, whoever has them; 'ticket list @watched' shows them.

    Only tickets that one may see can be watched. An admin may name who else shall watch: LOGIN.
    """
    from helpdesk_cli.services import watching

    ctx = click.get_current_context()
    words, login = numbers, None
    if words[-1] != "-" and ticket_number(words[-1]) is None:
        words, login = words[:-1], words[-1]
    if not words:
        raise click.UsageError("name at least one ticket", ctx)
    found = several(ctx, None, words)
    with desk(call) as opened:
        who = opened.actor.login if login in (None, "me") else login
        each(
            call,
            opened,
            found,
            lambda one: watching.watch(opened, [one], who, off=off),
            asks="watch no more" if off else "watch",
            words=f"no longer watched by {who}" if off else f"watched by {who}",
            sure=yes,
            as_json=as_json,
        )
