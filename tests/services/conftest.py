"""A desk of its own for each test: a real store, a clock that is told the time, Maildirs in and out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from factories import KEY, NOW, some_settings
from msgspec.structs import replace
from servers import dovecot  # noqa: F401 -- a fixture
from stores import ENGINES, Stores

from helpdesk_cli.domain.moments import later
from helpdesk_cli.domain.people import Actor
from helpdesk_cli.mail.sources.contract import Delivery
from helpdesk_cli.services import members
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.incoming import receive
from helpdesk_cli.services.line import MailboxReport
from helpdesk_cli.settings import Department, Oncall, Settings, Store, Transport
from helpdesk_cli.settings import Desk as DeskSettings
from helpdesk_cli.settings import Mailbox as MailboxSettings
from helpdesk_cli.store import inbox, open_engine, outbox, tickets


class Office:
    """A desk and the hands to work with it."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.now = NOW
        self._count = 0
        engine = open_engine(settings.store.url)
        owner = Actor(login="owner", is_admin=True)
        self.desk = Desk(
            settings=settings, engine=engine, key=KEY, actor=owner, clock=lambda: self.now, dice=self._dice
        )

    def _dice(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(count, "big")[-count:]

    def passes(self, **spans: float) -> None:
        """Let time pass: minutes, hours, days."""
        seconds = {"minutes": 60, "hours": 3600, "days": 86400}
        self.now = later(self.now, sum(seconds[name] * value for name, value in spans.items()))

    def configured(self, **tables: Any) -> None:
        """Other settings for the same store."""
        self.desk = replace(self.desk, settings=replace(self.desk.settings, **tables))

    def by(self, login: str) -> Desk:
        """The desk with a staff member at it."""
        staff = members.one_staff(self.desk, login)
        return replace(self.desk, actor=Actor(login=login, is_admin=staff.is_admin, staff=staff))

    def mail(self, raw: bytes | str, *, mailbox: str = "support", **fields: Any) -> inbox.Entry:
        """Let a mail come in; the inbox's line of it."""
        data = raw.encode() if isinstance(raw, str) else raw
        self._count += 1
        delivery = Delivery(key=f"key-{self._count}", raw=data, size=len(data), **fields)
        report: MailboxReport = receive(self.desk, delivery, mailbox=mailbox)
        assert report.fetched == 1, report
        with self.desk.engine.read() as tx:
            return inbox.entries(tx, limit=1)[0]

    def letters(self, **wanted: Any) -> list[outbox.Letter]:
        """Letters, oldest first, whose fields are as wanted."""
        with self.desk.engine.read() as tx:
            found = outbox.letters(tx)
        return [
            letter
            for letter in reversed(found)
            if all(getattr(letter, name) == value for name, value in wanted.items())
        ]

    def ticket(self, number: int) -> Any:
        with self.desk.engine.read() as tx:
            return tickets.load(tx, number)

    def messages(self, number: int) -> list[Any]:
        with self.desk.engine.read() as tx:
            return tickets.messages(tx, number)

    def events(self, number: int) -> list[str]:
        with self.desk.engine.read() as tx:
            return [event.kind for event in tickets.events(tx, number)]


def office_at(url: str, folder: Path, **tables: Any) -> Office:
    """An office whose records are at this address."""
    settings = some_settings(
        **{
            "store": Store(url=url),
            "desk": DeskSettings(domain="desk.example", name="Desk"),
            "transport": {"default": Transport(kind="maildir", path=str(folder / "out"))},
            "mailbox": {
                "support": MailboxSettings(kind="pipe", department="support"),
                "sales": MailboxSettings(kind="pipe", department="sales"),
            },
            "department": {
                "support": Department(
                    name="Support",
                    address="support@desk.example",
                    assignment="off",
                    reply_address="support+{token}@desk.example",
                ),
                "sales": Department(
                    name="Sales",
                    address="sales@desk.example",
                    aliases=("shop@desk.example",),
                    assignment="off",
                ),
            },
            **tables,
        }
    )
    return Office(folder, settings)


@pytest.fixture(params=ENGINES)
def engine_kind(request: pytest.FixtureRequest) -> str:
    """What services do they do on every engine."""
    return str(request.param)


@pytest.fixture
def make_office(store_url: str, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Make a desk without staff; other tables of the settings by name."""
    made: list[Office] = []

    def make(**tables: Any) -> Office:
        made.append(office_at(store_url, tmp_path, **tables))
        return made[-1]

    yield make
    for office in made:
        office.desk.engine.close()


@pytest.fixture
def office(stores: Stores, tmp_path: Path) -> Iterator[Office]:
    """A desk with bob in support and carla in sales, both hear of their departments' tickets."""
    made = office_at(stores.copy("office", with_staff), tmp_path)
    yield made
    made.desk.engine.close()


def with_staff(url: str) -> None:
    """Let bob and carla work at a new desk."""
    made = office_at(url, Path())
    for login, department in (("bob", "support"), ("carla", "sales")):
        members.new_staff(
            made.desk, login, name=login.capitalize(), email=f"{login}@staff.example", role="admin"
        )
        members.join(made.desk, login, department)
    made.desk.engine.close()


PAGERS = {"bob": "bob@pager.example", "carla": "carla@pager.example"}


@pytest.fixture
def night(office: Any) -> Any:
    """An office in which bob is called, then carla."""
    for login, address in PAGERS.items():
        members.edit_staff(office.desk, login, pager=address)
    office.configured(oncall={"night": Oncall(people=("bob", "carla"))})
    return office
