"""``cron``: the one line of a crontab."""

import click

from helpdesk_cli.cli.app import Call, desk, shared


@click.command(
    "cron",
    epilog="""\b
Examples:
  helpdesk cron
  helpdesk cron -v""",
)
@shared
def cron(call: Call) -> None:
    """Do all jobs: notify, fetch-mail, run-rules, notify; for one line in a crontab.

    What it prints is news, for cron mails it: a server that is away is told after 15 minutes, then daily, and
    when it is back; wrong credentials or configuration at once, then daily. The exit code tells how things are:
    0 while nothing is worth telling, else the code of what is wrong until it is over. Another run at work is
    left alone.
    """
    from helpdesk_cli.services import rounds

    done = rounds.work(lambda: desk(call, is_job=True), call.config)
    if done.told or call.verbosity > 0:
        from helpdesk_cli.cli import output

        for words in done.told:
            output.warn(words)
        if call.verbosity > 0:
            for words in done.said:
                output.say(words)
            for words in done.quiet:
                output.say(f"not told yet: {words}")
    if done.code:
        raise click.exceptions.Exit(done.code)
