"""The program as people and cron run it: a process with its own surroundings."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from desks import Site
from program import PROGRAM, Done, Run

from helpdesk_cli.cli import root
from helpdesk_cli.cli.app import run as program


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


@pytest.fixture
def inside(site: Site, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The same as ``run`` within this process, for the many calls whose surroundings do not matter."""

    def inside(*words: str, input: bytes | str = b"", login: str = "bob", code: int | None = 0) -> Done:  # noqa: A002
        monkeypatch.setenv("HELPDESK_CONFIG", str(site.config))
        monkeypatch.setenv("HELPDESK_STAFF", login)
        typed = io.BytesIO(input.encode() if isinstance(input, str) else input)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(typed, encoding="utf-8"))
        capsysbinary.readouterr()
        ended = program(root, words)
        out, err = capsysbinary.readouterr()
        done = Done(subprocess.CompletedProcess(words, ended, out, err))
        assert code is None or done.code == code, done
        return done

    return inside
