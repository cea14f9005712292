"""Everything that the desk rests on, tried one by one: what is in order, what is not, what to do next."""

import os
from collections.abc import Callable, Generator, Iterator

from msgspec.structs import replace

from helpdesk_cli.errors import BadConfig, DeskError, NotFound
from helpdesk_cli.mail.sources.contract import Source
from helpdesk_cli.services.desk import Desk, clock_of, engine_of, now
from helpdesk_cli.services.findings import FAIL, Check, failed, warning
from helpdesk_cli.services.host_health import is_served, of_shared_host
from helpdesk_cli.services.level_health import of_levels
from helpdesk_cli.services.store_health import of_hosts, of_store
from helpdesk_cli.settings import Mailbox, Settings
from helpdesk_cli.store.mailboxes import Remembered

SILENT_SECONDS = 3600
"""A mailbox that was not fetched, or a letter that waits, for so long: cron does not run us."""

TRY_SECONDS = 60.0
"""So long a server may take to let us in."""


def examine(config: str | None, *, send_test: str | None = None) -> Iterator[Check]:
    """Look at everything, from the ground up; what cannot be looked at without something broken is left out."""
    from helpdesk_cli.config import load

    try:
        settings = load(config)
    except BadConfig as failure:
        yield from failed("configuration", failure)
        return
    if is_served(settings):  # all else is the owner's
        yield Check(name="configuration", text=settings.source)
        yield from of_shared_host(settings)
        if send_test:
            words = f"sudo -u {settings.store.run_as} helpdesk doctor --send-test {send_test}"
            yield warning("send-test", "no mail was sent: only the store's owner tries the transports", words)
        return
    try:
        load(config, thoroughly=True)
        yield Check(name="configuration", text=settings.source)
    except BadConfig as failure:
        yield from failed("configuration", failure)
    yield from of_shared_host(settings)
    yield from of_people(settings)
    yield from of_templates(settings)
    key = yield from of_key(settings)
    try:
        engine = engine_of(settings)
    except BadConfig as failure:
        yield from failed("store", failure)
        return
    try:
        has_store = yield from of_store(settings, engine)
        desk = Desk(settings=settings, engine=engine, key=key)
        if has_store:
            desk = replace(desk, clock=clock_of(engine))
            yield from of_hosts(desk)
            yield from of_use(desk)
            yield from of_levels(desk)
            yield from of_oncall(desk)
        for name in settings.mailbox:
            yield try_mailbox(desk, name)
        for slug in settings.transport:
            yield try_transport(desk, slug, send_test)
    finally:
        engine.close()


def of_people(settings: Settings) -> Iterator[Check]:
    """Under which name we write, who hears when the desk is broken, in which zone people read times."""
    if settings.desk.domain == "localhost":
        yield warning(
            "domain",
            "our Message-IDs end in @localhost, which makes spam filters suspicious",
            'set desk.domain = "example.com", your mail domain',
        )
    if not settings.desk.admin:
        yield warning(
            "admin", "nobody hears when the desk itself is broken", 'set desk.admin = ["you@example.com"]'
        )
    if words := untranslated(settings):
        yield warning("language", words, "see docs/how-to/mail-templates.md")
    if settings.desk.timezone == "UTC":
        import time

        if time.localtime().tm_gmtoff:
            yield warning(
                "time zone",
                f"people read times in UTC, this machine's zone is {time.strftime('%Z (%z)')}",
                "set desk.timezone, such as Europe/Berlin",
            )


def of_templates(settings: Settings) -> Iterator[Check]:
    """The site's own templates, filled once with samples; a folder that is not there is told elsewhere."""
    from helpdesk_cli.services.samples import broken_templates

    folder = settings.desk.templates
    if folder and not os.path.isdir(folder):  # noqa: PTH112
        return
    faults = broken_templates(settings)
    for fault in faults:
        yield warning(
            "templates", fault, "mend it; until then every such letter waits, and no such answer is prepared"
        )
    if folder and not faults:
        yield Check(name="templates", text=folder)


def untranslated(settings: Settings) -> str:
    """What to say of a language in which there is no template; "" for one in which there is."""
    language = settings.desk.language
    folder = language.lower().partition("-")[0]
    if folder == "en":
        return ""
    from helpdesk_cli.templates.engine import OURS

    for place in filter(None, (settings.desk.templates, str(OURS))):
        if os.path.isdir(os.path.join(place, folder)):  # noqa: PTH112, PTH118
            return ""
    return f'desk.language = "{language}": there are no templates for it, so mail goes out in English'


def of_key(settings: Settings) -> Generator[Check, None, bytes]:
    """The key, which is the generator's value; b"" where it cannot be used."""
    from helpdesk_cli.config.credentials import read_key

    try:
        key = read_key(settings.desk.secret_file)
    except BadConfig as failure:
        yield from failed("key", failure)
        return b""
    yield Check(name="key", text=settings.desk.secret_file)
    return key


def of_use(desk: Desk) -> Iterator[Check]:
    """What the records tell: who answers, whether cron runs us, what waits for a person."""
    from helpdesk_cli.domain.moments import later, seconds_between
    from helpdesk_cli.services import pauses
    from helpdesk_cli.store import inbox, mailboxes, members, outbox

    at = desk.clock()
    with desk.engine.read() as tx:
        has_admin = members.has_admin(tx)
        unheard = [slug for slug in desk.settings.department if not members.all_staff(tx, department=slug)]
        fetched = [found for name in desk.settings.mailbox if (found := mailboxes.remembered(tx, name))]
        stuck = len(inbox.entries(tx, outcomes=inbox.NEEDS_A_PERSON))
        overdue = len(outbox.due(tx, later(at, -SILENT_SECONDS)))
        counts = outbox.counts(tx)
    for pause in pauses.standing(desk):
        text = f"{pauses.told(pause)}; since {pause.paused_at}"
        yield warning("pause", text, f"helpdesk resume {pause.what}")
    if not has_admin:
        hint = "helpdesk staff new LOGIN --name NAME --email ADDRESS --role admin"
        yield warning("staff", "nobody is an admin", hint)
    for slug in unheard:
        hint = f"helpdesk staff join LOGIN {slug}"
        yield warning(f"department.{slug}", "has no staff: nobody hears of its tickets", hint)
    last = max((each.succeeded_at or each.first_fetch_at for each in fetched), default="")
    if last > later(at, SILENT_SECONDS):
        yield Check(
            name="clock",
            level=FAIL,
            text=f"it is {at} here, but mail was fetched at {last}",
            hint="set the clock; limits and order follow it",
            code=1,
        )
    for each in fetched:
        since = each.succeeded_at or each.first_fetch_at
        if seconds_between(since, at) > SILENT_SECONDS and not each.failed_at:
            hint = "helpdesk schedule crontab"
            yield warning(f"mailbox.{each.name}", f"was last fetched at {since}", hint)
    if overdue:
        hint = "helpdesk schedule crontab; helpdesk outbox list"
        yield warning("outbox", f"{overdue} letters should have gone an hour ago", hint)
    if counts.get("failed") or counts.get("uncertain"):
        text = f"{counts.get('failed', 0)} letters failed, {counts.get('uncertain', 0)} are uncertain"
        yield warning("outbox", text, "helpdesk outbox list")
    if stuck:
        yield warning("inbox", f"{stuck} messages wait for a person", "helpdesk inbox list")


def of_oncall(desk: Desk) -> Iterator[Check]:
    """Whether pages reach somebody."""
    if not desk.settings.oncall:
        return
    from helpdesk_cli.services import paging

    for slug, text in paging.unheard(desk):
        yield warning(f"oncall.{slug}", text, "helpdesk staff list; then correct the table's people")


def noted_mailboxes(desk: Desk) -> list[tuple[str, Mailbox, Remembered | None]]:
    """Each mailbox with its settings and what is remembered of its fetches."""
    from helpdesk_cli.store import mailboxes

    with desk.engine.read() as tx:
        return [
            (name, settings, mailboxes.remembered(tx, name))
            for name, settings in desk.settings.mailbox.items()
        ]


# Servers


def try_mailbox(desk: Desk, name: str) -> Check:
    """Open a mailbox, look, and close it; nothing is fetched and nothing marked. Raises NotFound."""
    from helpdesk_cli.config.credentials import secret_of
    from helpdesk_cli.mail.sources import open_source

    known = desk.settings.mailbox
    if name not in known:
        raise NotFound(f"{name}: no such mailbox; the configuration has {', '.join(known) or 'none'}")
    mailbox, where = known[name], f"mailbox.{name}"
    if mailbox.kind == "pipe":
        return Check(name=where, text=f"the mail server gives mail to: helpdesk receive --mailbox {name}")
    try:
        # With "keep" a source changes nothing, whatever it finds.
        source = open_source(
            name, replace(mailbox, after="keep"), secret_of(mailbox, where), deadline=countdown(TRY_SECONDS)
        )
        with source:
            return Check(name=where, text=f"{found_in(mailbox, source)}; {afterwards(mailbox)}")
    except DeskError as failure:
        return failed(where, failure, "then: helpdesk mailbox test " + name)[0]


def countdown(seconds: float) -> Callable[[], float]:
    """What is left of so many seconds from now on."""
    import time

    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def found_in(mailbox: Mailbox, source: Source) -> str:
    """How much lies in an open mailbox, and what its server can do for us."""
    if mailbox.kind == "imap":
        from helpdesk_cli.mail.sources.imap import ImapSource

        assert isinstance(source, ImapSource)
        folder = source.folder
        able = [
            word for word, has in (("MOVE", folder.can_move), ("UIDPLUS", folder.can_expunge_uids)) if has
        ]
        can = (
            f"the server knows {' and '.join(able)}" if able else "the server knows neither MOVE nor UIDPLUS"
        )
        return f"{messages(folder.exists)} in {folder.name}; {can}"
    if mailbox.kind == "pop3":
        return f"{mailbox.host} lets us in"
    if mailbox.kind == "maildir":
        counts = [
            sum(not entry.startswith(".") for entry in os.listdir(os.path.join(mailbox.path, part)))  # noqa: PTH118, PTH208
            for part in ("new", "cur")
        ]
        return f"{messages(sum(counts))}, {counts[0]:,} of them in new/"
    try:
        return f"{os.path.getsize(mailbox.path):,} bytes"  # noqa: PTH202
    except OSError:
        return "the file is not there yet, which counts as empty"


def messages(count: int) -> str:
    """A number of messages in words."""
    return "1 message" if count == 1 else f"{count:,} messages"


def afterwards(mailbox: Mailbox) -> str:
    """What becomes of a message in its mailbox once it was fetched."""
    kind, after = mailbox.kind, mailbox.after
    if after == "delete":
        return "what was fetched is deleted there"
    if after.startswith("move:"):
        return f"what was fetched moves to {after.removeprefix('move:')}"
    if after == "seen" and kind in ("imap", "maildir"):
        return "what was fetched is marked as seen"
    return "what was fetched stays as it is"


def try_transport(desk: Desk, slug: str, send_test: str | None = None) -> Check:
    """Reach a way out; with an address, send it a test mail."""
    from helpdesk_cli.config.credentials import secret_of
    from helpdesk_cli.mail.transports import Sent, open_transport

    where = f"transport.{slug}"
    settings = desk.settings.transport[slug]
    try:
        with open_transport(slug, settings, secret_of(settings, where)) as way:
            told = way.reach()
            if not send_test:
                return Check(name=where, text=told)
            sender, raw = test_mail(desk, slug, send_test)
            receipt = way.send(sender, send_test, raw)
    except (DeskError, ValueError) as failure:
        told_failure = failure if isinstance(failure, DeskError) else DeskError(str(failure))
        return failed(where, told_failure)[0]
    if receipt.outcome is Sent.SENT:
        return Check(name=where, text=f"took a test mail to {send_test}: {receipt.text}".rstrip(": "))
    return Check(name=where, level=FAIL, text=f"test mail {receipt.outcome}: {receipt.text}", code=1)


def test_mail(desk: Desk, slug: str, recipient: str) -> tuple[str, bytes]:
    """A test mail by a way out: its envelope's sender and its bytes. Raises ValueError for an odd address."""
    from helpdesk_cli.domain.mail import Mailbox as Address
    from helpdesk_cli.mail.compose import Letter, compose
    from helpdesk_cli.services.writing import people_time
    from helpdesk_cli.templates import render

    settings = desk.settings
    using = [each for each in settings.department.values() if each.transport == slug]
    department = (using or list(settings.department.values()))[0]
    facts = {"desk": {"name": settings.desk.name}, "at": people_time(desk, desk.clock()), "transport": slug}
    words = render("test", facts, folder=settings.desk.templates, language=settings.desk.language)
    letter = Letter(
        message_id=f"<test.{desk.dice(16).hex()}@{settings.desk.domain}>",
        sender=Address(department.address, department.name),
        recipient=Address(recipient),
        date=now(),
        subject=words.subject,
        text=words.text,
        html=words.html,
        automatic="auto-generated",
    )
    return settings.transport[slug].envelope_from or department.address, compose(letter)
