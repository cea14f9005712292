"""What keeps the desk from its work, as rows; when people are told is ``domain.trouble``'s."""

from collections.abc import Iterable

from helpdesk_cli.domain.trouble import Trouble
from helpdesk_cli.store.engine import Tx

_FIELDS = Trouble.__struct_fields__


def known(tx: Tx) -> list[Trouble]:
    """All that is known, the oldest first."""
    rows = tx.rows(f"select {', '.join(_FIELDS)} from trouble order by since, what")
    return [Trouble(**dict(zip(_FIELDS, row, strict=True))) for row in rows]  # type: ignore[arg-type]


def keep(tx: Tx, rows: Iterable[Trouble], gone: Iterable[str]) -> None:
    """Write rows as they are from now on, and forget what is gone."""
    tx.many("delete from trouble where what = :what", [{"what": what} for what in gone])
    tx.many(
        f"insert into trouble ({', '.join(_FIELDS)}) values ({', '.join(f':{name}' for name in _FIELDS)}) "
        "on conflict (what) do update set "
        + ", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name != "what"),
        [{name: getattr(row, name) for name in _FIELDS} for row in rows],
    )
