"""``ticket …``: each command's file is loaded when it is called, for lists must be quick."""

import click

from helpdesk_cli.cli.app import Noun

COMMANDS = {
    "list": ("listing:list_", "Tickets, the last changed first."),
    "next": ("next:next_", "The ticket to take now, and why."),
    "show": ("show:show", "The whole discussion on one page."),
    "explain": ("explain:explain", "What is promised on a ticket, and how its moments were counted."),
    "why": ("why:why", "Who was told of what, and why, or why not."),
    "new": ("writing:new", "Enter a ticket on a client's behalf."),
    "reply": ("writing:reply", "Answer the client."),
    "note": ("writing:note", "Write down what only staff see."),
    "forward": ("forwarding:forward", "Write to a third party, whose answer comes back for staff to see."),
    "unsend": ("unsending:unsend", "Take back your last answer, as long as it has not left."),
    "move": ("changing:move", "Put tickets into another stage."),
    "close": ("changing:close", "Close tickets, with a last answer where one is given."),
    "wait": ("putting_off:wait", "Put tickets off until a moment, when they come back by themselves."),
    "reopen": ("changing:reopen", "Open closed tickets again."),
    "assign": ("giving:assign", "Give tickets to a staff member, to nobody, or by turns."),
    "take": ("giving:take", "Give tickets to yourself."),
    "escalate": ("giving:escalate", "Hand tickets to the next level of support."),
    "merge": ("joining:merge", "Let several tickets go on as one, or undo that."),
    "split": ("joining:split", "Make a ticket of a message."),
    "link": ("linking:link", "Link a ticket to others: related, duplicate, blocks, parent."),
    "watch": ("linking:watch", "Hear of tickets that are not yours."),
    "ack": ("calling:ack", "Acknowledge pages, so that nobody else is called."),
    "edit": ("changing:edit", "Change priority, department, category, type, tags, and who sees them."),
    "spam": ("changing:spam", "Close tickets as spam and block who opened them."),
    "attachments": ("files:attachments", "The files of a ticket, to see or to save."),
    "log": ("files:log", "What happened to a ticket, by whom, when."),
}
"""Each command's place in this package and its line of help."""

LATER = "export"


class Rooms(Noun):
    """A noun whose verbs are loaded one by one; its ``--help`` is written from the table above."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def own_command(self, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from importlib import import_module

        module, _, attribute = COMMANDS[name][0].partition(":")
        found = getattr(import_module(f"{__name__}.{module}"), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (__, words) in COMMANDS.items()])


@click.group("ticket", cls=Rooms, later=LATER, epilog="Example: helpdesk ticket list --assignee me")
def ticket() -> None:
    """Work with tickets. N is a ticket's number: 1024, #1024 or HD-1024."""
