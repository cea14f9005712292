"""The table of what becomes of a mail, row by row."""

from typing import Any

import pytest
from factories import NOW, a_case, a_client, a_known, a_mail, a_staff
from msgspec.structs import replace

from helpdesk_cli.domain.cases import Case, Page
from helpdesk_cli.domain.mail import Automatic, Claims, Mailbox, Outcome, Verdict
from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.triage import TABLE, explain, triage

ANN = {"client": a_client()}
BY_TOKEN = {**ANN, "client_ticket": a_known()}
CLOSED = a_known(state="closed", closed_at=NOW)
STRANGER = a_mail(sender=Mailbox("eve@evil.example", "Eve"))
STAFF_MAIL = a_mail(sender=Mailbox("bob@staff.example", "Bob"))
STAFF = {"staff": a_staff(), "staff_ticket": a_known(), "staff_person": 7, "staff_purpose": "s"}
PAGER_MAIL = a_mail(sender=Mailbox("bob@pager.example"))
PAGE = Page(letter=3, tickets=(1000,), address="bob@pager.example", who="bob")
PROVED = {"authentication": "id:mx.example.com"}


def decide(**parts: Any) -> tuple[Outcome, str, int | None]:
    decision = triage(a_case(**parts))
    return decision.outcome, decision.reason, decision.ticket


ROWS: list[tuple[str, dict[str, Any], tuple[Outcome, str, int | None]]] = [
    (
        "a second copy",
        {"facts": {"duplicate": 3, "duplicate_ticket": 1001}},
        (Outcome.DUPLICATE, "duplicate", 1001),
    ),
    ("our own Message-ID", {"claims": Claims(is_ours=True)}, (Outcome.LOOP, "loop", None)),
    ("one of our own addresses", {"facts": {"is_own": True}}, (Outcome.LOOP, "loop", None)),
    ("51 hops", {"inbound": a_mail(received=51)}, (Outcome.LOOP, "loop", None)),
    ("50 hops are no loop", {"inbound": a_mail(received=50)}, (Outcome.OPENED, "new", None)),
    (
        "three loop marks of other desks",
        {"inbound": a_mail(headers=(("x-loop", "a"), ("x-rt-loop-prevention", "b"), ("x-loop", "c")))},
        (Outcome.LOOP, "loop", None),
    ),
    (
        "two loop marks of other desks are none",
        {"inbound": a_mail(headers=(("x-loop", "a"), ("x-loop", "c")))},
        (Outcome.OPENED, "new", None),
    ),
    ("a bounce", {"inbound": a_mail(automatic=Automatic.BOUNCE)}, (Outcome.BOUNCE, "bounce", None)),
    (
        "a bounce to a token is no answer",
        {"inbound": a_mail(automatic=Automatic.BOUNCE), "facts": BY_TOKEN},
        (Outcome.BOUNCE, "bounce", 1000),
    ),
    (
        "a vacation note with a token",
        {"inbound": a_mail(automatic=Automatic.VACATION), "facts": BY_TOKEN},
        (Outcome.AUTO_REPLY, "vacation", 1000),
    ),
    (
        "a vacation note without proof",
        {"inbound": a_mail(automatic=Automatic.VACATION)},
        (Outcome.AUTO_REPLY, "vacation", None),
    ),
    ("a read receipt", {"inbound": a_mail(automatic=Automatic.REPORT)}, (Outcome.IGNORED, "report", None)),
    ("a blocked sender", {"facts": {"is_blocked": True}}, (Outcome.IGNORED, "blocked", None)),
    (
        "a spam header",
        {
            "inbound": a_mail(headers=(("x-spam-flag", "yes"),)),
            "mailbox": {"spam_headers": ("X-Spam-Flag: YES",)},
        },
        (Outcome.SPAM, "spam", None),
    ),
    (
        "another value of a spam header",
        {
            "inbound": a_mail(headers=(("x-spam-flag", "NO"),)),
            "mailbox": {"spam_headers": ("X-Spam-Flag: YES",)},
        },
        (Outcome.OPENED, "new", None),
    ),
    ("no sender", {"inbound": a_mail(sender=None)}, (Outcome.HELD, "no-sender", None)),
    ("an old mail", {"is_old": True}, (Outcome.ARCHIVED, "backlog", None)),
    (
        "an old mail that is skipped",
        {"is_old": True, "mailbox": {"backlog": "skip"}},
        (Outcome.IGNORED, "backlog", None),
    ),
    (
        "an old mail that is answered",
        {"is_old": True, "mailbox": {"backlog": "answer"}},
        (Outcome.OPENED, "new", None),
    ),
    (
        "an imported mail",
        {"is_imported": True, "mailbox": {"backlog": "answer"}},
        (Outcome.ARCHIVED, "backlog", None),
    ),
    (
        "an old answer",
        {"is_old": True, "facts": {**ANN, "reference": a_known()}},
        (Outcome.ARCHIVED, "backlog", 1000),
    ),
    (
        "an old mail with our tag alone",
        {"is_old": True, "facts": {"tag": a_known()}},
        (Outcome.ARCHIVED, "backlog", None),
    ),
    (
        "whoever was paged answers from the pager",
        {"inbound": PAGER_MAIL, "facts": {"page": PAGE}},
        (Outcome.COMMAND, "page-answer", 1000),
    ),
    (
        "whoever was paged answers from their own address",
        {"inbound": STAFF_MAIL, "facts": {"page": PAGE, "staff": a_staff()}},
        (Outcome.COMMAND, "page-answer", 1000),
    ),
    (
        "a gateway says that it passed the page on",
        {"inbound": replace(PAGER_MAIL, automatic=Automatic.ROBOT), "facts": {"page": PAGE}},
        (Outcome.AUTO_REPLY, "page-robot", 1000),
    ),
    ("a stranger has the word of a page", {"facts": {"page": PAGE}}, (Outcome.HELD, "spoofed-page", 1000)),
    (
        "a stranger who has the word of a page is let in by a person",
        {"facts": {"page": PAGE}, "is_released": True},
        (Outcome.COMMAND, "page-answer", 1000),
    ),
    (
        "the word of a page from a sender who is not proved",
        {
            "inbound": PAGER_MAIL,
            "facts": {"page": PAGE},
            "mailbox": PROVED,
            "verdict": Verdict.UNKNOWN,
        },
        (Outcome.HELD, "spoofed-page", 1000),
    ),
    (
        "the word of a page with two senders",
        {"inbound": replace(PAGER_MAIL, strict_sender=False), "facts": {"page": PAGE}},
        (Outcome.HELD, "spoofed-page", 1000),
    ),
    (
        "staff answer an alert in which a page is quoted",
        {"inbound": STAFF_MAIL, "facts": {**STAFF, "page": PAGE}, "staff_words": "Yes."},
        (Outcome.REPLIED, "staff-reply", 1000),
    ),
    (
        "staff answer an alert",
        {"inbound": STAFF_MAIL, "facts": STAFF, "staff_words": "Yes."},
        (Outcome.REPLIED, "staff-reply", 1000),
    ),
    (
        "a staff token from another sender",
        {"inbound": STRANGER, "facts": {**STAFF, "staff": None}},
        (Outcome.HELD, "spoofed-staff", 1000),
    ),
    (
        "a staff token of a colleague",
        {"inbound": STAFF_MAIL, "facts": {**STAFF, "staff_person": 8}},
        (Outcome.HELD, "spoofed-staff", 1000),
    ),
    (
        "a staff token without authentication where it is asked for",
        {"inbound": STAFF_MAIL, "facts": STAFF, "mailbox": PROVED},
        (Outcome.HELD, "spoofed-staff", 1000),
    ),
    (
        "a staff token with authentication",
        {
            "inbound": STAFF_MAIL,
            "facts": STAFF,
            "staff_words": "Yes.",
            "mailbox": PROVED,
            "verdict": Verdict.PASS,
        },
        (Outcome.REPLIED, "staff-reply", 1000),
    ),
    (
        "a staff token from a doubtful From",
        {"inbound": a_mail(sender=Mailbox("bob@staff.example"), strict_sender=False), "facts": STAFF},
        (Outcome.HELD, "spoofed-staff", 1000),
    ),
    (
        "a staff answer that is quotation alone",
        {"inbound": STAFF_MAIL, "facts": STAFF, "staff_words": None},
        (Outcome.HELD, "unclear-answer", 1000),
    ),
    (
        "a client's token with failed authentication",
        {"facts": BY_TOKEN, "mailbox": PROVED, "verdict": Verdict.FAIL},
        (Outcome.HELD, "client-not-authenticated", 1000),
    ),
    (
        "a digit that answers a survey",
        {"facts": {**ANN, "client_ticket": CLOSED, "surveyed": frozenset({1000})}, "rating": 4},
        (Outcome.REPLIED, "rating", 1000),
    ),
    (
        "a digit on a ticket without a survey",
        {"facts": {**ANN, "client_ticket": CLOSED}, "rating": 4},
        (Outcome.REPLIED, "client-reply", 1000),
    ),
    (
        "a digit without proof where that is asked for",
        {
            "facts": {**ANN, "reference": CLOSED, "surveyed": frozenset({1000})},
            "rating": 4,
            "mailbox": PROVED,
        },
        (Outcome.OPENED, "new", None),
    ),
    ("a client's token", {"facts": BY_TOKEN}, (Outcome.REPLIED, "client-reply", 1000)),
    (
        "a client's token, not proved",
        {"facts": BY_TOKEN, "mailbox": PROVED},
        (Outcome.REPLIED, "client-reply", 1000),
    ),
    (
        "a third party's token, whatever the client's says",
        {
            "inbound": STRANGER,
            "facts": {"client_ticket": a_known(), "third_ticket": a_known(number=1002)},
        },
        (Outcome.REPLIED, "third-party-answer", 1002),
    ),
    (
        "a client's answer that brings a third party's token too",
        {"facts": {**ANN, "client_ticket": a_known(), "third_ticket": a_known(number=1002)}},
        (Outcome.REPLIED, "client-reply", 1000),
    ),
    (
        "a third party's token, not authenticated",
        {"inbound": STRANGER, "verdict": Verdict.FAIL, "facts": {"third_ticket": a_known()}},
        (Outcome.HELD, "client-not-authenticated", 1000),
    ),
    (
        "a vacation note of a third party",
        {"inbound": a_mail(automatic=Automatic.VACATION), "facts": {"third_ticket": a_known()}},
        (Outcome.AUTO_REPLY, "vacation", 1000),
    ),
    (
        "a client's token from somebody else",
        {"inbound": STRANGER, "facts": {"client_ticket": a_known()}},
        (Outcome.REPLIED, "third-party", 1000),
    ),
    (
        "a known Message-ID",
        {"facts": {**ANN, "reference": a_known()}},
        (Outcome.REPLIED, "by-reference", 1000),
    ),
    ("our tag", {"facts": {**ANN, "tag": a_known()}}, (Outcome.REPLIED, "by-reference", 1000)),
    (
        "a known Message-ID from a stranger",
        {"inbound": STRANGER, "facts": {"reference": a_known()}},
        (Outcome.OPENED, "new", None),
    ),
    (
        "our tag without authentication where it is asked for",
        {"facts": {**ANN, "tag": a_known()}, "mailbox": PROVED},
        (Outcome.OPENED, "new", None),
    ),
    (
        "an unknown sender is rejected",
        {"mailbox": {"unknown_senders": "reject"}},
        (Outcome.REJECTED, "unknown-rejected", None),
    ),
    (
        "a known sender is not rejected",
        {"facts": ANN, "mailbox": {"unknown_senders": "reject"}},
        (Outcome.OPENED, "new", None),
    ),
    (
        "staff are no unknown senders",
        {"inbound": STAFF_MAIL, "facts": {"staff": a_staff()}, "mailbox": {"unknown_senders": "reject"}},
        (Outcome.OPENED, "new", None),
    ),
    (
        "an unknown sender is held",
        {"mailbox": {"unknown_senders": "hold"}},
        (Outcome.HELD, "unknown-held", None),
    ),
    ("no department", {"facts": {"department": ""}}, (Outcome.HELD, "no-department", None)),
    (
        "a flood",
        {"facts": {**ANN, "is_flooding": True, "flood_ticket": a_known(number=1009)}},
        (Outcome.REPLIED, "flood", 1009),
    ),
    ("anything else", {}, (Outcome.OPENED, "new", None)),
]


@pytest.mark.parametrize(("parts", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_row_decides_as_the_table_says(
    parts: dict[str, Any], expected: tuple[Outcome, str, int | None]
) -> None:
    assert decide(**parts) == expected


def test_every_row_has_a_case() -> None:
    reasons = {expected[1] for _, _, expected in ROWS}
    assert {row.name for row in TABLE} <= reasons


def closed(days: float) -> Any:
    return a_known(state="closed", closed_at=later(NOW, -days * 86400))


@pytest.mark.parametrize(
    ("parts", "outcome", "reopens", "links"),
    [
        ({"facts": {**ANN, "client_ticket": closed(13.9)}}, Outcome.REPLIED, True, ()),
        ({"facts": {**ANN, "client_ticket": closed(14.1)}}, Outcome.OPENED, False, ((1000, "continues"),)),
        ({"facts": {**ANN, "client_ticket": closed(1)}, "is_thanks": True}, Outcome.REPLIED, False, ()),
        ({"facts": {**ANN, "client_ticket": closed(99)}, "is_thanks": True}, Outcome.REPLIED, False, ()),
        (
            {"facts": {**ANN, "client_ticket": closed(1)}, "inbound": a_mail(automatic=Automatic.ROBOT)},
            Outcome.REPLIED,
            False,
            (),
        ),
        (
            {"facts": {**ANN, "client_ticket": closed(1)}, "inbound": a_mail(automatic=Automatic.VACATION)},
            Outcome.AUTO_REPLY,
            False,
            (),
        ),
        ({"facts": {**ANN, "tag": closed(1)}}, Outcome.REPLIED, True, ()),
        ({"facts": {**ANN, "client_ticket": a_known(state="waiting")}}, Outcome.REPLIED, True, ()),
        (
            {"facts": {"client_ticket": a_known(state="waiting")}, "inbound": STRANGER},
            Outcome.REPLIED,
            False,
            (),
        ),
    ],
)
def test_an_answer_brings_a_ticket_back_or_opens_a_linked_one(
    parts: dict[str, Any], outcome: Outcome, reopens: bool, links: tuple[tuple[int, str], ...]
) -> None:
    decision = triage(a_case(**parts))
    assert (decision.outcome, decision.reopens, decision.links) == (outcome, reopens, links)


@pytest.mark.parametrize(
    ("acknowledge", "verdict", "facts", "expected"),
    [
        ("always", Verdict.UNKNOWN, {}, True),
        ("always", Verdict.FAIL, {}, False),
        ("known", Verdict.UNKNOWN, {}, False),
        ("known", Verdict.UNKNOWN, ANN, True),
        ("known", Verdict.FAIL, ANN, False),
        ("authenticated", Verdict.UNKNOWN, ANN, False),
        ("authenticated", Verdict.PASS, ANN, True),
        ("never", Verdict.PASS, ANN, False),
    ],
)
def test_who_is_acknowledged(
    acknowledge: str, verdict: Verdict, facts: dict[str, Any], expected: bool
) -> None:
    decision = triage(a_case(facts=facts, verdict=verdict, mailbox={"acknowledge": acknowledge, **PROVED}))
    assert (decision.outcome, decision.acknowledges) == (Outcome.OPENED, expected)


@pytest.mark.parametrize(
    "inbound", [a_mail(automatic=Automatic.ROBOT), a_mail(recipients_total=51)], ids=["a robot", "a crowd"]
)
def test_robots_and_crowds_are_taken_in_but_not_acknowledged(inbound: Any) -> None:
    decision = triage(a_case(inbound=inbound))
    assert (decision.outcome, decision.acknowledges) == (Outcome.OPENED, False)


def test_robots_never_page() -> None:
    assert triage(a_case()).pages
    assert not triage(a_case(inbound=a_mail(automatic=Automatic.ROBOT))).pages


def test_an_unproved_subject_is_not_repeated_where_proof_is_asked_for() -> None:
    assert triage(a_case()).repeats_subject
    assert not triage(a_case(mailbox=PROVED)).repeats_subject
    assert triage(a_case(mailbox=PROVED, verdict=Verdict.PASS)).repeats_subject


def test_only_staff_see_a_third_party() -> None:
    decision = triage(a_case(inbound=STRANGER, facts={"client_ticket": a_known()}))
    assert (decision.is_public, decision.mark) == (False, "third party")


def test_a_claim_without_proof_is_linked_for_staff() -> None:
    decision = triage(a_case(inbound=STRANGER, facts={"reference": a_known()}))
    assert decision.links == ((1000, "claims"),)


def test_a_rejection_is_polite_only_to_people_whom_we_believe() -> None:
    reject = {"unknown_senders": "reject"}
    assert triage(a_case(mailbox=reject)).warnings == ("rejection",)
    assert triage(a_case(mailbox={**reject, **PROVED})).warnings == ()
    assert triage(a_case(mailbox=reject, inbound=a_mail(automatic=Automatic.ROBOT))).warnings == ()


def test_a_spoof_is_told() -> None:
    assert triage(a_case(inbound=STRANGER, facts={**STAFF, "staff": None})).warnings == ("spoof-warning",)


RELEASED: list[tuple[str, dict[str, Any], str]] = [
    ("blocked", {"facts": {"is_blocked": True}}, "new"),
    (
        "spam",
        {"inbound": a_mail(headers=(("x-spam", "1"),)), "mailbox": {"spam_headers": ("X-Spam: 1",)}},
        "new",
    ),
    ("unknown and held", {"mailbox": {"unknown_senders": "hold"}}, "new"),
    ("unknown and rejected", {"mailbox": {"unknown_senders": "reject"}}, "new"),
    ("not authenticated", {"facts": BY_TOKEN, "verdict": Verdict.FAIL, "mailbox": PROVED}, "client-reply"),
    ("a spoofed staff member", {"inbound": STRANGER, "facts": {**STAFF, "staff": None}}, "new"),
    ("a vacation note", {"inbound": a_mail(automatic=Automatic.VACATION)}, "new"),
    ("a loop", {"claims": Claims(is_ours=True)}, "new"),
]


@pytest.mark.parametrize(("parts", "reason"), [row[1:] for row in RELEASED], ids=[row[0] for row in RELEASED])
def test_a_person_can_let_in_what_was_stopped(parts: dict[str, Any], reason: str) -> None:
    assert triage(a_case(**parts)).reason != reason
    assert triage(a_case(**parts, is_released=True)).reason == reason


def test_explain_tells_each_row_up_to_the_one_that_won() -> None:
    tried = explain(a_case(facts=BY_TOKEN))
    assert [row.name for row, _ in tried] == [row.name for row in TABLE[: len(tried)]]
    assert [decision is not None for _, decision in tried] == [False] * (len(tried) - 1) + [True]
    assert tried[-1][0].name == "client-reply"


def test_a_case_without_sender_has_none() -> None:
    case: Case = a_case(inbound=a_mail(sender=None))
    assert case.sender == ""


@pytest.mark.parametrize(
    ("known", "more", "mark", "reopens"),
    [
        (a_known(), {}, "third party", False),
        (a_known(state="waiting"), {}, "third party", True),
        (a_known(state="waiting"), {"is_thanks": True}, "third party", False),
        (closed(13.9), {}, "third party", True),
        (closed(14.1), {}, "third party", False),
        (a_known(state="waiting"), {"robot": True}, "third party", False),
    ],
)
def test_the_answer_of_a_third_party_is_for_staff_and_brings_back_what_waits(
    known: Any, more: dict[str, Any], mark: str, reopens: bool
) -> None:
    robot = {"sender": Mailbox("eve@evil.example", "Eve"), "automatic": Automatic.ROBOT}
    inbound = a_mail(**robot) if more.pop("robot", False) else STRANGER
    strange = {"inbound": inbound, "facts": {"third_ticket": known}, **more}
    decision = triage(a_case(**strange))
    assert (decision.outcome, decision.is_public, decision.mark, decision.reopens, decision.links) == (
        Outcome.REPLIED,
        False,
        mark,
        reopens,
        (),
    )


def test_who_was_asked_is_told_where_somebody_else_answers() -> None:
    def mark(*asked: str) -> str:
        facts = {"third_ticket": a_known(), "asked": asked}
        return triage(a_case(inbound=STRANGER, facts=facts)).mark

    assert STRANGER.sender is not None
    assert mark(STRANGER.sender.address, "x@supplier.example") == "third party"
    assert mark("x@supplier.example") == "third party; was asked: x@supplier.example"


def test_who_was_asked_speaks_to_staff_alone_though_they_take_part_by_now() -> None:
    """Else what they say in confidence would be read by the client."""
    sender = a_case(facts=ANN).sender
    decision = triage(a_case(facts={**ANN, "third_ticket": a_known(), "asked": (sender,)}))
    assert (decision.reason, decision.is_public) == ("third-party-answer", False)


def test_a_client_who_answers_what_was_forwarded_is_heard_as_by_the_subject() -> None:
    facts = {**ANN, "third_ticket": a_known()}
    decision = triage(a_case(facts=facts))
    assert (decision.is_public, decision.mark) == (True, "by reference")
    doubted = triage(a_case(facts=facts, mailbox={"authentication": "id:mx.example.com"}))
    assert (doubted.is_public, doubted.mark) == (False, "third party")
