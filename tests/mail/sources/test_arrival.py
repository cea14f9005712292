"""When a message came, where the way in does not tell."""

import pytest

from helpdesk_cli.mail.sources.contract import received_at

TOP = b"Received: from a by b with ESMTP id 1;\r\n\tSun, 1 Mar 2026 10:00:00 +0100\r\n"
BELOW = b"Received: from x by a; Sat, 1 Jan 2000 00:00:00 +0000\r\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (TOP + BELOW, "2026-03-01T09:00:00Z"),
        (b"Return-Path: <a@b>\r\nDelivered-To: x@y\r\n" + TOP, "2026-03-01T09:00:00Z"),
        (TOP.replace(b"\r\n", b"\n"), "2026-03-01T09:00:00Z"),
        (b"received: by b; 1 Mar 2026 09:00:00 GMT (a comment; with a semicolon? no)\n", ""),
        (b"Received: by b; 1 Mar 2026 09:00:00 GMT\n", "2026-03-01T09:00:00Z"),
        (b"Received: from a by b\r\n", ""),
        (b"Received: by b; whenever\r\n", ""),
        (b"Received: by b; Thu, 01 Jan 10000 00:00:00 +0000\r\n", ""),
        (b"Received: by b; \xff\xfe\r\n", ""),
        (b"Date: Sun, 1 Mar 2026 10:00:00 +0100\r\n", ""),
        (b"Subject: x\r\n\r\nReceived: by b; Sun, 1 Mar 2026 10:00:00 +0100\r\n", ""),
        (b"", ""),
    ],
)
def test_the_topmost_received_tells(head: bytes, expected: str) -> None:
    assert received_at(head + b"\r\nBody\r\n") == expected
