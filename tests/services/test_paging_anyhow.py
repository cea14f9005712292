"""Whatever happens in any order, on one host or on two: nobody is paged too often, nor about what somebody looks at."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk_cli.domain.moments import seconds_between
from helpdesk_cli.errors import Failed
from helpdesk_cli.mail.tokens import page_code
from helpdesk_cli.services import acknowledging, members, outgoing, ringing, rules, tickets
from helpdesk_cli.services.tickets import NewTicket
from helpdesk_cli.settings import Alerts, Oncall
from helpdesk_cli.store import open_engine

_NAMES = itertools.count(1)
_PAGERS = ("bob@pager.example", "carla@pager.example", "desk@pager.example")

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            ("enter", "enter", "waits", "waits", "rules", "send", "both", "ack", "answer", "close")
        ),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture
def hosts(office: Any) -> Iterator[tuple[Any, Any]]:
    """Two hosts at one desk, whose clock they share; bob is on call, then carla, and the desk has a pager too."""
    for login in ("bob", "carla"):
        members.edit_staff(office.desk, login, pager=f"{login}@pager.example")
    office.configured(
        oncall={"night": Oncall(people=("bob", "carla"))},
        alerts=Alerts(enabled=True, address="desk@pager.example"),
    )
    other = replace(office.desk, engine=open_engine(office.desk.settings.store.url))
    yield office, other
    other.engine.close()


class Night:
    """What was done, and when somebody said that they look at a ticket."""

    def __init__(self, office: Any, other: Any) -> None:
        self.office, self.other = office, other
        self.before = max((letter.id for letter in office.letters()), default=0)
        self.numbers: list[int] = []
        self.looked_at: dict[int, str] = {}

    def pages(self) -> list[Any]:
        return [letter for letter in self.office.letters(kind="pager") if letter.id > self.before]

    def enter(self, more: int) -> None:
        for _ in range(1 + more % 12):
            wish = NewTicket(
                client=f"c{next(_NAMES)}@client.example",
                subject="Down",
                text="It is down.",
                department="support",
            )
            self.numbers.append(int(tickets.new(self.office.desk, wish)))

    def waits(self, more: int) -> None:
        self.office.passes(minutes=(0.1, 0.6, 2, 6, 16, 16, 70)[more % 7])

    def rules(self, _: int) -> None:
        rules.run(self.office.desk)

    def send(self, more: int) -> None:
        outgoing.notify(self.other if more % 2 else self.office.desk)

    def both(self, _: int) -> None:
        """Both hosts do all of it at the same time."""

        def work(desk: Any) -> None:
            engine = open_engine(desk.settings.store.url)  # a connection belongs to its thread
            here = replace(desk, engine=engine)
            rules.run(here)
            outgoing.notify(here)
            engine.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, (self.office.desk, self.other)))

    def ack(self, more: int) -> None:
        if self.numbers:
            number = self.numbers[more % len(self.numbers)]
            acknowledging.ack(self.office.by("carla"), [number])
            self.looked_at.setdefault(number, self.office.now)

    def answer(self, more: int) -> None:
        """Whoever was paged answers, with the word of the page."""
        went = [page for page in self.pages() if page.state == "sent"]
        if not went:
            return
        page = went[more % len(went)]
        entry = self.office.mail(
            f"From: {page.recipient}\r\nTo: support@desk.example\r\n"
            f"Subject: re {page_code(self.office.desk.key, page.id)}\r\n"
            f"Message-ID: <{next(_NAMES)}@pager.example>\r\n\r\nI go\r\n"
        )
        assert entry.reason == "page-answer"
        for number in ringing.tickets_of(page):
            self.looked_at.setdefault(number, self.office.now)

    def close(self, more: int) -> None:
        if self.numbers:
            number = self.numbers[more % len(self.numbers)]
            tickets.move(self.office.by("bob"), [number], "done")
            self.looked_at.setdefault(number, self.office.now)

    def do(self, deed: str, more: int) -> None:
        try:
            getattr(self, deed)(more)
        except Failed:
            return  # it is closed already

    def settle(self) -> None:
        """All that is due goes, as it does where cron calls each minute."""
        for _ in range(20):
            self.office.passes(minutes=1)
            outgoing.notify(self.office.desk)

    def check(self) -> None:
        pages = [page for page in self.pages() if page.state == "sent"]
        for address in _PAGERS:
            moments = sorted(page.sent_at for page in pages if page.recipient == address and page.ticket)
            assert all(seconds_between(*pair) >= 30 for pair in itertools.pairwise(moments)), moments
            self.within(moments, 300, 3)
            self.within(moments, 3600, 10)
        for page in pages:
            late = {
                number
                for number in (ringing.tickets_of(page) if page.ticket else ())
                if self.looked_at.get(number, "9") < page.sent_at
            }
            assert not late, f"{page.recipient} is paged at {page.sent_at} about {late}: {self.looked_at}"

    def within(self, moments: list[str], seconds: int, most: int) -> None:
        for first, after in zip(moments, moments[most:], strict=False):
            assert seconds_between(first, after) >= seconds, moments

    def everybody_heard(self) -> None:
        """Each ticket is named by a page or counted by a summary, unless somebody looked at it before."""
        named = {
            (page.recipient, number)
            for page in self.pages()
            if page.state in ("sent", "failed")  # which is told to the admins
            for number in ringing.tickets_of(page)
        }
        for number in set(self.numbers) - set(self.looked_at):
            assert {("desk@pager.example", number), ("bob@pager.example", number)} <= named


@hypothesis(
    max_examples=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a desk grows; to shrink a story takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(DEEDS)
def test_nobody_is_paged_too_often_nor_about_what_somebody_looks_at(
    hosts: tuple[Any, Any], deeds: list[tuple[str, int]]
) -> None:
    hosts[0].passes(hours=24)  # what was before is no more counted
    night = Night(*hosts)
    for deed in deeds:
        night.do(*deed)
    night.settle()
    night.check()
    night.everybody_heard()
    for number in set(night.numbers) - set(night.looked_at):
        tickets.move(hosts[0].by("bob"), [number], "done")  # so that it rings in no later story
