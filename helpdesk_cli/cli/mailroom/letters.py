"""How one mail is shown: as it is, or as people read it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from helpdesk_cli.cli.output import INDENT, Line, body, facts, is_terminal, line, put, put_bytes, safe, size

if TYPE_CHECKING:
    from helpdesk_cli.domain.mail import Inbound


def show_raw(data: bytes) -> None:
    """Write a mail's bytes: untouched into a pipe or a file, neutralised on a terminal."""
    if is_terminal():
        put(safe(data.decode("utf-8", "replace")))
    else:
        put_bytes(data)


def read(inbound: "Inbound | None") -> Iterator[Line]:
    """A mail's own words; everything in it is what its writer wished."""
    yield "", 0, ""
    if inbound is None:
        yield "bold red", 0, "-- it defeats the parser; --raw shows its bytes"
        return
    yield "bold", 0, "-- what the mail says"
    sender = inbound.sender
    yield from facts(
        [
            ("from", f"{sender.name} <{sender.address}>".strip() if sender else ""),
            ("to", ", ".join(one.address for one in inbound.to[:20])),
            ("cc", ", ".join(one.address for one in inbound.cc[:20])),
            ("date", inbound.date_header),
            ("subject", inbound.subject),
        ]
    )
    yield "", 0, ""
    yield from body(inbound.text)
    for part in inbound.attachments:
        yield "cyan", INDENT, f"[attachment: {line(part.name)}, {line(part.type)}, {size(part.size)}]"
