"""Time zones by their names."""


def is_zone(name: str) -> bool:
    """Say whether the time zone exists.

    The system's own table is asked first, as importing zoneinfo takes longer than all other rules.
    """
    if name == "UTC":
        return True
    if not name.isascii() or ".." in name or name.startswith("/") or not name.isprintable():
        return False
    try:
        with open(f"/usr/share/zoneinfo/{name}", "rb") as file:  # noqa: PTH123
            return file.read(4) == b"TZif"
    except OSError:
        pass
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
