"""Staff: who answers, in which departments, at which addresses."""

from collections.abc import Sequence

from msgspec import Struct

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import Staff
from helpdesk_cli.store.engine import Tx, Value

_FIELDS = tuple(name for name in Staff.__struct_fields__ if name != "departments")
_STAFF = ", ".join(f"s.{name}" for name in _FIELDS)


def staff_by_address(tx: Tx, address: str) -> Staff | None:
    """The active staff member whom an address names."""
    found = _everybody(tx).by_address.get(fold(address))
    return found if found is not None and found.retired_at is None else None


def staff_by_login(tx: Tx, login: str) -> Staff | None:
    """A staff member, retired ones too."""
    return next((one for one in _everybody(tx).members if one.login == login), None)


def staff_by_id(tx: Tx, identity: int) -> Staff | None:
    """A staff member, retired ones too."""
    return next((one for one in _everybody(tx).members if one.id == identity), None)


def all_staff(tx: Tx, *, department: str | None = None, retired: bool = False) -> list[Staff]:
    """Staff by login; of one department, and without retired ones unless asked for."""
    return [
        one
        for one in _everybody(tx).members
        if (retired or one.retired_at is None) and (department is None or department in one.departments)
    ]


class _Everybody(Struct, frozen=True):
    """All who ever were staff, by login, and whom each address names."""

    members: tuple[Staff, ...]
    by_address: dict[str, Staff]


def _everybody(tx: Tx) -> _Everybody:
    """Read once in a transaction: there are few of them, and each mail asks for them several times."""
    found = tx.memo.get("staff")
    if found is None:
        departments: dict[Value, list[str]] = {}
        for staff, department in tx.rows(
            "select staff_id, department from staff_department order by department"
        ):
            departments.setdefault(staff, []).append(str(department))
        members = {
            row[0]: _staff_of(row, departments.get(row[0], []))
            for row in tx.rows(f"select {_STAFF} from staff s order by s.login")
        }
        by_address = {
            str(address): members[staff]
            for address, staff in tx.rows("select address, staff_id from staff_address")
        }
        found = tx.memo["staff"] = _Everybody(tuple(members.values()), by_address)
    assert isinstance(found, _Everybody)
    return found


def _forget(tx: Tx) -> None:
    """Let staff be read again, and who of them is there."""
    tx.memo.pop("staff", None)
    tx.memo.pop("there", None)


def _staff_of(row: Sequence[Value], departments: list[str]) -> Staff:
    return Staff(**dict(zip(_FIELDS, row, strict=True)), departments=tuple(departments))  # type: ignore[arg-type]


def has_admin(tx: Tx) -> bool:
    """Whether an active admin exists; where none does, the store's owner acts as one."""
    return tx.row("select 1 from staff where role = 'admin' and retired_at is null limit 1") is not None


def add_staff(tx: Tx, login: str, name: str, email: str, role: str, at: str) -> Staff:
    """Make a staff member with their address."""
    _forget(tx)
    row = tx.row(
        "insert into staff (login, name, email, role, created_at) values (:login, :name, :email, :role, :at) "
        "returning id",
        login=login,
        name=name,
        email=email,
        role=role,
        at=at,
    )
    assert row is not None
    identity = int(row[0])  # type: ignore[arg-type]
    set_staff_address(tx, identity, email)
    return Staff(id=identity, login=login, name=name, email=email, role=role, created_at=at)


def set_staff_address(tx: Tx, staff: int, address: str) -> None:
    """Make an address lead to a staff member; earlier ones go on to."""
    _forget(tx)
    tx.put(
        "insert into staff_address (address, staff_id) values (:address, :staff) "
        "on conflict (address) do update set staff_id = excluded.staff_id",
        address=fold(address),
        staff=staff,
    )


def save_staff(tx: Tx, staff: Staff) -> None:
    """Write a staff member's fields."""
    _forget(tx)
    tx.put(
        "update staff set name = :name, email = :email, role = :role, retired_at = :retired_at, level = :level, "
        "away_from = :away_from, away_to = :away_to, deputy = :deputy, notices = :notices, "
        "every_ticket = :every_ticket, pager = :pager where id = :id",
        id=staff.id,
        name=staff.name,
        email=staff.email,
        role=staff.role,
        retired_at=staff.retired_at,
        level=staff.level,
        away_from=staff.away_from,
        away_to=staff.away_to,
        deputy=staff.deputy,
        notices=staff.notices,
        every_ticket=staff.every_ticket,
        pager=staff.pager,
    )
    set_staff_address(tx, staff.id, staff.email)


def join(tx: Tx, staff: int, department: str) -> None:
    """Put a staff member into a department."""
    _forget(tx)
    tx.put(
        "insert into staff_department (staff_id, department) values (:staff, :department) on conflict do nothing",
        staff=staff,
        department=department,
    )


def leave(tx: Tx, staff: int, department: str) -> bool:
    """Take a staff member out of a department; whether they were in it."""
    _forget(tx)
    return bool(
        tx.run(
            "delete from staff_department where staff_id = :staff and department = :department",
            staff=staff,
            department=department,
        )
    )
