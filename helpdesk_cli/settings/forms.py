"""The forms in which values are written, and what all tables share."""

from msgspec import Struct


class Size(int):
    """A number of bytes, written ``50 MB``, ``64 kB``, ``2 GiB`` or as a plain number."""


class Span(int):
    """A number of seconds, written ``30s``, ``10m``, ``1h``, ``1d`` or as a plain number."""


class Rate(Struct, frozen=True):
    """So many in such a window, written ``20/10m``."""

    count: int
    seconds: int


Command = str | tuple[str, ...]
"""A command to run: a string goes through the shell, an array does not."""

Words = str | tuple[str, ...]
"""One word, or a list of them."""


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; unknown keys are refused."""
