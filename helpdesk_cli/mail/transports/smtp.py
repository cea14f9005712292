"""Letters over SMTP (RFC 5321): one connection for many letters, and the truth about each.

The one question that matters is on which side of the final dot a connection broke: before it the letter
was not taken, after it nobody knows. smtplib hides that, so the text is sent step by step here.
"""

import re
import ssl
from base64 import b64encode
from collections.abc import Callable
from smtplib import SMTPException
from types import TracebackType
from typing import NoReturn, Self

from msgspec import Struct

from helpdesk_cli import settings
from helpdesk_cli.errors import Refused, Unreachable
from helpdesk_cli.mail.transports.contract import Receipt, Sent
from helpdesk_cli.mail.wire import BROKEN, PlainWire, TlsWire, Wire, is_loopback, own_name, said, why_not

PORTS = {"none": 25, "starttls": 587, "tls": 465}
LOST_IN_A_ROW = 3
"""After so many letters that lost the connection, the rest of the run would only wait as well."""

_WANTS_LOGIN = {530, 534, 535, 538}
"""RFC 4954: other credentials are wanted; no letter is to blame for that."""

_TOO_LARGE = re.compile(r"552 5\.(?:2\.3|3\.4)\b")
"""The only refusals of MAIL that concern this letter: its announced SIZE (RFC 1870, codes of RFC 3463)."""


class Waits(Struct, frozen=True):
    """How long to wait, in seconds: RFC 5321 4.5.3.2 asks for 600 after the dot."""

    connect: float = 60.0
    command: float = 60.0
    dot: float = 600.0


class Smtp:
    """A mail server that takes our letters, opened for the first one.

    ``secret`` gives the password or the access token, and is called when the server is about to get it.
    """

    def __init__(
        self, slug: str, transport: settings.Transport, secret: Callable[[], str], waits: Waits | None = None
    ) -> None:
        patience = float(transport.timeout)
        self._place = transport
        self._port = transport.port or PORTS[transport.security]
        self._title = f"transport.{slug}: mail server {transport.host} port {self._port}"
        self._secret = secret
        self._waits = waits or Waits(connect=patience, command=min(patience, 300.0))
        self._wire: Wire | None = None
        self._lost = 0

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:
        """MAIL, RCPT, DATA, the text, the dot. A connection that was closed while idle is opened anew."""
        if self._lost >= LOST_IN_A_ROW:
            self._fail(f"the connection broke in {self._lost} letters in a row", "look into the server's log")
        reused = self._ready()
        verdict = self._announce(sender, recipient, raw)
        if reused and self._wire is None:
            self._ready()
            verdict = self._announce(sender, recipient, raw)
        verdict = verdict or self._name(recipient) or self._tell(raw)
        self._lost = 0 if self._wire else self._lost + 1
        return verdict

    def reach(self) -> str:
        """Connect, secure the line, log in. Raises Unreachable."""
        self._ready()
        return f"{self._place.host} port {self._port} lets us in"

    # -- the steps of one letter: a receipt ends it, None goes on

    def _announce(self, sender: str, recipient: str, raw: bytes) -> Receipt | None:
        """MAIL FROM with what the server must know beforehand (RFC 1870, 6152, 6531)."""
        wire = self._open_wire()
        offered = wire.esmtp_features
        options = ""
        limit = int(offered.get("size") or 0) if (offered.get("size") or "0").isdecimal() else 0
        if "size" in offered:
            if limit and len(raw) > limit:
                return Receipt(
                    Sent.FAILED, f"the letter has {len(raw):,} bytes, the server takes at most {limit:,}"
                )
            options += f" SIZE={len(raw)}"
        if not raw.isascii() and "8bitmime" in offered:
            options += " BODY=8BITMIME"
        head = raw[: raw.find(b"\r\n\r\n") + 1 or len(raw)]
        wire.command_encoding = "ascii"
        if not (sender.isascii() and recipient.isascii() and head.isascii()):
            if "smtputf8" not in offered:
                return Receipt(
                    Sent.FAILED,
                    "an address has letters beyond ASCII, which the server does not take (no SMTPUTF8)",
                )
            options += " SMTPUTF8"
            wire.command_encoding = "utf-8"
        refused = self._step(f"MAIL FROM:<{sender}>{options}", "the sender", {250})
        if refused and refused.outcome is Sent.FAILED and not _TOO_LARGE.search(refused.text):
            # An account that is locked for an hour: the next letters would be refused alike, and all be lost.
            return Receipt(Sent.DEFERRED, refused.text)
        return refused

    def _name(self, recipient: str) -> Receipt | None:
        return self._step(f"RCPT TO:<{recipient}>", "the recipient", {250, 251, 252})

    def _tell(self, raw: bytes) -> Receipt:
        """DATA and the text; the final dot apart, so that we know on which side of it we are."""
        refused = self._step("DATA", "the letter", {354})
        if refused:
            return refused
        wire = self._open_wire()
        try:
            wire.push(_stuffed(raw), self._waits.command)
            if wire.spoke():
                return self._cut_short(wire, OSError())
        except BROKEN as error:
            return self._cut_short(wire, error)
        try:
            wire.wait = self._waits.dot
            wire.push(b".\r\n", self._waits.command)
            code, text = wire.getreply()
        except BROKEN as error:
            self._drop()
            what = _broke(error, self._waits.dot)
            return Receipt(Sent.UNCERTAIN, f"{what} after the whole letter was sent")
        if 200 <= code <= 299:
            return Receipt(Sent.SENT, said(code, text))
        return self._refusal(code, text, "the letter")

    def _cut_short(self, wire: Wire, error: Exception) -> Receipt:
        """The text could not be sent to its end: perhaps the server said why before it closed."""
        try:
            wire.wait = min(2.0, self._waits.command)
            code, text = wire.getreply()
        except BROKEN:
            self._drop()
            return Receipt(Sent.DEFERRED, f"{_broke(error, self._waits.command)} within the letter")
        self._drop()
        return self._refusal(code, text, "the letter")

    def _step(self, line: str, what: str, wanted: set[int]) -> Receipt | None:
        wire = self._open_wire()
        try:
            code, text = wire.ask(line, self._waits.command)
        except BROKEN as error:
            self._drop()
            return Receipt(Sent.DEFERRED, f"{_broke(error, self._waits.command)} before the letter was sent")
        return None if code in wanted else self._refusal(code, text, what)

    def _refusal(self, code: int, text: bytes, what: str) -> Receipt:
        if code in _WANTS_LOGIN:
            self._drop()
            self._refuse(f"it answered {said(code, text)}", "set username, its password and security")
        if code == 421 or not 400 <= code <= 599:
            self._drop()
        outcome = Sent.FAILED if 500 <= code <= 599 else Sent.DEFERRED
        return Receipt(outcome, f"{what} was refused: {said(code, text)}")

    # -- the connection

    def _ready(self) -> bool:
        """Have an open connection with nothing begun on it; true where it served an earlier letter."""
        if self._wire is not None:
            try:
                if self._wire.ask("RSET", self._waits.command)[0] == 250:
                    return True
            except BROKEN:
                pass
            self._drop()
        try:
            self._wire = self._connect()
        except ssl.SSLCertVerificationError as error:
            self._refuse(*why_not(error, self._waits.connect))
        except (SMTPException, OSError) as error:
            self._fail(*why_not(error, self._waits.connect))
        return False

    def _connect(self) -> Wire:
        place, wait = self._place, self._waits.connect
        wire: Wire
        if place.security == "tls":
            wire = TlsWire(place.host, self._port, "localhost", wait, self._context())
        else:
            wire = PlainWire(place.host, self._port, "localhost", wait)
        try:
            wire.hurry()
            wire.local_hostname = own_name(wire, place.ehlo_name)
            wire.ehlo_or_helo_if_needed()
            if place.security == "starttls":
                if "starttls" not in wire.esmtp_features:
                    self._refuse("it offers no STARTTLS", "check the port; nothing was sent in clear")
                wire.secure(self._context(), place.host)
                wire.ehlo_or_helo_if_needed()
            if place.username:
                self._log_in(wire)
        except BaseException:
            wire.close()
            raise
        return wire

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._place.ca_file:
            try:
                context.load_verify_locations(self._place.ca_file)
            except OSError as error:
                self._refuse(
                    f"ca_file {self._place.ca_file} cannot be used: {error.strerror or error}",
                    "name a file with certificates in PEM form",
                )
        return context

    def _log_in(self, wire: Wire) -> None:
        """AUTH (RFC 4954), in clear only to this very machine."""
        place = self._place
        if place.security == "none" and not is_loopback(wire.socket.getpeername()[0]):
            self._refuse("it would get the password in clear", 'set security to "starttls" or "tls"')
        offered = wire.esmtp_features.get("auth", "").upper().split()
        known = ("XOAUTH2",) if place.oauth2_command else ("PLAIN", "LOGIN")
        way = next((way for way in known if way in offered), "")
        if not way:
            offers = ", ".join(offered) or "none"
            self._refuse(
                f"it offers no login by {' or '.join(known)} (it offers: {offers})", "check port and security"
            )
        secret = self._secret()
        nothing_more = "" if way == "XOAUTH2" else "*"  # XOAUTH2 tells its refusal as a question
        answers = _answers(way, place.username, secret)
        first = "" if way == "LOGIN" else f" {answers.pop(0)}"
        code, text = wire.ask(f"AUTH {way}{first}", wire.wait)
        for _ in range(3):
            if code == 334:
                code, text = wire.ask(answers.pop(0) if answers else nothing_more, wire.wait)
        if code != 235:
            told = said(code, text)
            for hidden in (secret, *_answers(way, place.username, secret)):
                told = told.replace(hidden, "…") if hidden else told
            source = "oauth2_command" if place.oauth2_command else "username and password"
            fail = self._fail if 400 <= code <= 499 else self._refuse
            fail(f"it refused to let {place.username} in: {told}", f"check {source}")

    def _open_wire(self) -> Wire:
        if self._wire is None:
            self._fail("the connection broke", "try again")
        return self._wire

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _fail(self, what: str, next_step: str) -> NoReturn:
        raise Unreachable(f"{self._title}: {what}; {next_step}") from None

    def _refuse(self, what: str, next_step: str) -> NoReturn:
        """The same for what only a person can mend."""
        raise Refused(f"{self._title}: {what}; {next_step}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wire is not None and kind is None:
            try:
                self._wire.ask("QUIT", min(5.0, self._waits.command))
            except BROKEN:
                pass
        self._drop()


def _answers(way: str, username: str, secret: str) -> list[str]:
    """What we say in a login, base64 of UTF-8 (RFC 4616; XOAUTH2 is Google's and Microsoft's)."""
    if way == "PLAIN":
        words = [f"\0{username}\0{secret}"]
    elif way == "LOGIN":
        words = [username, secret]
    else:
        words = [f"user={username}\1auth=Bearer {secret}\1\1"]
    return [b64encode(word.encode()).decode() for word in words]


def _stuffed(raw: bytes) -> bytes:
    """The text with doubled leading dots (RFC 5321 4.5.2), ending in CRLF, without the final dot."""
    text = raw.replace(b"\r\n.", b"\r\n..")
    if text.startswith(b"."):
        text = b"." + text
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _broke(error: Exception, wait: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {wait:g} s"
    return "the connection broke"
