"""An SMTP connection whose replies have a deadline, and what its failures mean in plain words."""

import smtplib
import socket
import ssl
import time

BROKEN = (OSError, smtplib.SMTPServerDisconnected)
"""What a step raises when the connection broke, fell silent, or the server speaks no SMTP."""

_MOST_LINES = 200
_LONGEST_LINE = 8192
_CHUNK = 65536


class _Patient(smtplib.SMTP):
    """smtplib's client, but a reply is due as a whole within ``wait`` seconds.

    smtplib waits anew for each piece that arrives, so that a server which sends one byte a minute holds
    a run for days.
    """

    wait = 60.0
    rest = b""  # what came after the last reply's end

    def getreply(self) -> tuple[int, bytes]:
        """The code and the text, its lines joined by LF. After a failure the connection is closed."""
        try:
            return self._reply(time.monotonic() + self.wait)
        except OSError:
            self.close()
            raise

    def _reply(self, deadline: float) -> tuple[int, bytes]:
        lines: list[bytes] = []
        while len(lines) < _MOST_LINES:
            line = self._line(deadline)
            if not line[:3].isdigit() or line[3:4] not in (b"", b" ", b"-"):
                break
            lines.append(line[4:].strip())
            if line[3:4] != b"-":
                self.socket.settimeout(self.wait)
                return int(line[:3]), b"\n".join(lines)
        raise smtplib.SMTPServerDisconnected("it does not speak SMTP")

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            more = self.socket.recv(_LONGEST_LINE)
            if not more:
                raise smtplib.SMTPServerDisconnected("it closed the connection")
            self.rest += more
            if len(self.rest) > _MOST_LINES * _LONGEST_LINE:
                raise smtplib.SMTPServerDisconnected("it does not speak SMTP")
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    @property
    def socket(self) -> socket.socket:
        """The open socket; raises SMTPServerDisconnected where there is none."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("it closed the connection")
        return self.sock

    def hurry(self) -> None:
        """Send small packets at once: the final dot alone else waits 40 ms for an acknowledgement."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, line: str, wait: float) -> tuple[int, bytes]:
        """Send one line and read its reply; the line may hold no CR or LF (ValueError)."""
        self.wait = wait
        self.socket.settimeout(wait)
        self.putcmd(line)
        return self.getreply()

    def push(self, data: bytes, wait: float) -> None:
        """Send the data in pieces, each within ``wait`` seconds."""
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK):
            self.socket.settimeout(wait)
            self.socket.sendall(view[start : start + _CHUNK])

    def spoke(self) -> bool:
        """Whether something came that nobody asked for; raises what BROKEN names where the other end is gone."""
        self.socket.settimeout(0)
        try:
            more = self.socket.recv(_LONGEST_LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return bool(self.rest)
        if not more:
            raise smtplib.SMTPServerDisconnected("it closed the connection")
        self.rest += more
        return True

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """STARTTLS (RFC 3207). What was said or promised before it counts no more.

        Bytes that came in clear behind the server's answer were put there by somebody who wants them
        taken for an answer under TLS (CVE-2021-33515 and its kin): the connection ends.
        """
        code, text = self.ask("STARTTLS", self.wait)
        if code != 220:
            raise smtplib.SMTPResponseException(code, text)
        if self.rest:
            self.close()
            raise smtplib.SMTPServerDisconnected("it sent more than an answer to STARTTLS")
        self.sock = context.wrap_socket(self.socket, server_hostname=host)
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class PlainWire(_Patient):
    """A connection that begins in clear."""

    def __init__(self, host: str, port: int, name: str, wait: float) -> None:
        self.wait = wait
        super().__init__(host, port, local_hostname=name, timeout=wait)


class TlsWire(_Patient, smtplib.SMTP_SSL):
    """A connection that begins with TLS."""

    def __init__(self, host: str, port: int, name: str, wait: float, context: ssl.SSLContext) -> None:
        self.wait = wait
        smtplib.SMTP_SSL.__init__(self, host, port, local_hostname=name, timeout=wait, context=context)


Wire = PlainWire | TlsWire


def is_loopback(address: str) -> bool:
    """Whether a numeric address is this very machine's: 127.0.0.0/8, ::1, and the former within IPv6."""
    import ipaddress

    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(number, "ipv4_mapped", None) or number).is_loopback


def own_name(wire: Wire, given: str) -> str:
    """Our name for EHLO: the configured one, the host's if it has a domain, else its address as literal.

    No name server is asked: that can take longer than all the rest.
    """
    host = given or socket.gethostname()
    if given or ("." in host.strip(".") and host.isascii()):
        return host
    address = wire.socket.getsockname()[0].partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def why_not(error: Exception, wait: float) -> tuple[str, str]:
    """What a failure to connect means, and what to do next; both without a full stop."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message.rstrip('.')})",
            "set host to the name in the certificate, or ca_file to the certificate of its issuer",
        )
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).replace("_", " ").lower()
        return f"TLS failed ({reason})", "check that port and security belong together"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {said(error.smtp_code, error.smtp_error)}", "ask whoever runs it"
    if isinstance(error, TimeoutError):
        return f"no answer within {wait:g} s", "check host and port, and any firewall between"
    if isinstance(error, socket.gaierror):
        return "its name is not known", "check host, and the name servers of this machine"
    if isinstance(error, ConnectionRefusedError):
        return "it refused the connection", "check that it runs, and host and port"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:], "check host, port and the network"
    return str(error) or "the connection broke", "check that port and security belong together"


def said(code: int, text: bytes | str) -> str:
    """A server's answer as one short printable line."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    clean = "".join(letter if letter.isprintable() else " " for letter in words[:2000])
    return f"{code} {' '.join(clean.split())[:300]}".rstrip()
