"""Who is there: staff who are away have days, the last one included, in the desk's time zone."""

from helpdesk_cli.domain.moments import read
from helpdesk_cli.domain.people import Staff


def is_away(member: Staff, at: str, timezone: str) -> bool:
    """Whether a staff member is away at a moment."""
    if member.away_from is None and member.away_to is None:
        return False  # nearly always, and then no time zone is loaded
    return (member.away_from or "") <= day_of(at, timezone) <= (member.away_to or "9999")


def day_of(at: str, timezone: str) -> str:
    """The day on which a moment falls in a time zone: ``2026-11-22``."""
    if timezone == "UTC":
        return at[:10]
    from zoneinfo import ZoneInfo

    return read(at).astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d")
