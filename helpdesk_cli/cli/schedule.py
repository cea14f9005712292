"""``schedule``: what to install so that this machine runs the desk."""

import click

from helpdesk_cli.cli import output
from helpdesk_cli.cli.app import Call, shared
from helpdesk_cli.cli.front import only_here
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.errors import Failed, Usage


@click.command(
    "schedule",
    epilog="""\b
Examples:
  helpdesk schedule crontab
  helpdesk schedule systemd --write /etc/systemd/system
  helpdesk schedule schtasks --every 5m
  helpdesk schedule postfix""",
)
@click.argument(
    "system",
    metavar="crontab|systemd|schtasks|postfix",
    type=click.Choice(("crontab", "systemd", "schtasks", "postfix")),
)
@click.option("--every", metavar="TIME", default="1m", help="How often it runs: 1m, 5m, 1h; else 1m.")
@click.option("--user", metavar="LOGIN", help="Who runs it; else the owner of the desk's key.")
@click.option(
    "--write", "folder", metavar="DIR", help="Write the files there, over nothing, instead of showing them."
)
@as_json
@shared
def schedule(
    call: Call, system: str, *, every: str, user: str | None, folder: str | None, as_json: bool
) -> None:
    """Show what to install so that this machine runs the desk.

    A crontab and the units of systemd run 'helpdesk cron'; schtasks is a task for Windows; postfix lets the mail
    server hand over each message at once. The first lines of each say where it goes.
    """
    from helpdesk_cli.config import load
    from helpdesk_cli.config.forms import span_of
    from helpdesk_cli.services.placing import files

    try:
        seconds = span_of(every)
    except ValueError:
        raise Usage(f"--every {every}: must be a time such as 1m, 5m, 1h") from None
    found = files(system, load(call.config), every=seconds, user=user)
    if as_json:
        output.show_json([{"path": each.path, "text": each.text} for each in found])
    elif folder is None:
        output.put("\n".join(each.text for each in found).rstrip("\n"))
    else:
        only_here(f"schedule --write {folder}")
        _write(folder, [(each.path.rpartition("/")[2], each.text) for each in found], call.verbosity)


def _write(folder: str, files: list[tuple[str, str]], verbosity: int) -> None:
    from pathlib import Path

    for name, text in files:
        path = Path(folder, name)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            if path.read_text(encoding="utf-8", errors="replace") != text:
                raise Failed(f"{path}: there is another file; move it away first") from None
        except OSError as error:
            raise Failed(f"{path}: {error.strerror}") from None
        output.done(f"written: {path}", verbosity)
