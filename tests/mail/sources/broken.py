"""IMAP and POP3 servers of ``faults``, reached and expected to fail."""

from collections.abc import Callable
from typing import Any

import pytest
from faults import FaultPop3, FaultServer
from source_contract import Desk, a_message, subjects

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.sources import open_source
from helpdesk_cli.mail.sources.contract import Failure, Source
from helpdesk_cli.settings import Mailbox, Span

ONE, TWO, THREE = (a_message(name).replace(b"\n", b"\r\n") for name in ("one", "two", "three"))


def reach(
    server: FaultServer,
    after: str = "keep",
    *,
    secret: Callable[[], str] = lambda: "hush-hush",
    deadline: Callable[[], float] = lambda: 60.0,
    **more: Any,
) -> Source:
    options: dict[str, Any] = {
        "kind": "pop3" if isinstance(server, FaultPop3) else "imap",
        "host": "localhost",
        "port": server.port,
        "security": "none",
        "username": "support@x.test",
        "after": after,
        "timeout": Span(5),
    }
    return open_source("test", Mailbox(**(options | more)), secret, deadline=deadline)


def fetch(source: Source, desk: Desk) -> tuple[list[str], list[Failure]]:
    """One run: the subjects that came, and the failures."""
    return subjects(desk.fetch(source)), list(source.failures())


def never_asked() -> str:
    raise AssertionError("the password was asked for before the line was safe")


def run_broken(server: FaultServer, desk: Desk, **more: Any) -> str:
    with pytest.raises(Unreachable) as caught:
        desk.fetch(reach(server, "delete", **more))
    said = str(caught.value)
    assert f"localhost:{server.port}" in said
    assert "\n" not in said
    assert "hush-hush" not in said
    return said
