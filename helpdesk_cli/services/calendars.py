"""Calendars with their holidays: kept in the store, asked of the library once a region and year."""

from helpdesk_cli.domain.worktime import ALWAYS, Calendar, calendar_of
from helpdesk_cli.errors import BadConfig
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import holidays
from helpdesk_cli.store.engine import Tx

YEARS_BACK, YEARS_AHEAD = 1, 2
"""The years around today's whose holidays are known: nothing that is promised reaches farther, or hardly."""


class Calendars:
    """The calendars of a configuration at a moment, each made when it is first asked for.

    ``keeps`` says that holidays which were not asked for yet may be written down. A region that is unknown
    is told to whom it concerns (``strict``, raises BadConfig); mail is taken in without its holidays until then.
    """

    def __init__(self, tx: Tx, desk: Desk, at: str, *, keeps: bool = True, strict: bool = False) -> None:
        self._tx, self._desk, self._keeps, self._strict = tx, desk, keeps, strict
        year = int(at[:4])
        self._years = range(year - YEARS_BACK, year + YEARS_AHEAD + 1)
        self._made: dict[str, Calendar] = {"": ALWAYS}

    def named(self, slug: str) -> Calendar:
        """A calendar by its slug; day and night for "" and for one that there is not."""
        if slug not in self._made:
            self._made[slug] = self._new(slug)
        return self._made[slug]

    def of_level(self, sla: str) -> Calendar | None:
        """The calendar of a service level; None for one that there is not."""
        level = self._desk.settings.sla.get(sla)
        return self.named(level.calendar) if level is not None else None

    def of_levels(self) -> dict[str, Calendar]:
        """The calendars of all service levels."""
        return {slug: self.named(level.calendar) for slug, level in self._desk.settings.sla.items()}

    def _new(self, slug: str) -> Calendar:
        wanted = self._desk.settings.calendar.get(slug)
        if wanted is None:
            return ALWAYS
        return calendar_of(
            wanted.hours,
            wanted.timezone or self._desk.settings.desk.timezone,
            holidays=self._holidays(slug, wanted.holidays),
            closed=wanted.closed,
            opened=wanted.open,
        )

    def _holidays(self, slug: str, regions: tuple[str, ...]) -> dict[str, str]:
        """The holidays of regions by day; a day that is one in several has the first one's name."""
        if not regions:
            return {}
        kept = holidays.kept(self._tx, regions, self._years)
        found: dict[str, str] = {}
        for region in regions:
            for year in self._years:
                days = kept.get((region, year))
                if days is None:
                    days = self._asked(slug, region, year)
                found = {**days, **found}
        return found

    def _asked(self, slug: str, region: str, year: int) -> dict[str, str]:
        """What the library knows, written down for good."""
        from helpdesk_cli.domain.public_holidays import days_of

        try:
            days = days_of(region, year, self._desk.settings.desk.language)
        except ValueError as error:
            if self._strict:
                raise BadConfig(f"{self._desk.settings.source}: calendar.{slug}.holidays: {error}") from None
            return {}
        if self._keeps:
            holidays.keep(self._tx, region, year, days)
        return days
