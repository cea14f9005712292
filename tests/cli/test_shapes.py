"""The promised JSON: every key is there, in a full and in an empty desk."""

from email.message import EmailMessage

import pytest
from desks import Site
from program import Run

TICKET = {
    "number", "subject", "stage", "state", "priority", "department", "category", "type", "private", "level",
    "channel", "tags", "client", "assignee", "created_at", "updated_at", "closed_at", "sla", "due_at", "overdue",
    "merged_into", "message_count", "rating", "waits_until",
}  # fmt: skip
MESSAGE = {
    "id", "kind", "author", "at", "date_header", "subject", "text", "new_text", "html", "attachments",
    "message_id", "in_reply_to", "public", "mark", "ticket",
}  # fmt: skip
INBOX = {
    "id", "mailbox", "at", "message_id", "from", "subject", "size", "sha256", "outcome", "reason", "ticket",
}  # fmt: skip
OUTBOX = {
    "id", "kind", "to", "subject", "state", "attempts", "next_attempt_at", "error", "ticket", "message_id",
}  # fmt: skip
CLIENT = {"id", "name", "email", "addresses", "organization", "note", "created_at"}
STAFF = {
    "id", "login", "name", "email", "role", "departments", "created_at", "retired_at", "level", "away_from",
    "away_to", "deputy", "notices", "every_ticket", "pager",
}  # fmt: skip


@pytest.fixture
def busy(site: Site, inside: Run) -> Site:
    """A desk with a client's mail on ticket 1000: HTML, a file, a quotation."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ann Archer <ann@client.example>", "support@desk.example"
    mail["Subject"], mail["Message-ID"] = "Printer on fire", "<one@client.example>"
    mail["Date"] = "Sun, 22 Nov 2026 10:30:00 +0100"
    mail["In-Reply-To"] = "<zero@client.example>"
    mail.set_content("It burns.\n\nOn Monday, 1 Jan 2024 at 10:30, Bob <bob@x.example> wrote:\n> Does it?\n")
    mail.add_alternative("<p>It <b>burns</b>.</p>", subtype="html")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="fire.png")
    site.drop(mail)
    inside("fetch-mail")
    return site


def test_a_ticket_of_a_list_has_exactly_its_keys(busy: Site, inside: Run) -> None:
    (ticket,) = inside("ticket", "list", "--json").json
    assert set(ticket) == TICKET
    assert set(ticket["client"]) == {"id", "name", "email", "organization"}
    assert ticket["number"] == 1000
    assert ticket["client"] == {
        "id": 1,
        "name": "Ann Archer",
        "email": "ann@client.example",
        "organization": None,
    }
    assert (ticket["tags"], ticket["overdue"], ticket["assignee"]) == ([], False, None)


def test_a_ticket_that_is_shown_has_its_whole_discussion(busy: Site, inside: Run) -> None:
    inside("ticket", "note", "1000", "-m", "Call her.", "-a", str(busy.config))
    ticket = inside("ticket", "show", "HD-1000", "--json").json
    assert set(ticket) == TICKET | {
        "messages",
        "events",
        "participants",
        "suggested",
        "links",
        "watchers",
        "writing",
        "pages",
    }
    inbound, note = ticket["messages"]
    assert set(inbound) == set(note) == MESSAGE
    assert inbound["author"] == {"role": "client", "name": "Ann Archer", "email": "ann@client.example"}
    assert (inbound["kind"], note["kind"]) == ("inbound", "note")
    assert "Does it?" in inbound["text"]
    assert inbound["new_text"] == "It burns."
    assert "<b>burns</b>" in inbound["html"]
    assert inbound["date_header"] == "Sun, 22 Nov 2026 10:30:00 +0100"
    assert (inbound["message_id"], inbound["in_reply_to"]) == (
        "<one@client.example>",
        "<zero@client.example>",
    )
    assert (note["html"], note["message_id"], note["date_header"]) == (None, None, None)
    files = [*inbound["attachments"], *note["attachments"]]
    assert [set(file) for file in files] == [{"id", "name", "type", "size", "sha256"}] * 2
    assert [(file["id"], file["name"]) for file in files] == [(1, "fire.png"), (2, "helpdesk.toml")]
    assert ticket["participants"] == ["ann@client.example"]
    assert [set(event) for event in ticket["events"]] == [{"at", "actor", "kind", "data"}] * 2
    assert [event["kind"] for event in ticket["events"]] == ["opened", "noted"]


@pytest.mark.parametrize(
    "words",
    [
        ("reply", "1000", "-m", "Water!"),
        ("note", "1000", "-m", "Smoke."),
        ("move", "1000", "awaiting"),
        ("close", "1000"),
        ("assign", "1000", "bob"),
        ("take", "1000"),
        ("edit", "1000", "--priority", "high"),
        ("spam", "1000"),
        ("new", "--client", "carl@client.example", "-s", "Leak", "-m", "It drips."),
    ],
)
def test_what_changes_a_ticket_prints_its_list_object(
    busy: Site, inside: Run, words: tuple[str, ...]
) -> None:
    ticket = inside("ticket", *words, "--json").json
    assert set(ticket) == TICKET
    assert ticket == next(
        one
        for one in inside("ticket", "list", "--state", "all", "--json").json
        if one["number"] == ticket["number"]
    )


def test_what_changes_several_tickets_prints_an_array(busy: Site, inside: Run) -> None:
    inside("ticket", "new", "--client", "carl@client.example", "-s", "Leak", "-m", "It drips.")
    found = inside("ticket", "move", "1001", "#1000", "awaiting", "--json").json
    assert [(one["number"], one["stage"]) for one in found] == [(1001, "awaiting"), (1000, "awaiting")]


def test_the_inbox_has_exactly_its_keys(busy: Site, inside: Run) -> None:
    (entry,) = inside("inbox", "list", "--all", "--json").json
    assert set(entry) == INBOX
    assert (entry["outcome"], entry["reason"], entry["ticket"]) == ("opened", "new", 1000)
    assert (entry["from"], entry["message_id"]) == ("ann@client.example", "<one@client.example>")
    more = {"note", "attempts", "whole", "duplicate_of", "text", "attachments"}
    assert set(inside("inbox", "show", "1", "--json").json) == INBOX | more


def test_the_outbox_has_exactly_its_keys(busy: Site, inside: Run) -> None:
    letters = inside("outbox", "list", "--json").json
    assert [set(letter) for letter in letters] == [OUTBOX] * 2
    assert {letter["kind"] for letter in letters} == {"acknowledgement", "alert"}
    assert {letter["to"] for letter in letters} == {"ann@client.example", "bob@desk.example"}
    more = {"department", "created_at", "sent_at", "said", "text"}
    assert set(inside("outbox", "show", "1", "--json").json) == OUTBOX | more


def test_people_have_exactly_their_keys(busy: Site, inside: Run) -> None:
    (client,) = inside("client", "list", "--json").json
    assert set(client) == CLIENT
    shown = inside("client", "show", "ann@client.example", "--json").json
    assert set(shown) == CLIENT | {"tickets"}
    assert [set(ticket) for ticket in shown["tickets"]] == [TICKET]
    (member,) = inside("staff", "list", "--json").json
    assert (member["notices"], member["every_ticket"]) == ({"all": "at once"}, False)
    assert set(member) == STAFF == set(inside("staff", "show", "bob", "--json").json)
    inside("client", "block", "bad.example")
    (block,) = inside("client", "block", "--json").json
    assert set(block) == {"pattern", "blocked_at", "blocked_by"}


def test_jobs_report_exactly_their_keys(site: Site, inside: Run) -> None:
    site.write()
    fetched = inside("fetch-mail", "--json").json
    assert fetched == {
        "mailboxes": [{"name": "support", "fetched": 1, "outcomes": {"opened": 1}, "error": None}]
    }
    assert inside("notify", "--json").json == {
        "sent": 2,
        "deferred": 0,
        "failed": 0,
        "uncertain": 0,
        "queued": 0,
    }


@pytest.mark.parametrize("noun", ["ticket", "client", "inbox", "outbox"])
def test_an_empty_list_is_an_empty_array(site: Site, inside: Run, noun: str) -> None:
    assert inside(noun, "list", "--json").out == "[]\n"
    assert inside(noun, "list").out == ""
