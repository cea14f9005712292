"""What somebody finds who looks at the desk, and how bad it is."""

from msgspec import Struct

from helpdesk_cli.errors import BadConfig, DeskError

OK, WARN, FAIL = "ok", "warn", "fail"


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``code`` is the exit code that it calls for."""

    name: str
    level: str = OK
    text: str
    hint: str = ""
    code: int = 0


def failed(name: str, failure: DeskError, hint: str = "") -> list[Check]:
    """What a failure says, a check for each of its faults."""
    faults = failure.faults if isinstance(failure, BadConfig) else (str(failure),)
    return [Check(name=name, level=FAIL, text=fault, hint=hint, code=failure.exit_code) for fault in faults]


def warning(name: str, text: str, hint: str = "") -> Check:
    """What works, but will surprise somebody."""
    return Check(name=name, level=WARN, text=text, hint=hint)
