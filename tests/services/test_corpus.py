"""The corpus of tests/mails: what comes of each mail, and what holds for every mail whatever it is."""

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import corpus
import msgspec
import pytest
from corpus import Arrival, Case, Expected
from msgspec.structs import replace

from helpdesk_cli.domain.moments import read as read_moment
from helpdesk_cli.domain.triage import TABLE
from helpdesk_cli.services import (
    explaining,
    forwarding,
    incoming,
    mailroom,
    members,
    people,
    rules,
    tickets,
    views,
)
from helpdesk_cli.settings import Rate
from helpdesk_cli.store import inbox
from helpdesk_cli.store import tickets as rows

CASES = corpus.every()
OUR_HEADERS = frozenset(
    {
        "date", "from", "to", "reply-to", "subject", "message-id", "in-reply-to", "references",
        "auto-submitted", "x-auto-response-suppress", "x-helpdesk-loop", "importance", "mime-version",
        "content-type", "content-transfer-encoding",
    }
)  # fmt: skip

each_mail = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def prepare(office: Any, case: Case) -> None:
    """Bring a desk to where the mail meets it: its settings, then the steps in their order."""
    settings = office.desk.settings
    name = case.arrival.mailbox
    box = changed(settings.mailbox[name], case.mailbox)
    if case.arrival.by == "maildir":
        box = replace(box, kind="maildir", path=str(office.folder / "in"))
        for part in ("tmp", "new", "cur"):
            (office.folder / "in" / part).mkdir(parents=True)
    support = changed(settings.department["support"], case.department)
    office.configured(
        desk=changed(settings.desk, case.desk),
        operation=changed(settings.operation, case.operation),
        alerts=changed(settings.alerts, case.alerts),
        limits=changed(settings.limits, case.limits),
        mailbox={**settings.mailbox, name: box},
        department={**settings.department, "support": support},
    )
    for step in case.given:
        for verb, what in step.items():
            steps[verb](office, what)
    if case.arrival.by == "maildir":
        incoming.fetch_mail(office.desk, [name])


def changed(values: Any, fields: dict[str, Any]) -> Any:
    """A table of settings with some of its fields changed."""
    for name, value in fields.items():
        is_rates = isinstance(value, list) and value and isinstance(value[0], list)
        new = tuple(Rate(*rate) for rate in value) if is_rates else value
        values = replace(values, **{name: tuple(new) if isinstance(new, list) else new})
    return values


def merge(office: Any, numbers: list[int]) -> None:
    """One ticket leads to another from now on."""
    with office.desk.engine.write() as tx:
        rows.update(tx, replace(rows.load(tx, numbers[0]), merged_into=numbers[1]))


def feed(office: Any, name: str) -> None:
    """An earlier mail of the corpus comes in; what comes of it is another test's."""
    case = CASES[name]
    office.mail(corpus.raw(case, office), mailbox=case.arrival.mailbox, recipients=case.arrival.recipients)


def ran(office: Any, names: list[str]) -> None:
    """What time brings; these rules have something to do."""
    assert [one.name for one in rules.run(office.desk).rules if one.fired] == names


steps = {
    "mail": feed,
    "pass": lambda office, spans: office.passes(**spans),
    "close": lambda office, number: tickets.move(office.by("bob"), [number], "done"),
    "answer": lambda office, number: tickets.reply(
        office.by("bob"), number, tickets.Answer(text="Have you tried another cable?")
    ),
    "forward": lambda office, address: forwarding.forward(
        office.by("bob"), 1000, forwarding.Forward(to=(address,), text="Do you know this one?")
    ),
    "merge": merge,
    "run-rules": lambda office, names: ran(office, names),
    "client": lambda office, address: people.new_client(office.desk, address),
    "address": lambda office, pair: people.add_address(office.desk, *pair),
    "block": lambda office, pattern: people.block(office.desk, [pattern]),
    "retire": lambda office, login: members.retire(office.desk, login),
}
"""The verbs of ``given``."""


def deliver(office: Any, raw: bytes, arrival: Arrival) -> inbox.Entry:
    """Let a mail come in by its way; the inbox's line of it."""
    if arrival.by == "pipe":
        more = {"arrived_at": arrival.at} if arrival.at else {}
        return office.mail(raw, mailbox=arrival.mailbox, recipients=arrival.recipients, **more)
    path: Path = office.folder / ("in/new/1.eml" if arrival.by == "maildir" else "1.eml")
    path.write_bytes(raw)
    at = read_moment(arrival.at or office.now).timestamp()
    os.utime(path, (at, at))
    if arrival.by == "maildir":
        (report,) = incoming.fetch_mail(office.desk, [arrival.mailbox])
    else:
        report = incoming.import_mail(office.desk, [path], mailbox=arrival.mailbox)
    assert (report.fetched, report.error) == (1, None)
    with office.desk.engine.read() as tx:
        return inbox.entries(tx, limit=1)[0]


@each_mail
def test_what_comes_of_a_mail(case: Case, office: Any) -> None:
    prepare(office, case)
    before = {letter.id for letter in office.letters()}
    events = event_counts(office)
    raw = corpus.raw(case, office)
    entry = deliver(office, raw, case.arrival)
    wanted = case.expect
    assert (entry.outcome, entry.reason, entry.ticket or 0) == (wanted.outcome, wanted.reason, wanted.ticket)
    for text in wanted.note_contains:
        assert text in entry.note
    check_letters(office, wanted, before)
    check_reading(office, wanted, entry, raw)
    if entry.ticket is not None:
        check_ticket(office, wanted, entry)
        check_message(office, wanted, entry)
    added = event_counts(office) - events
    if wanted.events is not None:
        assert sorted(kind for _, kind in added.elements()) == sorted(wanted.events)
    check_afterwards(office, case, entry)


def event_counts(office: Any) -> Counter[tuple[int, str]]:
    """How often each kind of event is on each ticket."""
    found: Counter[tuple[int, str]] = Counter()
    number = office.desk.settings.desk.first_number
    while office.ticket(number) is not None:
        found.update((number, kind) for kind in office.events(number))
        number += 1
    return found


def check_letters(office: Any, wanted: Expected, before: set[int]) -> None:
    new = [letter for letter in office.letters() if letter.id not in before]
    assert sorted((letter.kind, letter.recipient) for letter in new) == sorted(wanted.letters)
    written = "\n".join(mailroom.letter_raw(office.desk, letter.id).decode() for letter in new)
    for text in wanted.letters_contain:
        assert text in written
    for text in wanted.letters_lack:
        assert text not in written


def check_reading(office: Any, wanted: Expected, entry: inbox.Entry, raw: bytes) -> None:
    if wanted.automatic is None and wanted.verdict is None:
        return
    case = explaining.explained(office.desk, raw, item=entry.id).case
    if wanted.automatic is not None:
        assert case.inbound.automatic == wanted.automatic
    if wanted.verdict is not None:
        assert case.verdict == wanted.verdict


def check_ticket(office: Any, wanted: Expected, entry: inbox.Entry) -> None:
    whole = views.whole(office.desk, entry.ticket)
    ticket = whole.listed.ticket
    found = {
        "subject": ticket.subject,
        "department": ticket.department,
        "state": ticket.state,
        "client": whole.listed.client_email,
        "participants": [person.address for person in whole.participants],
        "links": [(link.ticket, link.kind) for link in whole.links],
    }
    for name, value in found.items():
        if getattr(wanted, name) is not None:
            assert (name, value) == (name, getattr(wanted, name))


def check_message(office: Any, wanted: Expected, entry: inbox.Entry) -> None:
    mine = [one for one in office.messages(entry.ticket) if one.inbox_id == entry.id]
    if entry.outcome in ("held", "bounce", "duplicate", "loop", "command"):
        assert mine == [], "what is kept in the inbox alone is on no ticket"
        return
    (message,) = mine
    found = {
        "kind": message.kind,
        "author": message.author.role,
        "sender": message.author.email,
        "sender_name": message.author.name,
        "public": message.is_public,
        "mark": message.mark,
        "text_is": message.text or message.new_text,
        "new_text_is": message.new_text,
    }
    for name, value in found.items():
        if getattr(wanted, name) is not None:
            assert (name, value) == (name, getattr(wanted, name))
    for name in ("text", "new_text"):
        text = found[f"{name}_is"]
        assert [one for one in getattr(wanted, f"{name}_contains") if one not in text] == []
        assert [one for one in getattr(wanted, f"{name}_lacks") if one in text] == []
    if wanted.attachments is not None:
        assert [part.name for part in message.attachments] == [one.name for one in wanted.attachments]
        for part, one in zip(message.attachments, wanted.attachments, strict=True):
            for name in ("type", "size", "sha256"):
                assert getattr(one, name) in (None, getattr(part, name))


def check_afterwards(office: Any, case: Case, entry: inbox.Entry) -> None:
    """Bob answers on the ticket: who hears it, and what they are told beside."""
    if case.afterwards is None:
        return
    before = {letter.id for letter in office.letters()}
    tickets.reply(office.by("bob"), entry.ticket or 1000, tickets.Answer(text="We look into it."))
    heard = [letter for letter in office.letters(kind="reply") if letter.id not in before]
    assert sorted(letter.recipient for letter in heard) == sorted(case.afterwards.hear)
    for letter in heard:
        written = mailroom.letter_raw(office.desk, letter.id).decode()
        assert [text for text in case.afterwards.lacks if text in written] == []


@each_mail
def test_whatever_a_mail_is_it_is_kept_shown_and_known_again(case: Case, office: Any) -> None:
    prepare(office, case)
    raw = corpus.raw(case, office)
    memory, start = peak_memory(), time.monotonic()
    entry = deliver(office, raw, case.arrival)
    assert time.monotonic() - start < 20
    assert peak_memory() - memory < 600_000_000
    kept = mailroom.raw(office.desk, entry.id)
    assert kept == raw if entry.is_whole else raw.startswith(kept)
    for text in strings(entry):
        text.encode()
        assert "\0" not in text
    if entry.ticket is not None:
        check_whole(office, entry.ticket)
    letters = office.letters()
    for letter in letters:
        check_header(mailroom.letter_raw(office.desk, letter.id))
    again = office.mail(kept, mailbox=case.arrival.mailbox, recipients=case.arrival.recipients)
    assert (again.outcome, again.ticket) == ("duplicate", entry.ticket)
    assert office.letters() == letters
    after = office.mail(ORDINARY, mailbox="sales")
    assert (after.outcome, after.subject) == ("opened", "After all that")


ORDINARY = (
    b"From: Olga <olga@ordinary.example>\r\nTo: sales@desk.example\r\nSubject: After all that\r\n"
    b"Message-ID: <after@ordinary.example>\r\n\r\nDo you still work?\r\n"
)


def peak_memory() -> int:
    """The most bytes that this process ever held."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def check_whole(office: Any, number: int) -> None:
    """A ticket can be looked at: as JSON, every string storable, every file with its bytes."""
    whole = views.whole(office.desk, number)
    assert msgspec.json.decode(msgspec.json.encode(whole))["listed"]["ticket"]["number"] == number
    for text in strings(whole):
        text.encode()
        assert "\0" not in text
    for place, part in enumerate(views.attachments(office.desk, number), 1):
        assert len(views.attachment(office.desk, number, place)) == part.size
        assert part.name
        assert not set(part.name) & set('/\\\0\r\n:"<>|')
    for text in views.html_of(office.desk, whole.messages).values():
        text.encode()


def strings(value: object) -> list[str]:
    """Every string in a value, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return strings([*value.keys(), *value.values()])
    if isinstance(value, (tuple, list)):
        return [text for item in value for text in strings(item)]
    return strings([getattr(value, name) for name in getattr(value, "__struct_fields__", ())])


def check_header(raw: bytes) -> None:
    """A letter's header has our fields alone, each once, in plain lines."""
    header = raw.partition(b"\r\n\r\n")[0]
    lines = header.split(b"\r\n")
    assert all(32 <= sign != 127 for line in lines for sign in line)
    assert all(len(line) <= 998 for line in lines)
    names = [
        line.partition(b":")[0].decode("ascii").lower()
        for line in lines
        if not line.startswith((b" ", b"\t"))
    ]
    assert Counter(names).most_common(1)[0][1] == 1
    assert set(names) <= OUR_HEADERS


def test_the_corpus_is_large_and_whole() -> None:
    assert len(CASES) >= 130
    alone = {
        str(path.relative_to(corpus.MAILS).with_suffix(""))
        for path in corpus.MAILS.glob("*/*.eml")
        if path.parent.name not in corpus.OTHERS
    } - set(CASES)
    assert alone == set(), "a mail without a word of what must come of it"
    bare = [
        name for name, case in CASES.items() if not case.bomb and not (corpus.MAILS / f"{name}.eml").exists()
    ]
    assert bare == [], "words without a mail"


def test_every_title_says_one_thing_once() -> None:
    titles = Counter(case.title for case in CASES.values())
    assert [title for title, count in titles.items() if count > 1 or len(title) < 20] == []


def test_every_row_of_the_table_is_the_reason_of_a_mail() -> None:
    reasons = {case.expect.reason for case in CASES.values()}
    assert {row.name for row in TABLE} - reasons == set()
