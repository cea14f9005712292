"""The command line: says hello, asks one service, prints.

The root knows every command by name and its line of help; a command's file is loaded when it is called.
"""

import click

from helpdesk_cli.cli.app import Noun

COMMANDS = {
    "init": ("jobs:init", "Write the configuration, the key and the store."),
    "demo": ("demo:demo", "Show the whole way of a mail on embedded parts alone."),
    "fetch-mail": ("jobs:fetch_mail", "Fetch the mail of every mailbox, or of those named."),
    "receive": ("receive:receive", "Take in one message on standard input, from a mail server."),
    "import": ("jobs:import_", "Take in Maildirs, mbox files and .eml files as history."),
    "notify": ("jobs:notify", "Send what is due."),
    "run-rules": (
        "rules:run_rules",
        "Do what time brings: the site's rules of time, then the built-in ones.",
    ),
    "cron": ("cron:cron", "Do all jobs: notify, fetch-mail, run-rules, notify; for one line in a crontab."),
    "pause": ("pausing:pause", "Let a job or a mailbox rest until 'helpdesk resume'."),
    "resume": ("pausing:resume", "Let a job or a mailbox go on; without a name everything."),
    "dashboard": ("glance.dashboard:dashboard", "Show the whole desk on one screen."),
    "board": ("glance.board:board", "Show the tickets by their stages."),
    "ticket": ("ticket:ticket", "Work with tickets."),
    "client": ("people:client", "Work with clients, who ask."),
    "staff": ("people:staff", "Work with staff, who answer."),
    "inbox": ("mailroom:inbox", "See every message that came and what became of it."),
    "outbox": ("mailroom:outbox", "See every mail to send or sent."),
    "mailbox": ("operations:mailbox", "Look at the mailboxes that are fetched."),
    "rule": ("rules:rule", "Look at the rules by which the desk works by itself."),
    "config": ("operations:config", "Look at the configuration."),
    "store": ("store:store", "Copy and examine the store."),
    "schedule": ("schedule:schedule", "Show what to install so that this machine runs the desk."),
    "completion": ("completion:completion", "Print what makes a shell complete commands and numbers."),
    "doctor": ("operations:doctor", "Try every server, file and permission; say what to do next."),
}
"""Each command's place in this package and its line of help, in the order of ``--help``."""

SECTIONS = {
    "Jobs": (
        "init",
        "demo",
        "fetch-mail",
        "receive",
        "import",
        "notify",
        "run-rules",
        "cron",
        "pause",
        "resume",
    ),
    "At a glance": ("dashboard", "board"),
    "Tickets and people": ("ticket", "client", "staff"),
    "Mail": ("inbox", "outbox", "mailbox"),
    "Operation": ("rule", "config", "store", "schedule", "completion", "doctor"),
}

LATER = "check organization kb time asset report mail-commands"


class LazyGroup(Noun):
    """The root: ``--help`` is written from the table above, so that it loads no command's file."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(COMMANDS)

    def own_command(self, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from importlib import import_module

        module, _, attribute = COMMANDS[name][0].partition(":")
        found = getattr(import_module(f"helpdesk_cli.cli.{module}"), attribute)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] != "help":
            return super().resolve_command(ctx, args)
        with self.make_context("helpdesk", [*args[1:], "--help"], obj=ctx.obj) as asked:
            self.invoke(asked)
        raise click.exceptions.Exit(0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names])


@click.group(
    cls=LazyGroup,
    name="helpdesk",
    later=LATER,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def root() -> None:
    """A help desk on the command line: mail comes in as tickets, answers go out as mail."""
