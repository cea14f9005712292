"""Answers taken back before they left; on both engines, and beside a notify that runs."""

import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.errors import Failed
from helpdesk_cli.services import assigning, merging, putting_off, tickets, unsending
from helpdesk_cli.services.outgoing import claimant, notify
from helpdesk_cli.settings import Operation, Sla, Span
from helpdesk_cli.store import clocks, open_engine, outbox

MAIL = (
    "From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\nMessage-ID: <1@c>\r\n\r\n"
    "It burns.\r\n"
)


def answered(office: Any, text: str = "Use watre.", **more: Any) -> None:
    tickets.reply(office.by("bob"), 1000, tickets.Answer(text=text, **more))


def unsend(office: Any, login: str = "bob") -> unsending.Unsent:
    return unsending.unsend(office.by(login), 1000)


@pytest.fixture
def asked(office: Any) -> Any:
    """A desk at which Ann asked, and nothing waits to go."""
    office.mail(MAIL)
    notify(office.desk)
    office.passes(minutes=5)
    return office


def test_an_answer_that_waits_is_taken_back_with_all_that_it_did(asked: Any) -> None:
    before = asked.ticket(1000)
    answered(asked, stage="done", cc=("boss@client.example",))
    asked.passes(minutes=1)
    taken = unsend(asked)
    assert (taken.message.new_text, taken.to) == ("Use watre.", ("ann@client.example", "boss@client.example"))
    after = asked.ticket(1000)
    assert (after.stage, after.state, after.closed_at) == ("new", "open", None)
    assert (after.unanswered_since, after.answered_at, after.staff_word_at) == (
        before.unanswered_since,
        None,
        None,
    )
    assert {letter.state for letter in asked.letters(kind="reply")} == {"dropped"}
    assert notify(asked.desk).sent == 0
    assert asked.events(1000)[-2:] == ["unsent", "moved"]


def test_what_was_taken_back_closed_nothing(asked: Any) -> None:
    """Of two answers, the first of which closed the ticket, none left: the client waits as before."""
    since = asked.ticket(1000).unanswered_since
    for stage in ("done", None):
        asked.passes(minutes=1)
        answered(asked, stage=stage)
        asked.passes(minutes=1)
        unsend(asked)
        assert asked.ticket(1000).unanswered_since == since


def test_what_was_merged_and_is_by_itself_again_was_not_closed(asked: Any) -> None:
    since = asked.ticket(1000).unanswered_since
    asked.mail(MAIL.replace("<1@c>", "<2@c>").replace("burns", "is on fire"))
    merging.merge(asked.by("bob"), [1000], 1001)
    asked.passes(minutes=1)
    merging.undo(asked.by("bob"), [1000])
    asked.passes(minutes=1)
    answered(asked)
    unsend(asked)
    assert asked.ticket(1000).unanswered_since == since


@pytest.mark.parametrize("undone", ["unsend", "unmerge"])
def test_what_was_put_off_is_so_again(asked: Any, undone: str) -> None:
    tickets.reply(asked.by("bob"), 1000, tickets.Answer(text="Soon."))
    notify(asked.desk)
    putting_off.wait(asked.by("bob"), 1000, later(asked.now, 20 * 86400))
    before = asked.ticket(1000)
    assert before.waits_until is not None
    asked.passes(minutes=1)
    if undone == "unsend":
        answered(asked, stage="done")
        unsend(asked)
    else:
        asked.mail(MAIL.replace("<1@c>", "<2@c>").replace("burns", "is on fire"))
        merging.merge(asked.by("bob"), [1000], 1001)
        asked.passes(minutes=1)
        merging.undo(asked.by("bob"), [1000])
    after = asked.ticket(1000)
    assert (after.stage, after.waits_until, after.waits_from) == (
        before.stage,
        before.waits_until,
        before.waits_from,
    )


def test_it_stays_as_a_note_that_no_mail_repeats(asked: Any) -> None:
    answered(asked)
    unsend(asked)
    note = asked.messages(1000)[-1]
    assert (note.kind, note.is_public, note.mark) == ("note", False, unsending.MARK)
    asked.passes(minutes=1)
    answered(asked, "Use water.")
    notify(asked.desk)
    newest = max(Path(asked.folder, "out", "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert b"Use water." in newest.read_bytes()
    assert b"watre" not in newest.read_bytes()


def test_only_ones_own_newest_answer_is_taken_back(asked: Any) -> None:
    with pytest.raises(Failed, match="ticket 1000 has no answer of yours to take back"):
        unsend(asked)
    answered(asked)
    with pytest.raises(Failed, match="no answer of yours"):
        unsend(asked, "carla")
    tickets.note(asked.by("bob"), 1000, tickets.Answer(text="A note."))
    answered(asked, "Second.")
    assert unsend(asked).message.new_text == "Second."
    assert unsend(asked).message.new_text == "Use watre."
    with pytest.raises(Failed, match="no answer of yours"):
        unsend(asked)
    assert asked.messages(1000)[-1].new_text == "Second."


def test_what_left_is_too_late_and_says_to_whom(asked: Any) -> None:
    answered(asked)
    notify(asked.desk)
    with pytest.raises(
        Failed, match=r"too late, your last answer left \(to ann@client.example: sent at 2026-"
    ):
        unsend(asked)
    assert asked.messages(1000)[-1].is_public


def test_where_some_left_nothing_is_taken_back_and_the_others_still_go(asked: Any) -> None:
    answered(asked, cc=("boss@client.example",))
    assert notify(asked.desk, limit=1).sent == 1
    (waiting,) = asked.letters(kind="reply", state="queued")
    with pytest.raises(
        Failed, match=f"'helpdesk outbox drop {waiting.id}' keeps back the one to {waiting.recipient}"
    ):
        unsend(asked)
    assert notify(asked.desk).sent == 1


def test_what_is_in_the_hands_of_a_run_is_too_late_and_what_it_lets_go_is_not(asked: Any) -> None:
    answered(asked)
    claim = lambda tx: outbox.claim(tx, asked.now, claimant(), asked.now, count=20)  # noqa: E731
    (letter,) = asked.desk.engine.transact(claim)
    with pytest.raises(Failed, match="it is being sent just now"):
        unsend(asked)
    asked.desk.engine.transact(lambda tx: outbox.let_go(tx, letter.id, claimant()))
    unsend(asked)
    assert [one.state for one in asked.letters(kind="reply")] == ["dropped"]


def test_a_deferred_answer_did_not_leave(asked: Any) -> None:
    answered(asked)
    claim = lambda tx: outbox.claim(tx, asked.now, claimant(), asked.now, count=20)  # noqa: E731
    (letter,) = asked.desk.engine.transact(claim)
    asked.desk.engine.transact(
        lambda tx: outbox.became(tx, letter.id, claimant(), "deferred", next_attempt_at=later(asked.now, 300))
    )
    assert unsend(asked).to == ("ann@client.example",)


def test_an_answer_is_either_sent_or_taken_back_never_both(asked: Any) -> None:
    """Many times both at once, with connections of their own."""
    outcomes, bob = set(), asked.by("bob")
    for _ in range(12):
        answered(asked)
        taken: list[bool] = []

        def take(taken: list[bool] = taken) -> None:
            engine = open_engine(asked.desk.settings.store.url)
            try:
                unsending.unsend(replace(bob, engine=engine), 1000)
                taken.append(True)
            except Failed:
                taken.append(False)
            finally:
                engine.close()

        thread = threading.Thread(target=take)
        thread.start()
        sent = notify(asked.desk).sent
        thread.join()
        sent += notify(asked.desk).sent
        assert sent == (0 if taken[0] else 1)
        outcomes.add(taken[0])
        asked.passes(minutes=1)
    assert outcomes  # which of both is quicker is the machine's affair


def test_answers_wait_as_long_as_the_desk_holds_them(asked: Any) -> None:
    asked.configured(operation=Operation(hold_answers=Span(30)))
    answered(asked)
    assert notify(asked.desk).sent == 0
    asked.passes(minutes=0.5)
    assert notify(asked.desk).sent == 1


def test_what_staff_hear_is_not_held(asked: Any) -> None:
    asked.configured(operation=Operation(hold_answers=Span(30)))
    assigning.assign(asked.desk, [1000], "carla", silent=True)
    answered(asked, stage="in-progress")
    assert notify(asked.desk).sent == 1
    assert [one.kind for one in asked.letters(recipient="carla@staff.example", state="sent")] == ["alert"]
    assert [one.state for one in asked.letters(kind="reply")] == ["queued"]


def test_clocks_go_on_as_if_nobody_had_answered(office: Any) -> None:
    level = Sla(name="Gold", first_response={"else": Span(3600)}, resolution={"else": Span(7200)})
    office.configured(sla={"gold": level})
    office.mail(MAIL)

    def all_clocks() -> Any:
        with office.desk.engine.read() as tx:
            return clocks.of_tickets(tx, [1000])[1000]

    before = {name: replace(one) for name, one in all_clocks().items()}
    office.passes(minutes=10)
    answered(office, stage="done")
    assert {one.state for one in all_clocks().values()} == {"met"}
    office.passes(minutes=5)
    unsend(office)
    assert {name: one.due_at for name, one in all_clocks().items()} == {
        name: one.due_at for name, one in before.items()
    }
    assert office.ticket(1000).due_at == before["first-response"].due_at
