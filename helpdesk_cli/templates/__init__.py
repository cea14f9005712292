"""Words: ``render()`` makes the subject, text and HTML of a letter from facts.

The facts are plain values, and this page is their contract. Times come as text ready for people. What a
client wrote is a value and never part of a template.

Every kind:
    desk {name} · department {name, address} · recipient {name, address} · reply_line (the line above which
    an answer is to be written; "" where none is wanted) · instead_of (the name of a colleague who is away, for
    whom the reader stands in; mostly "")
Kinds about a ticket, besides:
    ticket {number, tag ("HD-1024"), subject, stage, priority, category, assignee, client {name, email}}

    acknowledgement  repeat_subject: false where the sender is not proved, then nothing that came is repeated;
                     assigned_to as of moved
    reply            author {name}, message {text, at, attachments [{name, size}]},
                     discussion [{author, role, at, text}] (the request first, newest last, without this
                     message), left_out (how many messages the discussion leaves out)
    forward          author {name}, message {text, at, attachments [{name, size}]}, forwarded [{author, role, at,
                     text, attachments [{name, size}]}] (what the client and we said; to a third party),
                     files (true where the attachments of these go along), messages (their numbers)
    alert            event "opened" | "replied" | "answered" (by a colleague) | "noted", internal (only staff see
                     it, and an answer to it is a note), author {name, email}, message as above, warnings [line]
                     ("the sender is not authenticated", …), cc [address] (to whom else a client's mail went),
                     rating (1 to 5 where it answers a survey, else 0)
    moved            event "closed" | "moved" | "reopened" | "assigned" | "escalated", stage (where it is now),
                     assigned_to (who takes care of it, as the client may know them; "" where they may not);
                     so has a template of its own that a stage names
    reminder         closes_in ("5 days"; "" where it is not closed by itself)
    inactive         reopen_days (so long an answer opens it again)
    survey           nothing more; its answer is a digit from 1 to 5
    rule             rule (the rule that sends it); also what every template of your own has that a rule names
    notice           event as of moved, or "handed-over" (to another department), or what a rule or a service
                     level tells; by (who did it), stage, lines [line]
    pager            code (by which an answer is known), also [the numbers of further tickets], news {number:
                     what happened to it} (each only where there are some), text (what happened to the ticket;
                     where there is none: to the whole desk, or how many pages were held back); subject and text
                     have 160 characters, no HTML
    spoof-warning    sender (the address that used the token), staff {name, address} (whose it is),
                     message {at}, inbox_id, page (true where it is the word of a page), retired
                     (true where it was they, who work here no more)
    unclear-answer   inbox_id: an answer of staff whose words could not be told from what they quote, or, where
                     allowed is false, who may not see the ticket any more
    bounced          address (that could not be reached), letter {kind, at}, diagnosis (one line)
Others:
    rejection        nothing more
    digest           to a staff member: count (of notices), ticket_count, left_out (tickets that are not shown),
                     tickets [{number, tag, subject, stage, priority, assignee, client {name, email}, left_out
                     (earlier notices), news [{event, at, by, words (the beginning of what was said), stage,
                     lines [line], instead_of}]}]; event as of alert and notice, or "rule", "warning", "breach",
                     which have lines alone
    trouble          lines [line]
    test             at, transport

Every text becomes one line, except where its name is ``text``.

A site's own folder replaces templates file by file, by the same names (``reply.txt.j2``); words of another
language are in a folder named by it (``de/reply.txt.j2``). An empty ``….html.j2``: a letter without HTML.
"""

from collections.abc import Mapping

from msgspec import Struct

KINDS = (
    "acknowledgement",
    "reply",
    "forward",
    "alert",
    "moved",
    "reminder",
    "inactive",
    "survey",
    "rule",
    "notice",
    "pager",
    "rejection",
    "spoof-warning",
    "unclear-answer",
    "digest",
    "trouble",
    "bounced",
    "test",
)


class Rendered(Struct, frozen=True):
    """The words of a letter. ``subject`` is one line; ``html`` is "" for a letter of plain text."""

    subject: str
    text: str
    html: str = ""


def render(kind: str, facts: Mapping[str, object], *, folder: str = "", language: str = "en") -> Rendered:
    """The words of a letter of that kind.

    ``folder`` is the site's own templates, "" for none; a ``language`` without templates falls back to
    English, file by file. Raises Failed, naming file and line, where a template is broken or asks for a
    fact that is not there; BadConfig where the folder is missing or others may write in it.
    """
    from helpdesk_cli.templates.engine import fill
    from helpdesk_cli.templates.facts import one_line, page, plain

    values = plain(facts)
    subject = one_line(fill(kind, "subject", values, folder, language))
    text = fill(kind, "txt", values, folder, language).strip("\n") + "\n"
    if kind == "pager":
        return Rendered(subject, page(text, room=160 - len(subject) - 1))
    return Rendered(subject, text, fill(kind, "html", values, folder, language).strip())
