"""The ways out: transports for mail, web hooks for calls. Each is opened at its first letter of a run."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from helpdesk_cli.domain.notices import WEBHOOK
from helpdesk_cli.errors import BadConfig
from helpdesk_cli.mail.transports.contract import Receipt, Sent, Transport
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.writing import Written, write
from helpdesk_cli.store.outbox import Letter

if TYPE_CHECKING:
    from helpdesk_cli.web import Hook

HOOK = f"{WEBHOOK}."
"""What stands before a web hook's slug where a letter names its department: no department has a dot."""

LATER = frozenset({408, 425, 429})
"""Refusals that pass by: too slow, too early, too many. So does whatever the server is to blame for."""


def written(desk: Desk, letter: Letter) -> Written:
    """A letter as it is handed over: a mail, or the body of a call. Raises Failed, ValueError as ``write`` does."""
    if letter.kind != WEBHOOK:
        return write(desk, letter)
    from helpdesk_cli.services.calling import called

    return called(desk, letter)


class Way(Protocol):
    """A way out that was opened."""

    def send(self, letter: Letter, written: Written) -> Receipt:
        """Hand a letter over. Raises Unreachable, BadConfig, after which the whole way counts as away."""
        ...


class Ways:
    """The ways out of this run, closed with it.

    One that was out of reach is not asked again in this run: ``left_out`` are the departments that need it.
    """

    def __init__(self, desk: Desk, stack: ExitStack) -> None:
        self._desk, self._stack = desk, stack
        self._open: dict[str, Way] = {}
        self.away: set[str] = set()
        self.left_out: set[str] = set()

    def slug(self, department: str) -> str:
        """The way that a department's letters take: a transport, or a web hook by ``webhook.SLUG``."""
        if department.startswith(HOOK):
            return department
        known = self._desk.settings.department.get(department)
        return known.transport if known else "default"

    def lose(self, slug: str) -> None:
        """Take a way for out of reach."""
        self.away.add(slug)
        departments = self._desk.settings.department.items()
        self.left_out.update(name for name, department in departments if department.transport == slug)

    def to(self, slug: str) -> Way:
        """An open way. Raises BadConfig."""
        if slug not in self._open:
            self._open[slug] = self._hook(slug) if slug.startswith(HOOK) else self._transport(slug)
        return self._open[slug]

    def _transport(self, slug: str) -> Way:
        from helpdesk_cli.config.credentials import secret_of
        from helpdesk_cli.mail.transports import open_transport

        known = self._desk.settings.transport
        settings = known.get(slug) or next(iter(known.values()))
        way = open_transport(slug, settings, secret_of(settings, f"transport.{slug}"))
        return ByMail(self._stack.enter_context(way))

    def _hook(self, slug: str) -> Way:
        name = slug.removeprefix(HOOK)
        settings = self._desk.settings.webhook.get(name)
        if settings is None:
            raise BadConfig(
                f"there is no [webhook.{name}] any more; 'helpdesk outbox drop' gives the call up"
            )
        from helpdesk_cli.config.credentials import hook_secret
        from helpdesk_cli.web import Hook

        return ByHook(lambda: Hook(name, settings, hook_secret(settings, slug)), self._desk.clock)


class ByMail:
    """A transport as a way out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, letter: Letter, written: Written) -> Receipt:
        """Hand a mail over."""
        return self._transport.send(written.sender, letter.recipient, written.raw)


class ByHook:
    """A web hook as a way out. Its secret is fetched at the first call."""

    def __init__(self, opened: "Callable[[], Hook]", clock: Callable[[], str]) -> None:
        self._opened, self._clock = opened, clock
        self._hook: Hook | None = None

    def send(self, letter: Letter, written: Written) -> Receipt:
        """Call it. A call may come twice and has the same id then, so that it never needs a person's decision."""
        if self._hook is None:
            self._hook = self._opened()
        answer = self._hook.call(written.raw, delivery=letter.message_id.strip("<>"), at=self._clock())
        said = f"{answer.status} {answer.reason}".strip()
        if 200 <= answer.status < 300:
            return Receipt(Sent.SENT, said)
        if 300 <= answer.status < 500 and answer.status not in LATER:
            return Receipt(Sent.FAILED, said)
        return Receipt(Sent.DEFERRED, said)
