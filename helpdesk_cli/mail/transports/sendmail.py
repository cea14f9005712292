"""Letters to the machine's own ``sendmail`` program, as an argument list and never through a shell."""

import os
import subprocess
from types import TracebackType
from typing import Self

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.transports.contract import Receipt, Sent

USUAL_PATH = "/usr/sbin/sendmail"

_REFUSED = {65: "the letter", 67: "the recipient", 68: "the recipient's host"}
"""sysexits(3): EX_DATAERR, EX_NOUSER, EX_NOHOST; all that is not our own machine's fault."""

_UNUSABLE = {77: "no permission", 78: "its configuration is wrong", 126: "not a program", 127: "not found"}
"""The program as such does not work: then no letter may be given up for it."""


class Sendmail:
    """Runs the program once for each letter, the way Postfix, Exim, msmtp and others understand.

    The envelope goes as ``-f SENDER -- RECIPIENT``, never by ``-t``, so no header can add a recipient.
    ``patience`` is how many seconds the program may take; some deliver at once and wait for the next
    server, which RFC 5321 allows ten minutes.
    """

    def __init__(self, path: str = "", *, patience: float = 600.0) -> None:
        self._path = path or USUAL_PATH
        self._patience = patience

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:
        """Run the program and read its exit code by sysexits(3)."""
        for value in (sender, recipient):
            if value.startswith("-"):
                return Receipt(Sent.FAILED, f"the address {value!r} begins like an option and is refused")
        call = [self._path, "-i", "-f", sender or "<>", "--", recipient]
        try:
            process = subprocess.Popen(
                call,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable(
                f"the program {self._path} cannot be run: {error.strerror or error}; "
                "install a mail server with a sendmail program, or name its path in [transport.…] path"
            ) from None
        try:
            said, _ = process.communicate(raw.replace(b"\r\n", b"\n"), timeout=self._patience)
        except subprocess.TimeoutExpired:
            _end(process)
            return Receipt(Sent.UNCERTAIN, f"{self._path} was not done after {self._patience:g} s")
        except BaseException:
            _end(process)
            raise
        return self._read(process.returncode, said)

    def reach(self) -> str:
        """Find the program. Raises Unreachable."""
        if not os.access(self._path, os.X_OK):
            raise Unreachable(
                f"the program {self._path} is not there or may not be run; install a mail server with a "
                "sendmail program, or name its path in [transport.…] path"
            )
        return f"{self._path} may be run"

    def _read(self, code: int, said: bytes) -> Receipt:
        told = " ".join(said[-2000:].decode("utf-8", "replace").split())
        words = f"{self._path} exit {code}" + (f": {told[:300]}" if told else "")
        if code == 0:
            return Receipt(Sent.SENT, told[:300])
        if code < 0:
            return Receipt(Sent.UNCERTAIN, f"{self._path} was killed by signal {-code}")
        if code in _REFUSED:
            return Receipt(Sent.FAILED, f"{_REFUSED[code]} was refused; {words}")
        if code in _UNUSABLE:
            raise Unreachable(f"{words} ({_UNUSABLE[code]}); try it by hand: echo test | {self._path} -i YOU")
        return Receipt(Sent.DEFERRED, words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the program and whatever it started, and wait for it."""
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        pass
    process.communicate()
