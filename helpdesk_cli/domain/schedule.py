"""What is installed so that a system runs us: a crontab, systemd's units, a task, a way out of a mail server.

Each system reads words in its own way, so each has its own quoting here; what it cannot hold raises ValueError
with a sentence.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from msgspec import Struct

MINUTE, HOUR, DAY = 60, 3600, 86400

CRON_PATH = ("/usr/bin", "/bin")
SYSTEMD_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where cron and systemd look for programs."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a desk lies on its machine, and who owns it."""

    program: tuple[str, ...] = ("/usr/local/bin/helpdesk",)
    config: str = "/etc/helpdesk/helpdesk.toml"
    user: str = "helpdesk"
    admin: str = ""  # whom cron mails
    folders: tuple[str, ...] = ()  # where programs lie that it calls by their bare names
    variables: tuple[str, ...] = ()  # of the environment, that hold passwords
    writes: tuple[str, ...] = ()  # folders in which it writes
    takes_rights: bool = False  # a program that it calls gets more rights, such as Postfix's postdrop
    mailbox: str = "local"  # what a mail server hands over belongs to it
    has_pipe: bool = True  # there is such a mailbox
    addresses: tuple[str, ...] = ("support@example.com",)  # mail to which comes here

    def call(self, *words: str) -> tuple[str, ...]:
        """A call of the program."""
        return (*self.program, "--config", self.config, *words)


class File(Struct, frozen=True):
    """A file to install: where it goes, and its text."""

    path: str
    text: str


# Crontabs


def crontab(place: Place, every: int = MINUTE) -> list[File]:
    """The lines for a user's crontab. Raises ValueError."""
    lines = [f'# For "crontab -e" of the user {place.user}, who owns configuration, key and store.']
    lines += [f"# Set it here, for cron passes on nothing of yours: {name}=…" for name in place.variables]
    if place.admin:
        lines.append(f"MAILTO={place.admin}")
    if extra := [folder for folder in place.folders if folder not in CRON_PATH]:
        lines.append(f"PATH={':'.join([*extra, *CRON_PATH])}")
    lines.append(f"{cron_times(every)} {cron_words(place.call('cron'))}")
    return [File("crontab", "\n".join([*lines, ""]))]


def cron_times(every: int) -> str:
    """The first five fields of a crontab's line."""
    minutes, hours = every // MINUTE, every // HOUR
    if every < MINUTE:
        raise ValueError("cron starts nothing more often than each minute")
    if every == MINUTE:
        return "* * * * *"
    if every < HOUR:
        return f"*/{minutes} * * * *"
    return "0 * * * *" if hours == 1 else ("0 0 * * *" if every == DAY else f"0 */{hours} * * *")


def cron_words(words: Sequence[str]) -> str:
    """Words for the shell that cron starts; a bare ``%`` would end the line."""
    from shlex import join

    text = join(words)
    _plain(text, "a crontab")
    if "\\" in text:
        raise ValueError(f"a crontab cannot hold a backslash: {text}")
    return text.replace("%", r"\%")


# systemd


def systemd(place: Place, every: int = MINUTE) -> list[File]:
    """A service and its timer. Raises ValueError."""
    program, *words = place.call("cron")
    if any(char in program for char in "\"'\\"):
        raise ValueError(f"systemd runs no program whose path has quotes or backslashes: {program}")
    service = [
        "# /etc/systemd/system/helpdesk.service",
        "# Then: systemctl daemon-reload && systemctl enable --now helpdesk.timer",
        "[Unit]",
        "Description=Help desk: fetch mail, do what time brings, send",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={_plain(place.user, 'a unit').replace('%', '%%')}",
        f"ExecStart={' '.join([unit_word(program, variables=False), *map(unit_word, words)])}",
        "# It is failed as long as something is wrong that is worth telling; the log says once what.",
    ]
    if extra := [folder for folder in place.folders if folder not in SYSTEMD_PATH]:
        service.append(
            f"Environment={unit_word('PATH=' + ':'.join([*extra, *SYSTEMD_PATH]), variables=False)}"
        )
    service += [
        f"# Put {name}=… into a file that only root reads, and name it here: EnvironmentFile="
        for name in place.variables
    ]
    service += ["TimeoutStartSec=15min", "UMask=0077"]
    if not place.takes_rights:
        service.append("NoNewPrivileges=yes")
    service += ["PrivateTmp=yes", "ProtectSystem=full"]
    guarded = [folder for folder in place.writes if folder.startswith(("/etc", "/usr", "/boot", "/efi"))]
    service += [f"ReadWritePaths={unit_word(folder, variables=False)}" for folder in guarded]
    timer = [
        "# /etc/systemd/system/helpdesk.timer",
        "[Unit]",
        f"Description=Run the help desk each {spelled(every)}",
        "",
        "[Timer]",
        f"OnCalendar={calendar(every)}",
        "AccuracySec=1s",
        "Persistent=no",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return [
        File("/etc/systemd/system/helpdesk.service", "\n".join([*service, ""])),
        File("/etc/systemd/system/helpdesk.timer", "\n".join([*timer, ""])),
    ]


def calendar(every: int) -> str:
    """The moments of a timer, as systemd.time(7) writes them."""
    if every < MINUTE:
        return f"*-*-* *:*:00/{every:02d}"
    if every < HOUR:
        return "*-*-* *:*:00" if every == MINUTE else f"*-*-* *:00/{every // MINUTE:02d}:00"
    if every < DAY:
        return "*-*-* *:00:00" if every == HOUR else f"*-*-* 00/{every // HOUR:02d}:00:00"
    return "*-*-* 00:00:00"


def unit_word(word: str, *, variables: bool = True) -> str:
    """A word as systemd.service(5) reads it: in quotes where need be, ``%`` and ``$`` doubled.

    Without ``variables`` it stands where systemd replaces none.
    """
    text = _plain(word, "a unit").replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    text = text.replace("$", "$$") if variables else text
    is_bare = all(char.isalnum() or char in "@%+=:,./_$-" for char in text)
    return text if text and is_bare else f'"{text}"'


def spelled(every: int) -> str:
    """A span as people say it after "each"."""
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")):
        if every % size == 0:
            return name if every == size else f"{every // size} {name}s"
    raise AssertionError(every)


# Windows


def task(place: Place, every: int = MINUTE) -> list[File]:
    """A task for the Task Scheduler. Raises ValueError.

    It names no encoding and is ASCII, so that it may be read by whatever a shell has made of it.
    """
    if every < MINUTE:
        raise ValueError("the Task Scheduler starts nothing more often than each minute")
    program, *arguments = place.call("cron")
    text = f"""\
<?xml version="1.0"?>
<!-- schtasks /Create /TN helpdesk /XML helpdesk-task.xml /RU {xml(place.user).replace("--", "- -")} /RP * -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Fetches the mail of the help desk, does what time brings, sends; each {spelled(every)}.</Description>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <StartBoundary>2026-01-01T00:00:00</StartBoundary>
      <Repetition>
        <Interval>{duration(every)}</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Owner">
      <UserId>{xml(place.user)}</UserId>
      <LogonType>Password</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>PT15M</ExecutionTimeLimit>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Owner">
    <Exec>
      <Command>{xml(program)}</Command>
      <Arguments>{xml(" ".join(map(windows_word, arguments)))}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
    return [File("helpdesk-task.xml", text)]


def xml(text: str) -> str:
    """A text for XML, in ASCII."""
    return escape(_plain(text, "a task")).encode("ascii", "xmlcharrefreplace").decode()


def duration(every: int) -> str:
    """A span as XML Schema writes it."""
    return f"PT{every // MINUTE}M" if every < HOUR else (f"PT{every // HOUR}H" if every < DAY else "P1D")


def windows_word(word: str) -> str:
    """A word as programs of Windows read it from their command line."""
    if word and not any(char in word for char in ' \t"'):
        return word
    told, slashes = "", 0
    for char in word:
        if char == "\\":
            slashes += 1
            continue
        told += "\\" * (2 * slashes + 1 if char == '"' else slashes) + char
        slashes = 0
    return f'"{told}{chr(92) * (2 * slashes)}"'


# Postfix


def postfix(place: Place) -> list[File]:
    """An entry for master.cf, and what leads mail to it. Raises ValueError."""
    if place.user == "root":
        raise ValueError(
            "Postfix runs nothing as root: let the desk belong to another user, or name one by --user"
        )
    words = [*place.call("receive", "--mailbox", place.mailbox)]
    told = " ".join([*map(postfix_word, words), "--sender=${sender}", "--recipient=${original_recipient}"])
    routes = [f"#   {address}  helpdesk:" for address in place.addresses]
    missing = [
        "# The configuration needs a mailbox for it:",
        f"#   [mailbox.{place.mailbox}]",
        '#   kind = "pipe"',
    ]
    lines = [
        *([] if place.has_pipe else missing),
        "# Into /etc/postfix/transport:",
        *routes,
        "# Then: postmap /etc/postfix/transport",
        "#   postconf -e 'transport_maps = hash:/etc/postfix/transport' 'helpdesk_destination_recipient_limit = 1'",
        "#   postfix reload",
        "# And append to /etc/postfix/master.cf. No flag F or R: Postfix would add lines of its own to the message.",
        "helpdesk  unix  -       n       n       -       4       pipe",
        f"  user={postfix_word(place.user)} argv={told}",
    ]
    return [File("/etc/postfix/master.cf", "\n".join([*lines, ""]))]


def postfix_word(word: str) -> str:
    """A word for pipe(8), which replaces ``$name`` and keeps braces together."""
    text = _plain(word, "Postfix").replace("$", "$$")
    if any(char in text for char in '{}"\\#'):
        raise ValueError(f"Postfix cannot hold this word: {word}")
    return text if text and not any(char.isspace() for char in text) else f"{{{text}}}"


def _plain(text: str, where: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{where} cannot hold a line break or a control character: {text!r}")
    return text
