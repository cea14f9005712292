"""``inbox …`` and ``outbox …``: every mail that came, every mail to send or sent."""

from .came import inbox
from .goes import outbox
from .why import explain

inbox.add_command(explain)

__all__ = ["inbox", "outbox"]
