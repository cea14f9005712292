"""A real SMTP server for tests: aiosmtpd on a free port of this machine, which can be told to misbehave."""

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Certificate(NamedTuple):
    """A self-signed certificate; ``path`` serves as ca_file for those who trust it."""

    path: str
    key: str


def make_certificate(folder: Path, *, name: str = "localhost") -> Certificate:
    """A certificate for ``name`` (and 127.0.0.1 where it is localhost), by openssl."""
    made = Certificate(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
    names = f"DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else "")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN={name} -addext subjectAltName={names}"
    )
    subprocess.run(
        [*command.split(), "-keyout", made.key, "-out", made.path], check=True, capture_output=True
    )
    return made


class Mail(NamedTuple):
    """What was delivered: the envelope, the bytes, and how."""

    sender: str
    recipients: list[str]
    raw: bytes
    login: str
    encrypted: bool


class SmtpServer:
    """A server as a context manager. What it does is set before or while it runs:

    ``refuse``   the start of a recipient's address -> the answer it gets ("550 5.1.1 no such user")
    ``answers``  a command (MAIL, RCPT, DATA, RSET, ".", STARTTLS) -> the answer it gets instead of the right one
    ``drop``     at which the connection is cut without an answer: any of these, "text" within the letter
    ``silent``   at which it waits for ever
    ``once``     the faults of ``answers``, ``drop`` and ``silent`` are forgotten after the first
    ``inject``   bytes to send in clear right behind the answer to STARTTLS

    It tells ``mails``, ``commands`` (verbs, in order, of all connections) and ``connections``.
    ``login`` is (name, password), ``token`` an access token for XOAUTH2.
    """

    def __init__(
        self,
        *,
        security: str = "none",
        certificate: Certificate | None = None,
        login: tuple[str, str] | None = None,
        token: str = "",
        size: int = 50_000_000,
        smtputf8: bool = True,
        without_login_by: tuple[str, ...] = (),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.mails: list[Mail] = []
        self.commands: list[str] = []
        self.connections = 0
        self.refuse: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.drop = self.silent = ""
        self.once = False
        self.inject = b""
        self.login, self.token = login, token
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.path, certificate.key)
        options: dict[str, Any] = {
            "data_size_limit": size,
            "enable_SMTPUTF8": smtputf8,
            "decode_data": False,
            "hostname": "mx.test",
            "auth_require_tls": security == "starttls",
            "auth_exclude_mechanism": (*without_login_by, *(() if token else ("XOAUTH2",))),
        }
        if login:
            options["authenticator"] = self.authenticate
        if security == "starttls" and context:
            options |= {"tls_context": context, "require_starttls": True}
        self._controller = _Controller(self, options, context if security == "tls" else None, host, port)

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> "SmtpServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def fault(self, at: str) -> str:
        """What is wrong at this step: "drop", "silent", an answer, or "" for nothing."""
        found = "drop" if self.drop == at else "silent" if self.silent == at else self.answers.get(at, "")
        if found and self.once:
            self.drop = self.silent = ""
            self.answers = {}
        return found

    # aiosmtpd calls these

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        for start, answer in self.refuse.items():
            if address.startswith(start):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.fault(".")
        if fault == "silent":
            await asyncio.sleep(3600)
        if fault and fault != "drop":
            return fault
        login = session.auth_data.decode() if isinstance(session.auth_data, bytes) else ""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        encrypted = server.transport.get_extra_info("ssl_object") is not None
        sender = "" if envelope.mail_from in (None, "<>") else envelope.mail_from
        mail = Mail(sender, envelope.rcpt_tos, content, login, encrypted)
        self.mails.append(mail)
        if fault:
            server.transport.abort()
        return f"250 2.0.0 Ok: queued as {len(self.mails)}"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        from base64 import b64decode

        said = b64decode(args[1]).split(b"\1") if len(args) > 1 else []
        if self.token and f"auth=Bearer {self.token}".encode() in said:
            return AuthResult(success=True, handled=False, auth_data=said[0].removeprefix(b"user="))
        await server.challenge_auth('{"status":"401"}')
        return AuthResult(success=False, handled=False)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, way: str, data: Any
    ) -> AuthResult:
        good = (
            self.login is not None
            and isinstance(data, LoginPassword)
            and data == LoginPassword(self.login[0].encode(), self.login[1].encode())
        )
        return AuthResult(success=good, handled=good, auth_data=data.login if good else None)


class _Controller(Controller):
    """aiosmtpd's server in a thread, on a port that the system chooses."""

    def __init__(
        self,
        server: SmtpServer,
        options: dict[str, Any],
        context: ssl.SSLContext | None,
        host: str,
        port: int,
    ) -> None:
        self._owner, self._options = server, options
        super().__init__(server, hostname=host, port=port, ssl_context=context)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
        self._owner.connections = 0

    def factory(self) -> SMTP:
        self._owner.connections += 1
        conversation = _Conversation(self._owner, **self._options)
        # As an argument it warns that a login without TLS is no good idea.
        conversation._auth_required = bool(self._owner.login or self._owner.token)
        return conversation


class _Conversation(SMTP):
    """One connection, with the faults that its server was told."""

    def __init__(self, owner: SmtpServer, **options: Any) -> None:
        self._owner = owner
        super().__init__(owner, **options)

    async def _at(self, step: str) -> bool:
        """Do what is wrong at this step; true where nothing more is to be done."""
        self._owner.commands.append(step)
        fault = self._owner.fault(step)
        if fault == "silent":
            await asyncio.sleep(3600)
        elif fault == "drop":
            self.transport.abort()
        elif fault:
            await self.push(fault)
            if fault.startswith("421"):
                self.transport.close()
        return bool(fault)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._at("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._at("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: str | None) -> None:
        if not await self._at("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_AUTH(self, arg: str | None) -> None:
        if not await self._at("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_QUIT(self, arg: str | None) -> None:
        self._owner.commands.append("QUIT")
        await super().smtp_QUIT(arg)

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if self._owner.inject:
            await self.push(b"220 2.0.0 Ready\r\n" + self._owner.inject.rstrip(b"\r\n"))
            return
        if not await self._at("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self._at("DATA"):
            return
        if self._owner.drop == "text":
            await self.push("354 go on")
            await self._reader.read(1000)
            self._owner.fault("text")
            self.transport.abort()
            return
        await super().smtp_DATA(arg)
