"""A short line of what was done."""

from helpdesk_cli.cli.app import Call
from helpdesk_cli.cli.output import has_people, line, say


def tell(call: Call, words: str) -> None:
    """Tell a person what was done; scripts see the exit code."""
    if call.verbosity >= 0 and (has_people() or call.verbosity > 0):
        say(line(words))
