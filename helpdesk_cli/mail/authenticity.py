"""Whether the mailbox's own mail server proved a mail's sender (RFC 8601, Authentication-Results).

Anybody can write such a field. Only the one that our own server put on top is believed, and in doubt none.
"""

import re

from msgspec import Struct

from helpdesk_cli.domain.mail import Inbound, Verdict, fold

_LONGEST = 20_000  # characters of a field
_STRIPS_FORGERIES = frozenset({"mx.google.com"})
"""Servers that write the field below their own Received and rename every foreign one with their name."""


class _Results(Struct):
    """One field: who says it, and what (method, result, properties)."""

    server: str
    results: list[tuple[str, str, dict[str, str]]]


def verdict(inbound: Inbound, authentication: str) -> Verdict:
    """Judge the sender by the results of the server that a mailbox's ``authentication`` names.

    ``none`` always gives ``unknown``. ``id:mx.example.com`` believes a field of that name above the first
    Received that this server wrote. ``microsoft365``, whose fields bear no name, believes the
    topmost. ``pass`` needs DMARC's pass for the domain of a sender whom every program reads alike, and no
    second field of the same server, nor an unreadable one. DMARC's fail in any that counts is ``fail``.
    """
    if authentication == "microsoft365":
        return _judge_microsoft(inbound)
    if authentication.startswith("id:") and (server := authentication[3:].strip().lower()):
        return _judge_named(inbound, server)
    return Verdict.UNKNOWN


def _judge_named(inbound: Inbound, server: str) -> Verdict:
    """The verdict of a server that signs its results with its name."""
    ours: list[tuple[int, _Results | None]] = []
    for place, (name, value) in enumerate(inbound.headers):
        if name == "authentication-results" and server in value.lower():
            results = _read(value)
            if results is None or results.server == server:
                ours.append((place, results))
            elif _first_word(_without_comments(value)) == server:
                ours.append((place, None))  # the name behind a comment: nobody of good faith writes that
    border = _border(inbound, server) if ours else 0
    found = [
        _judge(inbound, results.results) for place, results in ours if results is not None and place <= border
    ]
    # A field that was forged beside it takes away a pass, never a failure.
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return found[0] if found and len(ours) == 1 else Verdict.UNKNOWN


def _border(inbound: Inbound, server: str) -> int:
    """The place of the topmost header below which strangers may have written.

    It is the Received with which our server took the mail. A local delivery by LMTP is noted above it.
    """
    by_us = re.compile(rf"\bby\s+{re.escape(server)}(?![\w.-])", re.I)
    border = first = len(inbound.headers)
    for place, (name, value) in reversed(list(enumerate(inbound.headers))):
        if name == "received":
            first = place
            said = value[:_LONGEST]
            if by_us.search(said) and not re.search(r"\bwith\s+(?:UTF8)?LMTP", said, re.I):
                border = place
    if server in _STRIPS_FORGERIES and border < len(inbound.headers):
        below = (
            place for place, (name, _) in enumerate(inbound.headers) if name == "received" and place > border
        )
        return next(below, len(inbound.headers))
    return border if border < len(inbound.headers) else first


def _judge_microsoft(inbound: Inbound) -> Verdict:
    """The verdict of Microsoft 365, which adds its own check of the whole (``compauth``)."""
    value = next((value for name, value in inbound.headers if name == "authentication-results"), "")
    results = _read(value)
    if results is None or results.server:
        return Verdict.UNKNOWN
    whole = [result for method, result, _ in results.results if method == "compauth"]
    if "fail" in whole:
        return Verdict.FAIL
    return _judge(inbound, results.results)


def _judge(inbound: Inbound, results: list[tuple[str, str, dict[str, str]]]) -> Verdict:
    """What DMARC's result says of the sender."""
    found = [(result, properties) for method, result, properties in results if method == "dmarc"]
    if any(result == "fail" for result, _ in found):
        return Verdict.FAIL
    if len(found) != 1 or found[0][0] != "pass" or inbound.sender is None or not inbound.strict_sender:
        return Verdict.UNKNOWN
    claimed = found[0][1].get("header.from", "")
    domain = fold(inbound.sender.address).rpartition("@")[2]
    proved = fold("x@" + claimed.rpartition("@")[2]).rpartition("@")[2]
    return Verdict.PASS if domain and domain == proved else Verdict.UNKNOWN


def _without_comments(value: str) -> str:
    """A header's value with blanks in the place of comments; one that never ends takes the rest away."""
    out: list[str] = []
    depth, quoted, position = 0, False, 0
    for match in re.finditer(r'\\.|[()"]', value, re.S):
        mark = match[0]
        if not depth:
            out.append(value[position : match.start()])
        position = match.end()
        if mark == '"' and not depth:
            quoted = not quoted
        if mark == "(" and not quoted:
            depth += 1
            out.append(" ")
        elif mark == ")" and depth and not quoted:
            depth -= 1
        elif not depth:
            out.append(mark)
    if not depth:
        out.append(value[position:])
    return "".join(out)


def _first_word(value: str) -> str:
    """The word that names the server."""
    return (value.partition(";")[0].split() or [""])[0].strip('"').lower()


_PROPERTY = (
    r'(?<![A-Za-z0-9._/-])([A-Za-z0-9][A-Za-z0-9._/-]*+)\s*+=\s*+("(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^\s;"]+)'
)
_STATEMENT = r'(?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^";])++'


def _read(value: str) -> _Results | None:
    """Read one field; None where it cannot be read for sure (unbalanced, too long, two versions)."""
    if len(value) > _LONGEST:
        return None
    plain = _without_comments(value)
    if plain.replace('\\"', "").count('"') % 2 or value.count("(") != value.count(")"):
        return None
    statements = [part.strip() for part in re.findall(_STATEMENT, plain)][:100]
    server = ""
    if statements and "=" not in statements[0]:
        # A name written plainly: what hides it behind a comment or in quotes is no server of ours.
        match = re.match(r"\s*([^\s;()\"=]+)(?:\s+1)?\s*(?:;|\Z)", value)
        server = match[1].lower() if match else ""
        if not server:
            return _Results("?", [])
        statements = statements[1:]
    results = []
    for statement in statements:
        found = [(key.lower(), text.strip('"')) for key, text in re.findall(_PROPERTY, statement)]
        if found:
            (method, result), *rest = found
            results.append((method.partition("/")[0], result.lower(), dict(rest)))
    return _Results(server, results)
