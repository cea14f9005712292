"""What the configuration file may say: one frozen class a table, a sentence a field.

Values only. Reading, checking and the nearest key are ``config``'s work; these classes say what is
there, of which kind, and what holds when a key is left out.
"""

from typing import Literal

from msgspec import Struct, field

from .flow import PRIORITIES, STAGES, Calendar, Category, Oncall, Priority, Rule, Sla, Stage, Type
from .forms import Command, Rate, Size, Span, Table, Words
from .glance import Filter
from .servers import Mailbox, Server, Transport, Webhook

__all__ = [
    "PRIORITIES",
    "STAGES",
    "Alerts",
    "Calendar",
    "Category",
    "Command",
    "Department",
    "Desk",
    "Filter",
    "Limits",
    "Log",
    "Mailbox",
    "Oncall",
    "Operation",
    "Priority",
    "Rate",
    "Rule",
    "Server",
    "Settings",
    "Size",
    "Sla",
    "Span",
    "Stage",
    "Store",
    "Table",
    "Transport",
    "Type",
    "Webhook",
    "Words",
]


class Desk(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[desk]``: who we are."""

    name: str = "Help Desk"
    domain: str = "localhost"  # of our Message-IDs
    subject_tag: str = "HD"  # subjects carry [HD-1024]
    old_subject_tags: tuple[str, ...] = ()  # tags of former times that still lead to a ticket
    first_number: int = 1000  # the number of the first ticket
    timezone: str = "UTC"  # in which people read times
    language: str = "en"
    secret_file: str = "secret.key"  # signs reply addresses and Message-IDs
    admin: tuple[str, ...] = ()  # who hears when the desk itself is broken
    templates: str = ""  # a folder whose files replace our mail templates one by one


class Store(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[store]``: where the records live."""

    url: str = "sqlite:helpdesk.db"
    password_command: Command = ""  # of a PostgreSQL server, where the address has no password
    run_as: str = ""  # the account that runs the commands of staff, who may read neither store nor key

    def is_postgres(self) -> bool:
        """Whether the records live on a PostgreSQL server."""
        return self.url.startswith(("postgresql://", "postgres://"))

    def file(self) -> str:
        """The file that holds the records; "" where a server does."""
        return self.url.removeprefix("sqlite:") if self.url.startswith("sqlite:") else ""


class Operation(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[operation]``: how the desk behaves."""

    admin_can_enter_tickets: bool = True  # may staff enter a ticket on a client's behalf?
    reveal_staff_identity: bool = False  # false: answers come from the department
    limit_messages_sent: bool = True  # false: the request and every response go into each mail
    email_messages_limit: int = 3  # the request, and so many of the newest
    hold_answers: Span = Span(0)  # so long answers wait before they go, for 'ticket unsend'; 0: not at all
    reopen_days: int = 14  # an answer to a ticket closed longer ago opens a linked one
    awaiting_after: Span = Span(0)  # nobody did anything for so long: it moves to awaiting; 0: never
    reminder_after: Span = Span(0)  # the client did not answer us for so long: a reminder; 0: none
    inactive_after: Span = Span(0)  # and after so long more it is closed as inactive; 0: never
    survey_after: Span = Span(0)  # so long after closing the client is asked how it was; 0: never
    tickets_per_rule: int = 2000  # so many at most a rule changes or mails about in a run
    digest_at: str = "08:00"  # when staff who wish so get the day's notices in one mail


class Alerts(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[alerts]``: a mail to a pager when a ticket is entered."""

    enabled: bool = False
    address: str = ""


class Department(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[department.SLUG]``: who answers."""

    name: str
    address: str  # the From of its mails
    aliases: tuple[str, ...] = ()  # other addresses that route here
    reply_address: str = "plain"  # plain | support+{token}@example.com
    transport: str = "default"
    assignment: Literal["off", "random", "round-robin", "least-busy"] = "random"
    manager: str = ""  # a login: who hears when a service level is broken
    required: tuple[Literal["category", "type", "assignee", "organization"], ...] = ()  # before closing
    pager: str = ""
    formerly: tuple[str, ...] = ()


class Limits(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[limits]``: what stops loops and floods; counted by arrival, in the store."""

    acknowledgements_per_address: tuple[Rate, ...] = (Rate(5, 3600), Rate(20, 86400))
    acknowledgements: tuple[Rate, ...] = (Rate(1000, 3600),)
    automatic_per_address: tuple[Rate, ...] = (Rate(20, 3600), Rate(40, 86400))
    automatic_per_domain: tuple[Rate, ...] = (Rate(500, 3600),)
    new_tickets_per_sender: tuple[Rate, ...] = (Rate(20, 600), Rate(100, 86400))
    mails_per_ticket: tuple[Rate, ...] = (Rate(5, 600), Rate(20, 86400))  # more are machines' to and fro
    reopenings_per_ticket: tuple[Rate, ...] = (Rate(3, 3600),)  # by mail; more are, too
    storm: tuple[Rate, ...] = (Rate(300, 600),)  # new tickets of the whole desk
    pages_per_person: tuple[Rate, ...] = (Rate(3, 300), Rate(10, 3600), Rate(30, 86400))


class Log(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[log]``: a line for each message and letter."""

    to: Literal["none", "file", "syslog", "journal"] = "none"
    file: str = "helpdesk.log"
    facility: Literal[
        "mail",
        "user",
        "daemon",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ] = "mail"  # of syslog and journal


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file. ``source`` is its path, against whose folder relative paths are read."""

    desk: Desk = Desk()
    store: Store = Store()
    operation: Operation = Operation()
    alerts: Alerts = Alerts()
    transport: dict[str, Transport] = field(default_factory=dict)
    mailbox: dict[str, Mailbox] = field(default_factory=dict)
    department: dict[str, Department] = field(default_factory=dict)
    stage: dict[str, Stage] = field(default_factory=lambda: dict(STAGES))
    priority: dict[str, Priority] = field(default_factory=lambda: dict(PRIORITIES))
    category: dict[str, Category] = field(default_factory=dict)
    type: dict[str, Type] = field(default_factory=dict)
    calendar: dict[str, Calendar] = field(default_factory=dict)
    sla: dict[str, Sla] = field(default_factory=dict)
    rule: dict[str, Rule] = field(default_factory=dict)
    webhook: dict[str, Webhook] = field(default_factory=dict)
    oncall: dict[str, Oncall] = field(default_factory=dict)
    filter: dict[str, Filter] = field(default_factory=dict)
    limits: Limits = Limits()
    log: Log = Log()
    source: str = ""

    def own_addresses(self) -> frozenset[str]:
        """Every address that is ours, folded: mail from one of them is a loop, and none becomes a client."""
        return frozenset(
            address.strip().lower()
            for department in self.department.values()
            for address in (department.address, *department.aliases)
            if address
        )

    def first_stage(self, state: str) -> str:
        """The first stage, in the file's order, of a state; every configuration has one of each."""
        return next(slug for slug, stage in self.stage.items() if stage.state == state)

    def stage_at_work(self) -> str:
        """Where a ticket goes that a client's word brings back: the second open stage, else the first."""
        stages = [slug for slug, stage in self.stage.items() if stage.state == "open"]
        return stages[1] if len(stages) > 1 else stages[0]

    def middle_priority(self) -> str:
        """The priority of a ticket for which nobody names one: ``normal``, else the lower middle one."""
        slugs = list(self.priority)
        return "normal" if "normal" in self.priority else slugs[(len(slugs) - 1) // 2]
