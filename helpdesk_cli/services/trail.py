"""``[log]``: a line for each message that was settled and each letter that was handed over.

From the id in a mail server's queue one finds the ticket, and from a ticket the id under which an answer went
on. A log that cannot be written stops nothing: what is wrong is kept until somebody asks.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from helpdesk_cli.domain.mail import Inbound
from helpdesk_cli.domain.trail import line, queue_ids
from helpdesk_cli.services.desk import Desk, host_name, once_a_day
from helpdesk_cli.settings import Log
from helpdesk_cli.store import inbox
from helpdesk_cli.store.outbox import Letter

JOURNAL = "/run/systemd/journal/socket"
SYSLOG = "/var/run/syslog" if sys.platform == "darwin" else "/dev/log"
FACILITIES = {"user": 1, "mail": 2, "daemon": 3, **{f"local{number}": 16 + number for number in range(8)}}

_ended: dict[str, str] = {}
"""How writing ended in this process, by the kind of log: why it failed at last, "" where it went well."""


def outcome(log: Log) -> str | None:
    """Why the log could not be written, "" where it could, None where nobody tried."""
    return _ended.get(log.to)


def to_tell(desk: Desk) -> str:
    """Why the log could not be written, at most once a day and host; that it is told is noted in the store."""
    words = outcome(desk.settings.log)
    return words if words and once_a_day(desk, "log") else ""


def took(desk: Desk, received: Mapping[int, Sequence[str]]) -> None:
    """Write a line for each of these messages, which were settled; by their ids, with their Received lines."""
    with desk.engine.read() as tx:
        entries = [entry for item in received if (entry := inbox.entry(tx, item)) is not None]
    write(desk, [_came(desk, entry, received[entry.id]) for entry in entries])


def received(inbound: Inbound) -> list[str]:
    """The Received lines of a mail, topmost first."""
    return [value for name, value in inbound.headers if name == "received"]


def _came(desk: Desk, entry: inbox.Entry, received: Sequence[str]) -> str:
    mailbox = desk.settings.mailbox.get(entry.mailbox)
    verb = "receive" if mailbox is not None and mailbox.kind == "pipe" else "fetch"
    name = entry.mailbox.removeprefix("import:")
    return line(
        verb if name == entry.mailbox else "import",
        mailbox=name,
        inbox=entry.id,
        msgid=entry.message_id,
        **{"from": f"<{entry.from_address}>"},
        size=entry.size,
        queue=queue_ids(received),
        outcome=entry.outcome,
        ticket=entry.ticket,
        rule=entry.reason,
    )


def sent(desk: Desk, letter: Letter, *, transport: str, status: str, said: str) -> None:
    """Write a line for a letter: what became of it, and what the server said."""
    words = line(
        "send",
        letter=letter.id,
        kind=letter.kind,
        to=f"<{letter.recipient}>",
        ticket=letter.ticket,
        msgid=letter.message_id,
        transport=transport,
        status=status,
        said=said,
    )
    write(desk, [words])


# Where the lines go


def write(desk: Desk, lines: Iterable[str]) -> None:
    """Write lines to the log, whatever comes of it."""
    log = desk.settings.log
    try:
        if log.to == "file":
            _to_file(log, [f"{desk.clock()} {host_name()} helpdesk[{os.getpid()}]: {each}" for each in lines])
        elif log.to == "syslog":
            _to_syslog(log, lines)
        elif log.to == "journal":
            _to_journal(log, lines)
    except (OSError, ImportError) as error:
        where = log.file if log.to == "file" else log.to
        _ended[log.to] = f"log: {where}: {getattr(error, 'strerror', None) or error}; lines are lost"
    else:
        _ended.setdefault(log.to, "")


def _to_file(log: Log, lines: Iterable[str]) -> None:
    """Append, each line by one write, so that processes do not mix theirs; opened each time, for logrotate."""
    never_wait = getattr(os, "O_NONBLOCK", 0)  # for the reader of a pipe
    handle = os.open(log.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | never_wait, 0o640)
    try:
        for each in lines:
            os.write(handle, f"{each}\n".encode("utf-8", "replace"))
    finally:
        os.close(handle)


def _to_syslog(log: Log, lines: Iterable[str]) -> None:
    import syslog

    _reach(SYSLOG)  # what nobody listens to, the system's library drops without a word
    syslog.openlog("helpdesk", syslog.LOG_PID, FACILITIES[log.facility] << 3)
    for each in lines:
        syslog.syslog(syslog.LOG_INFO, each)


def _reach(place: str) -> None:
    """Raise OSError where nobody listens at a local socket, of whatever type."""
    import errno
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(place)
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise


def _to_journal(log: Log, lines: Iterable[str]) -> None:
    """systemd's native protocol: a datagram of fields a line."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.settimeout(2)
        for each in lines:
            fields = {
                "MESSAGE": each,
                "PRIORITY": 6,
                "SYSLOG_IDENTIFIER": "helpdesk",
                "SYSLOG_FACILITY": FACILITIES[log.facility],
                "SYSLOG_PID": os.getpid(),
            }
            text = "".join(f"{name}={value}\n" for name, value in fields.items())
            journal.sendto(text.encode("utf-8", "replace"), JOURNAL)
