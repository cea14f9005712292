"""``demo``: the whole way of a mail, by the real commands and their real output."""

import os
import sys
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli.app import Call, shared
from helpdesk_cli.errors import Failed

if TYPE_CHECKING:
    from helpdesk_cli.services.demo import Step


@click.command(
    "demo",
    epilog="""\b
Examples:
  helpdesk demo
  helpdesk demo /tmp/desk""",
)
@click.argument("folder", metavar="[DIR]", required=False)
@shared
def demo(call: Call, folder: str | None) -> None:
    """Show the whole way of a mail on embedded parts alone.

    A desk in DIR, or in a folder of its own, with a Maildir in and a Maildir out: clients' mails come in,
    become tickets, are answered, and the answers come back. No server, no network, no setting is needed.
    """
    from helpdesk_cli.cli import output
    from helpdesk_cli.cli.front import only_here
    from helpdesk_cli.services.demo import story

    only_here("demo")

    for step in story(folder):
        if step.text and (call.verbosity >= 0 or step.is_last):
            output.put(output.safe(step.text))
        if step.words:
            _type(step, is_shown=call.verbosity >= 0)


def _type(step: "Step", *, is_shown: bool) -> None:
    """Run a command as the desk's admin would, before the reader's eyes. Raises Failed where it fails."""
    import subprocess
    from shlex import join

    from helpdesk_cli.cli import output

    if is_shown:
        output.put(output.safe(f"\n$ {join(('helpdesk', *step.words))}"))
    surroundings = {**os.environ, "HELPDESK_CONFIG": step.config}
    surroundings.pop("HELPDESK_STAFF", None)
    if step.login:
        surroundings["HELPDESK_STAFF"] = step.login
    done = subprocess.run(
        [sys.executable, "-m", "helpdesk_cli", *step.words],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=None if is_shown else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if is_shown else subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise Failed(f"helpdesk {' '.join(step.words)} ended with exit code {done.returncode}")
