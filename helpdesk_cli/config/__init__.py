"""The configuration: find the file, read it, check it, tell every fault at once; and the credentials.

Each room is imported when it is asked for, as a correct file never needs those that explain faults.
"""

from helpdesk_cli.settings import Settings


def load(path: str | None = None, *, thoroughly: bool = False) -> Settings:
    """Find, read and check the configuration.

    ``path`` is what ``--config`` says. ``thoroughly`` adds what only ``config check`` and ``doctor`` look
    at: the files, folders and programs that the configuration names.

    Raises BadConfig with every fault, each on its own line.
    """
    from .check import check
    from .find import find
    from .read import examine

    reading = examine(find(path))
    rules = check(reading.settings, exposed=reading.exposed)
    if thoroughly:
        from .surroundings import look_around

        rules += look_around(reading.settings)
    if reading.faults or rules:
        from .faults import refusal

        raise refusal(reading.settings.source, reading.text, reading.faults, rules)
    return reading.settings
