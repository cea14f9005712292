"""What a decision about a mail is made of: the facts that were looked up, and what is decided."""

from msgspec import Struct

from helpdesk_cli.domain.mail import Automatic, Claims, Inbound, Outcome, Part, Verdict, fold
from helpdesk_cli.domain.mail import Mailbox as Address
from helpdesk_cli.domain.people import Client, Staff
from helpdesk_cli.domain.ticket import Ticket
from helpdesk_cli.settings import Mailbox, Operation


class Known(Struct, frozen=True, kw_only=True):
    """A ticket that a mail claims, and who takes part in it."""

    number: int
    state: str
    closed_at: str | None
    department: str
    client_id: int | None
    people: dict[str, int]  # every folded address of every participant -> participant.id
    ticket: Ticket | None = None  # the whole of it, for who carries the decision out


class Page(Struct, frozen=True, kw_only=True):
    """A page that a mail answers: the tickets that it named, and the address to which it went."""

    letter: int
    tickets: tuple[int, ...]
    address: str  # folded
    who: str  # whom it called: a login, or that address
    person: int = 0  # the staff member, 0 where the address is nobody's


class Facts(Struct, frozen=True, kw_only=True):
    """What the store knows about a mail."""

    duplicate: int | None = None  # the message that was here before
    duplicate_ticket: int | None = None
    is_own: bool = False  # the sender's address is one of the desk's
    is_blocked: bool = False
    staff: Staff | None = None
    client: Client | None = None
    staff_ticket: Known | None = None  # of the first staff token
    staff_person: int = 0
    staff_purpose: str = ""
    client_ticket: Known | None = None  # of the first client token
    third_ticket: Known | None = None  # of the first token of a third party
    asked: tuple[str, ...] = ()  # to whom what they answer was forwarded, folded
    reference: Known | None = None  # of the first known inbound Message-ID
    tag: Known | None = None  # of the first subject tag that names a ticket
    page: Page | None = None  # that it answers by a signed word of ours
    department: str = ""  # by the recipients, else the mailbox's own
    surveyed: frozenset[int] = frozenset()  # tickets of these whose client was asked how they rate
    survey: int | None = None  # the ticket whose survey it answers
    is_flooding: bool = False
    flood_ticket: Known | None = None


class Case(Struct, frozen=True, kw_only=True):
    """All that a decision is made of."""

    inbound: Inbound
    claims: Claims
    facts: Facts
    mailbox: Mailbox
    operation: Operation
    verdict: Verdict = Verdict.UNKNOWN
    arrived_at: str
    is_old: bool = False  # arrived before the backlog's day
    is_imported: bool = False
    is_released: bool = False  # a person looked at it and lets it in
    is_whole: bool = True  # false: too large, so only its beginning was read
    is_thanks: bool = False
    rating: int = 0  # the digit from 1 to 5 that its first line is, else 0
    comment: str = ""  # … and what is said below it
    staff_files: tuple[Part, ...] = ()  # the files of a staff member's answer that may go along
    brings_files: bool = False  # … and whether they say something by themselves
    others: tuple[
        Address, ...
    ] = ()  # to whom else it went, none of them ours; nobody where they are very many
    staff_words: str | None = ""  # what staff wrote above the reply line; None where that is not clear

    @property
    def is_accepted(self) -> bool:
        """Whether the sender is believed as far as this mailbox asks for it."""
        return self.is_released or self.verdict is Verdict.PASS or self.mailbox.authentication == "none"

    @property
    def is_robot(self) -> bool:
        return self.inbound.automatic is not Automatic.NO

    @property
    def sender(self) -> str:
        return fold(self.inbound.sender.address) if self.inbound.sender else ""

    @property
    def is_stranger(self) -> bool:
        return self.facts.client is None and self.facts.staff is None


class Decision(Struct, frozen=True, kw_only=True):
    """What shall become of a mail. ``ticket`` is null where a new one is opened, or none is meant."""

    outcome: Outcome
    reason: str = ""
    ticket: int | None = None
    is_public: bool = True
    mark: str = ""
    reopens: bool = False
    rating: int = 0  # what it answers to a survey
    acknowledges: bool = False
    unacknowledged: str = ""  # why not, of a mail that opens a ticket: robot | failed | crowd | mailbox
    repeats_subject: bool = True
    alerts: bool = True
    pages: bool = False
    as_staff: bool = False
    links: tuple[tuple[int, str], ...] = ()
    acknowledged: tuple[int, ...] = ()  # the tickets whose page it answers
    warnings: tuple[str, ...] = ()  # letters beside: rejection, spoof-warning
