"""Public holidays, as the library of that name knows them; loaded when it is asked, for that takes a tenth of a second.

A region is a country by its code, or a part of one: ``DE``, ``DE-BY``, ``US-CA``.
"""


def is_region(text: str) -> bool:
    """Whether this has the form of a region."""
    country, dash, part = text.partition("-")
    codes = country.isascii() and country.isalpha() and country.isupper() and len(country) in (2, 3)
    return codes and (bool(part.strip()) if dash else True)


def unknown(region: str) -> str:
    """What to say of a region that the library does not know; "" for one that it knows."""
    from difflib import get_close_matches

    from holidays import list_supported_countries

    known = {country: tuple(parts) for country, parts in list_supported_countries().items()}
    country, _, part = region.partition("-")
    if country not in known:
        wanted = country.upper()
        close = [wanted] if wanted in known else get_close_matches(wanted, known, 1)
        meant = f'; did you mean "{close[0]}"?' if close else ""
        return f'"{region}" is no country of which we know the holidays; a code such as DE or US{meant}'
    if not part or part in known[country]:
        return ""
    close = get_close_matches(part.upper(), known[country], 1)
    meant = f'; did you mean "{country}-{close[0]}"?' if close else ""
    if not known[country]:
        return f'"{region}": no parts of {country} have holidays of their own; write "{country}"'
    shown = ", ".join(known[country][:20]) + (", …" if len(known[country]) > 20 else "")
    return f'"{region}" is no part of {country}{meant}; there are: {shown}'


def days_of(region: str, year: int, language: str = "") -> dict[str, str]:
    """The public holidays of a region in a year, by day, with their names; in that language where it has them.

    Raises ValueError for a region that is not known.
    """
    from holidays import country_holidays

    country, _, part = region.partition("-")
    try:
        found = country_holidays(country, subdiv=part or None, years=year)
        spoken = _spoken(found.supported_languages, language) or found.default_language
        if spoken:  # else it would follow this process's locale
            found = country_holidays(country, subdiv=part or None, years=year, language=spoken)
    except NotImplementedError:
        raise ValueError(unknown(region) or f'"{region}" is not known') from None
    return {day.isoformat(): str(name) for day, name in sorted(found.items()) if day.year == year}


def _spoken(supported: tuple[str, ...], language: str) -> str:
    """Of the languages in which a region's names are known the one that is wanted; "" for none."""
    wanted = language.lower().replace("-", "_")
    short = wanted.partition("_")[0]
    return next(
        (one for one in supported if one.lower() == wanted or one.lower().partition("_")[0] == short), ""
    )
