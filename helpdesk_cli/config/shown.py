"""The configuration in force, for people: every setting, as it would be written, without secrets."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from helpdesk_cli.domain.store_url import MASK, without_secrets
from helpdesk_cli.settings import Rate, Settings, Size, Span, Store

SECRETS = ("password", "secret")
SPANS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
SIZES = (("GB", 10**9), ("MB", 10**6), ("kB", 1000))


def shown(settings: Settings) -> dict[str, Any]:
    """Lay the settings out as a dictionary that JSON can hold; defaults are filled in, passwords masked."""
    return table(settings)


def table(values: Struct) -> dict[str, Any]:
    """Lay out one table."""
    return {
        shown: MASK if name in SECRETS and getattr(values, name) else plain(getattr(values, name))
        for name, shown in zip(values.__struct_fields__, values.__struct_encode_fields__, strict=True)
    }


def plain(value: object) -> object:
    """Write a value as the file would."""
    if isinstance(value, Rate):
        return f"{value.count}/{in_units(value.seconds, SPANS)}"
    if isinstance(value, Span):
        return in_units(value, SPANS)
    if isinstance(value, Size):
        return in_units(value, SIZES, " ")
    if isinstance(value, Store):
        return {**table(value), "url": without_secrets(value.url)}
    if isinstance(value, Struct):
        return table(value)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def in_units(number: int, units: tuple[tuple[str, int], ...], gap: str = "") -> str | int:
    """Write a number with the largest unit of which it is a multiple."""
    for unit, size in units:
        if number and number % size == 0:
            return f"{number // size}{gap}{unit}"
    return int(number)
