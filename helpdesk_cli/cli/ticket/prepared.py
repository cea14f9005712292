"""``--template``: prepared answers, as the text of an answer or a note; ``--template ?`` lists them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from helpdesk_cli.cli.app import Call
from helpdesk_cli.cli.wording import Wording
from helpdesk_cli.errors import Usage

if TYPE_CHECKING:
    from helpdesk_cli.services.desk import Desk

LIST = "?"


class Writing(click.Command):
    """A command that takes ``--template``; to list the prepared answers no ticket need be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)  # click takes away what it has read
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter:
            if f"--template={LIST}" not in "=".join(words):
                raise
            return super().parse_args(ctx, [*words, "0"])

    def invoke(self, ctx: click.Context) -> Any:
        if ctx.params.get("template") == LIST:
            return _show(ctx)
        return super().invoke(ctx)


def template(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--template SLUG``, as ``template``; hand it to ``from_template``."""
    return click.option(
        "--template",
        metavar="SLUG",
        help="A prepared answer; with -e you go on writing it. '?' lists them.",
    )(function)


def from_template(desk: "Desk", number: int, wording: Wording, template: str | None) -> None:
    """Let a text be a prepared answer, as if it were given. Raises Usage where another one is given too."""
    if template is None:
        return
    from helpdesk_cli.services import canned

    if wording.message is not None or wording.file is not None:
        raise Usage("--template and a text exclude each other; with --edit you go on writing it")
    wording.message = canned.words(desk, number, template)


def _show(ctx: click.Context) -> None:
    """List the prepared answers, with the department whose they are."""
    from helpdesk_cli.cli.output import Asked, Column, Sheet, show_rows
    from helpdesk_cli.config import load
    from helpdesk_cli.services import canned

    names = ("name", "department", "title")
    titles = {"name": "Answer", "department": "Department", "title": "Title"}
    sheet = Sheet(
        columns=tuple(Column(name, titles[name], weight=int(name == "title")) for name in names),
        table=names,
        lines=names,
        number="name",
    )
    call = ctx.find_object(Call) or Call()
    rows = [
        {"name": one.slug, "department": one.department or None, "title": one.title or None}
        for one in canned.listing(load(call.config))
    ]
    asked = Asked(as_json=bool(ctx.params["as_json"]))
    show_rows(
        sheet, rows, asked, empty="no answer is prepared; [desk] templates names the folder above replies/"
    )
