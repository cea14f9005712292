"""Who writes and who answers: clients, staff, participants."""

from msgspec import Struct

from helpdesk_cli.domain.wishes import Wishes, read

SYSTEM = "system"
"""The actor of jobs; reserved like the words below, so no staff member can be called so."""

RESERVED_LOGINS = frozenset({"me", "none", "auto", SYSTEM})


class Client(Struct, frozen=True, kw_only=True):
    """Somebody who asks. ``addresses`` are folded; the first is the primary one."""

    id: int
    name: str
    email: str
    organization: str | None = None
    note: str = ""
    created_at: str = ""
    addresses: tuple[str, ...] = ()


class Staff(Struct, frozen=True, kw_only=True):
    """Somebody who answers. ``role`` is ``staff`` or ``admin``; ``departments`` are slugs."""

    id: int
    login: str
    name: str
    email: str
    role: str = "staff"
    departments: tuple[str, ...] = ()
    created_at: str = ""
    retired_at: str | None = None
    level: int = 1  # of support: 1, 2, 3
    away_from: str | None = None  # days, 2026-12-24, the last one included
    away_to: str | None = None
    deputy: str | None = None  # a login: who hears meanwhile
    notices: str = ""  # what they want to hear of and when, as ``domain.wishes`` reads it
    every_ticket: int = 0  # 1: an admin who hears of every ticket
    pager: str = ""  # where pages go, else to the address

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def actor(self) -> "Actor":
        """The same as who does a thing."""
        return Actor(login=self.login, is_admin=self.is_admin, staff=self)

    @property
    def wishes(self) -> Wishes:
        """What they want to hear of, and when."""
        return read(self.notices)


class Participant(Struct, frozen=True, kw_only=True):
    """Somebody who hears of a ticket's public words; the requester is one too.

    ``address`` is where they last wrote from, as they write it; ``client_id`` is null for somebody
    who is no client. What came before ``since_at`` is never shown to them.
    """

    id: int
    ticket: int
    address: str
    name: str = ""
    client_id: int | None = None
    since_at: str = ""


class Actor(Struct, frozen=True, kw_only=True):
    """Who does a thing: a staff member, or the system's jobs. ``staff`` is null for the latter."""

    login: str
    is_admin: bool = False
    staff: Staff | None = None

    @property
    def name(self) -> str:
        return self.staff.name if self.staff else self.login


SYSTEM_ACTOR = Actor(login=SYSTEM, is_admin=True)
