"""What people ask for again and again: ``[filter.*]``."""

from .forms import Table

STATES = ("open", "waiting", "closed", "all")
SORTS = ("updated", "created", "number", "due", "subject", "client", "unanswered")
"""What a list of tickets may be asked for, as ``ticket list`` has it."""


class Filter(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[filter.NAME]``: the options of ``ticket list @NAME``; what is empty asks for nothing."""

    state: str = ""  # open | waiting | closed | all; empty: open and waiting unless a stage is named
    stage: str = ""
    department: str = ""
    assignee: str = ""  # a login, me, none
    client: str = ""  # any of their addresses
    priority: str = ""
    category: str = ""
    type: str = ""
    tag: str = ""
    level: int = 0  # of support: 1, 2, 3; 0: any
    overdue: bool = False
    unanswered: bool = False
    watched: bool = False  # by whoever asks
    search: str = ""
    since: str = ""  # opened from then on
    until: str = ""
    sort: str = ""
    limit: int = 0  # 0: as many as there are, or as a table has
