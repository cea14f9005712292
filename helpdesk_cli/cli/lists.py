"""The options of every command that shows something: ``--json``, and of lists ``--fields``, ``--ids``, ``-L``."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from helpdesk_cli.cli.output import Asked


def as_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``, as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document instead of words.")(
        function
    )


def listed(function: Callable[..., Any]) -> Callable[..., Any]:
    """``-L``, ``--fields``, ``--ids`` and ``--json``, together as ``asked``."""

    @wraps(function)
    def gathered(
        *args: Any, as_json: bool, fields: str | None, ids: bool, limit: int | None, **more: Any
    ) -> Any:
        asked = Asked(as_json=as_json, fields=fields, ids=ids, limit=limit)
        return function(*args, asked=asked, **more)

    wrapped: Callable[..., Any] = as_json(gathered)
    for option in (
        click.option("--ids", is_flag=True, help="Numbers alone, for other commands' '-'."),
        click.option("--fields", metavar="A,B", help="These columns alone, named as in --json."),
        click.option(
            "-L",
            "--limit",
            metavar="N",
            type=click.IntRange(min=1),
            help="At most so many rows; else 50 on a terminal, all elsewhere.",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped
