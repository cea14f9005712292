"""A year of a desk, played through: ten thousand tickets, five staff with holidays, everything that runs by itself.

Nothing is asserted of single steps here; what must hold of every ticket after a year is.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from stores import on_sqlite

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.rules import BUILT_IN
from helpdesk_cli.domain.ticket import Event
from helpdesk_cli.services import assigning, members, rules, tickets
from helpdesk_cli.settings import (
    Calendar,
    Category,
    Department,
    Limits,
    Operation,
    Rate,
    Rule,
    Settings,
    Sla,
    Span,
    Store,
)
from helpdesk_cli.store import lists, outbox
from helpdesk_cli.store import tickets as rows
from helpdesk_cli.store.lists import Wanted

DAYS = 365
TICKETS = 10_000
HOURS = (7, 11, 15, 19)
"""When the jobs run and people work, each day, in UTC; a real desk's cron does so each minute."""

HOUR, DAY = 3600, 86400
MANY = (Rate(1_000_000, 3600),)

STAFF = {
    "ann": ("support", 1),
    "bea": ("support", 1),
    "cem": ("support", 2),
    "dan": ("sales", 1),
    "eva": ("sales", 1),
}
AWAY = {
    "ann": ("2027-02-10", "2027-02-24", "bea"),
    "bea": ("2027-05-01", "2027-05-09", "ann"),
    "cem": ("2027-07-12", "2027-08-02", "ann"),
    "dan": ("2027-03-20", "2027-04-02", "eva"),
    "eva": ("2027-08-15", "2027-09-05", None),
}


def a_desk(make_office: Callable[..., Any]) -> Any:
    """All that a desk can do by itself is on."""
    return make_office(
        store=Store(url="sqlite::memory:"),  # a year has more commits than a disk likes
        department={
            "support": Department(
                name="Support", address="support@desk.example", assignment="round-robin", manager="cem"
            ),
            "sales": Department(
                name="Sales", address="sales@desk.example", assignment="least-busy", required=("category",)
            ),
        },
        category={"billing": Category(name="Billing"), "other": Category(name="Other")},
        operation=Operation(
            awaiting_after=Span(6 * DAY),
            reminder_after=Span(4 * DAY),
            inactive_after=Span(5 * DAY),
            survey_after=Span(DAY),
        ),
        calendar={"office": Calendar(timezone="Europe/Berlin", holidays=("DE-BY",), closed=("12-24",))},
        sla={
            "gold": Sla(
                name="Gold",
                calendar="office",
                clients=("gold.example",),
                first_response={"urgent": Span(HOUR), "else": Span(4 * HOUR)},
                next_response={"else": Span(8 * HOUR)},
                resolution={"else": Span(40 * HOUR)},
            ),
            "all": Sla(name="All", calendar="office", first_response={"else": Span(16 * HOUR)}),
        },
        rule={
            "gold-is-high": Rule(
                when="opened", if_={"client.domain": "gold.example"}, then={"priority": "high"}
            ),
            "invoices": Rule(
                when="opened",
                if_={"subject": {"contains": "invoice"}},
                then={"category": "billing", "tag": "money"},
            ),
            "rest": Rule(when="opened", if_={"category": {"exists": False}}, then={"category": "other"}),
            "long-wait": Rule(
                when="time",
                if_={"unanswered_since": {"older_than": 3 * DAY}},
                then={"tag": "late", "notify": "manager"},
            ),
        },
        limits=Limits(
            acknowledgements_per_address=MANY,
            acknowledgements=MANY,
            automatic_per_address=MANY,
            automatic_per_domain=MANY,
            new_tickets_per_sender=MANY,
            pages_per_person=MANY,
        ),
    )


class Year:
    """Who does what; the dice are told, so that it is the same year each time."""

    def __init__(self, office: Any) -> None:
        self.office, self.dice = office, random.Random(7)
        self.opened = 0
        self.answering: list[int] = []  # tickets whose client will write once more
        self.rating: list[int] = []  # and those whose client will say how it was

    def play(self) -> None:
        turns = DAYS * len(HOURS)
        for turn in range(turns):
            self.office.now = later("2027-01-01T00:00:00Z", turn // 4 * DAY + HOURS[turn % 4] * HOUR)
            wanted = TICKETS * (turn + 1) // turns
            while self.opened < wanted:
                self._open()
            self._clients_answer()
            self._staff_work()
            self._runs()
        for _ in range(60):  # nobody comes any more, and what is left comes to its end
            self.office.passes(days=1)
            self._staff_work()
            self._runs()

    def _open(self) -> None:
        number = self.opened
        self.opened += 1
        domain = self.dice.choice(("gold.example", "client.example", "client.example", "other.example"))
        wish = tickets.NewTicket(
            client=f"c{number % 300}@{domain}",
            subject=self.dice.choice(("An invoice", "It does not work", "A question")),
            text="Please help.",
            department=self.dice.choice(("support", "support", "sales")),
        )
        tickets.new(self.office.desk, wish)

    def _clients_answer(self) -> None:
        words = [(number, "Not yet.") for number in self.answering]
        words += [(number, str(self.dice.randint(1, 5))) for number in self.rating]
        self.answering, self.rating = [], []
        for number, text in words:
            ticket = self.office.ticket(number)
            address = self._client_of(number)
            self.office.mail(
                f"From: {address}\r\nTo: {ticket.department}@desk.example\r\nSubject: Re: [HD-{number}] x\r\n"
                f"Message-ID: <{number}.{self.dice.random()}@c>\r\n\r\n{text}\r\n"
            )

    def _client_of(self, number: int) -> str:
        with self.office.desk.engine.read() as tx:
            return rows.participants(tx, number)[0].address

    def _staff_work(self) -> None:
        for login in STAFF:
            start, end, _ = AWAY[login]
            if start <= self.office.now[:10] <= end:
                continue
            desk = self.office.by(login)
            with desk.engine.read() as tx:
                mine = lists.tickets(
                    tx, Wanted(states=("open",), assignee=login, order="unanswered", limit=4)
                )
            for one in mine:
                self._work_on(desk, one.ticket.number)

    def _work_on(self, desk: Any, number: int) -> None:
        chance = self.dice.random()
        if chance < 0.15:
            return  # tomorrow
        stage = "done" if chance < 0.6 else "awaiting"
        tickets.reply(desk, number, tickets.Answer(text="Try this.", stage=stage))
        if self.dice.random() < (0.05 if stage == "done" else 0.5):
            self.answering.append(number)
        elif chance > 0.97 and STAFF[desk.actor.login] == ("support", 1):
            assigning.escalate(desk, [number])

    def _runs(self) -> None:
        report = rules.run(self.office.desk)
        assert [one.error for one in report.rules if one.error] == []
        self.rating += [
            number for one in report.rules if one.name == "survey" for number in one.tickets[::10]
        ]


@on_sqlite
def test_a_year(make_office: Callable[..., Any]) -> None:
    office = a_desk(make_office)
    office.desk.engine.build()
    for login, (department, level) in STAFF.items():
        members.new_staff(
            office.desk,
            login,
            name=login.capitalize(),
            email=f"{login}@staff.example",
            role="admin",
            level=level,
        )
        members.join(office.desk, login, department)
    for login, (first, last, deputy) in AWAY.items():
        members.edit_staff(office.desk, login, away=members.Away(first, last), deputy=deputy)
    Year(office).play()
    no_ticket_is_forgotten(office)
    no_ticket_is_in_two_stages_and_its_log_leads_to_where_it_is(office)
    each_event_says_who_did_it_and_what(office)
    each_thing_is_told_once(office)
    nobody_gets_a_ticket_while_away(office)


def all_tickets(office: Any) -> list[Any]:
    with office.desk.engine.read() as tx:
        return [one.ticket for one in lists.tickets(tx, Wanted(order="number"))]


def log(office: Any, number: int) -> list[Event]:
    with office.desk.engine.read() as tx:
        return rows.events(tx, number)


def no_ticket_is_forgotten(office: Any) -> None:
    tickets = all_tickets(office)
    assert len(tickets) == TICKETS
    assert Counter(ticket.state for ticket in tickets)["closed"] > TICKETS * 0.95
    for ticket in tickets:
        if ticket.state == "open":
            assert later(ticket.touched_at, 7 * DAY) > office.now, ticket
        if ticket.state == "waiting" and not ticket.is_idle:
            assert later(ticket.stage_since, 11 * DAY) > office.now, ticket
        if ticket.state != "closed":
            assert ticket.assignee is not None


def no_ticket_is_in_two_stages_and_its_log_leads_to_where_it_is(office: Any) -> None:
    stages = office.desk.settings.stage
    for ticket in all_tickets(office):
        assert stages[ticket.stage].state == ticket.state
        stage, assignee = "new", None
        for event in log(office, ticket.number):
            if event.kind in ("moved", "reopened"):
                assert event.data["from"] == stage, (ticket.number, event)
                stage = event.data["to"]  # type: ignore[assignment]
            if event.kind == "assigned":
                assert event.data["from"] == assignee, (ticket.number, event)
                assignee = event.data["to"]  # type: ignore[assignment]
        assert (stage, assignee) == (ticket.stage, ticket.assignee), ticket


def each_event_says_who_did_it_and_what(office: Any) -> None:
    settings: Settings = office.desk.settings
    known = {"system", "owner", *STAFF, *(f"rule:{name}" for name in settings.rule)}
    known |= {f"rule:{name}" for name in BUILT_IN}
    seen: Counter[str] = Counter()
    for ticket in all_tickets(office):
        for event in log(office, ticket.number):
            seen[event.kind] += 1
            assert event.actor in known or "@" in event.actor, event
            assert event.data or event.kind in ("answered", "replied", "opened"), event
    assert seen["opened"] == TICKETS
    for kind in (
        *("moved", "assigned", "answered", "replied", "reopened"),
        *("warned", "breached", "surveyed", "rated"),
    ):
        assert seen[kind] > 0, seen


def each_thing_is_told_once(office: Any) -> None:
    with office.desk.engine.read() as tx:
        letters = outbox.letters(tx)
    told: Counter[tuple[object, ...]] = Counter()
    for letter in letters:
        told[letter.ticket, letter.recipient, letter.kind, letter.created_at, str(letter.facts)] += 1
    assert [key for key, count in told.items() if count > 1] == []
    per_ticket = Counter(letter.ticket for letter in letters if letter.kind == "acknowledgement")
    assert set(per_ticket.values()) == {1}
    for ticket in all_tickets(office):
        events = log(office, ticket.number)
        for kind in ("warned", "breached"):
            clocks = Counter((e.data["target"], e.data.get("due_at")) for e in events if e.kind == kind)
            assert set(clocks.values()) <= {1}, ticket
        closings = Counter(e.data["closed_at"] for e in events if e.kind == "surveyed")
        assert set(closings.values()) <= {1}, ticket


def nobody_gets_a_ticket_while_away(office: Any) -> None:
    for ticket in all_tickets(office):
        for event in log(office, ticket.number):
            to = event.data.get("to")
            if event.kind == "assigned" and to in AWAY and event.actor == "system":
                start, end, _ = AWAY[str(to)]
                assert not start <= event.at[:10] <= end, (ticket.number, event)
