"""One selected folder, in verbs: list, measure, read, flag, copy, move, expunge; nothing is decided here.

Every verb raises Unreachable when the line is gone, and Refused when the server said NO or answered
something unreadable, after which the session goes on.
"""

import imaplib
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from msgspec import Struct

from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail import connection
from helpdesk_cli.mail.sources.contract import utc_text
from helpdesk_cli.mail.sources.imap.line import Client
from helpdesk_cli.mail.sources.imap.session import BROKEN, hang_up, reason

LISTED_AT_ONCE = 5000
"""A SEARCH answer is one line; imaplib takes up to a million bytes, and UIDs have up to ten digits."""

PIECE = 1_000_000


class Refused(Exception):
    """The server would not, for one command; the text is its word, made safe."""


class Fact(Struct, frozen=True):
    """What a server says of a message before its body is fetched."""

    size: int
    arrived_at: str


P = ParamSpec("P")
R = TypeVar("R")


class Folder:
    """A selected folder. ``uidvalidity`` belongs to this selection; UIDs mean nothing without it."""

    def __init__(self, client: Client, name: str, where: str, *, readonly: bool) -> None:
        self.client = client
        self.name = name
        self.where = where
        self.broken = ""  # why nothing more may be asked
        try:
            selected = self._ask(client.select_folder, name, readonly)
        except Refused as error:
            raise Unreachable(f"{where} does not open folder {name!r} ({error}); check folder") from error
        self.uidvalidity = int(selected.get(b"UIDVALIDITY", 0))
        self.uidnext = int(selected.get(b"UIDNEXT", 0))
        self.exists = int(selected.get(b"EXISTS", 0))
        if not self.uidvalidity:
            raise Unreachable(
                f"{where} gives folder {name!r} no UIDVALIDITY; mail cannot be told apart there"
            )
        self.can_move = self._has("MOVE")
        self.can_expunge_uids = self._has("UIDPLUS")

    def _ask(self, verb: Callable[P, R], *args: P.args, **more: P.kwargs) -> R:
        if self.broken:
            raise Unreachable(self.broken)
        try:
            return verb(*args, **more)
        except imaplib.IMAP4.readonly as error:
            raise self._end(f'{self.where}: {self.name!r} is read-only; set after = "keep"') from error
        except (imaplib.IMAP4.abort, OSError) as error:
            raise self._end(f"{self.where}: {reason(error, self.client.line.patience)}") from error
        except BROKEN as error:
            raise Refused(connection.one_line(error)) from error

    def _end(self, why: str) -> Unreachable:
        """Nothing more is asked on this line."""
        self.broken = why
        return Unreachable(why)

    def _has(self, capability: str) -> bool:
        return bool(self._ask(self.client.has_capability, capability))

    def close(self) -> None:
        """Log out, or only hang up where the line is broken."""
        if not self.broken:
            try:
                self.client.logout()
            except BROKEN:
                pass
        hang_up(self.client)

    def check_identity(self) -> None:
        """Raise Unreachable where the server has announced another UIDVALIDITY since the selection."""
        said = self.client.line.untagged_responses.get("UIDVALIDITY") or []
        if any(value != str(self.uidvalidity).encode() for value in said):
            raise self._end(f"{self.where} has renumbered {self.name!r}; the next run starts anew")

    def uids_from(self, first: int) -> list[int]:
        """A snapshot of the UIDs from ``first`` on, sorted.

        Asked by sequence numbers, from the newest down, so that an answer is bounded by LISTED_AT_ONCE
        however many messages there are, and ends at the first UID that is not wanted: new mail costs, old
        mail does not. An expunge by others meanwhile moves messages down, into what is still to be asked.
        (``UID n:*`` would name the last message even where n is beyond it.)
        """
        if not self.exists or (self.uidnext and self.uidnext <= first):
            return []
        found: set[int] = set()
        high = self.exists
        while high > 0:
            low = max(1, high - LISTED_AT_ONCE + 1)
            try:
                uids = self._ask(self.client.search, f"{low}:{high}")
            except Refused as error:
                raise Unreachable(f"{self.where} could not list {self.name!r} ({error})") from error
            found.update(uid for uid in uids if uid >= first)
            if uids and min(uids) < first:
                break
            high = low - 1
        return sorted(found)

    def which_exist(self, uids: Sequence[int]) -> set[int]:
        """Those of some UIDs that are still there."""
        wanted = ",".join(map(str, uids))
        return set(self._ask(self.client.search, f"UID {wanted}")) & set(uids)

    def facts(self, uids: Sequence[int]) -> dict[int, Fact]:
        """Size and arrival of messages; one that is missing in the answer may be gone."""
        answer = self._ask(self.client.fetch, uids, ["RFC822.SIZE", "INTERNALDATE"])
        return {
            uid: Fact(item[b"RFC822.SIZE"], _arrival(item.get(b"INTERNALDATE")))
            for uid, item in answer.items()
            if isinstance(item.get(b"RFC822.SIZE"), int)
        }

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes | None]:
        """Whole messages, in one command, leaving ``\\Seen`` alone; None for NIL or nonsense."""
        answer = self._ask(self.client.fetch, uids, ["BODY.PEEK[]"])
        return {uid: _bytes(item[b"BODY[]"]) for uid, item in answer.items() if b"BODY[]" in item}

    def beginning(self, uid: int, length: int) -> bytes | None:
        """Up to ``length`` bytes of a message, in pieces; None where a piece does not come."""
        whole = bytearray()
        while len(whole) < length:
            count = min(PIECE, length - len(whole))
            answer = self._ask(self.client.fetch, [uid], [f"BODY.PEEK[]<{len(whole)}.{count}>"])
            piece = _bytes(answer.get(uid, {}).get(f"BODY[]<{len(whole)}>".encode()))
            if piece is None or len(piece) > count:
                return None
            whole += piece
            if len(piece) < count:
                break
        return bytes(whole)

    def flag(self, uids: Sequence[int], flag: bytes) -> None:
        """Add a flag."""
        self._ask(self.client.add_flags, uids, [flag], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """UID MOVE (RFC 6851); the folder is made where it is missing."""
        self._or_make(self.client.move, uids, folder)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        """UID COPY; the folder is made where it is missing."""
        self._or_make(self.client.copy, uids, folder)

    def _or_make(self, verb: Callable[..., Any], uids: Sequence[int], folder: str) -> None:
        try:
            self._ask(verb, uids, folder)
        except Refused as error:
            if "TRYCREATE" not in str(error).upper():
                raise
            self._ask(self.client.create_folder, folder)
            self._ask(verb, uids, folder)

    def expunge(self, uids: Sequence[int]) -> None:
        """UID EXPUNGE (RFC 4315): these alone, whatever else bears ``\\Deleted``."""
        self._ask(self.client.uid_expunge, uids)


def _bytes(value: object) -> bytes | None:
    if isinstance(value, int):  # a body of digits alone, sent as an atom or a quoted string
        return str(value).encode()
    return value if isinstance(value, bytes) else None


def _arrival(value: Any) -> str:
    try:
        return utc_text(value.timestamp())
    except (AttributeError, ValueError, OverflowError):
        return ""
