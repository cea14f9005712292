"""Clients are asked how they rate what was done, and what becomes of their answers."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.mail.tokens import reply_token
from helpdesk_cli.services import explaining, mailroom, members, people, rules, tickets
from helpdesk_cli.services.tickets import Answer
from helpdesk_cli.settings import Operation, Rule, Span
from helpdesk_cli.store import tickets as rows

HOUR, DAY = 3600, 86400
OPERATION = Operation(survey_after=Span(DAY), reminder_after=Span(DAY), inactive_after=Span(DAY))


@pytest.fixture
def asking(office: Any) -> Any:
    """A desk that asks a day after closing."""
    office.configured(operation=OPERATION)
    return office


def came(office: Any, more: str = "", sender: str = "ann@client.example") -> None:
    """A mail opens ticket 1000."""
    office.mail(
        f"From: Ann <{sender}>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"
        f"Message-ID: <1@client.example>\r\n{more}\r\nIt burns.\r\n"
    )


def closed(office: Any, stage: str = "done") -> None:
    """Bob answers it and closes it."""
    tickets.reply(office.by("bob"), 1000, Answer(text="Fixed.", stage=stage))


def asked(office: Any) -> list[int]:
    """Let the rules run; the tickets whose clients are asked."""
    foreseen = named(rules.run(office.desk, dry_run=True))
    done = named(rules.run(office.desk))
    assert foreseen == done
    return done


def named(report: rules.RunReport) -> list[int]:
    (found,) = [one for one in report.rules if one.name == "survey"]
    assert found.error is None
    return found.tickets


def surveyed(office: Any) -> None:
    """Ticket 1000 is opened, closed, and its client asked."""
    came(office)
    closed(office)
    office.passes(days=1)
    assert asked(office) == [1000]


def answer(
    office: Any, text: str, *, letter: Any = None, sender: str = "ann@client.example", more: str = ""
) -> Any:
    """The client answers a letter, the survey unless another is named."""
    letter = letter or office.letters(kind="survey")[-1]
    token = reply_token(office.desk.key, rows_token(letter))
    return office.mail(
        f"From: Ann <{sender}>\r\nTo: support+{token}@desk.example\r\nSubject: Re: Printer\r\n"
        f"Message-ID: <{len(office.messages(1000))}-{office.now}@client.example>\r\n"
        f"In-Reply-To: {letter.message_id}\r\n{more}\r\n{text}\r\n"
    )


def rows_token(letter: Any) -> Any:
    from helpdesk_cli.domain.mail import Token

    return Token(letter.purpose, letter.ticket, letter.person)


def log(office: Any) -> list[tuple[str, str, dict[str, object]]]:
    with office.desk.engine.read() as tx:
        return [(event.actor, event.kind, event.data) for event in rows.events(tx, 1000)]


# Who is asked


def test_a_client_is_asked_once_so_long_after_closing(asking: Any) -> None:
    came(asking)
    closed(asking)
    asking.passes(hours=23)
    assert asked(asking) == []
    asking.passes(hours=1)
    before = asking.ticket(1000)
    assert asked(asking) == [1000]
    (letter,) = asking.letters(kind="survey")
    assert (letter.recipient, letter.ticket) == ("ann@client.example", 1000)
    assert log(asking)[-1] == ("rule:survey", "surveyed", {"closed_at": before.closed_at})
    after = asking.ticket(1000)
    assert (after.state, after.closed_at, after.touched_at) == ("closed", before.closed_at, before.touched_at)
    for _ in range(3):
        asking.passes(days=1)
        assert asked(asking) == []


def test_each_closing_asks_anew(asking: Any) -> None:
    surveyed(asking)
    asking.passes(days=1)
    tickets.reopen(asking.by("bob"), [1000])
    asking.passes(days=2)
    assert asked(asking) == []
    tickets.close(asking.by("bob"), [1000])
    asking.passes(hours=23)
    assert asked(asking) == []
    asking.passes(hours=1)
    assert asked(asking) == [1000]


def test_nobody_is_asked_a_week_after_closing(asking: Any) -> None:
    asking.configured(operation=Operation())
    came(asking)
    closed(asking)
    asking.passes(days=6, hours=23)
    tickets.note(asking.by("bob"), 1000, Answer(text="For the books."))
    late = asking.now
    asking.configured(operation=OPERATION)
    asking.passes(hours=1)
    assert asked(asking) == []
    asking.now = late
    assert asked(asking) == [1000]


def test_it_is_off_by_default(office: Any) -> None:
    came(office)
    closed(office)
    office.passes(days=2)
    assert [one.name for one in rules.run(office.desk).rules] == ["wake"]
    assert [row.enabled for row in rules.listing(office.desk) if row.name == "survey"] == [False]


@pytest.mark.parametrize("stage", ["cancelled", "rejected"])
def test_who_was_refused_is_not_asked(asking: Any, stage: str) -> None:
    came(asking)
    closed(asking, stage)
    asking.passes(days=1)
    assert asked(asking) == []


def test_who_got_no_answer_is_not_asked(asking: Any) -> None:
    came(asking)
    tickets.note(asking.by("bob"), 1000, Answer(text="Hm."))
    tickets.close(asking.by("bob"), [1000])
    asking.passes(days=1)
    assert asked(asking) == []


def test_whose_ticket_a_rule_closed_is_not_asked(asking: Any) -> None:
    asking.configured(rule={"thanks": Rule(when="answered", then={"stage": "done"})})
    came(asking)
    tickets.reply(asking.by("bob"), 1000, Answer(text="Fixed."))
    assert asking.ticket(1000).stage == "done"
    asking.passes(days=1)
    assert asked(asking) == []


def test_whose_ticket_was_closed_as_inactive_is_not_asked(asking: Any) -> None:
    came(asking)
    tickets.reply(asking.by("bob"), 1000, Answer(text="Which printer?", stage="awaiting"))
    for _ in range(4):
        asking.passes(days=1)
        assert asked(asking) == []
    assert (asking.ticket(1000).stage, asking.letters(kind="survey")) == ("done", [])


@pytest.mark.parametrize("pattern", ["ann@client.example", "client.example"])
def test_who_is_blocked_is_not_asked(asking: Any, pattern: str) -> None:
    came(asking)
    closed(asking)
    people.block(asking.desk, [pattern])
    asking.passes(days=1)
    assert asked(asking) == []


def test_spam_is_not_asked_about_though_its_sender_is_heard_again(asking: Any) -> None:
    known = asking.desk.settings.stage
    asking.configured(stage={slug: known[slug] for slug in ("new", "awaiting", "done")})
    came(asking)
    tickets.reply(asking.by("bob"), 1000, Answer(text="Who are you?"))
    tickets.spam(asking.by("bob"), [1000])
    people.block(asking.desk, ["ann@client.example"], undo=True)
    asking.passes(days=1)
    assert asking.ticket(1000).stage == "done"
    assert asked(asking) == []


@pytest.mark.parametrize(
    ("more", "sender"),
    [("Precedence: bulk\r\n", "ann@client.example"), ("", "no-reply@client.example")],
    ids=["by its headers", "by its address"],
)
def test_machines_are_not_asked(asking: Any, more: str, sender: str) -> None:
    came(asking, more, sender)
    closed(asking)
    asking.passes(days=1)
    assert asked(asking) == []
    assert log(asking)[0][1:] == ("opened", {"channel": "email", "automatic": True})


def test_what_was_merged_is_not_asked_about(asking: Any) -> None:
    came(asking)
    closed(asking)
    merged = replace(asking.ticket(1000), merged_into=1000)
    with asking.desk.engine.write() as tx:
        rows.update(tx, merged)
    asking.passes(days=1)
    assert asked(asking) == []


def test_so_many_are_asked_a_run_and_the_rest_in_the_next(asking: Any) -> None:
    asking.configured(operation=replace(OPERATION, tickets_per_rule=2))
    for number in range(1, 4):
        asking.mail(
            f"From: c{number}@client.example\r\nTo: support@desk.example\r\nSubject: {number}\r\n"
            f"Message-ID: <{number}@client.example>\r\n\r\nHelp.\r\n"
        )
        tickets.close(asking.by("bob"), [999 + number], "Fixed.")
    asking.passes(days=1)
    (report,) = [one for one in rules.run(asking.desk).rules if one.name == "survey"]
    assert (report.tickets, report.left) == ([1000, 1001], 1)
    assert asked(asking) == [1002]


# What comes back


@pytest.mark.parametrize(
    ("text", "rating", "comment"),
    [
        ("4", 4, None),
        ("  5  \r\n\r\nBest regards\r\nAnn", 5, None),
        ("1\r\n\r\nI had to wait for a week.", 1, "I had to wait for a week."),
        ("3\r\n\r\n> Answer this mail with one digit", 3, None),
    ],
)
def test_a_digit_is_kept_and_reopens_nothing(
    asking: Any, text: str, rating: int, comment: str | None
) -> None:
    surveyed(asking)
    before = asking.ticket(1000)
    alerts = len(asking.letters(kind="alert"))
    asking.passes(hours=1)
    entry = answer(asking, text)
    assert (entry.outcome, entry.reason, entry.ticket) == ("replied", "rating", 1000)
    data = {"rating": rating, **({"comment": comment} if comment else {})}
    assert log(asking)[-1] == ("ann@client.example", "rated", data)
    ticket = asking.ticket(1000)
    assert (ticket.stage, ticket.state, ticket.rating) == ("done", "closed", rating)
    assert (ticket.unanswered_since, ticket.client_word_at) == (None, before.client_word_at)
    assert ticket.message_count == before.message_count + 1 == len(asking.messages(1000))
    assert len(asking.letters(kind="alert")) - alerts == (comment is not None)


@pytest.mark.parametrize("text", ["6", "0", "55", "4 stars", "4,5", "It burns again.\r\n4", "IV"])
def test_anything_else_is_an_answer_and_reopens(asking: Any, text: str) -> None:
    surveyed(asking)
    assert answer(asking, text).reason == "client-reply"
    assert (asking.ticket(1000).state, asking.ticket(1000).rating) == ("open", None)


def test_who_hears_of_a_rating_is_told_that_it_is_one(asking: Any) -> None:
    surveyed(asking)
    answer(asking, "2\r\nIt still burns.")
    *_, alert = asking.letters(kind="alert")
    raw = mailroom.letter_raw(asking.desk, alert.id).decode()
    assert "rated HD-1000 with 2 of 5:" in raw


def test_without_a_survey_a_digit_is_an_answer(asking: Any) -> None:
    came(asking)
    closed(asking)
    assert answer(asking, "2", letter=asking.letters(kind="reply")[-1]).reason == "client-reply"
    assert asking.ticket(1000).state == "open"


def test_an_answer_to_another_letter_rates_a_closed_ticket_too(asking: Any) -> None:
    surveyed(asking)
    assert answer(asking, "2", letter=asking.letters(kind="reply")[-1]).reason == "rating"


def test_an_open_ticket_is_rated_by_an_answer_to_the_survey_alone(asking: Any) -> None:
    surveyed(asking)
    tickets.reopen(asking.by("bob"), [1000])
    tickets.move(asking.by("bob"), [1000], "awaiting")
    assert answer(asking, "2", letter=asking.letters(kind="reply")[-1]).reason == "client-reply"
    assert (asking.ticket(1000).state, asking.ticket(1000).rating) == ("open", None)
    tickets.move(asking.by("bob"), [1000], "awaiting")
    assert answer(asking, "3").reason == "rating"
    assert (asking.ticket(1000).state, asking.ticket(1000).rating) == ("waiting", 3)


def test_the_last_rating_counts(asking: Any) -> None:
    surveyed(asking)
    answer(asking, "2")
    asking.passes(days=30)  # longer ago than reopen_days
    answer(asking, "4")
    assert asking.ticket(1000).rating == 4
    assert [kind for _, kind, _ in log(asking)].count("rated") == 2


def test_a_stranger_with_the_token_rates_nothing(asking: Any) -> None:
    surveyed(asking)
    assert answer(asking, "1", sender="eve@evil.example").reason == "third-party"
    assert asking.ticket(1000).rating is None


def test_a_machine_rates_nothing(asking: Any) -> None:
    surveyed(asking)
    assert answer(asking, "1", more="Precedence: bulk\r\n").reason == "client-reply"
    assert asking.ticket(1000).rating is None


def test_a_rule_answers_a_bad_rating(asking: Any) -> None:
    members.join(asking.desk, "carla", "support")
    asking.configured(
        rule={
            "unhappy": Rule(
                when="rated", if_={"rating": {"at_most": 2}}, then={"notify": "carla", "tag": "unhappy"}
            )
        }
    )
    surveyed(asking)
    before = len(asking.letters())
    answer(asking, "3")
    assert len(asking.letters()) == before
    answer(asking, "2")
    told = [(letter.kind, letter.recipient) for letter in asking.letters()[before:]]
    assert told == [("notice", "carla@staff.example")]


def test_explaining_it_says_so_and_writes_nothing(asking: Any) -> None:
    surveyed(asking)
    letter = asking.letters(kind="survey")[0]
    raw = (
        "From: ann@client.example\r\nTo: support@desk.example\r\nSubject: Re: Printer\r\n"
        f"In-Reply-To: {letter.message_id}\r\nMessage-ID: <x@client.example>\r\n\r\n5\r\n"
    )
    found = explaining.explained(asking.desk, raw.encode())
    row, decision = found.tried[-1]
    assert decision is not None
    assert (row.name, decision.rating, decision.reopens, found.hears) == ("rating", 5, False, [])
    assert asking.ticket(1000).rating is None
