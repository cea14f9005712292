"""``client …`` and ``staff …``: who asks and who answers."""

from .clients import client
from .members import staff

__all__ = ["client", "staff"]
