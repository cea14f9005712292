"""How each job fares on each host: its last run, and when it last did all it should."""

from collections.abc import Iterable

from msgspec import Struct

from helpdesk_cli.store.engine import Tx

JOBS = ("fetch-mail", "notify", "run-rules", "cron")


class Ran(Struct, frozen=True, kw_only=True):
    """A job on a host. ``code`` is the exit code that its last run called for, ``error`` what it said."""

    job: str
    host: str
    began_at: str
    ended_at: str
    succeeded_at: str | None = None
    code: int = 0
    error: str = ""


_FIELDS = Ran.__struct_fields__


def note(tx: Tx, runs: Iterable[Ran]) -> None:
    """Note that jobs ran; one that failed leaves its last success standing."""
    tx.many(
        f"insert into run ({', '.join(_FIELDS)}) values ({', '.join(f':{name}' for name in _FIELDS)}) "
        "on conflict (job, host) do update set began_at = excluded.began_at, ended_at = excluded.ended_at, "
        "succeeded_at = coalesce(excluded.succeeded_at, run.succeeded_at), code = excluded.code, "
        "error = excluded.error",
        [{name: getattr(run, name) for name in _FIELDS} for run in runs],
    )


def all_of(tx: Tx) -> list[Ran]:
    """Every job on every host."""
    rows = tx.rows(f"select {', '.join(_FIELDS)} from run order by job, host")
    return [Ran(**dict(zip(_FIELDS, row, strict=True))) for row in rows]  # type: ignore[arg-type]
