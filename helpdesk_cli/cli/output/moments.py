"""Moments and sizes for people: ``2 h``, ``2026-11-22 10:30``, ``24 kB``."""

from datetime import datetime, tzinfo

_UNITS = ((60, "s"), (90 * 60, "min"), (48 * 3600, "h"), (100 * 86400, "d"), (730 * 86400, "mo"))
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "mo": 30.44 * 86400, "y": 365.25 * 86400}


def age(at: str, now: str) -> str:
    """How long ago a stored moment was, in its largest sensible unit; what is yet to come has a sign."""
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds()
    unit = next((unit for limit, unit in _UNITS if abs(seconds) < limit), "y")
    if unit == "s":
        return "now"
    return f"{int(seconds / _SECONDS[unit])} {unit}"


def zone(name: str) -> tzinfo | None:
    """The zone in which people read times: their own ``TZ``, the desk's, else the machine's (None)."""
    import os

    if os.environ.get("TZ") or name in ("", "UTC"):
        return None
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def local(at: str, where: tzinfo | None) -> str:
    """A stored moment as people read it: ``2026-11-22 10:30``."""
    return datetime.fromisoformat(at).astimezone(where).strftime("%Y-%m-%d %H:%M")


def size(count: int) -> str:
    """A number of bytes in a unit of a thousand: ``24 kB``."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 9.95 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
