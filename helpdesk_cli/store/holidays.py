"""Public holidays as they were when they were first asked for: what is once kept stays as it is."""

from collections.abc import Mapping, Sequence

from helpdesk_cli.store.engine import Tx, listed


def kept(tx: Tx, regions: Sequence[str], years: Sequence[int]) -> dict[tuple[str, int], dict[str, str]]:
    """The holidays of regions and years, by day with their names; without what was never asked for."""
    text, binds = listed("region", regions)
    rows = tx.rows(
        f"select region, year, day, name from holiday where region in ({text}) "
        "and year between :first and :last order by region, year, day",
        first=min(years),
        last=max(years),
        **binds,
    )
    found: dict[tuple[str, int], dict[str, str]] = {}
    for region, year, day, name in rows:
        days = found.setdefault((str(region), int(year)), {})  # type: ignore[arg-type]
        if day:
            days[str(day)] = str(name)
    return found


def keep(tx: Tx, region: str, year: int, days: Mapping[str, str]) -> None:
    """Note the holidays of a region in a year; a year without any too, so that nobody asks again."""
    tx.many(
        "insert into holiday (region, year, day, name) values (:region, :year, :day, :name) on conflict do nothing",
        [
            {"region": region, "year": year, "day": day, "name": name}
            for day, name in (days or {"": ""}).items()
        ],
    )
