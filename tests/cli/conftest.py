"""The program as people and cron run it: a process with its own surroundings."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from desks import Site
from program import PROGRAM, Done, Run


@pytest.fixture
def run(site: Site) -> Run:
    """Run ``helpdesk`` on the test's desk as bob: ``run("ticket", "list", "--json")``.

    ``input`` is its standard input (else empty), ``env`` adds to the surroundings (None takes a variable
    away), ``config`` names another file, ``code`` is the exit code that is expected; None takes any.
    ``prefix`` are words before the program, ``more`` goes to ``subprocess.run``.
    """

    def run(
        *words: str,
        input: bytes | str = b"",  # noqa: A002
        env: Mapping[str, str | None] | None = None,
        config: object = None,
        code: int | None = 0,
        prefix: Sequence[str] = (),
        **more: Any,
    ) -> Done:
        surroundings = {
            **os.environ,
            "HELPDESK_CONFIG": str(config or site.config),
            "HELPDESK_STAFF": "bob",
            "NO_COLOR": "1",
            **(env or {}),
        }
        options: dict[str, Any] = {
            "input": input.encode() if isinstance(input, str) else input,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "timeout": 120,
            **more,
        }
        done = Done(
            subprocess.run(
                [*prefix, *PROGRAM, *words],
                env={name: value for name, value in surroundings.items() if value is not None},
                check=False,
                **options,
            )
        )
        assert code is None or done.code == code, done
        return done

    return run
