"""Notices as people chose them, digests, and the answer to who was told: on a real store of either engine."""

import threading
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk_cli.domain.ticket import Change, Event, moved
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services import digests, mailroom, members, outgoing, tickets
from helpdesk_cli.services.changes import record
from helpdesk_cli.services.mailroom import letter_raw
from helpdesk_cli.services.tickets import Answer
from helpdesk_cli.services.why import why
from helpdesk_cli.settings import STAGES, Alerts, Limits, Operation, Rate, Rule
from helpdesk_cli.store import digests as rows
from helpdesk_cli.store import tickets as ticket_rows

MAIL = (
    "From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: Printer\nMessage-ID: <{}@x>\n\n{}\n"
)
ROBOT = MAIL.replace("Subject", "Auto-Submitted: auto-generated\nSubject")


def opened(office: Any, number: int = 1, text: str = "It burns.") -> int:
    ticket: int | None = office.mail(MAIL.format(number, text)).ticket
    assert ticket is not None
    return ticket


def choose(office: Any, login: str, *words: str, every_ticket: bool | None = None) -> None:
    members.edit_staff(office.desk, login, notices=words, every_ticket=every_ticket)


def waits(office: Any, login: str = "bob") -> list[str]:
    member = members.one_staff(office.desk, login)
    with office.desk.engine.read() as tx:
        return [news.event for news in rows.waiting(tx, member.id)]


def lines(office: Any, number: int, person: str | None = None) -> list[str]:
    """Who heard, and who did not, a line each."""
    return [
        f"{news.event}: {each.to.partition('@')[0]} {each.kind} {each.state}"
        for news in why(office.desk, number, person).news
        for each in news.told
    ] + [
        f"{news.event}: {each.whom.partition('@')[0]} not {each.why}"
        for news in why(office.desk, number, person).news
        for each in news.not_told
    ]


def watch(office: Any, number: int, login: str) -> None:
    office.desk.engine.transact(lambda tx: ticket_rows.watch(tx, number, login, office.now))


# What was chosen


def test_who_chose_off_gets_nothing_and_the_others_as_ever(office: Any) -> None:
    choose(office, "bob", "off")
    opened(office)
    assert [(one.kind, one.recipient) for one in office.letters()] == [
        ("acknowledgement", "ann@client.example")
    ]
    choose(office, "bob", "at once")
    opened(office, 2)
    assert [one.recipient for one in office.letters(kind="alert")] == ["bob@staff.example"]


def test_an_admin_may_hear_of_every_ticket(office: Any) -> None:
    choose(office, "carla", every_ticket=True)  # of sales
    number = opened(office)
    assert {one.recipient for one in office.letters(kind="alert")} == {
        "bob@staff.example",
        "carla@staff.example",
    }
    tickets.note(office.by("bob"), number, Answer(text="Seen."))
    assert [(one.recipient, one.purpose) for one in office.letters(kind="alert")][2:] == [
        ("carla@staff.example", "n")
    ]


def test_a_wish_is_ones_own_or_an_admins(office: Any) -> None:
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    dora = office.by("dora")
    assert members.edit_staff(dora, "dora", notices=["daily", "noted=off"]).notices == "daily, noted=off"
    with pytest.raises(NotAllowed):
        members.edit_staff(dora, "bob", notices=["off"])
    with pytest.raises(Failed, match="only an admin"):
        members.edit_staff(dora, "dora", every_ticket=True)
    with pytest.raises(Usage, match="--notices sometimes"):
        members.edit_staff(dora, "dora", notices=["sometimes"])
    choose(office, "bob", "daily")
    choose(office, "carla", every_ticket=True)
    assert members.edit_staff(office.desk, "carla", role="staff").every_ticket == 0


def test_a_note_is_answered_by_a_note(office: Any) -> None:
    number = opened(office)
    giving_to(office, number, "bob")
    tickets.note(office.by("carla"), number, Answer(text="Look at the fuse."))
    (alert,) = office.letters(event="noted")
    raw = letter_raw(office.desk, alert.id).decode()
    assert "wrote a note on HD-1000, which only staff see" in raw
    assert "it becomes a note" in raw
    reply = raw.partition("Reply-To: ")[2].partition("\n")[0].strip()
    address = reply.rpartition("<")[2].rstrip(">")
    office.mail(
        f"From: bob@staff.example\nTo: {address}\nSubject: Re\nIn-Reply-To: {alert.message_id}\n"
        "Message-ID: <n@x>\n\nIt was the fuse.\n"
    )
    assert [(one.kind, one.is_public) for one in office.messages(number)][-1] == ("note", False)
    assert {one.recipient for one in office.letters() if one.purpose == "c"} == {"ann@client.example"}
    assert not office.letters(kind="reply")


def giving_to(office: Any, number: int, login: str) -> None:
    from helpdesk_cli.services import assigning

    assigning.assign(office.desk, [number], login)


# Digests


def test_a_digest_is_one_mail_at_its_hour_and_nothing_is_none(office: Any) -> None:
    choose(office, "bob", "hourly")
    first, second = opened(office), opened(office, 2, "The other one burns too.")
    assert waits(office) == ["opened", "opened"]
    outgoing.notify(office.desk)
    assert not office.letters(kind="digest")
    office.passes(minutes=30)
    assert outgoing.notify(office.desk).sent == 1
    (letter,) = office.letters(kind="digest")
    assert (letter.recipient, letter.state, letter.ticket) == ("bob@staff.example", "sent", None)
    raw = letter_raw(office.desk, letter.id).decode()
    assert "Auto-Submitted: auto-generated" in raw
    for words in (
        "2 notices on 2 tickets",
        f"HD-{first}",
        f"HD-{second}",
        "Ann wrote",
        "The other one burns too.",
    ):
        assert words in raw or words == "Ann wrote"
    assert "Reply-To" not in raw
    office.passes(hours=5)
    outgoing.notify(office.desk)
    assert len(office.letters(kind="digest")) == 1
    assert waits(office) == []


def test_a_daily_digest_comes_by_the_desks_clock_at_the_hour_that_is_set(office: Any) -> None:
    office.configured(
        desk=replace(office.desk.settings.desk, timezone="Europe/Berlin"),
        operation=Operation(digest_at="17:15"),
    )
    choose(office, "bob", "daily")
    opened(office)
    for now, count in (("2026-11-22T16:14:59Z", 0), ("2026-11-22T16:15:00Z", 1), ("2026-11-23T16:15:00Z", 1)):
        office.now = now
        outgoing.notify(office.desk)
        assert len(office.letters(kind="digest")) == count, now


def test_what_was_missed_for_days_comes_together(office: Any) -> None:
    choose(office, "bob", "daily", "replied=hourly")
    number = opened(office)
    office.passes(days=1)
    office.mail(MAIL.format("r", "Hello?").replace("Subject: Printer", f"Subject: [HD-{number}] Printer"))
    office.passes(days=3)
    outgoing.notify(office.desk)
    (letter,) = office.letters(kind="digest")
    raw = letter_raw(office.desk, letter.id).decode()
    assert "2 notices on 1 ticket" in raw
    assert raw.index("opened it") < raw.index("Hello?")


def test_a_ticket_that_may_not_be_seen_any_more_is_left_out(office: Any) -> None:
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    members.join(office.desk, "dora", "support")
    choose(office, "dora", "daily")
    private, open_one = opened(office), opened(office, 2)
    from helpdesk_cli.services import editing

    editing.edit(office.desk, [private], editing.Edit(private=True))
    office.passes(days=1)
    outgoing.notify(office.desk)
    (letter,) = office.letters(kind="digest")
    assert [one["number"] for one in letter.facts["tickets"]] == [open_one]
    assert "opened: dora not hidden" in lines(office, private)
    members.join(office.desk, "dora", "support", leave=True)
    opened(office, 3)
    office.passes(days=1)
    outgoing.notify(office.desk)
    assert len(office.letters(kind="digest")) == 1


def test_who_retired_gets_no_digest(office: Any) -> None:
    choose(office, "bob", "daily")
    number = opened(office)
    members.retire(office.desk, "bob")
    office.passes(days=2)
    outgoing.notify(office.desk)
    assert not office.letters(kind="digest")
    assert "opened: bob not retired" in lines(office, number)


@pytest.mark.parametrize(
    ("words", "waiting", "comes"),
    [(["off"], 0, 0), (["at once"], 1, 1), (["opened=off"], 0, 0), (["hourly"], 1, 0), (["noted=off"], 1, 0)],
)
def test_what_waits_follows_another_choice(office: Any, words: list[str], waiting: int, comes: int) -> None:
    choose(office, "bob", "daily")
    number = opened(office)
    choose(office, "bob", *words)
    assert len(waits(office)) == waiting
    outgoing.notify(office.desk)
    assert len(office.letters(kind="digest")) == comes
    if not waiting:
        assert "opened: bob not off" in lines(office, number)
    office.passes(hours=1)
    outgoing.notify(office.desk)
    assert len(office.letters(kind="digest")) == int(comes or words == ["hourly"])


def test_a_digest_obeys_no_limit_of_automatic_mail(office: Any) -> None:
    office.configured(
        limits=Limits(automatic_per_address=(Rate(1, 86400),), automatic_per_domain=(Rate(1, 86400),))
    )
    choose(office, "bob", "hourly")
    for number in range(3):
        opened(office, number)
        office.passes(hours=1)
        outgoing.notify(office.desk)
    assert len(office.letters(kind="digest")) == 3


def test_a_rolled_back_change_leaves_nothing_to_tell(office: Any) -> None:
    choose(office, "bob", "daily")
    number = opened(office)
    before = waits(office)

    def broken(tx: Any) -> None:
        ticket = ticket_rows.load(tx, number)
        change = moved(Change(ticket=ticket), "in-progress", "open", office.now, "carla")
        record(tx, office.desk, change)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        office.desk.engine.transact(broken)
    assert waits(office) == before


def test_a_run_that_dies_before_its_commit_tells_all_in_the_next_one(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(office, "bob", "hourly")
    opened(office)
    office.passes(hours=1)
    told = rows.told

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rows, "told", killed)
    with pytest.raises(KeyboardInterrupt):
        outgoing.notify(office.desk)
    assert not office.letters(kind="digest")
    monkeypatch.setattr(rows, "told", told)
    outgoing.notify(office.desk)
    assert len(office.letters(kind="digest")) == 1


def test_two_hosts_make_one_digest(office: Any) -> None:
    from helpdesk_cli.services.desk import engine_of

    choose(office, "bob", "hourly")
    opened(office)
    office.passes(hours=1)

    def host() -> None:
        desk = replace(office.desk, engine=engine_of(office.desk.settings))
        digests.put_due(desk)
        desk.engine.close()

    runs = [threading.Thread(target=host) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(office.letters(kind="digest")) == 1


def test_very_much_is_told_in_short(office: Any) -> None:
    choose(office, "bob", "daily")
    number = opened(office, text="long " * 1000)
    for count in range(digests.MOST_NEWS + 2):
        office.passes(minutes=1)
        office.mail(
            MAIL.format(f"m{count}", f"word {count}").replace("Subject: P", f"Subject: [HD-{number}] P")
        )
    office.passes(days=1)
    outgoing.notify(office.desk)
    (letter,) = office.letters(kind="digest")
    (ticket,) = letter.facts["tickets"]
    assert (len(ticket["news"]), ticket["left_out"]) == (digests.MOST_NEWS, 3)
    assert ticket["news"][-1]["words"] == f"word {digests.MOST_NEWS + 1}"


def test_in_a_storm_new_tickets_come_by_the_hour(office: Any) -> None:
    office.configured(limits=Limits(storm=(Rate(3, 600), Rate(5, 3600))))
    choose(office, "carla", "daily", every_ticket=True)
    numbers = []
    for count in range(5):
        office.passes(minutes=1)
        numbers.append(opened(office, count))
    assert len(office.letters(kind="alert")) == len(office.letters(kind="acknowledgement")) == 3
    assert waits(office) == ["opened", "opened"]
    assert "opened: ann not limit:storm" in lines(office, numbers[-1])
    assert "opened: bob hourly digest waiting" in lines(office, numbers[-1])
    office.passes(minutes=15)
    opened(office, 5)  # the fifth one back is not an hour old
    assert len(office.letters(kind="alert")) == 3
    office.passes(hours=1)
    opened(office, 6)
    outgoing.notify(office.desk)
    assert len(office.letters(kind="alert")) == 4
    assert [one.recipient for one in office.letters(kind="digest")] == ["bob@staff.example"]
    assert waits(office) == []


@pytest.mark.parametrize(("more", "pages"), [("", []), ("Precedence: bulk", ["storm"])])
def test_one_page_tells_a_storm_of_tickets_that_page_nobody_themselves(
    office: Any, more: str, pages: list[str]
) -> None:
    office.configured(
        limits=Limits(storm=(Rate(3, 600),)), alerts=Alerts(enabled=True, address="pager@p.example")
    )
    for count in range(6):
        office.mail(MAIL.format(count, "Down.").replace("Subject", f"{more}\nSubject".lstrip("\n")))
    found = [one for one in office.letters(kind="pager") if one.ticket is None]
    assert ["storm" for one in found if "storm" in str(one.facts["text"])] == pages


def test_a_digest_is_for_its_reader_and_admins_alone(office: Any) -> None:
    for login in ("dora", "eric"):
        members.new_staff(office.desk, login, name=login, email=f"{login}@staff.example")
        members.join(office.desk, login, "support")
    choose(office, "dora", "hourly")
    opened(office)
    office.passes(hours=1)
    outgoing.notify(office.desk)
    (letter,) = office.letters(kind="digest")
    for login, sees in (("dora", True), ("bob", True), ("eric", False)):
        listed = [one.id for one in mailroom.letters(office.by(login), everything=True)]
        assert (letter.id in listed) is sees, login
    assert mailroom.letter(office.by("dora"), letter.id).kind == "digest"
    with pytest.raises(NotAllowed, match="digest of dora"):
        letter_raw(office.by("eric"), letter.id)


def test_what_is_to_become_of_a_mail_says_who_hears_when(office: Any) -> None:
    from helpdesk_cli.services.explaining import explained

    choose(office, "bob", "daily")
    raw = MAIL.format(1, "It burns.").encode()
    assert [(one.kind, one.address) for one in explained(office.desk, raw, mailbox="support").hears] == [
        ("acknowledgement", "ann@client.example"),
        ("daily digest", "bob@staff.example"),
    ]
    choose(office, "bob", "off")
    assert len(explained(office.desk, raw, mailbox="support").hears) == 1


def test_what_rules_close_again_and_again_is_told_to_a_client_within_the_limits(office: Any) -> None:
    """Else a robot that answers each of our mails, unknown as one, would go round with a rule that closes."""
    number = opened(office)
    office.configured(limits=Limits(automatic_per_address=(Rate(3, 3600),)))

    def closed(actor: str) -> None:
        def work(tx: Any) -> None:
            ticket = ticket_rows.load(tx, number)
            assert ticket is not None
            record(tx, office.desk, moved(Change(ticket=ticket), "done", "closed", office.now, actor))

        office.desk.engine.transact(work)
        tickets.reopen(office.by("carla"), [number], silent=True)

    for _ in range(6):
        closed("rule:old")
    assert len(office.letters(kind="moved")) == 2  # and the acknowledgement
    assert "closed: ann not limit:automatic" in lines(office, number)
    closed("bob")
    assert len(office.letters(kind="moved")) == 3


# Who was told, and who was not


def test_who_was_told_of_a_ticket(office: Any) -> None:
    choose(office, "carla", "daily", "answered=off", every_ticket=True)
    number = opened(office)
    tickets.reply(office.by("bob"), number, Answer(text="Try water."))
    assert lines(office, number) == [
        "opened: ann acknowledgement queued",
        "opened: bob alert queued",
        "opened: carla daily digest waiting",
        "answered: ann reply queued",
        "answered: carla not off",
    ]
    outgoing.notify(office.desk)
    office.passes(days=1)
    outgoing.notify(office.desk)
    assert lines(office, number)[:4] == [
        "opened: ann acknowledgement sent",
        "opened: bob alert sent",
        "opened: carla daily digest sent",
        "answered: ann reply sent",
    ]
    (first, *_) = why(office.desk, number).news
    assert [each.as_ for each in first.told] == [
        "as the one who asked",
        "as one of its department",
        "as an admin who wants to hear of every ticket",
    ]


def test_one_person_is_told_of_every_event_why_they_did_not_hear(office: Any) -> None:
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    number = opened(office)
    office.passes(minutes=1)
    giving_to(office, number, "bob")
    office.passes(minutes=1)
    tickets.move(office.by("bob"), [number], "in-progress")
    office.passes(minutes=1)
    tickets.note(office.by("bob"), number, Answer(text="Hm."))
    office.passes(minutes=1)
    tickets.move(office.by("carla"), [number], "done", silent=True)
    assert lines(office, number, "bob") == [
        "opened: bob alert queued",
        "assigned: bob notice queued",
        "moved: bob not self",
        "noted: bob not self",
        "closed: bob not stage",
    ]
    assert lines(office, number, "ann@client.example") == [
        "opened: ann acknowledgement queued",
        "assigned: ann not stage",
        "moved: ann not stage",
        "noted: ann not note",
        "closed: ann not silent",
    ]
    assert lines(office, number, "dora") == [
        f"{event}: dora not hidden" for event in ("opened", "assigned", "moved", "noted", "closed")
    ]
    assert {each for each in lines(office, number, "carla") if " not " in each} == {
        "opened: carla not unconcerned",
        "assigned: carla not unconcerned",
        "moved: carla not unconcerned",
        "noted: carla not unconcerned",
        "closed: carla not self",
    }
    with pytest.raises(NotFound):
        why(office.desk, number, "nobody@x.example")


def test_why_a_mail_was_not_acknowledged(office: Any) -> None:
    box = office.desk.settings.mailbox["support"]
    robot = office.mail(ROBOT.format("robot", "Beep.")).ticket
    assert "opened: ann not robot" in lines(office, robot)
    office.configured(mailbox={"support": replace(box, acknowledge="never")})
    assert "opened: ann not mailbox" in lines(office, opened(office, 2))
    office.configured(mailbox={"support": box}, limits=Limits(acknowledgements_per_address=(Rate(0, 3600),)))
    assert "opened: ann not limit:acknowledgement" in lines(office, opened(office, 3))
    office.configured(mailbox={"support": replace(box, authentication="id:mx.example")}, limits=Limits())
    failed = "Authentication-Results: mx.example; dmarc=fail header.from=client.example\n" + MAIL.format(
        4, "Hi"
    )
    assert "opened: ann not failed" in lines(office, office.mail(failed).ticket)


def test_of_what_came_as_history_nobody_is_told(office: Any) -> None:
    from helpdesk_cli.services.incoming import import_mail

    (office.folder / "old.eml").write_text(MAIL.format("old", "Old."))
    import_mail(office.desk, [office.folder / "old.eml"], mailbox="support")
    assert lines(office, 1000) == ["opened: nobody not history"]
    assert lines(office, 1000, "bob") == ["opened: bob not history"]


def test_what_became_of_a_letter_is_told_with_what_the_server_said(office: Any) -> None:
    number = opened(office)
    (ack, alert) = office.letters()
    with office.desk.engine.write() as tx:
        tx.run("update letter set state = 'failed', error = '550 no such user' where id = :id", id=ack.id)
        tx.run("update letter set state = 'dropped' where id = :id", id=alert.id)
    (news,) = why(office.desk, number).news
    assert [(each.state, each.said) for each in news.told] == [
        ("failed", "550 no such user"),
        ("dropped", ""),
    ]


def test_by_whose_order_somebody_heard(office: Any) -> None:
    from helpdesk_cli.settings import Rule

    rule = Rule(when="opened", if_={}, then={"notify": ["carla"], "tag": ["hot"]})
    office.configured(rule={"hot": rule})
    number = opened(office)
    told = {each.to: each.as_ for news in why(office.desk, number).news for each in news.told}
    assert told["carla@staff.example"] == "by name, by rule hot"


def test_a_ticket_that_one_may_not_see_says_nothing(office: Any) -> None:
    members.new_staff(office.desk, "dora", name="Dora", email="dora@staff.example")
    number = opened(office)
    with pytest.raises(NotAllowed):
        why(office.by("dora"), number)


def test_events_that_concern_nobody_are_left_out_of_the_whole_but_not_of_one_person(office: Any) -> None:
    number = opened(office)
    office.passes(minutes=1)
    event = Event(kind="edited", at=office.now, actor="carla", data={"field": "priority"})
    with office.desk.engine.write() as tx:
        ticket = ticket_rows.load(tx, number)
        assert ticket is not None
        record(tx, office.desk, Change(ticket=ticket, events=(event,)))
    assert "edited" not in {news.event for news in why(office.desk, number).news}
    assert "edited: bob not never" in lines(office, number, "bob")


def test_an_acknowledgement_names_who_takes_care_where_that_is_revealed(office: Any) -> None:
    support = replace(office.desk.settings.department["support"], assignment="random")
    for reveal in (True, False):
        office.configured(
            department={"support": support},
            operation=Operation(reveal_staff_identity=reveal),
            stage=dict(STAGES),
        )
        opened(office, int(reveal))
        ack = office.letters(kind="acknowledgement")[-1]
        assert ("Bob takes care of it." in letter_raw(office.desk, ack.id).decode()) is reveal


# Machines and crowds


def test_nothing_automatic_answers_on_a_ticket_where_mails_go_to_and_fro(office: Any) -> None:
    office.configured(
        limits=Limits(mails_per_ticket=(Rate(3, 600),)),
        rule={"echo": Rule(when="replied", then={"send": "rule"})},
    )
    number = opened(office)
    reply = MAIL.replace("Subject", "In-Reply-To: <1@x>\nSubject")
    for count in range(2, 8):
        office.passes(minutes=1)
        office.mail(reply.format(count, "Again."))
    assert len(office.letters(kind="rule")) == 2
    assert [one.recipient for one in office.letters(kind="notice")] == ["bob@staff.example"]
    assert "rule: ann not limit:mails_per_ticket" in lines(office, number)
    tickets.reply(office.by("bob"), number, Answer(text="A person writes this."))
    assert len(office.letters(kind="reply")) == 1
    office.passes(days=1, minutes=1)
    office.mail(reply.format(9, "A day later."))
    assert len(office.letters(kind="rule")) == 3


def test_nothing_automatic_answers_on_a_ticket_that_mails_open_again_and_again(office: Any) -> None:
    """A rule closes it, a machine answers that, a rule closes it …"""
    office.configured(
        limits=Limits(mails_per_ticket=(Rate(100, 600),)),
        rule={"close": Rule(when="reopened", then={"stage": "done", "send": "rule"})},
        stage=dict(STAGES),
    )
    number = opened(office)
    tickets.move(office.by("bob"), [number], "done")
    reply = MAIL.replace("Subject", "In-Reply-To: <1@x>\nSubject")
    for count in range(2, 9):
        office.passes(minutes=5)
        office.mail(reply.format(count, f"Again {count}."))
    assert office.events(number).count("reopened") == 7
    assert len(office.letters(kind="rule")) == 3
    assert "rule: ann not limit:reopenings_per_ticket" in lines(office, number)
    (told,) = [one for one in office.letters(kind="notice") if one.event == "restless"]
    assert "opened again by mail so often" in letter_raw(office.desk, told.id).decode()
    office.passes(days=1, hours=1)
    office.mail(reply.format(10, "A day later."))
    assert len(office.letters(kind="rule")) == 4


def test_that_people_open_it_again_makes_no_ticket_restless(office: Any) -> None:
    number = opened(office)
    for _ in range(5):
        tickets.move(office.by("bob"), [number], "done")
        tickets.reopen(office.by("carla"), [number])
    assert [one for one in lines(office, number) if "limit:" in one] == []


def test_a_large_department_hears_in_part_by_the_hour(office: Any) -> None:
    for place in range(30):
        login = f"p{place:02}"
        members.new_staff(office.desk, login, name=login, email=f"{login}@staff.example")
        members.join(office.desk, login, "support")
    number = opened(office)
    assert len(office.letters(kind="alert")) == 25
    with office.desk.engine.read() as tx:
        assert tx.row("select count(*) from digest") == (6,)
    tickets.note(office.by("p00"), number, Answer(text="Mine."))
    assert len(office.letters(kind="alert")) == 25
