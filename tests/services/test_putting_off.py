"""Tickets that wait until a moment, and what brings them back."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.moments import later
from helpdesk_cli.errors import Failed, Usage
from helpdesk_cli.services import assigning, editing, putting_off, rules, tickets
from helpdesk_cli.services.outgoing import notify
from helpdesk_cli.settings import STAGES, Operation, Sla, Span, Stage
from helpdesk_cli.store import clocks

DAY = 86400


def mail(number: int = 1, text: str = "It burns.", more: str = "") -> str:
    return (
        "From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"
        f"Message-ID: <{number}@client.example>\r\n{more}\r\n{text}\r\n"
    )


def answer(number: int, text: str = "Here I am.", more: str = "") -> str:
    return mail(number, text, f"In-Reply-To: <1@client.example>\r\n{more}")


@pytest.fixture
def asked(office: Any) -> Any:
    office.mail(mail())
    notify(office.desk)
    return office


def wait(office: Any, days: int = 3, note: str = "", **more: Any) -> None:
    putting_off.wait(office.by("bob"), 1000, later(office.now, days * DAY), note, **more)


def ran(office: Any) -> dict[str, list[int]]:
    report = rules.run(office.desk)
    assert [one.error for one in report.rules if one.error] == []
    return {one.name: one.tickets for one in report.rules if one.tickets}


def told(office: Any) -> list[tuple[str, Any]]:
    return [(one.recipient, one.facts["lines"]) for one in office.letters(kind="notice", state="queued")]


def test_it_waits_until_its_moment_and_comes_back_where_it_was(asked: Any) -> None:
    tickets.move(asked.by("bob"), [1000], "in-progress")
    assigning.assign(asked.desk, [1000], "carla", silent=True)
    notify(asked.desk)
    wait(asked, note="The disks come on Wednesday.")
    ticket = asked.ticket(1000)
    assert (ticket.stage, ticket.state, ticket.waits_from) == ("awaiting", "waiting", "in-progress")
    assert ticket.waits_until == later(asked.now, 3 * DAY)
    assert asked.messages(1000)[-1].new_text == "The disks come on Wednesday."
    asked.passes(days=2.9)
    assert ran(asked) == {}
    asked.passes(days=0.1)
    assert ran(asked) == {"wake": [1000]}
    after = asked.ticket(1000)
    assert (after.stage, after.state, after.waits_until, after.waits_from) == (
        "in-progress",
        "open",
        None,
        None,
    )
    assert told(asked) == [
        (
            "carla@staff.example",
            ["It was put off until now, and is back in In progress.", "The disks come on Wednesday."],
        )
    ]
    assert ran(asked) == {}


def test_where_it_is_nobodys_the_department_hears(asked: Any) -> None:
    wait(asked)
    asked.passes(days=3)
    ran(asked)
    assert told(asked) == [("bob@staff.example", ["It was put off until now, and is back in New."])]


def test_a_word_of_the_client_wakes_it_at_once(asked: Any) -> None:
    wait(asked)
    asked.mail(answer(2))
    ticket = asked.ticket(1000)
    assert (ticket.stage, ticket.state, ticket.waits_until) == ("in-progress", "open", None)
    asked.passes(days=4)
    assert ran(asked) == {}


def test_a_word_of_thanks_wakes_nothing(asked: Any) -> None:
    wait(asked)
    asked.mail(answer(2, "Thanks!").replace("Subject: P", "Subject: Re: P"))
    assert asked.ticket(1000).waits_until is not None
    asked.passes(days=3)
    assert ran(asked) == {"wake": [1000]}


def test_who_moves_it_brings_it_back_for_good(asked: Any) -> None:
    wait(asked)
    tickets.move(asked.by("bob"), [1000], "done")
    asked.passes(days=4)
    assert ran(asked) == {}
    assert asked.ticket(1000).state == "closed"


def test_nobody_is_reminded_and_nothing_is_closed_while_it_waits_for_us(asked: Any) -> None:
    asked.configured(operation=Operation(reminder_after=Span(DAY), inactive_after=Span(DAY)))
    tickets.reply(asked.by("bob"), 1000, tickets.Answer(text="Wait please."))
    notify(asked.desk)
    wait(asked, days=9)
    for _ in range(8):
        asked.passes(days=1)
        assert ran(asked) == {}
    asked.passes(days=1)
    assert ran(asked) == {"wake": [1000]}


def test_what_comes_back_is_not_put_aside_at_once_as_untouched(asked: Any) -> None:
    asked.configured(operation=Operation(awaiting_after=Span(2 * DAY)))
    wait(asked, days=5)
    asked.passes(days=5)
    assert ran(asked) == {"wake": [1000]}
    asked.passes(days=1)
    assert ran(asked) == {}
    asked.passes(days=1)
    assert ran(asked) == {"awaiting": [1000]}


def test_it_may_be_put_off_again_and_remembers_where_it_was(asked: Any) -> None:
    wait(asked, days=1)
    wait(asked, days=5)
    ticket = asked.ticket(1000)
    assert (ticket.waits_until, ticket.waits_from) == (later(asked.now, 5 * DAY), "new")
    asked.passes(days=2)
    assert ran(asked) == {}


def test_a_ticket_that_waits_already_gets_a_moment(asked: Any) -> None:
    tickets.move(asked.by("bob"), [1000], "awaiting")
    wait(asked)
    asked.passes(days=3)
    assert ran(asked) == {"wake": [1000]}
    assert asked.ticket(1000).stage == "in-progress"


def test_where_its_stage_is_gone_it_goes_to_that_of_tickets_at_work(asked: Any) -> None:
    wait(asked)
    asked.configured(
        stage={slug: one for slug, one in STAGES.items() if slug != "new"} | {"x": STAGES["new"]}
    )
    asked.passes(days=3)
    assert ran(asked) == {"wake": [1000]}
    assert asked.ticket(1000).stage == "x"


@pytest.mark.parametrize("more", [{"departments": ("sales",)}, {"state": "closed"}, {"state": "waiting"}])
def test_where_its_stage_is_not_for_it_any_more_it_goes_to_that_of_tickets_at_work(
    asked: Any, more: dict[str, Any]
) -> None:
    wait(asked)
    asked.configured(stage={**STAGES, "new": replace(STAGES["new"], **more), "more": STAGES["new"]})
    asked.passes(days=3)
    assert ran(asked) == {"wake": [1000]}
    after = asked.ticket(1000)
    assert (after.stage, after.state) != ("new", "open")
    assert after.state == "open"


def test_it_comes_back_where_no_move_of_a_person_would_lead(asked: Any) -> None:
    asked.configured(stage={**STAGES, "awaiting": replace(STAGES["awaiting"], next=("done",))})
    wait(asked)
    asked.passes(days=3)
    assert ran(asked) == {"wake": [1000]}
    assert asked.ticket(1000).stage == "new"


def test_a_stage_may_be_named_and_must_be_one_that_waits(asked: Any) -> None:
    asked.configured(stage={**STAGES, "disks": Stage(name="For disks", state="waiting")})
    with pytest.raises(Usage, match="nothing waits there"):
        wait(asked, stage="done")
    wait(asked, stage="For disks")
    assert asked.ticket(1000).stage == "disks"


def test_a_closed_ticket_is_not_put_off_nor_one_that_may_not_wait(asked: Any) -> None:
    asked.configured(stage={**STAGES, "new": replace(STAGES["new"], next=("done",))})
    with pytest.raises(Failed, match=r"ticket 1000 is in new; from new it may go to: done \(closed\)"):
        wait(asked, note="Lost?")
    assert len(asked.messages(1000)) == 1
    tickets.close(asked.by("bob"), [1000])
    with pytest.raises(Failed, match="'helpdesk ticket reopen 1000' comes first"):
        wait(asked)


def test_clocks_stand_meanwhile(office: Any) -> None:
    office.configured(sla={"gold": Sla(name="Gold", resolution={"else": Span(2 * DAY)})})
    office.mail(mail())
    office.passes(days=1)
    wait(office)

    def due() -> Any:
        with office.desk.engine.read() as tx:
            return clocks.of_tickets(tx, [1000])[1000]["resolution"].due_at

    assert due() is None
    office.passes(days=3)
    ran(office)
    assert due() == later(office.now, DAY)


def test_another_edit_lets_it_wait_on(asked: Any) -> None:
    wait(asked)
    editing.edit(asked.by("bob"), [1000], editing.Edit(priority="high"))
    tickets.note(asked.by("bob"), 1000, tickets.Answer(text="Still nothing."))
    tickets.reply(asked.by("bob"), 1000, tickets.Answer(text="Still nothing."))
    assert asked.ticket(1000).waits_until is not None
