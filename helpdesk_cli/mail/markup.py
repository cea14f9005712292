"""HTML to readable text, in one linear pass."""

import re


def html_to_text(html: str) -> str:
    """Write an HTML mail as plain text."""
    from html import unescape

    text = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li)\b[^<>]*>", "\n", html[:2_000_000])
    return unescape(re.sub(r"<[^<>]*>", "", text)).strip()
