"""When what somebody wants to hear by the hour or by the day is told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from helpdesk_cli.domain.moments import at, read
from helpdesk_cli.domain.wishes import DAILY, HOURLY


def due_after(since: str, wish: str, zone: str, digest_at: str) -> str:
    """The moment of the next digest after one: the next full hour, or the next day's hour ``digest_at``.

    Hours and days are those of the desk's zone. On a day that has no such hour it is an hour later.
    """
    moment = read(since)
    local = moment.astimezone(ZoneInfo(zone))
    if wish == HOURLY:
        # What is left of the hour on the clock on the wall; in UTC, for such an hour may come twice.
        gone = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at(moment + timedelta(hours=1) - gone)
    assert wish == DAILY
    hour, minute = map(int, digest_at.split(":"))
    day = local.date()
    while True:
        due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if due > moment:
            return at(due)
        day += timedelta(days=1)
