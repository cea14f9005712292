"""``inbox explain``: each rule tried, the facts it saw, the verdict."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from helpdesk_cli.cli import front, shapes
from helpdesk_cli.cli.app import Call, desk, shared
from helpdesk_cli.cli.lists import as_json
from helpdesk_cli.cli.output import INDENT, Line, facts, line, show_json, show_page
from helpdesk_cli.errors import Usage

if TYPE_CHECKING:
    from helpdesk_cli.domain.cases import Decision
    from helpdesk_cli.services.explaining import Explained


@click.command(
    "explain",
    epilog="""\b
Examples:
  helpdesk inbox explain 17
  helpdesk inbox explain mail.eml --mailbox support
  helpdesk inbox explain - --recipient sales@example.com < mail.eml""",
)
@click.argument("what", metavar="FILE|ID|-")
@click.option("--mailbox", metavar="M", help="As if it came through this mailbox; else the first.")
@click.option("--recipient", default="", metavar="ADDR", help="As if the envelope named this recipient.")
@as_json
@shared
def explain(call: Call, what: str, *, mailbox: str | None, recipient: str, as_json: bool) -> None:
    """Explain what would become of a message, and why: the facts, each rule tried, the verdict, who hears.

    Nothing is written and nothing is sent. A message of the inbox is decided as if it came once more.
    """
    from helpdesk_cli.services import explaining, mailroom

    with desk(call) as opened:
        item, data = _message(what)
        found = explaining.explained(
            opened,
            data if data is not None else mailroom.raw(opened, item),
            mailbox=mailbox,
            item=item,
            recipient=recipient,
        )
    if as_json:
        show_json(shapes.explained(found))
    else:
        show_page([*_facts(found), *_rules(found), *_verdict(found)])


def _message(what: str) -> tuple[int, bytes | None]:
    """The message's number, or its bytes from a file or standard input. Raises Usage."""
    if what == "-":
        return 0, sys.stdin.buffer.read()
    if what.isascii() and what.isdigit() and len(what) < 16:
        return int(what), None
    if front.held is not None:
        return 0, front.held.read("mail", what)
    try:
        with open(what, "rb") as file:  # noqa: PTH123
            return 0, file.read()
    except OSError as error:
        raise Usage(f"{what}: {error.strerror}; name a file, a message's number or -") from None


def _facts(found: "Explained") -> Iterator[Line]:
    case, known = found.case, found.case.facts
    inbound, claims = case.inbound, case.claims
    sender = inbound.sender
    yield "bold", 0, "-- what it saw"
    proved = f"{case.verdict.value}, {'accepted' if case.is_accepted else 'not accepted'}"
    who = []
    if known.client:
        who.append(f"client {known.client.name} <{known.client.email}>")
    if known.staff:
        who.append(f"staff {known.staff.login}")
    tickets = [
        f"{getattr(known, field).number} by {words}"
        for field, words in (
            ("client_ticket", "a client's token"),
            ("staff_ticket", "a staff token"),
            ("third_ticket", "a third party's token"),
            ("reference", "a known mail"),
            ("tag", "the subject"),
        )
        if getattr(known, field) is not None
    ]
    names = {"c": "client", "s": "staff", "n": "staff, about a note", "t": "third party"}
    tokens = [f"{names.get(one.purpose, one.purpose)} on {one.ticket}" for one in claims.tokens]
    signs = {
        "its bytes are here": known.duplicate is not None,
        "an own address": known.is_own or claims.is_ours,
        "a blocked sender": known.is_blocked,
        "a flood": known.is_flooding,
        "thanks alone": case.is_thanks,
        f"a rating of {case.rating}": case.rating > 0,
        "backlog": case.is_old,
        "no sender that all would read alike": sender is not None and not inbound.strict_sender,
    }
    yield from facts(
        [
            ("from", f"{sender.name} <{sender.address}>".strip() if sender else "nobody"),
            ("proved", proved),
            ("known as", "; ".join(who) or "nobody"),
            ("automatic", inbound.automatic.value),
            ("subject", inbound.subject),
            ("recipients", ", ".join(found.ready.recipients[:10])),
            ("department", _department(found)),
            ("tokens", "; ".join(tokens) + (f"; {claims.forged} forged or cut" if claims.forged else "")),
            ("answers", ", ".join(claims.message_ids[:5])),
            ("tags", ", ".join(map(str, claims.tags))),
            ("tickets", "; ".join(tickets)),
            ("page", f"{known.page.letter} to {known.page.address}" if known.page else ""),
            ("duplicate of", known.duplicate),
            ("signs", ", ".join(words for words, is_so in signs.items() if is_so)),
            ("notes", "; ".join(inbound.notes)),
        ]
    )


def _department(found: "Explained") -> str:
    """Which department, and which recipient or setting named it."""
    wanted = found.case.facts.department
    return f"{wanted} ({found.named_by})" if wanted else "none"


def _rules(found: "Explained") -> Iterator[Line]:
    yield "", 0, ""
    yield "bold", 0, "-- rules tried, the first that matches wins"
    for row, decision in found.tried:
        sign, style = ("✓", "bold green") if decision is not None else ("–", "dim")
        yield style, INDENT, f"{sign} {row.name}: {row.sentence}"


def _verdict(found: "Explained") -> Iterator[Line]:
    decision = found.tried[-1][1]
    yield "", 0, ""
    yield "bold", 0, "-- verdict"
    if decision is None:
        return
    yield "bold", INDENT, f"{decision.outcome.value} ({decision.reason})"
    for words in _consequences(decision):
        yield "", INDENT, words
    for notice in found.hears:
        yield "", INDENT, f"{line(notice.kind)} to {line(notice.address)}, unless a limit stops it"
    if not found.hears:
        yield "", INDENT, "nobody hears of it"


def _consequences(decision: "Decision") -> Iterator[str]:
    if decision.ticket is not None:
        yield f"on ticket {decision.ticket}" + (", which reopens" if decision.reopens else "")
    if decision.acknowledged:
        yield f"it acknowledges the pages of {', '.join(map(str, decision.acknowledged[:10]))}"
    if decision.rating:
        yield f"it rates with {decision.rating}, and reopens nothing"
    if decision.outcome.value in ("opened", "replied") and not decision.is_public:
        yield "only staff see it"
    if decision.as_staff:
        yield "it counts as staff's own words"
    if decision.mark:
        yield f"marked '{decision.mark}'"
    for number, kind in decision.links:
        yield f"linked to ticket {number} ({kind})"
