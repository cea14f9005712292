"""The line to a mail server: never waits longer than allowed, trusts no certificate unproved.

Used by the ways in that have a server. The standard library's mail clients wait for ever and verify
nothing unless told; both are told here, once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from helpdesk_cli.errors import BadConfig, Refused, Unreachable

if TYPE_CHECKING:
    from socket import socket
    from ssl import SSLContext


PASSING = (
    "[UNAVAILABLE]",
    "[INUSE]",
    "[IN-USE]",
    "[LIMIT]",
    "[SYS/TEMP]",
    "[LOGIN-DELAY]",
    "TEMPORAR",
    "TRY AGAIN",
)
"""Words by which servers say that a login fails for now (RFC 5530, 3206, 2449), whatever the password."""


class Patience(Struct, frozen=True):
    """How long to wait: ``timeout`` seconds for each answer, ``deadline()`` seconds for all that is left."""

    timeout: float
    deadline: Callable[[], float]

    def seconds(self) -> float:
        """The longest that the next wait may last; raises TimeoutError when nothing is left."""
        left = self.deadline()
        if left <= 0:
            raise TimeoutError("the time for this mailbox is over")
        return max(min(self.timeout, left), 0.01)


def patient(base: Any, patience: Patience) -> Any:
    """Derive a socket class that asks ``patience`` before each read and write.

    A plain socket timeout starts anew with each byte, so that a server which sends one now and then
    could hold a run for ever.
    """

    class Patient(base):  # type: ignore[misc]
        def recv_into(self, *args: Any, **more: Any) -> Any:
            self.settimeout(patience.seconds())
            return super().recv_into(*args, **more)

        def recv(self, *args: Any, **more: Any) -> Any:
            self.settimeout(patience.seconds())
            return super().recv(*args, **more)

        def send(self, *args: Any, **more: Any) -> Any:
            self.settimeout(patience.seconds())
            return super().send(*args, **more)

        def sendall(self, *args: Any, **more: Any) -> Any:
            self.settimeout(patience.seconds())
            return super().sendall(*args, **more)

    return Patient


def connect(host: str, port: int, patience: Patience) -> "socket":
    """Connect to the first address of ``host`` that answers. Raises OSError or UnicodeError (a bad name)."""
    import socket

    failure: OSError = ConnectionError("the name has no address")
    kind = patient(socket.socket, patience)
    for family, what, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        line: socket.socket = kind(family, what, protocol)
        try:
            line.settimeout(patience.seconds())
            line.connect(address)
            # A command that is sent in two parts waits otherwise.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
        except OSError as error:
            line.close()
            failure = error
    raise failure


def tls(ca_file: str, patience: Patience) -> "SSLContext":
    """A context that verifies certificate and name, and trusts ``ca_file`` beside the system's."""
    import ssl

    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            what = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise BadConfig(f"ca_file {ca_file} could not be read: {what}") from error
    context.sslsocket_class = patient(ssl.SSLSocket, patience)
    return context


def is_loopback(line: "socket") -> bool:
    """Whether the other end of a connection is this machine."""
    import ipaddress

    address = ipaddress.ip_address(line.getpeername()[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def one_line(text: object, secret: str = "") -> str:
    """What a server said, fit for a sentence: printable, one line, at most 200 characters, no secret."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    if secret:
        said = said.replace(secret, "…")
    said = "".join(letter if letter.isprintable() else " " for letter in said[:2000])
    said = " ".join(said.split())
    return said if len(said) <= 200 else said[:199] + "…"


def refusal(said: str) -> type[Unreachable]:
    """What a refused login is: for a person to mend, unless the server says that it passes."""
    return Unreachable if any(word in said.upper() for word in PASSING) else Refused


def failure(error: Exception) -> type[Unreachable]:
    """What a failure to connect is: for a person to mend where a certificate is not trusted."""
    import ssl

    return Refused if isinstance(error, ssl.SSLCertVerificationError) else Unreachable


def reason(error: Exception, patience: Patience) -> str:
    """Say why a connection failed and what to do next, in one line."""
    import socket
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        said = one_line(error.verify_message or error)
        if "ostname mismatch" in said or "IP address mismatch" in said:
            return f"its certificate is for another name ({said}); set host to the name in the certificate"
        return f"its certificate is not trusted ({said}); name its authority's certificate in ca_file"
    if isinstance(error, ssl.SSLError):
        said = one_line(error.reason or error).replace("_", " ").lower()
        return f"TLS failed ({said}); check port and security"
    if isinstance(error, TimeoutError) and patience.deadline() <= 0:
        return "the run's time was over; the next run goes on"
    if isinstance(error, TimeoutError):
        return f"no answer within {patience.timeout:g} s; the next run tries again, or raise timeout"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "the name is unknown; check host, or the network"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; check host and port, or whether the server is up"
    if isinstance(error, ConnectionError):
        return "it broke off the connection; the next run tries again"
    return f"{one_line(error)}; the next run tries again"
